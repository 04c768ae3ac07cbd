"""Front matter of Markdown: what static site generators keep above the text, as YAML or TOML."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

# CommonMark would take the one with hyphens for a heading. A rule alone starts nothing.
_FRONT_MATTER = re.compile(
    r"\A\ufeff?(?:---[ \t]*\r?\n(?P<yaml>[\w-]+[ \t]*:.*?)^(?:---|\.\.\.)|"
    r"\+\+\+[ \t]*\r?\n(?P<toml>.*?)^\+\+\+)[ \t]*(?:\r?\n|\Z)",
    re.DOTALL | re.MULTILINE,
)
_CHARACTERS = 50_000
# An alias repeats what an anchor names, and so on without end.
_ANCHOR = re.compile(r"(?:^|[\s\[{,:-])&\w", re.MULTILINE)


def split_front_matter(text: str) -> tuple[str, str]:
    """The title that front matter gives, and the text with its other facts as lines on top.

    What is not understood stays as it is written, with "" for the title.
    """
    found = _FRONT_MATTER.match(text)
    if not found or found.end() > _CHARACTERS:
        return "", text
    facts = _toml(found["toml"]) if found["yaml"] is None else _yaml(found["yaml"])
    if facts is None:
        return "", text
    title = next((str(value) for name, value in facts.items() if str(name).lower() == "title"), "")
    shown = (
        f"{name}: {words}"
        for name, value in facts.items()
        if str(name).lower() != "title" and (words := ", ".join(_words(value)))
    )
    above = "\n".join(shown)
    rest = text[found.end() :].lstrip("\r\n")
    return " ".join(title.split()), f"{above}\n\n{rest}" if above else rest


def _yaml(text: str) -> Mapping[str, object] | None:
    import yaml

    if _ANCHOR.search(text):
        return None
    try:
        # This loader leaves each value as it is written, dates too.
        facts = yaml.load(text, Loader=yaml.BaseLoader)
    except (yaml.YAMLError, RecursionError, ValueError):
        return None
    return facts if isinstance(facts, dict) else None


def _toml(text: str) -> Mapping[str, object] | None:
    import tomllib

    try:
        return tomllib.loads(text.replace("\r\n", "\n"))
    except (tomllib.TOMLDecodeError, RecursionError):
        return None


def _words(value: object) -> Iterator[str]:
    """The values of a fact, those of a list or a table in order."""
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from (f"{name}: {words}" for words in _words(inner))
    elif isinstance(value, list):
        for inner in value:
            yield from _words(inner)
    elif words := " ".join(str(value).split()):
        yield words

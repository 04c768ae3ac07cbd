"""Bold and italics of an LLM's reply: taken out for the checks, put back where it is shown."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

# Code is left as it is. Words next to a star, as in "2*3*4", are no emphasis.
_FENCED = r"^[ \t]*(?P<fence>`{3,}|~{3,})[^\n]*\n.*?^[ \t]*(?P=fence)[ \t]*$"
_EMPHASIS = re.compile(
    rf"(?P<code>{_FENCED}|`[^`\n]+`)"
    r"|(?P<bold>\*\*|__)(?=\S)(?P<strong>[^\n]{1,300}?)(?<=\S)(?P=bold)"
    r"|(?<![\w*\\])\*(?=[^\s*])(?P<slanted>[^*\n]{1,300}?)(?<=\S)\*(?![\w*])",
    re.MULTILINE | re.DOTALL,
)
_LABEL = re.compile(r"\s*\[[^\[\]]*\]")
_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Emphasised:
    """Words of a text, the stars around them, and the word before them in their line, or ""."""

    words: str
    stars: str
    after: str = ""


def without_emphasis(text: str) -> tuple[str, tuple[Emphasised, ...]]:
    """A text without bold and italics, and what was in them, in order."""
    found = list[Emphasised]()

    def plain(match: re.Match[str]) -> str:
        if match["code"]:
            return match[0]
        inner = match["strong"] or match["slanted"]
        words = " ".join(_LABEL.sub("", inner).split())
        line = text[: match.start()].rpartition("\n")[2]
        found.append(Emphasised(words, "**" if match["strong"] else "*", _last_word(line)))
        return inner

    return _EMPHASIS.sub(plain, text), tuple(found)


def with_emphasis(text: str, emphasised: Sequence[Emphasised]) -> tuple[str, int]:
    """A statement's text with the emphasis that it was written with, and how many of `emphasised`,
    which are in the order of the reply, are used up by then.
    """
    shown, done, used = "", 0, 0
    for place, one in enumerate(emphasised):
        start = _find(text, one, done)
        if start < 0:
            continue
        end = start + len(one.words)
        shown += text[done:start] + one.stars + one.words + one.stars
        done, used = end, place + 1
    return shown + text[done:], used


def _find(text: str, one: Emphasised, start: int) -> int:
    """Where emphasised words stand in a text as whole words, at its start or after the same word
    as in the reply; -1 if they don't.
    """
    if not one.words or "`" in one.words or "*" in one.words:
        return -1
    for found in re.compile(rf"(?<!\w){re.escape(one.words)}(?!\w)").finditer(text, start):
        before = _last_word(text[: found.start()].rpartition("\n")[2])
        if before in ("", one.after):
            return found.start()
    return -1


def _last_word(line: str) -> str:
    words = _WORD.findall(_LABEL.sub("", line))
    return words[-1] if words else ""

"""What Markdown files hold beside CommonMark: HTML tags, admonitions, alerts and content tabs.

Each becomes the Markdown that says the same: `<h1>` a heading, `!!! note` a paragraph that opens
with "**Note:**", an image its description. Code is left as it is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

IsCode = Callable[[int], bool]

# A tag with the white space before it on its line, which would make the rest of the line code.
_HTML = re.compile(
    r"<(?P<dropped>script|style|template)\b[^<>]*>.*?</(?P=dropped)\s*>"
    r"|<h(?P<level>[1-6])\b[^<>]*>(?P<heading>.*?)</h(?P=level)\s*>"
    r"|<code>(?P<code>[^<>\n]+)</code>"
    r"|(?P<tag>(?:^[ \t]+)?<(?P<close>/?)(?P<name>[a-z][a-z0-9]*)(?P<rest>(?:\s[^<>]*)?)/?>)",
    re.DOTALL | re.IGNORECASE | re.MULTILINE,
)
_ANY_TAG = re.compile(r"<[^<>]*>")
_ALT = re.compile(r"\balt\s*=\s*(?:\"([^\"]*)\"|'([^']*)')", re.IGNORECASE)
# HTML has these, which lxml's list lacks.
_NEWER_TAGS = frozenset({"picture", "source", "video", "audio", "dialog", "template"})
_LISTS = frozenset({"ul", "ol", "li"})
_NEVER_CLOSED = frozenset({"br", "hr", "wbr"})
_INLINE = frozenset(
    "a abbr b bdi bdo cite code data del dfn em font i ins kbd mark q s samp small span strike "
    "strong sub sup time tt u var".split()
)

# MkDocs' "!!! note", its "??? note" that opens at a click and its "=== tabs", with what is
# indented below.
_INDENTED = re.compile(r"(?P<indent> *)(?:!!!|\?\?\?\+?|===) +(?P<label>\S.*)")
# Docusaurus' ":::note Title" up to ":::".
_FENCE = re.compile(r" *:{3,} *(?P<label>[a-zA-Z].*)?")
# GitHub's "> [!NOTE]", whose text is the quotation below.
_ALERT = re.compile(r" *> *\[!(?P<label>[A-Za-z]+)\] *")
_TITLE = re.compile(r"\"([^\"]+)\"|\[([^\]]+)\]$")
_BODY_COLUMNS = 4


class _Line(NamedTuple):
    """A line without its end, the end, and whether it stands in code."""

    text: str
    end: str
    is_code: bool


def without_html(text: str, is_code: IsCode) -> str:
    """Markdown without HTML tags: headings as `#`, images as their descriptions.

    What only looks like a tag stays: `<file>`, and the name of one that is never closed.
    """
    if "<" not in text:
        return text
    closed = {match["name"].lower() for match in _HTML.finditer(text) if match["close"]}
    # The number of the last item of each list that is open, -1 where items are not counted.
    lists = list[int]()

    def plain(found: re.Match[str]) -> str:
        if is_code(found.end() - 1):
            return found[0]
        if found["level"]:
            words = " ".join(_ANY_TAG.sub("", found["heading"]).split())
            return f"{'#' * int(found['level'])} {words}" if words else ""
        if found["code"]:
            return f"`{found['code']}`"
        return _of_tag(found, closed, lists) if found["tag"] else ""

    return _HTML.sub(plain, text)


def _of_tag(found: re.Match[str], closed: set[str], lists: list[int]) -> str:
    from lxml.html import defs

    name = found["name"].lower()
    if name not in defs.tags and name not in _NEWER_TAGS:
        return found[0]
    is_tag = found["rest"].strip(" /") or name in closed or name in _NEVER_CLOSED
    if not is_tag:
        return found[0]
    if name == "img":
        alt = _ALT.search(found["rest"])
        return (alt[1] or alt[2] or "") if alt else ""
    if name in _LISTS:
        return _of_list(found, lists)
    return "" if name in _INLINE or found["tag"][0] != "<" else " "


def _of_list(found: re.Match[str], lists: list[int]) -> str:
    """The mark of an item, further in for each list around its own; "" of a list's tags."""
    if found["name"].lower() != "li":
        if not found["close"]:
            lists.append(0 if found["name"].lower() == "ol" else -1)
        elif lists:
            lists.pop()
        return ""
    if found["close"]:
        return ""
    if lists and lists[-1] >= 0:
        lists[-1] += 1
    mark = f"{lists[-1]}. " if lists and lists[-1] > 0 else "- "
    is_first = found.start() == 0 or found.string[found.start() - 1] in "\r\n"
    return ("" if is_first else "\n") + "   " * max(len(lists) - 1, 0) + mark


def with_plain_labels(text: str, is_code: IsCode) -> str:
    """Markdown whose admonitions, alerts and tabs are paragraphs that open with their label."""
    if not any(mark in text for mark in ("!!!", "???", "===", ":::", "[!")):
        return text
    lines, at = list[_Line](), 0
    for whole in text.splitlines(keepends=True):
        bare = whole.rstrip("\r\n")
        lines.append(_Line(bare, whole[len(bare) :], is_code(at)))
        at += len(whole)
    return "".join(line.text + line.end for line in _plain(lines))


def _plain(lines: Sequence[_Line]) -> Iterator[_Line]:
    at = depth = 0
    while at < len(lines):
        line = lines[at]
        at += 1
        if line.is_code:
            yield line
        elif found := _INDENTED.fullmatch(line.text):
            end = _body_end(lines, at, len(found["indent"]) + _BODY_COLUMNS)
            body = [one._replace(text=one.text[_BODY_COLUMNS:]) for one in lines[at:end]]
            label = _TITLE.search(found["label"]) or found["label"].split()[0]
            yield from _labelled(found["indent"], _shown(label), line, list(_plain(body)))
            at = end
        elif (found := _FENCE.fullmatch(line.text)) and (found["label"] or depth):
            depth += 1 if found["label"] else -1
            if found["label"]:
                kind, _, title = found["label"].partition(" ")
                label = _TITLE.search(found["label"]) or title.strip() or kind
                yield line._replace(text=_shown(label))
        elif (found := _ALERT.fullmatch(line.text)) and at < len(lines):
            quoted = lines[at].text.lstrip(" >")
            yield lines[at]._replace(text=f"> {_shown(found['label'])} {quoted}")
            at += 1
        else:
            yield line


def _body_end(lines: Sequence[_Line], at: int, columns: int) -> int:
    """The line after what is indented so far from a line on; blank lines at its end are outside."""
    end = at
    while at < len(lines) and (
        not lines[at].text.strip() or lines[at].text.startswith(" " * columns)
    ):
        at += 1
        end = at if lines[at - 1].text.strip() else end
    return end


def _labelled(indent: str, label: str, line: _Line, body: Sequence[_Line]) -> Iterator[_Line]:
    """The body with the label before its first words, or on a line of its own before a block."""
    first = next((i for i, one in enumerate(body) if one.text.strip()), None)
    yield line._replace(text="")
    if first is not None and body[first].text.strip()[0].isalnum():
        yield body[first]._replace(text=f"{indent}{label} {body[first].text.strip()}")
        yield from body[first + 1 :]
    else:
        yield line._replace(text=indent + label)
        yield from body


def _shown(label: str | re.Match[str]) -> str:
    """A title in bold ("**TL;DR:**"), or a kind with a capital ("**Note:**")."""
    if isinstance(label, str):
        return f"**{label.capitalize() if label in (label.lower(), label.upper()) else label}:**"
    return f"**{(label[1] or label[2]).strip().rstrip(':')}:**"

"""The tree of a page as blocks of text: paragraphs, headings, lists, definitions and code."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from index.formats.base import TextBlock
from index.formats.markup import fenced, list_mark, lowered, raised

if TYPE_CHECKING:
    from lxml.html import HtmlElement

_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_LISTS = frozenset({"ol", "ul"})
# What an item holds that does not stand in the line of its words.
_OWN_LINES = _LISTS | {"pre"}
# What HTML shows as blocks; words on both sides of one are apart.
_BLOCKS = _LISTS.union(
    _HEADINGS,
    "address article aside blockquote body caption center dd details dialog dir div dl dt fieldset"
    " figcaption figure footer form header hgroup hr html legend li main menu nav p pre search"
    " section summary table tbody td tfoot th thead tr".split(),
)
# Stands for a line end that is meant; others in the source are white space.
_LINE_END = "\x00"
_INTEGER = re.compile(r"\s*-?\d{1,6}\s*")


def blocks(parent: HtmlElement) -> Iterator[TextBlock]:
    """The blocks below an element, and the words that stand between them."""
    loose = parent.text or ""
    for element in parent:
        if _is_block(element):
            yield TextBlock(_lines(loose))
            yield from _block(element)
            loose = ""
        else:
            loose += _inline(element, loose)
        loose += element.tail or ""
    yield TextBlock(_lines(loose))


def _is_block(element: HtmlElement) -> bool:
    return element.tag in _BLOCKS or any(
        inner.tag in _BLOCKS for inner in element.iterdescendants()
    )


def _block(element: HtmlElement) -> Iterator[TextBlock]:
    if element.tag in _HEADINGS:
        yield TextBlock(words(element), _HEADINGS[element.tag])
    elif element.tag in _LISTS:
        yield TextBlock("\n".join(_items(element)))
    elif element.tag == "pre":
        yield TextBlock(fenced("".join(_preformatted(element))))
    elif element.tag == "dl":
        yield from _definitions(element)
    elif element.tag == "details":
        yield from _details(element)
    else:
        yield from blocks(element)


def _preformatted(element: HtmlElement) -> Iterator[str]:
    """The characters of code, with its line ends."""
    yield element.text or ""
    for child in element:
        yield from ("\n",) if child.tag == "br" else _preformatted(child)
        yield child.tail or ""


# --- terms with what is said of them


def _definitions(listed: HtmlElement) -> Iterator[TextBlock]:
    """Terms, each above the first paragraph that defines it."""
    terms = list[str]()
    for item in listed.iter("dt", "dd"):
        if next(item.iterancestors("dl"), None) is not listed:
            continue
        if item.tag == "dt":
            terms.append(words(item))
        else:
            yield from _below("\n".join(filter(None, terms)), blocks(item))
            terms = []
    yield TextBlock("\n".join(filter(None, terms)))


def _details(element: HtmlElement) -> Iterator[TextBlock]:
    """What is unfolded, below the line that is clicked on."""
    summary = next(element.iterchildren("summary"), None)
    if summary is None or next(summary.iter(*_HEADINGS), None) is not None:
        yield from blocks(element)
        return
    rest = (block for block in blocks(element) if block.text.strip())
    next(rest, None)  # the summary
    yield from _below(words(summary), rest)


def _below(line: str, following: Iterator[TextBlock]) -> Iterator[TextBlock]:
    """Blocks of which the first, if it is a paragraph or a list, goes on a line above."""
    filled = (block for block in following if block.text.strip())
    first = next(filled, TextBlock(""))
    if first.level or first.table or first.text.startswith("```"):
        yield TextBlock(line)
        yield first
    else:
        yield replace(first, text="\n".join(filter(None, (line, first.text.strip()))))
    yield from filled


# --- lists


def _items(listed: HtmlElement, indent: str = "") -> Iterator[str]:
    """A line per item with its mark, what is in the item indented below it."""
    number = _integer(listed.get("start", ""), 1)
    mark = ""
    for item in listed:
        if item.tag in _LISTS:
            yield from _items(item, indent + " " * max(2, len(mark)))
            continue
        own = " ".join(_lines(_inner(item, _OWN_LINES)).split())
        number = _integer(item.get("value", ""), number)
        mark = list_mark(number, listed.get("type", "1")) if listed.tag == "ol" else "- "
        inside = list(_inside(item, indent + " " * len(mark)))
        if own or (inside and listed.tag == "ol"):
            yield f"{indent}{mark}{own}".rstrip()
            number += 1
        yield from inside


def _inside(item: HtmlElement, indent: str) -> Iterator[str]:
    """The lines of lists and code in an item."""
    for inside in item.iter(*_OWN_LINES):
        if any(outer.tag in _OWN_LINES for outer in _between(inside, item)):
            continue
        if inside.tag in _LISTS:
            yield from _items(inside, indent)
        else:
            yield from (
                indent + line for line in fenced("".join(_preformatted(inside))).splitlines()
            )


def _integer(text: str, default: int) -> int:
    return int(text) if _INTEGER.fullmatch(text) and text.isascii() else default


def _between(inside: HtmlElement, item: HtmlElement) -> Iterator[HtmlElement]:
    for outer in inside.iterancestors():
        if outer is item:
            return
        yield outer


# --- words


def words(element: HtmlElement) -> str:
    """The words of an element and of those in it, in one line."""
    return " ".join(_inner(element).replace(_LINE_END, " ").split())


def _inline(element: HtmlElement, before: str) -> str:
    if element.tag == "br":
        return _LINE_END
    if element.tag == "sup":
        return raised(_inner(element))
    return lowered(before, _inner(element)) if element.tag == "sub" else _inner(element)


def _inner(element: HtmlElement, without: frozenset[str] = frozenset()) -> str:
    """The words of an element; blocks and line ends keep words apart."""
    parts = [element.text or ""]
    for child in element:
        if child.tag in ("br", "sup", "sub"):
            parts.append(_inline(child, parts[-1]))
        elif child.tag not in without:
            gap = " " if child.tag in _BLOCKS else ""
            parts.append(gap + _inner(child, without) + gap)
        parts.append(child.tail or "")
    return "".join(parts)


def _lines(text: str) -> str:
    lines = (" ".join(line.split()) for line in text.split(_LINE_END))
    return "\n".join(line for line in lines if line)

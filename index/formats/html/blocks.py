"""The tree of a page as blocks of text: paragraphs, headings, lists and code."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from index.formats.base import TextBlock

if TYPE_CHECKING:
    from lxml.html import HtmlElement

_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_LISTS = frozenset({"ol", "ul"})
# What HTML shows as blocks; words on both sides of one are apart.
_BLOCKS = _LISTS.union(
    _HEADINGS,
    "address article aside blockquote body caption center dd details dialog dir div dl dt fieldset"
    " figcaption figure footer form header hgroup hr html legend li main menu nav p pre search"
    " section summary table tbody td tfoot th thead tr".split(),
)
# Stands for a line end that is meant; others in the source are white space.
_LINE_END = "\x00"


def blocks(parent: HtmlElement) -> Iterator[TextBlock]:
    """The blocks below an element, and the words that stand between them."""
    loose = parent.text or ""
    for element in parent:
        if _is_block(element, parent):
            yield TextBlock(_lines(loose))
            yield from _block(element)
            loose = ""
        else:
            loose += _inline(element)
        loose += element.tail or ""
    yield TextBlock(_lines(loose))


def _is_block(element: HtmlElement, parent: HtmlElement) -> bool:
    # Trafilatura makes inline code a `pre`, which HTML does not allow in a paragraph.
    if element.tag == "pre" and parent.tag == "p":
        return False
    return element.tag in _BLOCKS or any(
        inner.tag in _BLOCKS for inner in element.iterdescendants()
    )


def _block(element: HtmlElement) -> Iterator[TextBlock]:
    if element.tag in _HEADINGS:
        yield TextBlock(words(element), _HEADINGS[element.tag])
    elif element.tag in _LISTS:
        yield TextBlock("\n".join(_items(element)))
    elif element.tag == "pre":
        yield TextBlock("".join(element.itertext()))
    else:
        yield from blocks(element)


def _items(listed: HtmlElement, indent: str = "") -> Iterator[str]:
    """A line per item, those of a list inside an item below it."""
    for item in listed:
        if item.tag in _LISTS:
            yield from _items(item, indent + "  ")
            continue
        own = " ".join(_lines(_inner(item, _LISTS)).split())
        if own:
            yield f"{indent}- {own}"
        for inside in item.iter(*_LISTS):
            if not any(outer.tag in _LISTS for outer in _between(inside, item)):
                yield from _items(inside, indent + "  ")


def _between(inside: HtmlElement, item: HtmlElement) -> Iterator[HtmlElement]:
    for outer in inside.iterancestors():
        if outer is item:
            return
        yield outer


def words(element: HtmlElement) -> str:
    """The words of an element and of those in it, in one line."""
    return " ".join(_inner(element).replace(_LINE_END, " ").split())


def _inline(element: HtmlElement) -> str:
    return _LINE_END if element.tag == "br" else _inner(element)


def _inner(element: HtmlElement, without: frozenset[str] = frozenset()) -> str:
    """The words of an element; blocks and line ends keep words apart."""
    parts = [element.text or ""]
    for child in element:
        if child.tag not in without:
            gap = " " if child.tag in _BLOCKS else ""
            parts.append(gap + (_LINE_END if child.tag == "br" else _inner(child, without)) + gap)
        parts.append(child.tail or "")
    return "".join(parts)


def _lines(text: str) -> str:
    lines = (" ".join(line.split()) for line in text.split(_LINE_END))
    return "\n".join(line for line in lines if line)

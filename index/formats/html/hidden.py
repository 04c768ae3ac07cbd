"""What a page holds but does not show: taken out of its tree, so that no answer rests on it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lxml.html import HtmlElement

# Never words of the page, so not counted: programs, what older or other readers get, furigana.
_NO_TEXT = (
    "script style template noscript noframes iframe object svg canvas audio video select datalist"
    " textarea button rt rp"
).split()
_ZERO = re.compile(r"(?=\.?0)0*\.?0*(?:[a-z]+|%)?")
_RELATIVE = ("em", "ex", "ch", "%")
_GONE = "unseen"
# Pages hide themselves until their scripts run, and every reader sees them.
_PAGE = ("html", "body")
# What links to the heading that they stand in are called.
_LINK_MARKS = frozenset("#¶§🔗")


def remove_unseen(tree: HtmlElement) -> int:
    """Take out of a page's tree what no reader sees; gives how many characters were hidden.

    Counted is text that is hidden by an attribute, by inline style, or in a comment; scripts and
    the like go too, but hide nothing. What style sheets hide stays: scripts show it on demand.
    """
    from lxml import etree

    hidden = sum(_length(comment.text) for comment in tree.iter(etree.Comment))
    etree.strip_tags(tree, etree.Comment, etree.ProcessingInstruction)
    etree.strip_elements(tree, *_NO_TEXT, with_tail=False)
    for link in tree.iter("a"):
        if link.text_content().strip() in _LINK_MARKS:
            link.tag = _GONE
    walk = etree.iterwalk(tree, events=("start",))
    for _, element in walk:
        hidden += 0 if element.tag in _PAGE else _hide(element)
        if element.tag == _GONE:
            walk.skip_subtree()
    # One by one, the words after each would be copied again and again.
    etree.strip_elements(tree, _GONE, with_tail=False)
    return hidden


def _hide(element: HtmlElement) -> int:
    """Mark or empty an element that its own style hides; gives how much was hidden."""
    style = _style(element)
    if _is_gone(element, style):
        element.tag = _GONE
        return _length("".join(element.itertext()))
    if style.get("visibility") in ("hidden", "collapse"):
        return _blank(element, _is_made_visible)
    if _ZERO.fullmatch(style.get("font-size", "x")):
        return _blank(element, _is_made_large)
    return 0


def _is_gone(element: HtmlElement, style: dict[str, str]) -> bool:
    """Whether an element and all in it are not shown; until-found is found by a search."""
    attribute = element.get("hidden")
    return (
        (attribute is not None and attribute.lower() != "until-found")
        or style.get("display") == "none"
        or bool(_ZERO.fullmatch(style.get("opacity", "x")))
    )


def _style(element: HtmlElement) -> dict[str, str]:
    declared = element.get("style")
    if not declared:
        return {}
    pairs = (part.partition(":") for part in declared.lower().split(";"))
    return {name.strip(): value.replace("!important", "").strip() for name, _, value in pairs}


def _is_made_visible(style: dict[str, str]) -> bool:
    return style.get("visibility") == "visible"


def _is_made_large(style: dict[str, str]) -> bool:
    # Mails set the size to zero against gaps between cells, and set it again inside them.
    size = style.get("font-size", "")
    return bool(size) and not size.endswith(_RELATIVE) and not _ZERO.fullmatch(size)


def _blank(element: HtmlElement, is_shown: Callable[[dict[str, str]], bool]) -> int:
    """Empty an element and those in it that inherit its style; gives how much was hidden."""
    hidden = 0
    for inner in _inheriting(element, is_shown):
        hidden += _length(inner.text)
        inner.text = None
        for child in inner:
            hidden += _length(child.tail)
            child.tail = None
    return hidden


def _inheriting(
    element: HtmlElement, is_shown: Callable[[dict[str, str]], bool]
) -> Iterator[HtmlElement]:
    pending = [element]
    while pending:
        inner = pending.pop()
        yield inner
        pending += (child for child in inner if not is_shown(_style(child)))


def _length(text: str | None) -> int:
    return len(" ".join(text.split())) if text else 0

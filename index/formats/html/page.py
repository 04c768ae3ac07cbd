"""HTML to text: the main content of a page through trafilatura, or all of a plain document."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from index.formats.base import Parsed, TextBlock, Unreadable, from_blocks
from index.formats.decode import declared_encoding, decode
from index.formats.html.blocks import blocks, words
from index.formats.html.hidden import remove_unseen
from index.formats.html.main_content import (
    is_of_site,
    main_content,
    main_words,
    remove_site_parts,
)
from index.formats.html.tables import flatten_tables, with_cells

if TYPE_CHECKING:
    from lxml.html import HtmlElement

# Reading a tree recurses; pages have hardly 50 levels, and libxml2 stops at 2048.
_DEPTH = 200
_VOID = frozenset("area base br col embed hr img input link meta param source track wbr".split())
_SELF_CLOSED = re.compile(
    r"""<([A-Za-z][\w:.-]*)((?:\s[^<>"']*(?:"[^"]*"|'[^']*'|[^<>"'/])*)?)/>"""
)


def parse_html(data: bytes) -> Parsed:
    """The main content of a page: no navigation, no comment forms, nothing hidden."""
    return _main_content(decode(data, declared_encoding(data)))


def parse_xhtml(data: bytes) -> Parsed:
    """As parse_html, for pages in the notation of XML."""
    return _main_content(_without_self_closed(decode(data, declared_encoding(data))))


def whole_page(page: str) -> Parsed:
    """All words of a page that is no part of a site, such as a mail. Raises Unreadable."""
    return _whole(_page(page))


def whole_chapter(page: str) -> Parsed:
    """As whole_page, for pages in the notation of XML."""
    return whole_page(_without_self_closed(page))


def _without_self_closed(page: str) -> str:
    """HTML reads on for the end of `<title/>`; only few elements have none."""
    return _SELF_CLOSED.sub(
        lambda tag: tag[0] if tag[1].lower() in _VOID else f"<{tag[1]}{tag[2]}></{tag[1]}>", page
    )


@dataclass(frozen=True, slots=True)
class _Page:
    """The tree of a page with what is seen alone, how many characters were hidden, and the rows
    of its tables.
    """

    tree: HtmlElement
    hidden: int
    rows: list[TextBlock]


def _main_content(text: str) -> Parsed:
    page = _page(text)
    if not is_of_site(page.tree):
        # Looking for main content would only lose words of a page that is nothing else.
        return _whole(page)
    found = main_words(page.tree)
    remove_site_parts(page.tree)
    content = list(blocks(_body(page.tree)))
    if found:
        content = _titled(main_content(content, found), [b.text for b in content if b.level == 1])
    return _parsed(content, page)


def _titled(content: list[TextBlock], titles: Sequence[str]) -> list[TextBlock]:
    """Main content below the title of the page, which may stand apart from it."""
    is_titled = len(titles) != 1 or any(block.level == 1 for block in content)
    return content if is_titled else [TextBlock(titles[0], 1), *content]


def _whole(page: _Page) -> Parsed:
    from lxml.etree import strip_elements

    strip_elements(page.tree, "nav", with_tail=False)
    return _parsed(list(blocks(_body(page.tree))), page)


def _body(tree: HtmlElement) -> HtmlElement:
    body = tree.find("body")
    return tree if body is None else body


def _parsed(content: list[TextBlock], page: _Page) -> Parsed:
    title = page.tree.find("head/title")
    parsed = from_blocks(
        list(with_cells(content, page.rows)), "" if title is None else words(title)
    )
    if not parsed.text:
        raise Unreadable("empty: the page has no main text")
    return replace(parsed, hidden=page.hidden)


def _page(page: str) -> _Page:
    """Parse a page. Raises Unreadable if it has no elements or is nested too deep."""
    from lxml.etree import ParserError
    from lxml.html import HTMLParser, document_fromstring

    # Without huge_tree all after a script of 10 MB would be lost.
    parser = HTMLParser(encoding="utf-8", huge_tree=True)
    try:
        tree = document_fromstring(page.encode("utf-8", "replace"), parser)
    except ParserError:
        raise Unreadable("empty: the page has no main text") from None
    _check_depth(tree)
    hidden = remove_unseen(tree)
    return _Page(tree, hidden, flatten_tables(tree))


def _check_depth(tree: HtmlElement) -> None:
    from lxml.etree import iterwalk

    depth = 0
    for event, _ in iterwalk(tree, events=("start", "end")):
        depth += 1 if event == "start" else -1
        if depth > _DEPTH:
            raise Unreadable(f"damaged: its elements are nested over {_DEPTH} deep")

"""HTML to text: the main content of a page through trafilatura, or all of a plain document."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from index.formats.base import Parsed, TextBlock, Unreadable, from_blocks
from index.formats.decode import declared_encoding, decode
from index.formats.html.blocks import blocks, words
from index.formats.html.hidden import remove_unseen
from index.formats.html.tables import flatten_tables, with_cells

if TYPE_CHECKING:
    from lxml.html import HtmlElement

# Reading a tree recurses; pages have hardly 50 levels, and libxml2 stops at 2048.
_DEPTH = 200
# Of a shorter page trafilatura makes one paragraph, with what stands around the content.
_SHORT = 1000
# What sites put around their content, by role, and by class or id.
_SITE_PARTS = (
    "//nav|//*[@role='navigation' or @role='banner' or @role='contentinfo' or @role='search']"
    "|//*[re:test(concat(@class, ' ', @id),"
    r" '(^|[\s_-])(nav|navbar|navigation|menu|sidebar|breadcrumbs?|masthead|cookies?)($|[\s_-])',"
    " 'i')]"
)
_REGEXP = {"re": "http://exslt.org/regular-expressions"}
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
    if not page.tree.xpath(_SITE_PARTS, namespaces=_REGEXP):
        # Looking for main content would only lose words of a page that is nothing else.
        return _whole(page)
    found = _extract(page.tree) if len(page.tree.text_content()) > _SHORT else None
    if found is None:
        return _whole(page)
    content = list(blocks(found))
    titles = [words(element) for element in page.tree.iter("h1")]
    if len(titles) == 1 and not any(block.level == 1 for block in content):
        content.insert(0, TextBlock(titles[0], 1))
    return _parsed(content, page)


def _whole(page: _Page) -> Parsed:
    from lxml.etree import strip_elements

    strip_elements(page.tree, "nav", with_tail=False)
    body = page.tree.find("body")
    return _parsed(list(blocks(page.tree if body is None else body)), page)


def _parsed(content: list[TextBlock], page: _Page) -> Parsed:
    title = page.tree.find("head/title")
    parsed = from_blocks(
        list(with_cells(content, page.rows)), "" if title is None else words(title)
    )
    if not parsed.text:
        raise Unreadable("empty: the page has no main text")
    return replace(parsed, hidden=page.hidden)


def _extract(tree: HtmlElement) -> HtmlElement | None:
    import trafilatura
    from lxml import etree

    page = trafilatura.extract(
        tree, output_format="html", include_comments=False, favor_recall=True
    )
    parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=True)
    return etree.fromstring(page.encode(), parser).find("body") if page else None


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

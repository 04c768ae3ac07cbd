"""HTML to text: the main content of a page, through trafilatura."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from index.decode import decode
from index.parsed import Block, Parsed, Unreadable, from_blocks, table_blocks

if TYPE_CHECKING:
    from lxml.etree import _Element


def parse_html(data: bytes) -> Parsed:
    """The main content of a page: no navigation, no comment forms, nothing hidden."""
    import trafilatura
    from lxml import etree

    page = decode(data)
    if "<html" not in page.lower():
        page = f"<html>{page}</html>"  # trafilatura refuses a fragment
    xml = trafilatura.extract(
        page,
        output_format="xml",
        include_comments=False,
        include_tables=True,
        with_metadata=True,
        favor_recall=True,
        prune_xpath="//*[@hidden]",
    )
    if not xml:
        raise Unreadable("empty: the page has no main text")
    parser = etree.XMLParser(resolve_entities=False, no_network=True)
    root = etree.fromstring(xml.encode(), parser)
    main = root.find("main")
    blocks = [] if main is None else list(_html_blocks(main))
    return from_blocks(blocks, root.get("title") or "")


def _html_blocks(parent: _Element) -> Iterator[Block]:
    """The blocks below an element, and the words that stand between them."""
    loose = parent.text or ""
    for element in parent:
        if element.tag == "lb":
            loose += _LINE_END
        elif element.tag in _BLOCKS or (element.tag == "code" and parent.tag != "p"):
            yield Block(_lines(loose))
            yield from _html_block(element)
            loose = ""
        else:
            loose += _inner(element)
        loose += element.tail or ""
    yield Block(_lines(loose))


_BLOCKS = frozenset({"div", "head", "list", "p", "quote", "table"})
# Stands for a line end that is meant; others in the source are white space.
_LINE_END = "\x00"


def _html_block(element: _Element) -> Iterator[Block]:
    if element.tag == "head":
        level = element.get("rend") or "h2"
        yield Block(_lines(_inner(element)), int(level[1]) if level[1:].isdigit() else 2)
    elif element.tag == "list":
        yield Block("\n".join(_items(element)))
    elif element.tag == "table":
        rows = [[_lines(_inner(c)) for c in row.iter("cell")] for row in element.iter("row")]
        yield from table_blocks(rows)
    elif element.tag == "code":
        yield Block("".join(element.itertext()))
    else:
        yield from _html_blocks(element)


def _items(listed: _Element, indent: str = "") -> Iterator[str]:
    """A line per item, those of a list inside an item below it."""
    for item in listed.iterchildren("item"):
        own = " ".join(_lines(_inner(item, without="list")).split())
        if own:
            yield f"{indent}- {own}"
        for inside in item.iterdescendants("list"):
            if next(inside.iterancestors("item")) is item:
                yield from _items(inside, indent + "  ")


def _inner(element: _Element, without: str = "") -> str:
    """The words of an element and of those in it; blocks and line ends keep words apart."""
    parts = [element.text or ""]
    for child in element:
        if child.tag == "lb":
            parts.append(_LINE_END)
        elif child.tag != without:
            gap = " " if child.tag in _BLOCKS or child.tag == "item" else ""
            parts.append(f"{gap}{_inner(child, without)}{gap}")
        parts.append(child.tail or "")
    return "".join(parts)


def _lines(text: str) -> str:
    lines = (" ".join(line.split()) for line in text.split(_LINE_END))
    return "\n".join(line for line in lines if line)

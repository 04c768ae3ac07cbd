"""XML to text: its words without tags, records as rows, what reads as prose as paragraphs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import TYPE_CHECKING

from index.formats.base import Parsed, TableHead, TextBlock, Unreadable, from_blocks
from index.formats.decode import declared_encoding, decode
from index.formats.tables import row_block
from index.formats.text.plain_text import parse_plain

if TYPE_CHECKING:
    from lxml.etree import _Element

_DEPTH = 200
_TITLES = frozenset("title head heading caption".split())
# A longer value is prose, which its element's name would only disturb.
_VALUE_CHARACTERS = 80
_RECORD_CHARACTERS = 300
_FEWEST_FIELDS = 2


def parse_xml(data: bytes) -> Parsed:
    """The words of an XML file in order. One that is broken, or has no words, is plain text.

    Elements of a name that stand in a row and hold single values are rows of a table; titles inside
    other elements are headings.
    """
    root = _root(data)
    blocks = [] if root is None else list(_blocks(root, 1))
    parsed = from_blocks(blocks)
    return parsed if parsed.text else parse_plain(data)


def _root(data: bytes) -> _Element | None:
    from lxml import etree

    # Read as text first, since what a file says of its encoding may be wrong.
    text = decode(data, declared_encoding(data))
    parser = etree.XMLParser(
        encoding="utf-8", resolve_entities=False, no_network=True, remove_comments=True
    )
    try:
        return etree.fromstring(text.encode(), parser)
    except (etree.XMLSyntaxError, ValueError):
        return None


def _blocks(element: _Element, depth: int) -> Iterator[TextBlock]:
    """What stands in an element, in order; `depth` counts from 1."""
    if depth > _DEPTH:
        raise Unreadable(f"damaged: its elements are nested over {_DEPTH} deep")
    children = list(element.iterchildren("*"))
    if not children or _is_mixed(element):
        yield TextBlock(_words(element))
        return
    for _, group in groupby(children, key=lambda child: child.tag):
        same = list(group)
        if all(map(_is_record, same)):
            yield from _rows(same)
            continue
        for child in same:
            is_leaf = not len(child)
            yield from [_leaf(child, depth)] if is_leaf else _blocks(child, depth + 1)


def _is_mixed(element: _Element) -> bool:
    """Whether words stand beside elements, as in prose."""
    texts = (element.text, *(child.tail for child in element))
    return any(text and text.strip() for text in texts)


def _words(element: _Element) -> str:
    return " ".join("".join(element.itertext()).split())


def _name(element: _Element) -> str:
    return str(element.tag).rpartition("}")[2]


def _leaf(element: _Element, depth: int) -> TextBlock:
    text, name = _words(element), _name(element)
    if name.lower() in _TITLES:
        return TextBlock(text, min(depth, 6))
    fields = [f"{key}: {value}" for key, value in _attributes(element)]
    is_value = len(text) <= _VALUE_CHARACTERS and text[-1:] not in ".!?"
    shown = f"{name}: {text}" if is_value and text else text
    return TextBlock("; ".join(filter(None, (shown, *fields))))


def _attributes(element: _Element) -> list[tuple[str, str]]:
    """Names and values of an element's own attributes, without those of other vocabularies."""
    pairs = ((str(key), " ".join(str(value).split())) for key, value in element.attrib.items())
    return [(key, value) for key, value in pairs if value and not key.startswith("{")]


# --- records


def _is_record(element: _Element) -> bool:
    """Whether an element holds single values, each short and in an element or attribute."""
    children = list(element.iterchildren("*"))
    if _is_mixed(element) or any(len(child) for child in children):
        return False
    if any(_name(child).lower() in _TITLES for child in children) and len(children) < 3:
        return False
    values = [_words(child) for child in children]
    is_short = all(len(value) <= _RECORD_CHARACTERS for value in values)
    return is_short and len(_fields(element)) >= _FEWEST_FIELDS


def _fields(element: _Element) -> dict[str, str]:
    """The values of a record by name; several of one name in one."""
    fields = dict(_attributes(element))
    for child in element.iterchildren("*"):
        name, text = _name(child), _words(child)
        if text:
            fields[name] = f"{fields[name]}, {text}" if name in fields else text
        fields |= {f"{name} {key}": value for key, value in _attributes(child)}
    return fields


def _rows(records: Sequence[_Element]) -> Iterator[TextBlock]:
    """A paragraph per record, each value after its name."""
    rows = list(map(_fields, records))
    columns = tuple(dict.fromkeys(name for row in rows for name in row))
    table = TableHead(columns, _name(records[0]))
    for row in rows:
        yield row_block([row.get(name, "") for name in columns], table)

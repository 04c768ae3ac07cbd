"""JSON to text: what belongs together stands in one paragraph, each value after its name."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from index.formats.base import Parsed, TextBlock, Unreadable, from_blocks, joined
from index.formats.decode import decode
from index.formats.markup import fenced
from index.formats.text.markdown import markdown

# Where a list of objects stands, and the list.
_Records = tuple[str, list[dict[str, Any]]]

_DEPTH = 100
_TOO_DEEP = f"too deep: nested over {_DEPTH} levels"
# Values that are this short can share a line.
_SHORT = 60


def parse_json(data: bytes) -> Parsed:
    """A line per value, after its path; of a list of objects a paragraph each, below its path.

    Raises Unreadable with the line where it is broken, or if it is nested too deep.
    """
    value = _load(decode(data))
    title = value.get("title") if isinstance(value, dict) else None
    return from_blocks(list(_blocks(value)), title if isinstance(title, str) else "")


def parse_jsonl(data: bytes) -> Parsed:
    """A paragraph per line. Raises Unreadable with the number of a line that is broken."""
    lines = enumerate(decode(data).split("\n"), start=1)
    return from_blocks([TextBlock(_record(_load(line, at))) for at, line in lines if line.strip()])


def parse_ipynb(data: bytes) -> Parsed:
    """The cells of a notebook in order: Markdown with its headings, code, and what it printed."""
    book = _load(decode(data))
    cells = book.get("cells") if isinstance(book, dict) else None
    if not isinstance(cells, list):
        raise Unreadable("damaged: not a notebook of format 4")
    cells = [cell for cell in cells if isinstance(cell, dict)]
    whole = joined([part for cell in cells for part in _cell(cell)])
    pictures = sum(
        any(kind.startswith("image/") for kind in _kinds(output))
        for cell in cells
        for output in _outputs(cell)
    )
    notes = (f"pictures in its output that are not read: {pictures}",) if pictures else ()
    return replace(whole, notes=notes)


def _load(text: str, line: int = 0) -> object:
    """The value of a JSON text, numbers as they are written; `line` tells where the text stands."""
    try:
        return json.loads(text, parse_int=str, parse_float=str, parse_constant=str)
    except json.JSONDecodeError as error:
        number = line or error.lineno
        raise Unreadable(f"damaged: line {number:,} is not JSON ({error.msg})") from None
    except RecursionError:
        raise Unreadable(_TOO_DEEP) from None


def _blocks(value: object) -> Iterator[TextBlock]:
    """Paragraphs of a whole file: values alone first, then the lists of objects."""
    if not isinstance(value, dict):
        items = value if isinstance(value, list) else [value]
        yield from (TextBlock(_record(item)) for item in items)
        return
    tables, lines = list[_Records](), list[str]()
    for key, item in value.items():
        found = [_named(path, text) for path, text in _leaves(key, item, tables)]
        if isinstance(item, dict):
            yield TextBlock("\n".join(lines))
            yield TextBlock("\n".join(found))
            lines = []
        else:
            lines += found
    yield TextBlock("\n".join(lines))
    for path, rows in tables:
        yield TextBlock(path, 1)
        yield from (TextBlock(_record(row)) for row in rows)


def _record(value: object) -> str:
    return "; ".join(_named(path, text) for path, text in _leaves("", value))


def _named(path: str, text: str) -> str:
    return f"{path}: {text}" if path else text


def _leaves(
    path: str, value: object, tables: list[_Records] | None = None, depth: int = 0
) -> Iterator[tuple[str, str]]:
    """Single values with their paths; lists of objects are put aside where `tables` is given."""
    if depth > _DEPTH:
        raise Unreadable(_TOO_DEEP)
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _leaves(f"{path}.{key}" if path else key, item, tables, depth + 1)
    elif isinstance(value, list):
        if tables is not None and value and all(isinstance(item, dict) for item in value):
            tables.append((path, value))
        else:
            yield from _list(path, value, tables, depth)
    elif text := _text(value):
        yield path, text


def _list(
    path: str, values: list[object], tables: list[_Records] | None, depth: int
) -> Iterator[tuple[str, str]]:
    """Short values in one, longer ones each after the name of their list, others numbered."""
    if any(isinstance(item, dict | list) for item in values):
        for number, item in enumerate(values, start=1):
            yield from _leaves(f"{path}[{number}]", item, tables, depth + 1)
        return
    texts = [text for item in values if (text := _text(item))]
    if all(len(text) <= _SHORT for text in texts):
        texts = [", ".join(texts)] if texts else []
    yield from ((path, text) for text in texts)


def _text(value: object) -> str:
    """A single value in one line, so that no blank line in it parts a record."""
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else " ".join(str(value).split())


def _cell(cell: dict[str, Any]) -> Iterator[Parsed]:
    source = _source(cell.get("source"))
    is_code = cell.get("cell_type") == "code"
    yield Parsed(fenced(source)) if is_code else markdown(source)
    for output in _outputs(cell):
        yield Parsed(_source(output.get("text") or _kinds(output).get("text/plain")))
        if output.get("output_type") == "error":
            yield Parsed(f"{output.get('ename')}: {output.get('evalue')}")


def _outputs(cell: dict[str, Any]) -> list[dict[str, Any]]:
    outputs = cell.get("outputs")
    return [o for o in outputs if isinstance(o, dict)] if isinstance(outputs, list) else []


def _kinds(output: dict[str, Any]) -> dict[str, Any]:
    kinds = output.get("data")
    return kinds if isinstance(kinds, dict) else {}


def _source(source: object) -> str:
    """A notebook's text, which is kept as lines or as one."""
    text = "".join(map(str, source)) if isinstance(source, list) else str(source or "")
    return text.strip("\n")

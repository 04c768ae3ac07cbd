"""CSV and TSV files to text: a table whose cells are apart by a delimiter."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from io import StringIO

from index.formats.base import Parsed, TextBlock, Unreadable
from index.formats.decode import decode
from index.formats.tables import is_value, parsed_table

# Excel's first line that names the delimiter of the others.
_SEPARATOR = re.compile(r"""\s*["']?sep=([^\r\n"'])["']?[ \t]*(?:\r\n?|\n)""", re.I)
# Lines of remarks above or in a table, as instruments and statistics offices write them.
_REMARK = re.compile(r"^[ \t]*#[^\r\n]*(?:\r\n?|\n|\Z)", re.MULTILINE)
_PART_CHARACTERS = 1 << 18
_KNOWN_CELLS = 10_000
_TITLE_ROWS = 20
_SAMPLE_ROWS = 1000
_SAMPLE_CHARACTERS = 8192
_DELIMITERS = ",;\t|"


def parse_csv(data: bytes) -> Parsed:
    """A table whose cells are apart by commas, semicolons, tabs or bars."""
    text = decode(data)
    named = _SEPARATOR.match(text)
    if named:
        dialect = _dialect(named[1])
        return _table(text[named.end() :], dialect)
    remarks = list[str]()
    if _REMARK.match(text):
        # Only what starts with a remark has more of them: else a row may start with "#1".
        remarks = _REMARK.findall(text)
        text = _REMARK.sub("", text)
    return _table(text, _sniffed(text), remarks)


def parse_tsv(data: bytes) -> Parsed:
    """A table whose cells are apart by tabs."""
    return _table(decode(data), csv.excel_tab)


def _dialect(of_delimiter: str) -> type[csv.Dialect]:
    class Named(csv.excel):
        delimiter = of_delimiter

    return Named


def _sniffed(text: str) -> type[csv.Dialect]:
    """The dialect of a table, by a sample of it."""
    lines = [line for line in text[:_SAMPLE_CHARACTERS].splitlines() if line.strip()]
    try:
        dialect: type[csv.Dialect] = csv.Sniffer().sniff(
            text[:_SAMPLE_CHARACTERS], delimiters=_DELIMITERS
        )
    except csv.Error:
        return _dialect(_voted(lines))
    # The sniffer guesses from a sample, and may find in it what is not so.
    dialect.doublequote = True
    return dialect if lines and dialect.delimiter in lines[0] else _dialect(_voted(lines))


def _voted(lines: Sequence[str]) -> str:
    """The delimiter that stands equally often in most lines."""

    def votes(delimiter: str) -> tuple[int, int]:
        counts = Counter(count for line in lines if (count := line.count(delimiter)))
        count, times = max(counts.items(), key=lambda item: item[::-1], default=(0, 0))
        return times, count

    return max(_DELIMITERS, key=votes)


def _table(text: str, dialect: type[csv.Dialect], remarks: Sequence[str] = ()) -> Parsed:
    """A table as text, below the remarks that stand above it."""
    # A cell may be as long as the file; csv has this limit for the whole process only.
    csv.field_size_limit(max(csv.field_size_limit(), len(text)))
    try:
        rows = _rows(text, dialect)
    except csv.Error as error:
        raise Unreadable(f"damaged: not a table of values ({error})") from None
    above = "\n".join(remark.strip(" \t#\r\n") for remark in remarks)
    top = _titles(rows)
    told = (_joined(cell.strip() for cell in row if cell.strip()) for row in rows[:top])
    titles = [TextBlock(above), *map(TextBlock, told)]
    return parsed_table(titles, rows[top:] if top else rows)


def _joined(cells: Iterable[str]) -> str:
    """A label with what it says, "Period: May", whether it has a colon of its own or not."""
    *labels, last = cells
    return "".join(f"{label.removesuffix(':')}: " for label in labels) + last


def _rows(text: str, dialect: type[csv.Dialect]) -> list[list[str]]:
    """The rows of a table that are not empty; where quotes are not what they are in CSV, each line
    by itself.
    """
    try:
        return _filled(csv.reader(_lines(text), dialect, strict=True))
    except csv.Error:
        if (dialect.quotechar or '"') not in text:
            raise
    return _filled(_line(line, dialect) for line in _lines(text))


def _filled(rows: Iterable[list[str]]) -> list[list[str]]:
    # Cells of a table are often the same few, which are kept once.
    known = dict[str, str]()
    filled = list[list[str]]()
    for row in rows:
        if row and (row[0].strip() or any(map(str.strip, row))):
            filled.append(list(map(known.setdefault, row, row)))
            if len(known) > _KNOWN_CELLS:
                known.clear()
    return filled


def _lines(text: str) -> Iterator[str]:
    """The lines of a text, each with a newline at its end; only parts of it are copied."""
    start = 0
    while start < len(text):
        end = text.find("\n", start + _PART_CHARACTERS) + 1 or len(text)
        yield from StringIO(text[start:end], newline=None)
        start = end


def _line(line: str, dialect: type[csv.Dialect]) -> list[str]:
    """The cells of a line, with quotes as signs of their own where they enclose no cell."""
    line = line.rstrip("\n")
    try:
        return next(csv.reader([line], dialect, strict=True), [])
    except csv.Error:
        return line.split(dialect.delimiter)


def _titles(rows: Sequence[Sequence[str]]) -> int:
    """How many rows above the header are titles or say what the table is of, in a cell or two."""
    widths = [
        max((at + 1 for at, cell in enumerate(row) if cell.strip()), default=0)
        for row in rows[:_SAMPLE_ROWS]
    ]
    counts = Counter(widths)
    usual = max(counts, key=lambda width: (counts[width], width), default=0)
    top = next((at for at, width in enumerate(widths[:_TITLE_ROWS]) if width >= usual), 0)
    narrow = min(2, usual - 1)
    is_above = top and max(widths[:top]) <= narrow and len(rows) > top + 1
    header = rows[top] if is_above else ()
    return top if is_above and not any(map(is_value, filter(str.strip, header))) else 0

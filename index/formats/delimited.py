"""CSV and TSV files to text: a table whose cells are apart by a delimiter."""

from __future__ import annotations

import csv
import io
import re

from index.formats.base import Parsed, TextBlock, Unreadable, from_blocks
from index.formats.decode import decode
from index.formats.tables import table_blocks

# Excel's first line that names the delimiter of the others.
_SEPARATOR = re.compile(r"""\s*["']?sep=([^\r\n"'])["']?[ \t]*(?:\r\n?|\n)""", re.I)
# Lines of remarks above the table, as instruments and statistics offices write them.
_REMARKS = re.compile(r"(?:[ \t]*#[^\r\n]*(?:\r\n?|\n))+")
_DELIMITERS = ",;\t|"


def parse_csv(data: bytes) -> Parsed:
    """A table whose cells are apart by commas, semicolons, tabs or bars."""
    text = decode(data)
    named = _SEPARATOR.match(text)
    if named:
        dialect = _dialect(named[1])
        return _table(text[named.end() :], dialect)
    remarks = _REMARKS.match(text)
    table = text[remarks.end() :] if remarks else text
    return _table(table, _sniffed(table), remarks[0] if remarks else "")


def parse_tsv(data: bytes) -> Parsed:
    """A table whose cells are apart by tabs."""
    return _table(decode(data), csv.excel_tab)


def _dialect(of_delimiter: str) -> type[csv.Dialect]:
    class Named(csv.excel):
        delimiter = of_delimiter

    return Named


def _sniffed(text: str) -> type[csv.Dialect]:
    """The dialect of a table, by a sample of it."""
    first, _, _ = text.lstrip().partition("\n")
    try:
        dialect: type[csv.Dialect] = csv.Sniffer().sniff(text[:8192], delimiters=_DELIMITERS)
    except csv.Error:
        return csv.excel
    # The sniffer guesses from a sample, and may find in it what is not so.
    dialect.doublequote = True
    return dialect if dialect.delimiter in first else csv.excel


def _table(text: str, dialect: type[csv.Dialect], remarks: str = "") -> Parsed:
    """A table as text, below the remarks that stand above it."""
    # A cell may be as long as the file; csv has this limit for the whole process only.
    csv.field_size_limit(max(csv.field_size_limit(), len(text)))
    try:
        lines = csv.reader(io.StringIO(text, newline=None), dialect)
        rows = [row for row in lines if any(map(str.strip, row))]
    except csv.Error as error:
        raise Unreadable(f"damaged: not a table of values ({error})") from None
    above = "\n".join(line.strip(" \t#") for line in remarks.splitlines())
    return from_blocks([TextBlock(above), *table_blocks(rows)])

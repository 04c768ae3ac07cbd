"""Tables to text, a paragraph per row in which each cell stands after its column's name."""

from __future__ import annotations

import csv
import io

from index.decode import decode
from index.parsed import Parsed, Unreadable, from_blocks, table_blocks


def parse_csv(data: bytes) -> Parsed:
    text = decode(data)
    first, _, _ = text.lstrip().partition("\n")
    try:
        dialect: type[csv.Dialect] = csv.Sniffer().sniff(text[:8192], delimiters=",;\t|")
    except csv.Error:
        dialect = csv.excel
    # The sniffer guesses from a sample, and may find in it what is not so.
    dialect.doublequote = True
    return _table(text, dialect if dialect.delimiter in first else csv.excel)


def parse_tsv(data: bytes) -> Parsed:
    return _table(decode(data), csv.excel_tab)


def _table(text: str, dialect: type[csv.Dialect]) -> Parsed:
    # A cell may be as long as the file; csv has this limit for the whole process only.
    csv.field_size_limit(max(csv.field_size_limit(), len(text)))
    try:
        lines = csv.reader(io.StringIO(text, newline=None), dialect)
        rows = [row for row in lines if any(map(str.strip, row))]
    except csv.Error as error:
        raise Unreadable(f"damaged: not a table of values ({error})") from None
    return from_blocks(table_blocks(rows))

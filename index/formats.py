"""Bytes of a file to text with headings and pages, by the file's ending."""

from __future__ import annotations

from importlib import import_module
from pathlib import PurePosixPath

from index.parsed import Parsed, Unreadable

# Parsers are imported when a file of their kind is met: some take a second.
PARSERS = {
    ".csv": "index.tables:parse_csv",
    ".docx": "index.word:parse_docx",
    ".htm": "index.web:parse_html",
    ".html": "index.web:parse_html",
    ".markdown": "index.text:parse_markdown",
    ".md": "index.text:parse_markdown",
    ".pdf": "index.pdf:parse_pdf",
    ".text": "index.text:parse_text",
    ".tsv": "index.tables:parse_tsv",
    ".txt": "index.text:parse_text",
}


def parse(path: str, data: bytes) -> Parsed:
    """Read one file. Raises Unreadable with the reason; libraries' own errors pass through."""
    suffix = PurePosixPath(path).suffix.lower()
    if suffix not in PARSERS:
        known = " ".join(sorted(PARSERS))
        raise Unreadable(f"format {suffix or 'without an ending'} is not read; these are: {known}")
    if not data:
        raise Unreadable("empty: the file has no bytes")
    module, _, name = PARSERS[suffix].partition(":")
    parsed: Parsed = getattr(import_module(module), name)(data)
    return parsed

"""Bytes of a file to text with headings and pages, by the file's ending."""

from __future__ import annotations

from importlib import import_module
from pathlib import PurePosixPath

from index.formats.invisible import without_invisible
from index.formats.parsed import Parsed, Unreadable

# Part of the index's fingerprint: raise it when the same file would give another text.
READERS = "readers-1"
# By ending, or by name where there is none: a module, its function, and options after the bytes.
# Parsers are imported when a file of their kind is met: some take a second.
PARSERS = {
    ".adoc": "index.formats.text:parse_plain",
    ".bash": "index.formats.text:parse_plain",
    ".bmp": "index.formats.picture:parse_picture",
    ".c": "index.formats.code:parse_code:c",
    ".cc": "index.formats.code:parse_code:cpp",
    ".cfg": "index.formats.text:parse_plain",
    ".conf": "index.formats.text:parse_plain",
    ".cpp": "index.formats.code:parse_code:cpp",
    ".cs": "index.formats.code:parse_code:csharp",
    ".css": "index.formats.text:parse_plain",
    ".csv": "index.formats.tables:parse_csv",
    ".docx": "index.formats.word:parse_docx",
    ".eml": "index.formats.mail:parse_eml",
    ".epub": "index.formats.book:parse_epub",
    ".go": "index.formats.text:parse_plain",
    ".h": "index.formats.code:parse_code:c",
    ".hpp": "index.formats.code:parse_code:cpp",
    ".htm": "index.formats.web:parse_html",
    ".html": "index.formats.web:parse_html",
    ".ini": "index.formats.text:parse_plain",
    ".ipynb": "index.formats.data_files:parse_ipynb",
    ".java": "index.formats.code:parse_code:java",
    ".jpeg": "index.formats.picture:parse_picture",
    ".jpg": "index.formats.picture:parse_picture",
    ".js": "index.formats.text:parse_plain",
    ".json": "index.formats.data_files:parse_json",
    ".jsonl": "index.formats.data_files:parse_jsonl",
    ".jsx": "index.formats.text:parse_plain",
    ".kt": "index.formats.code:parse_code:kotlin",
    ".log": "index.formats.text:parse_plain",
    ".lua": "index.formats.text:parse_plain",
    ".markdown": "index.formats.text:parse_markdown",
    ".mbox": "index.formats.mail:parse_mbox",
    ".md": "index.formats.text:parse_markdown",
    ".ndjson": "index.formats.data_files:parse_jsonl",
    ".odp": "index.formats.slides:parse_odp",
    ".ods": "index.formats.workbooks:parse_ods",
    ".odt": "index.formats.opendocument:parse_odt",
    ".org": "index.formats.text:parse_plain",
    ".pdf": "index.formats.pdf:parse_pdf",
    ".php": "index.formats.code:parse_code:php",
    ".pl": "index.formats.code:parse_code:perl",
    ".png": "index.formats.picture:parse_picture",
    ".pptx": "index.formats.slides:parse_pptx",
    ".properties": "index.formats.text:parse_plain",
    ".ps1": "index.formats.text:parse_plain",
    ".py": "index.formats.code:parse_code:python",
    ".pyi": "index.formats.code:parse_code:python",
    ".r": "index.formats.text:parse_plain",
    ".rb": "index.formats.code:parse_code:ruby",
    ".rs": "index.formats.code:parse_code:rust",
    ".rst": "index.formats.text:parse_rst",
    ".rtf": "index.formats.rtf:parse_rtf",
    ".scala": "index.formats.code:parse_code:scala",
    ".scss": "index.formats.text:parse_plain",
    ".sh": "index.formats.text:parse_plain",
    ".sql": "index.formats.text:parse_plain",
    ".srt": "index.formats.text:parse_plain",
    ".swift": "index.formats.code:parse_code:swift",
    ".tex": "index.formats.text:parse_plain",
    ".text": "index.formats.text:parse_text",
    ".tif": "index.formats.picture:parse_picture",
    ".tiff": "index.formats.picture:parse_picture",
    ".toml": "index.formats.text:parse_plain",
    ".ts": "index.formats.text:parse_plain",
    ".tsv": "index.formats.tables:parse_tsv",
    ".tsx": "index.formats.text:parse_plain",
    ".txt": "index.formats.text:parse_text",
    ".vtt": "index.formats.text:parse_plain",
    ".webp": "index.formats.picture:parse_picture",
    ".xhtml": "index.formats.web:parse_xhtml",
    ".xls": "index.formats.workbooks:parse_xls",
    ".xlsm": "index.formats.workbooks:parse_xlsx",
    ".xlsx": "index.formats.workbooks:parse_xlsx",
    ".xml": "index.formats.text:parse_plain",
    ".yaml": "index.formats.text:parse_plain",
    ".yml": "index.formats.text:parse_plain",
    "authors": "index.formats.text:parse_text",
    "changelog": "index.formats.text:parse_text",
    "copying": "index.formats.text:parse_text",
    "dockerfile": "index.formats.text:parse_plain",
    "licence": "index.formats.text:parse_text",
    "license": "index.formats.text:parse_text",
    "makefile": "index.formats.text:parse_plain",
    "notice": "index.formats.text:parse_text",
    "readme": "index.formats.text:parse_text",
}


def parse(path: str, data: bytes) -> Parsed:
    """Read one file. Raises Unreadable with the reason; libraries' own errors pass through."""
    file = PurePosixPath(path)
    kind = file.suffix.lower() or file.name.lower()
    if kind not in PARSERS:
        raise Unreadable(f"format {file.suffix.lower() or 'without an ending'} is not read")
    if not data:
        raise Unreadable("empty: the file has no bytes")
    module, name, *options = PARSERS[kind].split(":")
    parsed: Parsed = getattr(import_module(module), name)(data, *options)
    return without_invisible(parsed)

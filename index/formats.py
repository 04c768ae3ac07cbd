"""Bytes of a file to text with headings and pages, by the file's ending."""

from __future__ import annotations

from importlib import import_module
from pathlib import PurePosixPath

from index.invisible import without_invisible
from index.parsed import Parsed, Unreadable

# By ending, or by name where there is none: a module, its function, and options after the bytes.
# Parsers are imported when a file of their kind is met: some take a second.
PARSERS = {
    ".adoc": "index.text:parse_plain",
    ".bash": "index.text:parse_plain",
    ".bmp": "index.picture:parse_picture",
    ".c": "index.code:parse_code:c",
    ".cc": "index.code:parse_code:cpp",
    ".cfg": "index.text:parse_plain",
    ".conf": "index.text:parse_plain",
    ".cpp": "index.code:parse_code:cpp",
    ".cs": "index.code:parse_code:csharp",
    ".css": "index.text:parse_plain",
    ".csv": "index.tables:parse_csv",
    ".docx": "index.word:parse_docx",
    ".eml": "index.mail:parse_eml",
    ".epub": "index.book:parse_epub",
    ".go": "index.text:parse_plain",
    ".h": "index.code:parse_code:c",
    ".hpp": "index.code:parse_code:cpp",
    ".htm": "index.web:parse_html",
    ".html": "index.web:parse_html",
    ".ini": "index.text:parse_plain",
    ".ipynb": "index.data_files:parse_ipynb",
    ".java": "index.code:parse_code:java",
    ".jpeg": "index.picture:parse_picture",
    ".jpg": "index.picture:parse_picture",
    ".js": "index.text:parse_plain",
    ".json": "index.data_files:parse_json",
    ".jsonl": "index.data_files:parse_jsonl",
    ".jsx": "index.text:parse_plain",
    ".kt": "index.code:parse_code:kotlin",
    ".log": "index.text:parse_plain",
    ".lua": "index.text:parse_plain",
    ".markdown": "index.text:parse_markdown",
    ".mbox": "index.mail:parse_mbox",
    ".md": "index.text:parse_markdown",
    ".ndjson": "index.data_files:parse_jsonl",
    ".odp": "index.slides:parse_odp",
    ".ods": "index.workbooks:parse_ods",
    ".odt": "index.opendocument:parse_odt",
    ".org": "index.text:parse_plain",
    ".pdf": "index.pdf:parse_pdf",
    ".php": "index.code:parse_code:php",
    ".pl": "index.code:parse_code:perl",
    ".png": "index.picture:parse_picture",
    ".pptx": "index.slides:parse_pptx",
    ".properties": "index.text:parse_plain",
    ".ps1": "index.text:parse_plain",
    ".py": "index.code:parse_code:python",
    ".pyi": "index.code:parse_code:python",
    ".r": "index.text:parse_plain",
    ".rb": "index.code:parse_code:ruby",
    ".rs": "index.code:parse_code:rust",
    ".rst": "index.text:parse_rst",
    ".rtf": "index.rtf:parse_rtf",
    ".scala": "index.code:parse_code:scala",
    ".scss": "index.text:parse_plain",
    ".sh": "index.text:parse_plain",
    ".sql": "index.text:parse_plain",
    ".srt": "index.text:parse_plain",
    ".swift": "index.code:parse_code:swift",
    ".tex": "index.text:parse_plain",
    ".text": "index.text:parse_text",
    ".tif": "index.picture:parse_picture",
    ".tiff": "index.picture:parse_picture",
    ".toml": "index.text:parse_plain",
    ".ts": "index.text:parse_plain",
    ".tsv": "index.tables:parse_tsv",
    ".tsx": "index.text:parse_plain",
    ".txt": "index.text:parse_text",
    ".vtt": "index.text:parse_plain",
    ".webp": "index.picture:parse_picture",
    ".xhtml": "index.web:parse_xhtml",
    ".xls": "index.workbooks:parse_xls",
    ".xlsm": "index.workbooks:parse_xlsx",
    ".xlsx": "index.workbooks:parse_xlsx",
    ".xml": "index.text:parse_plain",
    ".yaml": "index.text:parse_plain",
    ".yml": "index.text:parse_plain",
    "authors": "index.text:parse_text",
    "changelog": "index.text:parse_text",
    "copying": "index.text:parse_text",
    "dockerfile": "index.text:parse_plain",
    "licence": "index.text:parse_text",
    "license": "index.text:parse_text",
    "makefile": "index.text:parse_plain",
    "notice": "index.text:parse_text",
    "readme": "index.text:parse_text",
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

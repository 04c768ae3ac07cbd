"""Bytes of a file to text with headings and pages, by the file's ending."""

from __future__ import annotations

from importlib import import_module
from pathlib import PurePosixPath

from index.formats.base import Parsed, Unreadable
from index.formats.hidden_characters import without_invisible

# Part of the index's fingerprint: raise it when the same file would give another text.
READERS = "readers-1"
# By ending, or by name where there is none: a module, its function, and options after the bytes.
# Parsers are imported when a file of their kind is met: some take a second.
PARSERS = {
    ".adoc": "index.formats.plain_text:parse_plain",
    ".bash": "index.formats.plain_text:parse_plain",
    ".bmp": "index.formats.pdf.ocr:parse_picture",
    ".c": "index.formats.source_code:parse_code:c",
    ".cc": "index.formats.source_code:parse_code:cpp",
    ".cfg": "index.formats.plain_text:parse_plain",
    ".conf": "index.formats.plain_text:parse_plain",
    ".cpp": "index.formats.source_code:parse_code:cpp",
    ".cs": "index.formats.source_code:parse_code:csharp",
    ".css": "index.formats.plain_text:parse_plain",
    ".csv": "index.formats.tables:parse_csv",
    ".docx": "index.formats.office.docx:parse_docx",
    ".eml": "index.formats.containers.mail:parse_eml",
    ".epub": "index.formats.containers.epub:parse_epub",
    ".go": "index.formats.plain_text:parse_plain",
    ".h": "index.formats.source_code:parse_code:c",
    ".hpp": "index.formats.source_code:parse_code:cpp",
    ".htm": "index.formats.html.page:parse_html",
    ".html": "index.formats.html.page:parse_html",
    ".ini": "index.formats.plain_text:parse_plain",
    ".ipynb": "index.formats.json_files:parse_ipynb",
    ".java": "index.formats.source_code:parse_code:java",
    ".jpeg": "index.formats.pdf.ocr:parse_picture",
    ".jpg": "index.formats.pdf.ocr:parse_picture",
    ".js": "index.formats.plain_text:parse_plain",
    ".json": "index.formats.json_files:parse_json",
    ".jsonl": "index.formats.json_files:parse_jsonl",
    ".jsx": "index.formats.plain_text:parse_plain",
    ".kt": "index.formats.source_code:parse_code:kotlin",
    ".log": "index.formats.plain_text:parse_plain",
    ".lua": "index.formats.plain_text:parse_plain",
    ".markdown": "index.formats.plain_text:parse_markdown",
    ".mbox": "index.formats.containers.mail:parse_mbox",
    ".md": "index.formats.plain_text:parse_markdown",
    ".ndjson": "index.formats.json_files:parse_jsonl",
    ".odp": "index.formats.office.slides:parse_odp",
    ".ods": "index.formats.office.workbooks:parse_ods",
    ".odt": "index.formats.office.opendocument:parse_odt",
    ".org": "index.formats.plain_text:parse_plain",
    ".pdf": "index.formats.pdf.text:parse_pdf",
    ".php": "index.formats.source_code:parse_code:php",
    ".pl": "index.formats.source_code:parse_code:perl",
    ".png": "index.formats.pdf.ocr:parse_picture",
    ".pptx": "index.formats.office.slides:parse_pptx",
    ".properties": "index.formats.plain_text:parse_plain",
    ".ps1": "index.formats.plain_text:parse_plain",
    ".py": "index.formats.source_code:parse_code:python",
    ".pyi": "index.formats.source_code:parse_code:python",
    ".r": "index.formats.plain_text:parse_plain",
    ".rb": "index.formats.source_code:parse_code:ruby",
    ".rs": "index.formats.source_code:parse_code:rust",
    ".rst": "index.formats.plain_text:parse_rst",
    ".rtf": "index.formats.rtf:parse_rtf",
    ".scala": "index.formats.source_code:parse_code:scala",
    ".scss": "index.formats.plain_text:parse_plain",
    ".sh": "index.formats.plain_text:parse_plain",
    ".sql": "index.formats.plain_text:parse_plain",
    ".srt": "index.formats.plain_text:parse_plain",
    ".swift": "index.formats.source_code:parse_code:swift",
    ".tex": "index.formats.plain_text:parse_plain",
    ".text": "index.formats.plain_text:parse_text",
    ".tif": "index.formats.pdf.ocr:parse_picture",
    ".tiff": "index.formats.pdf.ocr:parse_picture",
    ".toml": "index.formats.plain_text:parse_plain",
    ".ts": "index.formats.plain_text:parse_plain",
    ".tsv": "index.formats.tables:parse_tsv",
    ".tsx": "index.formats.plain_text:parse_plain",
    ".txt": "index.formats.plain_text:parse_text",
    ".vtt": "index.formats.plain_text:parse_plain",
    ".webp": "index.formats.pdf.ocr:parse_picture",
    ".xhtml": "index.formats.html.page:parse_xhtml",
    ".xls": "index.formats.office.workbooks:parse_xls",
    ".xlsm": "index.formats.office.workbooks:parse_xlsx",
    ".xlsx": "index.formats.office.workbooks:parse_xlsx",
    ".xml": "index.formats.plain_text:parse_plain",
    ".yaml": "index.formats.plain_text:parse_plain",
    ".yml": "index.formats.plain_text:parse_plain",
    "authors": "index.formats.plain_text:parse_text",
    "changelog": "index.formats.plain_text:parse_text",
    "copying": "index.formats.plain_text:parse_text",
    "dockerfile": "index.formats.plain_text:parse_plain",
    "licence": "index.formats.plain_text:parse_text",
    "license": "index.formats.plain_text:parse_text",
    "makefile": "index.formats.plain_text:parse_plain",
    "notice": "index.formats.plain_text:parse_text",
    "readme": "index.formats.plain_text:parse_text",
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

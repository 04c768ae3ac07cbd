"""Bytes of a file to text with headings and pages, by the file's ending."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto
from hashlib import sha256
from importlib import import_module

from index.formats.base import Parsed, Unreadable
from index.formats.hidden_characters import without_invisible
from index.runtime import few_collections

# Raise it when `parse` itself would give another text; every file is then read again.
_COMMON_VERSION = 1


class Layout(Enum):
    """What line ends and indents mean in the text of a format.

    In PARAGRAPHS a line end inside a paragraph is meant, as in Word and HTML; in WRAPPED text and
    MARKDOWN it may only break a long line. In MARKDOWN, lines that are indented are code.
    """

    PARAGRAPHS = auto()
    WRAPPED = auto()
    MARKDOWN = auto()
    CODE = auto()


@dataclass(frozen=True, slots=True)
class Reader:
    """A parser of one file format.

    `function` is "module:function", which is called with the file's bytes and `option` if there is
    one; it is imported when a file of its format is met, since some take a second. Raise `version`
    when the same file would give another text: the next sync reads the files of this reader again.
    Files of at most `harmless_bytes` need no process of their own: reading them is Python alone,
    and takes half a second at most, whatever is in them.
    """

    function: str
    option: str = ""
    version: int = 1
    layout: Layout = Layout.PARAGRAPHS
    harmless_bytes: int = 0

    @property
    def label(self) -> str:
        """Name and version, which the catalog keeps for each file."""
        name = self.function.partition(":")[2]
        option = f"({self.option})" if self.option else ""
        return f"{name}{option}-{self.version}.{_COMMON_VERSION}"

    def parse(self, data: bytes) -> Parsed:
        """Parse a file's bytes. Raises Unreadable; libraries' own errors pass through."""
        module, _, name = self.function.partition(":")
        options = (self.option,) if self.option else ()
        parsed: Parsed = getattr(import_module(module), name)(data, *options)
        return parsed


def _code(language: str) -> Reader:
    return Reader("index.formats.text.source_code:parse_code", language, layout=Layout.CODE)


def _marked(kind: str) -> Reader:
    function = "index.formats.text.plain_text:parse_marked_headings"
    return Reader(function, kind, layout=Layout.WRAPPED)


_PLAIN = Reader(
    "index.formats.text.plain_text:parse_plain",
    version=2,
    layout=Layout.WRAPPED,
    harmless_bytes=64 << 10,
)
_TEXT = Reader(
    "index.formats.text.plain_text:parse_text",
    version=4,
    layout=Layout.WRAPPED,
    harmless_bytes=64 << 10,
)
_WORD = Reader("index.formats.office.docx:parse_docx", version=4)
_POWERPOINT = Reader("index.formats.office.slides:parse_pptx", version=2)
_NOTEBOOK = Reader("index.formats.text.json_files:parse_ipynb", version=4, layout=Layout.MARKDOWN)
_SUBTITLES = Reader("index.formats.text.transcripts:parse_subtitles", version=2)
_SCRIPT = Reader("index.formats.text.plain_text:parse_plain", version=2, layout=Layout.CODE)
# Its time may grow with the square of the length.
_MARKDOWN = Reader(
    "index.formats.text.markdown:parse_markdown",
    version=4,
    layout=Layout.MARKDOWN,
    harmless_bytes=16 << 10,
)
_PICTURE = Reader("index.formats.pdf.ocr:parse_picture", version=3)
# By ending, or by name where there is no ending; both in lower case.
READERS: Mapping[str, Reader] = {
    ".adoc": _marked("adoc"),
    ".bash": _SCRIPT,
    ".bmp": _PICTURE,
    ".c": _code("c"),
    ".cc": _code("cpp"),
    ".cfg": _PLAIN,
    ".conf": _PLAIN,
    ".cpp": _code("cpp"),
    ".cs": _code("csharp"),
    ".css": _SCRIPT,
    ".csv": Reader("index.formats.delimited:parse_csv", version=3),
    ".docm": _WORD,
    ".docx": _WORD,
    ".dotm": _WORD,
    ".dotx": _WORD,
    ".eml": Reader("index.formats.containers.mail:parse_eml", version=4, layout=Layout.WRAPPED),
    ".epub": Reader("index.formats.containers.epub:parse_epub", version=2),
    ".go": _SCRIPT,
    ".h": _code("c"),
    ".hpp": _code("cpp"),
    ".htm": Reader("index.formats.html.page:parse_html", version=2),
    ".html": Reader("index.formats.html.page:parse_html", version=2),
    ".ics": Reader("index.formats.containers.calendar:parse_calendar"),
    ".ini": _PLAIN,
    ".ipynb": _NOTEBOOK,
    ".java": _code("java"),
    ".jpeg": _PICTURE,
    ".jpg": _PICTURE,
    ".js": _SCRIPT,
    ".json": Reader("index.formats.text.json_files:parse_json"),
    ".jsonl": Reader("index.formats.text.json_files:parse_jsonl"),
    ".jsx": _SCRIPT,
    ".kt": _code("kotlin"),
    ".log": _PLAIN,
    ".lua": _SCRIPT,
    ".markdown": _MARKDOWN,
    ".mbox": Reader("index.formats.containers.mail:parse_mbox", version=4, layout=Layout.WRAPPED),
    ".md": _MARKDOWN,
    ".msg": Reader("index.formats.containers.outlook:parse_msg", layout=Layout.WRAPPED),
    ".ndjson": Reader("index.formats.text.json_files:parse_jsonl"),
    ".odp": Reader("index.formats.office.slides:parse_odp", version=2),
    ".ods": Reader("index.formats.office.workbooks:parse_ods", version=2),
    ".odt": Reader("index.formats.office.odt:parse_odt", version=3),
    ".org": _marked("org"),
    ".pdf": Reader("index.formats.pdf.text:parse_pdf", version=4),
    ".php": _code("php"),
    ".pl": _code("perl"),
    ".png": _PICTURE,
    ".potx": _POWERPOINT,
    ".ppsx": _POWERPOINT,
    ".pptm": _POWERPOINT,
    ".pptx": _POWERPOINT,
    ".properties": _PLAIN,
    ".ps1": _SCRIPT,
    ".py": _code("python"),
    ".pyi": _code("python"),
    ".r": _SCRIPT,
    ".rb": _code("ruby"),
    ".rs": _code("rust"),
    ".rst": Reader("index.formats.text.restructured:parse_rst", version=2, layout=Layout.MARKDOWN),
    ".rtf": Reader("index.formats.office.rtf:parse_rtf", version=2),
    ".scala": _code("scala"),
    ".scss": _SCRIPT,
    ".sh": _SCRIPT,
    ".sql": _SCRIPT,
    ".srt": _SUBTITLES,
    ".swift": _code("swift"),
    ".tex": Reader("index.formats.text.tex:parse_tex"),
    ".text": _TEXT,
    ".tif": _PICTURE,
    ".tiff": _PICTURE,
    ".toml": _PLAIN,
    ".ts": _SCRIPT,
    ".tsv": Reader("index.formats.delimited:parse_tsv", version=3),
    ".tsx": _SCRIPT,
    ".txt": _TEXT,
    ".vtt": _SUBTITLES,
    ".webp": _PICTURE,
    ".xhtml": Reader("index.formats.html.page:parse_xhtml", version=2),
    ".xls": Reader("index.formats.office.workbooks:parse_xls", version=2),
    ".xlsm": Reader("index.formats.office.workbooks:parse_xlsx", version=3),
    ".xlsx": Reader("index.formats.office.workbooks:parse_xlsx", version=3),
    ".xml": Reader("index.formats.text.xml_files:parse_xml"),
    ".yaml": _PLAIN,
    ".yml": _PLAIN,
    "authors": _TEXT,
    "changelog": _TEXT,
    "copying": _TEXT,
    "dockerfile": _SCRIPT,
    "licence": _TEXT,
    "license": _TEXT,
    "makefile": _SCRIPT,
    "notice": _TEXT,
    "readme": _TEXT,
}


def file_kind(path: str) -> str:
    """The key of a file in `READERS`: its ending (".md"), or its name if it has none."""
    name = path[path.rfind("/") + 1 :].lower()
    dot = name.rfind(".")
    return name[dot:] if 0 < dot < len(name) - 1 else name


def layout_of(path: str) -> Layout:
    """What line ends mean in the text of a file."""
    reader = READERS.get(file_kind(path))
    return reader.layout if reader else Layout.WRAPPED


def is_harmless(path: str, size: int) -> bool:
    """Whether a file of so many bytes may be read without limits of time and memory."""
    reader = READERS.get(file_kind(path))
    return reader is not None and size <= reader.harmless_bytes


def reader_label(path: str) -> str:
    """Name and version of the reader of a file; "" if no reader takes it."""
    reader = READERS.get(file_kind(path))
    return reader.label if reader else ""


def registry_digest() -> str:
    """Digest of all readers with their versions; changes when a file may give another text."""
    labels = sorted(f"{kind} {reader.label}" for kind, reader in READERS.items())
    return sha256("\n".join(labels).encode()).hexdigest()[:16]


def parse(path: str, data: bytes) -> Parsed:
    """Read one file. Raises Unreadable with the reason; libraries' own errors pass through."""
    kind = file_kind(path)
    if kind not in READERS:
        ending = kind if kind.startswith(".") else "without an ending"
        raise Unreadable(f"format {ending} is not read")
    if not data:
        raise Unreadable("empty: the file has no bytes")
    with few_collections():
        return without_invisible(READERS[kind].parse(data))

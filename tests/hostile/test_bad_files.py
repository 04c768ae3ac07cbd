"""A corpus of good files and hostile ones: the good are read, each bad one fails with its reason,
and nothing outside the corpus is opened.
"""

from __future__ import annotations

import io
import os
import random
import re
import shutil
import socket
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import docx
import openpyxl
import pytest
from reportlab.lib.pdfencrypt import StandardEncryption
from reportlab.pdfgen.canvas import Canvas

from index.settings import IndexSettings, load_settings
from index.sync.parse_pool import parse_files
from index.sync.parse_worker import CRASHED, OUT_OF_MEMORY
from index.sync.walk import walk
from index.types import Document, Failure

pytestmark = pytest.mark.model
SECRET = "the secret outside of the corpus"
OUTSIDE = "/tmp/footnote-test-outside"
GOOD = [f"good/{number:02}.txt" for number in range(20)]
BINARY = "binary: these bytes are not text"
NO_PDF = "damaged: not a PDF that can be opened"
NO_ZIP = "damaged: its zip container cannot be opened"
BOMB = "packed suspiciously tight, like a zip bomb"
LINK = "symbolic link; links are not followed"
NAME = "file name is not valid UTF-8"


# --- what the files are made of


def zipped(entries: Mapping[str, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in entries.items():
            archive.writestr(name, data)
    return file.getvalue()


def changed(data: bytes, **entries: bytes | Callable[[bytes], bytes]) -> bytes:
    """A container with entries replaced or added; those in folders are named with `__`."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        found = {name: archive.read(name) for name in archive.namelist()}
    for key, entry in entries.items():
        name = key.replace("__", "/").replace("_dot_", ".")
        found[name] = entry(found[name]) if callable(entry) else entry
    return zipped(found)


def word_file(text: str = "Words of the document.") -> bytes:
    document = docx.Document()
    document.add_paragraph(text)
    file = io.BytesIO()
    document.save(file)
    return file.getvalue()


def workbook(text: str = "Words of the sheet.") -> bytes:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["Note"])
    sheet.append([text])
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def book(chapter: str) -> bytes:
    container = (
        '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>'
        '<rootfile full-path="a.opf" media-type="application/oebps-package+xml"/>'
        "</rootfiles></container>"
    )
    package = (
        '<package xmlns="http://www.idpf.org/2007/opf"><metadata/><manifest>'
        '<item id="c" href="c.xhtml" media-type="application/xhtml+xml"/></manifest>'
        '<spine><itemref idref="c"/></spine></package>'
    )
    parts = {
        "mimetype": "application/epub+zip",
        "META-INF/container.xml": container,
        "a.opf": package,
        "c.xhtml": chapter,
    }
    return zipped({name: text.encode() for name, text in parts.items()})


def chapter(doctype: str, text: str) -> str:
    return (
        f'<?xml version="1.0"?>{doctype}<html xmlns="http://www.w3.org/1999/xhtml"><body>'
        f"<p>Words of the chapter. {text}</p></body></html>"
    )


def office(content: str) -> bytes:
    return zipped(
        {
            "mimetype": b"application/vnd.oasis.opendocument.text",
            "content.xml": content.encode(),
        }
    )


def body(doctype: str, text: str) -> str:
    names = "urn:oasis:names:tc:opendocument:xmlns"
    return (
        f'<?xml version="1.0"?>{doctype}<o:document-content xmlns:o="{names}:office:1.0" '
        f'xmlns:t="{names}:text:1.0"><o:body><o:text><t:p>Words of it. {text}</t:p></o:text>'
        "</o:body></o:document-content>"
    )


LAUGHS = "<!DOCTYPE x [<!ENTITY a0 'ha'>{}]>".format(
    "".join(f"<!ENTITY a{n} '{f'&a{n - 1};' * 10}'>" for n in range(1, 11))
)
QUADRATIC = f"<!DOCTYPE x [<!ENTITY a '{'A' * 100_000}'>]>"
EXTERNAL = f"<!DOCTYPE x [<!ENTITY a SYSTEM 'file://{OUTSIDE}/secret.txt'>]>"
FAR = "<!DOCTYPE x SYSTEM 'http://127.0.0.1:9/far.dtd' [<!ENTITY a 'near'>]>"


def with_doctype(doctype: str, entity: str) -> bytes:
    def replaced(xml: bytes) -> bytes:
        start = xml.index(b"<w:document")
        text = xml[start:].replace(b"Words of the document.", b"Words. " + entity.encode(), 1)
        return b'<?xml version="1.0"?>' + doctype.encode() + text

    return changed(word_file(), word__document_dot_xml=replaced)


def overlapping() -> bytes:
    """Many names for one packed piece."""
    data = word_file()
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        first = archive.infolist()[0]
        start = archive.start_dir
    entry_length = 46 + len(first.filename)
    entry = data[start : start + entry_length]
    tail = data[-22:]
    entries = b"".join(
        entry[:46] + f"{number:0{len(first.filename)}}".encode() for number in range(500)
    )
    end = tail[:8] + struct.pack("<HHII", 500, 500, len(entries), start) + tail[20:]
    return data[:start] + entries + end


def lying(data: bytes, name: str) -> bytes:
    """A container whose entry is said to be of 10 bytes, and unpacks to 50 MB."""
    data = changed(data, **{name.replace("/", "__").replace(".", "_dot_"): b"A" * (50 << 20)})
    size = struct.pack("<I", 50 << 20)
    return data.replace(size, struct.pack("<I", 10))


def pdf_of(*objects: bytes, streams: Mapping[int, tuple[bytes, bytes]] | None = None) -> bytes:
    """A PDF of objects from number 1 on; streams have their own dictionary and data."""
    parts, places = [b"%PDF-1.7\n"], list[int]()
    for number, content in enumerate(objects, start=1):
        places.append(sum(map(len, parts)))
        parts.append(b"%d 0 obj\n%b\nendobj\n" % (number, content))
    for number, (entries, data) in sorted((streams or {}).items()):
        assert number == len(places) + 1
        places.append(sum(map(len, parts)))
        head = b"%d 0 obj\n<<%b /Length %d>>\nstream\n" % (number, entries, len(data))
        parts.append(head + data + b"\nendstream\nendobj\n")
    start = sum(map(len, parts))
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    count = len(places) + 1
    parts.append(b"xref\n0 %d\n0000000000 65535 f \n%b" % (count, table))
    parts.append(b"trailer\n<</Size %d /Root 1 0 R>>\nstartxref\n%d\n%%%%EOF" % (count, start))
    return b"".join(parts)


CATALOG = b"<</Type/Catalog/Pages 2 0 R>>"
FONT = b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>"
PAGE = (
    b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 800]/Contents 5 0 R"
    b"/Resources<</Font<</F 4 0 R>>/XObject<</X 6 0 R>>>>>>"
)
WORDS = b"BT /F 12 Tf 72 700 Td (Words of the page.) Tj ET "
ONE_PAGE = (CATALOG, b"<</Type/Pages/Count 1/Kids[3 0 R]>>", PAGE, FONT)


def self_drawing_pdf(times: int) -> bytes:
    form = (
        b"/Type/XObject/Subtype/Form/BBox[0 0 600 800]"
        b"/Resources<</Font<</F 4 0 R>>/XObject<</X 6 0 R>>>>"
    )
    return pdf_of(*ONE_PAGE, streams={5: (b"", WORDS + b"/X Do"), 6: (form, b"/X Do " * times)})


def flate_bomb_pdf() -> bytes:
    spaces = zlib.compress(zlib.compress(b" " * (1 << 30), 9), 9)
    return pdf_of(*ONE_PAGE, streams={5: (b"/Filter[/FlateDecode/FlateDecode]", spaces)})


def endless_tree_pdf() -> bytes:
    tree = b"<</Type/Pages/Count 3/Kids[2 0 R 2 0 R 3 0 R]>>"
    return pdf_of(CATALOG, tree, PAGE, FONT, streams={5: (b"", WORDS)})


def many_pages_pdf() -> bytes:
    kids = b"3 0 R " * 10_001
    tree = b"<</Type/Pages/Count 10001/Kids[%b]>>" % kids
    return pdf_of(CATALOG, tree, PAGE, FONT, streams={5: (b"", WORDS)})


def drawn_pdf(password: str = "") -> bytes:
    file = io.BytesIO()
    canvas = Canvas(file, encrypt=StandardEncryption(password) if password else None)
    canvas.drawString(72, 700, "Words of the page.")
    canvas.save()
    return file.getvalue()


def huge_sheet() -> bytes:
    def declared(xml: bytes) -> bytes:
        return re.sub(rb'<dimension ref="[^"]*"', b'<dimension ref="A1:XFD1048576"', xml)

    return changed(workbook(), xl__worksheets__sheet1_dot_xml=declared)


def far_cell() -> bytes:
    def moved(xml: bytes) -> bytes:
        return xml.replace(b'r="A2"', b'r="XFD1048576"').replace(b'r="2"', b'r="1048576"')

    return changed(workbook(), xl__worksheets__sheet1_dot_xml=moved)


def members() -> bytes:
    names = ["../../climbed.txt", "/abs.txt", "C:\\x.txt", "n" * 4000]
    with zipfile.ZipFile(io.BytesIO(word_file())) as archive:
        found = {name: archive.read(name) for name in archive.namelist()}
    return zipped(found | dict.fromkeys(names, b"climbed"))


# --- the corpus

# Large files are made when they are written, not whenever tests are collected.
Data = bytes | Callable[[], bytes]
JPEG = b"\xff\xd8\xff\xe0\0\x10JFIF\0\x01" + bytes(range(256))
# What fails, by name: its bytes and the reason.
BAD: dict[str, tuple[Data, str]] = {
    "empty/zero.txt": (b"", "empty: the file has no bytes"),
    "empty/mark.txt": (b"\xef\xbb\xbf", "empty: there is no text in it"),
    "empty/mark16.txt": (b"\xff\xfe", "empty: there is no text in it"),
    "empty/white.md": (b" \n\t\r\n", "empty: there is no text in it"),
    "large/line.txt": (
        b"x " * 10_000_001,
        "too large: its text has over 20,000,000 characters",
    ),
    "binary/random.txt": (random.Random(1).randbytes(5000), BINARY),
    "binary/program.md": (b"\x7fELF\x02\x01\x01" + bytes(100), BINARY),
    "binary/zero.txt": (b"text\0text", BINARY),
    "binary/picture.pdf": (JPEG, NO_PDF),
    "binary/half.txt": (
        "naïve é ü ".encode() * 20 + b"\xed\xa0\x80",
        "damaged: byte 260 is not UTF-8; save it as UTF-8",
    ),
    "pdf/broken.pdf": (b"%PDF-1.4 broken", NO_PDF),
    "pdf/cut.pdf": (drawn_pdf()[:600], NO_PDF),
    "pdf/locked.pdf": (drawn_pdf("x"), "needs a password"),
    "pdf/pages.pdf": (many_pages_pdf(), "too large: over 10,000 pages"),
    "pdf/bomb.pdf": (flate_bomb_pdf, CRASHED),
    "pdf/drawing-twice.pdf": (self_drawing_pdf(2), CRASHED),
    "zip/bomb.docx": (lambda: changed(word_file(), word__document_dot_xml=b"A" * (50 << 20)), BOMB),
    "zip/bomb.xlsx": (lambda: changed(workbook(), xl__styles_dot_xml=b"A" * (50 << 20)), BOMB),
    "zip/bomb.epub": (lambda: changed(book(chapter("", "")), c_dot_xhtml=b"A" * (50 << 20)), BOMB),
    "zip/overlap.docx": (overlapping(), "damaged: the entries of its zip container overlap"),
    "zip/lying.docx": (
        lambda: lying(word_file(), "word/document.xml"),
        "damaged: its zip container is broken",
    ),
    "zip/entries.docx": (
        lambda: zipped({f"e{number}": b"" for number in range(10_001)}),
        "too large once unpacked",
    ),
    "zip/text.docx": (b"just text", NO_ZIP),
}
# What is read in spite of all, by name: its bytes and its text.
ODD: dict[str, tuple[Data, str]] = {
    "encoding/latin.txt": ("Le café est fermé à Noël.".encode("latin-1"), "Le café est fermé"),
    "encoding/utf16.txt": ("Le café est fermé.".encode("utf-16"), "Le café est fermé."),
    "pdf/drawing.pdf": (self_drawing_pdf(1), "Words of the page."),
    "pdf/tree.pdf": (endless_tree_pdf(), "Words of the page."),
    "zip/nested.docx": (
        lambda: changed(
            word_file(), word__embeddings__inner_dot_zip=zipped({"a": b"A" * (5 << 20)})
        ),
        "Words of the document.",
    ),
    "zip/members.docx": (members(), "Words of the document."),
    "sheet/declared.xlsx": (huge_sheet(), "Words of the sheet."),
    "web/script.html": (
        b"<body><p>Words of the page.</p><script>"
        + b"x()" * (3 << 20)
        + b"</script><p style='display:none'>Unseen words.</p></body>",
        "Words of the page.",
    ),
    "text/word.txt": (b"x" * (1 << 20), "x" * (1 << 20)),
    "text/marks.txt": (b"?!... --- ;;; !!!", "?!... --- ;;; !!!"),
    "text/same.txt": (b"Text of good/00.txt.", "Text of good/00.txt."),
    "text/SAME.txt": (b"Text of good/00.txt.", "Text of good/00.txt."),
    "names/two\nlines.txt": (b"a name", "a name"),
    "names/\x1b[31mred.txt": (b"a name", "a name"),
    "names/<script>.txt": (b"a name", "a name"),
    "names/\u202etxt.exe.txt": (b"a name", "a name"),
    "names/" + "n" * 251 + ".txt": (b"a name", "a name"),
}
# What may fail or be read, but neither opens what is outside nor ends in words of its own.
HOSTILE: dict[str, Data] = {
    "xml/laughs.docx": with_doctype(LAUGHS, "&a10;"),
    "xml/quadratic.docx": with_doctype(QUADRATIC, "&a;" * 20_000),
    "xml/external.docx": with_doctype(EXTERNAL, "&a;"),
    "xml/far.docx": with_doctype(FAR, "&a;"),
    "xml/laughs.epub": book(chapter(LAUGHS, "&a10;")),
    "xml/external.epub": book(chapter(EXTERNAL, "&a;")),
    "xml/laughs.odt": office(body(LAUGHS, "&a10;")),
    "xml/external.odt": office(body(EXTERNAL, "&a;")),
    "xml/external.xhtml": chapter(EXTERNAL, "&a;").encode(),
    "xml/laughs.xhtml": chapter(LAUGHS, "&a10;").encode(),
    "xml/laughs.html": chapter(LAUGHS, "&a10;").encode(),
    "web/nested.html": b"<div>" * 100_000 + b"<p>Words.</p>" + b"</div>" * 100_000,
    "sheet/far.xlsx": far_cell(),
    "zip/lying.xlsx": lambda: lying(workbook(), "xl/worksheets/sheet1.xml"),
    "data/deep.json": b"[" * 100_000 + b"]" * 100_000,
    "data/half.json": b'{"name": "half \\ud800 a character"}',
}
LISTED = {
    "links/passwd.txt": LINK,
    "links/etc": LINK,
    "links/loop": LINK,
    "odd/pipe.txt": "pipe, not a file",
    "odd/socket.txt": "socket, not a file",
    "odd/caf\\xe9.txt": NAME,
    "large/sparse.txt": "too large: 5120 MB, the limit is 50 MB",
    "large/line-of-200-mb.txt": "too large: 200 MB, the limit is 50 MB",
    "gone.txt": "cannot be read: No such file or directory",
}


def fill(corpus: Path) -> None:
    files: dict[str, Data] = {name: f"Text of {name}.".encode() for name in GOOD}
    files |= {name: data for name, (data, _) in (BAD | ODD).items()} | HOSTILE
    files |= {"gone.txt": b"soon gone", "changed.txt": b"before"}
    for name, data in files.items():
        (corpus / name).parent.mkdir(parents=True, exist_ok=True)
        (corpus / name).write_bytes(data() if callable(data) else data)
    for folder in ("links", "odd"):
        (corpus / folder).mkdir()
    (corpus / "links" / "passwd.txt").symlink_to("/etc/passwd")
    (corpus / "links" / "etc").symlink_to("/etc")
    (corpus / "links" / "loop").symlink_to(".")
    os.mkfifo(corpus / "odd" / "pipe.txt")
    Path(os.fsdecode(os.fsencode(corpus / "odd") + b"/caf\xe9.txt")).write_bytes(b"a name")
    for name, size in (("sparse.txt", 5 << 30), ("line-of-200-mb.txt", 200 << 20)):
        with (corpus / "large" / name).open("wb") as file:
            file.truncate(size)


Results = dict[str, Document | Failure]


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Results]:
    """What became of each file of the corpus."""
    outside = Path(OUTSIDE)
    outside.mkdir(exist_ok=True)
    (outside / "secret.txt").write_text(SECRET, encoding="utf-8")
    corpus = tmp_path_factory.mktemp("bad") / "corpus"
    corpus.mkdir()
    fill(corpus)
    before = os.open(".", os.O_RDONLY)
    os.chdir(corpus / "odd")  # a socket's path may have 107 bytes at most
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("socket.txt")
        os.fchdir(before)
        os.close(before)
        entries, failures = walk(corpus)
        (corpus / "gone.txt").unlink()
        (corpus / "changed.txt").write_bytes(b"after that")
        found = list(parse_files(corpus, entries, load_settings(IndexSettings, parse_seconds=60)))
    yield {
        **{failure.path: failure for failure in failures},
        **{item.entry.path: item.result for item in found},
    }
    shutil.rmtree(outside)


def test_load_every_file_is_told_of(results: Results) -> None:
    names = {*GOOD, *BAD, *ODD, *HOSTILE, *LISTED, "changed.txt"}
    assert set(results) == names


@pytest.mark.parametrize("name", GOOD)
def test_load_good_file_among_bad_ones_is_read(results: Results, name: str) -> None:
    result = results[name]
    assert isinstance(result, Document)
    assert result.text == f"Text of {name}."


@pytest.mark.parametrize("name", [*BAD, *LISTED])
def test_load_bad_file_fails_with_its_reason(results: Results, name: str) -> None:
    reason = LISTED.get(name) or BAD[name][1]
    assert results[name] == Failure(name, reason)


@pytest.mark.parametrize("name", ODD)
def test_load_odd_file_is_read(results: Results, name: str) -> None:
    result = results[name]
    assert isinstance(result, Document), result
    assert ODD[name][1] in result.text
    assert "Unseen" not in result.text


def test_load_file_changed_since_the_walk_is_read_as_it_is_now(results: Results) -> None:
    result = results["changed.txt"]
    assert isinstance(result, Document)
    assert result.text == "after that"


@pytest.mark.parametrize("name", HOSTILE)
def test_load_hostile_file_gives_no_more_than_its_own_words(results: Results, name: str) -> None:
    result = results[name]
    if isinstance(result, Document):
        assert len(result.text) < 1_000
    else:
        assert result.reason not in {OUT_OF_MEMORY, CRASHED}
        assert "seconds" not in result.reason


def test_load_nothing_outside_is_read_or_written(
    results: Results, tmp_path_factory: pytest.TempPathFactory
) -> None:
    for result in results.values():
        if isinstance(result, Document):
            assert SECRET not in result.text
            assert "root:" not in result.text
    assert list(tmp_path_factory.getbasetemp().rglob("climbed*")) == []

"""More hostile files, of other kinds: made to cost much wherever they are read."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Callable, Mapping

from index.sync.parse_worker import OUT_OF_MEMORY

BROKEN_XML = "damaged: its XML is broken, nested too deep, or made to grow without end"
OUTSIDE = "/tmp/footnote-test-outside"
Data = Callable[[], bytes]


def zipped(entries: Mapping[str, str]) -> bytes:
    """A container of these texts."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in entries.items():
            archive.writestr(name, text)
    return file.getvalue()


def _spine() -> bytes:
    """A book that names its one chapter 100,000 times."""
    container = (
        '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>'
        '<rootfile full-path="a.opf" media-type="application/oebps-package+xml"/>'
        "</rootfiles></container>"
    )
    package = (
        '<package xmlns="http://www.idpf.org/2007/opf"><metadata/><manifest>'
        '<item id="c" href="c.xhtml" media-type="application/xhtml+xml"/></manifest><spine>'
        + '<itemref idref="c"/>' * 100_000
        + "</spine></package>"
    )
    chapter = '<html xmlns="http://www.w3.org/1999/xhtml"><body><p>{}</p></body></html>'
    return zipped(
        {
            "mimetype": "application/epub+zip",
            "META-INF/container.xml": container,
            "a.opf": package,
            "c.xhtml": chapter.format("The ship sails on the ninth of May. " * 300),
        }
    )


def _word(body: str) -> bytes:
    names = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
    main = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
    relation = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument"
    return zipped(
        {
            "[Content_Types].xml": (
                '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
                '<Default Extension="rels" ContentType='
                '"application/vnd.openxmlformats-package.relationships+xml"/>'
                f'<Override PartName="/word/document.xml" ContentType="{main}"/></Types>'
            ),
            "_rels/.rels": (
                "<Relationships xmlns="
                '"http://schemas.openxmlformats.org/package/2006/relationships">'
                f'<Relationship Id="r" Type="{relation}" Target="word/document.xml"/>'
                "</Relationships>"
            ),
            "word/document.xml": f"<w:document {names}><w:body>{body}</w:body></w:document>",
        }
    )


def _nested_tables(depth: int) -> bytes:
    start = "<w:tbl><w:tr><w:tc>"
    words = "<w:p><w:r><w:t>Words in the innermost cell.</w:t></w:r></w:p>"
    return _word(start * depth + words + "</w:tc></w:tr></w:tbl>" * depth)


def _wide_span() -> bytes:
    cell = (
        '<w:tc><w:tcPr><w:gridSpan w:val="2000000000"/></w:tcPr>'
        "<w:p><w:r><w:t>Wide</w:t></w:r></w:p></w:tc>"
    )
    return _word(f"<w:tbl><w:tr>{cell}{cell}</w:tr><w:tr>{cell}{cell}</w:tr></w:tbl>")


def _repeated_cells() -> bytes:
    """A sheet of OpenDocument whose one cell stands for 17 billion."""
    name = "urn:oasis:names:tc:opendocument:xmlns"
    content = (
        f'<o:document-content xmlns:o="{name}:office:1.0" xmlns:t="{name}:table:1.0" '
        f'xmlns:x="{name}:text:1.0"><o:body><o:spreadsheet><t:table t:name="S">'
        '<t:table-row t:number-rows-repeated="1048576">'
        '<t:table-cell t:number-columns-repeated="16384"><x:p>same</x:p></t:table-cell>'
        "</t:table-row></t:table></o:spreadsheet></o:body></o:document-content>"
    )
    kind = "application/vnd.oasis.opendocument.spreadsheet"
    return zipped({"mimetype": kind, "content.xml": content})


def _mail(depth: int) -> bytes:
    """A mail in a mail in a mail."""
    inner = b"Subject: the innermost\r\n\r\nWords of the innermost mail.\r\n"
    for _ in range(depth):
        inner = b"Content-Type: message/rfc822\r\n\r\n" + inner
    return b"From: a@example.org\r\nSubject: nested\r\nMIME-Version: 1.0\r\n" + inner


def _attachments(count: int) -> bytes:
    head = b"From: a@example.org\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b"
    part = b"\r\n--b\r\nContent-Disposition: attachment; filename=a.bin\r\n\r\nAAAA"
    text = b"\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nWords of the mail."
    return head + text + part * count + b"\r\n--b--\r\n"


def _picture(width: int, height: int) -> bytes:
    """A PNG of a few bytes that says to be so large."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(kind + data))
        return struct.pack(">I", len(data)) + kind + data + check

    head = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    rows = zlib.compress(bytes(1_000_000))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def _looping_pdf() -> bytes:
    """A PDF whose table of places says that the one before it is itself."""
    body = b"%PDF-1.4\n1 0 obj\n<</Type/Catalog/Pages 1 0 R>>\nendobj\n"
    start = len(body)
    table = b"xref\n0 2\n0000000000 65535 f \n0000000009 00000 n \n"
    return (
        body
        + table
        + b"trailer<</Size 2/Root 1 0 R/Prev %d>>\nstartxref\n%d\n%%%%EOF"
        % (
            start,
            start,
        )
    )


def _events(count: int) -> bytes:
    event = (
        "BEGIN:VEVENT\r\nSUMMARY:Rehearsal\r\nDTSTART:20260101T100000Z\r\n"
        "RRULE:FREQ=SECONDLY;INTERVAL=1\r\nEND:VEVENT\r\n"
    )
    return f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\n{event * count}END:VCALENDAR\r\n".encode()


# By name: what makes the bytes, and why it is not read, or "" where it is.
FILES: dict[str, tuple[Data, str]] = {
    "runs/ampersands.txt": (lambda: b"&" * 5_000_000, ""),
    "runs/chinese.txt": (lambda: ("船在五月九日启航" * 125_000).encode(), ""),
    "runs/accents.txt": (lambda: ("e" + "\u0301" * 1_500_000).encode(), ""),
    "runs/code.py": (lambda: b"x = [" + b"1," * 3_000_000 + b"]", ""),
    "nested/quotes.md": (lambda: b">" * 50_000 + b" Words.", ""),
    "nested/brackets.md": (lambda: b"[" * 200_000 + b"Words." + b"](" * 100_000, ""),
    "nested/emphasis.md": (lambda: b"*a _b " * 200_000, ""),
    "nested/list.md": (lambda: b"".join(b" " * 2 * n + b"- item\n" for n in range(3_000)), ""),
    "nested/groups.rtf": (
        lambda: b"{\\rtf1 " + b"{" * 500_000 + b"Words." + b"}" * 500_001,
        "",
    ),
    "nested/groups.tex": (lambda: b"{" * 500_000 + b"Words." + b"}" * 500_000, ""),
    "nested/tags.xml": (lambda: b"<a>" * 300_000 + b"Words." + b"</a>" * 300_000, ""),
    "nested/tables.docx": (
        lambda: _nested_tables(5_000),
        BROKEN_XML,
    ),
    "nested/mails.eml": (lambda: _mail(3_000), "damaged: it is nested too deep"),
    "grown/spine.epub": (_spine, ""),
    "grown/span.docx": (_wide_span, ""),
    "grown/cells.ods": (_repeated_cells, "too large: its sheets have over 1,000,000 cells"),
    "grown/span.html": (
        lambda: (
            b"<table><tr><td colspan=2000000000 rowspan=2000000000>Wide</td></tr>"
            b"<tr><td>Words.</td></tr></table>"
        ),
        "",
    ),
    "grown/macro.tex": (lambda: b"\\def\\a{\\a\\a}Words.\\a" + b"\\input{/etc/passwd}", ""),
    "grown/picture.png": (lambda: _picture(60_000, 60_000), "too large: over 100,000,000 pixels"),
    "many/columns.csv": (lambda: b"," * 2_000_000 + b"\n" + b"1," * 1_000_000, ""),
    "many/quote.csv": (lambda: b'name,note\n"' + b"an open quote, " * 400_000, OUT_OF_MEMORY),
    "many/attachments.eml": (lambda: _attachments(50_000), ""),
    "many/attributes.html": (
        lambda: b"<p " + b"".join(b"a%d=1 " % number for number in range(60_000)) + b">Words.</p>",
        "",
    ),
    "many/events.ics": (lambda: _events(40_000), "too large: a calendar of over 10,000 events"),
    "many/digits.json": (lambda: b'{"number": ' + b"9" * 3_000_000 + b"}", ""),
    "odd/loop.pdf": (_looping_pdf, "empty: there is no text in it"),
    "odd/include.rst": (lambda: f".. include:: {OUTSIDE}/secret.txt\n\nWords.\n".encode(), ""),
}

"""EPUB: chapters in reading order under their titles; what is missing, locked or no book."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest

from index.formats.base import Unreadable
from index.formats.registry import parse

pytestmark = pytest.mark.unit
SHARED = Path(__file__).parents[4].parent / "shared" / "data"
needs_shared = pytest.mark.skipif(not SHARED.is_dir(), reason="needs ../shared/data")

CONTAINER = (
    '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>'
    '<rootfile full-path="OEBPS/book.opf"/></rootfiles></container>'
)
PACKAGE = """<?xml version="1.0"?><!DOCTYPE package [<!ENTITY e SYSTEM "file:///etc/hostname">]>
<package xmlns="http://www.idpf.org/2007/opf"><metadata
 xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>The
 Book</dc:title></metadata><manifest>
<item id="n" href="nav.xhtml" media-type="application/xhtml+xml" properties="nav"/>
<item id="x" href="toc.ncx" media-type="application/x-dtbncx+xml"/>
<item id="b" href="text/b%20two.xhtml" media-type="application/xhtml+xml"/>
<item id="a" href="text/a.xhtml" media-type="application/xhtml+xml"/>
<item id="c" href="text/c.xhtml" media-type="application/xhtml+xml"/>
<item id="p" href="p.png" media-type="image/png"/></manifest>
<spine><itemref idref="n"/><itemref idref="p"/><itemref idref="b"/><itemref idref="zz"/>
<itemref idref="a"/><itemref idref="c"/></spine></package>"""
NCX = (
    '<ncx xmlns="http://www.daisy.org/z3986/2005/ncx/"><navMap><navPoint><navLabel><text>From '
    'the contents</text></navLabel><content src="text/a.xhtml#x"/></navPoint></navMap></ncx>'
)
TWO = (
    '<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml"><head><title/></head><body>'
    '<h1 id="h"><a id="x"/>Second&nbsp;first</h1><p>Short.</p><p hidden="hidden">Gone.</p>'
    "<h2>Part</h2><p>End.</p></body></html>"
)
ONE = '<html xmlns="http://www.w3.org/1999/xhtml"><body><p>No heading &e; here.</p></body></html>'


def book(**changes: str | None) -> bytes:
    entries: dict[str, str | None] = {
        "META-INF/container.xml": CONTAINER,
        "OEBPS/book.opf": PACKAGE,
        "OEBPS/nav.xhtml": "<html><nav><a href='text/a.xhtml'>Ignored</a></nav></html>",
        "OEBPS/toc.ncx": NCX,
        "OEBPS/text/a.xhtml": ONE,
        "OEBPS/text/b two.xhtml": TWO,
        "OEBPS/text/c.xhtml": "<html><body><img src='x.png'/></body></html>",
        **{name.replace("__", "/"): text for name, text in changes.items()},
    }
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, text in entries.items():
            if text is not None:
                archive.writestr(name, text)
    return file.getvalue()


def test_parse_epub_gives_chapters_in_reading_order_under_their_titles() -> None:
    without_nav = PACKAGE.replace(' properties="nav"', "").replace('<itemref idref="n"/>', "")
    parsed = parse("a.epub", book(**{"OEBPS/book.opf": without_nav}))
    assert parsed.text.split("\n\n") == [
        "Second first",
        "Short.",
        "Part",
        "End.",
        "From the contents",
        "No heading &e; here.",
    ]
    assert [(h.level, h.text, parsed.text[h.start :][:4]) for h in parsed.headings] == [
        (1, "Second first", "Seco"),
        (2, "Part", "Part"),
        (1, "From the contents", "From"),
    ]
    assert (parsed.title, parsed.hidden, parsed.notes) == ("The Book", 5, ())


def test_parse_epub_table_of_contents_is_no_chapter_but_names_them() -> None:
    parsed = parse("a.epub", book())
    assert [heading.text for heading in parsed.headings] == ["Second first", "Part", "Ignored"]
    assert parsed.text.count("Ignored") == 1


def test_parse_epub_missing_chapter_is_noted() -> None:
    parsed = parse("a.epub", book(**{"OEBPS/text/a.xhtml": None}))
    assert parsed.notes == ("a chapter is missing: OEBPS/text/a.xhtml",)
    assert parsed.text.startswith("Second first\n\nShort.")


def locked(algorithm: str) -> str:
    return (
        '<encryption xmlns:e="http://www.w3.org/2001/04/xmlenc#"><e:EncryptedData>'
        f'<e:EncryptionMethod Algorithm="{algorithm}"/></e:EncryptedData></encryption>'
    )


def test_parse_epub_mangled_fonts_do_not_lock_it() -> None:
    entry = locked("http://www.idpf.org/2008/embedding")
    assert "Short." in parse("a.epub", book(**{"META-INF/encryption.xml": entry})).text


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        pytest.param(b"words", "damaged: its zip container cannot be opened", id="no zip"),
        pytest.param(
            book(**{"META-INF/container.xml": None}),
            "damaged: not a book, META-INF/container.xml is missing",
            id="another zip",
        ),
        pytest.param(
            book(**{"META-INF/container.xml": "<a/>"}),
            "damaged: not a book, its container names no package",
            id="no package",
        ),
        pytest.param(
            book(**{"OEBPS/book.opf": None}),
            "damaged: not a book, OEBPS/book.opf is missing",
            id="package missing",
        ),
        pytest.param(
            book(**{"OEBPS/book.opf": "words"}),
            "damaged: OEBPS/book.opf in the book is not XML",
            id="no XML",
        ),
        pytest.param(
            book(**{"META-INF/encryption.xml": locked("http://www.w3.org/2001/04/xmlenc#aes256")}),
            "protected: the book is locked to a reader or a shop",
            id="locked",
        ),
        pytest.param(
            book(**{"OEBPS/text/a.xhtml": None, "OEBPS/text/b two.xhtml": None}),
            "empty: the book has no chapters with text",
            id="pictures alone",
        ),
    ],
)
def test_parse_epub_what_is_no_readable_book_is_refused(data: bytes, reason: str) -> None:
    with pytest.raises(Unreadable, match=f"^{reason}$"):
        parse("a.epub", data)


@needs_shared
def test_parse_epub_real_book_has_its_chapters() -> None:
    parsed = parse("a.epub", (SHARED / "formats" / "mit_test.epub").read_bytes())
    assert parsed.title == "Test EPUB Document"
    assert [heading.text for heading in parsed.headings] == [
        "Chapter 1: Test Content",
        "Chapter 2: More Content",
    ]
    first, second = parsed.text.split("\n\nChapter 2: More Content\n\n")
    assert first.endswith("It includes:\n\n- A bullet point\n- Another point")
    assert second == (
        "Here's a second chapter with a different style.\n\nThis is a blockquote for testing."
    )

"""PDF to text with pages: what a reader of the page sees, joined into paragraphs."""

from __future__ import annotations

import ctypes
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from typing import TYPE_CHECKING

from index.formats.base import Parsed, Unreadable, left_out
from index.formats.pdf import ocr
from index.formats.pdf.aligned import with_columns
from index.formats.pdf.forms import with_form_values
from index.formats.pdf.geometry import (
    WHOLE,
    Rect,
    object_rect,
    objects,
    origin,
    text_object,
    turn_upright,
    type_size,
)
from index.formats.pdf.hidden import unseen
from index.formats.pdf.page_items import DIVIDED, PageTable, TextLine
from index.formats.pdf.paragraphs import join_pages
from index.formats.pdf.ruled import with_ruled_tables
from index.formats.pdf.words import WordLine, is_right_to_left, word_lines
from index.formats.readings import Read

if TYPE_CHECKING:
    from pypdfium2 import PdfDocument, PdfPage, PdfTextPage

_PAGES = 10_000
_ALEF_LAM = re.compile("[اأإآٱ]ل")
# Smaller pictures, of this share of the page, hardly ever hold sentences.
_PICTURE_SHARE = 0.1
# What programs write for a title that was not given.
_NO_TITLES = {"untitled", "anonymous", "unspecified"}
# Digits this much smaller than the type before and raised by this much of it are superscripts.
_RAISED_SCALE = 0.85
_RAISED = 0.15
_DIGITS = frozenset("0123456789")
_SUPERSCRIPTS = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


@dataclass(frozen=True, slots=True)
class _PdfPage:
    """Lines of a page in reading order, how many hidden characters it has, and its pictures."""

    lines: Sequence[TextLine | PageTable] = ()
    hidden: int = 0
    pictures: Sequence[Rect] = ()
    damaged: bool = False


def parse_pdf(data: bytes) -> Parsed:
    """The text of a PDF; pictures are read where the extra `ocr` is installed, else noted.

    Raises Unreadable for damage, a password, or no text.
    """
    pdf = open_pdf(data)
    if pdf.get_formtype():
        pdf.init_forms()
    pages = [_read(pdf, number) for number in range(len(pdf))]
    pictures = [(n, rect) for n, page in enumerate(pages) for rect in page.pictures]
    # Pages without any text come first, since not all may be read.
    pictures.sort(key=lambda picture: (bool(pages[picture[0]].lines), picture))
    lines = [page.lines for page in pages]
    try:
        read = ocr.read_pictures(data, [partial(_rendered, pdf, *picture) for picture in pictures])
    except MemoryError:
        if not any(lines):
            raise
        read = ocr.PicturesRead(())  # what pictures need is no reason to lose the text beside them
    for (number, rect), one in zip(pictures, read.found, strict=False):
        lines[number] = _with_picture(lines[number], one, rect, pdf[number].get_height())
    if not any(lines):
        raise Unreadable(_no_text(pages, pictures))
    title = (pdf.get_metadata_dict().get("Title") or "").strip()
    parsed = join_pages(lines, "" if title.lower().strip("()") in _NO_TITLES else title)
    attached = left_out("attached file", pdf.count_attachments())
    unread = _notes(pages, pictures[len(read.found) :], read.unread)
    hidden = sum(page.hidden for page in pages)
    notes = (*parsed.notes, *unread, *attached)
    return replace(parsed, hidden=hidden, notes=notes, goes_on=read.goes_on)


def open_pdf(data: bytes) -> PdfDocument:
    """A document of pypdfium2. Raises Unreadable for damage, a password, or too many pages."""
    import pypdfium2

    try:
        pdf = pypdfium2.PdfDocument(data)
    except pypdfium2.PdfiumError as error:
        if "password" in str(error).lower():
            raise Unreadable("needs a password") from None
        raise Unreadable("damaged: not a PDF that can be opened") from None
    if len(pdf) > _PAGES:
        raise Unreadable(f"too large: over {_PAGES:,} pages")
    return pdf


def characters(page: PdfPage, textpage: PdfTextPage) -> tuple[list[str], int]:
    """What each character of a page reads as, and how many that nobody sees were left out.

    Those left out are '', and line ends are newlines or, within a divided word, DIVIDED.
    """
    chars = [_readable(code) for code in _codes(textpage)]
    hidden = 0
    for index in unseen(page, textpage):
        hidden += bool(chars[index].strip())
        chars[index] = ""
    _raise_digits(textpage, chars)
    for match in _ALEF_LAM.finditer("".join(char or "\0" for char in chars)):
        # PDFium turns right-to-left text around by characters, also the two of one sign.
        one, other = match.start(), match.start() + 1
        if origin(textpage, one) == origin(textpage, other):
            chars[one], chars[other] = chars[other], chars[one]
    return chars, hidden


def _codes(textpage: PdfTextPage) -> Sequence[int]:
    """The code of each character of a page."""
    import pypdfium2.raw as pdfium

    raw = textpage.raw
    count = pdfium.FPDFText_CountChars(raw)
    # All at once where PDFium gives all: one by one takes a fifth of the time of a long file.
    buffer = (ctypes.c_ushort * (count + 1))()
    if pdfium.FPDFText_GetText(raw, 0, count, buffer) == count + 1:
        codes: list[int] = buffer[:count]
        return codes
    code = pdfium.FPDFText_GetUnicode
    return [code(raw, index) for index in range(count)]


@cache
def _readable(code: int) -> str:
    char = chr(code)
    if char in "\x02\ufffe\u00ad":
        return DIVIDED
    if char == "\n" or char.isprintable():
        # Symbol fonts have their bullet in Unicode's private area, which is not printable.
        return char
    return "•" if char == "\uf0b7" else " " if char.isspace() and char != "\r" else ""


def _raise_digits(textpage: PdfTextPage, chars: list[str]) -> None:
    """Make raised digits right behind other type superscripts, which are apart from numbers."""
    before: int | None = None
    for at, char in enumerate(chars):
        if not char.strip():
            before = None if char else before
        elif before is not None and char in _DIGITS and _is_raised(textpage, before, at):
            chars[at] = char.translate(_SUPERSCRIPTS)
        else:
            before = at


def _is_raised(textpage: PdfTextPage, before: int, at: int) -> bool:
    """Whether a character is smaller than the one before it and stands above its base line."""
    if text_object(textpage, before) == text_object(textpage, at):
        return False  # what is drawn at once is of one size
    size = type_size(textpage, before)
    if type_size(textpage, at) >= _RAISED_SCALE * size:
        return False
    low, high = origin(textpage, before)[1], origin(textpage, at)[1]
    return abs(high - low) >= _RAISED * size


def _read(pdf: PdfDocument, number: int) -> _PdfPage:
    import pypdfium2

    try:
        page = pdf[number]
        textpage = page.get_textpage()
    except pypdfium2.PdfiumError:
        return _PdfPage(damaged=True)
    if turn_upright(page) != page.get_rotation():
        textpage = page.get_textpage()
    chars, hidden = characters(page, textpage)
    words = with_form_values(pdf, page, word_lines(page, textpage, chars))
    width, height = page.get_size()
    places = [
        (x / width, line.top / height)
        for line in words
        for x in (line.words[0].left, line.words[-1].right)
    ]
    items: Sequence[WordLine | PageTable] = words
    if not is_right_to_left(words):
        items = list(_with_aligned(with_ruled_tables(page, words)))
    lines = [item if isinstance(item, PageTable) else _line(item) for item in items]
    last = lines[-1] if lines else None
    if isinstance(last, TextLine) and re.search(r"[^\W\d_]-$", last.text):
        # PDFium tells a divided word by what follows on the same page.
        lines[-1] = replace(last, text=last.text[:-1] + DIVIDED)
    return _PdfPage(lines, hidden, _pictures(page, places))


def _with_aligned(items: Sequence[WordLine | PageTable]) -> Iterator[WordLine | PageTable]:
    run = list[WordLine]()
    for item in items:
        if isinstance(item, WordLine):
            run.append(item)
            continue
        yield from with_columns(run)
        yield item
        run = []
    yield from with_columns(run)


def _line(line: WordLine) -> TextLine:
    size = line.size
    return TextLine(
        line.text, line.top, line.bottom, max(size, 1.0), size,
        left=line.words[0].left, bold=line.bold, slanted=line.slanted,
    )  # fmt: skip


def _pictures(page: PdfPage, text: Sequence[tuple[float, float]]) -> list[Rect]:
    """Places that may hold text as a picture: the page if it has none, large pictures without."""
    import pypdfium2.raw as pdfium

    if not text:
        drawn = any(item.type != pdfium.FPDF_PAGEOBJ_TEXT for item in page.get_objects())
        return [WHOLE] if drawn else []
    rects = [object_rect(page, item) for item in objects(page, pdfium.FPDF_PAGEOBJ_IMAGE)]
    return [
        (left, top, right, bottom)
        for left, top, right, bottom in dict.fromkeys(rects)
        if (right - left) * (bottom - top) >= _PICTURE_SHARE
        if not any(left <= x <= right and top <= y <= bottom for x, y in text)
    ]


def _rendered(pdf: PdfDocument, number: int, rect: Rect) -> ocr.Picture:
    """A place of a page as a picture."""
    page = pdf[number]
    width, height = page.get_size()
    left, top, right, bottom = (
        rect[0] * width,
        rect[1] * height,
        (1 - rect[2]) * width,
        (1 - rect[3]) * height,
    )
    crop = tuple(max(margin, 0.0) for margin in (left, bottom, right, top))
    longest = max(width - crop[0] - crop[2], height - crop[1] - crop[3], 1.0)
    picture: ocr.Picture = page.render(scale=ocr.PIXELS / longest, crop=crop).to_numpy()
    return picture[:, :, :3]


def _with_picture(
    lines: Sequence[TextLine | PageTable], read: Read, rect: Rect, height: float
) -> Sequence[TextLine | PageTable]:
    """Lines of a page with those of a picture in their place."""
    top, scale = rect[1] * height, (rect[3] - rect[1]) * height / read.height
    added = [
        replace(
            line,
            top=top + line.top * scale,
            bottom=top + line.bottom * scale,
            height=line.height * scale,
        )
        for line in read.lines
    ]
    before = [line for line in lines if line.bottom <= top]
    return [*before, *added, *(line for line in lines if line.bottom > top)]


def _no_text(pages: Sequence[_PdfPage], pictures: Sequence[object]) -> str:
    if pictures:
        return f"no text layer: its pages are pictures; {ocr.why_not()}"
    if any(page.hidden for page in pages):
        return "empty: all of its text is hidden"
    damaged = any(page.damaged for page in pages)
    return "damaged: its pages cannot be opened" if damaged else "empty: there is no text in it"


def _notes(
    pages: Sequence[_PdfPage], unread: Sequence[tuple[int, Rect]], how: str
) -> Iterator[str]:
    damaged = [number for number, page in enumerate(pages, start=1) if page.damaged]
    whole = sorted({number + 1 for number, _ in unread if not pages[number].lines})
    part = sorted({number + 1 for number, _ in unread if pages[number].lines})
    if whole:
        yield f"{_listed(whole)} {'is a picture' if len(whole) == 1 else 'are pictures'}, {how}"
    if part:
        yield f"pictures on {_listed(part)} were {how}"
    if damaged:
        yield f"{_listed(damaged)} cannot be opened"


def _listed(pages: Sequence[int]) -> str:
    """Page numbers, rising, in words: 'page 4', 'pages 3-5, 9'."""
    runs = list[list[int]]()
    for page in pages:
        if runs and runs[-1][-1] == page - 1:
            runs[-1].append(page)
        else:
            runs.append([page])
    shown = ", ".join(f"{run[0]}-{run[-1]}" if len(run) > 1 else f"{run[0]}" for run in runs)
    return f"page{'s' if len(pages) > 1 else ''} {shown}"

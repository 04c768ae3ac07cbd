"""PDF to text with pages: what a reader of the page sees, joined into paragraphs."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from index.formats.base import Parsed, Unreadable
from index.formats.pdf import ocr
from index.formats.pdf.geometry import (
    WHOLE,
    Rect,
    object_rect,
    objects,
    origin,
    place,
    turn_upright,
    type_size,
)
from index.formats.pdf.hidden import unseen
from index.formats.pdf.paragraphs import DIVIDED, TextLine, join_pages

if TYPE_CHECKING:
    from pypdfium2 import PdfDocument, PdfPage, PdfTextPage

_PAGES = 10_000
_ALEF_LAM = re.compile("[اأإآٱ]ل")
# Smaller pictures, of this share of the page, hardly ever hold sentences.
_PICTURE_SHARE = 0.1


@dataclass(frozen=True, slots=True)
class _PdfPage:
    """Lines of a page in reading order, how many hidden characters it has, and its pictures."""

    lines: Sequence[TextLine] = ()
    hidden: int = 0
    pictures: Sequence[Rect] = ()
    damaged: bool = False


def parse_pdf(data: bytes) -> Parsed:
    """The text of a PDF; pictures are read where the extra `ocr` is installed, else noted.

    Raises Unreadable for damage, a password, or no text.
    """
    pdf = open_pdf(data)
    pages = [_read(pdf, number) for number in range(len(pdf))]
    pictures = [(n, rect) for n, page in enumerate(pages) for rect in page.pictures]
    # Pages without any text come first, since not all may be read.
    pictures.sort(key=lambda picture: (bool(pages[picture[0]].lines), picture))
    found = ocr.read_pictures(_rendered(pdf[number], rect) for number, rect in pictures)
    lines = [page.lines for page in pages]
    for (number, rect), read in zip(pictures, found, strict=False):
        lines[number] = _with_picture(lines[number], read, rect, pdf[number].get_height())
    if not any(lines):
        raise Unreadable(_no_text(pages, pictures))
    title = (pdf.get_metadata_dict().get("Title") or "").strip()
    parsed = join_pages(lines, "" if title.lower() in {"untitled", "anonymous"} else title)
    notes = (*parsed.notes, *_notes(pages, pictures[len(found) :]))
    return replace(parsed, hidden=sum(page.hidden for page in pages), notes=notes)


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
    import pypdfium2.raw as pdfium

    code, raw = pdfium.FPDFText_GetUnicode, textpage.raw
    count = pdfium.FPDFText_CountChars(raw)
    chars = [_readable(chr(code(raw, index))) for index in range(count)]
    hidden = 0
    for index in unseen(page, textpage):
        hidden += bool(chars[index].strip())
        chars[index] = ""
    for match in _ALEF_LAM.finditer("".join(char or "\0" for char in chars)):
        # PDFium turns right-to-left text around by characters, also the two of one sign.
        one, other = match.start(), match.start() + 1
        if origin(textpage, one) == origin(textpage, other):
            chars[one], chars[other] = chars[other], chars[one]
    return chars, hidden


def _readable(char: str) -> str:
    if char in "\x02\ufffe\u00ad":
        return DIVIDED
    if char == "\n" or char.isprintable():
        # Symbol fonts have their bullet in Unicode's private area, which is not printable.
        return char
    return "•" if char == "\uf0b7" else " " if char.isspace() and char != "\r" else ""


def line_ranges(chars: Sequence[str]) -> Iterator[tuple[range, bool]]:
    """The characters of each line, and whether the line ends within a word."""
    start = 0
    for end in [*(i for i, char in enumerate(chars) if char in {"\n", DIVIDED}), len(chars)]:
        shown = [index for index in range(start, end) if chars[index].strip()]
        if shown:
            yield range(shown[0], shown[-1] + 1), chars[end : end + 1] == [DIVIDED]
        start = end + 1


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
    height = page.get_height()
    lines, places = list[TextLine](), list[tuple[float, float]]()
    for span, divided in line_ranges(chars):
        first = place(page, *origin(textpage, span[0]))
        last = place(page, *origin(textpage, span[-1]))
        size = type_size(textpage, span[0])
        text = "".join(chars[span.start : span.stop]) + (DIVIDED if divided else "")
        lines.append(TextLine(text, first[1] * height, last[1] * height, max(size, 1.0), size))
        places += first, last
    if lines and re.search(r"[^\W\d_]-$", lines[-1].text):
        # PDFium tells a divided word by what follows on the same page.
        lines[-1] = replace(lines[-1], text=lines[-1].text[:-1] + DIVIDED)
    return _PdfPage(lines, hidden, _pictures(page, places))


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


def _rendered(page: PdfPage, rect: Rect) -> ocr.Picture:
    """A place of a page as a picture."""
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
    lines: Sequence[TextLine], read: ocr.Read, rect: Rect, height: float
) -> Sequence[TextLine]:
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


def _notes(pages: Sequence[_PdfPage], unread: Sequence[tuple[int, Rect]]) -> Iterator[str]:
    damaged = [number for number, page in enumerate(pages, start=1) if page.damaged]
    whole = sorted({number + 1 for number, _ in unread if not pages[number].lines})
    part = sorted({number + 1 for number, _ in unread if pages[number].lines})
    if whole:
        yield f"{_listed(whole)} {'is a picture' if len(whole) == 1 else 'are pictures'}, not read"
    if part:
        yield f"pictures on {_listed(part)} were not read"
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

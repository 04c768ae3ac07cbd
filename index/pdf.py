"""PDF to text with pages: lines joined into paragraphs, larger type taken for headings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from index.parsed import Parsed, Unreadable
from index.passages import Heading

# A line that starts more than this many line heights below the one before starts a paragraph.
_GAP = 1.6
_HEADING_SCALE = 1.12
_HEADING_CHARACTERS = 120
_PAGES = 10_000
# PDFium's marks of a word that is divided at the end of a line.
_DIVIDED = ("\ufffe", "\x02")


@dataclass(frozen=True, slots=True)
class _Line:
    text: str
    top: float
    size: float


def parse_pdf(data: bytes) -> Parsed:
    """The text layer of a PDF. Raises Unreadable for damage, a password, or no text layer."""
    import pypdfium2

    try:
        pdf = pypdfium2.PdfDocument(data)
    except pypdfium2.PdfiumError as error:
        if "password" in str(error).lower():
            raise Unreadable("needs a password") from None
        raise Unreadable("damaged: not a PDF that can be opened") from None
    if len(pdf) > _PAGES:
        raise Unreadable(f"too large: over {_PAGES:,} pages")
    pages = [_lines(page.get_textpage()) for page in pdf]
    sizes = [line.size for lines in pages for line in lines for _ in line.text]
    if not sizes:
        raise Unreadable("no text layer: its pages are pictures, which are not read")
    title = (pdf.get_metadata_dict().get("Title") or "").strip()
    return _join(pages, median(sizes), "" if title.lower() in {"untitled", "anonymous"} else title)


def _lines(textpage: object) -> list[_Line]:
    import pypdfium2.raw as pdfium

    lines, start = [], 0
    for raw in textpage.get_text_range().split("\r\n"):  # type: ignore[attr-defined]
        text = raw.strip()
        if text:
            # PDFium counts characters that it leaves out of the text.
            index = pdfium.FPDFText_GetCharIndexFromTextIndex(
                textpage.raw,  # type: ignore[attr-defined]
                start + raw.index(text[0]),
            )
            _, _, _, top = textpage.get_charbox(index)  # type: ignore[attr-defined]
            size = pdfium.FPDFText_GetFontSize(textpage.raw, index)  # type: ignore[attr-defined]
            lines.append(_Line(text, top, size))
        start += len(raw) + 2
    return lines


def _join(pages: Sequence[Sequence[_Line]], body: float, title: str) -> Parsed:
    parts, headings, starts, position = list[str](), list[Heading](), list[int](), 0
    sizes = sorted({round(line.size, 1) for lines in pages for line in lines}, reverse=True)
    for lines in pages:
        starts.append(position)
        for joined, size in _paragraphs(lines, body):
            # The rest of a word divided here is on the next page.
            paragraph = f"{joined[:-1]}-" if joined.endswith(_DIVIDED) else joined
            if size:
                level = min(sizes.index(round(size, 1)) + 1, 6)
                headings.append(Heading(position, level, paragraph))
            parts.append(paragraph)
            position += len(paragraph) + 2
    text = "\n\n".join(parts)
    title = title or (headings[0].text if headings else "")
    return Parsed(text, title, tuple(headings), tuple(min(s, len(text)) for s in starts))


def _paragraphs(lines: Sequence[_Line], body: float) -> list[tuple[str, float]]:
    """Paragraphs of a page with the type size of those that are headings, else 0."""
    found = list[tuple[str, float]]()
    previous: _Line | None = None
    for line in lines:
        size = line.size if _is_heading(line, body) else 0.0
        if previous and found and _goes_on(previous, line, found[-1][1], size):
            text, _ = found[-1]
            found[-1] = (_append(text, line.text), size)
        else:
            found.append((_clean(line.text), size))
        previous = line
    return found


def _goes_on(previous: _Line, line: _Line, size_before: float, size: float) -> bool:
    if size_before != size:
        return False
    # Distance between lines is about 1.2 times the type size; a list mark starts anew.
    step = previous.top - line.top
    starts_item = line.text[:1] in "•·▪◦‣" or line.text[:2] in {"- ", "* "}
    return 0 <= step < _GAP * max(line.size, previous.size, 1.0) and not starts_item


def _is_heading(line: _Line, body: float) -> bool:
    return line.size > _HEADING_SCALE * body and len(line.text) <= _HEADING_CHARACTERS


def _append(text: str, line: str) -> str:
    if text.endswith(_DIVIDED):
        return text[:-1] + _clean(line)
    return f"{text} {_clean(line)}"


def _clean(text: str) -> str:
    shown = (" " if char.isspace() else char for char in text[:-1])
    return "".join(char for char in shown if char.isprintable()) + text[-1:]

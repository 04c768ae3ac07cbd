"""What lines of pages are: headings, or heads, feet, stamps and watermarks that repeat."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from statistics import median

from index.formats.base import TextBlock
from index.formats.pdf.page_items import DIVIDED, TextLine

# Fewer pages do not tell what repeats; each has so many lines at its head and foot that may.
_TELLING_PAGES = 4
_MARGIN_LINES = 2
_SHOWN_LINES = 3
# Heads of left and right pages differ: of so many, on most of the left or of the right ones.
_ALTERNATING = 3
_MOST = 0.75
# Type this much larger than the usual, at the same place of so many pages, is a watermark.
_WATERMARK_SCALE = 2.0
_WATERMARK_PAGES = 3

Pages = Sequence[Sequence[TextLine]]
Key = tuple[str, ...]


def without_repeated(pages: Pages) -> tuple[Pages, tuple[str, ...]]:
    """Pages where what most of them share stands once, without page numbers, and a note of those.

    What stands once is a paragraph of the first page that has it, or of the next one where it
    cuts no sentence.
    """
    stamps = _stamps(pages)
    repeated = _repeated(pages)
    kept, seen, left_out = list[list[TextLine]](), set[str](), dict[str, None]()
    once, has_body = list[TextLine](), False
    for number, lines in enumerate(pages):
        margin, body = _margin(lines), list[TextLine]()
        for at, line in enumerate(lines):
            keys = list(_keys(line.text, number))
            is_margin = at in margin and bool(repeated.intersection(keys))
            if not is_margin and not line.slanted and line.text not in stamps:
                body.append(line)
            elif is_margin and (keys[0] not in repeated or not _has_letters(line.text)):
                left_out[line.text.removesuffix(DIVIDED)] = None
            elif line.text not in seen:
                seen.add(line.text)
                block = TextBlock(line.text.removesuffix(DIVIDED))
                once.append(replace(line, text=block.text, block=block))
        has_body |= bool(body)
        place = _place(body, kept)
        if once and place is not None:
            body[place:place] = once
            once = []
        kept.append(body)
    if not has_body:
        return pages, ()
    kept[-1] += once
    return kept, (*_kept_once(len(seen)), *_notes(left_out))


def _kept_once(lines: int) -> tuple[str, ...]:
    if not lines:
        return ()
    return (f"{lines} line{'s' * (lines > 1)} of heads, feet or stamps kept once",)


def _notes(left_out: dict[str, None]) -> tuple[str, ...]:
    if not left_out:
        return ()
    shown = ", ".join(f'"{text}"' for text in list(left_out)[:_SHOWN_LINES])
    more = ", ..." if len(left_out) > _SHOWN_LINES else ""
    return (f"repeated on most pages and left out: {shown}{more}",)


def _place(body: Sequence[TextLine], before: Pages) -> int | None:
    """Where a paragraph cuts no sentence of a page, given the pages before; None for nowhere."""
    last = next((lines[-1] for lines in reversed(before) if lines), None)
    if last is None or last.ends_sentence or last.block:
        return 0
    return next((at for at, line in enumerate(body, start=1) if line.ends_sentence), None)


def _has_letters(text: str) -> bool:
    return sum(map(str.isalpha, text)) > 1


def _repeated(pages: Pages) -> set[Key]:
    if len(pages) < _TELLING_PAGES:
        return set()
    found = defaultdict[Key, set[int]](set)
    for number, lines in enumerate(pages):
        for index in _margin(lines):
            for key in _keys(lines[index].text, number):
                found[key].add(number)
    return {key for key, numbers in found.items() if _is_on_most(numbers, len(pages))}


def _is_on_most(numbers: set[int], pages: int) -> bool:
    if 2 * len(numbers) > pages:
        return True
    sides = {number % 2 for number in numbers}
    return len(numbers) >= _ALTERNATING and len(sides) == 1 and 2 * len(numbers) >= _MOST * pages


def _stamps(pages: Pages) -> set[str]:
    """Texts of large type at the same place of most pages."""
    sizes = [line.size for lines in pages for line in lines if line.size for _ in line.text]
    if len(pages) < _WATERMARK_PAGES or not sizes:
        return set()
    least = _WATERMARK_SCALE * median(sizes)
    places = Counter(
        (line.text, round(line.left / 4), round(line.top / 4))
        for lines in pages
        for line in lines
        if line.size > least
    )
    return {
        text
        for (text, *_), count in places.items()
        if count >= _WATERMARK_PAGES and 2 * count > len(pages)
    }


def _margin(lines: Sequence[TextLine]) -> set[int]:
    """Which lines are the topmost and the lowest ones of a page."""
    indexes = (index for index, line in enumerate(lines) if not line.block)
    by_height = sorted(indexes, key=lambda index: lines[index].top)
    return {*by_height[:_MARGIN_LINES], *by_height[-_MARGIN_LINES:]}


def _keys(text: str, page: int) -> Iterator[Key]:
    """What a line repeats: itself, or itself but for a number that counts the pages."""
    yield (text,)
    for number in re.finditer(r"\d{1,5}", text):
        yield text[: number.start()], text[number.end() :], str(int(number.group()) - page)


# --- headings

_HEADING_SCALE = 1.1
_HEADING_CHARACTERS = 120
_BOLD_CHARACTERS = 80
# Where more of the text is bold, bold type tells nothing.
_BOLD_SHARE = 0.3
# A bold heading stands so many type heights below the line before, or after a sentence's end.
_BOLD_GAP = 1.35
# Smaller than any size of type: bold headings are of the lowest level.
_BOLD_SIZE = 0.1
_MONEY = r"(?:[€$£¥]|[A-Z]{3}|CHF)"
_NUMBER = r"\d[\d.,'’ ]*"
# "Amount due: 324.20 EUR", "Total € 1,200", "324.20".
_AMOUNT = re.compile(
    rf".*:\s*{_MONEY}?\s*{_NUMBER}\s*(?:{_MONEY}|%)?\W*"
    rf"|.*(?:{_MONEY}\s*{_NUMBER}|\d[.,]\d\d\s*{_MONEY}?|\d\s*%)\W*"
)


def with_heading_sizes(pages: Sequence[Sequence[TextLine]]) -> list[list[TextLine]]:
    """Lines whose `size` is 0 but for headings, where a larger one is a higher level."""
    sizes = [line.size for lines in pages for line in lines if line.size for _ in line.text]
    least = _HEADING_SCALE * median(sizes) if sizes else 0.0
    bold = sum(len(line.text) for lines in pages for line in lines if line.bold)
    tells = 0 < bold < _BOLD_SHARE * max(len(sizes), 1)
    return [
        [
            replace(line, size=_heading_size(lines, at, least, tells))
            for at, line in enumerate(lines)
        ]
        for lines in pages
    ]


def _heading_size(lines: Sequence[TextLine], at: int, least: float, bold_tells: bool) -> float:
    line = lines[at]
    if line.block or not line.size or _AMOUNT.fullmatch(line.text):
        return 0.0
    if line.size > least:
        return round(line.size, 1) if len(line.text) <= _HEADING_CHARACTERS else 0.0
    return _BOLD_SIZE if bold_tells and line.bold and _stands_alone(lines, at, least) else 0.0


def _stands_alone(lines: Sequence[TextLine], at: int, least: float) -> bool:
    """Whether a bold line reads as a heading: short, below a gap, above text that is not bold."""
    line, before, after = lines[at], lines[at - 1] if at else None, lines[at + 1 : at + 2]
    reads_so = (
        len(line.text) <= _BOLD_CHARACTERS
        and any(map(str.isalpha, line.text))
        and not line.text[0].islower()
        and line.text[-1] not in ".:;,!"
    )
    if not reads_so or not after or after[0].bold or after[0].top <= line.bottom:
        return False
    if before is None or before.size > least or before.ends_sentence:
        return True
    step = line.top - before.bottom
    return step < 0 or step > _BOLD_GAP * line.height

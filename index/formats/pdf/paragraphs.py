"""Lines of pages to text: what repeats on every page left out, lines joined into paragraphs."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from statistics import median

from index.formats.base import Parsed
from index.types import Heading

# Ends a line whose last word goes on in the next one.
DIVIDED = "\x02"
# A line that starts more than this many line heights below the one before starts a paragraph.
_GAP = 1.6
_HEADING_SCALE = 1.1
_HEADING_CHARACTERS = 120
_LIST_ITEM = re.compile(r"[•·▪◦‣]|[-*] |\(?\d{1,2}[.)] ")
_SENTENCE_END = re.compile(r"[.!?:…。！？؟۔][\"'”’»)\]]*$")
# Fewer pages do not tell what repeats; each has so many lines at its head and foot that may.
_TELLING_PAGES = 4
_MARGIN_LINES = 2
_SHOWN_LINES = 3


@dataclass(frozen=True, slots=True)
class TextLine:
    """A line of a page; text that ends in DIVIDED goes on in the next line without a space.

    `top` and `bottom` are the base lines of its first and its last character, in points from the
    top of the page; `height` is that of its type, in points. `size` is the same where type may
    tell a heading, else 0.
    """

    text: str
    top: float
    bottom: float
    height: float
    size: float = 0.0


def join_pages(pages: Sequence[Sequence[TextLine]], title: str = "") -> Parsed:
    """Text of pages, each its lines in reading order; larger type makes headings."""
    pages, notes = _without_repeated(pages)
    sizes = [line.size for lines in pages for line in lines if line.size for _ in line.text]
    least = _HEADING_SCALE * median(sizes) if sizes else 0.0
    words = _Words(line.text for lines in pages for line in lines)
    text, starts = _Text(), list[int]()
    previous: TextLine | None = None
    for number, lines in enumerate(pages, start=1):
        new_page = True
        for given in lines:
            line = replace(given, size=_heading_size(given, least))
            separator = _separator(previous, line, new_page, words)
            if new_page:
                # A page without text starts where the next page does.
                starts += [text.length + len(separator)] * (number - len(starts))
            text.add(separator, line)
            previous, new_page = line, False
    starts += [text.length] * (len(pages) - len(starts))
    whole, headings = text.finished()
    title = title or (headings[0].text if headings else "")
    return Parsed(whole, title, headings, tuple(starts), notes=notes)


class _Text:
    """Text in the making, with the headings in it."""

    def __init__(self) -> None:
        self.length = 0
        self._parts = list[str]()
        self._headings = list[tuple[int, float, list[str]]]()

    def add(self, separator: str, line: TextLine) -> None:
        text = line.text.removesuffix(DIVIDED)
        if line.size:
            if not self._parts or separator.endswith("\n"):
                self._headings.append((self.length + len(separator), line.size, [text]))
            else:
                self._headings[-1][2].extend((separator, text))
        self._parts += separator, text
        self.length += len(separator) + len(text)

    def finished(self) -> tuple[str, tuple[Heading, ...]]:
        sizes = sorted({size for _, size, _ in self._headings}, reverse=True)
        return "".join(self._parts), tuple(
            Heading(start, min(sizes.index(size) + 1, 6), "".join(words))
            for start, size, words in self._headings
        )


def _heading_size(line: TextLine, least: float) -> float:
    is_heading = line.size > least and len(line.text) <= _HEADING_CHARACTERS
    return round(line.size, 1) if is_heading else 0.0


def _separator(previous: TextLine | None, line: TextLine, new_page: bool, words: _Words) -> str:
    """What stands between two lines: nothing or a hyphen within a word, a space, a blank line."""
    if previous is None:
        return ""
    goes_on = previous.size == line.size and not _LIST_ITEM.match(line.text)
    step = line.top - previous.bottom
    if goes_on and (new_page or step < -previous.height / 2):
        # In the next column or on the next page, a sentence that is not at its end goes on.
        goes_on = not _SENTENCE_END.search(previous.text) and line.text[0].islower()
    elif goes_on:
        goes_on = step < _GAP * max(line.height, previous.height)
    if previous.text.endswith(DIVIDED):
        return words.hyphen(previous.text, line.text) if goes_on else "-\n\n"
    return " " if goes_on else "\n\n"


class _Words:
    """The words of a document, which tell whether one divided at a line's end has a hyphen."""

    def __init__(self, lines: Iterator[str]) -> None:
        text = re.sub(rf"[\w-]*{DIVIDED}\n[\w-]*", " ", "\n".join(lines).lower())
        self._counts = Counter(re.findall(r"\w+(?:-\w+)*", text))

    def hyphen(self, before: str, after: str) -> str:
        """A hyphen if the word that the end of a line begins is written with one, else nothing."""
        left = re.search(r"[\w-]*$", before.removesuffix(DIVIDED).lower())
        right = re.match(r"[\w-]*", after.lower())
        head, tail = left.group() if left else "", right.group() if right else ""
        apart, joined = self._counts[f"{head}-{tail}"], self._counts[head + tail]
        if apart != joined:
            return "-" if apart > joined else ""
        # A part of a word that is only divided is hardly ever a word of the document.
        return "-" if "-" in head + tail or (self._counts[head] and self._counts[tail]) else ""


def _without_repeated(
    pages: Sequence[Sequence[TextLine]],
) -> tuple[Sequence[Sequence[TextLine]], tuple[str, ...]]:
    """Pages without the heads and feet that most of them share, and a note of those."""
    if len(pages) < _TELLING_PAGES:
        return pages, ()
    found = defaultdict[tuple[str, ...], set[int]](set)
    for number, lines in enumerate(pages):
        for index in _margin(lines):
            for key in _keys(lines[index].text, number):
                found[key].add(number)
    repeated = {key for key, numbers in found.items() if 2 * len(numbers) > len(pages)}
    kept, left_out = list[list[TextLine]](), dict[str, None]()
    for number, lines in enumerate(pages):
        gone = {i for i in _margin(lines) if repeated.intersection(_keys(lines[i].text, number))}
        kept.append([line for i, line in enumerate(lines) if i not in gone])
        left_out.update(dict.fromkeys(lines[i].text.removesuffix(DIVIDED) for i in sorted(gone)))
    if not left_out or not any(kept):
        return pages, ()
    shown = ", ".join(f'"{text}"' for text in list(left_out)[:_SHOWN_LINES])
    more = ", ..." if len(left_out) > _SHOWN_LINES else ""
    return kept, (f"repeated on most pages and left out: {shown}{more}",)


def _margin(lines: Sequence[TextLine]) -> set[int]:
    """Which lines are the topmost and the lowest ones of a page."""
    by_height = sorted(range(len(lines)), key=lambda index: lines[index].top)
    return {*by_height[:_MARGIN_LINES], *by_height[-_MARGIN_LINES:]}


def _keys(text: str, page: int) -> Iterator[tuple[str, ...]]:
    """What a line repeats: itself, or itself but for a number that counts the pages."""
    yield (text,)
    for number in re.finditer(r"\d{1,5}", text):
        yield text[: number.start()], text[number.end() :], str(int(number.group()) - page)

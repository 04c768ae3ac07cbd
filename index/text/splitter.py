"""Chunking: documents to passages, spans that follow their structure and fit the model's window.

llama-index's splitters return strings, whose offsets must be searched for and are ambiguous where a
text repeats itself, and they count other tokens than the embedding model's; so passages are cut
here as spans.
"""

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from zlib import crc32

from index.sentences import sentence_spans
from index.text.blocks import HEADING_LINE
from index.types import Document, Heading, Passage, Span

# Part of the index's configuration: raise it when the same document would be split otherwise.
SPLITTER = "spans-4"
# The longest heading path, in the model's tokens and in characters.
HEADING_TOKENS = 40
_HEADING_CHARACTERS = 160
# WordPiece turns a word of over 100 characters into one unknown token, so a token also counts
# as at most this many characters.
_CHARACTERS_PER_TOKEN = 8
_BLANK_LINE = re.compile(r"\n[ \t\r]*\n|\r[ \t]*\r")
_LAST_BLANK = re.compile(r"\s\S*\Z")

CountTokens = Callable[[Sequence[str]], list[int]]


@dataclass(frozen=True, slots=True)
class PassageSpan:
    """Where a passage stands in its document, and the path of headings above it."""

    heading: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Splitting:
    """How documents are split: tokens are counted so, and a passage has at most `limit`."""

    count_tokens: CountTokens
    limit: int

    def spans(self, document: Document) -> list[PassageSpan]:
        """The passages of a document in reading order, as spans.

        A passage never crosses a heading. Paragraphs that are short are joined, long ones are cut
        between sentences into pieces of about equal length, and a sentence over the limit between
        words. Every character but white space and heading lines is in exactly one passage.
        """
        return [
            PassageSpan(heading, *span)
            for heading, section in _sections(document, self.count_tokens)
            for span in _pack(document.text, section, self.count_tokens, self.limit)
        ]


def split(document: Document, count_tokens: CountTokens, limit: int) -> list[Passage]:
    """The passages of a document in reading order, each of at most `limit` tokens."""
    return list(passages_of(document, Splitting(count_tokens, limit).spans(document)))


def passages_of(document: Document, spans: Iterable[PassageSpan]) -> Iterator[Passage]:
    """The passages at these spans of a document."""
    seen: Counter[str] = Counter()
    for span in spans:
        passage = Passage(
            id="",
            document=document.path,
            title=document.title,
            heading=span.heading,
            text=document.text[span.start : span.end],
            start=span.start,
            end=span.end,
            page=_page(document.page_starts, span.start),
            digest=document.digest,
        )
        yield _with_id(passage, seen)


def _with_id(passage: Passage, seen: Counter[str]) -> Passage:
    key = passage.key[:12]
    seen[key] += 1
    repeat = f"~{seen[key]}" if seen[key] > 1 else ""
    return replace(passage, id=f"{passage.document}#{key}{repeat}")


def _page(page_starts: Sequence[int], position: int) -> int | None:
    return max(1, bisect_right(page_starts, position)) if page_starts else None


def _sections(document: Document, count_tokens: CountTokens) -> Iterator[tuple[str, Span]]:
    """Headings and span of the text below each. A heading with nothing below it is its own text,
    unless deeper headings follow, which carry it in their path."""
    text, path, headings = document.text, list[Heading](), document.headings
    ends = [*(heading.start for heading in headings), len(text)]
    if text[: ends[0]].strip():
        yield "", (0, ends[0])
    deeper = [after.level > heading.level for heading, after in pairwise(headings)] + [False]
    for heading, end, is_parent in zip(headings, ends[1:], deeper, strict=False):
        above = [other for other in path if other.level < heading.level]
        path = [*above, heading]
        line = HEADING_LINE.match(text, heading.start, end)
        body = line.end() if line else end
        if text[body:end].strip():
            yield _heading_path(path, count_tokens), (body, end)
        elif not is_parent and text[heading.start : end].strip():
            yield _heading_path(above, count_tokens), (heading.start, end)


def _heading_path(path: Sequence[Heading], count_tokens: CountTokens) -> str:
    """The path of headings, without the outermost where it is too long for the model's window."""
    words = [heading.text for heading in path]
    while len(words) > 1 and not _fits(" > ".join(words), count_tokens):
        words.pop(0)
    text = " > ".join(words)
    while not _fits(text, count_tokens):
        text = text[: min(_HEADING_CHARACTERS, len(text) * 3 // 4)].rstrip()
    return text


def _fits(heading: str, count_tokens: CountTokens) -> bool:
    if len(heading) > _HEADING_CHARACTERS:
        return False
    return not heading or count_tokens([heading])[0] <= HEADING_TOKENS


def _pack(text: str, section: Span, count_tokens: CountTokens, limit: int) -> Iterator[Span]:
    """Spans of a section: runs of short paragraphs joined, long paragraphs cut."""
    paragraphs = _paragraphs(text, section)
    sizes = _sizes(text, paragraphs, count_tokens, limit)
    run = list[tuple[Span, int]]()
    for paragraph, size in zip(paragraphs, sizes, strict=True):
        if size <= limit // 2:
            run.append((paragraph, size))
            continue
        # A long paragraph stands alone, so that an edit above it leaves it as it is.
        yield from _join_paragraphs(text, run, limit)
        run = []
        yield from _split_paragraph(text, paragraph, count_tokens, limit)
    yield from _join_paragraphs(text, run, limit)


def _join_paragraphs(text: str, run: Sequence[tuple[Span, int]], limit: int) -> list[Span]:
    """Short paragraphs joined from the last one backwards, and anew at each anchor.

    So a paragraph put in before others changes the passage that it comes to, and none behind it.
    """
    anchors = _anchors(text, run, _ANCHOR_DISTANCE * limit)
    spans, filled = list[Span](), 0
    for place in range(len(run) - 1, -1, -1):
        (start, end), size = run[place]
        if filled and filled + size <= limit:
            spans[-1] = (start, spans[-1][1])
            filled += size
        else:
            spans.append((start, end))
            filled = size
        if place in anchors:
            filled = 0
    return spans[::-1]


# A run of short paragraphs is cut at an anchor about every so many passages.
_ANCHOR_DISTANCE = 4


def _anchors(text: str, run: Sequence[tuple[Span, int]], reach: int) -> set[int]:
    """Paragraphs that begin a passage whatever is before them: those with the lowest checksum among
    the `reach` tokens from their start on. What bounds chunks by their content (as in Bjorner,
    Blass and Gurevich 2010, local minima), looking one way only.
    """
    anchors, position = set[int](), 0
    # Checksums that fall towards the top, each lowest so far, and how many tokens follow its start.
    lowest: list[tuple[int, int]] = []
    for place in range(len(run) - 1, -1, -1):
        (start, end), size = run[place]
        position += size
        checksum = crc32(text[start:end].encode())
        while lowest and lowest[-1][0] > checksum:
            lowest.pop()
        lower = lowest[-1][1] if lowest else 0
        if position - lower >= reach:
            anchors.add(place)
        lowest.append((checksum, position))
    return anchors


def _paragraphs(text: str, section: Span) -> list[Span]:
    position, end = section
    blanks = [match.span() for match in _BLANK_LINE.finditer(text, position, end)]
    starts = [position, *(after for _, after in blanks)]
    stops = [*(before for before, _ in blanks), end]
    spans = [_strip(text, start, stop) for start, stop in zip(starts, stops, strict=True)]
    return [(first, last) for first, last in spans if first < last]


def _split_paragraph(
    text: str, paragraph: Span, count_tokens: CountTokens, limit: int
) -> Iterator[Span]:
    """Cut a paragraph between sentences into the fewest pieces, of about equal size."""
    units = list(_units(text, paragraph, count_tokens, limit))
    sizes = _sizes(text, units, count_tokens, limit)
    pieces = -(-sum(sizes) // limit)
    target = sum(sizes) / pieces
    start, filled = units[0][0], 0
    for (unit, after), size, following in zip(
        pairwise([*units, units[-1]]), sizes, [*sizes[1:], 0], strict=True
    ):
        filled += size
        if filled + following > limit or filled + following / 2 > target:
            yield start, unit[1]
            start, filled = after[0], 0
    if filled:
        yield start, units[-1][1]


def _units(text: str, paragraph: Span, count_tokens: CountTokens, limit: int) -> Iterator[Span]:
    """Sentences, each with the list mark before it; those over the limit cut between words."""
    first, last = paragraph
    ends = [first + end for _, end in sentence_spans(text[first:last])]
    bounds = [first, *ends[:-1], last]
    spans = [_strip(text, start, end) for start, end in pairwise(bounds)]
    for span, size in zip(spans, _sizes(text, spans, count_tokens, limit), strict=True):
        if size <= limit:
            yield span
        else:
            yield from _split_sentence(text, span, count_tokens, limit)


def _split_sentence(text: str, span: Span, count_tokens: CountTokens, limit: int) -> Iterator[Span]:
    start, end = span
    if _sizes(text, [span], count_tokens, limit)[0] <= limit or end - start < 2:
        yield span
        return
    cut = _blank_before(text, start + (end - start) // 4, (start + end) // 2)
    for half in (_strip(text, start, cut), _strip(text, cut, end)):
        if half[0] < half[1]:
            yield from _split_sentence(text, half, count_tokens, limit)


def _blank_before(text: str, lowest: int, position: int) -> int:
    """The last white space from `lowest` up to a position, or the position if there is none."""
    blank = _LAST_BLANK.search(text, lowest, position)
    return blank.start() if blank else position


def _sizes(text: str, spans: Sequence[Span], count_tokens: CountTokens, limit: int) -> list[int]:
    """The size of each span in tokens; of one that is over the limit by its length alone, that.

    A run of megabytes without spaces takes gigabytes and minutes to tokenize, and is cut anyway.
    """
    least = [(end - start) // _CHARACTERS_PER_TOKEN for start, end in spans]
    short = [span for span, size in zip(spans, least, strict=True) if size <= limit]
    counts = iter(count_tokens([text[start:end] for start, end in short]))
    return [size if size > limit else max(next(counts), size, 1) for size in least]


def _strip(text: str, start: int, end: int) -> Span:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return start, end

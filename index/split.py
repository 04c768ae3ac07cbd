"""Documents to passages: spans that break where the document does and fit the model.

llama-index's splitters return strings, whose place must then be searched for and is ambiguous
where a text repeats itself, and they count other tokens than the embedding model's; so passages
are cut here as spans.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import pairwise

from index.passages import Document, Heading, Passage
from index.sentences import sentence_spans

# Part of the index's fingerprint: raise it when the same document would be cut otherwise.
SPLITTER = "spans-1"
# WordPiece turns a word of over 100 characters into one unknown token, so a token also counts
# as at most this many characters.
_CHARACTERS_PER_TOKEN = 8
_HEADING_CHARACTERS = 160

Span = tuple[int, int]
CountTokens = Callable[[Sequence[str]], list[int]]


def split(document: Document, count_tokens: CountTokens, limit: int) -> list[Passage]:
    """The passages of a document in reading order, each of at most `limit` tokens.

    A passage never crosses a heading. Paragraphs that are short are joined, long ones are cut
    between sentences into pieces of about equal length, and a sentence over the limit between
    words. Every character but white space and heading lines is in exactly one passage.
    """
    spans = [
        (heading, span)
        for heading, section in _sections(document)
        for span in _pack(document.text, section, count_tokens, limit)
    ]
    seen: Counter[str] = Counter()
    passages = []
    for heading, (start, end) in spans:
        passage = Passage(
            id="",
            document=document.path,
            title=document.title,
            heading=heading,
            text=document.text[start:end],
            start=start,
            end=end,
            page=_page(document.page_starts, start),
            digest=document.digest,
        )
        passages.append(_with_id(passage, seen))
    return passages


def _with_id(passage: Passage, seen: Counter[str]) -> Passage:
    key = passage.key[:12]
    seen[key] += 1
    repeat = f"~{seen[key]}" if seen[key] > 1 else ""
    return replace(passage, id=f"{passage.document}#{key}{repeat}")


def _page(page_starts: Sequence[int], position: int) -> int | None:
    if not page_starts:
        return None
    return max(1, sum(1 for start in page_starts if start <= position))


def _sections(document: Document) -> Iterator[tuple[str, Span]]:
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
        body = text.find("\n", heading.start, end) + 1
        if body and text[body:end].strip():
            yield _heading_path(path), (body, end)
        elif not is_parent and text[heading.start : end].strip():
            yield _heading_path(above), (heading.start, end)


def _heading_path(path: Sequence[Heading]) -> str:
    return " > ".join(heading.text for heading in path)[-_HEADING_CHARACTERS:]


def _pack(text: str, section: Span, count_tokens: CountTokens, limit: int) -> Iterator[Span]:
    """Spans of a section: runs of short paragraphs joined, long paragraphs cut."""
    paragraphs = _paragraphs(text, section)
    sizes = _sizes(text, paragraphs, count_tokens)
    start, end, filled = 0, 0, 0
    for (first, last), size in zip(paragraphs, sizes, strict=True):
        # A long paragraph stands alone, so that an edit above it leaves it as it is.
        if filled and (filled + size > limit or size > limit // 2):
            yield start, end
            filled = 0
        if size > limit // 2:
            yield from _cut(text, (first, last), count_tokens, limit)
            continue
        if not filled:
            start = first
        end, filled = last, filled + size
    if filled:
        yield start, end


def _paragraphs(text: str, section: Span) -> list[Span]:
    spans, (position, end) = [], section
    while position < end:
        stop = text.find("\n\n", position, end)
        stop = end if stop < 0 else stop
        first, last = _strip(text, position, stop)
        if first < last:
            spans.append((first, last))
        position = stop + 2
    return spans


def _cut(text: str, paragraph: Span, count_tokens: CountTokens, limit: int) -> Iterator[Span]:
    """Cut a paragraph between sentences into the fewest pieces, of about equal size."""
    units = list(_units(text, paragraph, count_tokens, limit))
    sizes = _sizes(text, units, count_tokens)
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
    """Sentences with what stands between them; those over the limit cut between words."""
    first, last = paragraph
    starts = [first + start for start, _ in sentence_spans(text[first:last])] or [first]
    bounds = [first, *starts[1:], last]
    for start, end in pairwise(bounds):
        span = _strip(text, start, end)
        if _sizes(text, [span], count_tokens)[0] <= limit:
            yield span
        else:
            yield from _hard_cut(text, span, count_tokens, limit)


def _hard_cut(text: str, span: Span, count_tokens: CountTokens, limit: int) -> Iterator[Span]:
    start, end = span
    if _sizes(text, [span], count_tokens)[0] <= limit or end - start < 2:
        yield span
        return
    middle = (start + end) // 2
    blank = text.rfind(" ", start + 1, middle)
    cut = blank if blank > start + (end - start) // 4 else middle
    for half in (_strip(text, start, cut), _strip(text, cut, end)):
        if half[0] < half[1]:
            yield from _hard_cut(text, half, count_tokens, limit)


def _sizes(text: str, spans: Sequence[Span], count_tokens: CountTokens) -> list[int]:
    counts = count_tokens([text[start:end] for start, end in spans])
    return [
        max(count, (end - start) // _CHARACTERS_PER_TOKEN, 1)
        for count, (start, end) in zip(counts, spans, strict=True)
    ]


def _strip(text: str, start: int, end: int) -> Span:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return start, end

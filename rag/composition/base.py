"""What a composer is: it turns a question and what was found into a draft answer."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from index.tables.typed import TypedTable
from index.types import Hit, Passage, Table
from rag.composition.blocks.structure import Structure
from rag.intents.classifier import Intent
from rag.retrieval.answer_type import AnswerType
from rag.retrieval.hybrid import SearchResult
from rag.retrieval.sentences import RankedSentence, SentenceScores
from rag.types import Draft, PartRead, Quote, Turn

# A sentence belongs to an excerpt if its score is within this much of the best one's. Chosen on the
# chunking set's questions of even number.
_EXCERPT_MARGIN = 0.5
_PART_EXCERPTS = 2
_BYTES_PER_TOKEN = 4
# Passages of one section stand so close: white space between paragraphs.
_GAP = 3


@dataclass(frozen=True, slots=True)
class Excerpt:
    """A span of a document, shaped like a passage, and the passages that it was made of."""

    passage: Passage
    sources: tuple[Passage, ...]


def tokens_of(text: str) -> float:
    """About how many tokens a text has: one for four bytes, which holds for English and leaves room
    elsewhere.
    """
    return len(text.encode()) / _BYTES_PER_TOKEN


def whole_excerpts(hits: Sequence[Hit]) -> tuple[Excerpt, ...]:
    """Hits as excerpts, uncut."""
    return whole_passages([hit.passage for hit in hits])


def whole_passages(passages: Sequence[Passage]) -> tuple[Excerpt, ...]:
    """Passages as excerpts."""
    return tuple(Excerpt(passage, (passage,)) for passage in passages)


def build_excerpts(
    found: SearchResult, most: int, text_of: Callable[[str], str]
) -> tuple[Excerpt, ...]:
    """At most `most` excerpts, best first: hits cut to the span from their first to their last
    relevant sentence, adjacent ones joined.

    Hits without a relevant sentence are left out, unless that leaves none. `text_of` gives the text
    of a document.
    """
    best = max((scores.best for scores in found.sentence_scores), default=0.0)
    kept = list[Excerpt]()
    for hit, scores in zip(found.hits, found.sentence_scores, strict=True):
        cut = _trimmed(hit.passage, scores, best - _EXCERPT_MARGIN)
        if cut is None:
            continue
        place = next((i for i, other in enumerate(kept) if _adjacent(cut, other.passage)), None)
        if place is not None:
            joined = _joined(kept[place].passage, cut, text_of)
            kept[place] = Excerpt(joined, (*kept[place].sources, hit.passage))
        elif len(kept) < most:
            kept.append(Excerpt(cut, (hit.passage,)))
    return tuple(kept) or whole_excerpts(found.hits[:most])


def with_blocks(
    excerpts: Sequence[Excerpt], quotes: Sequence[Quote], text_of: Callable[[str], str]
) -> list[Excerpt]:
    """The excerpts with what quotes hold, in full: first the spans around quotes, joined where
    they follow one another, then the excerpts that they don't cover. `text_of` is "" where a
    document's text is not known: its quotes are left out.
    """
    spans = list[Excerpt]()
    for quote in quotes:
        if text := text_of(quote.passage.document):
            one = _span(quote.passage, text, 0, quote.start, quote.end)
            _put(spans, Excerpt(one, (quote.passage,)), text_of)
    for excerpt in excerpts:
        _put(spans, excerpt, text_of)
    return spans


def _put(spans: list[Excerpt], one: Excerpt, text_of: Callable[[str], str]) -> None:
    """Add an excerpt to those before it, joined to the first that it overlaps or follows."""
    for place, other in enumerate(spans):
        if _adjacent(one.passage, other.passage):
            if text_of(one.passage.document):
                sources = tuple(dict.fromkeys((*other.sources, *one.sources)))
                spans[place] = Excerpt(_joined(other.passage, one.passage, text_of), sources)
                return
            if other.passage.start <= one.passage.start and one.passage.end <= other.passage.end:
                return
    spans.append(one)


def part_excerpts(
    parts: Sequence[SearchResult], text_of: Callable[[str], str]
) -> tuple[Excerpt, ...]:
    """Excerpts of what was found for a question, and the best for each of its parts."""
    whole, *others = parts
    found = list(build_excerpts(whole, len(whole.hits), text_of))
    for other in others:
        for one in build_excerpts(other, _PART_EXCERPTS, text_of):
            _put(found, one, text_of)
    return tuple(found)


def merged_hits(found: SearchResult, further: Sequence[SearchResult]) -> tuple[Hit, ...]:
    """The hits of a search, and after them those that further ones found besides."""
    hits = list(found.hits)
    known = {hit.passage.id for hit in hits}
    for hit in (hit for other in further for hit in other.hits):
        if hit.passage.id not in known:
            known.add(hit.passage.id)
            hits.append(replace(hit, rank=len(hits) + 1))
    return tuple(hits)


def in_reading_order(excerpts: Sequence[Excerpt]) -> list[Excerpt]:
    """Excerpts by document, the best one's first, and within a document as they are read."""
    ranks = dict[str, int]()
    for excerpt in excerpts:
        ranks.setdefault(excerpt.passage.document, len(ranks))
    return sorted(excerpts, key=lambda one: (ranks[one.passage.document], one.passage.start))


def _trimmed(passage: Passage, scores: SentenceScores, least: float) -> Passage | None:
    quotes = [quote for quote, _, score, _ in scores.each() if score >= least]
    if not quotes:
        return None
    return _span(passage, passage.text, passage.start, quotes[0].start, quotes[-1].end)


def _adjacent(one: Passage, other: Passage) -> bool:
    if one.document != other.document:
        return False
    return max(one.start, other.start) - min(one.end, other.end) <= _GAP


def _joined(one: Passage, other: Passage, text_of: Callable[[str], str]) -> Passage:
    start, end = min(one.start, other.start), max(one.end, other.end)
    return _span(one, text_of(one.document), 0, start, end)


def _span(passage: Passage, text: str, before: int, start: int, end: int) -> Passage:
    """A passage with another span of a text that starts at character `before`."""
    return replace(passage, start=start, end=end, text=text[start - before : end - before])


def _unknown(*_: object) -> Sequence[Any]:
    return ()


@dataclass(frozen=True, slots=True)
class ReadingList:
    """The passages of what is to be summarised, in reading order; `total` are all there are, of
    which these may be a part.
    """

    passages: tuple[Passage, ...] = ()
    total: int = 0


def _nothing_more(_: str) -> tuple[Excerpt, ...]:
    return ()


def _nothing_to_read(_: int) -> ReadingList:
    return ReadingList()


def _unstructured(_: str) -> Structure | None:
    return None


@dataclass(frozen=True, slots=True)
class ComposerInput:
    """The input of a composer: the stand-alone question, hits and sentences, best first.

    `excerpts` makes excerpts of the hits for a composer that wants them; else they stay whole.
    `passages_in` gives all passages of a document, by its path, in reading order, `tables_in` the
    tables between two characters of it, and `structure` its blocks. `intent` is what kind of thing
    is asked for, and `answer_type` the type of answer that a fact expects. `given` is what the
    program answers by itself, if anything: a figure computed over a table, a summary. `is_sure`
    tells that the documents probably answer; otherwise an answer must be supported to be shown.
    `typed_tables` are the tables of the documents that were found, best first. `parts` are the
    sentences found for each of several questions in one. `search` finds excerpts for a further
    query of a composer. `reading` are the passages of the documents of which a summary is wanted,
    at most of so many tokens.
    """

    query: str
    hits: tuple[Hit, ...]
    sentences: tuple[RankedSentence, ...]
    excerpts: Callable[[], tuple[Excerpt, ...]] = tuple
    passages_in: Callable[[str], Sequence[Passage]] = _unknown
    tables_in: Callable[[str, int, int], Sequence[Table]] = _unknown
    structure: Callable[[str], Structure | None] = _unstructured
    intent: Intent = Intent.FACT
    answer_type: AnswerType = AnswerType.ANY
    given: Draft | None = None
    is_sure: bool = True
    typed_tables: Callable[[], Sequence[TypedTable]] = tuple
    parts: tuple[tuple[RankedSentence, ...], ...] = ()
    search: Callable[[str], tuple[Excerpt, ...]] = _nothing_more
    reading: Callable[[int], ReadingList] = _nothing_to_read


class Composer(Protocol):
    """Yields pieces of text as they are made, and returns the draft they add up to; before them,
    which part of a long text is read.
    """

    @property
    def name(self) -> str:
        """The name given on every answer."""
        ...

    def compose(
        self, evidence: ComposerInput, turns: Sequence[Turn] = ()
    ) -> Generator[str | PartRead, None, Draft]:
        """Draft an answer; there is always a hit and a sentence.

        Never raises for an error of a server: it returns a draft with a note.
        """
        ...


def draft_of(pieces: Generator[Any, None, Draft]) -> Draft:
    """The draft at the end of a composer's pieces."""
    while True:
        try:
            next(pieces)
        except StopIteration as stop:
            draft: Draft = stop.value
            return draft

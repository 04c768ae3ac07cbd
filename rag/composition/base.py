"""What a composer is: it turns a question and what was found into a draft answer."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from index.types import Hit, Passage, Table
from rag.composition.structure import Structure
from rag.intents.classifier import Intent
from rag.retrieval.answer_type import AnswerType
from rag.retrieval.hybrid import SearchResult
from rag.retrieval.sentences import RankedSentence, SentenceScores
from rag.types import Draft, Turn

# A sentence belongs to an excerpt if its score is within this much of the best one's. Chosen on the
# chunking set's questions of even number.
_EXCERPT_MARGIN = 0.5
# Passages of one section stand so close: white space between paragraphs.
_GAP = 3


@dataclass(frozen=True, slots=True)
class Excerpt:
    """A span of a document, shaped like a passage, and the passages that it was made of."""

    passage: Passage
    sources: tuple[Passage, ...]


def whole_excerpts(hits: Sequence[Hit]) -> tuple[Excerpt, ...]:
    """Hits as excerpts, uncut."""
    return tuple(Excerpt(hit.passage, (hit.passage,)) for hit in hits)


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


def _unstructured(_: str) -> Structure | None:
    return None


@dataclass(frozen=True, slots=True)
class ComposerInput:
    """The input of a composer: the stand-alone question, hits and sentences, best first.

    `excerpts` makes excerpts of the hits for a composer that wants them; else they stay whole.
    `passages_in` gives all passages of a document, by its path, in reading order, `tables_in` the
    tables between two characters of it, and `structure` its blocks. `intent` is what kind of thing
    is asked for, and `answer_type` the type of answer that a fact expects.
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


class Composer(Protocol):
    """Yields pieces of text as they are made, and returns the draft they add up to."""

    @property
    def name(self) -> str:
        """The name given on every answer."""
        ...

    def compose(
        self, evidence: ComposerInput, turns: Sequence[Turn] = ()
    ) -> Generator[str, None, Draft]:
        """Draft an answer; there is always a hit and a sentence.

        Never raises for an error of a server: it returns a draft with a note.
        """
        ...

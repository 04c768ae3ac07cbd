"""The sentences of the best passages, ranked by how well they answer."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from index.snapshots import Snapshot, Text
from index.types import Hit
from rag.retrieval.answer_type import AnswerType, matches_answer_type
from rag.retrieval.weights import SCORING, Scoring
from rag.types import Quote

MOST_SENTENCES = 3
# A further sentence is quoted if its score is within this much of the best one's. Chosen on the
# even-numbered articles of XQuAD English, where it gives 1.8 sentences that hold the gold answer
# for 0.91 of the questions; on the odd-numbered ones 1.5 sentences for 0.95.
WITHIN = 0.2


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence of a hit and how well it answers; `score` is at best about 1.9.

    `cosine` is its similarity to the query, and `held` are the query's terms in it.
    """

    quote: Quote
    hit: Hit
    score: float
    cosine: float
    held: frozenset[str] = frozenset()


class Terms:
    """The query's terms and how telling each is in this index."""

    def __init__(self, snapshot: Snapshot, query: str) -> None:
        self.query = query
        # Sorted, since sums in another order differ in their last digit.
        self._weights = {term: snapshot.idf(term) for term in sorted(set(snapshot.terms(query)))}
        self._total = sum(self._weights.values())
        self._shares = dict[frozenset[str], float]()

    def held(self, terms: Iterable[str]) -> frozenset[str]:
        """Those of some terms that are the query's."""
        return frozenset(filter(self._weights.__contains__, terms))

    def share(self, held: frozenset[str]) -> float:
        """Weighted share of the query's terms, 0..1; 0 for a query without terms."""
        if not self._total:
            return 0.0
        # Few different sets are met in the hundreds of sentences that a question reads.
        if held not in self._shares:
            total = sum(self._weights[term] for term in sorted(held))
            self._shares[held] = total / self._total
        return self._shares[held]

    def count_share(self, held: frozenset[str]) -> float:
        """Share of the query's terms, each counted alike, 0..1."""
        return len(held) / len(self._weights) if self._weights else 0.0


@dataclass(frozen=True, slots=True)
class Marks:
    """A text's sentences in order: the similarity of each to the query, how well it answers by
    itself, at best `Scoring.best_mark`, and the query's terms that it holds.
    """

    text: Text
    cosines: Sequence[float]
    scores: Sequence[float]
    held: Sequence[frozenset[str]]

    @property
    def best(self) -> float:
        """The best score; 0 for a text without sentences."""
        return max(self.scores, default=0.0)

    def each(self) -> Iterator[tuple[Quote, float, float, frozenset[str]]]:
        """Each sentence with its similarity, its mark and the terms that it holds."""
        return zip(quotes_of(self.text), self.cosines, self.scores, self.held, strict=True)


def mark_sentences(
    text: Text,
    cosines: Sequence[float],
    terms: Terms,
    kind: AnswerType,
    trust: float = 1.0,
    scoring: Scoring = SCORING,
) -> Marks:
    """The sentences of a text, whose cosines to the query are given in order.

    A sentence counts for its similarity to the query, the query's terms in it, those that it or
    the sentence before it holds (it may go on about what that one named), and whether it holds the
    kind of thing that the question asks for. `trust`, 0..1, is how much of its similarity counts.
    """
    held = [terms.held(own) for own in text.terms]
    scores = [
        trust * scoring.cosine * cosine
        + scoring.coverage * terms.share(own)
        + scoring.coverage_with_previous * terms.share(own | before)
        for cosine, own, before in zip(cosines, held, [frozenset(), *held], strict=False)
    ]
    if kind is not AnswerType.ANY:
        words = text.passage.text
        for place, (start, end) in enumerate(text.sentences):
            scores[place] += scoring.kind * matches_answer_type(kind, terms.query, words[start:end])
    return Marks(text, cosines, scores, held)


def rank_sentences(
    groups: Iterable[tuple[Hit, float, Marks]], scoring: Scoring = SCORING
) -> tuple[Sentence, ...]:
    """The sentences of hits, best first; each hit comes with what it counts for, 0..1."""
    ranked = [
        Sentence(quote, hit, mark + scoring.passage * share, cosine, held)
        for hit, share, marks in groups
        for quote, cosine, mark, held in marks.each()
    ]
    return tuple(sorted(ranked, key=lambda s: (-s.score, s.hit.rank, s.quote.start)))


def quotes_of(text: Text) -> list[Quote]:
    """The sentences of a text's passage in reading order."""
    passage = text.passage
    return [
        Quote(passage, passage.start + start, passage.start + end) for start, end in text.sentences
    ]


def choose(ranked: Sequence[Sentence], most: int = MOST_SENTENCES) -> list[Sentence]:
    """The sentences to quote, in reading order, those of the best passage first; no text twice.

    At most `most`, and only those about as good as the best.
    """
    chosen, said = list[Sentence](), set[str]()
    for sentence in ranked:
        words = " ".join(sentence.quote.text.split()).casefold()
        if len(chosen) == most or ranked[0].score - sentence.score > WITHIN:
            break
        if words not in said:
            said.add(words)
            chosen.append(sentence)
    return sorted(chosen, key=lambda s: (s.hit.rank, s.quote.start))

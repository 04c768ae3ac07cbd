"""The sentences of the best passages, ranked by how well they answer."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from index.passages import Hit, Passage
from index.sentences import sentence_spans
from index.store import Snapshot
from rag.answers import Quote
from rag.wants import Kind, match_kind
from rag.weights import SCORING, Scoring

MOST_SENTENCES = 3
# Passages whose sentences' spans are remembered, 1 kB each.
_REMEMBERED = 4096
# A further sentence is quoted if its score is within this much of the best one's. Chosen on the
# even-numbered articles of XQuAD English, where it gives 1.8 sentences that hold the gold answer
# for 0.91 of the questions; on the odd-numbered ones 1.5 sentences for 0.95.
WITHIN = 0.2


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence of a hit and how well it answers; `score` is at best about 1.9.

    `cosine` is its similarity to the query.
    """

    quote: Quote
    hit: Hit
    score: float
    cosine: float


@dataclass(frozen=True, slots=True)
class Marked:
    """A sentence, how well it answers by itself, and the query's terms that it holds; `score` is at
    best `Scoring.best_mark`.
    """

    quote: Quote
    cosine: float
    score: float
    held: frozenset[str] = frozenset()


class Terms:
    """The query's terms and how telling each is in this index."""

    def __init__(self, snapshot: Snapshot, query: str) -> None:
        self.query = query
        self._snapshot = snapshot
        # Sorted, since sums in another order differ in their last digit.
        self._weights = {term: snapshot.idf(term) for term in sorted(set(snapshot.terms(query)))}
        self._total = sum(self._weights.values())
        self._shares = dict[frozenset[str], float]()

    def held(self, text: str) -> frozenset[str]:
        """The query's terms that a text holds."""
        return self.held_by_each([text])[0]

    def held_by_each(self, texts: Sequence[str]) -> list[frozenset[str]]:
        """The query's terms that each of the parts of one text holds."""
        each = self._snapshot.terms_of_each(texts)
        return [frozenset(filter(self._weights.__contains__, terms)) for terms in each]

    def share(self, held: frozenset[str]) -> float:
        """Weighted share of the query's terms, 0..1; 0 for a query without terms."""
        if not self._total:
            return 0.0
        # Few different sets are met in the hundreds of sentences that a question reads.
        if held not in self._shares:
            total = sum(self._weights[term] for term in sorted(held))
            self._shares[held] = total / self._total
        return self._shares[held]

    def count_share(self, text: str) -> float:
        """Share of the query's terms that a text holds, each counted alike, 0..1."""
        return len(self.held(text)) / len(self._weights) if self._weights else 0.0


def mark_sentences(
    passage: Passage,
    cosines: Sequence[float],
    terms: Terms,
    kind: Kind,
    trust: float = 1.0,
    scoring: Scoring = SCORING,
) -> list[Marked]:
    """The sentences of a passage, whose cosines to the query are given in order.

    A sentence counts for its similarity to the query, the query's terms in it, those that it or
    the sentence before it holds (it may go on about what that one named), and whether it holds the
    kind of thing that the question asks for. `trust`, 0..1, is how much of its similarity counts.
    """
    marked, before = list[Marked](), frozenset[str]()
    quotes = quotes_of(passage)
    each = terms.held_by_each([quote.text for quote in quotes])
    for quote, cosine, held in zip(quotes, cosines, each, strict=True):
        score = (
            trust * scoring.cosine * cosine
            + scoring.coverage * terms.share(held)
            + scoring.coverage_with_previous * terms.share(held | before)
            + scoring.kind * match_kind(kind, terms.query, quote.text)
        )
        marked.append(Marked(quote, cosine, score, held))
        before = held
    return marked


def rank_sentences(
    groups: Iterable[tuple[Hit, float, Sequence[Marked]]], scoring: Scoring = SCORING
) -> tuple[Sentence, ...]:
    """The sentences of hits, best first; each hit comes with what it counts for, 0..1."""
    ranked = [
        Sentence(one.quote, hit, one.score + scoring.passage * share, one.cosine)
        for hit, share, marked in groups
        for one in marked
    ]
    return tuple(sorted(ranked, key=lambda s: (-s.score, s.hit.rank, s.quote.start)))


def quotes_of(passage: Passage) -> list[Quote]:
    """The sentences of a passage in reading order."""
    return [
        Quote(passage, passage.start + start, passage.start + end)
        for start, end in _spans(passage.text)
    ]


@lru_cache(_REMEMBERED)
def _spans(text: str) -> Sequence[tuple[int, int]]:
    return tuple(sentence_spans(text))


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

"""The sentences of the best passages, ranked by how well they answer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from index.passages import Hit, Vectors
from index.sentences import sentence_spans
from index.store import Snapshot
from rag.answers import Quote
from rag.retrieve import Found
from rag.wants import Kind, match_kind

# Passages whose sentences are looked at.
_HITS = 5
# Weights fitted on the 472 questions over the five long texts of the chunking set (conditional
# logistic regression, rounded, relative to the cosine). On XQuAD English, which had no part in
# it, the first sentence holds the gold answer in 0.81 of the questions, one of two in 0.91.
_COVERAGE = 1.4
_COVERAGE_WITH_PREVIOUS = 1.3
_PASSAGE = 0.8
_KIND = 0.2

MOST_SENTENCES = 3
# A further sentence is quoted if its score is within this much of the best one's. Chosen on the
# even-numbered articles of XQuAD English, where it gives 1.7 sentences that hold the gold answer
# for 0.89 of the questions; on the odd-numbered ones 1.5 sentences for 0.93.
_WITHIN = 0.6


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence of a hit and how well it answers; `score` is at best about 4.7.

    `cosine` is its similarity to the query.
    """

    quote: Quote
    hit: Hit
    score: float
    cosine: float


class Terms:
    """The query's terms and how telling each is in this index."""

    def __init__(self, snapshot: Snapshot, query: str) -> None:
        self._snapshot = snapshot
        self._weights = {term: snapshot.idf(term) for term in set(snapshot.terms(query))}
        self._total = sum(self._weights.values())

    def held(self, text: str) -> frozenset[str]:
        """The query's terms that a text holds."""
        return frozenset(self._weights.keys() & set(self._snapshot.terms(text)))

    def share(self, held: frozenset[str]) -> float:
        """Weighted share of the query's terms, 0..1; 0 for a query without terms."""
        if not self._total:
            return 0.0
        return sum(self._weights[term] for term in sorted(held)) / self._total

    def count_share(self, text: str) -> float:
        """Share of the query's terms that a text holds, each counted alike, 0..1."""
        return len(self.held(text)) / len(self._weights) if self._weights else 0.0


def rank_sentences(
    found: Found, terms: Terms, kind: Kind, embed: Callable[[Sequence[str]], Vectors]
) -> tuple[Sentence, ...]:
    """All sentences of the best passages, best first.

    A sentence counts for its similarity to the query, the query's terms in it, those that it or
    the sentence before it holds (it may go on about what that one named), its passage's score,
    and whether it holds the kind of thing that the question asks for.
    """
    groups = [(hit, _quotes(hit)) for hit in found.hits[:_HITS]]
    vectors = embed([quote.text for _, quotes in groups for quote in quotes])
    ranked, row = list[Sentence](), 0
    for hit, quotes in groups:
        before = frozenset[str]()
        for quote in quotes:
            held = terms.held(quote.text)
            cosine = float(vectors[row] @ found.vector)
            score = (
                cosine
                + _COVERAGE * terms.share(held)
                + _COVERAGE_WITH_PREVIOUS * terms.share(held | before)
                + _PASSAGE * hit.score
                + _KIND * match_kind(kind, found.query, quote.text)
            )
            ranked.append(Sentence(quote, hit, score, cosine))
            before, row = held, row + 1
    return tuple(sorted(ranked, key=lambda s: (-s.score, s.hit.rank, s.quote.start)))


def choose(ranked: Sequence[Sentence], most: int = MOST_SENTENCES) -> list[Sentence]:
    """The sentences to quote, in reading order, those of the best passage first; no text twice.

    At most `most`, and only those about as good as the best.
    """
    chosen, said = list[Sentence](), set[str]()
    for sentence in ranked:
        words = " ".join(sentence.quote.text.split()).casefold()
        if len(chosen) == most or ranked[0].score - sentence.score > _WITHIN:
            break
        if words not in said:
            said.add(words)
            chosen.append(sentence)
    return sorted(chosen, key=lambda s: (s.hit.rank, s.quote.start))


def _quotes(hit: Hit) -> list[Quote]:
    passage = hit.passage
    return [
        Quote(passage, passage.start + start, passage.start + end)
        for start, end in sentence_spans(passage.text)
    ]

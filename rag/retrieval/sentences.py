"""The sentences of the best passages, scored and ranked by how well they answer."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from copy import copy
from dataclasses import dataclass

from index.snapshots import Snapshot, Text
from index.text.english import MONTH_PATTERN
from index.types import Hit
from rag.retrieval.answer_type import AnswerType, matches_answer_type
from rag.retrieval.figures import figures_in
from rag.retrieval.weights import RANKING_WEIGHTS, RankingWeights
from rag.types import Quote

MAX_SENTENCES = 3
# A further sentence is quoted if its score is within this much of the best one's. Chosen on the
# even-numbered articles of XQuAD English, where it gives 1.8 sentences that hold the gold answer
# for 0.91 of the questions; on the odd-numbered ones 1.5 sentences for 0.95.
SCORE_MARGIN = 0.2

# What is to be done in a question of how: documents often put it otherwise.
_ACTION = re.compile(
    r"\bhow (?:(?:do|does|can|could|should|would|must|may) \w+|to)"
    r" (\w+(?: (?:up|off|out|on|in|down|away|back|over)\b)?)",
    re.IGNORECASE,
)
# Chosen of 0.25, 0.5 and 1 on people's questions over seven folders: 393, 396 and 395 right.
_ACTION_WEIGHT = 0.5
# A sentence of nothing but links, or a line of nothing but the question's words (a signature, a
# name above a text), leads to an answer at most.
_LINKS = re.compile(r"[\W_]*(?:!?\[[^\]]*\]\([^)\s]*\)[\W_]*)+")
_EMPTY_PENALTY = 0.25
# A heading that stands alone is mostly the document's title. On SciFact's claims nDCG@10 is 0.753
# where it counts nothing, 0.751 by half and 0.749 in full; people's questions over eight folders
# are answered alike by half and in full, one more is wrong where it counts nothing.
_TITLE_WEIGHT = 0.5
# Sentences of a paragraph have so many characters between them at most.
_BESIDE = 1
_LETTER = re.compile(r"\w")
_VERSION = re.compile(r"\d[.-]\d|\d{4}")
_WORDS_OF_HEADING = re.compile(r"[^\W\d_]{2,}")

_SENTENCE_END = re.compile(r"""[.!?…:;。！？؟۔।][\W_]*$""")


@dataclass(frozen=True, slots=True)
class RankedSentence:
    """A sentence of a hit with its score, about 1.9 at most.

    `cosine` is its similarity to the query, and `matched_terms` are the query's terms in it.
    """

    quote: Quote
    hit: Hit
    score: float
    cosine: float
    matched_terms: frozenset[str] = frozenset()


class QueryTerms:
    """The query's terms and their inverse document frequencies."""

    def __init__(self, snapshot: Snapshot, query: str) -> None:
        self.query = query
        self.figures = figures_in(query)
        self.idf = snapshot.idf
        # Sorted, since sums in another order differ in their last digit.
        self._weights = {term: snapshot.idf(term) for term in sorted(set(snapshot.terms(query)))}
        action = _ACTION.search(query) if len(self._weights) > 1 else None
        for term in snapshot.terms(action[1]) if action else ():
            self._weights[term] = self._weights.get(term, 0.0) * _ACTION_WEIGHT
        self._total = sum(self._weights.values())
        self._shares = dict[frozenset[str], float]()

    def without(self, terms: Collection[str]) -> QueryTerms:
        """The same without some terms, unless none would be left."""
        left = {term: weight for term, weight in self._weights.items() if term not in terms}
        if len(left) in {0, len(self._weights)}:
            return self
        fewer = copy(self)
        fewer._weights, fewer._total, fewer._shares = left, sum(left.values()), {}
        return fewer

    def matched(self, terms: Iterable[str]) -> frozenset[str]:
        """The terms that are the query's as well."""
        return frozenset(filter(self._weights.__contains__, terms))

    def weighted_coverage(self, matched: frozenset[str]) -> float:
        """IDF-weighted share of the query's terms, 0..1; 0 for a query without terms."""
        if not self._total:
            return 0.0
        # The hundreds of sentences of a question match few different sets.
        if matched not in self._shares:
            total = sum(self._weights.get(term, 0.0) for term in sorted(matched))
            self._shares[matched] = total / self._total
        return self._shares[matched]

    def coverage(self, matched: frozenset[str]) -> float:
        """Share of the query's terms, unweighted, 0..1."""
        held = len(self._weights.keys() & matched)
        return held / len(self._weights) if self._weights else 0.0


@dataclass(frozen=True, slots=True)
class SentenceScores:
    """The sentences of a text in order: their cosines to the query, their scores, at most
    `RankingWeights.max_sentence_score`, and the query's terms that each contains.
    """

    text: Text
    cosines: Sequence[float]
    scores: Sequence[float]
    matched_terms: Sequence[frozenset[str]]

    @property
    def best(self) -> float:
        """The best score; 0 for a text without sentences."""
        return max(self.scores, default=0.0)

    def each(self) -> Iterator[tuple[Quote, float, float, frozenset[str]]]:
        """Each sentence with its cosine, its score and its matched terms."""
        return zip(quotes_of(self.text), self.cosines, self.scores, self.matched_terms, strict=True)


def score_sentences(
    text: Text,
    cosines: Sequence[float],
    terms: QueryTerms,
    kind: AnswerType,
    trust: float = 1.0,
    scoring: RankingWeights = RANKING_WEIGHTS,
) -> SentenceScores:
    """The scores of a text's sentences, whose cosines to the query are given in order.

    A score adds up the cosine, the coverage of the query's terms, their coverage together with the
    sentence before (which may name the subject), what the heading above adds to it, the share of
    the query's numbers, and whether the sentence contains the expected type of answer. `trust`,
    0..1, scales the cosine.
    """
    matched, heading = [terms.matched(own) for own in text.terms], terms.matched(text.heading)
    scores = [
        trust * scoring.cosine * cosine
        + scoring.coverage * terms.weighted_coverage(own)
        + scoring.coverage_with_previous * terms.weighted_coverage(own | before)
        + scoring.coverage_with_heading
        * (terms.weighted_coverage(own | heading) - terms.weighted_coverage(own))
        for cosine, own, before in zip(cosines, matched, [frozenset(), *matched], strict=False)
    ]
    if terms.figures:
        _add_figures(scores, text, terms, scoring.numbers)
    words = text.passage.text
    if "](" in words:
        for place, (start, end) in enumerate(text.sentences):
            scores[place] -= _EMPTY_PENALTY * is_links(words[start:end])
    for place, (own, (start, end)) in enumerate(zip(text.terms, text.sentences, strict=True)):
        if own and matched[place].issuperset(own) and not _SENTENCE_END.search(words[start:end]):
            scores[place] -= _EMPTY_PENALTY
    if kind is not AnswerType.ANY:
        for place, (start, end) in enumerate(text.sentences):
            scores[place] += scoring.kind * matches_answer_type(kind, terms.query, words[start:end])
    return SentenceScores(text, cosines, scores, matched)


def heading_match(text: Text, terms: QueryTerms) -> float:
    """How much the heading right above a text and the query are the same, 0..1: the harmonic mean
    of the IDF-weighted shares of the heading's terms that are the query's, and of the query's that
    it holds; half of it for a heading that stands under no other.
    """
    shared = terms.matched(text.own_heading)
    if not shared:
        return 0.0
    recall = terms.weighted_coverage(shared)
    own = sum(map(terms.idf, sorted(set(text.own_heading))))
    precision = sum(map(terms.idf, sorted(shared))) / (own or 1.0)
    same = 2 * precision * recall / ((precision + recall) or 1.0)
    return same if " > " in text.passage.heading else _TITLE_WEIGHT * same


def is_history(text: Text, terms: QueryTerms) -> bool:
    """Whether a text stands below a version or a date alone ("Version 8.4", "3.1 (18 June 2025)"),
    and the query holds no word and no figure of the headings above it.
    """
    last = text.passage.own_heading
    if terms.matched(text.heading) or (terms.figures and terms.figures.within(last)):
        return False
    return is_version(last)


def is_version(heading: str) -> bool:
    """Whether a heading is a version or a date, with one word besides at most."""
    words = _WORDS_OF_HEADING.findall(re.sub(MONTH_PATTERN, "", heading))
    return len(words) <= 1 and bool(_VERSION.search(heading))


def _add_figures(scores: list[float], text: Text, terms: QueryTerms, weight: float) -> None:
    """Add the share of the query's numbers, dates and codes that stand in a sentence or in the
    heading above it, each as a whole: a 3.1 is no 3.2.
    """
    heading, words = text.passage.heading, text.passage.text
    for place, (start, end) in enumerate(text.sentences):
        found = terms.figures.within(heading, words[start:end])
        scores[place] += weight * len(found) / len(terms.figures)


def is_links(sentence: str) -> bool:
    """Whether a sentence holds nothing but Markdown's links and images."""
    return _LINKS.fullmatch(sentence) is not None


def rank_sentences(
    groups: Iterable[tuple[Hit, float, SentenceScores]], scoring: RankingWeights = RANKING_WEIGHTS
) -> tuple[RankedSentence, ...]:
    """The sentences of hits, best first; each hit comes with its fused score, 0..1."""
    ranked = [
        RankedSentence(quote, hit, score + scoring.passage * fused, cosine, matched)
        for hit, fused, scores in groups
        for quote, cosine, score, matched in scores.each()
        # The rule below the names of a table's columns says nothing.
        if _LETTER.search(quote.text)
    ]
    return tuple(sorted(ranked, key=lambda s: (-s.score, s.hit.rank, s.quote.start)))


def quotes_of(text: Text) -> list[Quote]:
    """The sentences of a text's passage in reading order."""
    passage = text.passage
    return [
        Quote(passage, passage.start + start, passage.start + end) for start, end in text.sentences
    ]


def select_sentences(
    ranked: Sequence[RankedSentence], most: int = MAX_SENTENCES
) -> list[RankedSentence]:
    """The sentences to quote, those of the best passage first, each passage's in reading order.

    At most `most`, only those within SCORE_MARGIN of the best, and no text twice.
    """
    chosen, texts = list[RankedSentence](), set[str]()
    for sentence in ranked:
        text = " ".join(sentence.quote.text.split()).casefold()
        if len(chosen) == most or ranked[0].score - sentence.score > SCORE_MARGIN:
            break
        if text not in texts:
            texts.add(text)
            chosen.append(sentence)
    return sorted(chosen, key=lambda s: (s.hit.rank, s.quote.start))


def with_completing_line(
    query: str, ranked: Sequence[RankedSentence], chosen: Sequence[RankedSentence]
) -> list[RankedSentence]:
    """The sentences chosen, and with a single one that which completes it.

    With a sentence it is the one before or after that has more of what is asked; with a line that
    has the query's number the one of its passage that has the rest: "Invoice 2207 of 8 May" names
    what "Amount due: 324.20" is of. A line is no sentence: it has no full stop.
    """
    if len(chosen) != 1:
        return list(chosen)
    (line,) = chosen
    if not _is_line(line):
        return _with_neighbour(line, ranked)
    if not figures_in(query).within(line.quote.text):
        return [line]
    others = (
        other
        for other in ranked
        if other.hit is line.hit and other.matched_terms - line.matched_terms and _is_line(other)
    )
    rest = max(
        others, key=lambda other: len(other.matched_terms - line.matched_terms), default=None
    )
    found = [line, rest] if rest else [line]
    return sorted(found, key=lambda sentence: sentence.quote.start)


def _with_neighbour(
    sentence: RankedSentence, ranked: Sequence[RankedSentence]
) -> list[RankedSentence]:
    """A sentence, with the one right before or after it that has most of the query's terms that it
    lacks itself.
    """
    beside = [
        other
        for other in ranked
        if other.hit is sentence.hit
        and other.matched_terms - sentence.matched_terms
        and _gap(other.quote, sentence.quote) <= _BESIDE
    ]
    missing = {id(other): len(other.matched_terms - sentence.matched_terms) for other in beside}
    best = max(beside, key=lambda other: (missing[id(other)], other.score), default=None)
    found = [sentence, best] if best else [sentence]
    return sorted(found, key=lambda one: one.quote.start)


def _gap(one: Quote, other: Quote) -> int:
    """How many characters stand between two quotes of a passage."""
    first, second = sorted([one, other], key=lambda quote: quote.start)
    return second.start - first.end


def _is_line(sentence: RankedSentence) -> bool:
    return not _SENTENCE_END.search(sentence.quote.text)

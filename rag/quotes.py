"""The quotes composer: the one to three sentences that answer, verbatim, each with its citation."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass

import numpy as np

from index.passages import Hit, Vectors
from index.sentences import sentence_spans
from rag.answers import Claim, Draft, Quote, Turn
from rag.words import stems

_HITS = 4
_MOST = 3


@dataclass(frozen=True, slots=True)
class _Candidate:
    quote: Quote
    hit: Hit
    score: float


class QuotesComposer:
    """Needs no LLM: it answers in the documents' own words."""

    name = "quotes"

    def __init__(
        self,
        embed_query: Callable[[str], Vectors],
        embed_sentences: Callable[[Sequence[str]], Vectors],
    ) -> None:
        self._embed_query = embed_query
        self._embed_sentences = embed_sentences

    def compose(
        self, query: str, hits: Sequence[Hit], turns: Sequence[Turn] = ()
    ) -> Generator[str, None, Draft]:
        """Quote the sentences that answer best; what matters of turns is in the query."""
        ranked = self._ranked(query, hits[:_HITS])
        chosen = ranked[:1]
        for candidate in ranked[1:_MOST]:
            if candidate.score >= 0.8 * ranked[0].score:
                chosen.append(candidate)
        chosen.sort(key=lambda c: (c.hit.rank, c.quote.start))
        claims = []
        for candidate in chosen:
            text = " ".join(candidate.quote.text.split())
            claims.append(Claim(text, (candidate.quote,)))
            yield text if len(claims) == 1 else f" {text}"
        return Draft(tuple(claims))

    def _ranked(self, query: str, hits: Sequence[Hit]) -> list[_Candidate]:
        quotes = [(hit, quote) for hit in hits for quote in _sentences(hit)]
        vectors = self._embed_sentences([quote.text for _, quote in quotes])
        cosines = vectors @ self._embed_query(query)
        wanted = set(stems(query))
        candidates = []
        for (hit, quote), cosine in zip(quotes, np.asarray(cosines), strict=True):
            shared = len(wanted & set(stems(quote.text))) / max(len(wanted), 1)
            score = 0.5 * float(cosine) + 0.3 * shared + 0.2 * hit.score
            candidates.append(_Candidate(quote, hit, score))
        return sorted(candidates, key=lambda c: (-c.score, c.hit.rank, c.quote.start))


def _sentences(hit: Hit) -> list[Quote]:
    passage = hit.passage
    return [
        Quote(passage, passage.start + start, passage.start + end)
        for start, end in sentence_spans(passage.text)
    ]

"""The quotes composer: the one to three sentences that answer, verbatim, each with its citation."""

from __future__ import annotations

from collections.abc import Generator, Sequence

from rag.answers import Claim, Draft, Turn
from rag.compose import Evidence
from rag.rank import choose


class QuotesComposer:
    """Needs no LLM: it answers in the documents' own words."""

    name = "quotes"

    def __init__(self, most: int) -> None:
        self._most = most

    def compose(
        self, evidence: Evidence, turns: Sequence[Turn] = ()
    ) -> Generator[str, None, Draft]:
        """Quote the sentences that answer best; what matters of turns is in the query."""
        claims = []
        for sentence in choose(evidence.sentences, self._most):
            text = " ".join(sentence.quote.text.split())
            claims.append(Claim(text, (sentence.quote,)))
            yield text if len(claims) == 1 else f" {text}"
        return Draft(tuple(claims))

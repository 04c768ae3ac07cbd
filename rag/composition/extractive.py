"""The quotes composer: the one to three sentences that answer, verbatim, each with its citation.

Rows of a table are quoted whole, and as many of them as hold what is asked.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence

from rag.citations.labelling import leading_space, with_markers
from rag.composition.base import ComposerInput
from rag.composition.table_rows import best_rows, claims_of, rows_of
from rag.retrieval.sentences import select_sentences
from rag.types import Claim, Draft, Quote, Turn


class QuotesComposer:
    """Needs no LLM: it answers in the documents' own words."""

    name = "quotes"

    def __init__(self, most: int) -> None:
        self._most = most

    def compose(
        self, evidence: ComposerInput, turns: Sequence[Turn] = ()
    ) -> Generator[str, None, Draft]:
        """Quote the sentences that answer best; what matters of turns is in the query."""
        claims = list[Claim]()
        chosen = [sentence.quote for sentence in select_sentences(evidence.sentences, self._most)]
        for claim in _claims(evidence, chosen):
            yield leading_space(claims[-1] if claims else None, claim) + with_markers(claim)
            claims.append(claim)
        return Draft(tuple(claims))


def _claims(evidence: ComposerInput, chosen: Sequence[Quote]) -> Iterator[Claim]:
    """A claim for each sentence, and at the first one of a table those of its rows that answer."""
    passages = dict.fromkeys(sentence.quote.passage for sentence in evidence.sentences)
    rows = rows_of(list(passages), evidence.tables_in, evidence.passages_in)
    told = set[tuple[str, ...]]()
    for quote in chosen:
        table = next((r.table for r in rows if r.holds(quote) or r.header == quote), None)
        if table is None:
            yield Claim(" ".join(quote.text.split()), (quote,))
        elif table not in told:
            told.add(table)
            own = [row for row in rows if row.table == table]
            quoted = [row for row in own if any(map(row.holds, chosen))]
            yield from claims_of(best_rows(evidence.query, quoted or own, own))

"""Is a question answerable from what was found? A score, and the line below which to refuse."""

from __future__ import annotations

from collections.abc import Sequence

from rag.rank import Sentence, Terms
from rag.retrieve import Found

_HITS = 3
# Logistic regression on the even-numbered articles of XQuAD English: answerable as they are, not
# answerable with the article, or only the paragraph, taken out of the index. The line is set to
# refuse 4 % of the answerable ones there. On the odd-numbered articles it refuses 2 % of the
# answerable, 96 % of those without their article and 74 % of those without their paragraph.
_PASSAGE_COSINE = 3.2
_SENTENCE_COSINE = 7.8
_COVERAGE = 7.5
_OFFSET = -9.1
REFUSE_BELOW = -0.93


def answerability(found: Found, sentences: Sequence[Sentence], terms: Terms) -> float:
    """Log-odds that the best sentences answer the query.

    From the best passage's cosine, the best sentence's cosine, and the weighted share of the
    query's terms in one of the first passages.
    """
    if not sentences:
        return float("-inf")
    coverage = max(
        terms.share(terms.held(hit.passage.embedding_text)) for hit in found.hits[:_HITS]
    )
    return (
        _PASSAGE_COSINE * max(found.cosines)
        + _SENTENCE_COSINE * sentences[0].cosine
        + _COVERAGE * coverage
        + _OFFSET
    )

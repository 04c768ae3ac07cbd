"""Is a question answerable from what was found? A score, and the line below which to refuse."""

from __future__ import annotations

from collections.abc import Sequence

from rag.rank import Sentence, Terms
from rag.retrieve import Found

_HITS = 3
# Logistic regression over two public sets: XQuAD English, its even-numbered articles, each question
# asked of all paragraphs, of its article's alone and of four articles', whole, without the
# paragraph that answers and without the article; and the rewritten questions of MTRAG's human
# subset, every second conversation, with and without the passages that answer. The line refuses
# 3 % of the answerable ones there. On the other halves it refuses 2 % of the answerable, and 91 %
# (XQuAD) and 83 % (MTRAG) of those whose subject is not indexed.
_PASSAGE_COSINE = 2.6
_SENTENCE_COSINE = 7.6
_COVERAGE = 5.9
_OFFSET = -8.2
REFUSE_BELOW = -1.5


def answerability(found: Found, sentences: Sequence[Sentence], terms: Terms) -> float:
    """Log-odds that the best sentences answer the query.

    From the best passage's cosine, the best sentence's cosine, and the share of the query's terms
    that one of the first passages holds, unweighted: in a small folder an ordinary word that
    happens to be missing would weigh as much as a name.
    """
    if not sentences:
        return float("-inf")
    coverage = max(terms.count_share(hit.passage.embedding_text) for hit in found.hits[:_HITS])
    return (
        _PASSAGE_COSINE * max(found.cosines)
        + _SENTENCE_COSINE * sentences[0].cosine
        + _COVERAGE * coverage
        + _OFFSET
    )

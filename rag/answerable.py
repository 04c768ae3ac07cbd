"""Is a question answerable from what was found? A score, and the line below which to refuse."""

from __future__ import annotations

from collections.abc import Sequence

from rag.rank import Sentence, Terms, choose
from rag.retrieve import Found
from rag.wants import NEEDED, Kind, match_kind

_HITS = 3
# Logistic regression over two public sets: XQuAD English, its even-numbered articles, each question
# asked of all paragraphs, of its article's alone and of four articles', whole, without the
# paragraph that answers and without the article; and the rewritten questions of MTRAG's human
# subset, every second conversation, with and without the passages that answer. The line refuses
# 3 % of the answerable ones there. On the other halves it refuses 2 to 3 % of the answerable, and
# 91 % (XQuAD) and 80 % (MTRAG) of those whose subject is not indexed.
_PASSAGE_COSINE = 1.5
_FIRST_COSINE = 5.3
_BEST_COSINE = 3.8
_COVERAGE = 5.8
_OFFSET = -8.5
REFUSE_BELOW = -1.59


def is_answerable(found: Found, sentences: Sequence[Sentence], terms: Terms, kind: Kind) -> bool:
    """Do the best sentences answer the query, with a thing of the kind that it asks for?"""
    if kind in NEEDED and not any(
        match_kind(kind, found.query, sentence.quote.text) > 0 for sentence in choose(sentences)
    ):
        return False
    return answerability(found, sentences, terms) >= REFUSE_BELOW


def answerability(found: Found, sentences: Sequence[Sentence], terms: Terms) -> float:
    """Log-odds that the best sentences answer the query.

    From the best passage's cosine, those of the first sentence and of the best of the first ones,
    and the share of the query's terms that one of the first passages holds, unweighted: in a
    small folder an ordinary word that happens to be missing would weigh as much as a name.
    """
    if not sentences:
        return float("-inf")
    coverage = max(terms.count_share(hit.passage.embedding_text) for hit in found.hits[:_HITS])
    return (
        _PASSAGE_COSINE * max(found.cosines)
        + _FIRST_COSINE * sentences[0].cosine
        + _BEST_COSINE * max(sentence.cosine for sentence in choose(sentences))
        + _COVERAGE * coverage
        + _OFFSET
    )

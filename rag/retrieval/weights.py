"""Weights of the ranking; `footnote eval ablate` prints what each feature brings."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RankingWeights:
    """Weights in the scores of passages and of sentences; 0 leaves a feature out.

    A passage's score adds to its fused score, 0..1: `sentence` times the best score of its
    sentences (`sentence_unread` in a language that the embedding model was not trained on),
    `next_best` times the score of its document's next best passage, `covered` times the squared
    share of the query's terms that its document's passages contain together, `like` times its
    cosine to the centroid of the best passages, and `own_heading` times how much the heading right
    above it and the query are the same. A sentence's score adds up `cosine` times its cosine to
    the query, `coverage` times the share of the query's terms in it, `coverage_with_previous` times
    that in it or the sentence before it, and `kind` if it contains the expected type of answer. To
    rank sentences, `passage` times the passage's fused score is added to it.
    """

    # Chosen with the share of the cosine on XQuAD English, its even-numbered articles: success@1
    # 0.958 against 0.949 without; on the odd ones 0.979 against 0.969.
    sentence: float = 1.2
    # Only words decide there which sentence is best. Chosen with the share of the cosine on XQuAD
    # Spanish, its even-numbered articles, before documents and feedback counted; success@1 is now
    # 0.918 with as without, on the odd ones 0.948 against 0.939.
    sentence_unread: float = 2.4

    # Fitted on XQuAD English, its even-numbered articles: conditional logistic regression, relative
    # to the cosine. The first sentence then holds the gold answer for 0.86 of the questions on the
    # odd ones and 0.79 on the even ones; without any one of them for fewer.
    cosine: float = 1.0
    coverage: float = 0.33
    coverage_with_previous: float = 0.26
    # Chosen of 0, 0.1, 0.2 and 0.35 on the questions of eval/gold/clinic and eval/gold/software,
    # where 0.35 answers three of 150 more than 0; numbers of 0.3, 0.6 and 0.9, one more than 0.3.
    coverage_with_heading: float = 0.3
    numbers: float = 0.6
    kind: float = 0.11
    passage: float = 0.16

    # Squared, so that documents with nearly all terms count. Chosen on XQuAD English, its
    # even-numbered articles: success@1 0.958 against 0.956 without (on the odd ones 0.979 with as
    # without). They help where whole documents are about the question: on SciFact's claims nDCG@10
    # is 0.753 against 0.746. On MTRAG it is 0.735 against 0.744, which may be chance.
    next_best: float = 0.05
    covered: float = 0.5
    # Chosen of 0, 0.3, 0.6 and 1 on the questions of the chunking set, where recall@5 is 0.877
    # against 0.873 without, which may be chance, and nDCG@10 0.791 against 0.795, which is not. On
    # SciFact's claims nDCG@10 is 0.753 against 0.751.
    like: float = 0.3
    # Chosen of 0, 0.3, 0.6 and 1 on people's questions over seven folders: 391, 394, 395 and 395 of
    # 454 right. XQuAD, whose passages have no headings of their own, is as without.
    own_heading: float = 0.6
    # Of versions that are past or of past days, taken off where neither is asked for.
    history: float = 0.3

    def max_sentence_score(self, with_numbers: bool) -> float:
        """The highest score of a sentence, for a query with numbers in it or without.

        What a heading adds is at most what coverage lacks.
        """
        coverage = max(self.coverage, self.coverage_with_heading)
        numbers = self.numbers if with_numbers else 0.0
        return self.cosine + coverage + self.coverage_with_previous + self.kind + numbers

    def sentence_weight(self, known: bool) -> float:
        """The weight of the best sentence; `known` if the model was trained on the language."""
        return self.sentence if known else self.sentence_unread


RANKING_WEIGHTS = RankingWeights()

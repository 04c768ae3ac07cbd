"""What each part of the ranking counts for; `footnote eval ablate` prints what each brings."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Scoring:
    """Weights in the score of a passage and in the mark of a sentence; 0 leaves a part out.

    A passage's score adds to its fused score, 0..1: `sentence` times the best mark of its sentences
    (`sentence_unread` in a language that the embedding model is not taught), `next_best` times the
    score of its document's next best passage, `covered` times the squared share of the query's
    terms that its document's passages hold together, and `like` times its cosine to the best
    passages. A mark adds up a sentence's cosine to the query, the share of the query's terms in it,
    that in it or the sentence before it, and whether it holds the kind of thing that is asked for.
    To rank sentences, `passage` times the passage's fused score is added to it.
    """

    # Chosen with the weight of the cosine on XQuAD English, its even-numbered articles: success@1
    # 0.944 without, 0.956 with; on the odd ones 0.972 without, 0.979 with.
    sentence: float = 1.2
    # Only words tell there which sentence is best. Chosen with the share of the cosine on XQuAD
    # Spanish, its even-numbered articles: success@1 0.920, against 0.899 without sentences; on the
    # odd ones 0.948 against 0.940.
    sentence_unread: float = 2.4

    # Fitted on XQuAD English, its even-numbered articles: conditional logistic regression, relative
    # to the cosine. The first sentence then holds the gold answer for 0.85 of the questions on the
    # odd ones and 0.77 on the even ones.
    cosine: float = 1.0
    coverage: float = 0.33
    coverage_with_previous: float = 0.26
    kind: float = 0.11
    passage: float = 0.16

    # What counts are documents that hold nearly all. Chosen on XQuAD English, its even-numbered
    # articles: success@1 0.957 against 0.956 without (on the odd ones 0.981 against 0.979). They
    # help where whole documents are about the question: on SciFact's claims nDCG@10 is 0.755
    # against 0.748; and cost where they are not: on MTRAG nDCG@5 is 0.691 against 0.701.
    next_best: float = 0.05
    covered: float = 0.5
    # Chosen of 0, 0.3, 0.6 and 1 on the questions of the chunking set: recall of five passages
    # 0.852 against 0.848 without, 0.846 and 0.839 with more.
    like: float = 0.3

    @property
    def best_mark(self) -> float:
        """The highest mark of a sentence."""
        return self.cosine + self.coverage + self.coverage_with_previous + self.kind

    def sentence_weight(self, read: bool) -> float:
        """What the best sentence's mark adds in a language that the model is taught, or is not."""
        return self.sentence if read else self.sentence_unread


SCORING = Scoring()

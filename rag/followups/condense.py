"""Condensing follow-ups: a stand-alone query, and a bias of scores from earlier turns.

A follow-up that only names something new is the question before it with the new name. One that is
near to some passage names its own subject, and is searched for as it is; the further off the
nearest passage is, the more the question before it counts. Passages that earlier answers came from
are ranked lower.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from rag.followups.ellipsis import resolve_ellipsis
from rag.llm.sanitize import to_plain_text
from rag.retrieval.hybrid import ScoreProbe
from rag.types import Turn

# What the best passages for an earlier answer lose is for so many of them.
_PENALISED_PASSAGES = 2
_TURNS = 5
_ANSWER_CHARACTERS = 1000
# What draws a table in Markdown.
_TABLE = re.compile(r"\||(?<!\S)-{3,}(?!\S)")
_LABELS = re.compile(r"\s*[\[【]\s*\^?\d{1,3}(?:\s*[,;–-]\s*\d{1,3})*\s*[\]】]")


@dataclass(frozen=True, slots=True)
class FollowUpWeights:
    """How much earlier turns count.

    `standalone_cosine` and `dependent_cosine` are cosines of the nearest passage: at the first a
    question is taken as it is, at the second only together with the one before it.
    `repetition_penalty`, a share of its score, is what a passage loses that an earlier answer came
    from.
    """

    standalone_cosine: float
    dependent_cosine: float
    repetition_penalty: float


# Chosen by `python -m eval.lab.followups` on all of MTRAG's human subset; chosen without the
# conversations that are asked about, they gain 0.044 in nDCG@5 over the last question alone. A
# bonus for the conversation's topic, and counting pronouns, gained nothing beside these.
FOLLOW_UP_WEIGHTS = FollowUpWeights(
    standalone_cosine=0.55, dependent_cosine=0.25, repetition_penalty=0.3
)


@dataclass(frozen=True, slots=True)
class CondensedQuery:
    """The query to search for, the part of it that is the question, and a bias of scores by key."""

    query: str
    question: str
    bias: Mapping[str, float] = field(default_factory=dict)


def condense(
    question: str,
    turns: Sequence[Turn],
    probe: Callable[[str], ScoreProbe],
    rewritten: str = "",
    weights: FollowUpWeights = FOLLOW_UP_WEIGHTS,
) -> CondensedQuery:
    """What to search for after these turns; `rewritten` is an LLM's stand-alone form, or "".

    Labels in earlier answers are left out.
    """
    question = question.strip()
    if not turns:
        return CondensedQuery(question, question)
    turns = turns[-_TURNS:]
    bias = _repetition_bias(turns, probe, weights.repetition_penalty)
    before = _last_question(turns, probe)
    if whole := rewritten or resolve_ellipsis(
        question, before, lambda text: probe(text).best_cosine
    ):
        return CondensedQuery(whole, whole, bias)
    alone = probe(question)
    off = (weights.standalone_cosine - alone.best_cosine) / (
        weights.standalone_cosine - weights.dependent_cosine
    )
    dependence = min(1.0, max(0.0, off))
    if not dependence or not before:
        return CondensedQuery(question, question, bias)
    both = f"{before} {question}"
    together = probe(both)
    # Whichever counts for more is searched for, since sentences are chosen by it; the other shifts
    # the scores that the search itself adds.
    if dependence < 0.5:
        return CondensedQuery(question, question, _blended_bias(bias, alone, together, dependence))
    return CondensedQuery(both, question, _blended_bias(bias, together, alone, 1 - dependence))


def without_labels(answer: str) -> str:
    """An answer's text without labels, which name passages of another question."""
    return _LABELS.sub("", answer)


def _last_question(turns: Sequence[Turn], probe: Callable[[str], ScoreProbe]) -> str:
    """The last question, completed if it only named something new."""
    before = ""
    for turn in turns:
        question = turn.question.strip()
        before = (
            resolve_ellipsis(question, before, lambda text: probe(text).best_cosine) or question
        )
    return before


def _repetition_bias(
    turns: Sequence[Turn], probe: Callable[[str], ScoreProbe], penalty: float
) -> dict[str, float]:
    """The negative bias, by key, of passages that earlier answers came from."""
    losses = dict[str, float]()
    for turn in turns:
        if answer := _plain_words(turn.answer)[:_ANSWER_CHARACTERS]:
            scores = probe(answer).scores
            for key in sorted(scores, key=lambda key: (-scores[key], key))[:_PENALISED_PASSAGES]:
                losses[key] = min(losses.get(key, 0.0), -penalty * scores[key])
    return losses


def _plain_words(answer: str) -> str:
    """An answer's words in order, the same whether it was shown as Markdown or as plain text."""
    return " ".join(_TABLE.sub(" ", without_labels(to_plain_text(answer))).split())


def _blended_bias(
    bias: Mapping[str, float], searched: ScoreProbe, other: ScoreProbe, share: float
) -> dict[str, float]:
    """The bias that replaces a share of the search's own scores by another probe's."""
    return {
        key: bias.get(key, 0.0)
        + share * (other.scores.get(key, 0.0) - searched.scores.get(key, 0.0))
        for key in {*bias, *searched.scores, *other.scores}
    }

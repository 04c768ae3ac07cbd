"""Follow-ups made to stand alone: what is searched for, and what earlier turns add to scores.

A follow-up that has a passage near to it names its own subject, and is searched for as it is. The
further off the nearest one is, the more the question before it counts. What the conversation is
about lifts the passages about it, and passages that earlier answers came from give way to others.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from rag.answers import Turn

# Tuned on the conversations of even number in MTRAG's human subset; `footnote eval followups`
# reports the others. Cosine similarities of the nearest passage: at the first a question stands
# alone, at the second it only says something with the one before it.
_STANDS, _LEANS = 0.5, 0.3
# What passages about the conversation gain, and from which score on they gain all of it.
_TOPIC, _FULL = 0.2, 0.5
# What the best passages for an earlier answer lose, and how many they are.
_TOLD, _TOLD_PASSAGES = 0.15, 2
_TURNS = 5
_ANSWER_CHARACTERS = 1000
_LABELS = re.compile(r"\s*[\[【]\s*\^?\d{1,3}(?:\s*[,;–-]\s*\d{1,3})*\s*[\]】]")


@dataclass(frozen=True, slots=True)
class Look:
    """A glance at the index: fused scores (0..1) of candidates by key, and the best cosine."""

    scores: Mapping[str, float]
    nearest: float


@dataclass(frozen=True, slots=True)
class Asked:
    """A question that stands alone, and what to add to the scores of passages by key."""

    query: str
    bias: Mapping[str, float] = field(default_factory=dict)


def condense(
    question: str, turns: Sequence[Turn], look: Callable[[str], Look], written: str = ""
) -> Asked:
    """What to search for after these turns; `written` is an LLM's stand-alone form, or "".

    Labels in earlier answers are left out.
    """
    question = question.strip()
    if not turns:
        return Asked(question)
    turns = turns[-_TURNS:]
    bias = _context(turns, look)
    if written:
        return Asked(written, bias)
    alone = look(question)
    leaning = min(1.0, max(0.0, (_STANDS - alone.nearest) / (_STANDS - _LEANS)))
    if not leaning:
        return Asked(question, bias)
    query = f"{turns[-1].question.strip()} {question}"
    together = look(query)
    # The scores of the query itself are added by the search.
    for key in {*alone.scores, *together.scores}:
        gap = alone.scores.get(key, 0.0) - together.scores.get(key, 0.0)
        bias[key] = bias.get(key, 0.0) + (1 - leaning) * gap
    return Asked(query, bias)


def without_labels(answer: str) -> str:
    """An answer's text without labels, which name passages of another question."""
    return _LABELS.sub("", answer)


def _context(turns: Sequence[Turn], look: Callable[[str], Look]) -> dict[str, float]:
    """What passages gain for being about the conversation and lose for having been told."""
    about, told = dict[str, float](), dict[str, float]()
    for turn in turns:
        if turn.question.strip():
            _raise(about, look(turn.question.strip()).scores)
        answer = without_labels(turn.answer).strip()[:_ANSWER_CHARACTERS]
        if answer:
            scores = look(answer).scores
            best = sorted(scores, key=lambda key: (-scores[key], key))[:_TOLD_PASSAGES]
            _raise(told, {key: scores[key] for key in best})
    return {
        key: _TOPIC * min(1.0, about.get(key, 0.0) / _FULL) - _TOLD * told.get(key, 0.0)
        for key in {*about, *told}
    }


def _raise(most: dict[str, float], scores: Mapping[str, float]) -> None:
    for key, score in scores.items():
        most[key] = max(most.get(key, 0.0), score)

"""What became of a question of a run."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

# The score that says whether an answer is right: the first of these that applies.
_DECISIVE = ("as_wanted", "contains", "success_5")


class Outcome(StrEnum):
    """What became of a question, the worst first."""

    FAILED = "failed"
    INVENTED = "invented"
    WRONG = "wrong"
    OVER_REFUSED = "over-refused"
    DECLINED = "declined"
    RIGHT = "right"

    @property
    def good(self) -> bool:
        """Whether it is what a user wants."""
        return self in {Outcome.RIGHT, Outcome.DECLINED}


def outcome_of(
    *, answerable: bool, refused: bool, failed: bool, scores: Mapping[str, float | bool | None]
) -> Outcome:
    """The outcome of a question.

    An answer is right if it is as the gold item wants it; without `want`, if it holds a gold
    string; without gold strings, if evidence is among the first five passages.
    """
    if failed:
        return Outcome.FAILED
    if not answerable:
        return Outcome.DECLINED if refused else Outcome.INVENTED
    if refused:
        return Outcome.OVER_REFUSED
    known = (scores.get(name) for name in _DECISIVE)
    right = next((score for score in known if score is not None), 0.0)
    return Outcome.RIGHT if right == 1 else Outcome.WRONG

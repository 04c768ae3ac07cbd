"""What became of a question of a run."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

# An answer is right if all of these are 1 that apply, else, if none does, by the passages found.
_DECISIVE = ("as_wanted", "contains")
_FOUND = "success_5"


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

    An answer is right if it is as the gold item wants it and holds a gold string, as far as the
    item says so; else if evidence is among the first five passages.
    """
    if failed:
        return Outcome.FAILED
    if not answerable:
        return Outcome.DECLINED if refused else Outcome.INVENTED
    if refused:
        return Outcome.OVER_REFUSED
    known = [score for name in _DECISIVE if (score := scores.get(name)) is not None]
    right = all(score == 1 for score in known) if known else scores.get(_FOUND) == 1
    return Outcome.RIGHT if right else Outcome.WRONG

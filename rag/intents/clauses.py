"""Questions in one sentence that ask for several things, cut into what each asks for."""

from __future__ import annotations

import re

_ASKS = r"(?:how|what|which|when|who|whom|whose|where|why)\b"
# An auxiliary opens a question only before its subject: "and is it paid", not "and is used".
_AUXILIARY = r"(?:is|are|was|were|do|does|did|can|could|may|must|should|will|would|has|have)\b"
_INVERTED = (
    rf"{_AUXILIARY}\s+"
    r"(?:i|you|we|they|he|she|it|there|this|that|these|those|the|an?|my|our|your|their|its)\b"
)
_BETWEEN = re.compile(
    rf",?\s+and\s+(?=(?:{_ASKS}|{_INVERTED}))|\?\s+(?:and\s+)?(?=\w)", re.IGNORECASE
)
_OPENS = re.compile(rf"^\W*(?:(?:and|but|so|also)\s+)*(?:{_ASKS}|{_INVERTED})", re.IGNORECASE)
_MOST = 3


def asks(text: str) -> bool:
    """Whether a text opens as a whole question does: "and what does it cost", not "in May"."""
    return bool(_OPENS.match(text))


def is_fragment(text: str) -> bool:
    """Whether a text opens with neither a question word nor an auxiliary: "by bike"."""
    return not re.match(rf"\W*(?:{_ASKS}|{_AUXILIARY})", text, re.IGNORECASE)


def clauses_of(question: str) -> tuple[str, ...]:
    """The questions that a question consists of, in order; at most three, else itself alone.

    "Who founded it, and when?" is "Who founded it" and "when?". What comes before a question and
    asks nothing ("I am ill. Who ...") does not count.
    """
    found = [clause.strip() for clause in _BETWEEN.split(question.strip())]
    asking = [clause for clause in found if asks(clause)]
    return tuple(asking) if 1 < len(asking) == len(found) <= _MOST else (question,)

"""Follow-ups made to stand alone, so that they can be searched for."""

from __future__ import annotations

import re
from collections.abc import Sequence

from rag.answers import Turn

# Words that point back at something said before.
_POINTERS = frozenset(
    (
        "he she it they him her them his hers its their theirs this that these those there then "
        "former latter both one ones else same other others another more"
    ).split()
)
_OPENINGS = re.compile(
    r"^\s*(and|but|so|or|also|what about|how about|why|why not|who else)\b", re.I
)
_WORD = re.compile(r"\w+")
_NAME = re.compile(r"\b[A-Z][\w’'-]*(?:\s+(?:[A-Z][\w’'.-]*|bin|al|of|the(?=\s[A-Z])))*")
_SHORT = 4


def condense(question: str, turns: Sequence[Turn]) -> str:
    """A question that can be searched for without the turns before it.

    One that stands alone is returned as it is. Otherwise the question before it goes in front,
    and the names of the answer before it, which pronouns may stand for.
    """
    if not turns or not points_back(question):
        return question.strip()
    last = turns[-1]
    before = condense(last.question, turns[:-1])
    names = [name for name in _names(last.answer) if name.lower() not in before.lower()]
    return " ".join([before, *names[:3], question.strip()])


def points_back(question: str) -> bool:
    """Does a question lean on what was said before?"""
    words = [word.lower() for word in _WORD.findall(question)]
    return (
        bool(_OPENINGS.match(question))
        or any(word in _POINTERS for word in words)
        or len(words) < _SHORT
    )


def _names(answer: str) -> list[str]:
    """Names in an answer in order, without those that only start a sentence."""
    names = [match.group() for match in _NAME.finditer(answer)]
    return list(dict.fromkeys(name for name in names if len(name) > 3))

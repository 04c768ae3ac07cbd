"""What kind of answer a question wants, and whether a sentence holds one of that kind."""

from __future__ import annotations

import re
from enum import StrEnum


class Kind(StrEnum):
    """The kind of answer that a question's words ask for."""

    NUMBER = "number"
    TIME = "time"
    NAME = "name"
    ANY = "any"


_NUMBER_ASKED = re.compile(
    r"\bhow (?:many|much|long|old|far|often|large|tall|big|high|deep|fast)\b"
    r"|\bwhat (?:number|percent\w*|share|fraction|amount)\b",
    re.IGNORECASE,
)
_TIME_ASKED = re.compile(
    r"\bwhen\b|\b(?:what|which) (?:year|date|month|day|week|century|decade|time)\b", re.IGNORECASE
)
_NAME_ASKED = re.compile(
    r"\b(?:who|whom|whose|where)\b|\b(?:what|which) (?:city|town|country|person|company|place)\b",
    re.IGNORECASE,
)
_NUMBER = re.compile(
    r"\d|\b(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|dozen|hundred|"
    r"thousand|million|billion|half|third|quarter|percent)\b",
    re.IGNORECASE,
)
_TIME = re.compile(
    r"\d|\b(?:January|February|March|April|May|June|July|August|September|October|November|"
    r"December|Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday)\b"
    r"|\b(?:today|tomorrow|yesterday|week|weekend|month|year|century|morning|evening)\b"
)
# A capital that does not open the sentence is taken for a name.
_NAME = re.compile(r"(?<!^)\b[A-Z][a-z]+")


def kind_wanted(question: str) -> Kind:
    """The kind of answer that a question asks for; ANY where its words do not tell."""
    if _NUMBER_ASKED.search(question):
        return Kind.NUMBER
    if _TIME_ASKED.search(question):
        return Kind.TIME
    if _NAME_ASKED.search(question):
        return Kind.NAME
    return Kind.ANY


def match_kind(question: str, sentence: str) -> float:
    """1 if a sentence holds what the question's kind wants, -1 if not, 0 for ANY."""
    kind = kind_wanted(question)
    if kind is Kind.ANY:
        return 0.0
    if kind is Kind.NAME:
        held = any(name not in question for name in _NAME.findall(sentence))
    else:
        held = bool((_NUMBER if kind is Kind.NUMBER else _TIME).search(sentence))
    return 1.0 if held else -1.0

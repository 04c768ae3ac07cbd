"""A question that a document answers, and what its answer rests on."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class QuestionKind(StrEnum):
    """What a question asks for."""

    FACT = "fact"
    HOW_TO = "how-to"
    WHY = "why"
    YES_NO = "yes-no"
    SCENARIO = "scenario"
    DATE = "date"
    LIST = "list"
    COMPARE = "compare"
    TABLE = "table"
    TABLE_FILTER = "table-filter"
    TABLE_MATH = "table-math"
    TOPIC = "topic"
    SUMMARY = "summary"


@dataclass(frozen=True, slots=True)
class SuggestedQuestion:
    """A question that a document answers.

    `answers` are strings of which a right answer holds one. `must` are strings that it holds all,
    `must_not` such as it holds none of. `quotes` are words of the document that it rests on. Each
    is empty where nothing is known.
    """

    question: str
    kind: QuestionKind
    document: str
    answers: tuple[str, ...] = ()
    quotes: tuple[str, ...] = ()
    must: tuple[str, ...] = ()
    must_not: tuple[str, ...] = ()

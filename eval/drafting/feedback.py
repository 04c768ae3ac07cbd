"""Gold candidates from readers' ratings of answers, one JSON object a line.

A line is `{"question", "turns", "answer", "citations", "rating": "up" or "down", "reason"}`, as the
chat page keeps it; citations are those of an answer's JSON, and an answer without any was a
refusal. Of several ratings of one answer the last holds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from eval.datasets.gold import GoldEvidence, GoldItem
from eval.drafting.rules import CHECK, TAG, candidate_id
from eval.pydantic_errors import first_error
from index.errors import ConfigError
from rag.suggestions.sentences import facts_of
from rag.types import Turn

# Stands in for an answer that is not known yet; no real answer contains it.
UNKNOWN = "?"
_FIELDS = ConfigDict(frozen=True, extra="ignore")


class FeedbackCitation(BaseModel):
    """Words that the rated answer cited."""

    model_config = _FIELDS

    document: str
    quote: str


class FeedbackLine(BaseModel):
    """A line of a feedback file: an answer and what a reader thought of it."""

    model_config = _FIELDS

    question: str
    turns: tuple[Turn, ...] = ()
    answer: str
    citations: tuple[FeedbackCitation, ...] = ()
    rating: Literal["up", "down"]
    reason: str = ""


@dataclass(frozen=True, slots=True)
class FeedbackDrafts:
    """The candidates, how many have no answer yet, and how many quotes are no longer there."""

    items: tuple[GoldItem, ...]
    unknown: int
    stale: int


def load_feedback(path: Path) -> list[FeedbackLine]:
    """The last rating of each answer. Raises ConfigError that names a bad line."""
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"feedback file {path} cannot be read: {error}") from None
    found = dict[tuple[object, ...], FeedbackLine]()
    for number, line in enumerate(lines, start=1):
        if line.strip():
            rated = _parse(line, f"feedback file {path}, line {number}")
            found[rated.question, rated.turns, rated.answer] = rated
    return list(found.values())


def _parse(line: str, where: str) -> FeedbackLine:
    try:
        return FeedbackLine.model_validate_json(line)
    except ValidationError as error:
        raise ConfigError(f"{where}: {first_error(error)}") from None


def from_feedback(rated: list[FeedbackLine], texts: Mapping[str, str]) -> FeedbackDrafts:
    """A candidate for each rated answer; `texts` holds the documents by their path.

    A good answer gives its quotes as evidence, a good refusal an unanswerable question. A bad
    answer gives a question whose answer a person must add.
    """
    items, stale = list[GoldItem](), 0
    for one in rated:
        quotes = [cited for cited in one.citations if cited.quote in texts.get(cited.document, "")]
        stale += len(one.citations) - len(quotes)
        items.append(_item(one, quotes))
    unknown = sum(UNKNOWN in item.answers for item in items)
    return FeedbackDrafts(tuple(items), unknown, stale)


def _item(one: FeedbackLine, quotes: list[FeedbackCitation]) -> GoldItem:
    good, refused = one.rating == "up", not one.citations
    answerable = not (good and refused)
    evidence = (
        tuple(GoldEvidence(document=q.document, quote=q.quote) for q in quotes) if good else ()
    )
    answers = _answers(one.question, quotes) if evidence else (UNKNOWN,)
    return GoldItem(
        id=candidate_id(one.question, *(turn.question for turn in one.turns), one.answer),
        question=one.question,
        turns=one.turns,
        answers=answers if answerable else (),
        evidence=evidence if answerable else (),
        answerable=answerable,
        tags=(TAG, "feedback", one.rating, CHECK),
    )


def _answers(question: str, quotes: list[FeedbackCitation]) -> tuple[str, ...]:
    """Facts of the quotes that such a question asks for, else the quotes, to be shortened."""
    facts = [
        fact.answer
        for cited in quotes
        for fact in facts_of(" ".join(cited.quote.split()), cited.quote)
        if _opening(fact.question) == _opening(question)
        and fact.answer.lower() not in question.lower()
    ]
    return tuple(dict.fromkeys(facts or [cited.quote for cited in quotes]))


def _opening(question: str) -> tuple[str, ...]:
    """The words that say what is asked for: "when", "how many"."""
    words = question.lower().split()
    return tuple(words[: 2 if words[:1] == ["how"] else 1])

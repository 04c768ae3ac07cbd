"""Ask every gold question and score what comes back."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from time import perf_counter
from typing import Protocol

from eval.gold import GoldItem
from eval.grade import DEPTH, EvidenceMissing, Scores, failed, grade
from index.errors import FootnoteError, UnknownDocument
from index.passages import Document, Hit
from rag.answers import Answer, Reason, Turn


class NotAnswered(Exception):
    """The answer could not be written, which is neither an answer nor a refusal."""


class Subject(Protocol):
    """What is evaluated: the part of the engine that a run needs."""

    def answer(self, question: str, turns: Sequence[Turn] = ()) -> Answer:
        """The checked answer."""
        ...

    def search(self, query: str, k: int, turns: Sequence[Turn] = ()) -> tuple[str, tuple[Hit, ...]]:
        """The query searched for and the k best passages."""
        ...

    def document(self, path: str) -> Document:
        """One document of the index. Raises UnknownDocument."""
        ...


@dataclass(frozen=True, slots=True)
class Row:
    """One question of a run. `answer` is None and `error` says why if it failed.

    `seconds` is the wall time of the answer alone.
    """

    item: GoldItem
    scores: Scores
    answer: Answer | None
    ranked: tuple[Hit, ...]
    seconds: float
    error: str | None = None


def evaluate(subject: Subject, items: Iterable[GoldItem]) -> Iterator[Row]:
    """Answer and score each item in turn; one that fails becomes a row with its error."""

    @cache
    def text_of(path: str) -> str | None:
        try:
            return subject.document(path).text
        except UnknownDocument:
            return None

    for item in items:
        yield _row(subject, item, text_of)


def _row(subject: Subject, item: GoldItem, text_of: Callable[[str], str | None]) -> Row:
    started = perf_counter()
    answer: Answer | None = None
    ranked: tuple[Hit, ...] = ()
    seconds = 0.0
    try:
        answer = subject.answer(item.question, item.turns)
        seconds = perf_counter() - started
        if answer.refusal and answer.refusal.reason is Reason.UNAVAILABLE:
            # A server that is down refuses everything; that must not count as caution.
            raise NotAnswered(answer.refusal.message)
        ranked = _ranking(subject, item, answer)
        return Row(item, grade(item, answer, ranked, text_of), answer, ranked, seconds)
    except Exception as error:
        # One question must not end a run of a thousand: it is counted as 0 and listed.
        told = isinstance(error, NotAnswered | EvidenceMissing | FootnoteError)
        reason = str(error) if told else f"{type(error).__name__}: {error}"
        return Row(item, failed(item), answer, ranked, seconds, reason)


def _ranking(subject: Subject, item: GoldItem, answer: Answer) -> tuple[Hit, ...]:
    """The first passages for a question; an answer may carry fewer than the measures need."""
    if len(answer.hits) >= DEPTH:
        return answer.hits[:DEPTH]
    return subject.search(item.question, DEPTH, item.turns)[1]

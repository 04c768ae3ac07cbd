"""Ask every gold question and score what comes back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from time import perf_counter

from eval.datasets.evidence import Fact, Find
from eval.datasets.gold import GoldItem
from eval.measures.citations import Backs
from eval.measures.grade import Fault, Scores, failed, fault_of, grade
from eval.measures.retrieval import DEPTH, found_all
from index.errors import FootnoteError
from index.types import Hit
from rag.types import Answer, Answers, Reason

# Passages that are searched so that there are DEPTH documents among them.
_DEEP = 40


class NotAnswered(Exception):
    """The answer could not be written, which is neither an answer nor a refusal."""


@dataclass(frozen=True, slots=True)
class GradingContext:
    """What answers are scored against: the facts of each gold item, documents, a support check.

    A question is asked `times` times; the first answer is scored.
    """

    facts: Mapping[str, Sequence[Fact]]
    find: Find
    backs: Backs
    times: int = 1


@dataclass(frozen=True, slots=True)
class Row:
    """One question of a run. `answer` is None and `error` says why if it failed.

    `seconds` is the wall time of the answer, `engine_seconds` that of its repeats as well, of
    which `differs` counts those that gave another answer than the first.
    """

    item: GoldItem
    facts: Sequence[Fact]
    scores: Scores
    answer: Answer | None = None
    ranked: tuple[Hit, ...] = ()
    seconds: float = 0.0
    engine_seconds: float = 0.0
    fault: Fault | None = None
    differs: int = 0
    error: str | None = None


def evaluate(subject: Answers, items: Iterable[GoldItem], exam: GradingContext) -> Iterator[Row]:
    """Answer and score each item in turn; one that fails becomes a row with its error."""
    for item in items:
        try:
            yield _row(subject, item, exam)
        except Exception as error:
            # One question must not end a run of a thousand: it is counted as 0 and listed.
            told = isinstance(error, NotAnswered | FootnoteError)
            reason = str(error) if told else f"{type(error).__name__}: {error}"
            facts = exam.facts[item.id]
            yield Row(item, facts, failed(item, facts), fault=Fault.FAILED, error=reason)


def _row(subject: Answers, item: GoldItem, exam: GradingContext) -> Row:
    facts = exam.facts[item.id]
    (answer, seconds), *again = [_answer(subject, item) for _ in range(exam.times)]
    ranked = _ranking(subject, item, answer, facts)
    scores = grade(item, facts, answer, ranked, exam.find, exam.backs)
    return Row(
        item,
        facts,
        scores,
        answer,
        ranked,
        seconds,
        sum((taken for _, taken in again), seconds),
        fault_of(item, facts, answer, scores),
        sum(_told(other) != _told(answer) for other, _ in again),
    )


def _answer(subject: Answers, item: GoldItem) -> tuple[Answer, float]:
    """The answer and its wall time in seconds."""
    started = perf_counter()
    answer = subject.answer(item.question, item.turns)
    seconds = perf_counter() - started
    if answer.refusal and answer.refusal.reason is Reason.UNAVAILABLE:
        # A server that is down refuses everything; that must not count as caution.
        raise NotAnswered(answer.refusal.message)
    return answer, seconds


def _told(answer: Answer) -> tuple[object, ...]:
    """What a reader sees of an answer."""
    return answer.text, answer.statements, answer.citations, answer.refusal


def _ranking(
    subject: Answers, item: GoldItem, answer: Answer, facts: Sequence[Fact]
) -> tuple[Hit, ...]:
    """Passages enough to score the ranking: once every fact is found, further ones change nothing,
    so the engine is asked again only for those that the answer's passages lack.
    """
    if len(answer.hits) >= DEPTH and not any(fact.whole for fact in facts):
        return answer.hits
    if found_all(answer.hits, facts):
        return answer.hits
    k = _DEEP if all(fact.whole for fact in facts) else DEPTH
    return subject.search(item.question, k, item.turns)[1]

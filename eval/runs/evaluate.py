"""Asks every gold question and scores the answer."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from time import perf_counter

from eval.datasets.evidence import Fact, Find
from eval.datasets.gold import GoldItem
from eval.measures.citations import Backs
from eval.measures.grade import FailureMode, failed_scores, failure_mode, grade
from eval.measures.registry import Grading, Scores
from eval.measures.retrieval import DEPTH, all_found
from index.errors import FootnoteError
from index.types import Hit
from rag.types import Answer, Answers, Reason

# Passages that are searched so that there are DEPTH documents among them.
_DEEP = 40


class LLMUnavailableError(Exception):
    """The LLM server failed, so there is neither an answer nor a refusal."""


@dataclass(frozen=True, slots=True)
class GradingContext:
    """What answers are scored against: facts by the gold item's id, documents, a support check.

    Each question is asked `times` times and the first answer is scored.
    """

    facts: Mapping[str, Sequence[Fact]]
    find: Find
    backs: Backs
    times: int = 1


@dataclass(frozen=True, slots=True)
class EvaluatedQuestion:
    """One question of a run. `answer` is None if it failed, and `error` says why.

    `seconds` is the wall time of the answer, `engine_seconds` that of all repeats. `differs` counts
    the repeats with another answer than the first.
    """

    item: GoldItem
    facts: Sequence[Fact]
    scores: Scores
    answer: Answer | None = None
    ranked: tuple[Hit, ...] = ()
    seconds: float = 0.0
    engine_seconds: float = 0.0
    failure: FailureMode | None = None
    differs: int = 0
    error: str | None = None


def evaluate(
    engine: Answers, items: Iterable[GoldItem], context: GradingContext
) -> Iterator[EvaluatedQuestion]:
    """Answer and score each item in turn. One that fails is yielded with its error."""
    for item in items:
        try:
            yield _evaluate(engine, item, context)
        except Exception as error:
            # One question must not end a run of a thousand: it is counted as 0 and listed.
            expected = isinstance(error, LLMUnavailableError | FootnoteError)
            reason = str(error) if expected else f"{type(error).__name__}: {error}"
            facts = context.facts[item.id]
            scores = failed_scores(item, facts)
            yield EvaluatedQuestion(item, facts, scores, failure=FailureMode.FAILED, error=reason)


def _evaluate(engine: Answers, item: GoldItem, context: GradingContext) -> EvaluatedQuestion:
    facts = context.facts[item.id]
    (answer, seconds), *repeats = [_answer(engine, item) for _ in range(context.times)]
    ranked = _ranking(engine, item, answer, facts)
    scores = grade(Grading(item, facts, answer, ranked, context.find, context.backs))
    return EvaluatedQuestion(
        item,
        facts,
        scores,
        answer,
        ranked,
        seconds,
        sum((taken for _, taken in repeats), seconds),
        failure_mode(item, facts, answer, scores),
        sum(_visible(other) != _visible(answer) for other, _ in repeats),
    )


def _answer(engine: Answers, item: GoldItem) -> tuple[Answer, float]:
    """The answer and its wall time in seconds."""
    started = perf_counter()
    answer = engine.answer(item.question, item.turns)
    seconds = perf_counter() - started
    if answer.refusal and answer.refusal.reason is Reason.UNAVAILABLE:
        # A server that is down refuses everything; that must not count as caution.
        raise LLMUnavailableError(answer.refusal.message)
    return answer, seconds


def _visible(answer: Answer) -> tuple[object, ...]:
    """The parts of an answer that a reader sees."""
    return answer.text, answer.statements, answer.citations, answer.refusal


def _ranking(
    engine: Answers, item: GoldItem, answer: Answer, facts: Sequence[Fact]
) -> tuple[Hit, ...]:
    """Passages enough to score the ranking.

    Once every fact is found, further passages change nothing, so the engine searches again only
    where the answer's passages lack some evidence.
    """
    if len(answer.hits) >= DEPTH and not any(fact.whole for fact in facts):
        return answer.hits
    if all_found(answer.hits, facts):
        return answer.hits
    k = _DEEP if all(fact.whole for fact in facts) else DEPTH
    return engine.search(item.question, k, item.turns)[1]

"""Agreement of an LLM judge with MTRAG's human ratings, and of people with each other.

The file is MTRAG's `human_subset.json`: answers of three writers to 159 tasks, each rated by two or
three people from 1 to 4 (Katsis et al. 2025, arXiv 2501.03468). What people say together is the
median of their ratings, as there.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from eval.datasets.mtrag import HumanSubset, read_subset
from eval.judging.judge import RATINGS, RatingResult, RatingTask
from index.errors import ConfigError


@dataclass(frozen=True, slots=True)
class RatedAnswer:
    """An answer that people rated: the case as a judge sees it, and their ratings by measure."""

    case: RatingTask
    ratings: Mapping[str, tuple[int, ...]]


@dataclass(frozen=True, slots=True)
class Agreement:
    """A measure's agreement over `n` answers, each None where it is undefined.

    `kappa` is Cohen's with quadratic weights and `spearman` the rank correlation, of the judge with
    the people's median; `human_kappa` is that of one person with the median of the others, and
    `constant` the share of answers that "always the commonest rating" gets exactly right, beside
    the judge's `exact`.
    """

    measure: str
    n: int
    kappa: float | None
    spearman: float | None
    exact: float | None
    constant: float | None
    human_kappa: float | None


def load_rated(path: Path) -> list[RatedAnswer]:
    """The rated answers of MTRAG's human subset, writers taking turns.

    Raises ConfigError if the file is missing or of another form.
    """
    subset = read_subset(path)
    if not subset.evaluations:
        raise ConfigError(f"{path} holds no answers that people rated; MTRAG's human subset does")
    try:
        return list(_rated(subset))
    except KeyError as error:
        raise ConfigError(f"{path} is not MTRAG's human subset: it lacks {error}") from None


def _rated(subset: HumanSubset) -> Iterator[RatedAnswer]:
    texts = {document.document_id: document.text for document in subset.documents}
    tasks = {task.task_id: task for task in subset.tasks}
    for answer in subset.evaluations:
        task = tasks[answer.task_id]
        case = RatingTask(
            id=f"{answer.task_id} {answer.model_id}",
            question=task.question,
            turns=task.turns,
            passages=tuple(texts[context.document_id] for context in task.contexts),
            answer=answer.model_response,
        )
        yield RatedAnswer(case, {measure: answer.ratings(measure) for measure in RATINGS})


def agreements(rated: Sequence[RatedAnswer], judged: Sequence[RatingResult]) -> list[Agreement]:
    """Agreement for each measure over the answers that the judge could rate."""
    ratings = {one.id: one.rating for one in judged if one.rating}
    both = [(one, ratings[one.case.id]) for one in rated if one.case.id in ratings]
    return [
        _agreement(
            measure,
            [one.ratings[measure] for one, _ in both],
            [int(getattr(rating, measure)) for _, rating in both],
        )
        for measure in RATINGS
    ]


def _agreement(measure: str, people: Sequence[Sequence[int]], judged: Sequence[int]) -> Agreement:
    rated = zip(people, judged, strict=True)
    pairs = [(_lower_median(ratings), rating) for ratings, rating in rated if ratings]
    medians, ratings_of_judge = [median for median, _ in pairs], [rating for _, rating in pairs]
    commonest = max(medians.count(value) for value in medians) if medians else 0
    same = sum(median == rating for median, rating in pairs)
    return Agreement(
        measure=measure,
        n=len(pairs),
        kappa=_kappa(medians, ratings_of_judge),
        spearman=_spearman(medians, ratings_of_judge),
        exact=same / len(pairs) if pairs else None,
        constant=commonest / len(pairs) if pairs else None,
        human_kappa=_human_kappa(people),
    )


def _lower_median(ratings: Sequence[int]) -> int:
    """The median; of two that differ, the lower of the middle ones, so that doubt counts."""
    return int(statistics.median(ratings) // 1)


def _human_kappa(people: Sequence[Sequence[int]]) -> float | None:
    """Each person against the median of the others, over all of them together."""
    alone, others = list[int](), list[int]()
    for ratings in people:
        for place, rating in enumerate(ratings):
            rest = [*ratings[:place], *ratings[place + 1 :]]
            if rest:
                alone.append(rating)
                others.append(_lower_median(rest))
    return _kappa(alone, others)


def _kappa(one: Sequence[int], other: Sequence[int]) -> float | None:
    from sklearn.metrics import cohen_kappa_score  # type: ignore[import-untyped]

    if len(one) < 2 or len({*one, *other}) < 2:
        return None
    return float(cohen_kappa_score(one, other, labels=[1, 2, 3, 4], weights="quadratic"))


def _spearman(one: Sequence[int], other: Sequence[int]) -> float | None:
    from scipy.stats import spearmanr  # type: ignore[import-untyped]

    if len(one) < 3 or len(set(one)) < 2 or len(set(other)) < 2:
        return None
    return float(spearmanr(one, other).statistic)


def table(found: Sequence[Agreement]) -> Iterator[str]:
    """Lines of a table for people."""
    yield (
        f"{'measure':<17} {'n':>4} {'kappa':>7} {'Spearman':>9} {'exact':>7} "
        f"{'constant':>9} {'people':>7}"
    )
    for one in found:
        yield (
            f"{one.measure:<17} {one.n:>4} {_figure(one.kappa):>7} {_figure(one.spearman):>9} "
            f"{_figure(one.exact):>7} {_figure(one.constant):>9} {_figure(one.human_kappa):>7}"
        )


def _figure(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"

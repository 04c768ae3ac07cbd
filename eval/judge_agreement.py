"""How far a judge agrees with people: MTRAG's human ratings, and what they agree among themselves.

The file is MTRAG's `human_subset.json`: answers of three writers to 159 tasks, each rated by two or
three people from 1 to 4 (Katsis et al. 2025, arXiv 2501.03468). What people say together is the
median of their ratings, as there.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from eval.judge import RATINGS, Case, Judged
from index.errors import ConfigError
from rag.answers import Turn


@dataclass(frozen=True, slots=True)
class Rated:
    """An answer that people rated: the case as a judge sees it, and their ratings by measure."""

    case: Case
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


class _Part(BaseModel):
    model_config = ConfigDict(extra="ignore")


class _Said(_Part):
    speaker: str
    text: str


class _Context(_Part):
    document_id: str


class _Task(_Part):
    task_id: str
    input: list[_Said] = Field(min_length=1)
    contexts: list[_Context]


class _Document(_Part):
    document_id: str
    text: str


class _Given(_Part):
    value: Annotated[int, BeforeValidator(int), Field(ge=1, le=4)]


class _Answer(_Part):
    task_id: str
    model_id: str
    model_response: str
    annotations: dict[str, dict[str, Any]]


class _File(_Part):
    documents: list[_Document]
    tasks: list[_Task]
    evaluations: list[_Answer]


def load_rated(path: Path) -> list[Rated]:
    """The rated answers of MTRAG's human subset, writers taking turns.

    Raises ConfigError if the file is missing or of another form.
    """
    try:
        file = _File.model_validate(json.loads(path.read_text(encoding="utf-8")))
        return list(_rated(file))
    except ValidationError as error:
        fault = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in fault["loc"])
        raise ConfigError(f"{path} is not MTRAG's human subset: {place}: {fault['msg']}") from None
    except KeyError as error:
        raise ConfigError(f"{path} is not MTRAG's human subset: it lacks {error}") from None
    except (OSError, ValueError) as error:
        raise ConfigError(f"{path} cannot be read: {error}") from None


def _rated(file: _File) -> Iterator[Rated]:
    texts = {document.document_id: document.text for document in file.documents}
    tasks = {task.task_id: task for task in file.tasks}
    for answer in file.evaluations:
        task = tasks[answer.task_id]
        case = Case(
            id=f"{answer.task_id} {answer.model_id}",
            question=task.input[-1].text,
            turns=_turns(task.input[:-1]),
            passages=tuple(texts[context.document_id] for context in task.contexts),
            answer=answer.model_response,
        )
        yield Rated(case, {measure: _ratings(answer, measure) for measure in RATINGS})


def _turns(said: Sequence[_Said]) -> tuple[Turn, ...]:
    """Questions with the answers that follow them."""
    pairs = zip(said[::2], said[1::2], strict=False)
    return tuple(Turn(question.text, answer.text) for question, answer in pairs)


def _ratings(answer: _Answer, measure: str) -> tuple[int, ...]:
    given = answer.annotations.get(measure, {}).values()
    return tuple(_Given.model_validate(one).value for one in given)


def agreements(rated: Sequence[Rated], judged: Sequence[Judged]) -> list[Agreement]:
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
    pairs = [(_middle(given), told) for given, told in zip(people, judged, strict=True) if given]
    middles, told = [middle for middle, _ in pairs], [one for _, one in pairs]
    commonest = max(middles.count(value) for value in middles) if middles else 0
    same = sum(middle == one for middle, one in pairs)
    return Agreement(
        measure=measure,
        n=len(pairs),
        kappa=_kappa(middles, told),
        spearman=_spearman(middles, told),
        exact=same / len(pairs) if pairs else None,
        constant=commonest / len(pairs) if pairs else None,
        human_kappa=_human_kappa(people),
    )


def _middle(ratings: Sequence[int]) -> int:
    """The median; of two that differ, the lower of the middle ones, so that doubt counts."""
    return int(median(ratings) // 1)


def _human_kappa(people: Sequence[Sequence[int]]) -> float | None:
    """Each person against the median of the others, over all of them together."""
    alone, others = list[int](), list[int]()
    for ratings in people:
        for place, rating in enumerate(ratings):
            rest = [*ratings[:place], *ratings[place + 1 :]]
            if rest:
                alone.append(rating)
                others.append(_middle(rest))
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

"""The scores of a run in a file that is kept beside the code, for the gate to compare with.

Only what differs from the typical question is written, a line for each question: a thousand
questions take some tens of kilobytes, and a question that broke is one line of a diff.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from eval.gate.compare import TOLERANCE
from eval.measures.registry import METRICS
from eval.pydantic_errors import first_error
from eval.runs.results import QuestionResult, Run
from index.errors import ConfigError

SCHEMA = 1
# Metrics that `QuestionResult.comparable` derives from other fields of a result.
_DERIVED = ("answered", "refusal_recall", "exact_quotes")
_DIGITS = 4

Score = Annotated[float, Field(ge=0, le=1)]
MetricValues = Mapping[str, float]


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class BaselineGold(_Strict):
    """The gold set: its file's name, the digest of its questions and their number."""

    file: str
    digest: str
    questions: int


class Provenance(_Strict):
    """What produced the scores; `model` is the fingerprint of the embedding model."""

    footnote: str
    model: str
    settings: dict[str, Any]


class KindBaseline(_Strict):
    """How many questions of a kind there are, and how many of them are right."""

    questions: int
    right: int


class Baseline(_Strict):
    """Scores to compare with, what a metric may fall by, and questions that must stay right.

    `means` is for people who read the file. `typical` holds, for answerable questions and for the
    others, the most frequent value of each metric, and `questions` the values that differ; None
    stands for a metric that does not apply. `kinds` is empty if the gold set has no kinds.
    """

    schema_: int = Field(alias="schema")
    gold: BaselineGold
    made_with: Provenance
    tolerances: dict[str, Score]
    must_pass: list[str]
    means: dict[str, Score]
    kinds: dict[str, KindBaseline] = Field(default_factory=dict)
    typical: dict[str, dict[str, Score | None]]
    questions: dict[str, dict[str, Score | None]]

    @property
    def metrics(self) -> frozenset[str]:
        """The metrics that some question has a score of."""
        scores = (*self.typical.values(), *self.questions.values())
        return frozenset(name for one in scores for name, value in one.items() if value is not None)

    def scores(self, result: QuestionResult) -> MetricValues:
        """The scores that a question had, of the metrics in `tolerances`."""
        typical = self.typical.get(_group(result), {})
        found = typical | self.questions.get(result.id, {})
        return {name: value for name, value in found.items() if value is not None}


def rounded(result: QuestionResult) -> MetricValues:
    """A question's scores as a baseline keeps them."""
    return {name: round(value, _DIGITS) for name, value in result.comparable.items()}


def read_baseline(path: Path) -> Baseline:
    """Raises ConfigError for a file that is missing, broken or of another schema."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigError(
            f"there is no baseline {path}; make it from what the questions score now, with --update"
        ) from None
    except (OSError, ValueError) as error:
        raise ConfigError(f"baseline {path} cannot be read: {error}") from None
    schema = document.get("schema") if isinstance(document, dict) else None
    if schema != SCHEMA:
        raise ConfigError(
            f"baseline {path} has schema {schema!r}, this version reads {SCHEMA}; "
            "remove it and make it anew with --update"
        )
    try:
        return Baseline.model_validate(document)
    except ValidationError as error:
        raise ConfigError(f"baseline {path} is broken: {first_error(error)}") from None


def gated_metrics(run: Run) -> list[str]:
    """The metrics of a new baseline, as far as the run's questions have them."""
    names = [*(metric.field for metric in METRICS.values() if metric.gated), *_DERIVED]
    return [name for name in names if name in run.metrics]


def baseline_of(run: Run, model: str, old: Baseline | None) -> Baseline:
    """A baseline of what a run scored, with the tolerances and must-pass questions of the old one.

    Raises ConfigError if those name metrics or questions that the run doesn't have.
    """
    tolerances = old.tolerances if old else dict.fromkeys(gated_metrics(run), TOLERANCE)
    must_pass = old.must_pass if old else []
    check_must_pass(must_pass, run)
    known = {*run.metrics, *(old.metrics if old else ())}
    for name in tolerances:
        if name not in known:
            raise ConfigError(
                f"the baseline has a tolerance for {name!r}, which is no metric of {run.gold}; "
                f"its metrics are: {', '.join(run.metrics)}"
            )
    results = run.results
    groups = {
        group: [one for one in results if _group(one) == group] for group in map(_group, results)
    }
    typical = {group: _typical(ones, list(tolerances)) for group, ones in sorted(groups.items())}
    differences = ((one.id, _differences(one, typical[_group(one)])) for one in results)
    return Baseline(
        schema=SCHEMA,
        gold=BaselineGold(file=run.gold, digest=run.digest, questions=len(results)),
        made_with=Provenance(footnote=run.footnote, model=model, settings=dict(run.settings)),
        tolerances=tolerances,
        must_pass=must_pass,
        means=dict(_means(results, list(tolerances))),
        kinds=dict(_kinds(results)),
        typical=typical,
        questions={key: differing for key, differing in differences if differing},
    )


def check_same_gold(baseline: Baseline, gold: str, digest: str) -> None:
    """Raises ConfigError if the baseline is not of the questions with this digest."""
    if baseline.gold.digest != digest:
        raise ConfigError(
            f"the baseline is of other questions than {gold} holds now, so they cannot be "
            "compared; write a new baseline with --update"
        )


def check_must_pass(must_pass: Sequence[str], run: Run) -> None:
    """Raises ConfigError for a question that the run doesn't have."""
    for key in must_pass:
        if key not in run.questions:
            raise ConfigError(f"must_pass names {key!r}, which is no question of {run.gold}")


def write_baseline(path: Path, baseline: Baseline) -> None:
    """Replace the file at once, questions in the order of their gold set.

    Raises ConfigError if it can't be written.
    """
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        beside.write_text("\n".join(_lines(baseline)) + "\n", encoding="utf-8")
        beside.replace(path)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise ConfigError(f"baseline {path} cannot be written: {error}") from None


def _lines(baseline: Baseline) -> Iterator[str]:
    document = baseline.model_dump(by_alias=True)
    questions = document.pop("questions")
    if not document["kinds"]:
        del document["kinds"]
    yield json.dumps(_short(document), ensure_ascii=False, indent=1)[:-2] + ","
    yield ' "questions": {'
    rows = [
        f"  {json.dumps(key)}: {json.dumps(_short(scores))}" for key, scores in questions.items()
    ]
    yield ",\n".join(rows)
    yield " }\n}"


def _short(value: object) -> object:
    """The same value, with whole numbers written as such."""
    if isinstance(value, dict):
        return {key: _short(inner) for key, inner in value.items()}
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _group(result: QuestionResult) -> str:
    return "answerable" if result.answerable else "unanswerable"


def _kinds(results: Sequence[QuestionResult]) -> Iterator[tuple[str, KindBaseline]]:
    for kind in sorted({one.kind for one in results if one.kind}):
        rights = [one.outcome.good for one in results if one.kind == kind]
        yield kind, KindBaseline(questions=len(rights), right=sum(rights))


def _typical(results: Sequence[QuestionResult], metrics: Sequence[str]) -> dict[str, float | None]:
    counts = {name: Counter(rounded(one).get(name) for one in results) for name in metrics}
    return {name: count.most_common(1)[0][0] for name, count in counts.items()}


def _differences(
    result: QuestionResult, typical: Mapping[str, float | None]
) -> dict[str, float | None]:
    scores = rounded(result)
    return {name: scores.get(name) for name, usual in typical.items() if scores.get(name) != usual}


def _means(
    results: Sequence[QuestionResult], metrics: Sequence[str]
) -> Iterator[tuple[str, float]]:
    for name in metrics:
        values = [one.comparable[name] for one in results if name in one.comparable]
        if values:
            yield name, round(sum(values) / len(values), _DIGITS)

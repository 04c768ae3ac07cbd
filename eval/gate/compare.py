"""Compares two runs of one gold set: metrics with their significance, and single questions."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click
import numpy as np

from eval.console import PATH
from eval.measures.statistics import Floats, detectable, holm, interval, randomisation_p
from eval.runs.results import QuestionResult, Run, by_tag, read_run, settings_changed
from index.console import json_option, print_json
from index.errors import ConfigError

ALPHA = 0.05
# A smaller change of a mean does not matter.
TOLERANCE = 0.02
BETTER, WORSE = "better", "worse"
NO_CHANGE, UNDECIDABLE = "no change detected", "undecidable at this size"


@dataclass(frozen=True, slots=True)
class MetricComparison:
    """A metric over the questions that have it in both runs.

    `low` and `high` are the 95 % interval of the difference, `p` is adjusted for the number of
    metrics (Holm), `detectable` is the smallest true difference found in 80 % of samples.
    """

    metric: str
    questions: int
    before: float
    after: float
    low: float
    high: float
    fell: int
    rose: int
    p: float
    detectable: float
    verdict: str


@dataclass(frozen=True, slots=True)
class QuestionChange:
    """A question whose scores differ: each of them before and now, and what came back now."""

    id: str
    question: str
    scores: Mapping[str, tuple[float | None, float | None]]
    outcome: str

    @property
    def moved(self) -> str:
        """The scores that differ, in words."""
        return ", ".join(f"{name} {_arrow(*pair)}" for name, pair in self.scores.items())

    @property
    def loss(self) -> float:
        """The sum of what the scores fell by."""
        return sum((old or 0) - (new or 0) for old, new in self.scores.values())


@dataclass(frozen=True, slots=True)
class TagComparison:
    """Questions of one tag that are right before and now, and how many were fixed and broken."""

    tag: str
    questions: int
    before: int
    after: int
    fixed: int
    broken: int


@dataclass(frozen=True, slots=True)
class Comparison:
    """The differences between two runs of one gold set."""

    gold: str
    questions: int
    lines: tuple[MetricComparison, ...]
    fixed: tuple[QuestionChange, ...]
    broken: tuple[QuestionChange, ...]
    tags: tuple[TagComparison, ...]
    settings: tuple[str, ...]


def compare_runs(
    before: Run,
    after: Run,
    metrics: Sequence[str] = (),
    tolerance: float = TOLERANCE,
) -> Comparison:
    """Compare two runs question by question.

    `metrics` are all that both runs have, if none is named: the fewer, the sharper. Raises
    ConfigError for runs of other questions, and for a metric that they don't have.
    """
    _check_same_gold(before, after)
    known = [name for name in before.metrics if name in after.metrics]
    for name in metrics:
        if name not in known:
            raise ConfigError(f"no metric {name!r} is in both runs; they have: {', '.join(known)}")
    chosen = list(metrics) or known
    pairs = {name: _pairs(before, after, name) for name in chosen}
    chosen = [name for name in chosen if len(pairs[name])]
    # Of a metric in which no question differs, nothing is tested.
    tested = [name for name in chosen if np.any(pairs[name][:, 0] != pairs[name][:, 1])]
    raw = [randomisation_p(pairs[name][:, 1] - pairs[name][:, 0]) for name in tested]
    ps = dict(zip(tested, holm(raw), strict=True))
    old, new = before.questions, after.questions
    return Comparison(
        after.gold,
        len(new),
        tuple(_line(name, pairs[name], ps.get(name, 1.0), tolerance) for name in chosen),
        tuple(_changed(old[key], new[key]) for key in new if _right(new[key]) > _right(old[key])),
        tuple(_changed(old[key], new[key]) for key in new if _right(new[key]) < _right(old[key])),
        tuple(_of_tag(tag, keys, old, new) for tag, keys in by_tag(after.results).items()),
        tuple(settings_changed(before.settings, after.settings)),
    )


def change_of(
    result: QuestionResult, old: Mapping[str, float], new: Mapping[str, float]
) -> QuestionChange:
    """The scores of a question that differ between `old` and `new`, and its result now."""
    names = dict.fromkeys([*old, *new])
    scores = {name: (old.get(name), new.get(name)) for name in names}
    differing = {name: pair for name, pair in scores.items() if pair[0] != pair[1]}
    return QuestionChange(result.id, result.question, differing, result.response)


def _changed(old: QuestionResult, new: QuestionResult) -> QuestionChange:
    return change_of(new, old.comparable, new.comparable)


def _right(result: QuestionResult) -> bool:
    return result.outcome.good


def change_lines(change: QuestionChange) -> Iterator[str]:
    """A question's change as lines of text."""
    yield f"  {change.id}  {change.question}"
    yield f"    {change.moved}"
    yield f"    now: {change.outcome}"


def _arrow(old: float | None, new: float | None) -> str:
    return " -> ".join("-" if value is None else f"{value:.3g}" for value in (old, new))


def _check_same_gold(before: Run, after: Run) -> None:
    if before.digest != after.digest:
        raise ConfigError(
            f"{before.path} and {after.path} are runs of different gold sets, which cannot be "
            "compared; run both over the same one: footnote eval run GOLD --out FOLDER"
        )
    if before.questions.keys() != after.questions.keys():
        raise ConfigError(
            f"{before.path} asked {len(before.questions)} questions and {after.path} "
            f"{len(after.questions)}; run both without --limit, or with the same"
        )


def _pairs(before: Run, after: Run, metric: str) -> Floats:
    """Scores before and now of the questions that have both."""
    pairs = [
        (old.comparable[metric], new.comparable[metric])
        for key, new in after.questions.items()
        if metric in new.comparable and metric in (old := before.questions[key]).comparable
    ]
    return np.array(pairs, dtype=np.float64).reshape(-1, 2)


def _line(metric: str, pairs: Floats, p: float, tolerance: float) -> MetricComparison:
    differences = pairs[:, 1] - pairs[:, 0]
    least = detectable(differences)
    low, high = interval(differences)
    before, after = pairs.mean(axis=0)
    return MetricComparison(
        metric,
        len(pairs),
        float(before),
        float(after),
        low,
        high,
        int((differences < 0).sum()),
        int((differences > 0).sum()),
        p,
        least,
        _verdict(after - before, p, least, tolerance),
    )


def _verdict(difference: float, p: float, least: float, tolerance: float) -> str:
    if p < ALPHA:
        return BETTER if difference > 0 else WORSE
    return UNDECIDABLE if least > tolerance else NO_CHANGE


def _of_tag(
    tag: str,
    keys: Sequence[str],
    old: Mapping[str, QuestionResult],
    new: Mapping[str, QuestionResult],
) -> TagComparison:
    rights = [(_right(old[key]), _right(new[key])) for key in keys]
    return TagComparison(
        tag,
        len(keys),
        sum(was for was, _ in rights),
        sum(now for _, now in rights),
        rights.count((False, True)),
        rights.count((True, False)),
    )


if TYPE_CHECKING:
    from rich.console import Console

# A pipe has no width; wide enough for every column, so that nothing is cut.
_WIDTH = 130
_COLOURS = {"better": "green", "worse": "bold red"}
_LISTED = 20


@click.command("compare")
@click.argument("before", metavar="A", type=PATH)
@click.argument("after", metavar="B", type=PATH)
@click.option("--metric", "metrics", multiple=True, help="Compare this metric; may be repeated.")
@click.option(
    "--tolerance",
    type=click.FloatRange(0, 1),
    default=0.02,
    show_default=True,
    help="A smaller change doesn't matter.",
)
@json_option
def compare(
    before: Path, after: Path, metrics: tuple[str, ...], tolerance: float, as_json: bool
) -> None:
    """Compare the run folders A and B, of one gold set, question by question.

    A metric is better or worse if a paired randomisation test says so after Holm's correction for
    the number of metrics. Else no change was detected, or the questions are too few to detect one
    of the tolerance's size. Name the metrics that matter to you: the fewer, the sharper the test.
    """
    found = compare_runs(read_run(before), read_run(after), metrics, tolerance)
    if as_json:
        print_json(_document(found))
        return
    console = _console()
    console.print(f"{found.gold}: {found.questions} questions, A {before}, B {after}")
    for line in found.settings:
        console.print(f"setting {line}")
    console.print()
    _print_table(console, found)
    for line in _listing(found):
        console.print(line, markup=False)


def _console() -> Console:
    from rich.console import Console

    console = Console(highlight=False, soft_wrap=True)
    if not console.is_terminal:
        console = Console(highlight=False, soft_wrap=True, width=_WIDTH)
    return console


def _document(found: Comparison) -> dict[str, object]:
    document = asdict(found)
    for line in document["lines"]:
        if math.isinf(line["detectable"]):
            line["detectable"] = None
    return document


def _print_table(console: Console, found: Comparison) -> None:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False)
    table.add_column("metric")
    for name in ("n", "A", "B", "change", "95 % interval", "fell", "rose", "p", "detectable"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("verdict")
    for line in found.lines:
        table.add_row(
            line.metric,
            str(line.questions),
            f"{line.before:.3f}",
            f"{line.after:.3f}",
            f"{line.after - line.before:+.3f}",
            f"{line.low:+.3f} to {line.high:+.3f}",
            str(line.fell),
            str(line.rose),
            f"{line.p:.3f}",
            f"{line.detectable:.3f}",
            Text(line.verdict, style=_COLOURS.get(line.verdict, "")),
        )
    console.print(table, soft_wrap=False)


def _listing(found: Comparison) -> Iterator[str]:
    """Lines of the questions fixed and broken, and of the tags that they have."""
    for name, changes in (("broken", found.broken), ("fixed", found.fixed)):
        yield f"\n{name}: {len(changes)}"
        for change in changes[:_LISTED]:
            yield from change_lines(change)
        if len(changes) > _LISTED:
            yield f"  and {len(changes) - _LISTED} more; --json has all of them"
    moved = [part for part in found.tags if part.fixed or part.broken]
    if moved:
        width = max(3, *(len(part.tag) for part in moved))
        yield f"\n{'tag':<{width}}  questions  right in A  in B  fixed  broken"
    for part in moved:
        yield (
            f"{part.tag:<{width}}  {part.questions:>9}  {part.before:>10}  {part.after:>4}  "
            f"{part.fixed:>5}  {part.broken:>6}"
        )

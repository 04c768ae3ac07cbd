"""A new metric is one entry of the registry."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from eval.datasets.evidence import finder
from eval.datasets.gold import GoldItem
from eval.gate.baseline import baseline_of
from eval.gate.compare import compare_runs
from eval.gate.gate import check_run
from eval.measures.grade import failed_scores, grade
from eval.measures.registry import ANSWERS, METRICS, Grading, Metric, Scores
from eval.report.html import render
from eval.runs.evaluate import GradingContext, evaluate
from eval.runs.folder import RunFolder
from eval.runs.results import Run, read_run
from eval.runs.summary import summarise, table
from rag.types import Answer, Reason, Refusal
from tests.eval.runs.test_evaluate import LED, MADE, WHERE, Clerk, answer

pytestmark = pytest.mark.unit

SHORT = Metric(
    "short",
    "short",
    "shortness",
    ANSWERS,
    "the answer has at most six words",
    lambda grading: float(len(grading.text.split()) <= 6),
    lambda item, facts: True,
    gated=True,
)
CONFIG = {"gold": "g.jsonl", "gold_digest": "d", "footnote": "0.1.0", "settings": {}}


def run_in(folder: Path, *items: GoldItem) -> Run:
    """A run of these items by the small engine of the tests."""
    clerk, kept = Clerk(), RunFolder(folder)
    find = finder(clerk.document)
    context = GradingContext({item.id: () for item in items}, find, lambda _, quotes: True)
    kept.start(CONFIG)
    records = [record for _, record in kept.keep(evaluate(clerk, items, context))]
    kept.finish(records, summarise("g.jsonl", records, MADE))
    return read_run(folder)


def test_registered_metric_is_in_summary_compare_gate_and_report(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(METRICS, "short", SHORT)
    failing = WHERE.model_copy(update={"question": "Break"})
    good, bad = run_in(tmp_path / "good", WHERE), run_in(tmp_path / "bad", failing)
    assert good.summary["measures"]["short"] == 1.0
    assert good.summary["n"]["short"] == 1
    assert "short                  1.000      1" in list(table(good.summary))
    assert good.results[0].scores["short"] == 1.0
    assert bad.results[0].scores["short"] == 0.0
    compared = {one.metric: one for one in compare_runs(good, bad).lines}
    assert (compared["short"].before, compared["short"].after) == (1.0, 0.0)
    gated = {one.metric: one for one in check_run(baseline_of(good, "m", None), bad, "m").measured}
    assert (gated["short"].baseline, gated["short"].now) == (1.0, 0.0)
    page = render([good])
    assert "shortness<small>the answer has at most six words</small>" in page


def test_metrics_have_a_title_a_group_and_a_description_each() -> None:
    assert [field for field, metric in METRICS.items() if field != metric.field] == []
    assert len({metric.name for metric in METRICS.values()}) == len(METRICS)
    assert len({metric.title for metric in METRICS.values()}) == len(METRICS)
    assert all(metric.group and metric.description for metric in METRICS.values())


def wanted(want: str, given: Answer, *must: str, must_not: tuple[str, ...] = ()) -> object:
    item = GoldItem.model_validate(
        {"id": "q", "question": "?", "want": want, "must": must, "must_not": must_not}
    )
    clerk = Clerk()
    scores: Scores = grade(
        Grading(item, (), given, (), finder(clerk.document), lambda statement, quotes: True)
    )
    return scores["as_wanted"]


QUOTED = answer("Egypt led the talks. [1]", LED)
REPLY = answer("I answer from your documents.")
REFUSED = answer("No.", refusal=Refusal(Reason.NO_EVIDENCE, "The documents don't say."))


@pytest.mark.parametrize(
    ("want", "given", "score"),
    [
        ("answer", QUOTED, 1.0),
        ("answer", REPLY, 0.0),
        ("answer", REFUSED, 0.0),
        ("reply", REPLY, 1.0),
        ("reply", QUOTED, 0.0),
        ("reply", REFUSED, 0.0),
        ("limit", REPLY, 1.0),
        ("limit", QUOTED, 1.0),
        ("limit", REFUSED, 0.0),
        ("refuse", REFUSED, 1.0),
        ("refuse", REPLY, 0.0),
    ],
)
def test_as_wanted_asks_for_the_kind_of_response(want: str, given: Answer, score: float) -> None:
    assert wanted(want, given) == score


def test_as_wanted_asks_for_every_pattern_and_forbids_the_others() -> None:
    assert wanted("answer", QUOTED, r"\begypt\b", "talks") == 1.0
    assert wanted("answer", QUOTED, "egypt", "qatar") == 0.0
    assert wanted("answer", QUOTED, "egypt", must_not=("TALKS",)) == 0.0


def test_as_wanted_of_an_item_without_want_does_not_apply() -> None:
    clerk = Clerk()
    grading = Grading(WHERE, (), QUOTED, (), finder(clerk.document), lambda _, quotes: True)
    assert grade(grading)["as_wanted"] is None
    assert failed_scores(WHERE, ())["as_wanted"] is None


def test_summary_counts_right_answers_by_kind(tmp_path: Path) -> None:
    place = GoldItem.model_validate(
        {"id": "a", "question": "Where?", "kind": "fact", "want": "answer", "must": ["cairo"]}
    )
    wrong = place.model_copy(update={"id": "b", "must": ("Paris",)})
    away = GoldItem.model_validate(
        {"id": "c", "question": "How old?", "kind": "absent", "want": "refuse"}
    )
    summary = run_in(tmp_path, place, wrong, away).summary
    kinds = {name: (one["right"], one["questions"]) for name, one in summary["kinds"].items()}
    assert kinds == {"absent": (1, 1), "fact": (1, 2)}
    assert summary["kinds"]["fact"]["measures"]["as_wanted"] == 0.5
    shown = list(table(summary))
    assert shown[shown.index("kind                   right      n") :][1:4] == [
        "absent                     1      1",
        "fact                       1      2",
        "all kinds                  2      3",
    ]
    assert json.loads((tmp_path / "results.jsonl").read_text().splitlines()[0])["kind"] == "fact"

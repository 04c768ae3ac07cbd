from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from eval.cli import group
from eval.gate.compare import compare_runs
from eval.runs.results import read_run, settings_changed
from index.errors import ConfigError
from rag.settings import Settings
from tests.helpers.run_folders import REFUSED, RIGHT, result, run_of, write_run

pytestmark = pytest.mark.unit


def run_compare(*arguments: object) -> Result:
    return CliRunner().invoke(group, ["compare", *map(str, arguments)], catch_exceptions=False)


def test_read_run_tells_what_applies_to_each_question(tmp_path: Path) -> None:
    failed = result(
        "c", {"contains": 0.0, "refused": None}, error="the server is down", answer=None
    )
    run = read_run(
        write_run(
            tmp_path,
            result("a", RIGHT | {"exact": 1, "stray": 3, "token_f1": None, "later": 0.25}),
            result("b", REFUSED),
            failed,
            result("d", {"refused": False}),
        )
    )
    assert [dict(one.comparable) for one in run.questions.values()] == [
        {"success_1": 1.0, "contains": 1.0, "later": 0.25, "exact_quotes": 0.5, "answered": 1.0},
        {"refusal_recall": 1.0},
        {"contains": 0.0, "answered": 0.0},
        {"refusal_recall": 0.0},
    ]
    assert [one.outcome.good for one in run.questions.values()] == [True, True, False, False]
    assert [one.response for one in run.questions.values()] == [
        "It is that a [1].",
        "refused: no_evidence",
        "failed: the server is down",
        "It is that d [1].",
    ]
    assert (run.gold, run.settings) == ("small.jsonl", {"passage_tokens": 180})
    assert run.metrics[-1] == "refusal_recall"


def test_read_run_that_fails_on_a_question_that_must_be_refused_is_no_refusal(
    tmp_path: Path,
) -> None:
    row = result("a", REFUSED, error="boom", answer=None)
    assert read_run(write_run(tmp_path, row)).questions["a"].comparable == {"refusal_recall": 0.0}


def test_settings_changed_takes_a_setting_that_was_not_there_for_its_default() -> None:
    default = Settings.model_fields["sentences"].default
    assert list(settings_changed({"passage_tokens": 180}, {"passage_tokens": 16})) == [
        "passage_tokens: 180 -> 16"
    ]
    assert list(settings_changed({}, {"sentences": default})) == []
    assert list(settings_changed({}, {"sentences": 1})) == [f"sentences: {default} -> 1"]
    assert list(settings_changed({"gone": 1}, {})) == ["gone: 1 -> None"]


def test_compare_of_broken_questions_is_worse_and_names_them(tmp_path: Path) -> None:
    found = compare_runs(
        read_run(run_of(tmp_path / "a", 40)), read_run(run_of(tmp_path / "b", 40, 9))
    )
    lines = {line.metric: line for line in found.lines}
    assert list(lines) == ["success_1", "contains", "exact_quotes", "answered"]
    contains = lines["contains"]
    assert (contains.before, contains.after, contains.fell, contains.rose) == (1.0, 0.775, 9, 0)
    # Two metrics moved: twice the chance that nine flips of a coin are the same.
    assert contains.p == 2 * 2 / 2**9
    assert contains.verdict == "worse"
    assert contains.low == pytest.approx(-0.35, abs=0.03)
    assert contains.high == pytest.approx(-0.1, abs=0.03)
    assert lines["answered"].verdict == "no change detected"
    assert (lines["answered"].p, lines["answered"].detectable) == (1.0, 0.0)
    assert [change.id for change in found.broken] == [f"q{n:03}" for n in range(9)]
    assert found.broken[0].moved == "success_1 1 -> 0, contains 1 -> 0"
    assert found.fixed == ()


def test_compare_the_other_way_round_is_better(tmp_path: Path) -> None:
    found = compare_runs(
        read_run(run_of(tmp_path / "a", 40, 9)), read_run(run_of(tmp_path / "b", 40))
    )
    assert [line.verdict for line in found.lines if line.rose] == ["better", "better"]
    assert len(found.fixed) == 9


def test_compare_with_few_questions_says_that_it_cannot_decide(tmp_path: Path) -> None:
    before, after = read_run(run_of(tmp_path / "a", 40)), read_run(run_of(tmp_path / "b", 40, 3))
    assert compare_runs(before, after).lines[0].verdict == "undecidable at this size"
    assert compare_runs(before, after, tolerance=0.2).lines[0].verdict == "no change detected"


def test_compare_of_one_metric_is_sharper_than_of_two(tmp_path: Path) -> None:
    before, after = read_run(run_of(tmp_path / "a", 40)), read_run(run_of(tmp_path / "b", 40, 6))
    both = compare_runs(before, after, ["success_1", "contains"])
    alone = compare_runs(before, after, ["contains"])
    assert [line.p for line in both.lines] == [4 / 64, 4 / 64]
    assert [(line.metric, line.p) for line in alone.lines] == [("contains", 2 / 64)]


def test_compare_pairs_only_questions_that_a_metric_applies_to_in_both(tmp_path: Path) -> None:
    uncited = RIGHT | {"citations": 0, "exact": 0}
    before = read_run(write_run(tmp_path / "a", result("x", RIGHT), result("y", uncited)))
    after = read_run(write_run(tmp_path / "b", result("y", RIGHT), result("x", RIGHT)))
    exact = next(
        line for line in compare_runs(before, after).lines if line.metric == "exact_quotes"
    )
    assert exact.questions == 1


def test_compare_counts_the_questions_of_each_tag(tmp_path: Path) -> None:
    wrong = RIGHT | {"contains": 0.0}
    before = [result("x", RIGHT, tags=["who", "near"]), result("y", wrong, tags=["who"])]
    after = [result("x", wrong, tags=["who", "near"]), result("y", RIGHT, tags=["who"])]
    found = compare_runs(
        read_run(write_run(tmp_path / "a", *before)), read_run(write_run(tmp_path / "b", *after))
    )
    assert [
        (part.tag, part.questions, part.before, part.after, part.fixed, part.broken)
        for part in found.tags
    ] == [("near", 1, 1, 0, 0, 1), ("who", 2, 1, 1, 1, 1)]


def test_compare_of_other_gold_sets_is_refused(tmp_path: Path) -> None:
    before = read_run(run_of(tmp_path / "a", 3))
    after = read_run(run_of(tmp_path / "b", 3, gold_digest="e" * 64))
    with pytest.raises(ConfigError, match="are runs of different gold sets"):
        compare_runs(before, after)


def test_compare_of_a_part_with_the_whole_is_refused(tmp_path: Path) -> None:
    before, after = read_run(run_of(tmp_path / "a", 3)), read_run(run_of(tmp_path / "b", 2))
    with pytest.raises(ConfigError, match=r"asked 3 questions and .* 2; run both without --limit"):
        compare_runs(before, after)


def test_compare_of_a_metric_that_is_not_there_names_those_that_are(tmp_path: Path) -> None:
    run = read_run(run_of(tmp_path, 3))
    with pytest.raises(ConfigError, match=r"no metric 'bleu' is in both .* success_1, contains"):
        compare_runs(run, run, ["bleu"])


def test_compare_prints_a_table_and_the_same_bytes_each_time(tmp_path: Path) -> None:
    a = run_of(tmp_path / "a", 40)
    b = run_of(tmp_path / "b", 40, 9, settings={"data": "/there", "passage_tokens": 16})
    first, second = run_compare(a, b), run_compare(a, b)
    assert first.exit_code == 0
    assert first.stdout == second.stdout
    lines = first.stdout.splitlines()
    assert lines[1] == "setting passage_tokens: 180 -> 16"
    row = next(line.split() for line in lines if line.startswith("contains"))
    assert row[:5] == ["contains", "40", "1.000", "0.775", "-0.225"]
    assert row[-1] == "worse"
    assert "broken: 9\n  q000  What is q000?\n    success_1 1 -> 0" in first.stdout
    assert first.stdout.endswith("\nfixed: 0\n")


def test_compare_as_json_prints_one_document(tmp_path: Path) -> None:
    found = run_compare(run_of(tmp_path / "a", 1), run_of(tmp_path / "b", 1, 1), "--json")
    document = json.loads(found.stdout)
    assert [change["id"] for change in document["broken"]] == ["q000"]
    assert document["broken"][0]["scores"]["contains"] == [1.0, 0.0]
    # A single question tells nothing about how much questions differ.
    assert document["lines"][0]["detectable"] is None


def test_compare_of_what_is_no_run_names_the_next_command(tmp_path: Path) -> None:
    found = run_compare(tmp_path, run_of(tmp_path / "b", 2))
    assert (found.exit_code, found.stdout) == (2, "")
    assert f"{tmp_path} is not a run folder; run: footnote eval run GOLD" in found.stderr


def test_compare_of_a_run_that_was_stopped_is_refused(tmp_path: Path) -> None:
    stopped = run_of(tmp_path / "a", 2)
    (stopped / "summary.json").unlink()
    found = run_compare(stopped, run_of(tmp_path / "b", 2))
    assert found.exit_code == 2
    assert f"the run in {stopped} did not finish" in found.stderr


def test_compare_of_a_run_with_a_broken_line_is_refused(tmp_path: Path) -> None:
    broken = run_of(tmp_path / "a", 2)
    (broken / "results.jsonl").write_text('{"id": "q0"}\n', encoding="utf-8")
    found = run_compare(broken, broken)
    assert found.exit_code == 2
    assert (
        f"the run in {broken} cannot be read: results.jsonl, line 1: question: Field"
        in found.stderr
    )


@pytest.mark.parametrize(
    ("fault", "code", "said"),
    [
        (RuntimeError("boom"), 70, "footnote: a fault of the program itself"),
        (KeyboardInterrupt(), 130, "footnote: stopped"),
        (BrokenPipeError(), 141, ""),
    ],
)
def test_command_that_breaks_does_not_leave_with_the_code_of_a_regression(
    monkeypatch: pytest.MonkeyPatch, fault: BaseException, code: int, said: str
) -> None:
    def broken(_: Path) -> None:
        raise fault

    monkeypatch.setattr("eval.gate.compare.read_run", broken)
    done = run_compare("a", "b")
    assert done.exit_code == code
    assert said in done.stderr

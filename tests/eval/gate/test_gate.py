from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest

from eval.gate.baseline import Baseline, baseline_of, read_baseline, write_baseline
from eval.gate.gate import GateResult, alarms, check_run
from eval.gate.output import headline, junit_xml, lines, markdown_text
from eval.runs.results import Run, read_run
from index.errors import ConfigError
from tests.helpers.run_folders import REFUSED, RIGHT, result, run_of, write_run

pytestmark = pytest.mark.unit

MODEL = "minilm-123"


def baseline(run: Path, **changed: object) -> Baseline:
    made = baseline_of(read_run(run), MODEL, None)
    return Baseline.model_validate(made.model_dump(by_alias=True) | changed)


def judged(tmp_path: Path, count: int, broken: int, **changed: object) -> GateResult:
    """A gate over so many questions, some of which broke."""
    old = baseline(run_of(tmp_path / "old", count), **changed)
    return check_run(old, read_run(run_of(tmp_path / "new", count, broken)), MODEL)


def test_alarms_need_a_fall_beyond_the_tolerance_and_beyond_chance() -> None:
    def alarm(fell: int, rose: int, questions: int, tolerance: float) -> bool:
        column = np.repeat([-1.0, 1.0, 0.0], [fell, rose, questions - fell - rose])
        return bool(alarms(column[:, None], np.array([tolerance]))[0][0])

    assert alarm(5, 0, 100, 0.02)
    assert not alarm(4, 0, 100, 0.02)  # one in sixteen by chance
    assert not alarm(5, 0, 100, 0.05)  # no more than allowed
    assert not alarm(12, 8, 100, 0.02)
    assert not alarm(0, 9, 100, 0.02)
    assert not alarm(8, 0, 1000, 0.02)  # certain, but too little to matter


def test_alarms_leave_out_questions_that_a_metric_does_not_apply_to() -> None:
    differences = np.full((100, 2), np.nan)
    differences[:10, 0] = -1.0
    regressed, ps = alarms(differences, np.array([0.5, 0.0]))
    assert regressed.tolist() == [True, False]
    assert ps.tolist() == [1 / 1024, 1.0]


def test_gate_of_an_unchanged_run_passes(tmp_path: Path) -> None:
    found = judged(tmp_path, 30, 0)
    assert (found.exit_code, found.regressions, found.broken) == (0, (), ())
    assert [one.metric for one in found.measured] == [
        "success_1",
        "contains",
        "answered",
        "exact_quotes",
    ]
    assert headline(found) == "passed small.jsonl: 30 questions, 4 metrics"


def test_gate_of_broken_questions_names_metric_values_and_questions(tmp_path: Path) -> None:
    found = judged(tmp_path, 40, 6)
    assert found.exit_code == 1
    assert headline(found) == (
        "REGRESSION small.jsonl: success_1 1.000 -> 0.850; contains 1.000 -> 0.850"
    )
    assert [change.id for change in found.broken] == [f"q{n:03}" for n in range(6)]
    text = "\n".join(lines(found))
    assert "  q005  What is q005?\n    success_1 1 -> 0, contains 1 -> 0\n    now: It is" in text
    assert "q006" not in text


def test_gate_lists_twenty_questions_and_says_how_many_more(tmp_path: Path) -> None:
    text = "\n".join(lines(judged(tmp_path, 60, 23)))
    assert text.count("    now: ") == 20
    assert text.endswith("  and 3 more, which --json lists")


def test_gate_names_the_questions_that_lost_most_first(tmp_path: Path) -> None:
    half = RIGHT | {"success_1": 0.5}
    rows = [result(f"q{n}", half if n else RIGHT | {"success_1": 0.0}) for n in range(8)]
    run = write_run(tmp_path / "new", *rows[::-1])
    old = baseline(write_run(tmp_path / "old", *(result(f"q{n}", RIGHT) for n in range(8))))
    assert check_run(old, read_run(run), MODEL).broken[0].id == "q0"


def test_gate_of_a_must_pass_question_that_is_wrong_fails_alone(tmp_path: Path) -> None:
    found = judged(tmp_path, 40, 1, must_pass=["q000", "q001"])
    assert (found.exit_code, found.regressions) == (1, ())
    assert headline(found) == "REGRESSION small.jsonl: must-pass questions wrong: q000"
    assert [change.id for change in found.broken] == ["q000"]


def test_gate_with_failed_questions_or_files_is_incomplete(tmp_path: Path) -> None:
    old = baseline(run_of(tmp_path / "old", 2))
    wrong = RIGHT | {"contains": 0.0, "refused": None}
    failed = result("q000", wrong, error="the server is down", answer=None)
    new = read_run(write_run(tmp_path / "new", failed, result("q001", RIGHT)))
    found = check_run(old, new, MODEL, ["a.pdf: it is broken"])
    assert found.exit_code == 3
    assert headline(found) == "INCOMPLETE small.jsonl: 2 failed, so nothing is decided"
    assert found.incomplete == (
        "q000: failed: the server is down",
        "not indexed: a.pdf: it is broken",
    )


def test_gate_tells_what_is_otherwise_than_when_the_baseline_was_made(tmp_path: Path) -> None:
    old = baseline(run_of(tmp_path / "old", 3))
    new = run_of(tmp_path / "new", 3, settings={"passage_tokens": 16}, footnote="0.2.0")
    found = check_run(old, read_run(new), "other-456")
    assert found.exit_code == 0
    assert found.made == (
        "footnote: 0.1.0 -> 0.2.0",
        "embedding model: minilm-123 -> other-456",
        "passage_tokens: 180 -> 16",
    )


def test_gate_of_another_gold_set_is_refused(tmp_path: Path) -> None:
    old = baseline(run_of(tmp_path / "old", 3))
    new = read_run(run_of(tmp_path / "new", 3, gold_digest="e" * 64))
    with pytest.raises(ConfigError, match=r"of other questions than small\.jsonl .* --update"):
        check_run(old, new, MODEL)


def test_gate_with_a_metric_that_the_baseline_has_no_scores_of_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="for 'bleu' but no scores; the metrics of small"):
        judged(tmp_path, 3, 0, tolerances={"bleu": 0.1})


def test_gate_of_a_run_that_refuses_all_is_a_regression_though_nothing_is_cited(
    tmp_path: Path,
) -> None:
    refused = {"contains": 0.0} | REFUSED
    old = baseline(run_of(tmp_path / "old", 8))
    run = write_run(tmp_path / "new", *(result(f"q{n:03}", refused) for n in range(8)))
    found = check_run(old, read_run(run), MODEL)
    assert [one.metric for one in found.regressions] == ["contains", "answered"]
    exact = found.measured[-1]
    assert (exact.metric, exact.questions, exact.regressed) == ("exact_quotes", 0, False)
    assert found.broken[0].moved == (
        "success_1 1 -> -, contains 1 -> 0, answered 1 -> 0, exact_quotes 1 -> -"
    )
    assert "now: refused: no_evidence" in "\n".join(lines(found))
    again = baseline_of(read_run(run), MODEL, old)
    assert "exact_quotes" in again.tolerances
    assert "exact_quotes" not in again.means


def test_gate_with_an_unknown_must_pass_question_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="must_pass names 'q9', which is no question"):
        judged(tmp_path, 3, 0, must_pass=["q9"])


def kinds_run(folder: Path, wrong: int) -> Run:
    """Ten questions of one kind and one of another, so many of the first kind wrong."""
    failing = RIGHT | {"contains": 0.0}
    rows = [result(f"q{n}", failing if n < wrong else RIGHT, kind="table") for n in range(10)]
    return read_run(write_run(folder, *rows, result("lone", RIGHT, kind="list")))


@pytest.mark.parametrize(("wrong", "code"), [(0, 0), (2, 0), (3, 1)])
def test_gate_of_a_kind_that_lost_more_than_a_fifth_is_a_regression(
    tmp_path: Path, wrong: int, code: int
) -> None:
    old = baseline_of(kinds_run(tmp_path / "old", 0), MODEL, None)
    old = old.model_copy(update={"tolerances": {"contains": 1.0}})
    found = check_run(old, kinds_run(tmp_path / "new", wrong), MODEL)
    assert found.exit_code == code
    assert [(one.kind, one.baseline, one.now) for one in found.kinds] == [
        ("list", 1, 1),
        ("table", 10, 10 - wrong),
    ]
    assert [change.id for change in found.broken] == [f"q{n}" for n in range(3 if code else 0)]
    text = "\n".join(lines(found))
    assert f"table                   10       10 {10 - wrong:>6}" in text
    assert ("kind table 10 -> 7 of 10" in headline(found)) is bool(code)
    assert ("table fell from 10 to 7 of 10 right" in junit_xml(found)) is bool(code)
    assert ("| `table` | 10 | 10 | 7 | **regression** |" in markdown_text(found)) is bool(code)


def test_baseline_with_kinds_reads_back_the_same(tmp_path: Path) -> None:
    made = baseline_of(kinds_run(tmp_path / "run", 2), MODEL, None)
    write_baseline(tmp_path / "kinds.json", made)
    assert read_baseline(tmp_path / "kinds.json").kinds == made.kinds
    assert made.kinds["table"].model_dump() == {"questions": 10, "right": 8}


# --- the file


@pytest.fixture
def mixed(tmp_path: Path) -> Path:
    """A run with questions of both kinds, one of them without a citation, one half right."""
    return write_run(
        tmp_path / "mixed",
        result("z", RIGHT),
        result("b", RIGHT | {"citations": 0, "exact": 0}),
        result("a", RIGHT | {"exact": 1, "citations": 3}),
        result("n", REFUSED),
        result("m", {"refused": False}),
    )


def test_baseline_read_back_holds_every_score(mixed: Path, tmp_path: Path) -> None:
    run, path = read_run(mixed), tmp_path / "kept" / "mixed.baseline.json"
    write_baseline(path, baseline_of(run, MODEL, None))
    again = read_baseline(path)
    scores = {key: dict(again.scores(one)) for key, one in run.questions.items()}
    assert scores["z"] == {"success_1": 1, "contains": 1, "answered": 1, "exact_quotes": 1}
    assert scores["b"] == {"success_1": 1, "contains": 1, "answered": 1}
    assert scores["a"] == scores["z"] | {"exact_quotes": 0.3333}
    assert [scores["n"], scores["m"]] == [{"refusal_recall": 1}, {"refusal_recall": 0}]
    assert check_run(again, run, MODEL).broken == ()
    assert [one.rose for one in check_run(again, run, MODEL).measured] == [0] * 5


def test_baseline_writes_a_line_for_each_question_that_is_not_typical(
    mixed: Path, tmp_path: Path
) -> None:
    path = tmp_path / "mixed.baseline.json"
    write_baseline(path, baseline_of(read_run(mixed), MODEL, None))
    text = path.read_text(encoding="utf-8")
    assert text.endswith(
        ' "questions": {\n'
        '  "b": {"exact_quotes": null},\n'
        '  "a": {"exact_quotes": 0.3333},\n'
        '  "m": {"refusal_recall": 0}\n'
        " }\n}\n"
    )
    write_baseline(path, baseline_of(read_run(mixed), MODEL, read_baseline(path)))
    assert path.read_text(encoding="utf-8") == text
    assert list(tmp_path.glob(".mixed*")) == []


def test_baseline_made_anew_keeps_tolerances_and_must_pass(tmp_path: Path) -> None:
    old = baseline(run_of(tmp_path / "old", 3), tolerances={"contains": 0.1}, must_pass=["q001"])
    new = baseline_of(read_run(run_of(tmp_path / "new", 4, 1)), MODEL, old)
    assert (new.tolerances, new.must_pass) == ({"contains": 0.1}, ["q001"])
    assert (new.means, new.gold.questions) == ({"contains": 0.75}, 4)
    assert new.questions == {"q000": {"contains": 0.0}}


def test_baseline_made_anew_with_an_unknown_metric_is_refused(tmp_path: Path) -> None:
    run = run_of(tmp_path, 3)
    with pytest.raises(ConfigError, match="'bleu', which is no metric of small"):
        baseline_of(read_run(run), MODEL, baseline(run, tolerances={"bleu": 0.1}))


def written(path: Path, **changed: object) -> Path:
    document: dict[str, Any] = baseline(run_of(path / "run", 2)).model_dump(by_alias=True)
    file = path / "small.baseline.json"
    file.write_text(json.dumps(document | changed), encoding="utf-8")
    return file


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"schema": 2}, "has schema 2, this version reads 1; remove it"),
        ({"must_pass": "q001"}, "is broken: must_pass: Input should be a valid list"),
        ({"tolerances": {"contains": 2}}, "is broken: tolerances.contains: Input should be less"),
        ({"questions": {"a": {"contains": "x"}}}, "is broken: questions.a.contains: Input should"),
        ({"more": 1}, "is broken: more: Extra inputs are not permitted"),
    ],
)
def test_baseline_with_a_fault_is_refused(
    changed: dict[str, object], told: str, tmp_path: Path
) -> None:
    with pytest.raises(ConfigError, match=told):
        read_baseline(written(tmp_path, **changed))


@pytest.mark.parametrize(("text", "told"), [("{", "cannot be read"), ("[]", "has schema None")])
def test_baseline_that_is_no_json_object_is_refused(text: str, told: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=told):
        read_baseline(tmp_path / "file")


def test_baseline_that_is_missing_names_the_next_command(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"there is no baseline .*; make it .* --update"):
        read_baseline(tmp_path / "none")


def test_baseline_that_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "taken").mkdir()
    with pytest.raises(ConfigError, match="taken cannot be written"):
        write_baseline(tmp_path / "taken", baseline(run_of(tmp_path / "run", 2)))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["run", "taken"]


# --- the forms


@pytest.fixture
def regression(tmp_path: Path) -> GateResult:
    """Six questions fell, and what came back looks like markup."""
    rows = [
        result(
            f"q{n}",
            RIGHT | {"contains": 0.0},
            question="Who | <b>`is`</b> @all?",
            answer="see ](http://x) \x1b[31m\x00 </details>",
        )
        for n in range(6)
    ]
    old = baseline(write_run(tmp_path / "old", *(result(f"q{n}", RIGHT) for n in range(6))))
    return check_run(old, read_run(write_run(tmp_path / "new", *rows)), MODEL)


def test_junit_has_a_case_for_each_metric_and_names_the_questions(regression: GateResult) -> None:
    suite = ElementTree.fromstring(junit_xml(regression))
    assert suite.attrib == {
        "name": "footnote eval gate small.jsonl",
        "tests": "6",
        "failures": "1",
        "errors": "0",
    }
    assert [case.get("name") for case in suite] == [
        *("success_1", "contains", "answered", "exact_quotes"),
        *("must_pass", "complete"),
    ]
    (failure,) = suite.findall("*/failure")
    assert failure.get("message") == (
        "contains fell from 1.000 to 0.000 (allowed 0.020, p 0.016): 6 of 6 questions fell, 0 rose"
    )
    assert failure.text is not None
    assert "q5  Who | <b>`is`</b> @all?" in failure.text
    assert "see ](http://x) [31m </details>" in failure.text


def test_junit_of_an_incomplete_run_is_an_error(tmp_path: Path) -> None:
    old = baseline(run_of(tmp_path / "old", 2))
    found = check_run(old, read_run(run_of(tmp_path / "new", 2)), MODEL, ["a.pdf: broken"])
    suite = ElementTree.fromstring(junit_xml(found))
    assert (suite.get("failures"), suite.get("errors")) == ("0", "1")
    (error,) = suite.findall("*/error")
    assert error.get("message") == "not indexed: a.pdf: broken"


def test_markdown_shows_what_documents_say_as_code_alone(regression: GateResult) -> None:
    from markdown_it import MarkdownIt

    text = markdown_text(regression)
    html = MarkdownIt("commonmark").enable("table").render(text)
    assert "<code>Who | &lt;b&gt;`is`&lt;/b&gt; @all?</code>" in html
    assert "<a " not in html
    assert html.count("</details>") == 1
    assert "**regression**" in text
    assert "REGRESSION small.jsonl: contains 1.000 -&gt; 0.000" in html


def test_forms_are_the_same_bytes_each_time(tmp_path: Path) -> None:
    first = judged(tmp_path / "one", 40, 6)
    second = judged(tmp_path / "two", 40, 6)
    for form in (junit_xml, markdown_text, lambda found: "\n".join(lines(found))):
        assert form(first) == form(second)

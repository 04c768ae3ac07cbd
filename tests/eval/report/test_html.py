"""The report of runs: what it computes, what it shows, and that nothing in it acts."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import lxml.html
import pytest
from click.testing import CliRunner

from eval.cli import group
from eval.report.html import render
from eval.report.measures import (
    groups_by_kind,
    groups_by_tag,
    measures,
    percentile,
    risks,
    scores,
    stage_seconds,
    worst_first,
)
from eval.report.plots import distributions, duration, latency, percent, risk_coverage
from eval.report.questions import flips, passages
from eval.runs.outcome import Outcome
from eval.runs.results import QuestionResult, Run, read_run
from index.errors import ConfigError
from tests.helpers.payloads import PAYLOADS

pytestmark = pytest.mark.unit

TEXT = "The ferry leaves at nine. It takes forty minutes."
TAKES = TEXT.index("It takes")


def record(**changes: Any) -> dict[str, Any]:
    """A line of results.jsonl: a question that went well."""
    passage = {"rank": 1, "document": "a.md", "start": 100, "end": 149, "score": 0.9}
    given: dict[str, Any] = {
        "id": "q1",
        "question": "How long does the ferry take?",
        "tags": ["time"],
        "answerable": True,
        "gold": ["forty minutes"],
        "evidence": [
            {"fact": 0, "document": "a.md", "start": 100 + TAKES + 9, "end": 149},
        ],
        "query": "How long does the ferry take?",
        "answer": "It takes forty minutes. [1]",
        "refusal": None,
        "statements": [
            {"text": "It takes forty minutes.", "citations": [1], "support": "supported"}
        ],
        "citations": [
            {
                "label": 1,
                "document": "a.md",
                "page": 2,
                "heading": "Ferry",
                "start": 100 + TAKES,
                "end": 149,
                "quote": TEXT[TAKES:],
            }
        ],
        "confidence": None,
        "passages": [{**passage, "page": 2, "heading": "Ferry", "text": TEXT}],
        "ranked": [passage],
        "scores": {
            "success_1": 1.0,
            "success_5": 1.0,
            "reciprocal_rank": 1.0,
            "contains": 1.0,
            "citation_recall": 1.0,
            "citations": 1,
            "exact": 1,
            "refused": False,
        },
        "fault": None,
        "seconds": 0.25,
        "stages": {"search": 0.05, "total": 0.25},
        "error": None,
    }
    return given | changes


REFUSAL = {"reason": "no_evidence", "message": "The documents don't answer this."}
WRONG = {"id": "wrong", "scores": {**record()["scores"], "contains": 0.0}}
INVENTED = {"id": "invented", "answerable": False, "gold": [], "evidence": []}
REFUSED = {"id": "refused", "refusal": REFUSAL, "citations": [], "statements": []}
DECLINED = {**REFUSED, "id": "declined", "answerable": False, "gold": [], "evidence": []}
FAILED = {"id": "failed", "error": "TimeoutError: late", "answer": None, "stages": None}


def result(**changes: Any) -> QuestionResult:
    return QuestionResult.model_validate(record(**changes))


def saved(path: Path, *records: dict[str, Any], started: str = "2026-11-20T10:00:00+00:00") -> Path:
    path.mkdir()
    config = {"gold": "g.jsonl", "gold_digest": "d", "started": started, "settings": {"k": 1}}
    (path / "config.json").write_text(json.dumps(config), encoding="utf-8")
    (path / "summary.json").write_text('{"gold": "g.jsonl"}', encoding="utf-8")
    lines = "".join(json.dumps(one) + "\n" for one in records)
    (path / "results.jsonl").write_text(lines, encoding="utf-8")
    return path


def run_of(tmp_path: Path, *records: dict[str, Any], name: str = "run", **kwargs: str) -> Run:
    return read_run(saved(tmp_path / name, *records, **kwargs))


@pytest.mark.parametrize(
    ("changes", "outcome"),
    [
        ({}, Outcome.RIGHT),
        (WRONG, Outcome.WRONG),
        (INVENTED, Outcome.INVENTED),
        (REFUSED, Outcome.OVER_REFUSED),
        (DECLINED, Outcome.DECLINED),
        (FAILED, Outcome.FAILED),
        ({"scores": {"success_5": 1.0}}, Outcome.RIGHT),
        ({"scores": {"contains": 0.0, "success_5": 1.0}}, Outcome.WRONG),
        ({"scores": {}}, Outcome.WRONG),
        ({**FAILED, "answerable": False, "gold": []}, Outcome.FAILED),
    ],
)
def test_outcome_of_each_kind_of_question_is_named(
    changes: dict[str, Any], outcome: Outcome
) -> None:
    assert result(**changes).outcome is outcome


def test_result_hidden_characters_become_spaces_in_place() -> None:
    assert result(question="a\u202eb\x1b[31mc").question == "a b [31mc"


def test_sureness_without_confidence_is_the_first_passages_score() -> None:
    assert result().effective_confidence == 0.9
    assert result(confidence=-1.5).effective_confidence == -1.5
    assert result(ranked=[]).effective_confidence == 0.0


def test_read_run_of_a_folder_without_a_run_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(
        ConfigError, match=r"is not a run folder; run: footnote eval run GOLD --out"
    ):
        read_run(tmp_path)


def test_read_run_that_was_killed_says_so(tmp_path: Path) -> None:
    path = saved(tmp_path / "run", record())
    (path / "summary.json").unlink()
    with pytest.raises(ConfigError, match="did not finish"):
        read_run(path)


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("{", "Invalid JSON"),
        (json.dumps(record(question=3)), "question: Input should be a valid string"),
        (json.dumps({"id": "q"}), "question: Field required"),
    ],
)
def test_read_run_with_a_bad_line_names_it(tmp_path: Path, line: str, fault: str) -> None:
    path = saved(tmp_path / "run", record())
    with (path / "results.jsonl").open("a", encoding="utf-8") as file:
        file.write(line)
    with pytest.raises(ConfigError, match=rf"results\.jsonl, line 2: .*{fault}"):
        read_run(path)


def test_scores_of_shares_have_wilson_intervals() -> None:
    results = [result(id=str(n)) for n in range(9)] + [result(**WRONG)]
    found = {score.name: score for score in scores(results, measures(results))}
    contains = found["contains"]
    # Wilson, 9 of 10: (0.9 + z²/20 ± z·sqrt(0.9·0.1/10 + z²/400)) / (1 + z²/10), z = 1.959964.
    assert (contains.value, contains.n) == (0.9, 10)
    assert contains.low == pytest.approx(0.59585, abs=1e-5)
    assert contains.high == pytest.approx(0.98212, abs=1e-5)


def test_scores_of_other_values_have_bootstrap_intervals_around_them() -> None:
    ranks = [1.0, 0.5, 0.25, 1.0, 0.5, 0.2]
    results = [result(id=str(r), scores={"reciprocal_rank": rank}) for r, rank in enumerate(ranks)]
    found = {score.name: score for score in scores(results, measures(results))}
    mean = found["MRR@10"]
    assert mean.value == pytest.approx(0.575)
    assert mean.low is not None
    assert mean.high is not None
    # The standard error of the mean is 0.132; a percentile interval of six values is narrower.
    assert 0.30 < mean.low < 0.40
    assert 0.74 < mean.high < 0.84


def test_scores_of_refusals_count_failed_questions_as_not_refused() -> None:
    results = [result(**one) for one in (REFUSED, DECLINED, INVENTED, FAILED, {})]
    found = {score.name: (score.value, score.n) for score in scores(results, measures(results))}
    assert found["refusal precision"] == (0.5, 2)
    assert found["refusal recall"] == (0.5, 2)
    assert found["refusal F1"] == (0.5, 3)
    assert found["over-refusal"] == (1 / 3, 3)


def test_scores_that_never_vary_have_no_interval() -> None:
    results = [result(id=str(n), scores={"citations": 3, "exact": 3}) for n in range(4)]
    (exact,) = [one for one in scores(results, measures(results)) if one.name == "exact quotes"]
    assert (exact.value, exact.low, exact.high, exact.n) == (1.0, None, None, 4)


def test_measures_unknown_scores_come_last_by_their_own_name() -> None:
    found = measures([result(scores={"contains": 1.0, "new_measure": 0.5})])
    assert (found[0].name, found[-1].name, found[-1].group) == (
        "contains",
        "new measure",
        "Further",
    )


def test_risks_add_answers_from_the_surest_down() -> None:
    results = [
        result(id="a", confidence=0.9),
        result(**WRONG, confidence=0.8),
        result(id="c", confidence=0.7),
        result(**REFUSED, confidence=0.95),
    ]
    found = risks(results)
    assert found is not None
    assert found.points == ((0.25, 0.0), (0.5, 0.5), (0.75, 1 / 3))
    assert found.at_risk_5 == 0.25


def test_risks_without_answers_are_none() -> None:
    assert risks([result(**REFUSED)]) is None


def test_groups_by_tag_put_the_worst_tag_first_and_keep_untagged() -> None:
    results = [result(), result(**WRONG, tags=["hard"]), result(id="x", tags=[])]
    assert [(one.name, one.n, one.good) for one in groups_by_tag(results)] == [
        ("hard", 1, 0.0),
        ("no tag", 1, 1.0),
        ("time", 1, 1.0),
    ]


def test_groups_by_kind_are_none_without_kinds(tmp_path: Path) -> None:
    assert groups_by_kind([result()]) == []
    kinds = [record(kind="fact"), record(**WRONG, kind="list")]
    found = groups_by_kind([result(**one) for one in kinds])
    assert [(one.name, one.n, one.good) for one in found] == [
        ("list", 1, 0.0),
        ("fact", 1, 1.0),
    ]
    page = lxml.html.fromstring(render([run_of(tmp_path, *kinds)]))
    assert page.xpath("//section[@id='by-kind']//th[@scope='row']//text()") == ["list", "fact"]


def test_worst_first_orders_by_outcome_then_by_what_was_cited() -> None:
    poor = {"id": "poor", "scores": {**record()["scores"], "citation_recall": 0.0}}
    given: list[dict[str, Any]] = [{}, DECLINED, poor, REFUSED, WRONG, INVENTED, FAILED]
    found = worst_first([result(**one) for one in given])
    assert [one.id for one in found] == [
        "failed", "invented", "wrong", "refused", "poor", "q1", "declined",
    ]  # fmt: skip


def test_stage_seconds_come_in_the_order_of_the_stages() -> None:
    stages = {"total": 3.0, "rerank": 1.0, "embed": 2.0}
    assert stage_seconds([result(stages=stages)]) == {
        "embed": [2.0],
        "rerank": [1.0],
        "total": [3.0],
    }
    assert list(stage_seconds([result(stages=stages)])) == ["embed", "rerank", "total"]


@pytest.mark.parametrize(("share", "value"), [(0.0, 1), (0.5, 2), (0.75, 3), (0.95, 4)])
def test_percentile_is_by_nearest_rank(share: float, value: float) -> None:
    assert percentile([4, 1, 3, 2], share) == value


def test_passages_tell_cited_words_from_gold_evidence() -> None:
    (shown,) = passages(result())
    assert [(piece.text, piece.cited, piece.gold) for piece in shown.pieces] == [
        ("The ferry leaves at nine. ", False, False),
        ("It takes ", True, False),
        ("forty minutes.", True, True),
    ]
    assert (shown.place, shown.rank, shown.labels) == ("a.md · page 2 · Ferry", 1, (1,))


def test_passages_of_another_document_have_no_marks() -> None:
    given = [{**record()["passages"][0], "document": "b.md"}]
    elsewhere, quoted = passages(result(**WRONG, passages=given))
    assert not elsewhere.marked
    assert (quoted.place, quoted.rank) == ("a.md · page 2 · Ferry", None)
    assert [piece.text for piece in quoted.pieces] == [TEXT[TAKES:]]


def test_passages_that_went_uncited_are_shown_where_it_went_wrong_only() -> None:
    other = {**record()["passages"][0], "start": 500, "end": 549, "rank": 2}
    both = [*record()["passages"], other]
    assert [shown.rank for shown in passages(result(passages=both))] == [1]
    assert [shown.rank for shown in passages(result(**WRONG, passages=both))] == [1, 2]


def test_flips_name_questions_that_changed_sides(tmp_path: Path) -> None:
    wrong = record(**{**WRONG, "id": "b"})
    before = run_of(tmp_path, record(id="a"), wrong, record(id="c"), name="x")
    after = run_of(
        tmp_path,
        record(**{**WRONG, "id": "a"}),
        record(id="b"),
        record(**{**WRONG, "id": "c", "question": "Another?"}),
        name="y",
    )
    found = flips(before, after)
    assert [flip.after.id for flip in found["fixed"]] == ["b"]
    assert [flip.after.id for flip in found["broken"]] == ["a"]


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(12.3456, "12.3\u2009s"), (0.0625, "62.5\u2009ms"), (3.8e-5, "38\u2009µs"), (0, "0\u2009µs")],
)
def test_duration_is_told_in_the_unit_that_suits(seconds: float, words: str) -> None:
    assert duration(seconds) == words


def test_plots_of_no_answers_are_drawn_empty() -> None:
    results = [result(**FAILED)]
    assert "<polyline" not in risk_coverage(results)
    assert "<rect" not in distributions(results)
    assert "<circle" not in latency(results)


def test_risk_plot_tells_where_the_run_is() -> None:
    drawn = risk_coverage([result(), result(**WRONG), result(**REFUSED), result(id="d")])
    assert f"as run: {percent(0.75)} answered, {percent(1 / 3)} of them wrong" in drawn


def test_render_of_one_run_shows_scores_plots_and_questions(tmp_path: Path) -> None:
    page = lxml.html.fromstring(render([run_of(tmp_path, record(), record(**WRONG))]))
    assert page.xpath("string(//h1)") == "g.jsonl"
    assert "1 of 2 answerable questions were answered" in page.xpath("string(//p[@class='lead'])")
    assert len(page.xpath("//section[@id='plots']//svg")) == 3
    assert [one.get("data-outcome") for one in page.xpath("//details[@data-outcome]")] == [
        "wrong",
        "right",
    ]
    assert page.xpath("string(//article//mark/u)") == "forty minutes."
    assert not page.xpath("//section[@id='history' or @id='flips']")


def test_render_of_two_runs_takes_the_later_and_tells_the_flips(tmp_path: Path) -> None:
    later = run_of(tmp_path, record(), name="later", started="2026-11-21T10:00:00+00:00")
    earlier = run_of(tmp_path, record(**{**WRONG, "id": "q1"}), name="earlier")
    page = lxml.html.fromstring(render([later, earlier]))
    assert [one.text for one in page.xpath("//ol[@class='runs']//b")] == ["earlier", "later"]
    fixed = page.xpath("string(//section[contains(@class, 'fixed')]//summary)")
    assert "How long does the ferry take?" in fixed
    changes = page.xpath("//tr[th/text()[contains(., 'contains')]]//span[@class='change better']")
    assert [one.text for one in changes] == ["+1.000"]


def test_render_of_three_runs_has_history_and_no_flips(tmp_path: Path) -> None:
    runs = [run_of(tmp_path, record(), name=name) for name in "abc"]
    page = lxml.html.fromstring(render(runs))
    assert len(page.xpath("//section[@id='history']//svg")) == len(
        [one for one in scores(runs[0].results, measures(runs[0].results)) if one.n]
    )
    assert not page.xpath("//section[@id='flips']")


def test_render_runs_of_different_gold_sets_warns(tmp_path: Path) -> None:
    one, other = (run_of(tmp_path, record(), name=name) for name in "ab")
    other = Run(other.path, {**other.config, "gold_digest": "e"}, other.summary, other.results)
    assert "did not ask the same questions" in render([one, other])
    assert "did not ask the same questions" not in render([one, one])


def test_render_hostile_words_make_no_markup(tmp_path: Path) -> None:
    plain = record(id="plain")
    hostile = [
        record(
            id=f"{name} {payload}"[:3000],
            question=payload,
            tags=[payload],
            gold=[payload],
            answer=payload,
            statements=[{"text": payload, "citations": [1], "support": payload}],
            refusal=None,
            error=payload if number % 7 == 0 else None,
            turns=[{"question": payload, "answer": payload}],
            fault=payload,
            stages={payload: 1.0},
            scores={payload: 0.5, "contains": 0.0},
            passages=[
                {**plain["passages"][0], "document": payload, "heading": payload, "text": payload}
            ],
            citations=[{**plain["citations"][0], "document": payload, "quote": payload}],
        )
        for number, (name, payload) in enumerate(PAYLOADS.items())
        if "\ud800" not in payload
    ]
    page = render([run_of(tmp_path, *hostile)])
    found = lxml.html.fromstring(page)
    assert {one.tag for one in found.iter() if isinstance(one.tag, str)} <= set(
        (
            "html head meta link title style body a header p main section h1 h2 h3 h4 div svg line "
            "polyline polygon rect circle text ul li span b details summary dl dt dd table caption "
            "thead tbody tr th td small code figure figcaption input select option button mark u "
            "article footer script"
        ).split()
    )
    assert len(found.xpath("//script")) == 1
    assert not [name for one in found.iter() for name in one.attrib if name.startswith("on")]
    assert {one.get("href") for one in found.iter() if one.get("href")} == {"#questions", "data:,"}
    assert not re.search("[\u202a-\u202e\x1b\u200b]", page)


def test_report_command_writes_the_page_beside_the_run(tmp_path: Path) -> None:
    path = saved(tmp_path / "run", record())
    done = CliRunner().invoke(group, ["report", str(path)])
    assert (done.exit_code, done.output) == (0, f"report: {path / 'report.html'}\n")
    page = (path / "report.html").read_text(encoding="utf-8")
    (policy,) = lxml.html.fromstring(page).xpath("//meta[@http-equiv]/@content")
    assert policy.startswith("default-src 'none'; style-src 'sha256-")


def test_report_command_of_a_missing_run_exits_with_2(tmp_path: Path) -> None:
    done = CliRunner().invoke(group, ["report", str(tmp_path / "none")])
    assert done.exit_code == 2
    assert "is not a run folder" in done.output

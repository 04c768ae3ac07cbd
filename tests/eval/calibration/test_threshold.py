"""The line below which to refuse: how it is chosen, what is told of it, and where it is kept."""

from __future__ import annotations

import json
from pathlib import Path
from random import Random

import pytest

from eval.calibration.examples import QuestionSource, RefusalExample, SourceQuestion, read_squad
from eval.calibration.threshold import Rates, calibrate, choose_threshold, rates, save_threshold
from eval.lab.conflicts import copies
from eval.lab.refusal_fit import fit, tabulate
from index.errors import ConfigError
from rag.retrieval.answerability import AnswerabilitySignals, answer_confidence

pytestmark = pytest.mark.unit


def test_choose_threshold_lies_in_the_middle_of_the_gap_between_both() -> None:
    assert choose_threshold([0.6, 0.8, 0.9], [0.1, 0.2], 0.05) == pytest.approx(0.4)


def test_choose_threshold_refuses_no_more_answerable_ones_than_allowed() -> None:
    answerable = [0.1, *[0.5 + place / 100 for place in range(19)]]
    unanswerable = [0.2, 0.3, 0.6]
    assert choose_threshold(answerable, unanswerable, 0.05) == pytest.approx(0.4)
    assert choose_threshold(answerable, unanswerable, 0.0) < 0.1


def test_choose_threshold_is_a_short_number_that_parts_as_the_middle_does() -> None:
    assert choose_threshold([0.61234567, 0.9], [0.123456789], 0.05) == 0.37
    assert choose_threshold([0.371236, 0.9], [0.371234], 0.05) == 0.371235


def test_calibrate_keeps_its_promise_on_the_other_half() -> None:
    chance = Random(4)
    answerable = [min(1.0, chance.gauss(0.75, 0.15)) for _ in range(800)]
    unanswerable = [max(0.0, chance.gauss(0.25, 0.15)) for _ in range(800)]
    found = calibrate(answerable[::2], unanswerable[::2])
    within = 0.04  # three standard errors of the difference of two shares of 400
    other = rates(answerable[1::2], unanswerable[1::2], found.threshold)
    assert other.refused == pytest.approx(found.held_out.refused, abs=within)
    assert other.answered == pytest.approx(found.held_out.answered, abs=within)
    assert found.fitted.refused <= 0.05


def test_rates_count_both_errors() -> None:
    assert rates([0.2, 0.5, 0.9, 0.9], [0.1, 0.5], 0.4) == Rates(0.25, 0.5)


def test_calibrate_tells_rates_of_questions_that_had_no_part_in_it() -> None:
    high, low = [0.7 + place / 100 for place in range(20)], [place / 100 for place in range(20)]
    found = calibrate(high, low)
    assert found.threshold == 0.44  # for 0.445, the middle
    assert (found.answerable, found.unanswerable) == (20, 20)
    assert found.fitted == found.held_out == Rates(0.0, 0.0)
    # One answerable question among the unanswerable: no line chosen without it spares it.
    outlier = calibrate([*high, 0.05], low, most=0.05)
    assert outlier.held_out.refused == pytest.approx(1 / 21)


def test_calibrate_on_too_few_questions_says_so() -> None:
    with pytest.raises(ConfigError, match="19 answerable and 20 unanswerable questions are too"):
        calibrate([0.9] * 19, [0.1] * 20)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (None, "refuse_below = 0.25\n"),
        ("# ours\ndata = 'x' # here\n", "# ours\ndata = 'x' # here\nrefuse_below = 0.25\n"),
        ("refuse_below = 0.1 # was\nstrict = true\n", "refuse_below = 0.25 # was\nstrict = true\n"),
    ],
)
def test_save_threshold_leaves_the_rest_of_the_file_as_it_is(
    tmp_path: Path, before: str | None, after: str
) -> None:
    path = tmp_path / "footnote.toml"
    if before is not None:
        path.write_text(before, encoding="utf-8")
    save_threshold(0.25, path)
    assert path.read_text(encoding="utf-8") == after


def test_save_threshold_into_a_broken_file_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "footnote.toml"
    path.write_text("data = = 1\n", encoding="utf-8")
    with pytest.raises(ConfigError, match="cannot be changed"):
        save_threshold(0.25, path)
    assert path.read_text(encoding="utf-8") == "data = = 1\n"


def example(missing: str, likeness: float, corpus: str = "all") -> RefusalExample:
    near = likeness
    found = AnswerabilitySignals(near, near, near, near, near, 2.0, 0.0, 0.0, 0.1)
    return RefusalExample(SourceQuestion("Who?", 0, frozenset(["a"])), corpus, missing, found)


def test_fit_weighs_likeness_up_and_draws_a_line_between() -> None:
    likely = [example("", 0.6 + place / 100) for place in range(20)]
    fitted = fit([*likely, *(example("article", place / 100) for place in range(20))])
    assert all(weight > 0 for weight in fitted.weights[:4])
    assert 0 < fitted.line < 1


def test_fit_to_answerable_questions_alone_is_refused() -> None:
    with pytest.raises(ConfigError, match="too few questions to fit refusal to"):
        fit([example("", 0.6)])


def test_tabulate_tells_what_is_refused_by_what_is_missing() -> None:
    likely, unlikely = example("", 0.9), example("article", 0.1)
    line = (answer_confidence(likely.signals) + answer_confidence(unlikely.signals)) / 2
    rows = tabulate([unlikely, likely], line)
    assert [(row.missing, row.questions, row.refused) for row in rows] == [
        ("", 1, 0.0),
        ("article", 1, 1.0),
    ]


def test_copies_change_the_number_or_name_that_answers() -> None:
    text, other = "In 1998 the envoys of Egypt met in Cairo for talks.", "It is said that Oslo won."
    asked = [
        SourceQuestion(
            "When did they meet?", 0, frozenset(["000-000.txt"]), "1998", text.index("1998")
        ),
        SourceQuestion(
            "Where did they meet?", 0, frozenset(["000-000.txt"]), "Cairo", text.index("Cairo")
        ),
    ]
    documents = {"000-000.txt": text, "001-000.txt": other}
    articles = [frozenset(["000-000.txt"]), frozenset(["001-000.txt"])]
    number, name = copies(QuestionSource(documents, articles, ["a", "b"], asked), [0])
    assert (number.kind, name.kind) == ("number", "name")
    assert name.text == text.replace("Cairo", "Oslo")
    assert number.text.replace(number.text[3:7], "1998") == text != number.text


def squad(path: Path, *answers: dict[str, object]) -> Path:
    qas = [{"id": "q", "question": "Where?", "answers": list(answers)}]
    article = {"title": "Talks", "paragraphs": [{"context": "In Cairo.", "qas": qas}]}
    path.write_text(json.dumps({"data": [article]}), encoding="utf-8")
    return path


def test_read_squad_gives_paragraphs_articles_and_where_answers_stand(tmp_path: Path) -> None:
    document = "000-000.txt"
    found = read_squad(squad(tmp_path / "s.json", {"text": "Cairo", "answer_start": 3}))
    assert (found.documents, found.titles) == ({document: "In Cairo."}, ["Talks"])
    assert found.articles == [frozenset({document})]
    assert found.questions == [SourceQuestion("Where?", 0, frozenset({document}), "Cairo", 3)]
    assert read_squad(squad(tmp_path / "s.json")).questions == [
        SourceQuestion("Where?", 0, frozenset())
    ]


def test_read_squad_of_answers_without_their_place_names_the_question(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="question 'q' lacks answer_start"):
        read_squad(squad(tmp_path / "s.json", {"text": "Cairo"}))

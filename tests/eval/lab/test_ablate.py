"""What each part of the ranking brings: parts of questions, differences, and the tables."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from eval.datasets.squad import articles_of
from eval.lab.ablate import (
    AS_IT_IS,
    BY_RANK,
    COUNT,
    FIRST,
    MEASURES,
    NDCG,
    SUCCESS,
    VARIANTS,
    AblationLine,
    AblationReport,
    lines,
    lines_of,
    measure,
)
from index.errors import ConfigError
from index.settings import load_settings
from rag.settings import Settings

WHOLE, OTHER = AS_IT_IS.name, "without likeness"


@pytest.mark.unit
def test_lines_of_part_questions_by_the_place_of_their_group() -> None:
    scores = [
        {(SUCCESS, WHOLE): 1.0, (SUCCESS, OTHER): 1.0},
        {(SUCCESS, WHOLE): 1.0, (SUCCESS, OTHER): 0.0},
        {(SUCCESS, WHOLE): 0.0, (SUCCESS, OTHER): 0.0},
        {(SUCCESS, WHOLE): 0.0, (SUCCESS, OTHER): 0.0},
    ]
    assert list(lines_of(scores, np.array([0, 2, 1, 3]))) == [
        AblationLine(SUCCESS, WHOLE, "even", 2, 1.0, 0.0, (0.0, 0.0)),
        AblationLine(SUCCESS, WHOLE, "odd", 2, 0.0, 0.0, (0.0, 0.0)),
        AblationLine(SUCCESS, WHOLE, "all", 4, 0.5, 0.0, (0.0, 0.0)),
        AblationLine(SUCCESS, OTHER, "even", 2, 0.5, -0.5, (-1.0, 0.0)),
        AblationLine(SUCCESS, OTHER, "odd", 2, 0.0, 0.0, (0.0, 0.0)),
        AblationLine(SUCCESS, OTHER, "all", 4, 0.25, -0.25, (-0.75, 0.0)),
    ]


@pytest.mark.unit
def test_lines_of_leave_out_questions_and_parts_that_a_measure_lacks() -> None:
    scores = [
        {(FIRST, WHOLE): 1.0, (SUCCESS, WHOLE): 1.0},
        {(SUCCESS, WHOLE): 0.0},
    ]
    found = [(one.measure, one.part, one.questions) for one in lines_of(scores, np.array([0, 2]))]
    assert found == [
        (SUCCESS, "even", 2),
        (SUCCESS, "all", 2),
        (FIRST, "even", 1),
        (FIRST, "all", 1),
    ]


@pytest.mark.unit
def test_lines_put_changes_with_their_intervals_beside_the_ranking_as_it_is() -> None:
    report = AblationReport(
        "gold.json",
        690,
        "articles",
        (
            AblationLine(NDCG, WHOLE, "even", 690, 0.957, 0.0, (0.0, 0.0)),
            AblationLine(NDCG, OTHER, "even", 690, 0.95, -0.007, (-0.012, 0.0015)),
        ),
    )
    assert list(lines(report)) == [
        "gold.json: 690 questions, by whether their articles are at even or odd places; "
        "change from the ranking as it is, 95 % interval",
        "",
        "nDCG@10                       even, 690",
        "as it is                      0.957",
        "without likeness              0.950 -0.007 (-0.012 to +0.002)",
    ]


@pytest.mark.unit
def test_articles_of_paragraphs_are_told_from_other_names() -> None:
    assert articles_of(["rome-001.txt", "rome-002.txt", "year-2000-001.txt"]) == {
        "rome-001.txt": "rome",
        "rome-002.txt": "rome",
        "year-2000-001.txt": "year-2000",
    }
    assert articles_of(["4983.md", "rome-001.txt"]) == {}
    assert articles_of(["8758-0-1374.txt"]) == {}


def squad(folder: Path) -> Path:
    def paragraph(context: str, **answers: str) -> dict[str, object]:
        return {
            "context": context,
            "qas": [
                {"id": question, "question": question, "answers": [{"text": answer}]}
                for question, answer in answers.items()
            ],
        }

    articles = {
        "Talks": [
            paragraph(
                "The talks were held in Cairo. They took nine days.",
                **{"Where were the talks held?": "Cairo", "How long were the talks?": "nine days"},
            ),
            paragraph("Egypt sent a minister. Qatar sent none."),
        ],
        "Rain": [
            paragraph("Rain fell on the hills. The river rose.", **{"What rose?": "The river"})
        ],
    }
    data = [{"title": title, "paragraphs": each} for title, each in articles.items()]
    path = folder / "squad.json"
    path.write_text(json.dumps({"data": data}, indent=1), encoding="utf-8")
    return path


@pytest.mark.model
def test_measure_ranks_in_each_way_and_numbers_articles(tmp_path: Path) -> None:
    shown: list[tuple[str, int, int]] = []
    report = measure(
        squad(tmp_path),
        None,
        load_settings(Settings, data=tmp_path / "data"),
        None,
        lambda *step: shown.append(step),
    )
    found = {(one.measure, one.way, one.part): one for one in report.lines}
    assert (report.gold, report.questions, report.grouped) == ("squad.json", 3, "articles")
    assert {one.questions for one in report.lines if one.part == "even"} == {2}
    assert {one.questions for one in report.lines if one.part == "odd"} == {1}
    assert {one.measure for one in report.lines} == set(MEASURES)
    assert {one.way for one in report.lines} == {*(way.name for way in VARIANTS), BY_RANK}
    assert found[SUCCESS, WHOLE, "all"].mean == found[NDCG, BY_RANK, "all"].mean == 1.0
    assert found[FIRST, WHOLE, "all"].mean == 1.0
    assert found[COUNT, WHOLE, "odd"].mean == 1.0
    # "What rose?" has no content word but "rose", which one paragraph holds alone.
    assert found[SUCCESS, "words alone", "odd"].mean == 1.0
    assert ("ranking", 2, 3) in shown


@pytest.mark.model
def test_measure_of_questions_without_evidence_says_so(tmp_path: Path) -> None:
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    (corpus / "rain.md").write_text("Rain fell.", encoding="utf-8")
    gold = tmp_path / "gold.jsonl"
    gold.write_text('{"id": "1", "question": "Who?", "answers": ["nobody"]}\n', encoding="utf-8")
    settings = load_settings(Settings, data=tmp_path / "data")
    with pytest.raises(ConfigError, match=r"no question of gold\.jsonl has evidence"):
        measure(gold, corpus, settings, None, lambda *_: None)

"""MTRAG's human subset as tasks, and the report on ways to search after earlier turns."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

from eval.datasets.mtrag import MtragTask, read_tasks
from eval.lab.chats.followups import LAST, OURS, FollowupLine, FollowupReport, lines, measure
from index.errors import ConfigError
from index.settings import load_settings
from rag.followups.condense import FollowUpWeights
from rag.settings import Settings
from rag.types import Turn


def task(name: str, texts: list[str], contexts: list[str], judged: list[int]) -> dict[str, object]:
    speakers = ("user", "agent")
    return {
        "task_id": name,
        "input": [{"speaker": speakers[n % 2], "text": text} for n, text in enumerate(texts)],
        "contexts": [{"document_id": context} for context in contexts],
        "annotations": {"context_relevance": {"system": judged}},
        "targets": [{"speaker": "agent", "text": "So it is."}],
        "Collection": "govt",
    }


def write(folder: Path, *tasks: dict[str, object]) -> None:
    subset = {"documents": [{"document_id": "d1", "text": "One."}], "tasks": tasks}
    (folder / "human_subset.json").write_text(json.dumps(subset), encoding="utf-8")
    row = {"_id": "b<::>2", "text": "|user|: Who led the talks?"}
    (folder / "x_rewrite.jsonl").write_text(json.dumps(row) + "\n", encoding="utf-8")


@pytest.mark.unit
def test_read_tasks_gives_each_task_its_turns_and_what_is_relevant(tmp_path: Path) -> None:
    write(
        tmp_path,
        task("a<::>1", ["Where?"], ["d1", "d2"], [1]),
        {**task("b<::>1", ["Hello"], [], []), "Answerability": ["CONVERSATIONAL"]},
        task("b<::>2", ["Where?", "In Cairo.", "Who led it?"], ["d1", "d2"], [0, 1]),
    )
    passages, tasks = read_tasks(tmp_path)
    both = frozenset({"d1.txt", "d2.txt"})
    turns = (Turn("Where?", "In Cairo."),)
    assert passages == {"d1.txt": "One."}
    assert tasks == [
        MtragTask("a", "govt", "Where?", (), "", True, both, frozenset({"d2.txt"})),
        MtragTask("b", "govt", "Hello", (), "", False, frozenset(), frozenset()),
        MtragTask("b", "govt", "Who led it?", turns, "Who led the talks?", True, both, both),
    ]


@pytest.mark.unit
def test_read_tasks_of_a_folder_without_the_subset_says_so(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"there is no gold file .*human_subset\.json"):
        read_tasks(tmp_path)


@pytest.mark.unit
@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"tasks": 3}', "does not hold MTRAG's tasks"),
        ("{", r"human_subset\.json is not JSON"),
    ],
)
def test_read_tasks_of_another_file_says_so(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "human_subset.json").write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=said):
        read_tasks(tmp_path)


@pytest.mark.unit
def test_read_tasks_with_a_broken_line_of_rewritten_questions_names_it(tmp_path: Path) -> None:
    write(tmp_path, task("b<::>2", ["Who led it?"], ["d1"], [0]))
    (tmp_path / "x_rewrite.jsonl").write_text('{"_id": "b<::>2"}\n', encoding="utf-8")
    with pytest.raises(ConfigError, match="line 1: a query needs _id and text"):
        read_tasks(tmp_path)


@pytest.mark.unit
def test_lines_give_gains_with_intervals_and_the_constants() -> None:
    line = FollowupLine(
        "ours, cross-fitted", 0.7, 0.68, 0.03, (-0.01, 0.06), {"mt-rag-govt-elser": 0.7}
    )
    said = lines(FollowupReport(150, 130, 20, 350, (line,), FollowUpWeights(0.5, 0.3, 0.2)))
    assert said[0] == (
        "150 questions of 20 conversations, 130 of them after the first, "
        "over 350 pooled documents; nDCG@5"
    )
    assert said[3] == "ours, cross-fitted           0.700  0.680  +0.030   -0.010 to +0.060"
    assert said[5:7] == [
        "by collection                    govt",
        "ours, cross-fitted              0.700",
    ]
    assert said[-1].endswith("choose standalone cosine 0.5, dependent cosine 0.3, dependence 0.2.")


@pytest.mark.model
def test_measure_ranks_documents_and_joins_a_question_that_leans(tmp_path: Path) -> None:
    texts = {
        "mossad": "David Barnea is the director of Mossad. He went to Paris for the talks.",
        "burns": "William Burns is the director of the CIA. Where he will go is not known.",
        "rain": "Rain fell on the mountains for nine days, and the river rose.",
    }
    first, leaning = "Who is the director of Mossad?", "Where did he go?"
    tasks = [
        {**task("a<::>1", [first], ["mossad"], [0]), "Collection": "spies"},
        {**task("a<::>2", [first, "", leaning], ["mossad"], [0]), "Collection": "spies"},
        {**task("b<::>1", ["How high did the river rise?"], ["rain"], [0]), "Collection": "news"},
    ]
    documents = [{"document_id": name, "text": text} for name, text in texts.items()]
    subset = {"documents": documents, "tasks": tasks}
    (tmp_path / "human_subset.json").write_text(json.dumps(subset), encoding="utf-8")
    said: list[str] = []
    report = measure(tmp_path, load_settings(Settings, data=tmp_path / "data"), said.append)
    assert (report.questions, report.later, report.conversations, report.documents) == (3, 1, 2, 3)
    found = {line.way: line for line in report.lines}
    assert found[LAST].later == pytest.approx(1 / math.log2(3))
    assert found[OURS].later == found["ours, cross-fitted"].later == 1.0
    assert found[OURS].gain == pytest.approx(found[OURS].whole - found[LAST].whole)
    assert said[0] == "indexing 3 documents, if they aren't yet"

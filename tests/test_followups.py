"""MTRAG's human subset as tasks, and the ways to search that are compared on it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from eval.followups import Line, Report, Task, lines, read
from index.errors import ConfigError
from rag.answers import Turn

pytestmark = pytest.mark.unit


def task(name: str, texts: list[str], contexts: list[str], judged: list[int]) -> dict[str, object]:
    speakers = ("user", "agent")
    return {
        "task_id": name,
        "input": [{"speaker": speakers[n % 2], "text": text} for n, text in enumerate(texts)],
        "contexts": [{"document_id": context} for context in contexts],
        "annotations": {"context_relevance": {"system": judged}},
    }


def write(folder: Path, *tasks: dict[str, object]) -> None:
    subset = {"documents": [{"document_id": "d1", "text": "One."}], "tasks": tasks}
    (folder / "human_subset.json").write_text(json.dumps(subset), encoding="utf-8")
    row = {"_id": "b<::>2", "text": "|user|: Who led the talks?"}
    (folder / "x_rewrite.jsonl").write_text(json.dumps(row) + "\n", encoding="utf-8")


def test_read_gives_each_task_its_turns_and_what_is_relevant(tmp_path: Path) -> None:
    write(
        tmp_path,
        task("a<::>1", ["Where?"], ["d1", "d2"], [1]),
        task("b<::>1", ["Hello"], [], []),
        task("b<::>2", ["Where?", "In Cairo.", "Who led it?"], ["d1", "d2"], [0, 1]),
    )
    passages, tasks = read(tmp_path)
    assert passages == {"d1": "One."}
    assert tasks == [
        Task(0, "Where?", (), "Where?", frozenset({"d2"})),
        Task(
            1,
            "Who led it?",
            (Turn("Where?", "In Cairo."),),
            "Who led the talks?",
            frozenset({"d1", "d2"}),
        ),
    ]


def test_read_of_a_folder_without_the_subset_says_so(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"lacks MTRAG's human_subset\.json"):
        read(tmp_path)


def test_read_of_another_file_says_so(tmp_path: Path) -> None:
    (tmp_path / "human_subset.json").write_text('{"tasks": 3}', encoding="utf-8")
    with pytest.raises(ConfigError, match="does not hold MTRAG's human subset"):
        read(tmp_path)


def test_lines_name_the_split_and_the_interval() -> None:
    report = Report(3, 9, (Line("ours", 0.7, 0.71, 0.705),), (0.01, 0.06), (0.02, 0.08))
    said = lines(report)
    assert said[0] == (
        "3 questions over 9 pooled passages, nDCG@5; tuned on conversations of even number, "
        "reported on those of odd number"
    )
    assert said[3] == "ours                       0.700     0.710  0.705"
    assert said[-1].endswith("reported +0.010 to +0.060, all +0.020 to +0.080")

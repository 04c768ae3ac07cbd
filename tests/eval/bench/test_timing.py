"""Timings: ratios from runs in turn, and made corpora that are the same each time."""

from __future__ import annotations

import json
import time
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from eval.bench.ask import questions_of
from eval.bench.index import FakeEmbedder, _one_change
from eval.bench.timing import Figure, PairedTimes, make_corpus, paired, table
from index.errors import ConfigError
from index.types import Content
from ui.cli import main


@pytest.mark.unit
def test_pair_ratio_is_the_median_of_the_runs() -> None:
    assert PairedTimes((2.0, 9.0, 3.0), (1.0, 1.0, 1.0)).ratio == 3.0


@pytest.mark.unit
def test_paired_runs_both_in_turn() -> None:
    done = list[str]()

    def slow() -> None:
        done.append("a")
        time.sleep(0.02)

    pair = paired(slow, lambda: done.append("b"), 2)
    assert done == ["a", "b", "a", "b"]
    assert pair.ratio > 1


@pytest.mark.unit
def test_make_corpus_gives_the_same_files_each_time(tmp_path: Path) -> None:
    for name in ("one", "two"):
        make_corpus(tmp_path / name, 3, 4)
    files = [sorted((tmp_path / name).rglob("*.txt")) for name in ("one", "two")]
    assert [path.name for path in files[0]] == ["00000.txt", "00001.txt", "00002.txt"]
    assert [path.read_text() for path in files[0]] == [path.read_text() for path in files[1]]
    assert files[0][0].read_text().count("\n\n") == 3


@pytest.mark.unit
def test_table_aligns_the_figures() -> None:
    figures = [Figure("short", 1.5, "s", "why"), Figure("a longer name", 1234.5, "MB")]
    assert table(figures) == ("short                1.50 s      why\na longer name    1,234.50 MB")


@pytest.mark.model
def test_made_up_vectors_are_unit_and_the_same_each_time() -> None:
    contents = [Content("", text) for text in "aba"]
    vectors = FakeEmbedder("minilm").embed_contents(contents).vectors
    assert np.linalg.norm(vectors, axis=1) == pytest.approx([1, 1, 1])
    assert vectors[0].tolist() == vectors[2].tolist() != vectors[1].tolist()


@pytest.mark.model
@pytest.mark.full
def test_one_change_tells_where_the_time_goes(tmp_path: Path) -> None:
    change, peak, first_peak = _one_change(tmp_path, 20)
    assert change.name == "one changed file among 20 passages"
    assert "probe" in change.detail
    assert "copy" in change.detail
    assert 50 < peak.value < 4000
    assert 50 < first_peak.value < 4000
    assert list(tmp_path.iterdir()) == []


@pytest.mark.model
@pytest.mark.full
def test_bench_serve_prints_figures_as_json() -> None:
    done = CliRunner().invoke(main, ["eval", "bench", "serve", "--passages", "10", "--json"])
    figures = {figure["name"]: figure["value"] for figure in json.loads(done.stdout)}
    assert figures["requests that failed meanwhile"] == 0
    assert figures["generation that it answers from"] == 2


@pytest.mark.model
@pytest.mark.full
def test_bench_start_prints_multiples_of_loading_the_model() -> None:
    done = CliRunner().invoke(main, ["eval", "bench", "start", "seeds", "--times", "1", "--json"])
    figures = {figure["name"].split(",")[0]: figure["value"] for figure in json.loads(done.stdout)}
    assert list(figures) == ["a first page", "a page", "an answer"]
    assert all(0.1 < value < 20 for value in figures.values())


@pytest.mark.unit
def test_bench_of_a_folder_that_is_missing_is_refused(tmp_path: Path) -> None:
    done = CliRunner().invoke(main, ["eval", "bench", "index", str(tmp_path / "none")])
    assert done.exit_code == 2
    assert done.stderr == (
        f"footnote: {tmp_path / 'none'} is not a folder; run: footnote eval bench index FOLDER\n"
    )


@pytest.mark.unit
@pytest.mark.parametrize("subject", ["index", "peers", "start"])
def test_bench_of_a_folder_without_files_is_refused(tmp_path: Path, subject: str) -> None:
    (tmp_path / "empty").mkdir()
    done = CliRunner().invoke(main, ["eval", "bench", subject, str(tmp_path)])
    assert (done.exit_code, done.stderr) == (
        2,
        f"footnote: {tmp_path} holds no file; name a folder with documents\n",
    )


@pytest.mark.unit
def test_questions_of_a_folder_are_of_texts_with_words_enough(tmp_path: Path) -> None:
    (tmp_path / "short.txt").write_text("Too few words.")
    with pytest.raises(ConfigError, match=r"holds no \.txt file of more than 9 words"):
        questions_of(tmp_path, 3)
    (tmp_path / "long.txt").write_text("One two three four five six seven eight nine ten")
    assert (
        questions_of(tmp_path, 3) == ["what is one two three four five six seven eight nine?"] * 3
    )

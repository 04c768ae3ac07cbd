"""The score of the readers: expected texts, what is compared, and the command with its baseline."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from eval.cli import group
from eval.reading.expected import ExpectedReading, parse_expected
from eval.reading.score import ReadingScore, by_kind, score_file

pytestmark = pytest.mark.unit
FEES = (
    "title: Fees\nnote: a\nnote: b\nnever: x\n---\n"
    "# Fees\n\nBy\nlength.\n\n| m | Fee |\n|---|--|\n| 6 | a\\|b |\n"
)
PAGE = b"<h1>Fees</h1><p>By length.<table><tr><th>m<th>Fee<tr><td>6<td>22<tr><td>7<td>25</table>"
EXPECTED = "# Fees\n\nBy length.\n\n| m | Fee |\n| 6 | 22 |\n| 7 | 25 |\n"


def test_parse_expected_gives_facts_prose_headings_and_cells() -> None:
    assert parse_expected(FEES) == ExpectedReading(
        "Fees By length.",
        ((1, "Fees"),),
        frozenset({("6", "m", "6"), ("6", "Fee", "a|b")}),
        "Fees",
        ("a", "b"),
        ("x",),
    )
    assert parse_expected("Only words.") == ExpectedReading("Only words.")
    assert parse_expected("unreadable: locked\n---\n").unreadable == "locked"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("tilte: x\n---\n", "'tilte: x' is none of title, note, never, unreadable"),
        ("| a | b |\n| 1 |\n", "the row '1' has not 2 cells"),
    ],
)
def test_parse_expected_of_another_form_is_an_error(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        parse_expected(text)


def scored(text: str, data: bytes = PAGE) -> ReadingScore:
    return score_file("a.html", data, parse_expected(text))


def test_score_file_all_right_has_no_fault() -> None:
    assert scored(EXPECTED) == ReadingScore("a.html", 1.0, 1.0, 1.0)
    assert scored(EXPECTED).right
    assert scored(EXPECTED).kind == ".html"


def test_score_file_tells_what_is_wrong() -> None:
    wrong = scored(
        "note: n\nnever: length\ntitle: T\n---\n## Fees\n\nBy size.\n\n| m | Fee |\n| 6 | 23 |\n"
    )
    assert wrong.characters == pytest.approx(1 - 6 / 15)
    assert wrong.cells == pytest.approx(2 / 6)
    assert wrong.headings == 0.0
    assert wrong.faults == (
        "reads 'Fees By length.' for 'Fees By size.'",
        "lacks 1 cell, such as ('6', 'Fee', '23')",
        "has 3 cells, such as ('6', 'Fee', '22')",
        "lacks 1 heading, such as (2, 'Fees')",
        "has 1 heading, such as (1, 'Fees')",
        "title 'Fees'",
        "no note of 'n'",
        "'length' is in the text",
    )


def test_score_file_that_is_not_read_is_right_only_if_that_is_expected() -> None:
    assert scored("unreadable: no bytes\n---\n", b"").right
    assert scored("words", b"") == ReadingScore(
        "a.html", 0.0, None, None, ("not read: empty: the file has no bytes",)
    )
    assert scored("unreadable: locked\n---\n").faults == ("read, though it should not be",)


def test_by_kind_gives_means_of_what_is_known() -> None:
    one, two = ReadingScore("a.md", 1.0, None, 0.5, ("x",)), ReadingScore("b.md", 0.5, None, None)
    markdown, everything = by_kind([one, two])
    assert (markdown.kind, markdown.files, markdown.right) == (".md", 2, 1)
    assert (markdown.characters, markdown.cells, markdown.headings) == (0.75, None, 0.5)
    assert (everything.kind, everything.files) == ("all", 2)


def run(*arguments: object) -> Result:
    return CliRunner().invoke(group, ["reading", *map(str, arguments)])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "in").mkdir()
    (tmp_path / "in/a.html").write_bytes(PAGE)
    (tmp_path / "in/a.html.expected").write_text(EXPECTED)
    (tmp_path / "in/b.txt").write_text("not expected")
    return tmp_path / "in"


def test_reading_prints_a_row_per_format(folder: Path) -> None:
    done = run(folder)
    assert done.exit_code == 0
    assert done.output.splitlines() == [
        "format       files right characters  cells headings",
        ".html            1     1      1.000  1.000    1.000",
        "all              1     1      1.000  1.000    1.000",
    ]


def test_reading_holds_what_the_baseline_had(folder: Path, tmp_path: Path) -> None:
    baseline = tmp_path / "baseline.json"
    assert run(folder, "--baseline", baseline, "--update").exit_code == 0
    assert json.loads(baseline.read_text()) == {
        "files": {"a.html": {"right": True, "characters": 1.0, "cells": 1.0, "headings": 1.0}}
    }
    assert run(folder, "--baseline", baseline).output.endswith("\npassed reading: 1 files\n")
    (folder / "a.html").write_bytes(PAGE.replace(b"22", b"23"))
    done = run(folder, "--baseline", baseline)
    assert done.exit_code == 1
    assert "REGRESSION reading: 1 files" in done.output
    assert "  a.html: cells 1.000 -> 0.750" in done.output
    (folder / "c.txt.expected").write_text("x")
    (folder / "c.txt").write_text("x")
    (folder / "a.html.expected").unlink()
    assert "a.html: is not in the folder" in run(folder, "--baseline", baseline).output


def test_reading_json_has_files_kinds_and_what_fell(folder: Path) -> None:
    found = json.loads(run(folder, "--json").output)
    assert list(found) == ["kinds", "files", "fallen"]
    assert found["files"][0]["right"] is True


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--update"], "--update writes the file that --baseline names"),
        (["--baseline", "none.json"], "none.json cannot be read: No such file or directory"),
    ],
)
def test_reading_without_what_it_needs_is_told(
    folder: Path, arguments: list[str], reason: str
) -> None:
    done = run(folder, *arguments)
    assert done.exit_code == 2
    assert reason in done.output


def test_reading_of_a_folder_without_expected_texts_is_told(tmp_path: Path) -> None:
    assert "has no file with what it should give beside it" in run(tmp_path).output
    (tmp_path / "a.txt.expected").write_text("x")
    assert "stands beside no file a.txt" in run(tmp_path).output

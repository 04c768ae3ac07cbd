"""Reading large made files, timed beside another checkout's code."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from eval.bench import reading
from eval.bench.made_files import large_files
from index.errors import StoreError
from index.formats.registry import parse
from ui.cli import main

ROOT = Path(__file__).parents[3]
SHARE = 0.002


def test_large_files_hold_what_their_names_say() -> None:
    names = list(large_files())
    assert names[:3] == ["PDF, 600 pages", "Word, 8,000 paragraphs", "sheet, 60,000 rows"]
    assert names[3:] == ["CSV, 100,000 rows", "HTML page, 9,200 paragraphs"]
    made = large_files(SHARE)
    pdf, word, sheet, csv, page = (parse(f"a{end}", make()) for end, make in made.values())
    assert len(pdf.page_starts) == 2
    assert word.text.count("\n\n") == 15
    assert [heading.text for heading in word.headings] == ["Part 0"]
    assert [len(table.rows) for table in (*sheet.tables, *csv.tables)] == [120, 200]
    assert sheet.tables[0].columns == ("Article", "Text", "Stock", "Price", "Year")
    assert [heading.text for heading in page.headings] == ["Part 0"]
    assert page.text.count("More") == 18


def test_large_files_are_the_same_bytes_each_time() -> None:
    one, other = ([make() for _, make in large_files(SHARE).values()] for _ in range(2))
    assert one == other


@pytest.mark.full
def test_bench_reading_tells_time_and_memory_of_each_format_and_of_the_other_code() -> None:
    sections = list(reading.bench(ROOT, 1, lambda _: None, SHARE))
    assert [len(section) for section in sections] == [4] * 5
    time, memory, slower, larger = sections[1]
    assert time.name == "Word, 16 paragraphs: time"
    assert time.detail == "2,280 characters"
    assert (memory.unit, slower.unit, larger.unit) == ("MB", "x", "x")
    assert slower.name == "Word, 16 paragraphs: time, to the other"
    assert 0.8 < larger.value < 1.25


def test_bench_reading_without_another_checkout_tells_no_ratios(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(reading, "large_files", lambda share: large_files(SHARE))
    monkeypatch.setattr(reading, "_read", lambda *_: reading._Read(2.0, 100.0, 7))
    done = CliRunner().invoke(main, ["eval", "bench", "reading", "--times", "1", "--json"])
    figures = json.loads(done.stdout)
    assert len(figures) == 10
    assert figures[0] == {
        "name": "PDF, 2 pages: time",
        "value": 2.0,
        "unit": "s",
        "detail": "7 characters",
    }


def test_bench_reading_against_a_folder_that_is_no_checkout_is_refused(tmp_path: Path) -> None:
    done = CliRunner().invoke(main, ["eval", "bench", "reading", "--against", str(tmp_path)])
    assert done.exit_code == 2
    assert done.stderr == (
        f"footnote: {tmp_path} is no checkout of Footnote; give --against another folder\n"
    )


def test_bench_reading_with_code_that_fails_tells_its_error(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"does not read large\.pdf: FileNotFoundError"):
        reading._read(tmp_path, tmp_path / "small.pdf", tmp_path / "large.pdf")

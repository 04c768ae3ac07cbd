"""Files that several processes change: nothing is lost, nothing is half written."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from index import shared_files
from index.errors import StoreError
from index.shared_files import append_line, changing, replace_file

pytestmark = pytest.mark.unit
ADD = """
import sys
from pathlib import Path
from index.shared_files import changing, replace_file
path = Path(sys.argv[1])
for _ in range(20):
    with changing(path):
        replace_file(path, str(int(path.read_text() or 0) + 1))
"""


def test_changes_of_several_processes_are_all_kept(tmp_path: Path) -> None:
    path = tmp_path / "count"
    path.write_text("0", encoding="utf-8")
    children = [subprocess.Popen([sys.executable, "-c", ADD, str(path)]) for _ in range(3)]
    assert [child.wait(60) for child in children] == [0, 0, 0]
    assert path.read_text(encoding="utf-8") == "60"
    assert [each.name for each in tmp_path.iterdir()] == ["count"]


def test_lines_of_several_threads_do_not_mix(tmp_path: Path) -> None:
    path = tmp_path / "lines"
    lines = [str(number) * 5_000 for number in range(8)]
    threads = [threading.Thread(target=append_line, args=(path, line)) for line in lines]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(path.read_text(encoding="utf-8").splitlines()) == lines


def test_line_after_one_that_was_cut_off_begins_anew(tmp_path: Path) -> None:
    path = tmp_path / "lines"
    path.write_text("whole\nhal", encoding="utf-8")
    append_line(path, "next")
    assert path.read_text(encoding="utf-8") == "whole\nhal\nnext\n"


def test_file_that_another_process_changes_for_long_is_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shared_files, "_WAIT_SECONDS", 0.0)
    with (
        changing(tmp_path / "a"),
        pytest.raises(StoreError, match="a is being changed by another process; try again"),
        changing(tmp_path / "a"),
    ):
        pass
    with changing(tmp_path / "a"):  # it is free again
        pass


def test_replaced_file_keeps_its_mode_and_the_link_to_it(tmp_path: Path) -> None:
    file, link = tmp_path / "file", tmp_path / "link"
    file.write_text("old", encoding="utf-8")
    file.chmod(0o640)
    link.symlink_to(file)
    replace_file(link, "new")
    assert link.is_symlink()
    assert (file.read_text(encoding="utf-8"), stat.S_IMODE(file.stat().st_mode)) == ("new", 0o640)


def test_file_that_cannot_be_written_stays_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "file"
    file.write_text("old", encoding="utf-8")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StoreError, match="file cannot be written: No space left on device"):
        replace_file(file, "new")
    assert [each.name for each in tmp_path.iterdir()] == ["file"]
    assert file.read_text(encoding="utf-8") == "old"

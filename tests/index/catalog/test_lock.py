"""One writer per index, told apart by the folder itself and gone with its process."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from index.catalog.writer import FILE_NAME, writer_lock
from index.errors import StoreError

pytestmark = pytest.mark.model

HOLD = """
import sys, time
from pathlib import Path
from index.catalog.writer import writer_lock
with writer_lock(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


@contextmanager
def held_by_another(data: Path) -> Iterator[subprocess.Popen[str]]:
    root = Path(__file__).parents[3]
    command = [sys.executable, "-c", HOLD, str(data)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=root) as process:
        try:
            assert process.stdout
            assert process.stdout.readline() == "held\n"
            yield process
        finally:
            process.kill()


def test_lock_second_process_is_refused_at_once_with_the_holders_number(tmp_path: Path) -> None:
    with held_by_another(tmp_path / "data") as holder:
        expected = rf"being written by process {holder.pid}; wait for it to end, or stop it$"
        with pytest.raises(StoreError, match=expected), writer_lock(tmp_path / "data"):
            pass
        assert holder.poll() is None  # nobody waited for it to let go


def test_lock_is_found_under_every_spelling_of_the_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = tmp_path / "data"
    data.mkdir()
    (tmp_path / "link").symlink_to(data)
    monkeypatch.chdir(data)
    spellings = [Path(), tmp_path / "link", tmp_path / "x" / ".." / "data", Path(f"{data}/")]
    with writer_lock(data):
        for spelling in spellings:
            with pytest.raises(StoreError, match=f"process {os.getpid()};"), writer_lock(spelling):
                pass


def test_lock_is_free_when_its_process_is_killed(tmp_path: Path) -> None:
    with held_by_another(tmp_path) as holder:
        holder.kill()
        holder.wait()
        with writer_lock(tmp_path):
            assert (tmp_path / FILE_NAME).read_text(encoding="ascii") == str(os.getpid())


def test_lock_is_free_after_the_block_and_after_an_error_in_it(tmp_path: Path) -> None:
    with pytest.raises(KeyError, match="x"), writer_lock(tmp_path):
        raise KeyError("x")
    with writer_lock(tmp_path):
        pass


def test_lock_where_no_folder_can_be_says_which_setting_to_change(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    expected = r"file/data cannot be written: Not a directory; choose another with --data$"
    with pytest.raises(StoreError, match=expected), writer_lock(tmp_path / "file" / "data"):
        pass

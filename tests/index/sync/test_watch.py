"""Watching a folder: each change is told once, and what is not in the corpus is not."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from index.sync.walk import watch_changes

pytestmark = pytest.mark.model


@pytest.fixture
def told(tmp_path: Path) -> Iterator[threading.Semaphore]:
    """Counts the batches of changes below a folder that are told."""
    stop, count = threading.Event(), threading.Semaphore(0)

    def follow() -> None:
        for _ in watch_changes(tmp_path, tmp_path / "data", stop):
            count.release()

    thread = threading.Thread(target=follow)
    thread.start()
    # The first file tells when it has begun to look.
    for number in range(100):
        (tmp_path / f"first{number}.txt").touch()
        if count.acquire(timeout=0.3):
            break
    while count.acquire(timeout=1.5):
        pass
    yield count
    stop.set()
    thread.join()


def test_changes_of_files_are_told_and_those_of_hidden_files_and_the_index_are_not(
    told: threading.Semaphore, tmp_path: Path
) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "index").write_bytes(b"x")
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "catalog.sqlite3").write_bytes(b"x")
    assert not told.acquire(timeout=2.5) or not told.acquire(timeout=2.5)
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "a.txt").write_text("Newts.", encoding="utf-8")
    assert told.acquire(timeout=30)


def test_index_watch_indexes_what_changes_until_it_is_stopped(tmp_path: Path) -> None:
    corpus, data = tmp_path / "corpus", tmp_path / "data"
    corpus.mkdir()
    (corpus / "a.txt").write_text("Newts swim.", encoding="utf-8")
    command = [sys.executable, "-m", "ui", "--data", str(data), "index", str(corpus), "--watch"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        assert process.stderr
        lines = iter(process.stdout)
        assert next(lines) == "Indexed: 1 added, 0 changed, 0 renamed, 0 removed, 0 unchanged.\n"
        assert next(lines).startswith("1 passages, 1 embedded, ")
        assert process.stderr.readline() == f"Watching {corpus}; stop with Ctrl-C.\n"
        (corpus / "b.txt").write_text("Eels creep.", encoding="utf-8")
        assert next(lines) == "Indexed: 1 added, 0 changed, 0 renamed, 0 removed, 1 unchanged.\n"
        assert next(lines).startswith("2 passages, 1 embedded, ")
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=60) == 130
        assert process.stderr.read() == "footnote: stopped\n"

"""A sync of a running server that hangs ends with the server, and leaves no process behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from time import sleep

import pytest

from index.settings import IndexSettings, load_settings
from ui.service import background_sync as module
from ui.service.background_sync import DONE, BackgroundSync, FirstIndex, SyncState

pytestmark = pytest.mark.model

PARENT = """
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "from index.runtime import end_with_parent; "
    "end_with_parent(); import os, signal; print(os.getpid(), flush=True); "
    "os.kill(os.getpid(), signal.SIGSTOP)"])
time.sleep(60)
"""


def _stop_itself(*_: object) -> None:
    os.kill(os.getpid(), signal.SIGSTOP)


def _ignore_the_end(*_: object) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    sleep(60)


def state_of(pid: int | None) -> str:
    """The state of a process in one letter, "" if it is gone."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    except OSError:
        return ""
    return stat.rpartition(")")[2].split()[0]


@pytest.mark.parametrize("hang", [_stop_itself, _ignore_the_end])
def test_sync_that_hangs_is_gone_when_it_is_closed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, hang: Callable[..., None]
) -> None:
    monkeypatch.setattr(module, "_sync", hang)
    sync = BackgroundSync(load_settings(IndexSettings, data=tmp_path))
    sync.request()
    while not (process := sync._process) or state_of(process.pid) not in {"T", "S"}:
        sleep(0.05)
    sync.close()
    process.join(5)
    assert not process.is_alive()
    assert not sync.state.running


def test_first_index_of_collections_tells_of_each_until_it_is_there() -> None:
    first = FirstIndex(["hr", "law"])
    assert first.state("known") is None
    assert first.state("hr") == SyncState(True, "waiting", first=True)
    first.told("known", "reading", 3, 4)  # an index that is brought up to date meanwhile
    first.told("hr", "reading", 0, 1200)
    assert first.wait_until_begun() == 0
    assert first.state("hr") == SyncState(True, "reading", 0, 1200, first=True)
    assert first.sentence("hr") == (
        "The documents are being read for the first time (0 of 1,200 files read); "
        "ask again in a moment."
    )
    assert first.state("law") == SyncState(True, "waiting", first=True)
    first.told("hr", DONE, 0, 0)
    assert (first.state("hr"), first.sentence("hr")) == (None, "")
    assert first.sentence("law") == (
        "The documents are being read for the first time; ask again in a moment."
    )
    first.told("law", DONE, 0, 0)
    first.ended(4)  # what is known is brought up to date after them, and failed
    assert first.wait() == 0


def test_first_index_that_fails_gives_its_exit_code() -> None:
    first = FirstIndex([""])
    first.ended(4)
    assert (first.wait_until_begun(), first.wait()) == (4, 4)
    assert first.pending == {""}


def test_first_index_is_the_progress_of_the_sync_that_follows_changes(tmp_path: Path) -> None:
    first = FirstIndex([""])
    sync = BackgroundSync(load_settings(IndexSettings, data=tmp_path), first.state)
    first.told("", "embedding", 5, 9)
    assert sync.state == SyncState(True, "embedding", 5, 9, first=True)
    first.told("", DONE, 0, 0)
    assert sync.state == SyncState()


def test_child_ends_with_a_parent_that_is_killed() -> None:
    parent = subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE, text=True)
    assert parent.stdout
    child = int(parent.stdout.readline())
    while state_of(child) not in {"T", ""}:
        sleep(0.02)
    assert state_of(child) == "T"
    parent.kill()
    parent.communicate()
    while state_of(child) not in {"", "Z"}:
        sleep(0.02)

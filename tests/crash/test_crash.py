"""Faults in syncs: samples of what `make crash`, `crash-soak` and `crash-damage` do in full.

`make test-all` takes larger samples than `make test`.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = [
    pytest.mark.model,
    pytest.mark.skipif(shutil.which("cc") is None, reason="needs a C compiler (cc)"),
    pytest.mark.skipif(sys.platform != "linux", reason="faults are injected by a Linux preload"),
]

ROOT = Path(__file__).parents[2]


def run(module: str, *options: str) -> dict[str, Any]:
    """The summary of a run that found no violation."""
    command = [sys.executable, "-m", f"tests.crash.{module}", *options]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert not done.returncode, f"{done.stderr}\n{done.stdout}"
    told: dict[str, Any] = json.loads(done.stdout[done.stdout.index("\n{") :])
    return told


@pytest.mark.parametrize(
    ("kills", "full", "recovery", "fired"),
    [(4, 2, 0, 8), pytest.param(16, 12, 18, 40, marks=pytest.mark.full)],
)
def test_sync_killed_or_out_of_disk_at_any_point_leaves_a_whole_index(
    kills: int, full: int, recovery: int, fired: int
) -> None:
    counts = ("--kills", str(kills), "--full", str(full), "--recovery", str(recovery))
    told = run("points", *counts, *(() if recovery else ("--scenes", "mixed")))
    assert set(told["points"]) == {"kill", "torn", "full"}
    assert told["in recovery"] == recovery
    assert told["fired"] >= fired
    assert set(told["violations"].values()) == {0}


@pytest.mark.full
def test_sync_with_processes_of_its_own_killed_or_out_of_disk_leaves_a_whole_index() -> None:
    told = run("points", "--spawns", "--kills", "6", "--full", "3", "--scenes", "added", "mixed")
    assert told["fired"] >= 8
    assert set(told["violations"].values()) == {0}


@pytest.mark.full
def test_sync_of_over_ten_thousand_vectors_killed_or_out_of_disk_leaves_a_whole_index() -> None:
    told = run("points", "--kills", "8", "--full", "2", "--scenes", "vast")
    assert told["fired"] >= 8
    assert set(told["violations"].values()) == {0}


def test_sync_killed_at_random_moments_loses_nothing_it_acknowledged() -> None:
    told = run("soak", "--cycles", "4", "--seed", "7")
    assert told["lost"] == 0
    assert told["acknowledged syncs"] >= 4
    assert told["kills in a sync"] >= 1


@pytest.mark.parametrize("sample", [4, pytest.param(25, marks=pytest.mark.full)])
def test_index_with_a_damaged_file_refuses_or_answers_rightly_and_is_repaired(sample: int) -> None:
    told = run("damage", "--sample", str(sample))
    assert told["right after repair"] == told["damages"] >= sample
    assert set(told["did"]) <= {"noticed", "right"}

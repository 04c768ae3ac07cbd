"""The limit of computing time: what computes too long is ended, what waits is not."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

from index.runtime import cpu_left

pytestmark = pytest.mark.unit
LIMITED = "from index.runtime import limit_cpu, cpu_left; import time; limit_cpu(1); "


def ended(work: str) -> int:
    return subprocess.run([sys.executable, "-c", LIMITED + work], check=False).returncode


def test_limit_cpu_ends_a_process_that_computes_for_longer() -> None:
    assert ended("exec('while True: pass')") == -signal.SIGXCPU


def test_limit_cpu_does_not_count_the_time_that_a_process_waits() -> None:
    assert ended("time.sleep(2.5); assert 0 < cpu_left() <= 2") == 0


def test_cpu_left_without_a_limit_is_endless() -> None:
    assert cpu_left() == float("inf")

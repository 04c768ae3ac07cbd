"""Long runs, as short as they can be."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.crash.long import SCENARIOS

pytestmark = [pytest.mark.model, pytest.mark.full]


def _may_mount() -> bool:
    """Whether a folder can be mounted read-only in a namespace of its own."""
    if not shutil.which("unshare"):
        return False
    tried = subprocess.run(["unshare", "--mount", "true"], check=False, capture_output=True)
    return not tried.returncode


@pytest.mark.parametrize(
    ("name", "scale"),
    [
        ("kills", 0.05),
        ("files", 0.004),
        ("descriptors", 0.05),
        ("two-servers", 0.05),
        ("replaced", 0.05),
        ("pages", 0.05),
        ("sessions", 0.01),
        pytest.param("clock", 1, marks=pytest.mark.skipif(not shutil.which("cc"), reason="no cc")),
        pytest.param(
            "read-only", 1, marks=pytest.mark.skipif(not _may_mount(), reason="cannot mount")
        ),
    ],
)
def test_run_keeps_its_promises(name: str, scale: float, tmp_path: Path) -> None:
    assert SCENARIOS[name](tmp_path, scale)

"""Long runs, as short as they can be."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.crash.long import SCENARIOS

pytestmark = [pytest.mark.model, pytest.mark.full]


@pytest.mark.parametrize("name", ["kills", "descriptors", "two-servers", "replaced", "pages"])
def test_run_keeps_its_promises(name: str, tmp_path: Path) -> None:
    assert SCENARIOS[name](tmp_path, 0.05)

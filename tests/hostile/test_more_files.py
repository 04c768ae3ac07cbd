"""Files made to cost much: each is read, or listed with its reason, by a reader with limits."""

from __future__ import annotations

from pathlib import Path

import pytest

from index.settings import IndexSettings, load_settings
from index.sync.parse_pool import parse_files
from index.sync.walk import walk
from index.types import Failure
from tests.hostile.more_files import FILES

pytestmark = pytest.mark.model


@pytest.mark.sample(4)
@pytest.mark.parametrize("name", FILES)
def test_load_costly_file_is_read_or_listed_with_its_reason(name: str, tmp_path: Path) -> None:
    make, reason = FILES[name]
    path = tmp_path / name
    path.parent.mkdir()
    path.write_bytes(make())
    entries, _ = walk(tmp_path)
    (found,) = parse_files(tmp_path, entries, load_settings(IndexSettings))
    told = found.result.reason if isinstance(found.result, Failure) else ""
    assert told == reason

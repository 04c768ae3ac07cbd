"""What is committed is told without opening the catalog anew, and never out of date."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from index.catalog.database import FILE_NAME
from index.catalog.reader import Catalog, CommitPoller
from index.catalog.writer import CatalogWriter
from index.errors import EmptyIndex, StoreError

pytestmark = pytest.mark.unit


def commit(catalog: CatalogWriter, generation: int) -> None:
    with catalog.transaction():
        catalog.set_meta("generation", str(generation))


@pytest.fixture
def catalog(tmp_path: Path) -> Iterator[CatalogWriter]:
    (tmp_path / "data").mkdir()
    made = CatalogWriter.create(tmp_path / "data")
    commit(made, 1)
    yield made
    made.close()


@pytest.fixture
def committed(catalog: CatalogWriter, tmp_path: Path) -> Iterator[CommitPoller]:
    opened = CommitPoller(tmp_path / "data")
    yield opened
    opened.close()


def test_committed_tells_each_commit_at_once(
    catalog: CatalogWriter, committed: CommitPoller
) -> None:
    first = committed.poll()
    assert (first[0], committed.poll()) == (1, first)
    for generation in range(2, 20):
        commit(catalog, generation)
        assert committed.poll() == (generation, first[1])
        assert committed.poll() == (generation, first[1])


def test_committed_is_not_what_is_being_written(
    catalog: CatalogWriter, committed: CommitPoller
) -> None:
    assert committed.poll()[0] == 1
    with catalog.transaction():
        catalog.set_meta("generation", "2")
        assert committed.poll()[0] == 1
    assert committed.poll()[0] == 2


def test_committed_looked_at_again_does_not_open_the_catalog(
    committed: CommitPoller, monkeypatch: pytest.MonkeyPatch
) -> None:
    committed.poll()
    monkeypatch.setattr(Catalog, "read", lambda _: pytest.fail("opened anew"))
    assert committed.poll()[0] == 1


def test_committed_lets_the_writer_empty_its_log(
    catalog: CatalogWriter, committed: CommitPoller, tmp_path: Path
) -> None:
    committed.poll()
    commit(catalog, 2)
    committed.poll()
    assert catalog.truncate_wal()
    assert committed.poll()[0] == 2


def test_committed_in_a_file_made_anew_is_another_even_with_the_same_number(
    catalog: CatalogWriter, committed: CommitPoller, tmp_path: Path
) -> None:
    before = committed.poll()
    catalog.close()
    moved = shutil.move(tmp_path / "data", tmp_path / "old")
    with pytest.raises(EmptyIndex, match=r"run: footnote index FOLDER$"):
        committed.poll()
    (tmp_path / "data").mkdir()
    with closing(CatalogWriter.create(tmp_path / "data")) as other:
        commit(other, 1)
        assert committed.poll() == (1, (tmp_path / "data" / FILE_NAME).stat().st_ino)
    assert committed.poll() != before
    assert (Path(moved) / FILE_NAME).exists()


def test_committed_where_nothing_can_be_written_is_read_each_time(
    catalog: CatalogWriter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    with closing(CommitPoller(tmp_path / "data")) as committed:
        assert committed.poll()[0] == 1
        commit(catalog, 2)
        assert committed.poll()[0] == 2


def test_committed_in_a_damaged_file_says_what_to_run(
    catalog: CatalogWriter, committed: CommitPoller, tmp_path: Path
) -> None:
    committed.poll()
    catalog.close()
    committed.close()
    file = tmp_path / "data" / FILE_NAME
    for log in ("-wal", "-shm"):
        file.with_name(file.name + log).unlink(missing_ok=True)
    file.write_bytes(b"no catalog" * 1000)
    with pytest.raises(StoreError, match=r"is damaged .*; run: footnote index FOLDER --rebuild$"):
        committed.poll()

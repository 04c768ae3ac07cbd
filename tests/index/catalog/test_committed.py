"""What is committed is told without opening the catalog anew, and never out of date."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from index.catalog.database import FILE_NAME
from index.catalog.reader import Catalog, Committed
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
def committed(catalog: CatalogWriter, tmp_path: Path) -> Iterator[Committed]:
    opened = Committed(tmp_path / "data")
    yield opened
    opened.close()


def test_committed_tells_each_commit_at_once(catalog: CatalogWriter, committed: Committed) -> None:
    first = committed.now()
    assert (first[0], committed.now()) == (1, first)
    for generation in range(2, 20):
        commit(catalog, generation)
        assert committed.now() == (generation, first[1])
        assert committed.now() == (generation, first[1])


def test_committed_is_not_what_is_being_written(
    catalog: CatalogWriter, committed: Committed
) -> None:
    assert committed.now()[0] == 1
    with catalog.transaction():
        catalog.set_meta("generation", "2")
        assert committed.now()[0] == 1
    assert committed.now()[0] == 2


def test_committed_looked_at_again_does_not_open_the_catalog(
    committed: Committed, monkeypatch: pytest.MonkeyPatch
) -> None:
    committed.now()
    monkeypatch.setattr(Catalog, "read", lambda _: pytest.fail("opened anew"))
    assert committed.now()[0] == 1


def test_committed_lets_the_writer_empty_its_log(
    catalog: CatalogWriter, committed: Committed, tmp_path: Path
) -> None:
    committed.now()
    commit(catalog, 2)
    committed.now()
    assert catalog.empty_log()
    assert committed.now()[0] == 2


def test_committed_in_a_file_made_anew_is_another_even_with_the_same_number(
    catalog: CatalogWriter, committed: Committed, tmp_path: Path
) -> None:
    before = committed.now()
    catalog.close()
    moved = shutil.move(tmp_path / "data", tmp_path / "old")
    with pytest.raises(EmptyIndex, match=r"run: footnote index FOLDER$"):
        committed.now()
    (tmp_path / "data").mkdir()
    with closing(CatalogWriter.create(tmp_path / "data")) as other:
        commit(other, 1)
        assert committed.now() == (1, (tmp_path / "data" / FILE_NAME).stat().st_ino)
    assert committed.now() != before
    assert (Path(moved) / FILE_NAME).exists()


def test_committed_where_nothing_can_be_written_is_read_each_time(
    catalog: CatalogWriter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    with closing(Committed(tmp_path / "data")) as committed:
        assert committed.now()[0] == 1
        commit(catalog, 2)
        assert committed.now()[0] == 2


def test_committed_in_a_damaged_file_says_what_to_run(
    catalog: CatalogWriter, committed: Committed, tmp_path: Path
) -> None:
    committed.now()
    catalog.close()
    committed.close()
    file = tmp_path / "data" / FILE_NAME
    for log in ("-wal", "-shm"):
        file.with_name(file.name + log).unlink(missing_ok=True)
    file.write_bytes(b"no catalog" * 1000)
    with pytest.raises(StoreError, match=r"is damaged .*; run: footnote index FOLDER --rebuild$"):
        committed.now()

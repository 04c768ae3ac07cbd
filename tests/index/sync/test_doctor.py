"""The doctor: problems are reported and repaired from the catalog, without embedding."""

from __future__ import annotations

import re
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from index.catalog.database import FILE_NAME, SCHEMA
from index.catalog.reader import Catalog
from index.catalog.writer import writer_lock
from index.embedding.embedder import Embedder
from index.errors import DamagedCatalog, EmptyIndex, IndexMismatch, StoreError
from index.sync.doctor import examine, rebuild_if_damaged, repair
from tests.helpers.indexing import (
    Place,
    assert_in_line,
    minilm,
    settings_for,
    sharing_minilm,
    tiny_model,
    write,
)

pytestmark = pytest.mark.model


@pytest.fixture(scope="module", autouse=True)
def _one_model() -> Iterator[None]:
    with sharing_minilm():
        yield


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory, _one_model: None) -> Place:
    place = Place(tmp_path_factory.mktemp("base"))
    write(
        place.corpus, {"a.md": "# Newts\n\nNewts swim.\n\n# Eels\n\nEels creep.", "b.pdf": b"%PDF"}
    )
    place.sync()
    return place


@pytest.fixture
def place(base: Place, tmp_path: Path) -> Place:
    return base.copy(tmp_path / "place")


def sql(place: Place, statement: str) -> None:
    database = sqlite3.connect(place.data / FILE_NAME)
    with database:
        database.execute(statement)
    database.close()


def file_of(place: Place, pattern: str) -> Path:
    return next(place.data.glob(f"generations/*/{pattern}"))


def test_examine_of_a_sound_index_tells_what_it_holds(place: Place) -> None:
    health = examine(settings_for(place.data))
    assert health.problems == ()
    assert (health.generation, health.schema, health.dimension) == (1, str(SCHEMA), 384)
    assert (health.counts.documents, health.counts.failed, health.counts.passages) == (1, 1, 2)
    assert (health.counts.vectors, health.counts.orphan_vectors) == (2, 0)
    assert (health.corpus, health.model) == (str(place.corpus), minilm().fingerprint)
    assert [failure.path for failure in health.failures] == ["b.pdf"]
    assert health.bytes_used > 100_000
    assert health.bytes_free > 0
    assert repair(settings_for(place.data), minilm()) == ()
    assert examine(settings_for(place.data)).generation == 1


def lose_generations(place: Place) -> None:
    shutil.rmtree(place.data / "generations")


def damage_texts(place: Place) -> None:
    file_of(place, "tantivy/*.term").write_bytes(b"\xff" * 99)


def lose_the_manifest(place: Place) -> None:
    file_of(place, "manifest.json").unlink()


def add_unknown_passage(place: Place) -> None:
    sql(
        place,
        "INSERT INTO passages SELECT id || 'x', document, 'k', start, end, page, heading, "
        "text || '!' FROM passages LIMIT 1",
    )


def lose_a_vector(place: Place) -> None:
    sql(place, "DELETE FROM vectors WHERE id = (SELECT min(id) FROM vectors)")


def cut_a_vector(place: Place) -> None:
    sql(place, "UPDATE vectors SET vector = x'00' WHERE id = (SELECT min(id) FROM vectors)")


def leave_an_orphan(place: Place) -> None:
    sql(
        place,
        "INSERT INTO vectors (model, key, vector) "
        "SELECT model, 'gone', vector FROM vectors LIMIT 1",
    )


def leave_garbage(place: Place) -> None:
    (place.data / "generations" / "000009-killed" / "chroma").mkdir(parents=True)
    (place.data / "staging.sqlite3").write_bytes(b"half")


TROUBLE: list[tuple[Callable[[Place], None], str]] = [
    (lose_generations, r"the files of generation 1 are missing"),
    (damage_texts, r"the index is damaged \(000001-\w+/tantivy/\w+\.term\)"),
    (lose_the_manifest, r"the files of generation 1 are missing"),
    (lose_a_vector, r"1 texts have no vector, or one of another length"),
    (cut_a_vector, r"1 texts have no vector, or one of another length"),
    (leave_an_orphan, r"1 vectors belong to no passage"),
    (leave_garbage, r"2 leftovers of stopped syncs, or files that readers still hold"),
]


@pytest.mark.parametrize(("spoil", "expected"), TROUBLE)
def test_repair_mends_what_examine_tells(
    place: Place, spoil: Callable[[Place], None], expected: str
) -> None:
    spoil(place)
    settings = settings_for(place.data)
    (problem,) = examine(settings).problems
    assert re.fullmatch(expected, problem)
    assert repair(settings, minilm()) == (problem,)
    assert examine(settings).problems == ()
    assert_in_line(place.data, place.corpus)
    assert place.found("eels") == ["a.md"]


def test_repair_without_a_vector_wants_the_model_that_made_the_others(
    place: Place, tmp_path: Path
) -> None:
    lose_a_vector(place)
    other = Embedder(str(tiny_model(tmp_path / "tiny", window=96)))
    with pytest.raises(IndexMismatch, match=r"built with minilm-\w+, the settings ask for tiny-"):
        repair(settings_for(place.data), other)


def test_repair_while_a_sync_runs_is_refused(place: Place) -> None:
    lose_generations(place)
    with (
        writer_lock(place.data),
        pytest.raises(StoreError, match=r"is being written by process \d+; wait for it"),
    ):
        repair(settings_for(place.data), minilm())


def test_rebuild_if_damaged_makes_damaged_stores_anew_and_leaves_whole_ones(place: Place) -> None:
    settings = settings_for(place.data)
    assert rebuild_if_damaged(settings) is None
    assert place.generations() == ["000001"]
    damage_texts(place)
    problem = rebuild_if_damaged(settings)
    assert problem
    assert problem.startswith("the index is damaged (000001-")
    assert place.generations() == ["000002"]
    assert_in_line(place.data, place.corpus)
    assert rebuild_if_damaged(settings) is None


def test_rebuild_if_damaged_of_stores_made_by_other_versions_makes_them_anew(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("index.engines.tantivy_store.FORMAT", "words-0")
    with pytest.raises(StoreError, match=r"was made with .*words-3, not .*words-0; run: foot"):
        place.found("eels")
    problem = rebuild_if_damaged(settings_for(place.data))
    assert str(problem).startswith("the index was made with chromadb ")
    assert place.found("eels") == ["a.md"]


def test_sync_of_stores_made_by_other_versions_makes_them_anew(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("index.engines.chroma_store.FORMAT", "cosine-0")
    report = place.sync()
    assert (report.generation, report.embedded) == (2, 0)
    assert place.found("eels") == ["a.md"]


def test_examine_of_a_damaged_catalog_says_to_rebuild(place: Place) -> None:
    file = place.data / FILE_NAME
    Catalog.read(place.data).close()
    with file.open("r+b") as opened:
        opened.seek(8192)
        opened.write(b"\xff" * 16384)
    with pytest.raises(DamagedCatalog, match=r"is damaged .*; run: footnote index .* --rebuild"):
        examine(settings_for(place.data))
    assert place.sync(rebuild=True).embedded == 2
    assert_in_line(place.data, place.corpus)


def test_examine_before_the_first_sync_says_what_to_run(tmp_path: Path) -> None:
    with pytest.raises(EmptyIndex, match=r"nothing is indexed in .*; run: footnote index FOLDER$"):
        examine(settings_for(tmp_path))

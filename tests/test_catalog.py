"""The catalog: what is put in comes out, all or nothing, and errors say what to run."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

from index.catalog import Catalog, DocumentInfo, FileState
from index.catalog_writer import CatalogWriter
from index.errors import EmptyIndex, IndexMismatch, StoreError
from index.passages import Document, Heading, Passage
from index.rows import FILE_NAME

pytestmark = pytest.mark.unit

DOCUMENT = Document(
    "b/é.md", "Title", "# Head\nTwo.\n\nTwo.\0", "d1", (Heading(0, 1, "Head"),), (0, 9)
)
STATE = FileState("b/é.md", "d1", 21, 1_700_000_000_123_456_789, None)
FAILED = FileState("a.pdf", "", 7, 5, "needs a password")


def passage(number: int, start: int, text: str = "Two.", document: str = "b/é.md") -> Passage:
    end = start + len(text)
    return Passage(f"{document}#{number}", document, "Title", "Head", text, start, end, 1, "d1")


PASSAGES = [passage(2, 7), passage(1, 13)]
KEY = PASSAGES[0].key


@pytest.fixture
def catalog(tmp_path: Path) -> Iterator[CatalogWriter]:
    made = CatalogWriter.create(tmp_path)
    yield made
    made.close()


def fill(catalog: CatalogWriter, generation: int = 1) -> None:
    with catalog.transaction():
        catalog.put_document(STATE, DOCUMENT)
        catalog.put_document(FAILED, None)
        catalog.put_passages(DOCUMENT.path, PASSAGES)
        catalog.put_vectors("m", [KEY], np.array([[0.6, 0.8]], dtype=np.float32))
        catalog.set_meta("generation", str(generation))


def test_catalog_gives_back_what_was_put(catalog: CatalogWriter, tmp_path: Path) -> None:
    fill(catalog)
    reader = Catalog.read(tmp_path)
    assert reader.files() == {"b/é.md": STATE, "a.pdf": FAILED}
    assert reader.document("b/é.md") == DOCUMENT
    assert reader.document("a.pdf") is None
    assert reader.document("none") is None
    assert reader.documents() == [
        DocumentInfo("a.pdf", "a.pdf", 7, None, 0, "needs a password"),
        DocumentInfo("b/é.md", "Title", 21, 2, 2, None),
    ]
    assert reader.passages_of([KEY, "none"]) == {KEY: [PASSAGES[1], PASSAGES[0]]}
    assert reader.passages_in("b/é.md") == PASSAGES
    assert reader.embedding_texts([KEY]) == {KEY: "Head\nTwo."}
    assert (reader.keys(), reader.passage_count(), reader.generation) == ({KEY}, 2, 1)
    assert reader.missing_vectors("m", ["z", KEY, "a"]) == ["a", "z"]
    assert reader.missing_vectors("n", [KEY]) == [KEY]
    assert reader.vectors("m", [KEY, "none"])[KEY].tolist() == pytest.approx([0.6, 0.8])
    assert (reader.meta("schema"), reader.meta("none")) == ("1", None)
    reader.close()


def test_catalog_takes_more_keys_than_a_statement_has_places(catalog: CatalogWriter) -> None:
    many = [passage(number, number, f"text {number}") for number in range(1203)]
    catalog.put_document(STATE, DOCUMENT)
    with catalog.transaction():
        catalog.put_passages("b/é.md", many)
    found = catalog.passages_of([p.key for p in many])
    assert sorted(p.id for group in found.values() for p in group) == sorted(p.id for p in many)


def test_catalog_change_of_a_document_leaves_nothing_of_the_old(catalog: CatalogWriter) -> None:
    fill(catalog)
    catalog.put_document(FileState("b/é.md", "d2", 1, 1, "empty"), None)
    catalog.put_passages("b/é.md", [])
    catalog.drop_orphan_vectors("m")
    assert (catalog.document("b/é.md"), catalog.keys(), catalog.vectors("m", [KEY])) == (
        None,
        set(),
        {},
    )


def test_catalog_touch_keeps_digest_and_failure(catalog: CatalogWriter) -> None:
    fill(catalog)
    catalog.touch(FileState("a.pdf", "other", 8, 9, None))
    assert catalog.files()["a.pdf"] == FileState("a.pdf", "", 8, 9, "needs a password")


def test_catalog_remove_takes_document_and_passages(catalog: CatalogWriter) -> None:
    fill(catalog)
    catalog.remove_document("b/é.md")
    assert (list(catalog.files()), catalog.passage_count()) == (["a.pdf"], 0)


def test_catalog_orphans_are_other_models_and_texts_that_are_gone(catalog: CatalogWriter) -> None:
    fill(catalog)
    catalog.put_vectors("m", ["gone"], np.zeros((1, 2), np.float32))
    catalog.put_vectors("old", [KEY], np.zeros((1, 2), np.float32))
    catalog.drop_orphan_vectors("m")
    assert list(catalog.vectors("m", [KEY, "gone"])) == [KEY]
    assert catalog.vectors("old", [KEY]) == {}


def test_catalog_transaction_that_fails_changes_nothing(catalog: CatalogWriter) -> None:
    fill(catalog)
    with suppress(KeyboardInterrupt), catalog.transaction():
        catalog.remove_document("b/é.md")
        catalog.set_meta("generation", "2")
        raise KeyboardInterrupt
    assert (catalog.generation, catalog.document("b/é.md")) == (1, DOCUMENT)


def test_catalog_reader_keeps_its_generation_while_the_writer_goes_on(
    catalog: CatalogWriter, tmp_path: Path
) -> None:
    fill(catalog)
    reader = Catalog.read(tmp_path)
    with catalog.transaction():
        catalog.remove_document("b/é.md")
        catalog.set_meta("generation", "2")
    catalog.empty_log()  # does not wait for the reader
    later = Catalog.read(tmp_path)
    assert (reader.generation, reader.document("b/é.md")) == (1, DOCUMENT)
    assert (later.generation, later.document("b/é.md")) == (2, None)
    reader.close()
    later.close()


def test_catalog_deleted_text_is_gone_from_the_disk(catalog: CatalogWriter, tmp_path: Path) -> None:
    fill(catalog)
    secret = "canary sings at dawn"
    catalog.put_document(FileState("s.md", "d", 1, 1, None), Document("s.md", "S", secret, "d"))
    catalog.empty_log()
    assert secret.encode() in (tmp_path / FILE_NAME).read_bytes()
    catalog.remove_document("s.md")
    catalog.empty_log()
    files = {path.name: secret.encode() in path.read_bytes() for path in tmp_path.iterdir()}
    assert files == dict.fromkeys(files, False)


@pytest.mark.parametrize("state", ["no folder", "no file", "empty file", "no commit"])
def test_catalog_before_the_first_sync_is_an_empty_index(tmp_path: Path, state: str) -> None:
    folder = tmp_path / "data"
    if state != "no folder":
        folder.mkdir()
    if state == "empty file":
        (folder / FILE_NAME).touch()
    if state == "no commit":
        writer = CatalogWriter.create(folder)
        writer.put_vectors("m", ["k"], np.zeros((1, 2), np.float32))
        writer.close()
    with pytest.raises(
        EmptyIndex, match=r"^nothing is indexed in .*data; run: footnote index FOLDER$"
    ):
        Catalog.read(folder)


def test_catalog_killed_while_made_is_made_again(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).touch()
    catalog = CatalogWriter.create(tmp_path)
    fill(catalog)
    assert catalog.generation == 1
    catalog.close()


def test_catalog_of_another_schema_is_refused(catalog: CatalogWriter, tmp_path: Path) -> None:
    fill(catalog)
    catalog.set_meta("schema", "99")
    expected = r"has schema 99, not 1; remove .* and run: footnote index FOLDER$"
    with pytest.raises(IndexMismatch, match=expected):
        Catalog.read(tmp_path)
    with pytest.raises(IndexMismatch, match=expected):
        CatalogWriter.create(tmp_path)


def test_catalog_that_is_no_database_is_damaged(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_bytes(b"no database at all" * 99)
    expected = r"is damaged \(file is not a database\); remove .* and run: footnote index FOLDER$"
    with pytest.raises(StoreError, match=expected):
        Catalog.read(tmp_path)
    with pytest.raises(StoreError, match=expected):
        CatalogWriter.create(tmp_path)


def test_catalog_torn_in_the_middle_is_damaged(catalog: CatalogWriter, tmp_path: Path) -> None:
    fill(catalog)
    catalog.put_document(STATE, Document("b/é.md", "T", "x" * 200_000, "d1"))
    catalog.close()
    with (tmp_path / FILE_NAME).open("r+b") as file:
        file.truncate(60_000)
    with pytest.raises(StoreError, match=r"is damaged \(database disk image is malformed\)"):
        Catalog.read(tmp_path).document("b/é.md")


def test_catalog_held_by_another_writer_says_so(catalog: CatalogWriter, tmp_path: Path) -> None:
    other = sqlite3.connect(tmp_path / FILE_NAME, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    catalog._database.run("PRAGMA busy_timeout = 0")
    with (
        pytest.raises(StoreError, match=r"cannot be used: database is locked; mend that"),
        catalog.transaction(),
    ):
        pass
    other.close()

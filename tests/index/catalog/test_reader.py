"""The catalog: what is put in comes out, all or nothing, and errors say what to run."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

from index.catalog.database import FILE_NAME, SCHEMA
from index.catalog.reader import Catalog, Counts, DocumentInfo, FileState
from index.catalog.writer import CatalogWriter, IndexChange
from index.errors import EmptyIndex, IndexMismatch, StoreError
from index.types import (
    Content,
    Document,
    Embedded,
    Failure,
    Heading,
    Passage,
    Table,
    TableRow,
    Vectors,
)

pytestmark = pytest.mark.unit

DOCUMENT = Document(
    "b/é.md",
    "Title",
    "# Head\nTwo.\n\nTwo.\0",
    "d1",
    (Heading(0, 1, "Head"),),
    (0, 9),
    3,
    ("a note",),
    (Table(("n",), (TableRow(7, 11, (None, (7, 11))),), (2, 6), "Ñ"),),
)
STATE = FileState("b/é.md", "d1", 21, 1_700_000_000_123_456_789, None, "parse_text-1.1")
FAILED = FileState("a.pdf", "", 7, 5, "needs a password")


def passage(number: int, start: int, text: str = "Two.", document: str = "b/é.md") -> Passage:
    end = start + len(text)
    return Passage(f"{document}#{number}", document, "Title", "Head", text, start, end, 1, "d1")


PASSAGES = [passage(2, 7), passage(1, 13)]
KEY = PASSAGES[0].key


def made(vectors: list[list[float]], *sentences: list[list[float]]) -> Embedded:
    """What embedding gives; without `sentences`, from a model that has no vectors for them."""
    none: list[Vectors | None] = [None] * len(vectors)
    inside = [np.array(rows, np.float32) for rows in sentences]
    return Embedded(np.array(vectors, np.float32), inside or none)


@pytest.fixture
def catalog(tmp_path: Path) -> Iterator[CatalogWriter]:
    made = CatalogWriter.create(tmp_path)
    yield made
    made.close()


def fill(catalog: CatalogWriter, generation: int = 1) -> None:
    with catalog.staging(), catalog.transaction():
        catalog.stage(STATE, DOCUMENT, PASSAGES)
        catalog.stage(FAILED, None)
        assert catalog.apply_staged([], []) == IndexChange([], [KEY])
        catalog.put_vectors("m", [KEY], made([[0.6, 0.8]], [[0.0, 1.0]]))
        catalog.set_meta("generation", str(generation))


def take_in(
    catalog: CatalogWriter, state: FileState, document: Document | None, *passages: Passage
) -> IndexChange:
    with catalog.staging():
        catalog.stage(state, document, passages)
        return catalog.apply_staged([], [])


def remove(catalog: CatalogWriter, *paths: str) -> IndexChange:
    with catalog.staging():
        return catalog.apply_staged(paths, [])


def test_catalog_gives_back_what_was_put(catalog: CatalogWriter, tmp_path: Path) -> None:
    fill(catalog)
    reader = Catalog.read(tmp_path)
    assert reader.files() == {"b/é.md": STATE, "a.pdf": FAILED}
    assert reader.document("b/é.md") == DOCUMENT
    assert reader.document("a.pdf") is None
    assert reader.document("none") is None
    assert reader.documents() == [
        DocumentInfo("a.pdf", "a.pdf", 7, None, 0, "needs a password", 0, ()),
        DocumentInfo("b/é.md", "Title", 21, 2, 2, None, 3, ("a note",)),
    ]
    assert reader.passages_of([KEY, "none"]) == {KEY: [PASSAGES[1], PASSAGES[0]]}
    assert reader.passages_in("b/é.md") == PASSAGES
    (inside,) = reader.sentence_vectors("m", [KEY, "none"]).values()
    assert (inside.rows.tolist(), inside.scale.tolist()) == ([[0, 127]], [pytest.approx(1 / 127)])
    assert reader.sentence_vectors("n", [KEY]) == {}
    assert reader.contents([KEY]) == {KEY: Content("Head", "Two.")}
    assert list(reader.all_texts()) == [(KEY, "Head\nTwo.")]
    assert (reader.keys(), reader.keys(after=KEY), reader.keys(limit=0)) == ([KEY], [], [])
    assert (reader.key_count(), reader.passage_count(), reader.generation) == (1, 2, 1)
    assert (reader.keys_without_vector("m"), reader.keys_without_vector("n")) == ([], [KEY])
    assert reader.failures() == [Failure("a.pdf", "needs a password")]
    assert reader.counts() == Counts(1, 1, 2, 1, 1, 0)
    assert reader.vectors("m", [KEY, "none"])[KEY].tolist() == pytest.approx([0.6, 0.8])
    assert (reader.meta("schema"), reader.meta("none")) == (str(SCHEMA), None)
    reader.close()


def test_catalog_takes_more_keys_than_a_statement_has_places(catalog: CatalogWriter) -> None:
    many = [passage(number, number, f"text {number}") for number in range(1203)]
    take_in(catalog, STATE, DOCUMENT, *many)
    found = catalog.passages_of([p.key for p in many])
    assert sorted(p.id for group in found.values() for p in group) == sorted(p.id for p in many)


def test_catalog_change_of_a_document_leaves_nothing_of_the_old(catalog: CatalogWriter) -> None:
    fill(catalog)
    changed = take_in(catalog, FileState("b/é.md", "d2", 1, 1, "empty"), None)
    assert changed == IndexChange([KEY], [])
    catalog.drop_orphan_vectors("m")
    assert (catalog.document("b/é.md"), catalog.keys(), catalog.vectors("m", [KEY])) == (
        None,
        [],
        {},
    )


def test_catalog_touch_keeps_digest_and_failure(catalog: CatalogWriter) -> None:
    fill(catalog)
    catalog.touch(FileState("a.pdf", "other", 8, 9, None))
    assert catalog.files()["a.pdf"] == FileState("a.pdf", "", 8, 9, "needs a password")


def test_catalog_remove_takes_document_and_passages(catalog: CatalogWriter) -> None:
    fill(catalog)
    assert remove(catalog, "b/é.md", "none") == IndexChange([KEY], [])
    assert (list(catalog.files()), catalog.passage_count()) == (["a.pdf"], 0)


def test_catalog_orphans_are_other_models_and_texts_that_are_gone(catalog: CatalogWriter) -> None:
    fill(catalog)
    catalog.put_vectors("m", ["gone"], made([[0.0, 0.0]]))
    catalog.put_vectors("old", [KEY], made([[0.0, 0.0]]))
    catalog.drop_orphan_vectors("m")
    assert list(catalog.vectors("m", [KEY, "gone"])) == [KEY]
    assert catalog.vectors("old", [KEY]) == {}


def test_catalog_transaction_that_fails_changes_nothing(catalog: CatalogWriter) -> None:
    fill(catalog)
    with suppress(KeyboardInterrupt), catalog.staging(), catalog.transaction():
        catalog.apply_staged(["b/é.md"], [])
        catalog.set_meta("generation", "2")
        raise KeyboardInterrupt
    assert (catalog.generation, catalog.document("b/é.md")) == (1, DOCUMENT)


def test_catalog_reader_keeps_its_generation_while_the_writer_goes_on(
    catalog: CatalogWriter, tmp_path: Path
) -> None:
    fill(catalog)
    reader = Catalog.read(tmp_path)
    with catalog.staging(), catalog.transaction():
        catalog.apply_staged(["b/é.md"], [])
        catalog.set_meta("generation", "2")
    assert not catalog.truncate_wal()  # does not wait for the reader
    later = Catalog.read(tmp_path)
    assert (reader.generation, reader.document("b/é.md")) == (1, DOCUMENT)
    assert (later.generation, later.document("b/é.md")) == (2, None)
    reader.close()
    later.close()


def test_catalog_deleted_text_is_gone_from_the_disk(catalog: CatalogWriter, tmp_path: Path) -> None:
    fill(catalog)
    secret = "canary sings at dawn"
    take_in(catalog, FileState("s.md", "d", 1, 1, None), Document("s.md", "S", secret, "d"))
    assert catalog.truncate_wal()
    assert secret.encode() in (tmp_path / FILE_NAME).read_bytes()
    remove(catalog, "s.md")
    catalog.truncate_wal()
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
        writer.put_vectors("m", ["k"], made([[0.0, 0.0]]))
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


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        ("3", r"has schema 3, not 4; run: footnote index FOLDER --rebuild$"),
        ("5", r"made by a newer Footnote \(schema 5, not 4\); update this one, or choose another"),
        ("none", r"has schema none, not 4; run: footnote index FOLDER --rebuild$"),
    ],
)
def test_catalog_of_another_schema_is_refused(
    catalog: CatalogWriter, tmp_path: Path, schema: str, expected: str
) -> None:
    fill(catalog)
    catalog.set_meta("schema", schema)
    with pytest.raises(IndexMismatch, match=expected):
        Catalog.read(tmp_path)
    with pytest.raises(IndexMismatch, match=expected):
        CatalogWriter.create(tmp_path)


def test_catalog_that_is_no_database_is_damaged(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_bytes(b"no database at all" * 99)
    expected = r"is damaged \(file is not a database\); run: footnote index FOLDER --rebuild$"
    with pytest.raises(StoreError, match=expected):
        Catalog.read(tmp_path)
    with pytest.raises(StoreError, match=expected):
        CatalogWriter.create(tmp_path)


def test_catalog_torn_in_the_middle_is_damaged(catalog: CatalogWriter, tmp_path: Path) -> None:
    fill(catalog)
    take_in(catalog, STATE, Document("b/é.md", "T", "x" * 200_000, "d1"))
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


# An index of the first schema with one vector, as it was on the disk.
OLDER = """
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
INSERT INTO meta VALUES ('schema', '1'), ('generation', '7'), ('corpus', '/notes');
CREATE TABLE documents (
    path TEXT PRIMARY KEY, digest TEXT NOT NULL, size INTEGER NOT NULL, mtime INTEGER NOT NULL,
    failure TEXT, title TEXT NOT NULL, headings TEXT NOT NULL, pages TEXT NOT NULL,
    text TEXT NOT NULL
) STRICT;
CREATE TABLE passages (
    id TEXT PRIMARY KEY, document TEXT NOT NULL, key TEXT NOT NULL, start INTEGER NOT NULL,
    "end" INTEGER NOT NULL, page INTEGER, heading TEXT NOT NULL, text TEXT NOT NULL
) STRICT;
CREATE TABLE vectors (
    model TEXT NOT NULL, key TEXT NOT NULL, vector BLOB NOT NULL, PRIMARY KEY (model, key)
) STRICT, WITHOUT ROWID;
INSERT INTO vectors VALUES ('m', 'k', x'0000803f');
"""


def test_catalog_made_anew_keeps_the_vectors_of_an_older_schema(tmp_path: Path) -> None:
    older = sqlite3.connect(tmp_path / FILE_NAME)
    older.executescript(OLDER)
    older.close()
    catalog = CatalogWriter.create(tmp_path, anew=True)
    assert catalog.vectors("m", ["k"])["k"].tolist() == [1.0]
    assert (catalog.meta("schema"), catalog.generation, catalog.files()) == (str(SCHEMA), 0, {})
    fill(catalog)
    catalog.close()
    reader = Catalog.read(tmp_path)
    assert reader.document("b/é.md") == DOCUMENT
    reader.close()


@pytest.mark.parametrize("damage", ["no database", "half"])
def test_catalog_made_anew_replaces_a_damaged_one(tmp_path: Path, damage: str) -> None:
    file = tmp_path / FILE_NAME
    if damage == "half":
        made = CatalogWriter.create(tmp_path)
        fill(made)
        made.close()
        file.write_bytes(file.read_bytes()[: file.stat().st_size // 2 + 100])
    else:
        file.write_bytes(b"no database at all" * 99)
    catalog = CatalogWriter.create(tmp_path, anew=True)
    assert (catalog.generation, catalog.files()) == (0, {})
    catalog.close()


def test_catalog_scratch_pad_lists_what_has_no_vector_the_longest_first(
    catalog: CatalogWriter, tmp_path: Path
) -> None:
    fill(catalog)
    state = FileState("c.md", "d", 1, 1, None)
    texts = ["Two.", "Three of them.", "Four.", "Three of them."]
    passages = [passage(number, number, text, "c.md") for number, text in enumerate(texts)]
    with catalog.staging():
        catalog.stage(state, Document("c.md", "C", "", "d"), passages)
        assert catalog.list_unembedded("m") == 2
        assert catalog.unembedded(0, 1) == {passages[1].key: Content("Head", "Three of them.")}
        assert catalog.unembedded(1, 9) == {passages[2].key: Content("Head", "Four.")}
        assert (tmp_path / "staging.sqlite3").exists()
    assert not (tmp_path / "staging.sqlite3").exists()
    assert "c.md" not in catalog.files()


def test_catalog_rename_moves_passages_and_a_title_that_was_the_name(
    catalog: CatalogWriter,
) -> None:
    named = Document("notes.md", "notes", "Two.", "d1")
    take_in(
        catalog, FileState("notes.md", "d1", 1, 1, None), named, passage(3, 0, "Two.", "notes.md")
    )
    moved = FileState("x/läng.md", "", 4, 5, None)
    with catalog.staging():
        assert catalog.apply_staged([], [("notes.md", moved)]) == IndexChange([], [])
    assert catalog.document("x/läng.md") == Document("x/läng.md", "läng", "Two.", "d1")
    (found,) = catalog.passages_in("x/läng.md")
    assert (found.id, found.document, found.title) == ("x/läng.md#3", "x/läng.md", "läng")
    assert catalog.files() == {"x/läng.md": FileState("x/läng.md", "d1", 4, 5, None)}


def test_catalog_whose_making_was_killed_holds_nothing_yet(tmp_path: Path) -> None:
    writing = sqlite3.connect(tmp_path / FILE_NAME, isolation_level=None)
    writing.execute("PRAGMA cache_size = 1")
    writing.execute("CREATE TABLE first (text)")
    writing.execute("BEGIN")
    writing.execute("PRAGMA cache_spill = 1")
    for number in range(200):
        writing.execute("INSERT INTO first VALUES (?)", (str(number) * 2000,))
    killed = tmp_path / "killed"
    killed.mkdir()
    for name in (FILE_NAME, f"{FILE_NAME}-journal"):
        (killed / name).write_bytes((tmp_path / name).read_bytes())
    writing.close()
    with pytest.raises(EmptyIndex, match=r"nothing is indexed in .*; run: footnote index FOLDER$"):
        Catalog.read(killed)
    assert not (killed / f"{FILE_NAME}-journal").exists()

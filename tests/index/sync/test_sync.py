"""Syncs with real parts: the index is what the folder is, and nothing is embedded twice."""

from __future__ import annotations

import io
import os
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from index.catalog.database import FILE_NAME
from index.catalog.reader import Catalog, FileState
from index.catalog.writer import writer_lock
from index.errors import ConfigError, IndexMismatch, StoreError
from index.formats.base import Parsed
from index.formats.pdf import ocr
from index.formats.pdf.page_items import TextLine
from index.formats.readings import Read
from index.formats.registry import READERS, Reader
from index.settings import IndexSettings
from index.snapshots import Index, Snapshot
from index.sync.parse_worker import read_file
from index.sync.sync import sync
from index.sync.walk import Entry
from index.text.splitter import Splitting
from index.types import Failure
from tests.crash.history import WORDS, History
from tests.helpers.indexing import (
    Place,
    assert_in_line,
    held,
    settings_for,
    sharing_minilm,
    tiny_model,
    wanted,
    write,
)

pytestmark = pytest.mark.model

FILES: dict[str, str | bytes] = {
    "cats.md": "# Cats\n\nCats sleep for sixteen hours a day.\n\n## Food\n\nCats eat fish.\n",
    "dogs.txt": (
        "Dogs were tamed fifteen thousand years ago. They guard sheep and herd them over the hills."
    ),
    "deep/birds.md": "Birds have hollow bones. Swifts sleep while they fly.",
}
PASSAGES = 4


@pytest.fixture(scope="module", autouse=True)
def _one_model() -> Iterator[None]:
    with sharing_minilm():
        yield


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory, _one_model: None) -> Place:
    """A corpus and its index, which tests copy."""
    place = Place(tmp_path_factory.mktemp("base"))
    write(place.corpus, FILES, time=1)
    report = place.sync()
    assert report.added == ("cats.md", "deep/birds.md", "dogs.txt")
    assert (report.passages, report.embedded, report.generation) == (PASSAGES, PASSAGES, 1)
    return place


@pytest.fixture
def place(base: Place, tmp_path: Path) -> Place:
    return base.copy(tmp_path / "place")


def files(data: Path) -> dict[str, FileState]:
    catalog = Catalog.read(data)
    known = catalog.files()
    catalog.close()
    return known


def keys_of(snapshot: Snapshot, query: str) -> list[str]:
    return [key for key, _ in snapshot.search_words(query, 5)]


def keys(data: Path) -> set[str]:
    return {passage.key for passage in held(data)[1]}


def test_sync_of_an_unchanged_folder_does_nothing(place: Place) -> None:
    before = place.state()
    report = place.sync()
    assert (report.unchanged, report.embedded, report.generation) == (3, 0, 1)
    assert not (report.added)
    assert not (report.changed)
    assert not (report.renamed)
    assert not (report.removed)
    assert not (report.failed)
    assert place.state() == before


def test_sync_of_edits_embeds_only_what_is_new(place: Place) -> None:
    write(
        place.corpus, {"cats.md": str(FILES["cats.md"]).replace("fish", "mice"), "new.txt": "Eels."}
    )
    (place.corpus / "dogs.txt").unlink()
    (place.corpus / "deep" / "birds.md").rename(place.corpus / "swifts.md")
    report = place.sync()
    assert (report.added, report.changed) == (("new.txt",), ("cats.md",))
    assert report.renamed == (("deep/birds.md", "swifts.md"),)
    assert (report.removed, report.unchanged) == (("dogs.txt",), 0)
    assert (report.passages, report.embedded, report.generation) == (4, 2, 2)
    assert_in_line(place.data, place.corpus)
    found = place.found("mice eels swifts sheep")
    assert sorted(found) == ["cats.md", "new.txt", "swifts.md"]


def test_sync_of_a_rename_embeds_nothing_and_moves_the_passages(place: Place) -> None:
    (place.corpus / "deep").rename(place.corpus / "air")
    report = place.sync()
    assert report.renamed == (("deep/birds.md", "air/birds.md"),)
    assert (report.embedded, report.generation) == (0, 2)
    assert_in_line(place.data, place.corpus)
    assert place.found("hollow") == ["air/birds.md"]


def test_sync_of_a_file_written_a_moment_ago_compares_its_bytes_next_time(place: Place) -> None:
    write(place.corpus, {"new.txt": "Newts swim."})
    place.sync()
    file = place.corpus / "new.txt"
    info = file.stat()
    file.write_text("Eels creep.", encoding="utf-8")
    os.utime(file, ns=(info.st_atime_ns, info.st_mtime_ns))
    assert place.sync().changed == ("new.txt",)


def test_sync_of_touched_files_makes_no_generation(place: Place) -> None:
    for name in FILES:
        os.utime(place.corpus / name, ns=(5, 5))
    report = place.sync()
    assert (report.unchanged, report.embedded, report.generation) == (3, 0, 1)
    assert {state.mtime for state in files(place.data).values()} == {5}


def test_sync_of_the_same_text_twice_embeds_it_once_and_cites_both(place: Place) -> None:
    write(place.corpus, {"one.txt": "Newts swim.", "two/one.txt": "Newts swim."})
    assert place.sync().embedded == 1
    assert place.found("newts") == ["one.txt", "two/one.txt"]
    assert_in_line(place.data, place.corpus)


def test_sync_of_bad_files_lists_them_and_finds_the_good(place: Place, tmp_path: Path) -> None:
    (tmp_path / "outside.txt").write_text("The secret is out.", encoding="utf-8")
    (place.corpus / "link.txt").symlink_to(tmp_path / "outside.txt")
    bad = {"broken.pdf": b"%PDF-1.7 broken", "binary.txt": bytes(range(256)), "empty.txt": b""}
    write(place.corpus, {**bad, "good.txt": "Otters hold hands."})
    report = place.sync()
    assert report.failed == (
        Failure("binary.txt", "binary: these bytes are not text"),
        Failure("broken.pdf", "damaged: not a PDF that can be opened"),
        Failure("empty.txt", "empty: the file has no bytes"),
        Failure("link.txt", "symbolic link; links are not followed"),
    )
    assert (place.found("otters"), place.found("secret")) == (["good.txt"], [])
    assert place.found("sheep") == ["dogs.txt"]
    assert_in_line(place.data, place.corpus)
    again = place.sync()
    assert (again.failed, again.generation, again.embedded) == (report.failed, 2, 0)


def test_sync_tells_its_progress(place: Place) -> None:
    told = list[tuple[str, int, int]]()
    write(place.corpus, {"one.txt": "Newts swim.", "two.txt": "Eels swim."})
    sync(settings_for(place.data), place.corpus, progress=lambda *stage: told.append(stage))
    assert told == [
        ("reading", 0, 2), ("reading", 1, 2), ("reading", 2, 2),
        ("embedding", 1, 2), ("embedding", 2, 2),
    ]  # fmt: skip


def test_sync_of_an_index_inside_its_corpus_leaves_the_index_out(tmp_path: Path) -> None:
    write(tmp_path, {"one.txt": "Newts swim."})
    settings = settings_for(tmp_path / "index")
    assert sync(settings, tmp_path).added == ("one.txt",)
    again = sync(settings, tmp_path)
    assert (again.added, again.failed, again.generation) == ((), (), 1)


# --- what is refused


def test_sync_of_another_folder_is_refused_unless_forced(place: Place, tmp_path: Path) -> None:
    other = tmp_path / "an other"
    write(other, {"dogs.txt": FILES["dogs.txt"], "newts.txt": "Newts swim."})
    before = place.state()
    expected = (
        rf"^this index holds {place.corpus}; to replace it run: footnote index '{other}' --force; "
        rf"to keep both run: footnote --data ANOTHER_FOLDER index '{other}'$"
    )
    with pytest.raises(ConfigError, match=expected):
        place.sync(other)
    assert place.state() == before
    report = place.sync(other, force=True)
    assert (report.added, report.changed) == (("newts.txt",), ("dogs.txt",))
    assert (report.removed, report.embedded) == (("cats.md", "deep/birds.md"), 1)
    assert_in_line(place.data, other)


@pytest.mark.parametrize("how", ["gone", "links"])
def test_sync_that_would_lose_more_than_half_is_refused_unless_forced(
    place: Place, how: str
) -> None:
    for name in ("cats.md", "dogs.txt"):
        (place.corpus / name).unlink()
        if how == "links":
            (place.corpus / name).symlink_to("elsewhere")
    before = place.state()
    expected = rf"^2 of 3 documents are gone from .* run: footnote index {place.corpus} --force$"
    with pytest.raises(ConfigError, match=expected):
        place.sync()
    assert place.state() == before
    assert (place.sync(force=True).passages, place.found("bones cats")) == (1, ["deep/birds.md"])


def test_sync_with_another_passage_length_is_refused_until_rebuilt(place: Place) -> None:
    settings = settings_for(place.data, passage_tokens=16)
    expected = (
        r"built with splitter spans-\d+-180, the settings ask for spans-\d+-16; "
        rf"run: footnote index {place.corpus} --rebuild$"
    )
    with pytest.raises(IndexMismatch, match=expected):
        sync(settings, place.corpus)
    with pytest.raises(IndexMismatch, match=r"--force --rebuild$"):
        sync(settings, place.corpus, force=True)
    report = sync(settings, place.corpus, rebuild=True)
    assert (report.changed, report.generation) == (("cats.md", "deep/birds.md", "dogs.txt"), 2)
    assert (report.passages, report.embedded) == (5, 2)  # one passage is now two
    assert held(place.data)[1] == wanted(place.corpus, limit=16)[1]


def test_sync_with_another_model_is_refused_until_rebuilt(place: Place, tmp_path: Path) -> None:
    settings = settings_for(
        place.data, embedding_model=str(tiny_model(tmp_path / "tiny", window=96))
    )
    expected = r"built with model minilm-\w+, the settings ask for tiny-\w+; run: .* --rebuild$"
    with pytest.raises(IndexMismatch, match=expected):
        sync(settings, place.corpus)
    report = sync(settings, place.corpus, rebuild=True)
    assert (report.passages, report.embedded) == (PASSAGES, PASSAGES)
    index = Index(settings)
    with index.lease() as snapshot:
        key = next(iter(keys_of(snapshot, "hollow")))
        assert snapshot.nearest(snapshot.vectors([key])[key], 1)[0][0] == key
    index.close()


def test_sync_with_a_model_that_reads_too_little_is_refused(tmp_path: Path) -> None:
    write(tmp_path / "corpus", {"one.txt": "Newts swim."})
    model = tiny_model(tmp_path / "tiny", window=60)
    settings = settings_for(tmp_path / "data", embedding_model=str(model))
    with pytest.raises(ConfigError, match=r"reads 60 tokens at a time, too few for passages; use"):
        sync(settings, tmp_path / "corpus")


def test_sync_dry_run_of_a_first_sync_writes_nothing(place: Place, tmp_path: Path) -> None:
    report = sync(settings_for(tmp_path / "none"), place.corpus, dry_run=True)
    assert report.added == ("cats.md", "deep/birds.md", "dogs.txt")
    assert (report.passages, report.embedded, report.generation) == (0, 0, 0)
    assert not (tmp_path / "none").exists()


def test_sync_dry_run_tells_what_would_be_done_and_writes_nothing(place: Place) -> None:
    write(place.corpus, {"new.txt": "Newts swim.", "cats.md": "Gone."})
    (place.corpus / "dogs.txt").unlink()
    before = place.state()
    with writer_lock(place.data):  # nor does it wait for another sync
        report = place.sync(dry_run=True)
    assert (report.added, report.changed, report.removed) == (
        ("new.txt",),
        ("cats.md",),
        ("dogs.txt",),
    )
    assert (report.embedded, report.generation) == (0, 1)
    assert place.state() == before


# --- readers that are new


def _parse_in_this_process(
    corpus: Path,
    entries: Sequence[Entry],
    _settings: IndexSettings,
    splitting: Splitting,
    readings: Path,
) -> Iterator[object]:
    """So that a registry patched here is the one that parses."""
    yield from (read_file(str(corpus), entry, splitting, readings) for entry in entries)


def test_sync_reads_a_refused_file_when_a_reader_for_it_arrives(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("index.sync.ingest.parse_files", _parse_in_this_process)
    write(place.corpus, {"newts.new": "Newts swim.", "eels.other": "Eels swim."}, time=1)
    refused = Failure("eels.other", "format .other is not read")
    assert place.sync().failed == (refused, Failure("newts.new", "format .new is not read"))
    reader = Reader("index.formats.text.plain_text:parse_plain")
    monkeypatch.setattr("index.formats.registry.READERS", {**READERS, ".new": reader})
    report = place.sync()
    assert (report.changed, report.failed, report.unchanged) == (("newts.new",), (refused,), 4)
    assert place.found("newts") == ["newts.new"]
    assert files(place.data)["newts.new"].reader == "parse_plain-1.1"
    again = place.sync()
    assert (again.changed, again.generation) == ((), report.generation)


def test_sync_with_a_newer_reader_reads_its_own_files_again_without_rebuild(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("index.sync.ingest.parse_files", _parse_in_this_process)
    newer = Reader(f"{__name__}:_parse_shouting", version=READERS[".md"].version + 1)
    monkeypatch.setattr("index.formats.registry.READERS", {**READERS, ".md": newer})
    report = place.sync()
    assert (report.changed, report.unchanged) == (("cats.md", "deep/birds.md"), 1)
    catalog = Catalog.read(place.data)
    document = catalog.document("deep/birds.md")
    catalog.close()
    assert document
    assert document.text == "BIRDS HAVE HOLLOW BONES. SWIFTS SLEEP WHILE THEY FLY."
    assert place.sync().changed == ()


def _parse_shouting(data: bytes) -> Parsed:
    return Parsed(data.decode().upper())


# --- what is damaged or killed


@pytest.mark.parametrize("lost", ["generations", "generations/000001-*/tantivy"])
def test_sync_makes_missing_stores_from_the_catalog(place: Place, lost: str) -> None:
    for folder in place.data.glob(lost):
        shutil.rmtree(folder)
    expected = r"lacks the files of generation 1; run: footnote doctor --repair$"
    for _ in range(2):  # a reader that tries makes it no worse
        with pytest.raises(StoreError, match=expected):
            place.found("sheep")
    report = place.sync()
    assert (report.unchanged, report.embedded, report.generation) == (3, 0, 2)
    assert place.found("sheep") == ["dogs.txt"]
    assert_in_line(place.data, place.corpus)


def test_sync_from_damaged_stores_makes_them_from_the_catalog(place: Place) -> None:
    (file,) = place.data.glob("generations/000001-*/chroma/chroma.sqlite3")
    file.write_bytes(b"torn")
    damaged = r"is damaged \(000001-\w+/chroma/chroma\.sqlite3\); run: footnote doctor --repair$"
    with pytest.raises(StoreError, match=damaged):
        place.found("sheep")
    write(place.corpus, {"new.txt": "Newts swim."})
    assert place.sync().embedded == 1
    assert place.found("newts sheep") == ["new.txt", "dogs.txt"]
    assert_in_line(place.data, place.corpus)


def test_sync_rebuild_reads_all_and_embeds_nothing_again(place: Place) -> None:
    report = place.sync(rebuild=True)
    assert (len(report.changed), report.embedded, report.generation) == (3, 0, 2)
    assert_in_line(place.data, place.corpus)


def test_sync_into_a_damaged_catalog_says_to_rebuild_and_that_mends_it(place: Place) -> None:
    (place.data / FILE_NAME).write_bytes(b"no database" * 500)
    with pytest.raises(StoreError, match=r"is damaged .*; run: footnote index FOLDER --rebuild$"):
        place.sync()
    assert (place.sync(rebuild=True).embedded, place.found("sheep")) == (PASSAGES, ["dogs.txt"])
    assert_in_line(place.data, place.corpus)


# --- a history


def test_sync_history_leaves_what_a_sync_from_scratch_gives(place: Place, tmp_path: Path) -> None:
    history = History(place, seed=7)
    for _ in range(6):
        history.go_on(edits=5)
    scratch = Place(tmp_path)
    scratch.sync(place.corpus)
    for word in WORDS:
        assert place.found(word) == scratch.found(word)


# --- pictures that take several syncs


class _PictureReader:
    """Reads in each picture how dark it is, and notes which it read."""

    def __init__(self) -> None:
        self.read = list[int]()

    def __call__(self, picture: NDArray[np.uint8]) -> Read:
        self.read.append(int(picture[0, 0, 0]))
        return Read([TextLine(f"Shade {self.read[-1]} is seen.", 1, 1, 1)], 9)


@pytest.fixture
def pictures(monkeypatch: pytest.MonkeyPatch) -> _PictureReader:
    """A reader of pictures in this process in place of the real one."""
    reader = _PictureReader()
    monkeypatch.setattr("index.sync.ingest.parse_files", _parse_in_this_process)
    monkeypatch.setattr(ocr, "find_spec", lambda _: object())
    monkeypatch.setattr(ocr, "_read", reader)
    return reader


def _frames(count: int) -> bytes:
    file, frames = io.BytesIO(), [Image.new("L", (8, 8), shade) for shade in range(1, count + 1)]
    frames[0].save(file, "tiff", save_all=True, append_images=frames[1:])
    return file.getvalue()


def _shades(place: Place, path: str) -> list[str]:
    catalog = Catalog.read(place.data)
    document = catalog.document(path)
    catalog.close()
    assert document
    return [part.split()[1] for part in document.text.split("\n\n")]


def test_sync_reads_on_in_pictures_and_none_twice(place: Place, pictures: _PictureReader) -> None:
    write(place.corpus, {"scan.tiff": _frames(30)}, time=1)
    first = place.sync()
    told = "its last 18 of 30 pages were not read yet; the next sync reads on"
    assert first.notes == (("scan.tiff", told),)
    second = place.sync()
    assert (second.changed, pictures.read) == (("scan.tiff",), [*range(1, 25)])
    assert place.sync().notes == ()
    assert (pictures.read, _shades(place, "scan.tiff")) == (
        [*range(1, 31)],
        [str(shade) for shade in range(1, 31)],
    )
    last = place.sync()
    assert (last.changed, last.unchanged) == ((), 4)
    assert not (place.data / "readings").exists()


def test_sync_keeps_no_readings_of_files_that_are_gone_or_other(
    place: Place, pictures: _PictureReader
) -> None:
    write(place.corpus, {"a.tiff": _frames(13), "b.tiff": _frames(14)}, time=1)
    place.sync()
    assert len([*(place.data / "readings").iterdir()]) == 2
    (place.corpus / "a.tiff").unlink()
    write(place.corpus, {"b.tiff": _frames(15)}, time=2)
    place.sync()
    (kept,) = (place.data / "readings").iterdir()
    # A renamed file goes on, and what breaks off in the file of readings is read again.
    kept.write_bytes(kept.read_bytes()[:-20])
    (place.corpus / "b.tiff").rename(place.corpus / "c.tiff")
    pictures.read.clear()
    place.sync()
    assert (pictures.read, len(_shades(place, "c.tiff"))) == ([12, 13, 14, 15], 15)


def test_sync_whose_readings_cannot_be_kept_promises_nothing(
    place: Place, pictures: _PictureReader
) -> None:
    write(place.corpus, {"scan.tiff": _frames(13)}, time=1)
    (place.data / "readings").write_bytes(b"in the way")
    assert place.sync().notes == (("scan.tiff", "its last 1 of 13 pages were not read"),)
    assert place.sync().changed == ()

"""Generations: made from the catalog, probed, pinned while they are read, pruned when not."""

from __future__ import annotations

import math
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pytest

from index.catalog.reader import FileState
from index.catalog.writer import NO_CHANGE, CatalogWriter, IndexChange
from index.engines.base import SearchEngines
from index.engines.chroma_store import ChromaStore
from index.engines.generations import Generations, pin, publish
from index.engines.integrity import verify, verify_quick
from index.engines.probe import Prober
from index.engines.tantivy_store import TantivyStore
from index.errors import DamagedGeneration, StoreError
from index.runtime import Clock
from index.types import Document, Embedded, Passage, Vectors

pytestmark = pytest.mark.model

ENGINES = SearchEngines(ChromaStore, TantivyStore)
# Enough for Chroma to write its graph to files.
COUNT = 1100


def unit(count: int) -> Vectors:
    vectors = np.random.default_rng(count).normal(size=(count, 8)).astype(np.float32)
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), dtype=np.float32)


SAMPLE = unit(COUNT)[::40]


def put(catalog: CatalogWriter, texts: list[str]) -> list[str]:
    """Make the catalog hold these texts, with vectors; their keys in order."""
    document = Document("a.md", "A", "", "d")
    passages = [
        Passage(f"a#{n}", "a.md", "A", "", text, n, n, None, "d") for n, text in enumerate(texts)
    ]
    made = Embedded(unit(len(texts)), [None] * len(texts))
    with catalog.staging(), catalog.transaction():
        catalog.stage(FileState("a.md", "d", 1, 1, None), document, passages)
        catalog.apply_staged([], [])
        catalog.put_vectors("m", [p.key for p in passages], made)
    return [p.key for p in passages]


def prepare(data: Path, catalog: CatalogWriter, source: Path | None, change: IndexChange) -> Path:
    with Prober(ENGINES) as prober:
        return Generations(data, ENGINES).prepare(catalog, "m", source, change, Clock(), prober)


def current(data: Path, catalog: CatalogWriter) -> Path | None:
    return Generations(data, ENGINES).current(catalog)


def prune(data: Path, keep: Path) -> bool:
    return Generations(data, ENGINES).prune(keep)


@pytest.fixture
def catalog(tmp_path: Path) -> Iterator[CatalogWriter]:
    made = CatalogWriter.create(tmp_path)
    yield made
    made.close()


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A generation of many passages; tests that damage it copy it."""
    data = tmp_path_factory.mktemp("whole")
    catalog = CatalogWriter.create(data)
    put(catalog, [f"the text of passage {number}" for number in range(COUNT)])
    folder = prepare(data, catalog, None, NO_CHANGE)
    catalog.close()
    return folder


def contents(folder: Path) -> tuple[int, int]:
    vectors = ChromaStore.open(folder)
    counts = vectors.count(), TantivyStore.open(folder).count()
    vectors.close()
    return counts


def test_prepare_from_a_source_changes_the_copy_alone_and_ranks_as_if_built_anew(
    catalog: CatalogWriter, tmp_path: Path
) -> None:
    old = put(catalog, [f"cat number {number}" for number in range(9)] + ["a dog"])
    first = prepare(tmp_path, catalog, None, NO_CHANGE)
    assert (first.parent, first.name[:7]) == (tmp_path / "generations", "000001-")
    assert contents(first) == (10, 10)
    publish(catalog, first)
    new = put(catalog, ["cat number 0", "a dog", "an elephant"])
    gone = [key for key in old if key not in new]
    second = prepare(tmp_path, catalog, first, IndexChange(gone, new[2:]))
    assert (contents(first), contents(second)) == ((10, 10), (3, 3))
    words = TantivyStore.open(second)
    assert [words.search(name, 5) != [] for name in ("elephant", "8")] == [True, False]
    # Of three texts one holds "cat": ln(1 + 2.5 / 1.5), whatever was there before.
    assert words.idf("cat") == pytest.approx(math.log(1 + 2.5 / 1.5))


def test_prepare_from_a_damaged_source_builds_anew(catalog: CatalogWriter, tmp_path: Path) -> None:
    put(catalog, ["one", "two", "three"])
    (source,) = make(tmp_path, 1)
    (source / "chroma" / "chroma.sqlite3").write_bytes(b"torn")
    made = prepare(tmp_path, catalog, source, NO_CHANGE)
    assert contents(made) == (3, 3)
    assert left(tmp_path) == sorted([source.name, made.name])


def test_prepare_that_cannot_write_says_why(catalog: CatalogWriter, tmp_path: Path) -> None:
    put(catalog, ["one"])
    (tmp_path / "generations").write_bytes(b"")
    expected = r"cannot be written \(Not a directory; [\d,]+ MB are free .*\); nothing was changed;"
    with pytest.raises(StoreError, match=expected):
        prepare(tmp_path, catalog, None, NO_CHANGE)


def test_current_is_what_the_catalog_names_if_it_is_whole(
    catalog: CatalogWriter, tmp_path: Path
) -> None:
    assert current(tmp_path, catalog) is None
    folder, _ = make(tmp_path, 1, 2)
    publish(catalog, folder)
    assert current(tmp_path, catalog) == folder
    (folder / "tantivy" / "meta.json").unlink()
    assert current(tmp_path, catalog) is None


def cut(path: Path) -> None:
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size // 2)


def zero(path: Path) -> None:
    path.write_bytes(bytes(path.stat().st_size))


def scramble(path: Path) -> None:
    path.write_bytes(np.random.default_rng(1).bytes(path.stat().st_size))


def empty(path: Path) -> None:
    path.write_bytes(b"")


@pytest.mark.parametrize("damage", [cut, zero, scramble, empty, Path.unlink])
def test_verify_notices_damage_of_any_kind_in_any_file(
    whole: Path, tmp_path: Path, damage: Callable[[Path], None]
) -> None:
    copy = Path(shutil.copytree(whole, tmp_path / "copy"))
    verify(copy, ENGINES)
    verify_quick(copy, ENGINES)
    files = [path for part in ("chroma", "tantivy") for path in (copy / part).rglob("*")]
    seen = dict[str, bool]()
    for path in files:
        if path.is_dir() or path.suffix == ".lock":
            continue
        kept, info = path.read_bytes(), path.stat()
        damage(path)
        damaged = not path.exists() or path.read_bytes() != kept
        for look in (verify, verify_quick):
            expected = rf"is damaged \(copy/{path.relative_to(copy)}\); run: footnote doctor"
            with pytest.raises(DamagedGeneration, match=expected) if damaged else nullcontext():
                look(copy, ENGINES)
        path.write_bytes(kept)
        os.utime(path, ns=(info.st_atime_ns, info.st_mtime_ns))
        seen[path.suffix] = damaged
    assert {".sqlite3", ".bin", ".pickle", ".json", ".term", ".store"} <= seen.keys()
    verify(copy, ENGINES)


def test_verify_of_a_generation_that_is_in_use_finds_it_whole(whole: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(whole, tmp_path / "copy"))
    for _ in range(2):
        assert contents(copy) == (COUNT, COUNT)
        verify(copy, ENGINES)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"a": 1}', '{"a": [1, 2]}'])
def test_verify_without_a_manifest_reports_damage(whole: Path, tmp_path: Path, text: str) -> None:
    copy = Path(shutil.copytree(whole, tmp_path / "copy"))
    (copy / "manifest.json").write_text(text, encoding="utf-8")
    with pytest.raises(DamagedGeneration, match=r"is damaged \(copy/manifest.json\)"):
        verify(copy, ENGINES)


def test_probe_says_what_is_wrong_and_what_to_run(
    whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A package of the same name in the current folder must not be taken for ours.
    (tmp_path / "index").mkdir()
    (tmp_path / "index" / "__init__.py").write_text("raise SystemExit('astray')", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    found = rf"damaged \({COUNT} vectors and {COUNT} texts instead of 7\)"
    with pytest.raises(StoreError, match=rf"{found}; run: footnote index FOLDER --rebuild$"):
        Prober(ENGINES).search(whole, 7, SAMPLE)


def test_probe_that_takes_too_long_is_given_up(
    whole: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("index.engines.probe._SECONDS", 0.01)
    with pytest.raises(StoreError, match=r"does not open; run: footnote index FOLDER --rebuild$"):
        Prober(ENGINES).search(whole, COUNT, SAMPLE)


FILES = ("chroma/chroma.sqlite3", "tantivy/meta.json", "manifest.json", "in-use", "opening")


def make(data: Path, *numbers: int) -> list[Path]:
    """Folders of generations with empty files."""
    folders = [data / "generations" / f"{number:06d}-name" for number in numbers]
    for folder in folders:
        for name in (
            "chroma/chroma.sqlite3",
            "tantivy/meta.json",
            "manifest.json",
            "in-use",
            "opening",
        ):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).touch()
    return folders


def left(data: Path) -> list[str]:
    return sorted(path.name for path in (data / "generations").iterdir())


def test_prune_removes_all_generations_but_one(tmp_path: Path) -> None:
    folders = make(tmp_path, 1, 2, 3)
    (tmp_path / "generations" / "000004").mkdir()
    prune(tmp_path, keep=folders[1])
    assert left(tmp_path) == ["000002-name"]


def test_prune_leaves_a_pinned_generation_for_another_time(tmp_path: Path) -> None:
    first, second = make(tmp_path, 1, 2)
    with pin(first), pin(first):
        prune(tmp_path, keep=second)
        assert left(tmp_path) == ["000001-name", "000002-name"]
    prune(tmp_path, keep=second)
    assert left(tmp_path) == ["000002-name"]


def test_pin_of_a_generation_that_is_gone_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"000001 is gone; ask again$"):
        pin(tmp_path / "000001")


def test_prune_before_the_first_generation_does_nothing(tmp_path: Path) -> None:
    prune(tmp_path, keep=tmp_path / "x")
    assert list(tmp_path.iterdir()) == []

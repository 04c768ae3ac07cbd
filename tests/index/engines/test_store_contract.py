"""What every vector store and every text store must do, and that the index needs no more."""

from __future__ import annotations

import math
import os
import re
import shutil
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from index.engines.base import (
    SearchEngines,
    Store,
    TextStore,
    VectorStore,
    class_name,
    import_class,
    load_engines,
)
from index.engines.chroma_store import ChromaStore
from index.engines.integrity import MANIFEST, verify, verify_quick, write_manifest
from index.engines.tantivy_store import TantivyStore
from index.errors import ConfigError, DamagedGeneration
from index.settings import IndexSettings, load_settings
from index.snapshots import Index
from index.sync import doctor
from index.sync.sync import sync
from index.types import Batch, Vectors
from tests.helpers.indexing import minilm, sharing_minilm, write
from tests.helpers.memory_stores import MEMORY, MemoryTexts, MemoryVectors

pytestmark = pytest.mark.model

VECTOR_STORES: tuple[type[VectorStore], ...] = (ChromaStore, MemoryVectors)
TEXT_STORES: tuple[type[TextStore], ...] = (TantivyStore, MemoryTexts)
STORES: tuple[type[Store], ...] = (*VECTOR_STORES, *TEXT_STORES)
TEXTS = {
    "k1": "The cats of Rome",
    "k2": "A dog chased the cat, and the cat chased a bird",
    "k3": "Birds fly over Rome and over Paris",
    "k4": "Las ciudades del norte estaban conectadas por un ferrocarril",
}


def unit(count: int, seed: int = 0) -> Vectors:
    vectors = np.random.default_rng(seed).normal(size=(count, 8)).astype(np.float32)
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), dtype=np.float32)


def batch(keys: Sequence[str]) -> Batch:
    return Batch(keys, unit(9)[[int(key[1:]) for key in keys]])


def fill(store: type[Store], generation: Path) -> None:
    """Make a store of the first keys."""
    store.build(generation)
    if hasattr(store, "apply"):
        store.apply(generation, [], [batch(sorted(TEXTS))])
    elif issubclass(store, TantivyStore | MemoryTexts):
        store.add(generation, TEXTS.items())


@pytest.fixture
def generation(tmp_path: Path) -> Path:
    folder = tmp_path / "000001-0123abcd"
    folder.mkdir()
    return folder


# --- both kinds


@pytest.mark.parametrize("store", STORES)
def test_store_that_is_built_is_empty_and_exists(store: type[Store], generation: Path) -> None:
    assert not store.exists(generation)
    store.build(generation)
    assert store.exists(generation)
    with closing(store.open(generation)) as opened:
        assert (opened.count(), opened.keys()) == (0, set())


@pytest.mark.parametrize("store", STORES)
def test_store_copy_holds_the_same_and_changes_alone(
    store: type[Store], generation: Path, tmp_path: Path
) -> None:
    fill(store, generation)
    copy = tmp_path / "000002-copy"
    copy.mkdir()
    store.copy(generation, copy)
    if hasattr(store, "apply"):
        store.apply(copy, ["k1"], [batch(["k5", "k6"])])
    elif issubclass(store, TantivyStore | MemoryTexts):
        store.add(copy, [("k5", "An elephant")])
    with closing(store.open(generation)) as opened, closing(store.open(copy)) as changed:
        assert (opened.count(), opened.keys()) == (4, set(TEXTS))
        assert changed.keys() >= {"k5"}
        assert changed.count() == 5


@pytest.mark.parametrize("store", STORES)
def test_store_records_show_damage_and_nothing_else(
    store: type[Store], generation: Path, tmp_path: Path
) -> None:
    fill(store, generation)
    records = store.records(generation)
    assert records
    for quick in (True, False):
        assert store.damaged_file(generation, records, quick) is None
    with closing(store.open(generation)):
        pass  # being read is no damage
    assert store.damaged_file(generation, records, quick=False) is None
    copy = Path(shutil.copytree(generation, tmp_path / "copy"))
    assert store.damaged_file(copy, records, quick=False) is None
    for name in records:
        whole, info = (generation / name).read_bytes(), (generation / name).stat()
        (generation / name).write_bytes(whole[: len(whole) // 2])
        for quick in (True, False):
            assert store.damaged_file(generation, records, quick) == name
        (generation / name).write_bytes(whole)
        os.utime(generation / name, ns=(info.st_atime_ns, info.st_mtime_ns))
    assert store.damaged_file(generation, {}, quick=True)


@pytest.mark.parametrize("store", STORES)
def test_store_drop_of_a_generation_without_a_store_does_nothing(
    store: type[Store], generation: Path
) -> None:
    store.drop(generation)
    assert list(generation.iterdir()) == []


@pytest.mark.parametrize("store", STORES)
def test_store_can_be_imported_by_its_name_in_another_process(store: type[Store]) -> None:
    store.preload()
    assert import_class(class_name(store)) is store
    assert store.NAME
    assert re.fullmatch(r"[\w .,-]+-\d+", store.version())


# --- vectors


@pytest.mark.parametrize("store", VECTOR_STORES)
def test_vector_store_nearest_gives_cosines_best_first(
    store: type[VectorStore], generation: Path
) -> None:
    fill(store, generation)
    query = unit(1, seed=5)[0]
    cosines = {key: float(unit(9)[int(key[1:])] @ query) for key in TEXTS}
    expected = sorted(cosines.items(), key=lambda item: -item[1])
    with closing(store.open(generation)) as vectors:
        found = vectors.nearest(query, 4)
        assert [key for key, _ in found] == [key for key, _ in expected]
        assert [cosine for _, cosine in found] == pytest.approx(
            [cosine for _, cosine in expected], abs=1e-5
        )
        assert vectors.nearest(query, 1) == found[:1]
        assert vectors.nearest(query, 0) == []


@pytest.mark.parametrize("store", VECTOR_STORES)
def test_vector_store_ties_are_broken_by_key(store: type[VectorStore], generation: Path) -> None:
    same = np.repeat(unit(1), 4, axis=0)
    store.build(generation)
    store.apply(generation, [], [Batch(["c", "d"], same[:2]), Batch(["a", "b"], same[:2])])
    with closing(store.open(generation)) as vectors:
        assert [key for key, _ in vectors.nearest(same[0], 4)] == ["a", "b", "c", "d"]


@pytest.mark.parametrize("store", VECTOR_STORES)
def test_vector_store_apply_removes_and_adds(store: type[VectorStore], generation: Path) -> None:
    fill(store, generation)
    store.apply(generation, ["k1", "k3"], [batch(["k7"]), batch(["k8"])])
    with closing(store.open(generation)) as vectors:
        assert (vectors.count(), vectors.keys()) == (4, {"k2", "k4", "k7", "k8"})
        assert vectors.nearest(unit(9)[7], 1)[0][0] == "k7"
        assert vectors.nearest(unit(9)[1], 1)[0][0] != "k1"


# --- texts


@pytest.mark.parametrize("store", TEXT_STORES)
@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("Which CATS?", ["k1", "k2"]),
        ("rome paris", ["k3", "k1"]),
        ("ciudad", ["k4"]),
        ("elephant", []),
        ("", []),
        ("?!*\"' AND ( NEAR", []),
        ("the", ["k1", "k2"]),
    ],
)
def test_text_store_search_ranks_texts_that_share_words(
    store: type[TextStore], generation: Path, query: str, expected: list[str]
) -> None:
    fill(store, generation)
    with closing(store.open(generation)) as texts:
        assert sorted(key for key, _ in texts.search(query, 10)) == sorted(expected)
        assert texts.search(query, 0) == []


def test_text_stores_agree_on_every_score(tmp_path: Path) -> None:
    found = []
    for number, store in enumerate(TEXT_STORES):
        generation = tmp_path / str(number)
        fill(store, generation)
        with closing(store.open(generation)) as texts:
            found.append(texts.search("Did the cats chase birds over Rome?", 10))
            assert texts.languages == {"en": 3, "es": 1}
            assert texts.idf("cat") == pytest.approx(math.log(1 + 2.5 / 2.5))
            assert texts.terms("What did the Cats do?") == ["cat"]
            assert texts.terms_of_each(["cats", "dogs"]) == [["cat"], ["dog"]]
            assert texts.language("¿Qué ciudades estaban?") == "es"
            assert texts.is_searchable()
            assert len(texts.keys_with("cat", 10)) == 2
            assert texts.keys_with("cat", 0) == []
            assert texts.keys_with("cats", 10) == []
    first, second = found
    assert [key for key, _ in first] == [key for key, _ in second]
    assert [score for _, score in first] == pytest.approx([s for _, s in second], rel=1e-5)


@pytest.mark.parametrize("store", TEXT_STORES)
def test_text_store_add_adds_to_what_is_there(store: type[TextStore], generation: Path) -> None:
    fill(store, generation)
    store.add(generation, [("k5", "an elephant")])
    with closing(store.open(generation)) as texts:
        assert (texts.count(), texts.keys()) == (5, {*TEXTS, "k5"})
        assert [key for key, _ in texts.search("elephants", 5)] == ["k5"]


# --- the index on top


@pytest.fixture(scope="module")
def _one_model() -> Iterator[None]:
    with sharing_minilm():
        yield


def memory_settings(data: Path) -> IndexSettings:
    vectors, texts = map(class_name, MEMORY.stores())
    return load_settings(IndexSettings, data=data, vector_store=vectors, text_store=texts)


@pytest.mark.usefixtures("_one_model")
def test_index_with_in_memory_stores_syncs_searches_and_repairs(tmp_path: Path) -> None:
    corpus, settings = tmp_path / "corpus", memory_settings(tmp_path / "data")
    write(corpus, {"a.md": "Newts swim in ponds.", "b.md": "Eels creep.", "c.md": "Cats sleep."})
    assert sync(settings, corpus).generation == 1
    write(corpus, {"b.md": "Eels swim in rivers."})
    assert (sync(settings, corpus).embedded, ask(settings)) == (1, ["a.md", "b.md"])
    (generation,) = (settings.data / "generations").iterdir()
    assert not {"chroma", "tantivy"} & {path.name for path in generation.iterdir()}
    (generation / "texts.json").write_text("[{}, {}]", encoding="utf-8")
    (problem,) = doctor.examine(settings).problems
    assert problem == f"the index is damaged ({generation.name}/texts.json)"
    assert doctor.repair(settings, minilm()) == (problem,)
    assert ask(settings) == ["a.md", "b.md"]
    # Another store in the settings: the stores are built anew from the catalog.
    chroma = load_settings(IndexSettings, data=settings.data)
    assert sync(chroma, corpus).embedded == 0
    assert ask(chroma) == ["a.md", "b.md"]


def ask(settings: IndexSettings) -> list[str]:
    """Documents that a question finds, the same by words and by meaning."""
    with closing(Index(settings)) as index, index.lease() as snapshot:
        by_words = [key for key, _ in snapshot.search_words("who swims", 5)]
        by_meaning = [key for key, _ in snapshot.nearest(index.embed_query("who swims"), 2)]
        assert sorted(by_words) == sorted(by_meaning)
        texts = snapshot.texts(by_words)
        return sorted(text.passage.document for text in texts.values())


@pytest.mark.parametrize(
    ("setting", "name"),
    [
        ("vector_store", "none"),
        ("vector_store", "index.engines.chroma_store:None_"),
        ("text_store", "no.such.module:Store"),
    ],
)
def test_load_engines_of_an_unknown_store_says_which_setting_is_wrong(
    setting: str, name: str
) -> None:
    settings = load_settings(IndexSettings, **{setting: name})
    expected = rf"setting '{setting}' names '{name}', which cannot be imported .*; use '\w+', or"
    with pytest.raises(ConfigError, match=expected):
        load_engines(settings)


def test_load_engines_without_settings_are_chroma_and_tantivy() -> None:
    engines = load_engines(load_settings(IndexSettings))
    assert engines == SearchEngines(ChromaStore, TantivyStore)


def test_verify_of_a_generation_that_other_stores_made_says_so(generation: Path) -> None:
    for store in MEMORY.stores():
        fill(store, generation)
    write_manifest(generation, MEMORY)
    for check in (verify, verify_quick):
        check(generation, MEMORY)
        with pytest.raises(DamagedGeneration, match=r"was made with memory-1, memory-1, not chrom"):
            check(generation, SearchEngines(ChromaStore, TantivyStore))
    (generation / MANIFEST).unlink()
    with pytest.raises(DamagedGeneration, match=rf"0123abcd/{MANIFEST}\); run: footnote doctor"):
        verify(generation, MEMORY)


def test_no_module_but_its_own_names_a_file_or_table_of_a_store() -> None:
    root = Path(__file__).parents[3]
    own = {
        root / "index/engines" / f"{name}.py"
        for name in ("chroma_store", "chroma_core", "tantivy_store")
    }
    names = re.compile(r"chroma\.sqlite3|acquire_write|index_metadata|[\"'/](chroma|tantivy)/")
    naming = [
        path
        for package in ("index", "rag", "ui", "eval")
        for path in (root / package).rglob("*.py")
        if path not in own and names.search(path.read_text(encoding="utf-8"))
    ]
    assert naming == []

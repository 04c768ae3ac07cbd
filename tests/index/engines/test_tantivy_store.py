"""Tantivy as the text store: the textbook's BM25 on a corpus small enough to reckon by hand."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from index.engines.tantivy_store import TantivyStore

pytestmark = pytest.mark.model

TEXTS = {
    "k1": "The cats of Rome",
    "k2": "A dog chased the cat, and the cat chased a bird",
    "k3": "Birds fly over Rome and over Paris",
    "k4": "Café society in Zürich",
    "k5": "今天下雨",
}


@pytest.fixture
def store(tmp_path: Path) -> TantivyStore:
    TantivyStore.build(tmp_path)
    TantivyStore.add(tmp_path, TEXTS.items())
    return TantivyStore.open(tmp_path)


def keys(found: list[tuple[str, float]]) -> list[str]:
    return [key for key, _ in found]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("cat", ["k2", "k1"]),
        ("CATS!", ["k2", "k1"]),
        ("Which birds?", ["k2", "k3"]),
        ("cafe in Zurich", ["k4"]),
        ("rome paris", ["k3", "k1"]),
        ("elephant", []),
        ("", []),
        ("?!*\"' AND ( NEAR", []),
        ("text:cat^9 OR key:k3", ["k2", "k1"]),
        ("the", ["k1", "k2"]),
    ],
)
def test_tantivy_store_search_finds_texts_that_share_words(
    store: TantivyStore, query: str, expected: list[str]
) -> None:
    assert sorted(keys(store.search(query, 10))) == sorted(expected)


def test_tantivy_store_search_scores_are_bm25(store: TantivyStore) -> None:
    # Four characters of Chinese are four terms and three pairs.
    lengths = {"k1": 4, "k2": 11, "k3": 7, "k4": 4, "k5": 7}
    average = sum(lengths.values()) / 5
    idf = math.log(1 + (5 - 2 + 0.5) / (2 + 0.5))

    def bm25(count: int, length: int) -> float:
        return idf * count * 2.2 / (count + 1.2 * (0.25 + 0.75 * length / average))

    found = store.search("cat", 10)
    assert keys(found) == ["k1", "k2"]
    assert [score for _, score in found] == pytest.approx([bm25(1, 4), bm25(2, 11)], rel=1e-5)


def test_tantivy_store_search_gives_the_k_best_and_breaks_ties_by_key(tmp_path: Path) -> None:
    TantivyStore.build(tmp_path)
    TantivyStore.add(tmp_path, {"b": "cat", "c": "cat cat", "a": "cat"}.items())
    store = TantivyStore.open(tmp_path)
    assert keys(store.search("cat", 3)) == ["c", "a", "b"]
    assert keys(store.search("cat", 1)) == ["c"]
    assert store.search("cat", 0) == []


def test_tantivy_store_idf_is_that_of_robertson(store: TantivyStore) -> None:
    assert store.idf("cat") == pytest.approx(math.log(1 + 3.5 / 2.5))
    assert store.idf("elephant") == pytest.approx(math.log(1 + 5.5 / 0.5))


def test_tantivy_store_terms_are_stems_without_stop_words(store: TantivyStore) -> None:
    assert store.terms("What did the Cats do in Zürich's cafés?") == ["cat", "zurich", "cafe"]
    assert store.terms("") == []


def test_tantivy_store_add_adds_to_what_is_there(store: TantivyStore, tmp_path: Path) -> None:
    TantivyStore.add(tmp_path, [("k6", "an elephant"), ("k7", "x")])
    later = TantivyStore.open(tmp_path)
    assert (later.count(), keys(later.search("elephant", 5))) == (7, ["k6"])
    assert (store.count(), store.search("elephant", 5)) == (5, [])


def test_tantivy_store_without_texts_answers_with_nothing(tmp_path: Path) -> None:
    TantivyStore.build(tmp_path)
    store = TantivyStore.open(tmp_path)
    assert (store.count(), store.search("cat", 5)) == (0, [])
    assert store.is_searchable()


def test_tantivy_store_that_is_open_outlives_its_files(store: TantivyStore, tmp_path: Path) -> None:
    for file in (tmp_path / "tantivy").iterdir():
        file.unlink()
    assert keys(store.search("cat", 5)) == ["k1", "k2"]


def test_tantivy_store_languages_counts_texts_by_language(tmp_path: Path) -> None:
    texts = {
        "a": "The cats of Rome are asleep, and so is the dog.",
        "b": "Los gatos de la ciudad duermen, y el perro también.",
        "c": "The birds fly.",
        "d": "Кошки спят.",
        "e": "1 2 3",
    }
    TantivyStore.build(tmp_path)
    TantivyStore.add(tmp_path, texts.items())
    assert TantivyStore.open(tmp_path).languages == {"en": 3, "es": 1, "ru": 1}


MIXED = {
    "en": "The cities of the north were connected by a railway.",
    "es": "Las ciudades del norte estaban conectadas por un ferrocarril.",
    "de": "Die Städte des Nordens waren durch eine Eisenbahn verbunden.",
    "es2": "El norte es una región fría.",
}


@pytest.fixture
def mixed(tmp_path: Path) -> TantivyStore:
    TantivyStore.build(tmp_path)
    TantivyStore.add(tmp_path, MIXED.items())
    return TantivyStore.open(tmp_path)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("¿Qué ciudad estaba conectada?", ["es"]),
        ("ciudad", ["es"]),
        ("CIUDADES", ["es"]),
        ("fria", ["es2"]),
        ("Welche Stadt?", ["de"]),
        ("stadte", ["de"]),
        ("Which city had railways?", ["en"]),
        ("city", ["en"]),
        ("norte", ["es2", "es"]),
        ("¿Dónde está?", []),
    ],
)
def test_tantivy_store_search_of_a_mixed_index_reads_each_text_in_its_language(
    mixed: TantivyStore, query: str, expected: list[str]
) -> None:
    assert keys(mixed.search(query, 10)) == expected


def test_tantivy_store_terms_of_a_mixed_index_are_those_of_the_text_s_language(
    mixed: TantivyStore,
) -> None:
    assert mixed.terms("¿Qué ciudades estaban conectadas?") == ["ciudad", "conect"]
    assert mixed.terms("Which cities were connected?") == ["citi", "connect"]
    assert mixed.idf("ciudad") == pytest.approx(math.log(1 + 3.5 / 1.5))


def test_tantivy_store_terms_of_each_part_are_read_in_the_language_of_all(
    mixed: TantivyStore,
) -> None:
    parts = ["¿Qué ciudades estaban conectadas?", "Sin ciudades."]
    assert mixed.terms_of_each(parts) == [["ciudad", "conect"], ["ciudad"]]
    assert mixed.terms_of_each(["ciudades", "cities"]) == [["ciudad"], ["citi"]]
    assert mixed.terms_of_each([]) == []

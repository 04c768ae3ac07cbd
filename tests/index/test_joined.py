"""Indexes searched together: as one that holds all, with the collection before each path."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from index.errors import EmptyIndex
from index.joined import JoinedIndex
from index.snapshots import Index, Snapshot
from tests.helpers.indexing import Place, minilm, settings_for, sharing_minilm, write

pytestmark = pytest.mark.model

OWLS = "# Owls\n\nOwls hunt mice at night. Their eyes are large.\n"
NEWTS = "# Newts\n\nNewts live in ponds and eat worms.\n"
MICE = (
    "# Mice\n\nMice eat seeds. Owls are their enemies.\n\n"
    "| name | grams |\n|---|---|\n| vole | 30 |\n"
)
COMMON = "# Rules\n\nNo running in the halls of the museum.\n"


@pytest.fixture(scope="module")
def indexes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Index]]:
    """Two collections, and one index that holds the files of both."""
    folder = tmp_path_factory.mktemp("joined")
    files = {
        "birds": {"owls.md": OWLS, "rules.md": COMMON},
        "ponds": {"newts.md": NEWTS, "deep/mice.md": MICE},
    }
    files["both"] = files["birds"] | files["ponds"]
    found = dict[str, Index]()
    with sharing_minilm():
        for name, each in files.items():
            place = Place(folder / name)
            write(place.corpus, each)
            place.sync()
            found[name] = Index(settings_for(place.data), minilm())
    yield found
    for index in found.values():
        index.close()


@pytest.fixture
def joined(indexes: dict[str, Index]) -> Iterator[Snapshot]:
    with JoinedIndex({name: indexes[name] for name in ("birds", "ponds")}).lease() as snapshot:
        yield snapshot


@pytest.fixture
def both(indexes: dict[str, Index]) -> Iterator[Snapshot]:
    with indexes["both"].lease() as snapshot:
        yield snapshot


def test_documents_are_named_by_their_collection(joined: Snapshot) -> None:
    paths = [info.path for info in joined.documents()]
    assert paths == ["birds/owls.md", "birds/rules.md", "ponds/deep/mice.md", "ponds/newts.md"]
    mice = joined.document("ponds/deep/mice.md")
    assert mice
    assert (mice.path, mice.title) == ("ponds/deep/mice.md", "Mice")
    for path in ("deep/mice.md", "birds/deep/mice.md", "ponds", "", "other/owls.md"):
        assert joined.document(path) is None
        assert joined.passages_in(path) == []
        assert joined.tables_in(path, 0, 10_000) == ()
    assert joined.paths_with_tables == {"ponds/deep/mice.md"}


def test_passages_of_one_document_name_it(joined: Snapshot) -> None:
    passages = joined.passages_in("birds/owls.md")
    assert {each.document for each in passages} == {"birds/owls.md"}
    assert all(each.id.startswith("birds/") for each in passages)


@pytest.mark.parametrize("word", ["owls", "mice", "newts", "museum", "zebra"])
def test_rareness_of_a_word_is_that_of_one_index_with_all(
    joined: Snapshot, both: Snapshot, word: str
) -> None:
    (term,) = both.terms(word)
    assert joined.idf(term) == pytest.approx(both.idf(term), abs=1e-9)


def test_counts_are_those_of_one_index_with_all(joined: Snapshot, both: Snapshot) -> None:
    assert joined.passage_count == both.passage_count
    assert joined.text_count == both.text_count
    assert joined.terms("Owls hunting mice") == both.terms("Owls hunting mice")
    assert dict(joined.vocabulary("m", 20)) == dict(both.vocabulary("m", 20))


def test_nearest_are_those_of_one_index_with_all(joined: Snapshot, both: Snapshot) -> None:
    vector = minilm().embed_query("What do owls hunt?")
    expected, found = both.nearest(vector, 3), joined.nearest(vector, 3)
    assert [key for key, _ in found] == [key for key, _ in expected]
    assert np.allclose([score for _, score in found], [score for _, score in expected], atol=1e-6)
    stored = joined.vectors([key for key, _ in found])
    assert len(stored) == 3


def test_words_are_ranked_over_all_collections(joined: Snapshot, both: Snapshot) -> None:
    for query in ("owls hunt mice", "newts eat worms", "running in the museum"):
        expected = [key for key, _ in both.search_words(query, 5)]
        assert joined.search_words(query, 5)[0][0] == expected[0]


def test_text_of_two_collections_has_the_passages_of_both(indexes: dict[str, Index]) -> None:
    with JoinedIndex({"one": indexes["birds"], "two": indexes["both"]}).lease() as snapshot:
        (key,) = [key for key, _ in snapshot.search_words("museum", 5)]
        passages = snapshot.texts([key])[key].passages
    assert [each.document for each in passages] == ["one/rules.md", "two/rules.md"]


def test_collection_without_an_index_is_left_out_until_it_has_one(
    indexes: dict[str, Index], tmp_path: Path
) -> None:
    empty = Index(settings_for(tmp_path), minilm())
    with JoinedIndex({"none": empty, "birds": indexes["birds"]}).lease() as snapshot:
        assert [info.path for info in snapshot.documents()] == ["birds/owls.md", "birds/rules.md"]
    with pytest.raises(EmptyIndex, match="footnote index"), JoinedIndex({"none": empty}).lease():
        pass

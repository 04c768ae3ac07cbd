"""Questions to some of the documents: as if the others were not there."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from index.errors import UnknownDocument
from index.filtered import Filters, filtered
from index.joined import JoinedIndex
from index.snapshots import Index, Snapshot
from tests.helpers.indexing import Place, minilm, settings_for, sharing_minilm, write

pytestmark = pytest.mark.model

FILES: dict[str, str | bytes] = {
    "a/owls.md": "# Owls\n\nOwls hunt mice at night.\n",
    "a/b/mice.txt": "Mice eat seeds of grass.\n",
    "newts.md": "# Newts\n\nNewts hunt worms in ponds.\n",
    "prices.csv": "what,euros\nowl,5\nnewt,7\n",
    **{f"many/{number}.txt": f"Owls hunt voles in wood {number}.\n" for number in range(40)},
}


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Index]:
    place = Place(tmp_path_factory.mktemp("filtered"))
    write(place.corpus, FILES)
    with sharing_minilm():
        place.sync()
    found = Index(settings_for(place.data), minilm())
    yield found
    found.close()


@pytest.fixture
def snapshot(index: Index) -> Iterator[Snapshot]:
    with index.lease() as found:
        yield found


def paths(snapshot: Snapshot) -> list[str]:
    return [info.path for info in snapshot.documents()]


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        (Filters(("newts.md",)), ["newts.md"]),
        (Filters(folders=("a",)), ["a/b/mice.txt", "a/owls.md"]),
        (Filters(folders=("a/", "/a/b")), ["a/b/mice.txt", "a/owls.md"]),
        (Filters(folders=("a/b",)), ["a/b/mice.txt"]),
        (Filters(types=(".md",)), ["a/owls.md", "newts.md"]),
        (Filters(types=("MD", "csv")), ["a/owls.md", "newts.md", "prices.csv"]),
        (Filters(("newts.md",), ("a",)), ["a/b/mice.txt", "a/owls.md", "newts.md"]),
        (Filters(("newts.md",), ("a",), ("md",)), ["a/owls.md", "newts.md"]),
    ],
)
def test_documents_are_those_named_or_in_a_folder_and_of_a_type(
    snapshot: Snapshot, filters: Filters, expected: list[str]
) -> None:
    assert paths(filtered(snapshot, filters)) == expected


def test_no_filters_leave_the_snapshot_as_it_is(snapshot: Snapshot) -> None:
    assert filtered(snapshot, Filters()) is snapshot


@pytest.mark.parametrize(
    "filters", [Filters(("a",)), Filters(folders=("a/owls.md",)), Filters(types=(".pdf",))]
)
def test_filters_that_leave_nothing_are_told(snapshot: Snapshot, filters: Filters) -> None:
    with pytest.raises(UnknownDocument, match="no document is left by these filters"):
        filtered(snapshot, filters)


@pytest.mark.parametrize("compared", [0, 1_000])
def test_searches_find_what_is_far_down_in_the_ranking_of_all(
    snapshot: Snapshot, monkeypatch: pytest.MonkeyPatch, compared: int
) -> None:
    monkeypatch.setattr("index.filtered._COMPARED", compared)
    some = filtered(snapshot, Filters(("newts.md", "a/b/mice.txt")))
    vector = minilm().embed_query("Which owls hunt voles in the wood?")
    nearest = some.nearest(vector, 2)
    assert len(nearest) == 2
    found = some.texts([key for key, _ in nearest])
    assert {text.passage.document for text in found.values()} == {"newts.md", "a/b/mice.txt"}
    (words,) = some.search_words("owls hunt voles", 2)
    assert some.texts([words[0]])[words[0]].passage.document == "newts.md"
    (term,) = snapshot.terms("hunt")
    assert some.keys_with(term, 5) == [words[0]]
    whole = dict(snapshot.nearest(vector, 100))
    assert [score for _, score in nearest] == pytest.approx([whole[k] for k, _ in nearest], 1e-5)


def test_other_documents_are_not_there(snapshot: Snapshot) -> None:
    some = filtered(snapshot, Filters(types=("csv",)))
    assert some.document("newts.md") is None
    assert some.passages_in("newts.md") == []
    assert some.tables_in("newts.md", 0, 99) == ()
    assert some.document("prices.csv")
    assert some.paths_with_tables == {"prices.csv"}
    assert (some.passage_count, some.text_count) == (1, 1)
    assert some.keys_in(["newts.md", "prices.csv"]) == snapshot.keys_in(["prices.csv"])


def test_filters_name_documents_of_collections_by_their_whole_path(index: Index) -> None:
    with JoinedIndex({"one": index, "two": index}).lease() as snapshot:
        some = filtered(snapshot, Filters(("one/newts.md",), ("two/a",)))
        assert paths(some) == ["one/newts.md", "two/a/b/mice.txt", "two/a/owls.md"]
        (key,) = snapshot.keys_in(["one/newts.md"])
        assert [each.document for each in some.texts([key])[key].passages] == ["one/newts.md"]

"""The index as its readers see it, while a writer goes on."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from index import sync as module
from index.errors import EmptyIndex, FootnoteError, IndexMismatch, StoreError
from index.store import Index, Snapshot
from index.sync import SyncReport
from tests.indexing import minilm, settings_for, write

pytestmark = pytest.mark.model


@pytest.fixture(autouse=True)
def _one_model(monkeypatch: pytest.MonkeyPatch) -> None:
    for place in ("index.sync.Embedder", "index.store.Embedder"):
        monkeypatch.setattr(place, lambda _: minilm())


class Place:
    """A corpus of one line and its index."""

    def __init__(self, folder: Path) -> None:
        self.corpus, self.data = folder / "corpus", folder / "data"

    def sync(self, text: str) -> SyncReport:
        write(self.corpus, {"a.txt": text})
        return module.sync(settings_for(self.data), self.corpus, force=True)

    def generations(self) -> list[str]:
        return sorted(path.name[:6] for path in (self.data / "generations").iterdir())


@pytest.fixture
def place(tmp_path: Path) -> Place:
    place = Place(tmp_path)
    place.sync("Newts swim in ponds.")
    return place


@pytest.fixture
def index(place: Place) -> Iterator[Index]:
    opened = Index(settings_for(place.data))
    yield opened
    opened.close()


def texts(snapshot: Snapshot, query: str = "newts eels swim") -> list[str]:
    """What a question finds, which must be the same by words and by meaning."""
    by_words = [key for key, _ in snapshot.search_words(query, 5)]
    by_meaning = [key for key, _ in snapshot.nearest(minilm().embed_query(query), 5)]
    assert sorted(by_words) == sorted(by_meaning)
    found = snapshot.passages(by_words)
    return [passage.text for key in by_words for passage in found[key]]


def ask(index: Index) -> list[str]:
    with index.lease() as snapshot:
        return texts(snapshot)


def test_index_lease_gives_all_there_is(index: Index, place: Place) -> None:
    with index.lease() as snapshot:
        (key, score), *_ = snapshot.nearest(minilm().embed_query("pond animals"), 50)
        assert texts(snapshot) == ["Newts swim in ponds."]
        assert snapshot.search_words("newts", 5)[0][0] == key
        assert float(snapshot.vectors([key])[key] @ minilm().embed_query("pond animals")) == (
            pytest.approx(score, abs=1e-5)
        )
        document = snapshot.document("a.txt")
        assert document
        assert (document.text, snapshot.document("b.txt")) == ("Newts swim in ponds.", None)
        assert [(d.path, d.passages) for d in snapshot.documents()] == [("a.txt", 1)]
        assert (snapshot.generation, snapshot.passage_count) == (1, 1)
        assert snapshot.corpus == str(place.corpus)
        assert snapshot.terms("Newts swim") == ["newt", "swim"]
        assert snapshot.idf("newt") > 0


def test_index_reader_moves_on_between_questions_and_keeps_what_is_leased(
    index: Index, place: Place
) -> None:
    with index.lease() as old:
        place.sync("Eels swim in rivers.")
        with index.lease() as new:
            assert (old.generation, new.generation) == (1, 2)
            assert (texts(old), texts(new)) == (["Newts swim in ponds."], ["Eels swim in rivers."])
            place.sync("Eels swim in the sea.")
            assert place.generations() == ["000001", "000002", "000003"]
            assert (texts(old), texts(new)) == (["Newts swim in ponds."], ["Eels swim in rivers."])
            assert old.document("a.txt") != new.document("a.txt")
        assert ask(index) == ["Eels swim in the sea."]
    module.sync(settings_for(place.data), place.corpus)
    assert place.generations() == ["000003"]


def test_index_made_anew_in_the_same_place_is_noticed(index: Index, place: Place) -> None:
    assert ask(index) == ["Newts swim in ponds."]
    shutil.rmtree(place.data)
    with pytest.raises(EmptyIndex, match=r"data; run: footnote index FOLDER$"):
        ask(index)
    assert place.sync("Eels swim in rivers.").generation == 1
    assert ask(index) == ["Eels swim in rivers."]


def test_index_of_many_threads_answers_while_syncs_go_on(index: Index, place: Place) -> None:
    stop, wrong, asked = threading.Event(), list[object](), [0]

    def go_on_asking() -> None:
        while not stop.is_set():
            try:
                found = ask(index)
            except FootnoteError as error:
                wrong.append(error)
            else:
                asked[0] += 1
                if found not in (["Newts swim in ponds."], ["Eels swim."], ["Newts swim."]):
                    wrong.append(found)

    threads = [threading.Thread(target=go_on_asking) for _ in range(4)]
    for thread in threads:
        thread.start()
    place.sync("Eels swim.")
    place.sync("Newts swim.")
    stop.set()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert asked[0] > 20
    assert ask(index) == ["Newts swim."]


def test_index_where_nothing_is_indexed_says_what_to_run(tmp_path: Path) -> None:
    with pytest.raises(
        EmptyIndex, match=r"^nothing is indexed in .*none; run: footnote index FOLDER$"
    ):
        ask(Index(settings_for(tmp_path / "none")))
    assert not (tmp_path / "none").exists()


def test_index_of_an_empty_folder_has_no_passages(tmp_path: Path) -> None:
    (tmp_path / "corpus").mkdir()
    module.sync(settings_for(tmp_path / "data"), tmp_path / "corpus")
    index = Index(settings_for(tmp_path / "data"))
    with index.lease() as snapshot:
        assert (snapshot.passage_count, texts(snapshot), snapshot.documents()) == (0, [], [])
    index.close()


def test_index_of_another_model_says_what_to_run(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()
    (place.data / "other").symlink_to(minilm().folder)
    index = Index(settings_for(place.data, embedding_model=str(place.data / "other")))
    expected = (
        r"^the index was built with minilm-\w+, the settings ask for other-\w+; "
        rf"run: footnote index {place.corpus} --rebuild$"
    )
    with pytest.raises(IndexMismatch, match=expected):
        ask(index)


def test_index_with_a_torn_follower_says_what_to_run_and_works_once_that_is_done(
    index: Index, place: Place
) -> None:
    (meta,) = place.data.glob("generations/000001-*/tantivy/meta.json")
    meta.write_bytes(b"{")
    expected = (
        rf"^the index cannot be searched \(.*\); run: footnote index {place.corpus} --rebuild$"
    )
    for _ in range(2):
        with pytest.raises(StoreError, match=expected):
            ask(index)
    report = module.sync(settings_for(place.data), place.corpus, rebuild=True)
    assert (report.embedded, ask(index)) == (0, ["Newts swim in ponds."])


def test_index_remembers_query_vectors_and_closes_twice(index: Index) -> None:
    assert index.embed_query("Who?") is index.embed_query("Who?")
    assert index.embed_sentences(["Who?"]).shape == (1, 384)
    assert index.embed_sentences([]).shape == (0, 0)
    index.close()
    index.close()
    assert ask(index) == ["Newts swim in ponds."]

"""The index as its readers see it, while a writer goes on."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from index.errors import BeingIndexed, EmptyIndex, FootnoteError, IndexMismatch, StoreError
from index.snapshots import GenerationSnapshot, Index, Snapshot
from index.sync.sync import SyncReport
from tests.helpers.indexing import Place, minilm, settings_for, sharing_minilm, write

pytestmark = pytest.mark.model


@pytest.fixture(scope="module", autouse=True)
def _one_model() -> Iterator[None]:
    with sharing_minilm():
        yield


def sync_text(place: Place, text: str) -> SyncReport:
    write(place.corpus, {"a.txt": text})
    return place.sync(force=True)


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory, _one_model: None) -> Place:
    """A corpus of one line and its index, which tests copy."""
    place = Place(tmp_path_factory.mktemp("base"))
    sync_text(place, "Newts swim in ponds.")
    return place


@pytest.fixture
def place(base: Place, tmp_path: Path) -> Place:
    return base.copy(tmp_path / "place")


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
    found = snapshot.texts(by_words)
    return [passage.text for key in by_words for passage in found[key].passages]


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
        assert snapshot.document("a.txt") is document
        assert snapshot.passages_in("a.txt") is snapshot.passages_in("a.txt")
        assert (snapshot.paths_with_tables, snapshot.tables_in("a.txt", 0, 9)) == (frozenset(), ())
        assert [(d.path, d.passages) for d in snapshot.documents()] == [("a.txt", 1)]
        assert (snapshot.generation, snapshot.passage_count) == (1, 1)
        assert isinstance(snapshot, GenerationSnapshot)
        assert snapshot.corpus == str(place.corpus)
        assert snapshot.terms("Newts swim") == ["newt", "swim"]
        assert snapshot.idf("newt") > 0


def test_snapshot_of_a_table_gives_the_rows_between_two_characters(place: Place) -> None:
    write(place.corpus, {"b.csv": "boat,price\nPlover,4\nHeron,5\nGull,6\n"})
    place.sync(force=True)
    index = Index(settings_for(place.data))
    try:
        with index.lease() as snapshot:
            assert snapshot.paths_with_tables == {"b.csv"}
            document = snapshot.document("b.csv")
            assert document
            ((table,), heron) = document.tables, document.text.index("Heron")
            (found,) = snapshot.tables_in("b.csv", heron, heron + 1)
            assert (found.columns, found.rows) == (table.columns, (table.rows[1],))
    finally:
        index.close()


def test_index_reader_moves_on_between_questions_and_keeps_what_is_leased(
    index: Index, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("index.sync.sync._READER_GRACE_SECONDS", 0.0)
    with index.lease() as old:
        sync_text(place, "Eels swim in rivers.")
        with index.lease() as new:
            assert (old.generation, new.generation) == (1, 2)
            assert (texts(old), texts(new)) == (["Newts swim in ponds."], ["Eels swim in rivers."])
            sync_text(place, "Eels swim in the sea.")
            assert place.generations() == ["000001", "000002", "000003"]
            assert (texts(old), texts(new)) == (["Newts swim in ponds."], ["Eels swim in rivers."])
            assert old.document("a.txt") != new.document("a.txt")
        assert ask(index) == ["Eels swim in the sea."]
    place.sync()
    assert place.generations() == ["000003"]


def test_index_that_keeps_up_lets_deleted_text_go_from_the_disk(
    index: Index, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    def leaves(word: str) -> list[str]:
        files = [path for path in place.data.rglob("*") if path.is_file()]
        return [path.name for path in files if word.encode() in path.read_bytes()]

    sync_text(place, "Newts hear the canary.")
    assert ask(index) == ["Newts hear the canary."]
    assert leaves("canary")
    write(place.corpus, {"b.txt": "Newts swim."})
    stop = threading.Event()
    thread = threading.Thread(target=index.keep_up, args=(stop,))
    thread.start()
    (place.corpus / "a.txt").unlink()
    assert not place.sync(force=True).lingers
    assert leaves("canary") == []
    stop.set()
    thread.join()
    monkeypatch.setattr("index.sync.sync._READER_GRACE_SECONDS", 0.0)
    write(place.corpus, {"b.txt": "Eels creep."})
    assert place.sync().lingers  # nobody lets go of the one before
    assert place.generations() == ["000003", "000004"]
    index.close()
    assert not place.sync().lingers


def test_index_in_a_folder_that_cannot_be_written_answers(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = place.state()
    # To root every folder is writable but on a disk that is mounted read-only.
    monkeypatch.setattr("os.access", lambda path, mode: False)
    opened = Index(settings_for(place.data))
    assert ask(opened) == ["Newts swim in ponds."]
    opened.close()
    assert place.state() == before


def test_index_made_anew_in_the_same_place_is_noticed(index: Index, place: Place) -> None:
    assert ask(index) == ["Newts swim in ponds."]
    shutil.rmtree(place.data)
    with pytest.raises(EmptyIndex, match=r"data; run: footnote index FOLDER$"):
        ask(index)
    assert sync_text(place, "Eels swim in rivers.").generation == 1
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
                if found not in (["Newts swim in ponds."], ["Eels swim."]):
                    wrong.append(found)

    threads = [threading.Thread(target=go_on_asking) for _ in range(3)]
    for thread in threads:
        thread.start()
    sync_text(place, "Eels swim.")
    stop.set()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert asked[0] > 20
    assert ask(index) == ["Eels swim."]


def test_index_where_nothing_is_indexed_says_what_to_run(tmp_path: Path) -> None:
    with pytest.raises(
        EmptyIndex, match=r"^nothing is indexed in .*none; run: footnote index FOLDER$"
    ):
        ask(Index(settings_for(tmp_path / "none")))
    assert not (tmp_path / "none").exists()


def test_index_that_is_being_made_says_so_until_it_is_there(place: Place, tmp_path: Path) -> None:
    settings = settings_for(tmp_path / "none")
    sentence = "the documents are being read; ask again in a moment"
    with pytest.raises(BeingIndexed, match=f"^{sentence}$"):
        ask(Index(settings, being_indexed=lambda: sentence))
    assert ask(Index(settings_for(place.data), being_indexed=lambda: sentence))


def test_index_of_an_empty_folder_has_no_passages(tmp_path: Path) -> None:
    place = Place(tmp_path)
    place.corpus.mkdir()
    place.sync()
    index = Index(settings_for(place.data))
    with index.lease() as snapshot:
        assert (snapshot.passage_count, texts(snapshot), snapshot.documents()) == (0, [], [])
    index.close()


def test_index_of_another_model_says_what_to_run(place: Place) -> None:
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
    expected = r"^the index is damaged \(.*/tantivy/meta.json\); run: footnote doctor --repair$"
    for _ in range(2):
        with pytest.raises(StoreError, match=expected):
            ask(index)
    report = place.sync(rebuild=True)
    assert (report.embedded, ask(index)) == (0, ["Newts swim in ponds."])


def test_index_remembers_query_vectors_and_closes_twice(index: Index) -> None:
    assert index.embed_query("Who?") is index.embed_query("Who?")
    assert index.embed_sentences(["Who?"]).shape == (1, 384)
    assert index.embed_sentences([]).shape == (0, 0)
    index.close()
    index.close()
    assert ask(index) == ["Newts swim in ponds."]

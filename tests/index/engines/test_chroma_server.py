"""Vectors in a real Chroma server, which is killed in the middle of syncs and of questions."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import cycle
from pathlib import Path
from time import sleep
from typing import Any

import httpx
import pytest

from index.engines import chroma_server
from index.engines.base import VectorStore, class_name, import_class, load_engines
from index.engines.chroma_server import ChromaServerStore, store_at
from index.errors import ConfigError, FootnoteError, StoreError, UnreachableStore
from index.replicas.publish import publish_index
from index.settings import IndexSettings, load_settings
from index.snapshots import Index
from index.sync.doctor import examine, repair
from index.sync.sync import sync
from tests.helpers.chroma_run import ChromaServer
from tests.helpers.indexing import minilm, sharing_minilm, write
from tests.index.engines import test_store_contract as contract

pytestmark = pytest.mark.model


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ChromaServer]:
    server = ChromaServer(tmp_path_factory.mktemp("chroma") / "data")
    server.start()
    yield server
    server.kill()


@pytest.fixture
def server(running: ChromaServer) -> Iterator[ChromaServer]:
    yield running
    running.kill()
    running.start()


@pytest.fixture
def store(running: ChromaServer) -> type[VectorStore]:
    return store_at(running.address)


@pytest.fixture(scope="module", autouse=True)
def _one_model() -> Iterator[None]:
    with sharing_minilm():
        yield


def settings_at(address: str, folder: Path) -> IndexSettings:
    return load_settings(IndexSettings, data=folder / "data", vector_store=address)


def collections(address: str) -> set[str]:
    path = "/api/v2/tenants/default_tenant/databases/default_database/collections"
    return {found["name"] for found in httpx.get(address + path).json()}


@pytest.mark.parametrize(
    "holds",
    [
        contract.test_store_that_is_built_is_empty_and_exists,
        contract.test_store_drop_of_a_generation_without_a_store_does_nothing,
        contract.test_vector_store_nearest_gives_cosines_best_first,
        contract.test_vector_store_ties_are_broken_by_key,
        contract.test_vector_store_apply_removes_and_adds,
        contract.test_store_copy_holds_the_same_and_changes_alone,
    ],
)
def test_chroma_server_does_what_every_vector_store_must(
    store: type[VectorStore], tmp_path: Path, holds: Callable[..., None]
) -> None:
    generation = tmp_path / f"000001-{abs(hash(str(tmp_path))):x}"
    generation.mkdir()
    if "copy" in holds.__name__:
        holds(store, generation, tmp_path / generation.name)
    else:
        holds(store, generation)


def test_chroma_server_is_imported_by_its_address(store: type[VectorStore]) -> None:
    assert import_class(class_name(store)) is store
    assert load_engines(load_settings(IndexSettings, vector_store=store.ADDRESS)).vectors is store


def found(settings: IndexSettings, question: str = "who swims") -> list[str]:
    with closing(Index(settings)) as index, index.lease() as snapshot:
        keys = [key for key, _ in snapshot.nearest(index.embed_query(question), 1)]
        return [snapshot.texts(keys)[key].passage.text for key in keys]


def test_index_in_a_chroma_server_has_one_collection_for_its_generation(
    running: ChromaServer, tmp_path: Path
) -> None:
    corpus, settings = tmp_path / "corpus", settings_at(running.address, tmp_path)
    before = collections(running.address)
    write(corpus, {"a.md": "Newts swim in ponds.", "b.md": "Cats sleep."})
    assert sync(settings, corpus).generation == 1
    write(corpus, {"a.md": "Eels swim in rivers."})
    assert sync(settings, corpus).generation == 2
    (folder,) = (settings.data / "generations").iterdir()
    assert collections(running.address) - before == {f"footnote-{folder.name}"}
    assert found(settings) == ["Eels swim in rivers."]
    assert examine(settings).problems == ()
    # What is lost there is noticed, and made anew from the catalog.
    store_at(running.address).drop(folder)
    with pytest.raises(StoreError, match=r"run: footnote doctor --repair"):
        found(settings)
    assert len(repair(settings, minilm())) == 1
    assert found(settings) == ["Eels swim in rivers."]
    with pytest.raises(ConfigError, match=r"are not published.*set 'vector_store' to 'chroma'"):
        publish_index(settings, str(tmp_path / "address"))


@pytest.mark.full
def test_server_that_is_killed_between_questions_is_told_of_and_comes_back(
    server: ChromaServer, tmp_path: Path
) -> None:
    corpus, settings = tmp_path / "corpus", settings_at(server.address, tmp_path)
    write(corpus, {"a.md": "Newts swim in ponds.", "b.md": "Cats sleep."})
    sync(settings, corpus)
    with closing(Index(settings)) as index:
        vector = minilm().embed_query("who swims")
        with index.lease() as snapshot:
            before = snapshot.nearest(vector, 2)
        server.kill()
        with index.lease() as snapshot, pytest.raises(UnreachableStore, match=r"cannot be reached"):
            snapshot.nearest(vector, 2)
        write(corpus, {"a.md": "Eels swim in rivers."})
        with pytest.raises(StoreError, match=r"Chroma server at .* cannot be reached"):
            sync(settings, corpus)
        server.start()
        with index.lease() as snapshot:
            assert snapshot.nearest(vector, 2) == before
        assert sync(settings, corpus).generation == 2
    assert found(settings) == ["Eels swim in rivers."]


@pytest.mark.full
def test_server_that_is_stopped_answers_too_late_and_that_is_said(
    server: ChromaServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chroma_server, "_READ", httpx.Timeout(1, connect=1))
    corpus, settings = tmp_path / "corpus", settings_at(server.address, tmp_path)
    write(corpus, {"a.md": "Newts swim in ponds."})
    sync(settings, corpus)
    with closing(Index(settings)) as index, index.lease() as snapshot:
        vector = minilm().embed_query("who swims")
        before = snapshot.nearest(vector, 1)
        server.pause()
        with pytest.raises(UnreachableStore, match=r"does not answer in time; see that it runs"):
            snapshot.nearest(vector, 1)
        server.go_on()
        assert snapshot.nearest(vector, 1) == before


@pytest.mark.full
@pytest.mark.parametrize("requests", range(1, 16))
def test_server_that_is_killed_in_the_middle_of_a_sync_leaves_the_old_answers(
    server: ChromaServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, requests: int
) -> None:
    corpus, settings = tmp_path / "corpus", settings_at(server.address, tmp_path)
    write(corpus, {"a.md": "Newts swim in ponds.", "b.md": "Cats sleep.", "c.md": "Owls fly."})
    sync(settings, corpus)
    before = collections(server.address)
    send, left = chroma_server._ChromaServer._send, [requests]

    def dying(self: object, *given: object) -> object:
        left[0] -= 1
        if left[0] == 0:
            server.kill()
        return send(self, *given)  # type: ignore[arg-type]

    write(corpus, {"a.md": "Eels swim in rivers."})
    with monkeypatch.context() as patch:
        patch.setattr(chroma_server._ChromaServer, "_send", dying)
        said = ""
        try:
            sync(settings, corpus)
        except FootnoteError as error:
            said = str(error)
        assert not said or "Chroma server" in said
    if left[0] <= 0:
        server.start()
    assert found(settings) in (["Newts swim in ponds."], ["Eels swim in rivers."])
    sync(settings, corpus)
    assert found(settings) == ["Eels swim in rivers."]
    sync(settings, corpus)  # sweeps what could not be dropped
    assert examine(settings).problems == ()
    assert len(collections(server.address)) == len(before)


def wait_until_more(answers: list[int]) -> None:
    so_far = answers[0]
    while answers[0] < so_far + 50:
        sleep(0.01)


@pytest.mark.full
def test_server_that_is_killed_while_questions_are_asked_gives_no_wrong_answer(
    server: ChromaServer, tmp_path: Path
) -> None:
    corpus, settings = tmp_path / "corpus", settings_at(server.address, tmp_path)
    write(corpus, {f"{n}.md": f"Newt number {n} swims in pond {n * 7}." for n in range(40)})
    sync(settings, corpus)
    vectors = minilm().embed_passages([f"pond {n}" for n in range(20)])
    stop, wrong, answers, errors = threading.Event(), list[Any](), [0], [0]
    with closing(Index(settings)) as index, index.lease() as snapshot:
        expected = [snapshot.nearest(vector, 3) for vector in vectors]

        def ask() -> None:
            for vector, right in cycle(zip(vectors, expected, strict=True)):
                if stop.is_set():
                    return
                try:
                    given = snapshot.nearest(vector, 3)
                except UnreachableStore:
                    errors[0] += 1
                else:
                    answers[0] += 1
                    wrong.extend([given] if given != right else [])

        with ThreadPoolExecutor(4) as pool:
            asking = [pool.submit(ask) for _ in range(4)]
            for _ in range(5):
                wait_until_more(answers)
                server.kill()
                server.start()
            stop.set()
        assert [done.result() for done in asking] == [None] * 4
        assert [snapshot.nearest(vector, 3) for vector in vectors] == expected
    assert (wrong, errors[0] > 0) == ([], True)


@pytest.mark.parametrize("address", ["http://", "http://h/only-a-tenant", "https://h:0"])
def test_address_that_cannot_be_one_names_the_setting(address: str) -> None:
    settings = load_settings(IndexSettings, vector_store=address)
    with pytest.raises(ConfigError, match=r"setting 'vector_store' names .*a server is named as"):
        load_engines(settings)


class _Other(BaseHTTPRequestHandler):
    """Something else than Chroma; the path tells what it replies."""

    def do_GET(self) -> None:
        status = int(self.path.split("/")[4]) if self.path.split("/")[4].isdigit() else 200
        self.send_response(status)
        self.send_header("Content-Length", "5")
        self.end_headers()
        self.wfile.write(b"hello")

    do_POST = do_GET

    def log_message(self, *_: object) -> None:
        pass


@pytest.mark.parametrize(
    ("tenant", "error", "expected"),
    [
        ("401", ConfigError, r"refuses access \(401\); set CHROMA_API_KEY, or mend"),
        ("500", StoreError, r"answers 500 \(hello\); see that setting 'vector_store' names"),
        ("200", StoreError, r"answers 200 \(hello\); see that setting 'vector_store' names"),
    ],
)
def test_server_that_is_something_else_is_told_of(
    tmp_path: Path, tenant: str, error: type[FootnoteError], expected: str
) -> None:
    other = ThreadingHTTPServer(("127.0.0.1", 0), _Other)
    threading.Thread(target=other.serve_forever, daemon=True).start()
    store = store_at(f"http://127.0.0.1:{other.server_address[1]}/{tenant}/x")
    with pytest.raises(error, match=expected):
        store.exists(tmp_path)
    other.shutdown()
    other.server_close()
    assert issubclass(store, ChromaServerStore)

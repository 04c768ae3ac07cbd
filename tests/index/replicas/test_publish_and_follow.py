"""An index that is published, and those who follow it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from index.catalog.writer import FOLLOWED
from index.errors import ConfigError, EmptyIndex, FootnoteError, IndexMismatch, StoreError
from index.replicas.follow import Follower, following
from index.replicas.object_store import ObjectStore
from index.replicas.publish import PublishReport, publish_index
from index.settings import IndexSettings
from index.snapshots import Index
from index.sync.doctor import examine
from tests.helpers.indexing import Place, minilm, settings_for, sharing_minilm, write

pytestmark = pytest.mark.model


@pytest.fixture(scope="module", autouse=True)
def _one_model() -> Iterator[None]:
    with sharing_minilm(), pytest.MonkeyPatch.context() as patch:
        patch.setattr("index.replicas.follow.Embedder", lambda name: minilm())
        yield


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory, _one_model: None) -> Place:
    place = Place(tmp_path_factory.mktemp("base"))
    write(place.corpus, {"a.txt": "Newts swim in ponds.", "b.txt": "Cats sleep on walls."})
    place.sync()
    return place


@pytest.fixture
def place(base: Place, tmp_path: Path) -> Place:
    return base.copy(tmp_path / "place")


@pytest.fixture
def address(tmp_path: Path) -> str:
    return str(tmp_path / "address")


def publish(place: Place, address: str, **given: Any) -> PublishReport:
    return publish_index(settings_for(place.data), address, **given)


def change(place: Place, text: str) -> None:
    write(place.corpus, {"a.txt": text})
    place.sync(force=True)


def replica(tmp_path: Path, name: str = "replica") -> IndexSettings:
    return settings_for(tmp_path / name)


def started(settings: IndexSettings, address: str) -> Follower:
    follower = Follower(settings, address)
    follower.start()
    return follower


def texts(index: Index, query: str = "who swims") -> list[str]:
    with index.lease() as snapshot:
        keys = [key for key, _ in snapshot.search_words(query, 5)]
        nearest = [key for key, _ in snapshot.nearest(index.embed_query(query), 1)]
        assert nearest == keys[:1]
        found = snapshot.texts(keys)
    return [passage.text for key in keys for passage in found[key].passages]


def test_follower_starts_from_nothing_and_moves_with_its_readers(
    place: Place, address: str, tmp_path: Path
) -> None:
    first = publish(place, address)
    assert (first.generation, first.name[:9]) == (1, "00000001-")
    settings = replica(tmp_path)
    follower = started(settings, address)
    with closing(Index(settings)) as index:
        assert texts(index) == ["Newts swim in ponds."]
        assert follower.poll() is False
        with index.lease() as before:
            change(place, "Eels swim in rivers.")
            assert publish(place, address).generation == 2
            assert follower.poll() is True
            # The question that has begun ends with what it began with.
            assert [info.path for info in before.documents()] == ["a.txt", "b.txt"]
            assert before.document("a.txt").text == "Newts swim in ponds."  # type: ignore[union-attr]
        assert texts(index) == ["Eels swim in rivers."]
        assert follower.poll() is False
        (folder,) = (settings.data / "generations").iterdir()
        assert folder.name.startswith("000002-")
    assert examine(settings).problems == ()
    assert sorted(path.name for path in settings.data.iterdir()) == [
        *("catalog.sqlite3", FOLLOWED, "generations"),
    ]


def test_publish_sends_only_what_changed(place: Place, address: str) -> None:
    first = publish(place, address)
    assert first.bytes_sent > first.bytes_total * 0.9
    same = publish(place, address)
    assert (same.name, same.blocks_sent, same.bytes_sent) == (first.name, 0, 0)
    write(place.corpus, {"c.txt": "Herons fish."})
    place.sync()
    more = publish(place, address)
    assert more.name[:9] == "00000002-"
    assert 0 < more.bytes_sent < more.bytes_total
    again = publish(place, address, send_all=True)
    assert again.bytes_sent > again.bytes_total * 0.9
    # What the index itself is made of is as before.
    assert not (place.data / "publishing").exists()


def test_publish_removes_what_no_kept_publication_needs(place: Place, address: str) -> None:
    store = ObjectStore(address, {})
    for number in range(1, 6):
        change(place, f"Newts swim in {number} ponds.")
        publish(place, address)
        assert len(store.names()) == min(number, 3)
    needed = set[str]()
    for name in store.names():
        body = json.loads(store.publication(name) or b"")
        needed |= {digest for file in body["files"].values() for digest in file["blocks"]}
    assert store.block_sizes().keys() == needed


class _CutOff(Exception):
    pass


@pytest.mark.sample(1)
@pytest.mark.parametrize("method", ["put_blocks", "put_publication"])
def test_publish_that_is_cut_off_leaves_the_one_before_valid(
    place: Place, address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    publish(place, address)
    change(place, "Eels swim in rivers.")

    def cut_off(store: ObjectStore, *given: Any) -> None:
        """Half of what is to be written, as a killed process leaves it in a folder."""
        if method == "put_publication":
            name, data = given
            path = Path(address, "publications", name)
        else:
            digest, data = next(iter(given[0].items()))
            path = Path(address, "blocks", digest[:2], digest)
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(data[: len(data) // 2])
        raise _CutOff

    with monkeypatch.context() as patch:
        patch.setattr(ObjectStore, method, cut_off)
        with pytest.raises(_CutOff):
            publish(place, address)
    settings = replica(tmp_path)
    follower = started(settings, address)
    with closing(Index(settings)) as index:
        assert texts(index) == ["Newts swim in ponds."]
        assert publish(place, address).generation == 2
        assert follower.poll() is True
        assert texts(index) == ["Eels swim in rivers."]
    assert follower.poll() is False
    assert examine(settings).problems == ()


def test_follower_of_a_damaged_block_keeps_the_old_state_and_names_the_command(
    place: Place, address: str, tmp_path: Path
) -> None:
    publish(place, address)
    settings = replica(tmp_path)
    follower = started(settings, address)
    change(place, "Eels swim in rivers.")
    publish(place, address)
    newest = json.loads(max(Path(address, "publications").iterdir()).read_bytes())
    for digest in newest["files"]["catalog.sqlite3"]["blocks"]:
        path = Path(address, "blocks", digest[:2], digest)
        path.write_bytes(bytes(len(path.read_bytes())))
    with closing(Index(settings)) as index:
        expected = rf"a block at {address} is damaged; run .*: footnote publish {address} --all"
        with pytest.raises(StoreError, match=expected):
            follower.poll()
        assert texts(index) == ["Newts swim in ponds."]
        publish(place, address, send_all=True)
        assert follower.poll() is True
        assert texts(index) == ["Eels swim in rivers."]


@pytest.mark.sample(1)
@pytest.mark.parametrize("spoilt", ["catalog.sqlite3", "generations", FOLLOWED])
def test_follower_that_starts_on_damage_fetches_anew(
    place: Place, address: str, tmp_path: Path, spoilt: str
) -> None:
    publish(place, address)
    settings = replica(tmp_path)
    started(settings, address)
    path = settings.data / spoilt
    if path.is_dir():
        for file in path.rglob("*"):
            if file.is_file():
                file.write_bytes(b"x" * 1000)
    else:
        path.write_bytes(b"x" * 1000)
    started(settings, address)
    with closing(Index(settings)) as index:
        assert texts(index) == ["Newts swim in ponds."]
    assert examine(settings).problems == ()


def test_follower_starts_with_what_it_has_when_the_address_is_gone(
    place: Place, address: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    publish(place, address)
    settings = replica(tmp_path)
    started(settings, address)
    shutil.rmtree(address)
    started(settings, address)
    with closing(Index(settings)) as index:
        assert texts(index) == ["Newts swim in ponds."]


def test_followed_folder_is_changed_by_nobody_else(
    place: Place, address: str, tmp_path: Path
) -> None:
    publish(place, address)
    settings = replica(tmp_path)
    with following(settings, address):
        with (
            pytest.raises(StoreError, match=r"is being written by process \d+"),
            following(settings, address),
        ):
            pass
        copy = Place(tmp_path)
        copy.corpus, copy.data = place.corpus, settings.data
        with pytest.raises(StoreError, match=r"follows one that is published elsewhere; change it"):
            copy.sync()


@pytest.mark.sample(3)
@pytest.mark.parametrize(
    ("kind", "error", "expected"),
    [
        ("nothing", EmptyIndex, r"nothing is published at .*; run .*: footnote publish "),
        ("own index", ConfigError, r"holds an index of its own; .* choose a folder .* --data"),
        ("other address", ConfigError, r"follows .*, and setting 'follow' asks for .*; choose"),
        ("other engines", IndexMismatch, r"with engines chroma 0, here it is chromadb .*'vector_s"),
        ("other model", IndexMismatch, r"made with model other-1, here .* setting 'embedding_mod"),
        ("other format", IndexMismatch, r"was made by another Footnote; use the same version"),
        ("path out of it", StoreError, r"names a file '\.\./x'; publish it anew"),
    ],
)
def test_follower_of_what_it_cannot_serve_says_so(
    place: Place, address: str, tmp_path: Path, kind: str, error: type[FootnoteError], expected: str
) -> None:
    settings = replica(tmp_path)
    if kind == "own index":
        settings = settings_for(place.data)
    if kind != "nothing":
        publish(place, address)
    if kind == "other address":
        started(settings, address)
        shutil.copytree(address, f"{address}-2")
        address = f"{address}-2"
    spoil(address, kind)
    with pytest.raises(error, match=expected):
        started(settings, address)


def spoil(address: str, kind: str) -> None:
    """Publish something else as well."""
    from index.replicas.published import name_of

    store = ObjectStore(address, {})
    if not store.names():
        return
    body = json.loads(store.publication(store.names()[0]) or b"")
    match kind:
        case "other engines":
            body["engines"] = "chroma 0"
        case "other model":
            body["model"] = "other-1"
        case "other format":
            body["format"] = 2
        case "path out of it":
            body["files"]["../x"] = body["files"]["catalog.sqlite3"]
        case _:
            return
    data = json.dumps(body).encode()
    store.put_publication(name_of(7, data), data)


@pytest.mark.parametrize(
    ("address", "options", "expected"),
    [
        ("nonsense://x", {}, r"'nonsense://x' is no address .*; use a folder, or one like s3://"),
        ("s3://b/x", {"kye": 1}, r"setting 'storage_options' is wrong|cannot be used"),
    ],
)
def test_address_that_cannot_be_one_is_named(
    address: str, options: dict[str, Any], expected: str
) -> None:
    with pytest.raises(FootnoteError, match=expected):
        ObjectStore(address, options).names()


def test_address_of_a_package_that_is_not_installed_names_the_extra() -> None:
    with pytest.raises(ConfigError, match=r"cannot be opened .*; run: pip install 'footnote-qa\["):
        ObjectStore("gs://bucket/path", {})


def test_publish_of_nothing_says_so(tmp_path: Path, address: str) -> None:
    with pytest.raises(EmptyIndex, match=r"nothing is indexed in .*; run: footnote index FOLDER"):
        publish_index(settings_for(tmp_path / "none"), address)

"""An index that is published at a real S3 server, which `make s3` runs alone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from index.errors import ConfigError, EmptyIndex, FootnoteError, StoreError
from index.replicas.follow import Follower
from index.replicas.object_store import ObjectStore
from index.replicas.publish import publish_index
from index.settings import IndexSettings
from index.snapshots import Index
from tests.helpers.indexing import Place, minilm, settings_for, sharing_minilm, write
from tests.helpers.s3 import BUCKET, free_port, s3_server

pytestmark = [pytest.mark.model, pytest.mark.full]


@pytest.fixture(scope="module")
def options() -> Iterator[dict[str, Any]]:
    with s3_server() as found:
        yield found


@pytest.fixture(autouse=True)
def _one_model(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr("index.replicas.follow.Embedder", lambda name: minilm())
    with sharing_minilm():
        yield


def found(settings: IndexSettings, words: str) -> list[str]:
    with closing(Index(settings)) as index, index.lease() as snapshot:
        keys = [key for key, _ in snapshot.search_words(words, 5)]
        texts = snapshot.texts(keys)
        return [texts[key].passage.text for key in keys]


def test_s3_publish_and_follow_send_what_changed(options: dict[str, Any], tmp_path: Path) -> None:
    address = f"s3://{BUCKET}/handbook"
    place = Place(tmp_path)
    write(place.corpus, {"a.txt": "Newts swim in ponds.", "b.txt": "Cats sleep."})
    place.sync()
    settings = settings_for(place.data, storage_options=options)
    replica = settings_for(tmp_path / "replica", storage_options=options)
    with pytest.raises(EmptyIndex, match=rf"nothing is published at {address}; "):
        Follower(replica, address).start()
    first = publish_index(settings, address)
    follower = Follower(replica, address)
    follower.start()
    assert found(replica, "newts") == ["Newts swim in ponds."]
    assert publish_index(settings, address).bytes_sent == 0
    for number in range(2, 5):
        write(place.corpus, {"a.txt": f"Newts swim in {number} ponds."})
        place.sync(force=True)
        more = publish_index(settings, address)
        assert (more.generation, more.bytes_total > more.bytes_sent) == (number, True)
        assert follower.poll() is True
        assert found(replica, "newts") == [f"Newts swim in {number} ponds."]
    store = ObjectStore(address, options)
    assert len(store.names()) == 3
    assert first.name not in store.names()


@pytest.mark.parametrize(
    ("address", "changed", "error", "expected"),
    [
        (
            "s3://no-such-bucket/x",
            {},
            ConfigError,
            r"there is no s3://no-such-bucket/x .*; make it, or give another address",
        ),
        (
            f"s3://{BUCKET}/x",
            {"endpoint_url": f"http://127.0.0.1:{free_port()}"},
            StoreError,
            r"cannot be used \(EndpointConnectionError.*setting 'storage_options' is right",
        ),
    ],
    ids=["bucket", "endpoint"],
)
def test_s3_address_that_cannot_be_written_says_so(
    options: dict[str, Any],
    address: str,
    changed: dict[str, Any],
    error: type[FootnoteError],
    expected: str,
) -> None:
    store = ObjectStore(address, {**options, **changed})
    with pytest.raises(error, match=expected):
        store.put_blocks({"ab" * 32: b"block"})


@pytest.mark.parametrize("name", ["AccessDenied", "InvalidAccessKeyId", "SignatureDoesNotMatch"])
def test_s3_that_refuses_the_credentials_names_the_setting(
    options: dict[str, Any], monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    import botocore.exceptions

    store = ObjectStore(f"s3://{BUCKET}/x", options)

    def refuse(*_: object, **__: object) -> None:
        reply = {"Error": {"Code": name, "Message": "no"}}
        raise botocore.exceptions.ClientError(reply, "ListObjectsV2")

    monkeypatch.setattr(store._fs, "ls", refuse)
    with pytest.raises(ConfigError, match=r"refuses access .* in the setting 'storage_options'"):
        store.names()

"""Files that arrive: whole or not at all, within limits, and none is left half written."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from index.catalog.writer import CatalogWriter
from index.settings import load_settings
from rag.settings import Settings
from tests.helpers.serving import FakeEngine
from ui.app import make_app
from ui.service.background_sync import BackgroundSync
from ui.service.uploads import PARTIAL, BadUpload, Incoming, TooLarge, UploadLimits, sweep

pytestmark = pytest.mark.unit
LIMITS = UploadLimits(file_mb=1, folder_mb=2)


def test_incoming_file_appears_whole_when_it_is_finished(tmp_path: Path) -> None:
    incoming = Incoming(tmp_path / "a.md", LIMITS)
    incoming.write(b"Some ")
    incoming.write(b"words.")
    assert not (tmp_path / "a.md").exists()
    incoming.finish()
    incoming.discard()
    assert [each.name for each in tmp_path.iterdir()] == ["a.md"]
    assert (tmp_path / "a.md").read_bytes() == b"Some words."
    assert (tmp_path / "a.md").stat().st_mode & 0o777 == 0o644


def test_incoming_file_that_is_not_finished_leaves_nothing(tmp_path: Path) -> None:
    incoming = Incoming(tmp_path / "a.md", LIMITS)
    with pytest.raises(BadUpload, match=r"'a\.md' is empty; send one with words in it"):
        incoming.finish()
    incoming.write(b"x")
    incoming.discard()
    assert list(tmp_path.iterdir()) == []


def test_incoming_file_beyond_a_limit_is_refused(tmp_path: Path) -> None:
    incoming = Incoming(tmp_path / "a.md", LIMITS)
    with pytest.raises(TooLarge, match=r"'a\.md' is larger than 1 MB; send a smaller one"):
        incoming.write(bytes((1 << 20) + 1))
    incoming.discard()
    (tmp_path / "full").write_bytes(bytes((2 << 20) - 10))
    incoming = Incoming(tmp_path / "a.md", LIMITS)
    with pytest.raises(TooLarge, match=r"has no room: documents may take 2 MB here; delete some"):
        incoming.write(bytes(11))
    incoming.discard()
    (tmp_path / "full").write_bytes(bytes(2 << 20))
    with pytest.raises(TooLarge, match="set FOOTNOTE_UPLOADS_MB"):
        Incoming(tmp_path / "a.md", LIMITS)


def test_sweep_removes_what_is_left_and_not_what_is_being_written(tmp_path: Path) -> None:
    running = Incoming(tmp_path / "a.md", LIMITS)
    running.write(b"words")
    for number in range(3):
        (tmp_path / f"{PARTIAL}{number}").write_bytes(b"left")
    (tmp_path / f"{PARTIAL}link").symlink_to(tmp_path / "other")
    os.mkfifo(tmp_path / f"{PARTIAL}pipe")
    (tmp_path / "other").write_bytes(b"")
    assert sweep(tmp_path) == 4
    running.finish()
    running.discard()
    assert sorted(each.name for each in tmp_path.iterdir()) == [f"{PARTIAL}link", "a.md", "other"]


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setattr(BackgroundSync, "request", lambda *_: None)
    (tmp_path / "corpus").mkdir()
    (tmp_path / "data").mkdir()
    catalog = CatalogWriter.create(tmp_path / "data")
    with catalog.transaction():
        catalog.set_meta("corpus", str(tmp_path / "corpus"))
        catalog.set_meta("generation", "1")
    catalog.close()
    return load_settings(Settings, data=tmp_path / "data")


def test_uploads_that_wait_take_no_thread_and_are_few(settings: Settings) -> None:
    async def run() -> None:
        app = make_app(FakeEngine(), settings)
        go = asyncio.Event()

        async def slow() -> AsyncIterator[bytes]:
            yield b"x"
            await go.wait()
            yield b"y"

        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            before = threading.active_count()
            puts = [
                asyncio.create_task(client.put(f"/v1/documents/{n}.md", content=slow()))
                for n in range(8)
            ]
            while len(list((settings.data.parent / "corpus").iterdir())) < 8:
                await asyncio.sleep(0.01)
            reply = await client.put("/v1/documents/9.md", content=b"z")
            assert reply.status_code == 503
            assert reply.headers["retry-after"] == "5"
            assert "Too many files arrive at once" in reply.json()["error"]["message"]
            assert threading.active_count() < before + 9
            go.set()
            assert [reply.status_code for reply in await asyncio.gather(*puts)] == [201] * 8
            assert (await client.put("/v1/documents/9.md", content=b"z")).status_code == 201

    asyncio.run(run())

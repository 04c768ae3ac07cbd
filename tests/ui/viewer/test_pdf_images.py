"""Pages are drawn one after the other: a few wait, none is drawn twice, none for nobody."""

from __future__ import annotations

import asyncio
from concurrent.futures import Future
from pathlib import Path

import pytest

from ui.viewer import pdf_images
from ui.viewer.page_cache import FOLDER, PageCache
from ui.viewer.pdf_images import PageImage, PageRenderer, PageRequest, RenderBusy, RenderError

pytestmark = pytest.mark.unit
DRAWN = PageImage(b"png", 1, 2, ())


async def stays() -> bool:
    return False


async def leaves() -> bool:
    return True


class FakePool:
    """Jobs that the test ends."""

    def __init__(self) -> None:
        self.jobs = list[Future[PageImage]]()

    def schedule(self, *_: object) -> Future[PageImage]:
        self.jobs.append(Future())
        return self.jobs[-1]


@pytest.fixture
def pool(monkeypatch: pytest.MonkeyPatch) -> FakePool:
    fake = FakePool()
    monkeypatch.setattr(PageRenderer, "_open", lambda _: fake)
    return fake


def asked(page: int) -> PageRequest:
    return PageRequest("a.pdf", "d" * 64, page)


def test_pages_beyond_the_queue_are_refused_and_those_in_it_drawn(
    tmp_path: Path, pool: FakePool
) -> None:
    async def run() -> None:
        renderer = PageRenderer(tmp_path)
        tasks = [
            asyncio.create_task(renderer.render(tmp_path, asked(page), 1, stays))
            for page in range(1, 10)
        ]
        for number in range(6):
            while len(pool.jobs) <= number:
                await asyncio.sleep(0.001)
            pool.jobs[number].set_result(DRAWN)
        found = await asyncio.gather(*tasks, return_exceptions=True)
        assert found[:6] == [DRAWN] * 6
        assert [type(each) for each in found[6:]] == [RenderBusy] * 3
        assert await renderer.render(tmp_path, asked(1), 1, stays) == DRAWN
        assert len(pool.jobs) == 6

    asyncio.run(run())


def test_page_whose_reader_leaves_is_given_up(
    tmp_path: Path, pool: FakePool, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def run() -> None:
        renderer, left = PageRenderer(tmp_path), list[bool]()

        async def has_left() -> bool:
            return bool(left)

        task = asyncio.create_task(renderer.render(tmp_path, asked(1), 1, has_left))
        while not pool.jobs:
            await asyncio.sleep(0.001)
        left.append(True)
        with pytest.raises(RenderError, match="The reader has left"):
            await task
        await asyncio.sleep(0)
        assert pool.jobs[0].cancelled()
        with pytest.raises(RenderError, match="The reader has left"):
            await renderer.render(tmp_path, asked(2), 1, leaves)
        assert len(pool.jobs) == 1

    monkeypatch.setattr(pdf_images, "_POLL_SECONDS", 0.01)
    asyncio.run(run())


def test_page_that_cannot_be_drawn_is_not_tried_again_until_the_index_changes(
    tmp_path: Path, pool: FakePool, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def run() -> None:
        renderer = PageRenderer(tmp_path)
        for _ in range(3):
            with pytest.raises(RenderError, match="The page cannot be drawn"):
                await renderer.render(tmp_path, asked(1), 1, stays)
        assert len(pool.jobs) == 1
        with pytest.raises(RenderError, match="The page cannot be drawn"):
            await renderer.render(tmp_path, asked(1), 2, stays)
        assert len(pool.jobs) == 2

    monkeypatch.setattr(pdf_images, "_TIMEOUT_SECONDS", 0.05)
    monkeypatch.setattr(pdf_images, "_POLL_SECONDS", 0.01)
    asyncio.run(run())


def test_drawn_pages_are_kept_within_their_quota_and_gone_with_the_index(tmp_path: Path) -> None:
    cache = PageCache(tmp_path, quota=250)
    assert cache.begin(1)
    for name in ("a", "b", "a", "c"):
        if cache.get(name) is None:
            cache.put(name, name.encode() * 100)
    assert [cache.get(name) for name in "abc"] == [b"a" * 100, None, b"c" * 100]
    assert sorted(each.name for each in (tmp_path / FOLDER).iterdir()) == ["a", "c"]
    assert not cache.begin(1)
    assert cache.begin(2)
    assert cache.get("a") is None
    assert not (tmp_path / FOLDER).exists()


def test_drawn_pages_are_kept_in_memory_where_no_file_can_be(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    cache = PageCache(tmp_path / "file")
    cache.put("a", b"png")
    assert cache.get("a") == b"png"

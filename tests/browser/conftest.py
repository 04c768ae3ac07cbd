"""A page that hangs fails its test, and does not keep the others waiting."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from tests.helpers.screenshot import kill_chromium

_HANGS = 600  # seconds; no test of a page takes a third of it on a busy machine


@pytest.fixture(autouse=True)
def _hanging_page_fails() -> Iterator[None]:
    watchdog = threading.Timer(_HANGS, kill_chromium)
    watchdog.start()
    yield
    watchdog.cancel()

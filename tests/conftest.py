"""Fixtures: real models, real stores, and no network for unit tests."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings
from pytest_socket import disable_socket, enable_socket

from index.settings import load_settings
from index.sync.sync import sync
from rag.engine import Engine, build
from rag.settings import Settings
from tests.helpers.sampling import pytest_pycollect_makeitem as pytest_pycollect_makeitem

ROOT = Path(__file__).parent.parent
SEEDS = ROOT / "seeds"
# No test has a time limit: on a busy machine an example may take any time.
settings.register_profile("footnote", deadline=None)
settings.load_profile("footnote")


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[None]:
    """Modules stay: without them the search for garbage takes 6 s of CPU, with them 9."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


@pytest.fixture(autouse=True)
def _no_sockets(request: pytest.FixtureRequest) -> Iterator[None]:
    """A unit test that reaches for the network fails."""
    if request.node.get_closest_marker("unit"):
        disable_socket(allow_unix_socket=True)
        yield
        enable_socket()
    else:
        yield


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """The developer's own settings decide nothing here."""
    for name in list(os.environ):
        if name.startswith("FOOTNOTE_"):
            monkeypatch.delenv(name)


@pytest.fixture(scope="session")
def seeds_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with the seeds indexed; tests that change an index copy it."""
    data = tmp_path_factory.mktemp("seeds") / "data"
    sync(load_settings(Settings, data=data), SEEDS)
    return data


@pytest.fixture(scope="session")
def seeds_server(seeds_data: Path) -> Iterator[str]:
    """The address of `footnote serve` over the seeds, for tests that change nothing there."""
    from tests.helpers.screenshot import serving  # loads Playwright

    with serving(seeds_data) as address:
        yield address


@pytest.fixture(scope="session")
def engine(seeds_data: Path) -> Iterator[Engine]:
    """An engine over the seeds that quotes."""
    built = build(load_settings(Settings, data=seeds_data))
    yield built
    built.close()

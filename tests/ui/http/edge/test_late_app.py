"""Applications that are made late: once, within their lifespan, and again after a failure."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Mount
from starlette.testclient import TestClient

from index.settings import load_settings
from rag.settings import Settings
from tests.helpers.serving import FakeEngine
from ui.app import make_app
from ui.http.edge.late_app import LateApp, MadeApp

pytestmark = pytest.mark.unit


class Late:
    """An application that writes down what becomes of it, and the one that it is mounted in."""

    def __init__(self, failures: int = 0) -> None:
        self.events = list[str]()
        self._failures = failures
        self.late = LateApp(self._make)

    def _make(self) -> MadeApp:
        self.events.append("made")
        if self.events.count("made") <= self._failures:
            raise ImportError("no page")
        return MadeApp(PlainTextResponse("page"), self._lifespan)

    @asynccontextmanager
    async def _lifespan(self) -> AsyncIterator[None]:
        self.events.append("begun")
        yield
        self.events.append("ended")

    def around(self) -> Starlette:
        @asynccontextmanager
        async def lifespan(_: Starlette) -> AsyncIterator[None]:
            async with self.late.lifespan():
                yield

        return Starlette(routes=[Mount("/", self.late)], lifespan=lifespan)


def test_late_app_is_made_and_begun_by_the_first_request_and_ends_with_the_server() -> None:
    it = Late()
    with TestClient(it.around()) as client:
        assert it.events == []
        assert [client.get("/").text for _ in range(2)] == ["page", "page"]
        assert it.events == ["made", "begun"]
    assert it.events == ["made", "begun", "ended"]


def test_late_app_that_was_made_before_is_begun_by_the_first_request() -> None:
    it = Late()
    with TestClient(it.around()) as client:
        it.late.make()
        assert it.events == ["made"]
        assert client.get("/").text == "page"
    assert it.events == ["made", "begun", "ended"]


def test_late_app_that_nobody_asks_for_is_never_made() -> None:
    it = Late()
    with TestClient(it.around()):
        pass
    assert it.events == []


def test_late_app_that_cannot_be_made_is_an_error_and_tried_again() -> None:
    it = Late(failures=1)
    with TestClient(it.around()) as client:
        with pytest.raises(ImportError, match="no page"):
            client.get("/")
        assert client.get("/").text == "page"
    assert it.events == ["made", "made", "begun", "ended"]


def test_server_answers_before_the_page_and_mcp_are_imported(tmp_path: Path) -> None:
    ready = (
        "import sys; from pathlib import Path; from starlette.testclient import TestClient\n"
        "from index.settings import load_settings; from rag.settings import Settings\n"
        "from tests.helpers.serving import FakeEngine; from ui.app import make_app\n"
        "settings = load_settings(Settings, data=Path(sys.argv[1]))\n"
        "app = make_app(FakeEngine(), settings, ('testserver',))\n"
        "app.state.service.answers.warm_up()\n"
        "with TestClient(app) as client: print(client.get('/readyz').status_code)\n"
        "print(sorted({'gradio', 'pandas', 'mcp', 'torch'} & sys.modules.keys()))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", ready, str(tmp_path)], capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines() == ["200", "[]"]


def test_page_and_mcp_are_mounted_after_every_other_route(tmp_path: Path) -> None:
    app = make_app(FakeEngine(), load_settings(Settings, data=tmp_path))
    assert list(app.state.late) == ["/", "/mcp"]
    assert app.routes[-1].app is app.state.late["/"]  # type: ignore[attr-defined]

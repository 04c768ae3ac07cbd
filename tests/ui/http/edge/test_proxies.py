"""Users are named by the proxies of the settings alone, and each has what is his."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from index.errors import ConfigError
from index.settings import load_settings
from rag.settings import Settings
from tests.helpers.page_calls import PageCalls
from tests.helpers.serving import FakeEngine
from ui.app import make_app
from ui.http.edge.proxies import BehindProxies, named_user
from ui.service.settings import ServiceSettings

pytestmark = pytest.mark.unit

HEADER = "X-Forwarded-User"


def user_of(client: str | None, values: list[bytes], proxy: str = "10.0.0.0/8, ::1") -> str:
    """The user that an application sees for a request from an address with these headers."""
    seen: list[str] = []

    async def app(scope: Any, _: object, __: object) -> None:  # noqa: ANN401
        seen.append(named_user(scope))

    scope = {
        "type": "http",
        "client": client and (client, 4000),
        "headers": [(b"x-forwarded-user", value) for value in values],
    }
    with pytest.raises(StopIteration):
        BehindProxies(app, proxy, HEADER)(scope, None, None).send(None)  # type: ignore[arg-type]
    return seen[0]


@pytest.mark.parametrize(
    ("client", "values", "user"),
    [
        ("10.1.2.3", [b"ada"], "ada"),
        ("::1", [b" ada@example.org "], "ada@example.org"),
        ("10.1.2.3", ["Zoë".encode()], "Zoë"),
        ("192.0.2.7", [b"ada"], ""),
        ("127.0.0.1", [b"ada"], ""),
        ("testclient", [b"ada"], ""),
        (None, [b"ada"], ""),
        ("10.1.2.3", [], ""),
        ("10.1.2.3", [b"ada", b"bo"], ""),
        ("10.1.2.3", [b""], ""),
        ("10.1.2.3", [b"a\x00b"], ""),
        ("10.1.2.3", [b"a" * 201], ""),
    ],
)
def test_user_is_named_by_a_proxy_alone(client: str | None, values: list[bytes], user: str) -> None:
    assert user_of(client, values) == user


def test_header_without_a_proxy_is_refused_at_the_start(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="set proxy as well"):
        load_settings(ServiceSettings, data=tmp_path, user_header=HEADER)
    with pytest.raises(ConfigError, match="'proxy' holds what is no address"):
        BehindProxies(FakeEngine, "proxy.example.org", HEADER)  # type: ignore[arg-type]


@pytest.fixture
def client(tmp_path: Path) -> Iterator[TestClient]:
    """A server behind the proxy 10.0.0.1; `X-From` is the address that a request comes from."""
    wanted = load_settings(ServiceSettings, data=tmp_path).for_host("127.0.0.1")
    app = make_app(FakeEngine(), load_settings(Settings, data=tmp_path), ("*",), wanted)
    behind = BehindProxies(app, "10.0.0.1", HEADER)

    async def connected(scope: Any, receive: Any, send: Any) -> None:  # noqa: ANN401
        address = dict(scope.get("headers", ())).get(b"x-from", b"10.0.0.1").decode()
        await behind({**scope, "client": (address, 4000)}, receive, send)

    with TestClient(connected) as client:
        yield client


class UserPage(PageCalls):
    """A page of a user, as the connected address names him."""

    def __init__(self, client: TestClient, user: str, address: str = "10.0.0.1") -> None:
        super().__init__(client)
        self._headers = {HEADER: user, "X-From": address}


def test_conversations_are_those_of_the_user_that_the_proxy_names(client: TestClient) -> None:
    ada = UserPage(client, "ada")
    ada.send("load", "")
    ada.send("submit", "What is mine alone?", None, "", None)
    chat = ada.shown["chat-id"]
    for other in (
        UserPage(client, "bo"),
        UserPage(client, ""),
        UserPage(client, "ada", "192.0.2.7"),
    ):
        other.send("load", chat)
        assert "mine alone" not in str(other.shown)
    again = UserPage(client, "ada")
    again.send("load", chat)
    assert "mine alone" in again.shown["current"]

"""What a reverse proxy tells of its clients: their addresses, and who they are.

Both are believed of the proxies that the settings name, by the address that is connected, and of
nobody else.
"""

from __future__ import annotations

from collections.abc import MutableMapping
from ipaddress import ip_address, ip_network
from typing import Any

from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from index.errors import ConfigError

_USER = "footnote.user"
_USER_CHARACTERS = 200


def named_user(scope: MutableMapping[str, Any]) -> str:
    """The user whom a proxy named, "" for none."""
    return str(scope.get(_USER, ""))


class BehindProxies:
    """ASGI middleware: takes clients and users from the headers of these proxies alone."""

    def __init__(self, app: ASGIApp, proxy: str, user_header: str = "") -> None:
        """`proxy` are addresses or networks with commas between; `user_header` "" names no users.

        Raises ConfigError for what is no address.
        """
        self._app: Any = ProxyHeadersMiddleware(app, trusted_hosts=proxy) if proxy else app  # type: ignore[arg-type]
        self._header = user_header.lower().encode("latin-1", "replace")
        names = [name.strip() for name in proxy.split(",")] if user_header else []
        try:
            self._proxies = [ip_network(name, strict=False) for name in names if name]
        except ValueError as error:
            raise ConfigError(
                f"setting 'proxy' holds what is no address ({error}); "
                "with 'user_header', name each proxy by its address or network"
            ) from None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, with the user that its proxy names."""
        if scope["type"] == "http" and self._header and self._is_proxy(scope.get("client")):
            scope[_USER] = self._user(scope)
        await self._app(scope, receive, send)

    def _is_proxy(self, client: tuple[str, int] | None) -> bool:
        try:
            address = ip_address(client[0] if client else "")
        except ValueError:
            return False
        return any(address in network for network in self._proxies)

    def _user(self, scope: Scope) -> str:
        """The value of the header, "" unless it is there once and can be a name."""
        values = [value for name, value in scope["headers"] if name.lower() == self._header]
        if len(values) != 1:
            return ""
        user = values[0].decode("utf-8", "replace").strip()
        return user if user.isprintable() and len(user) <= _USER_CHARACTERS else ""

"""The HTTP server: uvicorn with limits for connections, and an end within seconds."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import uvicorn

from index.runtime import raise_descriptor_limit
from ui.http.edge.connections import ConnectionLimits, limited_protocol
from ui.http.edge.proxies import BehindProxies

if TYPE_CHECKING:
    import socket
    from types import FrameType

    from fastapi import FastAPI

log = logging.getLogger(__name__)

# At shutdown: for running answers to end, for all connections to close, and for everything.
ANSWER_SECONDS, CONNECTION_SECONDS, STOP_SECONDS = 4, 6, 9.0
_TICKS_PER_CHECK = 10
# Descriptors that connections leave to files, databases and child processes: the index, its
# readers and what a page opens took at most 60.
_OWN_DESCRIPTORS = 128
_FEWEST_CONNECTIONS, _MOST_CONNECTIONS = 8, 1_000


class HTTPServer(uvicorn.Server):
    """Serves one application; `on_ready` is called once it takes requests, `on_stop` at its end.

    `on_stop` receives the seconds after which no answer may go on.
    """

    def __init__(
        self,
        app: FastAPI,
        on_ready: Callable[[], None],
        on_stop: Callable[[float], None],
        proxy: str = "",
        limits: ConnectionLimits | None = None,
        user_header: str = "",
    ) -> None:
        behind = BehindProxies(app, proxy, user_header)
        super().__init__(_config(behind, limits or connection_limits()))
        self._on_ready = on_ready
        self._on_stop = on_stop
        # Connections that are closed at shutdown are no errors.
        logging.getLogger("uvicorn.error").addFilter(lambda _: not self.should_exit)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to take requests."""
        await super().startup(sockets)
        if self.started:
            self._on_ready()

    async def on_tick(self, counter: int) -> bool:
        """About ten times a second: whether to end; now and then the connections are checked."""
        if counter % _TICKS_PER_CHECK == 0:
            now = time.monotonic()
            for connection in list[Any](self.server_state.connections):
                connection.check(now)
        return await super().on_tick(counter)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Take no more requests, and end those under way."""
        # Clients that wait for an answer receive an error before their connections are closed.
        self._on_stop(ANSWER_SECONDS)
        await super().shutdown(sockets)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin to end; whatever hangs then, the process is gone after some seconds."""
        if not self.should_exit:
            end_after(STOP_SECONDS)
        super().handle_exit(sig, frame)


def end_after(seconds: float) -> None:
    """End this process after some seconds, if it still is there then; its children end with it."""

    def end() -> None:
        log.warning("something still ran when the server was to end; it was cut off")
        logging.shutdown()
        os._exit(1)

    timer = threading.Timer(seconds, end)
    timer.daemon = True
    timer.start()


def connection_limits() -> ConnectionLimits:
    """The limits of connections, with as many of them as this process has descriptors for."""
    descriptors = raise_descriptor_limit()
    own = min(_OWN_DESCRIPTORS, descriptors * 3 // 4)
    room = max(_FEWEST_CONNECTIONS, descriptors - own)
    return ConnectionLimits(connections=min(_MOST_CONNECTIONS, room))


def _config(app: BehindProxies, limits: ConnectionLimits) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        http=limited_protocol(limits),
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,  # they are read before, by the same middleware
        timeout_keep_alive=5,
        timeout_graceful_shutdown=CONNECTION_SECONDS,
    )

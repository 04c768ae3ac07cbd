"""Limits of connections, before any request is parsed: size and time of heads, speed of bodies.

uvicorn's protocol classes take a head of any size and wait for it for ever, and have no deadline
for a body or for a client that reads no reply; so they are extended here, each the same way.
"""

from __future__ import annotations

import json
import sys
import time
from collections import deque
from dataclasses import dataclass
from http import HTTPStatus
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

if TYPE_CHECKING:
    import asyncio

    from uvicorn import Config

_PIPELINED = 32
_SLICE = 16_384
# How long what a refused client still sends is thrown away, so that it can read its reply.
_LINGER_SECONDS = 1.0
# How long the rest of a body is read after a reply that did not need it.
_DRAIN_SECONDS = 5.0
_HEAD_TOO_LARGE = "The request's head is larger than this server takes."
_TOO_MANY_FIELDS = "The request has more header fields than this server takes."
_TOO_SLOW = "The request took too long to arrive."
_FULL = "There are too many connections; try again in a moment."
_INVALID = "This is not a valid HTTP request."
_UNKNOWN_METHOD = "There is no such method here."
ALLOWED_METHODS = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"


@dataclass(frozen=True, slots=True)
class ConnectionLimits:
    """Limits of each connection, in bytes and seconds, and of their number.

    A body that is waited for has `grace_seconds`, then must average `bytes_per_second`; a reply
    that waits for its reader likewise. `body_seconds` bounds the wait for a body in all.
    """

    connections: int
    head_bytes: int = 16_384
    head_fields: int = 100
    head_seconds: float = 10.0
    idle_seconds: float = 30.0
    grace_seconds: float = 20.0
    body_seconds: float = 900.0
    bytes_per_second: int = 8_192


class _CountedTransport:
    """A transport that counts the bytes written to it, and drops those that come after its end."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._ended = False
        self.written = 0

    def write(self, data: bytes) -> None:
        # An application that was at work when its connection was refused writes its reply.
        if not self._ended:
            self.written += len(data)
            self._transport.write(data)

    def write_eof(self) -> None:
        self._ended = True
        if self._transport.can_write_eof():
            self._transport.write_eof()

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401
        return getattr(self._transport, name)


class _Waiting:
    """How long one side of a connection has been waited for, and what came of it meanwhile."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.idle = 0.0
        self.bytes = 0

    def add(self, seconds: float, moved: int) -> None:
        self.seconds += seconds
        self.bytes += moved
        self.idle = 0.0 if moved else self.idle + seconds

    def is_too_slow(self, limits: ConnectionLimits) -> bool:
        beyond = self.seconds - limits.grace_seconds
        return self.idle > limits.idle_seconds or self.bytes < beyond * limits.bytes_per_second


class _Limited:
    """What both protocol classes do beyond uvicorn's; `check` is to be called about each second."""

    limits: ConnectionLimits
    # uvicorn's, whose types differ between its protocol classes.
    transport: Any
    flow: Any
    cycle: Any
    connections: Any
    logger: Any

    def __init__(self, *args: Any, **arguments: Any) -> None:
        self.pipeline = deque[Any]()  # h11's class has none
        super().__init__(*args, **arguments)
        self._in_head = True
        self._head_bytes = 0
        self._head_began: float | None = None
        self._refused_at: float | None = None
        self._drained = 0.0
        self._received = self._seen = 0
        self._body, self._reply = _Waiting(), _Waiting()
        self._unread = 0
        self._written = 0
        self._too_many_fields = False
        self._checked = time.monotonic()

    # --- what uvicorn's event loop calls

    def connection_made(self, transport: asyncio.Transport) -> None:
        """Take a connection, in the place of an idle one if there are too many."""
        self._head_began = self._checked = time.monotonic()
        is_full = len(self.connections) >= self.limits.connections and not self._make_room()
        super().connection_made(_CountedTransport(transport))  # type: ignore[misc]
        if is_full:
            self._refuse(503, _FULL)

    def data_received(self, data: bytes) -> None:
        """Parse what came, in slices, so that no head grows beyond its limit."""
        self._received += len(data)
        if self._in_head and self._head_began is None:
            self._head_began = time.monotonic()
        while data and self._refused_at is None and not self.transport.is_closing():
            if self._in_head and self._head_bytes >= self.limits.head_bytes:
                self._refuse(431, _HEAD_TOO_LARGE)
                return
            room = self.limits.head_bytes - self._head_bytes if self._in_head else _SLICE
            piece, data = data[:room], data[room:]
            was_in_head = self._in_head
            super().data_received(piece)  # type: ignore[misc]
            if was_in_head and self._in_head:
                self._head_bytes += len(piece)
            if len(self.pipeline) > _PIPELINED:
                self._refuse(503, _FULL)

    def send_400_response(self, _: str) -> None:
        """The reply to what cannot be parsed, in the service's own form."""
        if self._too_many_fields:
            self._refuse(431, _TOO_MANY_FIELDS)
        elif type(sys.exception()).__name__ == "HttpParserInvalidMethodError":
            self._refuse(405, _UNKNOWN_METHOD)
        else:
            self._refuse(400, _INVALID)

    def shutdown(self) -> None:
        """End with the server; a connection that was refused has nothing more to wait for."""
        if self._refused_at is None:
            super().shutdown()  # type: ignore[misc]
        else:
            self.transport.abort()

    # --- the state of the request that arrives

    def _head_ended(self) -> None:
        self._in_head, self._head_bytes, self._head_began = False, 0, None
        self._body = _Waiting()
        self._drained = 0.0

    def _message_ended(self) -> None:
        self._in_head, self._head_bytes, self._head_began = True, 0, None

    @property
    def _is_replying(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    # --- deadlines

    def check(self, now: float) -> None:
        """End the connection if one of its deadlines has passed; `now` is of `time.monotonic`."""
        passed, self._checked = now - self._checked, now
        moved, self._seen = self._received - self._seen, self._received
        if self._refused_at is not None:
            if now - self._refused_at > _LINGER_SECONDS:
                self.transport.abort()
        elif self._in_head:
            self._check_head(now)
        else:
            self._check_body(passed, moved)
        self._check_reply(passed)

    def _check_head(self, now: float) -> None:
        waited = now - self._head_began if self._head_began is not None else 0.0
        if waited > self.limits.head_seconds and not self._is_replying:
            if self._head_bytes:
                self._refuse(408, _TOO_SLOW)
            else:
                self.transport.close()

    def _check_body(self, passed: float, moved: int) -> None:
        if not self._is_replying:
            self._drained += passed
            if self._drained > _DRAIN_SECONDS:
                self.transport.abort()
        elif not self.flow.read_paused:  # while it is paused, the server is what is slow
            self._body.add(passed, moved)
            too_long = self._body.seconds > self.limits.body_seconds
            if too_long or self._body.is_too_slow(self.limits):
                self._refuse(408, _TOO_SLOW)

    def _check_reply(self, passed: float) -> None:
        unread, written = self.transport.get_write_buffer_size(), self.transport.written
        sent = self._unread + written - self._written - unread
        self._unread, self._written = unread, written
        if not unread:
            self._reply = _Waiting()
            return
        self._reply.add(passed, sent)
        if self._reply.is_too_slow(self.limits):
            self.transport.abort()

    # --- ends

    def _make_room(self) -> bool:
        """Close the connection that has waited longest for a request; False if none does."""
        waiting = [other for other in self.connections if other.waits_for_request]
        if not waiting:
            return False
        oldest = min(waiting, key=lambda other: other.waits_since)
        oldest.transport.abort()
        self.connections.discard(oldest)
        return True

    @property
    def waits_for_request(self) -> bool:
        """Whether no request is being read or answered."""
        return self._in_head and not self._is_replying

    @property
    def waits_since(self) -> float:
        """When the current head began; a connection kept alive comes after those."""
        return self._checked if self._head_began is None else self._head_began

    def _refuse(self, status: int, message: str) -> None:
        """Reply, if no other reply has begun, and close the connection."""
        cycle = self.cycle
        begun = cycle is not None and cycle.response_started and not cycle.response_complete
        self._refused_at = time.monotonic()
        if not begun and not self.pipeline:  # else it would be the reply to an earlier request
            self.transport.write(_raw_reply(status, message))
        self.pipeline.clear()
        if cycle is not None and not cycle.response_complete:
            cycle.disconnected = True
            cycle.message_event.set()
        self.transport.write_eof()
        self.flow.resume_reading()


def _raw_reply(status: int, message: str) -> bytes:
    body = json.dumps({"error": {"message": message}}).encode()
    allow = f"allow: {ALLOWED_METHODS}\r\n" if status == HTTPStatus.METHOD_NOT_ALLOWED else ""
    retry = "retry-after: 5\r\n" if status == HTTPStatus.SERVICE_UNAVAILABLE else ""
    head = (
        f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\n"
        f"content-type: application/json\r\ncontent-length: {len(body)}\r\n"
        f"{allow}{retry}cache-control: no-store\r\nconnection: close\r\n\r\n"
    )
    return head.encode() + body


class _LimitedH11Connection(h11.Connection):
    """h11's parser, which also counts header fields and tells where heads and messages end."""

    limited: LimitedH11

    def next_event(self) -> Any:  # noqa: ANN401
        event = super().next_event()
        if isinstance(event, h11.Request):
            if len(event.headers) > self.limited.limits.head_fields:
                self.limited._too_many_fields = True
                raise h11.RemoteProtocolError("too many header fields")
            self.limited._head_ended()
        elif isinstance(event, h11.EndOfMessage):
            self.limited._message_ended()
        return event


class LimitedH11(_Limited, H11Protocol):  # type: ignore[misc]
    """uvicorn's protocol over h11, limited."""

    def __init__(self, config: Config, *args: Any, **arguments: Any) -> None:
        super().__init__(config, *args, **arguments)
        self.conn = _LimitedH11Connection(h11.SERVER, 2 * self.limits.head_bytes)
        self.conn.limited = self


def limited_protocol(limits: ConnectionLimits) -> type[asyncio.Protocol]:
    """The protocol class with these limits: over httptools where that is installed, else h11."""
    base: Any = LimitedH11
    if find_spec("httptools"):
        base = _limited_httptools()
    protocol: type[asyncio.Protocol] = type(base.__name__, (base,), {"limits": limits})
    return protocol


def _limited_httptools() -> type[Any]:
    from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

    class LimitedHttpTools(_Limited, HttpToolsProtocol):  # type: ignore[misc]
        """uvicorn's protocol over httptools, limited."""

        def on_header(self, name: bytes, value: bytes) -> None:
            if len(self.headers) >= self.limits.head_fields:
                self._too_many_fields = True
                raise ValueError("too many header fields")
            super().on_header(name, value)

        def on_headers_complete(self) -> None:
            super().on_headers_complete()
            self._head_ended()

        def on_message_complete(self) -> None:
            super().on_message_complete()
            self._message_ended()

    return LimitedHttpTools

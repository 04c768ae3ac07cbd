"""A fake OpenAI-compatible server, for faults that a real one cannot be made to show.

It replies as scripted, one reply per request. A request that was not scripted, or that no client
of the protocol would send, is recorded, and `close` raises for it.
"""

from __future__ import annotations

import json
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Reply = Callable[["Handler"], None]


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that hung up is told nowhere: a test may read what is printed."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]


class FakeLLM:
    """Serves on a free port of this machine until closed; `requests` holds what was asked, and
    `facts` what is told about the model, by path.
    """

    def __init__(self, replies: Sequence[Reply], port: int = 0) -> None:
        self.replies = list(replies)
        self.requests: list[dict[str, Any]] = []
        self.surprises: list[str] = []
        self.facts: dict[str, Any] = {}
        self.closing = threading.Event()
        self.gone = threading.Event()
        self._server = _Server(("127.0.0.1", port), Handler)
        self._server.fake = self  # type: ignore[attr-defined]
        # The standard half second between looks would be the wait of every `close`.
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        self.host = f"127.0.0.1:{self._server.server_address[1]}"
        self.url = f"http://{self.host}/v1"

    def close(self) -> None:
        """Stop. Raises AssertionError for a request that was not scripted."""
        self.closing.set()
        self._server.shutdown()
        self._server.server_close()
        assert self.surprises == []


Start = Callable[..., FakeLLM]


@contextmanager
def starting() -> Iterator[Start]:
    """Starts fake servers and checks at the end that each was asked what was scripted."""
    servers: list[FakeLLM] = []

    def make(*replies: Reply) -> FakeLLM:
        servers.append(FakeLLM(replies))
        return servers[-1]

    yield make
    for server in servers:
        server.close()


class Handler(BaseHTTPRequestHandler):
    """One connection to the fake server."""

    protocol_version = "HTTP/1.1"

    @property
    def fake(self) -> FakeLLM:
        return self.server.fake  # type: ignore[attr-defined, no-any-return]

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self._answer(body, ok=self.path == "/v1/chat/completions" and _is_chat(body))

    def do_GET(self) -> None:
        self._answer({}, ok=self.path == "/v1/models")

    def _tells(self) -> bool:
        """Whether facts are asked for, which are no part of the script: tell what is set."""
        if "OpenAI" in self.headers.get("user-agent", ""):
            return False
        told = self.fake.facts.get(self.path)
        body = json.dumps(told).encode()
        self.head(200 if told else 404, "application/json", Content_Length=str(len(body)))
        self.send(body)
        return True

    def _answer(self, body: dict[str, Any], ok: bool) -> None:
        if self._tells():
            return
        self.fake.requests.append(
            {"path": self.path, "headers": dict(self.headers.items()), "body": body}
        )
        if not ok or not self.fake.replies:
            self.fake.surprises.append(f"{self.command} {self.path} {body}")
            self.send_error(501)
            return
        self.close_connection = True
        try:
            self.fake.replies.pop(0)(self)
        except (BrokenPipeError, ConnectionResetError):
            self.fake.gone.set()

    def head(self, status: int = 200, kind: str = "text/event-stream", **headers: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()

    def send(self, text: str | bytes) -> None:
        self.wfile.write(text if isinstance(text, bytes) else text.encode())
        self.wfile.flush()

    def hang(self) -> None:
        """Send nothing until the client goes away or the test ends."""
        self.connection.settimeout(0.05)
        while not self.fake.closing.is_set():
            try:
                if not self.connection.recv(1):
                    self.fake.gone.set()
                    return
            except TimeoutError:
                continue
            except OSError:
                self.fake.gone.set()
                return

    def log_message(self, *_: object) -> None:
        """Quiet."""


def _is_chat(body: dict[str, Any]) -> bool:
    roles = [message["role"] for message in body["messages"]]
    return bool(body["model"]) and body["stream"] is True and roles[-1] == "user"


def event(content: str | None = None, finish: str | None = None, **delta: str) -> str:
    """One event of a streamed chat."""
    choice = {
        "index": 0,
        "delta": {**delta, **({"content": content} if content is not None else {})},
        "finish_reason": finish,
    }
    chunk = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m"}
    return f"data: {json.dumps({**chunk, 'choices': [choice]})}\n\n"


def streams(*pieces: str, finish: str | None = "stop", done: bool = True) -> Reply:
    """A whole streamed answer."""

    def reply(handler: Handler) -> None:
        handler.head()
        handler.send(event(role="assistant"))
        for piece in pieces:
            handler.send(event(piece))
        if finish:
            handler.send(event(finish=finish))
        if done:
            handler.send("data: [DONE]\n\n")

    return reply


def sends(*texts: str | bytes, kind: str = "text/event-stream", pause: float = 0) -> Reply:
    """A successful status and then just these bytes."""

    def reply(handler: Handler) -> None:
        handler.head(kind=kind)
        for text in texts:
            handler.send(text)
            time.sleep(pause)

    return reply


def fails(status: int, message: str = "", code: str = "", **headers: str) -> Reply:
    """An error in the shape of the OpenAI protocol."""

    def reply(handler: Handler) -> None:
        body = json.dumps({"error": {"message": message, "code": code, "type": "error"}})
        handler.head(status, "application/json", Content_Length=str(len(body)), **headers)
        handler.send(body)

    return reply


def hangs(*pieces: str, head: bool = True) -> Reply:
    """Some pieces, then silence on an open connection."""

    def reply(handler: Handler) -> None:
        if head:
            handler.head()
        for piece in pieces:
            handler.send(event(piece))
        handler.hang()

    return reply


def pings(seconds: float) -> Reply:
    """Comments that keep the connection alive and say nothing."""

    def reply(handler: Handler) -> None:
        handler.head()
        until = time.monotonic() + seconds
        while time.monotonic() < until and not handler.fake.closing.is_set():
            handler.send(": ping\n\n")
            time.sleep(0.02)

    return reply


def cuts(*pieces: str, rest: str = "", announced: int = 100_000) -> Reply:
    """Fewer bytes than announced, then an end of the connection."""

    def reply(handler: Handler) -> None:
        handler.head(Content_Length=str(announced))
        handler.send("".join(event(piece) for piece in pieces) + rest)

    return reply


def drops(handler: Handler) -> None:
    """The connection is reset without a word."""
    handler.connection.shutdown(socket.SHUT_RDWR)


def offers(*models: str) -> Reply:
    """The list of models."""

    def reply(handler: Handler) -> None:
        body = json.dumps(
            {"object": "list", "data": [{"id": m, "object": "model"} for m in models]}
        )
        handler.head(kind="application/json", Content_Length=str(len(body)))
        handler.send(body)

    return reply

"""Connections that misbehave are refused or closed, and others are served meanwhile."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import Any

import pytest
from starlette.types import Receive, Scope, Send

from ui.http.edge import connections, server
from ui.http.edge.connections import ConnectionLimits
from ui.http.edge.server import HTTPServer

LIMITS = ConnectionLimits(
    connections=20, head_seconds=0.4, idle_seconds=0.6, grace_seconds=0.6, body_seconds=1.2
)
GET = b"GET /small HTTP/1.1\r\nHost: a\r\n"
BIG = 20_000_000


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    """Reads the body, and replies with its length, or with a large body."""
    if scope["type"] != "http":
        return
    length, more = 0, scope["path"] == "/body"
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return
        length, more = length + len(message["body"]), message["more_body"]
    await send({"type": "http.response.start", "status": 200, "headers": []})
    body = b"x" * BIG if scope["path"] == "/big" else str(length).encode()
    await send({"type": "http.response.body", "body": body})


@pytest.fixture(params=["httptools", "h11"])
def serve(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Starts a server with limits over one of uvicorn's protocol classes; gives its port."""
    monkeypatch.setattr(server, "_TICKS_PER_CHECK", 1)
    if request.param == "h11":
        monkeypatch.setattr(connections, "find_spec", lambda _: None)
    with ExitStack() as stack:
        yield lambda limits=LIMITS: stack.enter_context(running(limits))


@contextmanager
def running(limits: ConnectionLimits) -> Iterator[int]:
    ready = threading.Event()
    http = HTTPServer(app, ready.set, lambda _: None, limits=limits)  # type: ignore[arg-type]
    with socket.create_server(("127.0.0.1", 0)) as listener:
        arguments = {"sockets": [listener]}
        thread = threading.Thread(target=lambda: asyncio.run(http.serve(**arguments)))
        thread.start()
        assert ready.wait(10)
        try:
            yield listener.getsockname()[1]
        finally:
            http.should_exit = http.force_exit = True
            thread.join(10)


def connect(port: int, first: bytes = b"") -> socket.socket:
    client = socket.create_connection(("127.0.0.1", port), timeout=15)
    client.sendall(first)
    return client


def reply(client: socket.socket) -> tuple[int, bytes]:
    """The status, 0 if the connection was closed without a reply, and the body."""
    received = b""
    try:
        while block := client.recv(65_536):
            received += block
    except ConnectionError:
        pass
    head, _, body = received.partition(b"\r\n\r\n")
    return int(head.split()[1]) if head else 0, body


def sentence(body: bytes) -> str:
    return str(json.loads(body)["error"]["message"])


def send_until_cut(client: socket.socket, block: bytes, most: int) -> int:
    sent = 0
    try:
        while sent < most:
            client.sendall(block)
            sent += len(block)
    except OSError:
        pass
    return sent


def is_served(port: int) -> bool:
    return reply(connect(port, GET + b"Connection: close\r\n\r\n"))[0] == 200


def test_head_within_the_limits_is_taken(serve: Callable[[], int]) -> None:
    fields = b"".join(b"X-%d: %s\r\n" % (number, b"b" * 100) for number in range(98))
    client = connect(serve(), GET + fields + b"Connection: close\r\n\r\n")
    assert reply(client) == (200, b"1\r\n0\r\n0\r\n\r\n")


@pytest.mark.parametrize(
    "head",
    [GET + b"X: " + b"a" * 20_000, b"GET /" + b"a" * 20_000, b"X-" + b"a" * 20_000],
    ids=["value", "target", "method"],
)
def test_head_that_is_too_large_is_refused(serve: Callable[[], int], head: bytes) -> None:
    port = serve()
    status, body = reply(connect(port, head))
    assert status in (400, 405, 431)
    assert sentence(body)
    assert is_served(port)


def test_head_without_end_keeps_no_memory(serve: Callable[[], int]) -> None:
    port = serve()
    client = connect(port, GET + b"X: ")
    send_until_cut(client, b"a" * 65_536, 50_000_000)
    status, body = reply(client)
    assert (status, status and sentence(body)) in [
        (431, "The request's head is larger than this server takes."),
        (0, 0),  # it was cut off before it read the reply
    ]
    assert is_served(port)


def test_head_of_too_many_fields_is_refused(serve: Callable[[], int]) -> None:
    status, body = reply(connect(serve(), GET + b"X: b\r\n" * 200 + b"\r\n"))
    assert status == 431
    assert sentence(body) == "The request has more header fields than this server takes."


def test_second_head_of_a_connection_is_limited_as_well(serve: Callable[[], int]) -> None:
    client = connect(serve(), GET + b"\r\n")
    first = b""
    while not first.endswith(b"0\r\n\r\n"):
        first += client.recv(1_000)
    assert first.startswith(b"HTTP/1.1 200")
    client.sendall(GET + b"X: " + b"a" * 50_000)
    assert reply(client)[0] == 431


def test_requests_without_end_on_one_connection_are_cut_off_without_faults(
    serve: Callable[[], int], caplog: pytest.LogCaptureFixture
) -> None:
    port = serve()
    status, _ = reply(connect(port, b"GET /body HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n"))
    assert status == 408
    client = connect(port)
    send_until_cut(client, (GET + b"\r\n") * 2_000, 5_000_000)
    assert is_served(port)
    assert [record for record in caplog.records if record.levelname == "ERROR"] == []


def test_head_that_does_not_arrive_is_told_and_closed(serve: Callable[[], int]) -> None:
    port = serve()
    silent, slow = connect(port), connect(port, GET)
    status, body = reply(slow)
    assert (status, sentence(body)) == (408, "The request took too long to arrive.")
    assert reply(silent) == (0, b"")


def test_line_ends_before_a_head_do_not_keep_a_connection(serve: Callable[[], int]) -> None:
    client = connect(serve())
    cut = threading.Event()

    def drip() -> None:
        while not cut.wait(0.1):
            send_until_cut(client, b"\r\n", 2)

    threading.Thread(target=drip, daemon=True).start()
    assert reply(client)[0] in (0, 400, 408)
    cut.set()


def test_idle_connections_make_room_for_those_with_a_request(serve: Callable[..., int]) -> None:
    port = serve(replace(LIMITS, head_seconds=60))
    idle = [connect(port) for _ in range(60)]
    assert is_served(port)
    assert all(reply(client) == (0, b"") for client in idle[:30])


def test_connections_that_all_have_a_request_leave_a_sentence(serve: Callable[..., int]) -> None:
    port = serve(replace(LIMITS, grace_seconds=60, idle_seconds=60, body_seconds=60))
    head = b"PUT /body HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nx"
    busy = [connect(port, head) for _ in range(20)]
    time.sleep(0.5)
    status, body = reply(connect(port, GET + b"\r\n"))
    assert status == 503
    assert sentence(body) == "There are too many connections; try again in a moment."
    for client in busy:
        client.close()


def test_body_that_does_not_arrive_is_told_and_closed(serve: Callable[[], int]) -> None:
    head = b"PUT /body HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nx"
    status, body = reply(connect(serve(), head))
    assert (status, sentence(body)) == (408, "The request took too long to arrive.")


def test_body_that_drips_is_told_and_closed(serve: Callable[[], int]) -> None:
    client = connect(serve(), b"PUT /body HTTP/1.1\r\nHost: a\r\nContent-Length: 99999\r\n\r\n")
    cut = threading.Event()

    def drip() -> None:
        while not cut.wait(0.1):
            send_until_cut(client, b"x", 1)

    threading.Thread(target=drip, daemon=True).start()
    status, body = reply(client)
    cut.set()
    assert (status, sentence(body)) == (408, "The request took too long to arrive.")


def test_body_that_arrives_is_read_whole(serve: Callable[[], int]) -> None:
    head = b"PUT /body HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 5000000\r\n\r\n"
    assert reply(connect(serve(), head + b"x" * 5_000_000))[1] == b"7\r\n5000000\r\n0\r\n\r\n"


def test_reply_that_nobody_reads_is_cut_off(serve: Callable[[], int]) -> None:
    port = serve()
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
    client.settimeout(15)
    client.connect(("127.0.0.1", port))
    client.sendall(b"GET /big HTTP/1.1\r\nHost: a\r\n\r\n")
    time.sleep(1.5)
    assert len(reply(client)[1]) < BIG
    assert is_served(port)


@pytest.mark.parametrize(
    ("head", "statuses"),
    [
        (b"NONSENSE / HTTP/1.1\r\nHost: a\r\n\r\n", (405, 200)),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 \r\n\r\n", (400, 405)),
        (b"GET / HTTP/1.1\r\nContent-Length: x\r\n\r\n", (400,)),
        (b"GET / HTTP/9.9\r\nHost: a\r\n\r\n", (400, 200)),
    ],
    ids=["method", "tls", "length", "version"],
)
def test_what_is_no_request_is_refused_as_json(
    serve: Callable[[], int], head: bytes, statuses: tuple[int, ...]
) -> None:
    client = connect(serve(), head)
    client.shutdown(socket.SHUT_WR)
    status, body = reply(client)
    assert status in statuses
    assert status == 200 or sentence(body)

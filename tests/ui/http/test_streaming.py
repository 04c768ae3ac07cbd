"""Answers as server-sent events: their format, heartbeats, errors and clients that disconnect."""

from __future__ import annotations

import asyncio
from collections.abc import Generator, Sequence

import pytest
from starlette.requests import Request
from starlette.types import Message

from index.errors import StoreError
from rag.types import AskOptions, Delta, Done, Event, PartRead, Retrieved, Turn
from tests.helpers.serving import FakeEngine, answer_to
from ui.http import streaming
from ui.http.streaming import answer_event, answer_events, answer_unless_disconnected, event_source
from ui.service.admission import AdmissionControl

pytestmark = pytest.mark.unit

SCOPE = {"type": "http", "method": "POST", "headers": []}
COMMENT = b": the answer is being written\n\n"


class Silent(FakeEngine):
    """An engine that says nothing between the passages and the end, until `go` is set."""

    def __init__(self, error: Exception | None = None) -> None:
        super().__init__(waits=True)
        self._error = error

    def stream(
        self, question: str, turns: Sequence[Turn] = (), options: AskOptions = AskOptions()
    ) -> Generator[Event, None, None]:
        yield Retrieved(question, ())
        self.go.wait()
        if self._error:
            raise self._error
        yield Done(answer_to(question))


class Client:
    """A client of one response; it disconnects once `gone` is set."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []
        self.gone = asyncio.Event()

    async def receive(self) -> Message:
        await self.gone.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        if message.get("body"):
            self.bodies.append(message["body"])
            self.received(message["body"])

    def received(self, body: bytes) -> None:
        pass


async def streamed(engine: FakeEngine, client: Client) -> list[bytes]:
    events = AdmissionControl(engine).astream("q")
    first = await anext(events)
    response = event_source(answer_events(first, events), events)
    await response(SCOPE, client.receive, client.send)
    return client.bodies


@pytest.mark.parametrize(
    ("event", "frame"),
    [
        (Retrieved("q", ()), 'event: retrieved\ndata: {"query": "q", "passages": []}\n\n'),
        (PartRead(3, 8), 'event: reading\ndata: {"part": 3, "of": 8}\n\n'),
        (Delta("one\ntwo\u2028"), 'event: delta\ndata: {"text": "one\\ntwo\\u2028"}\n\n'),
    ],
)
def test_event_is_a_name_and_one_line_of_ascii_json(event: Event, frame: str) -> None:
    assert answer_event(event).encode() == frame.encode("ascii")


def test_stream_that_is_silent_is_kept_alive_by_comments(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streaming, "KEEP_ALIVE_SECONDS", 0.01)
    engine = Silent()

    class Waiting(Client):
        def received(self, body: bytes) -> None:
            if body == COMMENT:
                engine.go.set()

    async def run() -> list[bytes]:
        return await streamed(engine, Waiting())

    first, *comments, last = asyncio.run(run())
    assert first.startswith(b"event: retrieved\n")
    assert set(comments) == {COMMENT}
    assert last.startswith(b"event: done\n")


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (StoreError("the index is gone"), b"the index is gone"),
        (ValueError("a secret"), b"Something went wrong while answering; the server's log says "),
    ],
)
def test_stream_that_fails_ends_with_an_error(error: Exception, message: bytes) -> None:
    engine = Silent(error)
    engine.go.set()

    async def run() -> list[bytes]:
        return await streamed(engine, Client())

    *_, last = asyncio.run(run())
    assert last.startswith(b'event: error\ndata: {"error": {"message": "' + message)
    assert b"secret" not in last


def test_stream_whose_client_disconnects_ends_the_engines_work() -> None:
    engine = FakeEngine(waits=True)

    class Leaving(Client):
        def received(self, body: bytes) -> None:
            self.gone.set()

    async def run() -> list[bytes]:
        return await streamed(engine, Leaving())

    assert b"event: done" not in b"".join(asyncio.run(run()))
    engine.closed.acquire()
    assert engine.running == 0


def test_answer_whose_client_disconnects_is_none_and_ends_the_engines_work() -> None:
    engine = FakeEngine(waits=True)

    async def run() -> None:
        client = Client()
        client.gone.set()
        events = AdmissionControl(engine).astream("q")
        assert await anext(events) == Retrieved("q", ())
        assert await answer_unless_disconnected(events, Request(SCOPE, client.receive)) is None

    asyncio.run(run())
    engine.closed.acquire()


def test_answer_whose_client_stays_is_complete() -> None:
    async def run() -> None:
        events = AdmissionControl(FakeEngine()).astream("q")
        answer = await answer_unless_disconnected(events, Request(SCOPE, Client().receive))
        assert answer == answer_to("q")

    asyncio.run(run())

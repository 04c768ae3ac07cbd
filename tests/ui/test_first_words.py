"""Words of an LLM reach each door that streams before its server sends the next ones.

The server is a fake that sends a word only once the one before it was seen at the door: a door that
held words back would have both wait.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_socket import enable_socket
from starlette.types import Message

from index.settings import load_settings
from rag.engine import Engine, build
from rag.settings import Settings
from rag.types import Delta
from tests.helpers.fake_llm import FakeLLM, Handler, Reply, event
from tests.helpers.indexing import sharing_minilm
from ui.http.streaming import answer_events, event_source
from ui.page.exchanges import stream_exchange
from ui.service.admission import AdmissionControl
from ui.service.history import Exchange

pytestmark = pytest.mark.model

QUESTION = "Who led the latest round of talks?"
WORDS = ("Egypt", " led", " the", " latest", " round", ",", " and", " officials", " came", ".")
SEEN_SECONDS = 120
SCOPE = {"type": "http", "method": "GET", "path": "/", "headers": []}


class Lockstep:
    """Sends each word once the one before it was seen; `late` counts those that never were."""

    def __init__(self, *words: str) -> None:
        self.words = words
        self.seen = threading.Semaphore(0)
        self.late = 0

    def reply(self) -> Reply:
        """The fake server's reply."""

        def send(handler: Handler) -> None:
            handler.head()
            handler.send(event(role="assistant"))
            for word in self.words:
                handler.send(event(word))
                self.late += not self.seen.acquire(timeout=SEEN_SECONDS)
            handler.send(event(" [1]"))
            handler.send(event(finish="stop") + "data: [DONE]\n\n")

        return send


@pytest.fixture(autouse=True)
def _loopback(_no_sockets: None) -> None:
    enable_socket()


@pytest.fixture
def steps() -> Lockstep:
    return Lockstep(*WORDS)


@pytest.fixture
def writing(steps: Lockstep, seeds_data: Path) -> Iterator[Engine]:
    server = FakeLLM((steps.reply(),))
    with sharing_minilm():
        engine = build(load_settings(Settings, data=seeds_data, llm_url=server.url, llm_model="m"))
        yield engine
        engine.close()
    server.close()


def test_each_word_leaves_the_engine_before_the_next_is_sent(
    writing: Engine, steps: Lockstep
) -> None:
    shown = list[str]()
    for each in writing.stream(QUESTION):
        if isinstance(each, Delta):
            shown.append(each.text)
            steps.seen.release()
    assert tuple(shown[: len(WORDS)]) == WORDS
    assert steps.late == 0


class _Client:
    """A client of a stream that tells of each delta as it arrives."""

    def __init__(self, steps: Lockstep) -> None:
        self.steps, self.deltas = steps, 0

    async def receive(self) -> Message:
        await asyncio.Event().wait()
        raise AssertionError

    async def send(self, message: Message) -> None:
        found = message.get("body", b"").count(b"event: delta")
        self.deltas += found
        if found:
            self.steps.seen.release(found)


def test_each_word_leaves_the_http_stream_before_the_next_is_sent(
    writing: Engine, steps: Lockstep
) -> None:
    client = _Client(steps)

    async def answered() -> None:
        events = AdmissionControl(writing).astream(QUESTION)
        response = event_source(answer_events(await anext(events), events), events)
        await response(SCOPE, client.receive, client.send)

    asyncio.run(answered())
    assert client.deltas >= len(WORDS)
    assert steps.late == 0


def test_first_word_is_on_the_page_before_the_next_is_sent(
    writing: Engine, steps: Lockstep
) -> None:
    steps.words = WORDS[:1]
    shown = list[str]()
    for step in stream_exchange(writing, Exchange("t1", QUESTION), ()):
        if step.text and not shown:
            steps.seen.release()
        shown += [step.text] if step.text else []
    assert shown[0] == WORDS[0]
    assert steps.late == 0

"""Cancelling an answer frees what works for it: who is notified, and an LLM that never replies."""

from __future__ import annotations

import threading
from collections.abc import Generator, Iterator, Sequence

import pytest
from pytest_socket import enable_socket

from rag.cancellation import Cancellation
from rag.llm.base import LLM, ChatMessage
from rag.llm.client import OpenAICompatibleLLM
from rag.llm.errors import LLMError
from rag.types import AskOptions, Delta, Event, Retrieved, Turn
from tests.helpers.fake_llm import Reply, Start, fails, hangs, starting
from tests.helpers.serving import FakeEngine
from ui.service.admission import AdmissionControl, AnswerTimeout, Limits

pytestmark = pytest.mark.unit

# Without the means that is tested, the slots would be held for so long.
SECONDS = 60.0


def test_cancel_notifies_what_waits_and_nothing_else() -> None:
    cancellation, told = Cancellation(), list[str]()
    with cancellation.on_cancel(lambda: told.append("done before")):
        pass
    with cancellation.on_cancel(lambda: told.append("waits")):
        assert (cancellation.cancelled, told) == (False, [])
        cancellation.cancel()
        assert (cancellation.cancelled, told) == (True, ["waits"])
    with cancellation.on_cancel(lambda: told.append("comes late")):
        assert told == ["waits", "comes late"]


class Asking(FakeEngine):
    """An engine that asks an LLM, and keeps the faults that ended its calls."""

    def __init__(self, llm: LLM) -> None:
        super().__init__()
        self.faults: list[str] = []
        self.ended = threading.Semaphore(0)
        self._llm = llm

    def stream(
        self, question: str, turns: Sequence[Turn] = (), options: AskOptions = AskOptions()
    ) -> Generator[Event, None, None]:
        yield Retrieved(question, ())
        try:
            yield from map(Delta, self._llm.stream([ChatMessage("user", question)]))
        except LLMError as error:
            self.faults.append(str(error))
        finally:
            self.ended.release()


@pytest.fixture
def start(_no_sockets: None) -> Iterator[Start]:
    enable_socket()
    with starting() as make:
        yield make


@pytest.mark.parametrize(
    "reply",
    [hangs(head=False), hangs(), fails(503, Retry_After="25")],
    ids=["accepts and is silent", "begins and is silent", "is to be asked again later"],
)
def test_slot_is_free_and_the_llm_is_left_once_its_reader_has_left(
    start: Start, reply: Reply
) -> None:
    server = start(reply)
    engine = Asking(OpenAICompatibleLLM(server.url, "small", seconds=SECONDS))
    answers = AdmissionControl(engine, Limits(at_once=1, waiting=0))
    events = answers.stream("Who met?")
    assert isinstance(next(events), Retrieved)
    while not server.requests:
        pass
    events.close()
    engine.ended.acquire()
    assert engine.faults == [
        f"The LLM at {server.host} was cut off, since its answer was cancelled."
    ]
    while answers.running:
        pass
    answers.stream("And where?").close()  # there is room
    answers.close()


def test_llm_is_left_when_an_answer_takes_too_long(start: Start) -> None:
    server = start(hangs())
    engine = Asking(OpenAICompatibleLLM(server.url, "small", seconds=SECONDS))
    answers = AdmissionControl(engine, Limits(at_once=1, seconds=0.5))
    with pytest.raises(AnswerTimeout, match=r"longer than 0\.5 s"):
        list(answers.stream("Who met?"))
    engine.ended.acquire()
    assert engine.faults == [
        f"The LLM at {server.host} was cut off, since its answer was cancelled."
    ]
    server.gone.wait()
    answers.close()

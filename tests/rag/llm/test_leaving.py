"""A reader who leaves frees what works for them: who is told, and an LLM that never says a word."""

from __future__ import annotations

import threading
from collections.abc import Generator, Iterator, Sequence

import pytest
from pytest_socket import enable_socket

from rag.llm.call import Reader
from rag.llm.client import LLM, Message
from rag.llm.errors import LLMError
from rag.types import AskOptions, Delta, Event, Retrieved, Turn
from tests.helpers.fake_llm import Reply, Start, fails, hangs, starting
from tests.helpers.serving import FakeEngine
from ui.service.admission import AdmissionControl, AnswerTimeout, Limits

pytestmark = pytest.mark.unit

# Without the means that is tested, the slots would be held for so long.
SECONDS = 60.0


def test_reader_who_leaves_tells_what_waits_and_nothing_else() -> None:
    reader, told = Reader(), list[str]()
    with reader.on_cancel(lambda: told.append("done before")):
        pass
    with reader.on_cancel(lambda: told.append("waits")):
        assert (reader.left, told) == (False, [])
        reader.leave()
        assert (reader.left, told) == (True, ["waits"])
    with reader.on_cancel(lambda: told.append("comes late")):
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
            yield from map(Delta, self._llm.stream([Message("user", question)]))
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
    engine = Asking(LLM(server.url, "small", seconds=SECONDS))
    answers = AdmissionControl(engine, Limits(at_once=1, waiting=0))
    events = answers.stream("Who met?")
    assert isinstance(next(events), Retrieved)
    while not server.requests:
        pass
    events.close()
    engine.ended.acquire()
    assert engine.faults == [f"Nobody waits for the LLM at {server.host} any more."]
    while answers.running:
        pass
    answers.stream("And where?").close()  # there is room
    answers.close()


def test_llm_is_left_when_an_answer_takes_too_long(start: Start) -> None:
    server = start(hangs())
    engine = Asking(LLM(server.url, "small", seconds=SECONDS))
    answers = AdmissionControl(engine, Limits(at_once=1, seconds=0.5))
    with pytest.raises(AnswerTimeout, match=r"longer than 0\.5 s"):
        list(answers.stream("Who met?"))
    engine.ended.acquire()
    assert engine.faults == [f"Nobody waits for the LLM at {server.host} any more."]
    server.gone.wait()
    answers.close()

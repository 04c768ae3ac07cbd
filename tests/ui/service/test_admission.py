"""The doorman: so many at once, so many waiting, and everyone hears how it ended."""

from __future__ import annotations

import threading
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar

import pytest

from index.errors import StoreError
from rag.engine import Engine
from rag.types import Answer, Answers, AskOptions, Delta, Done, Event, Retrieved, Turn
from tests.helpers.serving import FakeEngine, answer_to
from ui.service.admission import AdmissionControl, Busy, Late, Limits, Stopping

pytestmark = pytest.mark.unit


class Told:
    """An observer that remembers."""

    def __init__(self) -> None:
        self.outcomes: list[str] = []

    def answered(self, question: str, answer: Answer) -> None:
        self.outcomes.append("answered")

    def failed(self, question: str, error: BaseException | None) -> None:
        self.outcomes.append(type(error).__name__ if error else "left")


@pytest.fixture
def slow() -> Iterator[FakeEngine]:
    engine = FakeEngine(waits=True)
    yield engine
    engine.go.set()


def test_stream_answer_and_search_are_the_engines() -> None:
    told = Told()
    doorman = AdmissionControl(FakeEngine(), observer=told)
    assert list(doorman.stream("q")) == [Retrieved("q", ()), Done(answer_to("q"))]
    assert doorman.answer("q") == answer_to("q")
    assert doorman.search("q", 3) == ("q", ())
    assert told.outcomes == ["answered", "answered"]
    doorman.close()


def test_every_public_name_of_the_engine_is_passed_on() -> None:
    engines: list[Answers] = [AdmissionControl(FakeEngine()), FakeEngine()]
    public = {name for name in vars(Answers) if not name.startswith("_")}
    for engine in engines:
        assert public <= vars(type(engine)).keys()
    # What tells whether a question is answerable is for evaluations.
    assert {name for name in vars(Engine) if not name.startswith("_")} == public | {"signals"}


def test_more_than_fit_are_turned_away_at_once_and_the_rest_are_answered(slow: FakeEngine) -> None:
    told = Told()
    doorman = AdmissionControl(slow, Limits(at_once=2, waiting=3), told)
    accepted = [doorman.stream("q") for _ in range(5)]
    for _ in range(2):
        slow.begun.acquire()
    assert (doorman.running, doorman.waiting) == (2, 3)
    with pytest.raises(Busy, match="too many questions at once; ask again in 1 s") as turned_away:
        doorman.stream("q")
    assert turned_away.value.seconds == 1
    slow.go.set()
    for events in accepted:
        *_, last = events
        assert isinstance(last, Done)
    assert slow.most == 2
    assert sorted(told.outcomes) == ["Busy"] + ["answered"] * 5


def test_two_hundred_at_once_are_answered_or_turned_away() -> None:
    engine = FakeEngine()
    doorman = AdmissionControl(engine, Limits(at_once=4, waiting=8))
    start = threading.Barrier(50)

    def ask(_: int) -> str:
        start.wait()
        try:
            return doorman.answer("q").composer
        except Busy:
            return "busy"

    with ThreadPoolExecutor(50) as pool:
        outcomes = list(pool.map(ask, range(200)))
    assert set(outcomes) <= {"fake", "busy"}
    assert outcomes.count("fake") >= 4
    assert engine.most <= 4
    assert engine.running == 0


def test_closing_ends_the_engines_stream_and_a_reader_that_waits(slow: FakeEngine) -> None:
    told = Told()
    doorman = AdmissionControl(slow, observer=told)
    events = doorman.stream("q")
    slow.begun.acquire()
    events.close()
    assert list(events) == []
    slow.closed.acquire()
    assert slow.running == 0
    while not told.outcomes:
        pass
    assert told.outcomes == ["left"]


def test_closing_from_another_thread_ends_a_next_that_waits() -> None:
    stuck = threading.Event()

    class Stuck(FakeEngine):
        def stream(
            self, question: str, turns: Sequence[Turn] = (), options: AskOptions = AskOptions()
        ) -> Generator[Event, None, None]:
            yield Retrieved(question, ())
            stuck.wait()

    events = AdmissionControl(Stuck()).stream("q")
    assert next(events) == Retrieved("q", ())
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(next, events, None)
        events.close()
        assert waiting.result() is None
    stuck.set()


def test_those_who_left_while_they_waited_take_no_room(slow: FakeEngine) -> None:
    doorman = AdmissionControl(slow, Limits(at_once=1, waiting=1))
    first = doorman.stream("q")
    slow.begun.acquire()
    doorman.stream("q").close()
    last = doorman.stream("q")
    slow.go.set()
    assert isinstance(list(first)[-1], Done)
    assert isinstance(list(last)[-1], Done)


def test_who_waits_too_long_is_turned_away(slow: FakeEngine) -> None:
    doorman = AdmissionControl(slow, Limits(at_once=1, waiting=1, wait_seconds=0.05))
    doorman.stream("q")
    slow.begun.acquire()
    with pytest.raises(Busy, match="ask again in a moment"):
        next(doorman.stream("q"))


def test_answer_that_takes_too_long_ends_with_a_sentence(slow: FakeEngine) -> None:
    told = Told()
    doorman = AdmissionControl(slow, Limits(seconds=0.1), told)
    events = doorman.stream("q")
    with pytest.raises(Late, match=r"took longer than 0\.1 s"):
        list(events)
    slow.closed.acquire()


def test_stop_lets_answers_end_and_tells_the_rest(slow: FakeEngine) -> None:
    doorman = AdmissionControl(slow, Limits(at_once=1, waiting=4))
    running, waiting = doorman.stream("q"), doorman.stream("q")
    slow.begun.acquire()
    doorman.stop(0.05)
    with pytest.raises(Stopping, match="being stopped; ask again when it is back"):
        doorman.stream("q")
    for events in (running, waiting):
        with pytest.raises(Stopping, match="being stopped"):
            list(events)


def test_fault_of_the_engine_reaches_the_reader() -> None:
    class Broken(FakeEngine):
        def stream(
            self, question: str, turns: Sequence[Turn] = (), options: AskOptions = AskOptions()
        ) -> Generator[Event, None, None]:
            yield Delta("half")
            raise StoreError("the index is gone")

    told = Told()
    events = AdmissionControl(Broken(), observer=told).stream("q")
    assert next(events) == Delta("half")
    with pytest.raises(StoreError, match="the index is gone"):
        next(events)
    assert told.outcomes == ["StoreError"]


def test_work_is_done_in_the_callers_context() -> None:
    name: ContextVar[str] = ContextVar("name", default="")

    class Named(FakeEngine):
        def search(self, query: str, k: int, turns: Sequence[Turn] = ()) -> tuple[str, tuple[()]]:
            return name.get(), ()

    name.set("mine")
    assert AdmissionControl(Named()).search("q", 1)[0] == "mine"

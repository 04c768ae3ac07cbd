"""The answers: so many at once, so many waiting, and everyone hears how it ended."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar

import pytest
from anyio.to_thread import current_default_thread_limiter

from index.errors import StoreError
from rag.engine import Engine
from rag.types import Answer, Answers, AskOptions, Delta, Done, Event, Retrieved, Turn
from tests.helpers.serving import FakeEngine, answer_to
from ui.service.admission import (
    AdmissionControl,
    AnswerTimeout,
    AsyncEventStream,
    Busy,
    Limits,
    ShuttingDown,
)

pytestmark = pytest.mark.unit


class Outcomes:
    """An observer that keeps the outcomes."""

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
    seen = Outcomes()
    answers = AdmissionControl(FakeEngine(), observer=seen)
    assert list(answers.stream("q")) == [Retrieved("q", ()), Done(answer_to("q"))]
    assert answers.answer("q") == answer_to("q")
    assert answers.search("q", 3) == ("q", ())
    assert seen.outcomes == ["answered", "answered"]
    answers.close()


def test_every_public_name_of_the_engine_is_passed_on() -> None:
    engines: list[Answers] = [AdmissionControl(FakeEngine()), FakeEngine()]
    public = {name for name in vars(Answers) if not name.startswith("_")}
    for engine in engines:
        assert public <= vars(type(engine)).keys()
    # What tells whether a question is answerable is for evaluations.
    assert {name for name in vars(Engine) if not name.startswith("_")} == public | {
        "signals",
        "over",
    }


def test_questions_beyond_the_limits_are_rejected_at_once(
    slow: FakeEngine,
) -> None:
    seen = Outcomes()
    answers = AdmissionControl(slow, Limits(at_once=2, waiting=3), seen)
    accepted = [answers.stream("q") for _ in range(5)]
    for _ in range(2):
        slow.begun.acquire()
    assert (answers.running, answers.waiting) == (2, 3)
    with pytest.raises(Busy, match="too many questions at once; ask again in 1 s") as rejected:
        answers.stream("q")
    assert rejected.value.seconds == 1
    slow.go.set()
    for events in accepted:
        *_, last = events
        assert isinstance(last, Done)
    assert slow.most == 2
    assert sorted(seen.outcomes) == ["Busy"] + ["answered"] * 5


def test_two_hundred_at_once_are_answered_or_rejected() -> None:
    engine = FakeEngine()
    answers = AdmissionControl(engine, Limits(at_once=4, waiting=8))
    start = threading.Barrier(50)

    def ask(_: int) -> str:
        start.wait()
        try:
            return answers.answer("q").composer
        except Busy:
            return "busy"

    with ThreadPoolExecutor(50) as pool:
        outcomes = list(pool.map(ask, range(200)))
    assert set(outcomes) <= {"fake", "busy"}
    assert outcomes.count("fake") >= 4
    assert engine.most <= 4
    assert engine.running == 0


def test_closing_ends_the_engines_stream_and_a_reader_that_waits(slow: FakeEngine) -> None:
    seen = Outcomes()
    answers = AdmissionControl(slow, observer=seen)
    events = answers.stream("q")
    slow.begun.acquire()
    events.close()
    assert list(events) == []
    slow.closed.acquire()
    assert slow.running == 0
    while not seen.outcomes:
        pass
    assert seen.outcomes == ["left"]


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


def test_questions_cancelled_in_the_queue_take_no_room(slow: FakeEngine) -> None:
    answers = AdmissionControl(slow, Limits(at_once=1, waiting=1))
    first = answers.stream("q")
    slow.begun.acquire()
    answers.stream("q").close()
    last = answers.stream("q")
    slow.go.set()
    assert isinstance(list(first)[-1], Done)
    assert isinstance(list(last)[-1], Done)


def test_question_in_the_queue_for_too_long_is_rejected(slow: FakeEngine) -> None:
    answers = AdmissionControl(slow, Limits(at_once=1, waiting=1, wait_seconds=0.05))
    answers.stream("q")
    slow.begun.acquire()
    with pytest.raises(Busy, match="ask again in a moment"):
        next(answers.stream("q"))


def test_answer_that_takes_too_long_ends_with_a_sentence(slow: FakeEngine) -> None:
    seen = Outcomes()
    answers = AdmissionControl(slow, Limits(seconds=0.1), seen)
    events = answers.stream("q")
    with pytest.raises(AnswerTimeout, match=r"took longer than 0\.1 s"):
        list(events)
    slow.closed.acquire()


def test_stop_lets_answers_end_and_tells_the_rest(slow: FakeEngine) -> None:
    answers = AdmissionControl(slow, Limits(at_once=1, waiting=4))
    running, waiting = answers.stream("q"), answers.stream("q")
    slow.begun.acquire()
    answers.stop(0.05)
    with pytest.raises(ShuttingDown, match="being stopped; ask again when it is back"):
        answers.stream("q")
    for events in (running, waiting):
        with pytest.raises(ShuttingDown, match="being stopped"):
            list(events)


def test_error_of_the_engine_reaches_the_reader() -> None:
    class Broken(FakeEngine):
        def stream(
            self, question: str, turns: Sequence[Turn] = (), options: AskOptions = AskOptions()
        ) -> Generator[Event, None, None]:
            yield Delta("half")
            raise StoreError("the index is gone")

    seen = Outcomes()
    events = AdmissionControl(Broken(), observer=seen).stream("q")
    assert next(events) == Delta("half")
    with pytest.raises(StoreError, match="the index is gone"):
        next(events)
    assert seen.outcomes == ["StoreError"]


def test_work_is_done_in_the_callers_context() -> None:
    name: ContextVar[str] = ContextVar("name", default="")

    class Named(FakeEngine):
        def search(
            self, query: str, k: int, turns: Sequence[Turn] = (), options: AskOptions = AskOptions()
        ) -> tuple[str, tuple[()]]:
            return name.get(), ()

    name.set("mine")
    assert AdmissionControl(Named()).search("q", 1)[0] == "mine"


async def arrived(semaphore: threading.Semaphore) -> None:
    """Wait in an event loop for a thread's sign."""
    while not semaphore.acquire(blocking=False):
        await asyncio.sleep(0.001)


def test_async_stream_and_search_are_the_engines() -> None:
    seen = Outcomes()

    async def ask() -> None:
        answers = AdmissionControl(FakeEngine(), observer=seen)
        events = [event async for event in answers.astream("q")]
        assert events == [Retrieved("q", ()), Done(answer_to("q"))]
        assert await answers.asearch("q", 3) == ("q", ())
        answers.close()

    asyncio.run(ask())
    assert seen.outcomes == ["answered"]


def test_async_readers_wait_without_a_thread_of_the_loop(slow: FakeEngine) -> None:
    async def ask() -> None:
        answers = AdmissionControl(slow, Limits(at_once=1, waiting=20))
        streams = [answers.astream("q") for _ in range(20)]
        tasks = [asyncio.create_task(anext(events)) for events in streams]
        await arrived(slow.begun)
        assert current_default_thread_limiter().statistics().borrowed_tokens == 0
        assert (answers.running, answers.waiting) == (1, 19)
        slow.go.set()
        assert [await task for task in tasks] == [Retrieved("q", ())] * 20

    asyncio.run(ask())


@pytest.mark.parametrize("leave", ["close", "cancel"])
def test_async_reader_that_leaves_ends_the_engines_stream(slow: FakeEngine, leave: str) -> None:
    seen = Outcomes()

    async def last(events: AsyncEventStream[Event]) -> list[Event]:
        return [event async for event in events if isinstance(event, Done)]

    async def ask() -> None:
        events = AdmissionControl(slow, observer=seen).astream("q")
        task = asyncio.create_task(last(events))
        await arrived(slow.begun)
        if leave == "close":
            events.close()
            assert await task == []
        else:
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
        await arrived(slow.closed)
        while not seen.outcomes:
            await asyncio.sleep(0.001)

    asyncio.run(ask())
    assert (seen.outcomes, slow.running) == (["left"], 0)


def test_async_reader_in_the_queue_for_too_long_is_rejected(slow: FakeEngine) -> None:
    async def ask() -> None:
        answers = AdmissionControl(slow, Limits(at_once=1, waiting=1, wait_seconds=0.05))
        first = answers.astream("q")
        await arrived(slow.begun)
        with pytest.raises(Busy, match="ask again in a moment") as rejected:
            await anext(answers.astream("q"))
        assert rejected.value.seconds == 5
        first.close()

    asyncio.run(ask())


def test_async_answer_that_takes_too_long_ends_with_a_sentence(slow: FakeEngine) -> None:
    async def ask() -> None:
        events = AdmissionControl(slow, Limits(seconds=0.1)).astream("q")
        with pytest.raises(AnswerTimeout, match=r"took longer than 0\.1 s"):
            [event async for event in events]
        await arrived(slow.closed)

    asyncio.run(ask())


def test_async_readers_are_told_of_a_stop(slow: FakeEngine) -> None:
    async def ask() -> None:
        answers = AdmissionControl(slow, Limits(at_once=1, waiting=4))
        streams = [answers.astream("q"), answers.astream("q")]
        await arrived(slow.begun)
        answers.stop(0.05)
        with pytest.raises(ShuttingDown, match="being stopped; ask again when it is back"):
            answers.astream("q")
        for events in streams:
            with pytest.raises(ShuttingDown, match="being stopped"):
                [event async for event in events]

    asyncio.run(ask())


def test_error_of_the_engine_reaches_the_async_reader() -> None:
    class Broken(FakeEngine):
        def search(
            self, query: str, k: int, turns: Sequence[Turn] = (), options: AskOptions = AskOptions()
        ) -> tuple[str, tuple[()]]:
            raise StoreError("the index is gone")

    seen = Outcomes()

    async def ask() -> None:
        with pytest.raises(StoreError, match="the index is gone"):
            await AdmissionControl(Broken(), observer=seen).asearch("q", 1)

    asyncio.run(ask())
    assert seen.outcomes == ["StoreError"]


def test_closed_admission_control_rejects() -> None:
    answers = AdmissionControl(FakeEngine())
    answers.close()
    with pytest.raises(ShuttingDown, match="being stopped"):
        answers.stream("q")


def test_other_work_of_the_models_waits_its_turn_and_is_rejected_beyond_the_limit() -> None:
    engine = FakeEngine(waits=True)
    answers = AdmissionControl(engine, Limits(at_once=1, waiting=1))

    async def ask() -> None:
        first = answers.astream("q")
        waiting = asyncio.ensure_future(answers.arun(lambda _: 7))
        await asyncio.sleep(0)
        with pytest.raises(Busy, match="too many questions at once"):
            await answers.arun(lambda _: 8)
        assert not waiting.done()
        engine.go.set()
        async for _ in first:
            pass
        assert await waiting == 7
        with pytest.raises(StoreError, match="broken"):
            await answers.arun(_broken)

    asyncio.run(ask())


def _broken(_: object) -> None:
    raise StoreError("broken")

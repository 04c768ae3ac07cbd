"""Answers that are being made: followed by many, stopped by one, and stored whoever looks on."""

from __future__ import annotations

import threading
from collections.abc import Generator, Sequence
from dataclasses import replace

import pytest

from rag.types import AskOptions, Event, Turn
from tests.helpers.serving import FakeEngine, answer_to
from ui.page.html_conversation import STOPPED
from ui.page.running import RunningAnswer, RunningAnswers
from ui.service.admission import AdmissionControl
from ui.service.history import Exchange

pytestmark = pytest.mark.unit

HERE = ("", "a" * 32)
ASKED = Exchange("t1", "Who met?")
OPTIONS = AskOptions()


class Kept:
    """What was stored, and a way to wait for it."""

    def __init__(self) -> None:
        self.exchanges: list[Exchange] = []
        self.came = threading.Event()

    def __call__(self, exchange: Exchange) -> None:
        self.exchanges.append(exchange)
        self.came.set()


def started(answers: RunningAnswers, engine: FakeEngine, kept: Kept) -> RunningAnswer:
    return answers.start(HERE, ASKED, kept, AdmissionControl(engine), (), OPTIONS)


def test_answer_is_made_and_stored_though_nobody_follows_it() -> None:
    kept = Kept()
    started(RunningAnswers(), FakeEngine(), kept)
    assert kept.came.wait(10)
    assert kept.exchanges[-1].answer == answer_to("Who met?")


def test_answer_is_followed_by_many_from_where_it_is_to_its_end() -> None:
    answers, engine, kept = RunningAnswers(), FakeEngine(waits=True), Kept()
    running = started(answers, engine, kept)
    assert engine.begun.acquire(timeout=10)
    assert list(answers.of(HERE)) == ["t1"]
    assert answers.of(("", "b" * 32)) == answers.of(("me", HERE[1])) == {}
    first, second = running.follow(), running.follow()
    assert next(first).running
    assert next(second).running
    engine.go.set()
    assert [*first][-1].answer == [*second][-1].answer == answer_to("Who met?")
    assert [each.running for each in running.follow()] == [False]


def test_answer_that_is_stopped_ends_for_all_and_is_stored_as_it_was() -> None:
    answers, engine, kept = RunningAnswers(), FakeEngine(waits=True), Kept()
    running = started(answers, engine, kept)
    following = running.follow()
    assert next(following).running
    assert engine.begun.acquire(timeout=10)
    running.cancel()
    *_, last = following
    assert (last.fault, last.answer) == (STOPPED, None)
    assert kept.exchanges[0] == last
    assert engine.closed.acquire(timeout=10)
    running.cancel()
    assert running.exchange == last


def test_answer_of_a_conversation_that_is_deleted_is_not_stored() -> None:
    engine, kept = FakeEngine(waits=True), Kept()
    running = started(RunningAnswers(), engine, kept)
    assert engine.begun.acquire(timeout=10)
    running.drop()
    assert engine.closed.acquire(timeout=10)
    assert kept.exchanges == []


def test_answer_that_broke_is_complete_with_its_sentence() -> None:
    class Broken(FakeEngine):
        def stream(
            self, question: str, turns: Sequence[Turn] = (), options: AskOptions = OPTIONS
        ) -> Generator[Event, None, None]:
            raise ValueError("secret")

    kept = Kept()
    running = RunningAnswer(ASKED, kept)
    running.run(Broken(), (), OPTIONS)
    assert kept.exchanges == [replace(ASKED, fault=running.exchange.fault)]
    assert "went wrong" in running.exchange.fault

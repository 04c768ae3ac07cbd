"""An exchange as it comes about: each step the page shows, and every way in which it may end."""

from __future__ import annotations

import logging
from collections.abc import Generator, Sequence

import pytest

from index.errors import StoreError, UnknownDocument
from index.types import Document, Hit, Passage
from rag.types import (
    Answer,
    AskOptions,
    Citation,
    Delta,
    Done,
    Event,
    Quote,
    Retrieved,
    Statement,
    Support,
)
from rag.types import Turn as PastTurn
from tests.helpers.serving import FakeEngine, answer_to
from ui.page.exchanges import FAULT, as_of_now, steps
from ui.service.history import Exchange

pytestmark = pytest.mark.unit

NOW = Exchange("t1", "Who met?")


def passage(path: str, digest: str) -> Passage:
    return Passage(f"{path}#1", path, "", "", "Ada met Bo.", 0, 11, None, digest)


HITS = (Hit(passage("a.md", "old"), 0.5, 1),)


class Scripted(FakeEngine):
    """Gives these events, and raises what is an error; notes its turns and whether it was left."""

    def __init__(self, *script: Event | Exception) -> None:
        super().__init__()
        self.script = script
        self.turns: Sequence[PastTurn] = ()
        self.left = False

    def stream(
        self, question: str, turns: Sequence[PastTurn] = (), options: AskOptions = AskOptions()
    ) -> Generator[Event, None, None]:
        self.turns = turns
        try:
            for each in self.script:
                if isinstance(each, Exception):
                    raise each
                yield each
        except GeneratorExit:
            self.left = True
            raise


def answered(*paths: str) -> Exchange:
    """An exchange that cites these documents as they were when their digest was "old"."""
    citations = tuple(
        Citation(label, Quote(passage(path, "old"), 0, 11))
        for label, path in enumerate(paths, start=1)
    )
    statements = (Statement("Ada met Bo.", (1,), Support.SUPPORTED),)
    answer = Answer("q", "q", "Ada met Bo. [1]", statements, citations, None, HITS, "quotes")
    return Exchange("t1", "q", HITS, "", answer)


def test_steps_show_what_was_found_then_the_text_then_the_checked_answer() -> None:
    done = answer_to("Who met?")
    engine = Scripted(Retrieved("q", HITS), Delta("Ada "), Delta("met"), Done(done))
    found, *written, last = steps(engine, NOW, ())
    assert (found.hits, found.text, found.running) == (HITS, "", True)
    assert {step.text for step in written} <= {"Ada ", "Ada met"}
    assert (last.text, last.answer, last.running) == ("Ada met", done, False)


def test_steps_show_a_flood_of_pieces_a_few_times_only() -> None:
    flood = [Delta("word ")] * 5_000
    shown = list(steps(Scripted(Retrieved("q", ()), *flood, Done(answer_to("q"))), NOW, ()))
    assert len(shown) < 500
    assert shown[-1].text == "word " * 5_000


def test_steps_give_the_engine_the_earlier_turns() -> None:
    engine = Scripted(Done(answer_to("q")))
    assert len(list(steps(engine, NOW, [answered("a.md"), Exchange("t2", "?", fault="busy")]))) == 1
    assert list(engine.turns) == [PastTurn("q", "Ada met Bo.")]


def test_steps_end_with_the_sentence_of_an_error_of_ours_and_keep_what_was_written() -> None:
    *_, last = steps(Scripted(Delta("Ada"), StoreError("the index is gone")), NOW, ())
    assert (last.fault, last.text, last.running) == ("the index is gone", "Ada", False)


def test_steps_of_an_unknown_error_tell_the_log_and_not_the_reader(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.ERROR, "ui.page.exchanges"):
        (last,) = steps(Scripted(ValueError("/secret/path")), NOW, ())
    assert last.fault == FAULT
    assert "/secret/path" in caplog.text


def test_steps_that_are_left_leave_the_engine_too() -> None:
    engine = Scripted(Retrieved("q", HITS), Delta("Ada"), Done(answer_to("q")))
    running = steps(engine, NOW, ())
    next(running)
    running.close()  # type: ignore[attr-defined]
    assert engine.left


class Shelf(FakeEngine):
    """One document is as it was, one has changed, one is gone; counts how often each is read."""

    def __init__(self) -> None:
        super().__init__()
        self.read: list[str] = []

    def document(self, path: str) -> Document:
        self.read.append(path)
        if path == "gone.md":
            raise UnknownDocument("no such document")
        return Document(path, "", "Ada met Bo.", "old" if path == "same.md" else "new")


def test_as_of_now_says_what_became_of_documents_and_reads_each_once() -> None:
    shelf = Shelf()
    kept = [answered("same.md"), answered("changed.md", "gone.md", "same.md"), Exchange("t3", "?")]
    first, second, third = as_of_now(shelf, kept)
    assert (first.outdated, third.outdated) == ({}, {})
    assert second.outdated == {"changed.md": "has changed", "gone.md": "is not indexed any more"}
    assert sorted(shelf.read) == ["changed.md", "gone.md", "same.md"]

"""An exchange as it comes about: each step the page shows, and every way in which it may end."""

from __future__ import annotations

import logging
import re
from collections.abc import Generator, Sequence
from pathlib import Path

import pytest

from index.errors import BeingIndexed, StoreError, UnknownDocument
from index.types import Document, Hit, Passage
from rag.types import (
    Answer,
    AskOptions,
    Citation,
    Delta,
    Done,
    Event,
    PartRead,
    Quote,
    Retrieved,
    Statement,
    Support,
)
from rag.types import Turn as PastTurn
from tests.helpers.serving import FakeEngine, answer_to
from ui.page.exchanges import (
    MAX_EXCHANGES,
    UNEXPECTED_ERROR,
    Conversation,
    Following,
    stream_exchange,
    with_outdated,
)
from ui.page.html_conversation import exchange_html
from ui.service.answer_options import AnswerOptions
from ui.service.history import FILE_NAME, Exchange, History

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


def test_stream_exchange_shows_what_was_found_then_the_text_then_the_checked_answer() -> None:
    done = answer_to("Who met?")
    engine = Scripted(Retrieved("q", HITS), Delta("Ada "), Delta("met"), Done(done))
    found, *written, last = stream_exchange(engine, NOW, ())
    assert (found.hits, found.text, found.running) == (HITS, "", True)
    assert {step.text for step in written} <= {"Ada ", "Ada met"}
    assert (last.text, last.answer, last.running) == ("Ada met", done, False)


def test_stream_exchange_shows_which_part_is_read_until_there_is_text() -> None:
    engine = Scripted(Retrieved("q", HITS), PartRead(1, 2), PartRead(2, 2), Delta("Ada met Bo"))
    shown = [exchange_html(step) for step in stream_exchange(engine, NOW, ())]
    told = [re.findall(r"Reading [^<]*…", html) for html in shown]
    assert told[:3] == [
        ["Reading 1 passage of 1 document…"],
        ["Reading part 1 of 2…"],
        ["Reading part 2 of 2…"],
    ]
    assert [found for found in told[3:] if found] == []


def test_stream_exchange_shows_a_flood_of_pieces_a_few_times_only() -> None:
    flood = [Delta("word ")] * 5_000
    shown = list(
        stream_exchange(Scripted(Retrieved("q", ()), *flood, Done(answer_to("q"))), NOW, ())
    )
    assert len(shown) < 500
    assert shown[-1].text == "word " * 5_000


def test_stream_exchange_gives_the_engine_the_earlier_turns() -> None:
    engine = Scripted(Done(answer_to("q")))
    assert (
        len(
            list(
                stream_exchange(engine, NOW, [answered("a.md"), Exchange("t2", "?", fault="busy")])
            )
        )
        == 1
    )
    assert list(engine.turns) == [PastTurn("q", "Ada met Bo.")]


def test_stream_exchange_ends_with_the_sentence_of_an_error_and_keeps_what_was_written() -> None:
    *_, last = stream_exchange(Scripted(Delta("Ada"), StoreError("the index is gone")), NOW, ())
    assert (last.fault, last.text, last.running) == ("the index is gone", "Ada", False)


def test_stream_exchange_of_an_unknown_error_tells_the_log_and_not_the_reader(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.ERROR, "ui.page.exchanges"):
        (last,) = stream_exchange(Scripted(ValueError("/secret/path")), NOW, ())
    assert last.fault == UNEXPECTED_ERROR
    assert "/secret/path" in caplog.text


def test_stream_exchange_that_is_closed_closes_the_stream_of_the_engine() -> None:
    engine = Scripted(Retrieved("q", HITS), Delta("Ada"), Done(answer_to("q")))
    running = stream_exchange(engine, NOW, ())
    next(running)
    running.close()  # type: ignore[attr-defined]
    assert engine.left


class ChangingDocuments(FakeEngine):
    """One document is as it was, one has changed, one is gone; counts how often each is read."""

    def __init__(self) -> None:
        super().__init__()
        self.read: list[str] = []

    def document(self, path: str) -> Document:
        self.read.append(path)
        if path == "gone.md":
            raise UnknownDocument("no such document")
        return Document(path, "", "Ada met Bo.", "old" if path == "same.md" else "new")


def test_with_outdated_says_what_became_of_documents_and_reads_each_once() -> None:
    engine = ChangingDocuments()
    kept = [answered("same.md"), answered("changed.md", "gone.md", "same.md"), Exchange("t3", "?")]
    first, second, third = with_outdated(engine, kept)
    assert (first.outdated, third.outdated) == ({}, {})
    assert second.outdated == {"changed.md": "has changed", "gone.md": "is not indexed any more"}
    assert sorted(engine.read) == ["changed.md", "gone.md", "same.md"]


def test_with_outdated_says_nothing_of_documents_that_are_still_being_read() -> None:
    class BeingRead(FakeEngine):
        def document(self, path: str) -> Document:
            raise BeingIndexed("the documents are being read for the first time")

    (kept,) = with_outdated(BeingRead(), [answered("same.md")])
    assert kept.outdated == {}


USUAL = AnswerOptions("quotes", 8, False)
STEPS = [Exchange("t1", "q", text="a" * length) for length in range(5)]


def test_until_left_gives_every_step_of_an_answer() -> None:
    assert list(Following().until_left("page", STEPS)) == STEPS


def test_leaving_ends_what_its_page_follows_alone() -> None:
    answers = Following()
    mine, other = answers.until_left("mine", STEPS), answers.until_left("other", STEPS)
    assert (next(mine), next(other)) == (STEPS[0], STEPS[0])
    answers.leave("mine")
    assert list(mine) == []
    assert list(other) == STEPS[1:]


def test_leaving_before_an_answer_has_begun_or_after_it_does_nothing() -> None:
    answers = Following()
    answers.leave("page")
    assert list(answers.until_left("page", STEPS)) == STEPS
    answers.leave("page")
    assert list(answers.until_left("page", STEPS)) == STEPS


def test_answer_that_ends_late_leaves_the_next_one_of_its_page_to_be_left() -> None:
    answers = Following()
    old, new = answers.until_left("page", STEPS), answers.until_left("page", STEPS)
    next(old), next(new)
    assert list(old) == STEPS[1:]
    answers.leave("page")
    assert list(new) == []


def test_conversation_has_the_latest_exchanges_and_none_if_they_cannot_be_read(
    tmp_path: Path,
) -> None:
    conversation = Conversation("a" * 32, History(tmp_path), USUAL, FakeEngine(), FakeEngine())
    for number in range(MAX_EXCHANGES + 2):
        conversation.history.keep(conversation.id, Exchange(f"t{number}", "q", fault="Stopped."))
    shown = conversation.exchanges()
    assert (len(shown), shown[0].key) == (MAX_EXCHANGES, "t2")
    (tmp_path / FILE_NAME).write_bytes(b"no database, but long enough to be taken for one" * 9)
    assert conversation.exchanges() == ()

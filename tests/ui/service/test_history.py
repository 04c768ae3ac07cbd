"""Conversations that are kept: found again whole, renamed, deleted, and one owner's only."""

from __future__ import annotations

from pathlib import Path

import pytest

from index.errors import StoreError
from index.types import Hit, Passage
from rag.types import Answer, Citation, Quote, Reason, Refusal, Statement, Support
from ui.service.history import FILE_NAME, Exchange, History, new_chat

pytestmark = pytest.mark.unit

PASSAGE = Passage("a#1", "a.pdf", "A", "A > B", "Ada met Bo. Then he left.", 7, 32, 2, "digest")
ANSWER = Answer(
    question="Who met?",
    query="Who met?",
    text="Ada met Bo. [1]",
    statements=(Statement("Ada met Bo.", (1,), Support.SUPPORTED),),
    citations=(Citation(1, Quote(PASSAGE, 7, 18)),),
    refusal=None,
    hits=(Hit(PASSAGE, 0.5, 1),),
    composer="quotes",
    seconds={"total": 0.25},
)
FIRST = Exchange("t1", "Who met?", ANSWER.hits, "", ANSWER, rating="up", reason="Good source")
REFUSED = Exchange(
    "t2", "And?", (), "", Answer("And?", "And?", "No.", (), (), Refusal(Reason.DECLINED, "No."),
                                 (), "llm")
)  # fmt: skip


@pytest.fixture
def history(tmp_path: Path) -> History:
    return History(tmp_path)


def test_history_exchange_is_found_again_as_it_was(history: History, tmp_path: Path) -> None:
    chat = new_chat()
    history.keep(chat, FIRST)
    history.keep(chat, REFUSED)
    assert History(tmp_path).exchanges(chat) == (FIRST, REFUSED)
    assert [(each.id, each.title) for each in history.chats()] == [(chat, "Who met?")]


def test_history_exchange_kept_again_takes_the_place_of_the_first(history: History) -> None:
    chat = new_chat()
    history.keep(chat, Exchange("t1", "Who met?", fault="Stopped."))
    history.keep(chat, FIRST)
    assert history.exchanges(chat) == (FIRST,)


def test_history_questions_of_two_pages_take_places_of_their_own(
    history: History, tmp_path: Path
) -> None:
    chat, other = new_chat(), History(tmp_path)
    first, second = history.begin(chat, "Who met?"), other.begin(chat, "And?")
    assert (first.key, second.key) == ("t1", "t2")
    other.finish(chat, REFUSED)
    history.finish(chat, FIRST)
    assert history.exchanges(chat) == (FIRST, REFUSED)


def test_history_answer_of_a_deleted_conversation_does_not_bring_it_back(history: History) -> None:
    chat = new_chat()
    history.begin(chat, "Who met?")
    history.delete(chat)
    history.finish(chat, FIRST)
    assert history.chats() == []
    assert history.exchanges(chat) == ()


def test_history_latest_conversation_comes_first(history: History) -> None:
    old, new = new_chat(), new_chat()
    for chat in (old, new, old):
        history.keep(chat, FIRST)
    assert [each.id for each in history.chats()] == [old, new]


def test_history_title_is_short_and_can_be_changed(history: History) -> None:
    chat = new_chat()
    history.keep(chat, Exchange("t1", "word " * 40, fault="Stopped."))
    assert history.chats()[0].title == "word " * 15 + "word…"
    history.rename(chat, "  Another\nname ")
    history.rename(chat, " ")
    assert history.chats()[0].title == "Another name"


def test_history_deleted_conversation_leaves_no_words_in_its_file(
    history: History, tmp_path: Path
) -> None:
    chat = new_chat()
    history.keep(chat, FIRST)
    assert b"Ada met Bo" in (tmp_path / FILE_NAME).read_bytes()
    history.delete(chat)
    assert history.chats() == []
    assert history.exchanges(chat) == ()
    assert b"Ada met Bo" not in (tmp_path / FILE_NAME).read_bytes()


def test_history_of_another_owner_is_neither_seen_nor_changed(
    history: History, tmp_path: Path
) -> None:
    chat, other = new_chat(), History(tmp_path, "other")
    history.keep(chat, FIRST)
    other.keep(chat, REFUSED)
    other.rename(chat, "mine")
    other.delete(chat)
    assert other.chats() == []
    assert other.exchanges(chat) == ()
    assert history.exchanges(chat) == (FIRST,)
    assert history.chats()[0].title == "Who met?"


def test_history_of_what_another_version_kept_says_so(history: History, tmp_path: Path) -> None:
    import sqlite3

    chat = new_chat()
    history.keep(chat, FIRST)
    with sqlite3.connect(tmp_path / FILE_NAME) as database:
        database.execute("UPDATE exchanges SET body = '{}'")
    (kept,) = history.exchanges(chat)
    assert (kept.question, kept.answer) == ("Who met?", None)
    assert "another version" in kept.fault


def test_history_without_a_file_is_empty_and_makes_none(history: History, tmp_path: Path) -> None:
    assert history.chats() == []
    assert history.exchanges(new_chat()) == ()
    assert history.chat(new_chat()) is None
    assert list(tmp_path.iterdir()) == []


def test_history_in_a_file_that_is_none_says_what_to_do(history: History, tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_bytes(b"no database, but long enough to be taken for one" * 9)
    with pytest.raises(StoreError, match="conversations cannot be kept in"):
        history.keep(new_chat(), FIRST)


def test_conversations_are_found_by_all_the_words_of_questions_and_answers(tmp_path: Path) -> None:
    history = History(tmp_path)
    assert history.chats("owls") == []
    history.keep("a" * 32, Exchange("t1", "Where do OWLS live?", answer=ANSWER))
    history.keep("b" * 32, Exchange("t1", "What of newts?", fault="Stopped."))
    History(tmp_path, "other").keep("c" * 32, Exchange("t1", "Where do owls live?"))
    word = ANSWER.text.split()[0]
    for words, found in (
        ("owls", ["a"]),
        ("live OWLS", ["a"]),
        (f"owls {word.upper()}", ["a"]),
        ("owls newts", []),
        ("%", []),
        ("composer", []),  # a name in what is stored
        ("", ["b", "a"]),
    ):
        assert [chat.id[0] for chat in history.chats(words)] == found

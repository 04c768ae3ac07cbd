"""The chat page's lists and buttons, and what readers think of answers."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from index.catalog.reader import DocumentInfo
from index.errors import StoreError
from index.filtered import Filters
from rag.types import Answer, Reason, Refusal, Turn
from tests.ui.service.test_history import ANSWER, FIRST, REFUSED
from ui.page.html_conversation import chat_id_html, parse_chat_id
from ui.page.html_panels import (
    actions_html,
    chats_html,
    documents_html,
    first_index_html,
    follow_ups_html,
    suggestions_html,
    summary_html,
)
from ui.service import history as feedback
from ui.service.answer_options import AnswerOptions
from ui.service.background_sync import SyncState
from ui.service.history import Chat, Exchange, new_chat
from ui.service.library import LibraryState

pytestmark = pytest.mark.unit

NOW = datetime(2026, 3, 5, 12)


def chat(name: str, days: int) -> Chat:
    return Chat(name * 32, f"Chat {name}", (NOW - timedelta(days=days)).timestamp())


def test_chats_are_listed_by_day_with_the_current_one_marked() -> None:
    chats = [chat("a", 0), chat("b", 1), chat("c", 1), chat("d", 3), chat("e", 40)]
    html = chats_html(chats, "b" * 32, NOW)
    assert re.findall("<h3>(.*?)</h3>", html) == ["Today", "Yesterday", "Monday", "24 January 2026"]
    assert re.findall(r'data-chat="(\w)\w+" aria-current', html) == ["b"]
    assert html.count('data-action="delete_chat"') == 5


def test_actions_of_a_running_answer_are_none_and_only_the_last_is_asked_again() -> None:
    assert actions_html(Exchange("t1", "q"), is_last=True) == ""
    assert 'data-action="ask_again"' in actions_html(FIRST, is_last=True)
    assert 'data-action="ask_again"' not in actions_html(FIRST, is_last=False)


def test_actions_of_a_stopped_answer_offer_no_rating() -> None:
    html = actions_html(Exchange("t1", "q", fault="Stopped."), is_last=True)
    assert "data-rating" not in html
    assert 'data-action="ask_again"' in html


def test_actions_of_an_answer_whose_llm_failed_offer_quotes_instead() -> None:
    refusal = Refusal(Reason.UNAVAILABLE, "The LLM did not answer.")
    answer = Answer("q", "q", refusal.message, (), (), refusal, (), "llm")
    html = actions_html(Exchange("t1", "q", answer=answer), is_last=True)
    assert 'data-action="ask_again" data-composer="quotes"' in html
    assert "data-composer" not in actions_html(REFUSED, is_last=True)


@pytest.mark.parametrize(
    "narrow", [{"filters": Filters(types=(".md",))}, {"collections": ("town",)}]
)
def test_actions_of_some_documents_that_do_not_answer_offer_all_of_them(
    narrow: dict[str, Any],
) -> None:
    options, button = AnswerOptions("quotes", 8, False), "Ask all documents"
    chosen = replace(options, **narrow)
    stopped = Exchange("t1", "q", fault="no document is left by these filters; choose others")
    assert button in actions_html(REFUSED, is_last=True, options=chosen)
    assert button in actions_html(stopped, is_last=True, options=chosen)
    assert button not in actions_html(REFUSED, is_last=False, options=chosen)
    assert button not in actions_html(REFUSED, is_last=True, options=options)
    assert button not in actions_html(FIRST, is_last=True, options=chosen)


@pytest.mark.parametrize(
    ("exchange", "rating", "reason"),
    [(FIRST, "down", "Incomplete"), (REFUSED, "down", "The documents do say")],
)
def test_actions_of_a_rated_answer_ask_why(exchange: Exchange, rating: str, reason: str) -> None:
    html = actions_html(replace(exchange, rating=rating, reason=""), is_last=True)
    assert f'data-reason="{reason}"' in html
    assert re.findall('aria-pressed="(true|false)"', html) == ["false", "true"]


def test_actions_of_an_explained_rating_say_what_was_noted() -> None:
    assert "Noted: Good source" in actions_html(FIRST, is_last=False)


def test_follow_ups_name_the_answer_that_they_belong_to() -> None:
    html = follow_ups_html(["Who?"], "c1", "t2")
    assert '<section class="suggestions next" data-chat="c1" data-turn="t2">' in html
    assert "<h3>Ask next</h3>" in html
    assert follow_ups_html([], "c1", "t2") == ""


def test_suggestions_name_the_document_that_they_are_about() -> None:
    assert "<h3>" not in suggestions_html(["Who?"])
    assert "About" in suggestions_html([], "The <b>")
    assert "The &lt;b&gt;" in suggestions_html([], "The <b>")


def test_parse_chat_id_gives_valid_ids_only() -> None:
    chat = new_chat()
    assert parse_chat_id(chat_id_html(chat)) == chat
    assert parse_chat_id(chat_id_html("")) == ""
    assert parse_chat_id('<i data-chat="../../x"></i>') == ""


INFOS = (
    DocumentInfo("a b/c.pdf", "", 10, 3, 7, None, 0, ("1 page is left out",)),
    DocumentInfo("d.md", "Title", 10, None, 2, None, 0, ()),
    DocumentInfo("e.xyz", "", 10, None, 0, "format .xyz is not read", 0, ()),
)


def deletable(html: str) -> list[str]:
    return re.findall('data-action="delete_document" data-document="(.*?)"', html)


def test_documents_html_lists_documents_and_why_some_failed() -> None:
    html = documents_html(LibraryState(1, INFOS, SyncState(), ""))
    assert deletable(html) == ["e.xyz", "a%20b/c.pdf", "d.md"]
    assert "a b/c.pdf · 3 pages" in html
    assert "1 page is left out" in html
    assert "1 file could not be read" in html
    assert "format .xyz is not read" in html
    assert 'class="documents idle"' in html


def test_documents_html_that_cannot_be_changed_says_why_and_has_no_buttons_to() -> None:
    html = documents_html(LibraryState(1, INFOS, SyncState(), "the folder is read-only"))
    assert "the folder is read-only" in html
    assert "delete_document" not in html
    assert "pick" not in html


def test_documents_html_lets_a_file_be_deleted_that_is_not_indexed_yet() -> None:
    state = LibraryState(1, (), SyncState(running=True, stage="starting"), "", ("f & g.md",))
    html = documents_html(state)
    assert deletable(html) == ["f%20%26%20g.md"]
    assert "f &amp; g.md</span>" in html
    assert "Not indexed yet" in html


def test_documents_html_tells_how_far_a_sync_is_and_why_the_last_one_failed() -> None:
    running = SyncState(running=True, stage="reading", done=3, total=1200)
    assert "Reading 3 of 1,200 files…" in documents_html(LibraryState(1, (), running, ""))
    failed = documents_html(LibraryState(1, (), SyncState(error="the disk is full"), ""))
    assert "the disk is full" in failed
    assert "Nothing is indexed yet." in failed


def test_summary_counts_what_is_indexed() -> None:
    state = LibraryState(1, INFOS, SyncState(), "")
    assert summary_html(state) == ('<p>2 documents<span class="detail"> · 9 passages</span></p>')


def test_panel_and_summary_tell_how_far_the_first_index_is() -> None:
    first = SyncState(running=True, stage="embedding", done=512, total=5120, first=True)
    state = LibraryState(0, (), first, "documents can be added soon")
    assert summary_html(state) == "<p>Indexing 512 of 5,120 passages…</p>"
    panel = documents_html(state)
    assert 'class="documents running first"' in panel
    assert "Indexing 512 of 5,120 passages…" in panel
    assert "Nothing is indexed yet." not in panel
    assert "Indexing 512 of 5,120 passages… Questions can be asked once" in first_index_html(first)
    # Another collection has documents, which can be asked.
    part = summary_html(LibraryState(1, INFOS, first, ""))
    assert part == '<p>2 documents<span class="detail"> · 9 passages</span></p>'


def test_rating_is_a_line_from_which_a_gold_question_can_be_made(tmp_path: Path) -> None:
    for rating, reason in (("up", ""), ("down", " Incomplete ")):
        feedback.rate(tmp_path, ANSWER, [Turn("Before?", "This.")], rating, reason)
    first, last = (tmp_path / feedback.FEEDBACK_FILE).read_text(encoding="utf-8").splitlines()
    assert json.loads(first)["rating"] == "up"
    line = json.loads(last)
    assert list(line) == ["question", "turns", "answer", "citations", "rating", "reason", "time"]
    assert (line["question"], line["answer"]) == ("Who met?", "Ada met Bo. [1]")
    assert line["turns"] == [{"question": "Before?", "answer": "This."}]
    assert (line["citations"][0]["document"], line["citations"][0]["quote"]) == (
        "a.pdf",
        "Ada met Bo.",
    )
    assert (line["rating"], line["reason"]) == ("down", "Incomplete")


def test_rating_that_cannot_be_kept_says_so(tmp_path: Path) -> None:
    (tmp_path / feedback.FEEDBACK_FILE).mkdir()
    with pytest.raises(StoreError, match="the rating cannot be kept: "):
        feedback.rate(tmp_path, ANSWER, (), "up", "")

"""The chat page's handlers, called as a browser calls them: whose conversations, who may write."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from index.catalog.writer import CatalogWriter
from tests.helpers.page_calls import PageCalls
from tests.ui.http.test_auth import client_of
from ui.service.history import FILE_NAME, History
from ui.service.tokens import Tokens

pytestmark = pytest.mark.unit

MINE = "What is mine alone?"
THEIRS = "What is theirs alone?"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data folder whose corpus has one file, which the fake engine lists."""
    (tmp_path / "corpus").mkdir()
    (tmp_path / "corpus" / "a.md").write_text("Words of a document.", encoding="utf-8")
    (tmp_path / "data").mkdir()
    catalog = CatalogWriter.create(tmp_path / "data")
    with catalog.transaction():
        catalog.set_meta("corpus", str(tmp_path / "corpus"))
        catalog.set_meta("generation", "1")
    catalog.close()
    return tmp_path / "data"


@pytest.fixture
def local(data: Path) -> Iterator[TestClient]:
    """On loopback, where no token is asked for."""
    with client_of(data) as client:
        yield client


@pytest.fixture
def shared(data: Path) -> Iterator[TestClient]:
    """On an address that others reach."""
    with client_of(data, "0.0.0.0", requests_per_minute=0) as client:
        yield client


def token(data: Path, write: bool = False) -> str:
    return Tokens(data).make(write=write)[1]


def asked(page: PageCalls, question: str) -> str:
    """Ask on an empty page; the id of the conversation that begins with it."""
    page.send("load", "")
    page.send("submit", question, None, "", None)
    found = re.search('data-chat="([0-9a-f]{32})"', page.shown["chat-id"])
    assert found
    return found[1]


def where(chat: str) -> str:
    return f'<i data-chat="{chat}"></i>'


def test_page_without_tokens_keeps_a_conversation_for_its_only_owner(local: TestClient) -> None:
    chat = asked(PageCalls(local), MINE)
    page = PageCalls(local)
    page.send("load", where(chat))
    assert MINE in page.shown["current"]
    assert MINE in page.shown["chats"]


@pytest.mark.parametrize("event", ["submit", "ask_again"])
@pytest.mark.parametrize("words", ["", "   "])
def test_nothing_to_ask_leaves_the_page_as_it_is(local: TestClient, event: str, words: str) -> None:
    page = PageCalls(local)
    page.send("load", "")
    before = dict(page.shown)
    page.send(event, *([words] if event == "submit" else []), None, "", None)
    assert "Ask your documents" in before["current"]
    assert page.shown == before


def test_page_of_another_token_neither_lists_nor_opens_a_conversation(
    shared: TestClient, data: Path
) -> None:
    chat = asked(PageCalls(shared, token(data)), MINE)
    other = PageCalls(shared, token(data))
    for event, inputs, detail in (("load", [where(chat)], {}), ("open_chat", [], {"chat": chat})):
        other.send(event, *inputs, **detail)
        assert MINE not in str(other.shown)
        assert 'class="welcome"' in other.shown["current"]
        assert other.shown["chat-id"] == where("")


def test_page_of_another_token_changes_nothing_of_a_conversation(
    shared: TestClient, data: Path
) -> None:
    mine, other = PageCalls(shared, token(data)), PageCalls(shared, token(data))
    chat = asked(mine, MINE)
    assert asked(other, THEIRS) != chat
    other.send("rename_chat", where(chat), chat=chat, title="Stolen")
    other.choose(where(chat), passages=2, strict=True)
    other.send("delete_chat", where(chat), chat=chat, title="")
    other.send("submit", THEIRS, None, where(chat), None)
    mine.send("open_chat", chat=chat)
    assert MINE in mine.shown["current"]
    assert THEIRS not in str(mine.shown)
    assert "Stolen" not in mine.shown["chats"]
    assert "8 passages" in mine.shown["options-summary"]


def test_page_of_another_token_exports_nothing_of_a_conversation(
    shared: TestClient, data: Path
) -> None:
    mine, other = PageCalls(shared, token(data)), PageCalls(shared, token(data))
    chat = asked(mine, MINE)
    other.send("export_chat", chat=chat)
    assert other.shown["download"] == ""
    mine.send("export_chat", chat=chat)
    assert MINE in mine.shown["download"]


def test_conversations_kept_before_there_were_owners_are_the_local_ones(
    local: TestClient, data: Path
) -> None:
    chat = asked(PageCalls(local), MINE)
    with closing(sqlite3.connect(data / FILE_NAME)) as database, database:
        database.execute("DROP TABLE manners")  # what an earlier version did not have
    page = PageCalls(local)
    page.send("load", where(chat))
    assert MINE in page.shown["current"]
    page.choose(where(chat), passages=4)
    again = PageCalls(local)
    again.send("open_chat", chat=chat)
    assert "4 passages" in again.shown["options-summary"]


def test_conversation_is_found_with_its_settings_and_a_new_one_is_as_usual(
    local: TestClient,
) -> None:
    page = PageCalls(local)
    chat = asked(page, MINE)
    page.choose(where(chat), composer="llm", passages=99, strict="yes")
    page.send("new_chat")
    assert "Quotes · 8 passages" in page.shown["options-summary"]
    page.send("open_chat", chat=chat)
    assert "Quotes · 20 passages" in page.shown["options-summary"]
    assert page.choice["passages"] == 20


def test_pages_that_show_one_conversation_keep_both_questions(local: TestClient) -> None:
    mine, other = PageCalls(local), PageCalls(local)
    chat = asked(mine, MINE)
    other.send("load", where(chat))
    mine.send("submit", "Mine again?", None, where(chat), None)
    other.send("submit", THEIRS, None, where(chat), None)
    assert [MINE in other.shown["past"], "Mine again?" in other.shown["past"]] == [True, True]
    again = PageCalls(local)
    again.send("load", where(chat))
    shown = again.shown["past"] + again.shown["current"]
    assert [shown.count(f">{each}<") for each in (MINE, "Mine again?", THEIRS)] == [1, 1, 1]


def test_question_over_the_limit_is_told_and_neither_cut_nor_stored(local: TestClient) -> None:
    page = PageCalls(local)
    page.send("load", "")
    page.send("submit", "a" * 4_001, None, "", None)
    assert "4,000 characters, and this has 4,001" in page.shown["suggestions"]
    assert page.shown["chat-id"] == where("")


def test_question_that_a_stopped_server_left_says_so(local: TestClient, data: Path) -> None:
    history = History(data)
    history.begin("c" * 32, MINE)
    page = PageCalls(local)
    page.send("load", where("c" * 32))
    assert "The server was stopped before this was answered" in page.shown["current"]


def test_page_of_a_token_that_may_write_has_the_controls_and_deletes(
    shared: TestClient, data: Path
) -> None:
    page = PageCalls(shared, token(data, write=True))
    page.send("load", "")
    assert 'class="pick"' in page.shown["documents"]
    assert 'data-action="delete_document" data-document="a.md"' in page.shown["documents"]
    page.send("delete_document", None, document="a.md")
    assert "fault" not in page.shown["documents"]
    assert not (data.parent / "corpus" / "a.md").exists()


def test_page_of_a_token_that_may_read_has_no_controls_and_deletes_nothing(
    shared: TestClient, data: Path
) -> None:
    page = PageCalls(shared, token(data))
    page.send("load", "")
    assert "pick" not in page.shown["documents"]
    assert "delete_document" not in page.shown["documents"]
    assert "log in with one that may write" in page.shown["documents"]
    page.send("delete_document", None, document="a.md")
    assert "Your token may read" in page.shown["documents"]
    assert (data.parent / "corpus" / "a.md").exists()


def test_page_calls_without_a_token_are_refused(shared: TestClient, data: Path) -> None:
    token(data)
    body = {"fn_index": 0, "session_hash": "x", "data": [""]}
    assert shared.post("/gradio_api/queue/join", json=body).status_code == 401


def test_edited_question_goes_on_in_a_conversation_of_its_own(local: TestClient) -> None:
    page = PageCalls(local)
    page.send("load", "")
    page.send("submit", "First?", None, "", None)
    chat = page.shown["chat-id"]
    page.send("submit", "Second?", None, chat, None)
    page.send("edit", None, chat, None, turn="t2", question="Other?")
    assert page.shown["chat-id"] != chat
    assert "First?" in page.shown["past"]
    assert "Other?" in page.shown["current"]
    assert "Second?" not in page.shown["past"] + page.shown["current"]
    page.send("load", chat)  # nothing is lost
    assert "Second?" in page.shown["current"]


def test_conversations_are_found_by_words_of_their_questions(
    local: TestClient, shared: TestClient, data: Path
) -> None:
    asked(PageCalls(local), "Where do Owls live?")
    page = PageCalls(local)
    page.send("load", "")
    page.send("submit", "What is a newt?", None, "", None)
    page.send("find_chats", "", words="OWLS live")
    assert "Where do Owls live?" in page.shown["chats"]
    assert "What is a newt?" not in page.shown["chats"]
    page.send("find_chats", "", words="<zebra>")
    assert "None holds “&lt;zebra&gt;”." in page.shown["chats"]
    page.send("find_chats", "", words="")
    assert page.shown["chats"].count('class="chat"') == 2


def test_filters_are_kept_with_the_conversation_and_taken_back(local: TestClient) -> None:
    page = PageCalls(local)
    page.send("load", "")
    assert "<option" not in page.shown["scope"]  # there is one document, and nothing to choose
    page.send("submit", MINE, None, "", None)
    chat, chosen = page.shown["chat-id"], {"documents": ["a.md"], "folders": [], "types": [".md"]}
    page.choose(chat, filters=chosen | {"passages": ["a.md"]})
    other = PageCalls(local)
    other.send("load", chat)
    assert other.choice["filters"] == chosen
    page.choose(chat, filters={})
    other.send("load", chat)
    assert not any(other.choice["filters"].values())


def test_question_goes_by_what_its_page_shows_and_that_is_kept_at_once(local: TestClient) -> None:
    page = PageCalls(local)
    page.send("load", "")
    page.choice |= {"passages": 3}  # nothing else has told the server
    page.send("submit", MINE, None, "", page.asked_by)
    other = PageCalls(local)
    other.send("load", page.shown["chat-id"])
    assert other.choice["passages"] == 3
    assert "3 passages" in other.shown["options-summary"]


def test_choice_that_comes_after_a_later_one_changes_nothing(local: TestClient) -> None:
    page = PageCalls(local)
    chat = where(asked(page, MINE))
    early = json.dumps(page.choice | {"passages": 1})
    page.choose(chat, passages=1)  # stands for a change whose number is never heard of
    page.choose(chat, passages=2)
    page.send("choose", chat, None, early, number=1, changed=["choice", "passages"])
    other = PageCalls(local)
    other.send("load", chat)
    assert other.choice["passages"] == 2


@pytest.mark.parametrize("choice", ["", "null", "[1]", "{", '{"passages": {}}', "[" * 100_000])
def test_choice_that_no_page_makes_is_the_default(local: TestClient, choice: str) -> None:
    page = PageCalls(local)
    page.send("load", "")
    page.send("submit", MINE, None, "", choice)
    other = PageCalls(local)
    other.send("load", page.shown["chat-id"])
    assert MINE in other.shown["current"]
    assert other.choice["passages"] == 8

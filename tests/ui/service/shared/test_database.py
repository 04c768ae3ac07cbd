"""Conversations, ratings and tokens in a real PostgreSQL, which `make shared` installs."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from click.testing import CliRunner

from index.errors import ConfigError, StoreError
from index.settings import load_settings
from tests.helpers.s3 import free_port
from tests.helpers.shared_servers import PASSWORD, postgres
from tests.ui.service import test_history
from tests.ui.service.test_history import (
    ANSWER,
    FIRST,
    test_conversations_are_found_by_all_the_words_of_questions_and_answers,
    test_history_answer_of_a_deleted_conversation_does_not_bring_it_back,
    test_history_exchange_is_found_again_as_it_was,
    test_history_exchange_kept_again_takes_the_place_of_the_first,
    test_history_latest_conversation_comes_first,
    test_history_of_another_owner_is_neither_seen_nor_changed,
    test_history_questions_of_two_pages_take_places_of_their_own,
    test_history_title_is_short_and_can_be_changed,
)
from ui.cli import main
from ui.service.history import Exchange, History, new_chat, rate
from ui.service.settings import ServiceSettings
from ui.service.shared.database import SharedDatabase, database_of
from ui.service.tokens import SharedTokens

pytestmark = pytest.mark.full

# What holds of conversations in a file holds of those in the database.
__all__ = [
    "test_conversations_are_found_by_all_the_words_of_questions_and_answers",
    "test_history_answer_of_a_deleted_conversation_does_not_bring_it_back",
    "test_history_exchange_is_found_again_as_it_was",
    "test_history_exchange_kept_again_takes_the_place_of_the_first",
    "test_history_latest_conversation_comes_first",
    "test_history_of_another_owner_is_neither_seen_nor_changed",
    "test_history_questions_of_two_pages_take_places_of_their_own",
    "test_history_title_is_short_and_can_be_changed",
]


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    pytest.importorskip("psycopg")
    with postgres() as found:
        yield found


@pytest.fixture
def database(address: str) -> Iterator[SharedDatabase]:
    found = SharedDatabase(address)
    yield found
    with found.open() as opened:
        opened.execute("DROP TABLE footnote_version, manners, exchanges, chats, ratings, tokens")


@pytest.fixture(autouse=True)
def _histories_share_it(database: SharedDatabase, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(test_history, "History", partial(History, shared=database))


@pytest.fixture
def history(database: SharedDatabase, tmp_path: Path) -> History:
    return History(tmp_path / "nowhere", shared=database)


def test_questions_asked_at_two_servers_at_once_take_places_of_their_own(
    address: str, database: SharedDatabase, tmp_path: Path
) -> None:
    chat, keys = new_chat(), list[str]()
    servers = [History(tmp_path, shared=SharedDatabase(address)) for _ in range(4)]

    def ask(server: History) -> None:
        keys.extend(server.begin(chat, "Who met?").key for _ in range(10))

    threads = [threading.Thread(target=ask, args=(each,)) for each in servers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(keys, key=lambda key: int(key[1:])) == [f"t{n}" for n in range(1, 41)]
    assert len(History(tmp_path, shared=database).exchanges(chat)) == 40


def test_text_that_postgresql_does_not_keep_is_kept_without_it(history: History) -> None:
    chat = new_chat()
    history.keep(chat, Exchange("t1", "Where\0 are owls?", answer=ANSWER, reason="\0"))
    (kept,) = history.exchanges(chat)
    assert (kept.question, kept.reason) == ("Where� are owls?", "�")
    assert [each.id for each in history.chats("owls ada")] == [chat]


def test_options_are_stored_and_stored_again(history: History) -> None:
    chat = new_chat()
    history.keep(chat, FIRST)
    for length in ("short", "long"):
        history.store_options(chat, {"length": length})
    assert history.options(chat) == {"length": "long"}
    assert history.options(new_chat()) == {}


def test_ratings_are_lines_as_those_of_the_file(database: SharedDatabase) -> None:
    rate(database, ANSWER, (), "up", " Good ")
    with database.open() as opened:
        ((line,),) = opened.execute("SELECT body FROM ratings").fetchall()
    assert (json.loads(line)["rating"], json.loads(line)["reason"]) == ("up", "Good")


def test_tokens_made_by_the_command_are_found_by_every_server(
    address: str, database: SharedDatabase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FOOTNOTE_DATABASE", address)

    def run(*arguments: str) -> str:
        result = CliRunner().invoke(main, ["--data", str(tmp_path), "token", *arguments])
        assert result.exit_code == 0, result.output
        return result.stdout

    secret = run("new", "--write", "--name", "ci").strip()
    servers = [SharedTokens(SharedDatabase(address)) for _ in range(2)]
    found = [server.find(secret) for server in servers]
    assert [each and each.name for each in found] == ["ci", "ci"]
    assert found[0]
    run("revoke", found[0].id)
    assert SharedTokens(database).find(secret) is None
    with pytest.raises(ConfigError, match=r"no token 'abc'; run: footnote token list"):
        SharedTokens(database).revoke("abc")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("change", "error", "expected"),
    [
        ((PASSWORD, "wrong"), ConfigError, "names refuses access .*password authentication failed"),
        (("/postgres", "/nowhere"), ConfigError, 'refuses access .*"nowhere" does not exist'),
        (("postgresql://", "mysql://"), ConfigError, "'database' names 'mysql'; it takes postgres"),
        (("postgresql://", "Database "), ConfigError, "'database' is no address like postgresql"),
    ],
)
def test_database_that_cannot_be_used_is_a_sentence_with_the_setting(
    change: tuple[str, str], error: type[Exception], expected: str, address: str
) -> None:
    wanted = load_settings(ServiceSettings, database=address.replace(*change))
    with pytest.raises(error, match=expected) as raised:
        database_of(wanted)
    assert PASSWORD not in str(raised.value)


def test_database_that_does_not_answer_is_a_store_error() -> None:
    address = f"postgresql://newt@127.0.0.1:{free_port()}/postgres"
    with pytest.raises(StoreError, match=r"'database' names cannot be used \(.*refused"):
        database_of(load_settings(ServiceSettings, database=address))


def test_database_of_another_version_is_refused(address: str, database: SharedDatabase) -> None:
    with database.open() as opened:
        opened.execute("UPDATE footnote_version SET version = 2")
    with pytest.raises(ConfigError, match=r"another version of Footnote \(2, not 1\)"):
        database_of(load_settings(ServiceSettings, database=address))


def test_no_database_is_named_by_default() -> None:
    assert database_of(load_settings(ServiceSettings)) is None

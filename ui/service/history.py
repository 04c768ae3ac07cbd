"""Stored conversations, in a SQLite file of their own in the data folder, and ratings; or both in
the database that servers share.

Each answer is stored whole, with its quotes, so that it can be read again when a document has
changed or is gone. The index never touches this file, nor this the index.
"""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any, Protocol
from uuid import uuid4

from pydantic import TypeAdapter, ValidationError

from index.errors import StoreError
from index.shared_files import append_line
from index.types import Hit
from rag.schema import CitationBody
from rag.types import Answer, Turn
from ui.service.plain_text import text_of, turn_of
from ui.service.shared.database import SharedDatabase

FILE_NAME = "conversations.sqlite3"
TITLE_CHARACTERS = 80
_LISTED = 200
_LOST = "This answer was kept by another version of Footnote and cannot be shown."
_SCHEMA = """
CREATE TABLE IF NOT EXISTS chats (
    id TEXT PRIMARY KEY, owner TEXT NOT NULL, title TEXT NOT NULL, updated REAL NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS exchanges (
    chat TEXT NOT NULL REFERENCES chats (id) ON DELETE CASCADE, number INTEGER NOT NULL,
    question TEXT NOT NULL, body TEXT NOT NULL, PRIMARY KEY (chat, number)
) STRICT;
CREATE TABLE IF NOT EXISTS manners (
    chat TEXT PRIMARY KEY REFERENCES chats (id) ON DELETE CASCADE, body TEXT NOT NULL
) STRICT;
"""


class Transaction(Protocol):
    """What sqlite3's connection and `DatabaseTransaction` have in common."""

    def execute(self, sql: str, values: Any = ..., /) -> Any:  # noqa: ANN401
        """Run a statement with named values; a cursor over its rows."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """A question and its answer so far; `key` ("t1", "t2", ...) identifies it in its conversation.

    `hits` are set once passages are retrieved, `reading` says which part of how many an LLM reads
    of what it summarises, `text` grows with each delta, and `answer` or
    `fault`, an error as a sentence, completes it. `rating` is "up", "down" or "", and `reason` the
    user's comment. `outdated` says by path which cited documents have changed since.
    """

    key: str
    question: str
    hits: tuple[Hit, ...] = ()
    text: str = ""
    answer: Answer | None = None
    fault: str = ""
    rating: str = ""
    reason: str = ""
    outdated: Mapping[str, str] = field(default_factory=dict)
    reading: tuple[int, int] | None = None

    @property
    def number(self) -> int:
        """Its place in its conversation, from 1."""
        return int(self.key[1:])

    @property
    def running(self) -> bool:
        """Whether the answer is not complete."""
        return self.answer is None and not self.fault

    @property
    def turn(self) -> Turn | None:
        """The turn for follow-ups; None of a refusal or an error."""
        if self.answer is None or self.answer.refusal:
            return None
        return turn_of(self.question, text_of(self.answer))


@dataclass(frozen=True, slots=True)
class Chat:
    """A conversation in a list; `updated` in seconds since 1970."""

    id: str
    title: str
    updated: float


class ConversationFile:
    """The SQLite file of a data folder, with what `SharedDatabase` has."""

    questions = "group_concat(question, char(10))"
    answers = "group_concat(json_extract(body, '$.answer.text'), char(10))"

    def __init__(self, data: Path) -> None:
        self._path = data / FILE_NAME

    @property
    def exists(self) -> bool:
        """Whether anything was stored."""
        return self._path.exists()

    @contextmanager
    def open(self) -> Iterator[sqlite3.Connection]:
        """A connection and its transaction. Raises StoreError."""
        try:
            with closing(sqlite3.connect(self._path, timeout=5)) as database:
                database.execute("PRAGMA foreign_keys = ON")
                database.execute("PRAGMA secure_delete = ON")
                database.executescript(_SCHEMA)
                with database:
                    yield database
        except sqlite3.Error as error:
            raise StoreError(
                f"conversations cannot be kept in {self._path} ({error}); "
                "see that the folder can be written, or move the file away"
            ) from error


class History:
    """The conversations of one owner: a token's id, or "" where no token is required.

    Every method raises StoreError if what they are kept in can't be read or written.
    """

    def __init__(self, data: Path, owner: str = "", shared: SharedDatabase | None = None) -> None:
        self._store = shared or ConversationFile(data)
        self._owner = owner

    @property
    def owner(self) -> str:
        """Whose conversations these are."""
        return self._owner

    def chats(self, words: str = "") -> list[Chat]:
        """The latest conversations, newest first; those that hold some words, if they are given.

        Each of the words must stand in the title, in a question or in an answer.
        """
        if not self._store.exists:
            return []
        wanted = words.casefold().split()
        texts = (
            f", (SELECT {self._store.questions} FROM exchanges WHERE chat = id), "
            f"(SELECT {self._store.answers} FROM exchanges WHERE chat = id)"
        )
        with self._store.open() as database:
            rows = database.execute(
                f"SELECT id, title, updated{texts if wanted else ''} FROM chats "
                "WHERE owner = :owner ORDER BY updated DESC, id",
                {"owner": self._owner},
            )
            held = (row for row in rows if _holds(row[1:2] + row[3:], wanted))
            return [Chat(*row[:3]) for row in islice(held, _LISTED)]

    def chat(self, chat: str) -> Chat | None:
        """A conversation by its id, or None."""
        if not chat or not self._store.exists:
            return None
        with self._store.open() as database:
            row = database.execute(
                "SELECT id, title, updated FROM chats WHERE id = :chat AND owner = :owner",
                self._named(chat),
            ).fetchone()
        return Chat(*row) if row else None

    def exchanges(self, chat: str) -> tuple[Exchange, ...]:
        """The exchanges of a conversation in order; () if there is no such conversation."""
        if not chat or not self._store.exists:
            return ()
        with self._store.open() as database:
            rows = database.execute(
                "SELECT number, question, body FROM exchanges JOIN chats ON chats.id = chat "
                "WHERE chat = :chat AND owner = :owner ORDER BY number",
                self._named(chat),
            )
            return tuple(_read(*row) for row in rows)

    def begin(self, chat: str, question: str) -> Exchange:
        """Store a question that is to be answered, after all others of its conversation.

        Two pages that show one conversation thus never take each other's place.
        """
        with self._store.open() as database:
            self._touch(database, chat, question)
            row = database.execute(
                "SELECT coalesce(max(number), 0) + 1 FROM exchanges WHERE chat = :chat",
                {"chat": chat},
            ).fetchone()
            exchange = Exchange(f"t{row[0]}", question)
            self._put(database, chat, exchange)
        return exchange

    def keep(self, chat: str, exchange: Exchange) -> None:
        """Store an exchange; the first one of a conversation is its title."""
        with self._store.open() as database:
            self._touch(database, chat, exchange.question)
            self._put(database, chat, exchange)

    def finish(self, chat: str, exchange: Exchange) -> None:
        """Store an exchange in the place where it began, unless its conversation was deleted."""
        with self._store.open() as database:
            self._put(database, chat, exchange)

    def _touch(self, database: Transaction, chat: str, question: str) -> None:
        database.execute(
            "INSERT INTO chats VALUES (:chat, :owner, :title, :now) "
            "ON CONFLICT (id) DO UPDATE SET updated = excluded.updated "
            "WHERE chats.owner = excluded.owner",
            self._named(chat, title=_title(question), now=time.time()),
        )

    def _put(self, database: Transaction, chat: str, exchange: Exchange) -> None:
        body = _exchange().dump_json(exchange).decode()
        database.execute(
            "INSERT INTO exchanges SELECT id, :number, :question, :body FROM chats "
            "WHERE id = :chat AND owner = :owner ON CONFLICT (chat, number) "
            "DO UPDATE SET question = excluded.question, body = excluded.body",
            self._named(chat, number=exchange.number, question=exchange.question, body=body),
        )

    def options(self, chat: str) -> dict[str, object]:
        """The stored answer options of a conversation; {} if there are none."""
        if not chat or not self._store.exists:
            return {}
        with self._store.open() as database:
            row = database.execute(
                "SELECT body FROM manners JOIN chats ON chats.id = chat "
                "WHERE chat = :chat AND owner = :owner",
                self._named(chat),
            ).fetchone()
        found = json.loads(row[0]) if row else {}
        return found if isinstance(found, dict) else {}

    def store_options(self, chat: str, options: Mapping[str, object]) -> None:
        """Store the answer options of a conversation, if that is stored itself."""
        if not self._store.exists:
            return
        with self._store.open() as database:
            database.execute(
                "INSERT INTO manners SELECT id, :body FROM chats WHERE id = :chat "
                "AND owner = :owner ON CONFLICT (chat) DO UPDATE SET body = excluded.body",
                self._named(chat, body=json.dumps(options)),
            )

    def rename(self, chat: str, title: str) -> None:
        """Rename a conversation; an empty title changes nothing."""
        if title := _title(title):
            with self._store.open() as database:
                database.execute(
                    "UPDATE chats SET title = :title WHERE id = :chat AND owner = :owner",
                    self._named(chat, title=title),
                )

    def delete(self, chat: str) -> None:
        """Delete a conversation; its text is overwritten in the file."""
        with self._store.open() as database:
            database.execute(
                "DELETE FROM chats WHERE id = :chat AND owner = :owner", self._named(chat)
            )

    def _named(self, chat: str, **others: object) -> dict[str, object]:
        """Values of a statement by name: the conversation, its owner, and others."""
        return {"chat": chat, "owner": self._owner, **others}


def new_chat() -> str:
    """The id of a new conversation."""
    return uuid4().hex


@cache
def _exchange() -> TypeAdapter[Exchange]:
    return TypeAdapter(Exchange)


def _read(number: int, question: str, body: str) -> Exchange:
    """A stored exchange, its key from its number."""
    try:
        return replace(_exchange().validate_json(body), key=f"t{number}")
    except ValidationError:
        return Exchange(f"t{number}", question, fault=_LOST)


def _holds(texts: Sequence[str | None], words: Sequence[str]) -> bool:
    found = "\n".join(filter(None, texts)).casefold()
    return all(word in found for word in words)


def _title(words: str) -> str:
    """The first words of a question, as a title."""
    words = " ".join(words.split())
    if len(words) <= TITLE_CHARACTERS:
        return words
    short = words[:TITLE_CHARACTERS]
    return (short.rpartition(" ")[0] or short).rstrip(",;:") + "…"


FEEDBACK_FILE = "feedback.jsonl"
REASON_CHARACTERS = 1_000


def rate(
    store: Path | SharedDatabase, answer: Answer, turns: Sequence[Turn], rating: str, reason: str
) -> None:
    """Add a rating ("up" or "down") to the file in a data folder, or to the shared database; an
    answer's last one holds.

    Raises StoreError if it cannot be written.
    """
    line = {
        "question": answer.question,
        "turns": [{"question": turn.question, "answer": turn.answer} for turn in turns],
        "answer": answer.text,
        "citations": [CitationBody.of(each).model_dump(mode="json") for each in answer.citations],
        "rating": rating,
        "reason": reason.strip()[:REASON_CHARACTERS],
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    kept = json.dumps(line, ensure_ascii=False)
    try:
        if isinstance(store, Path):
            append_line(store / FEEDBACK_FILE, kept)
        else:
            store.add_rating(kept)
    except StoreError as error:
        raise StoreError(f"the rating cannot be kept: {error}") from None

"""Stored conversations, in a SQLite file of their own in the data folder, and ratings.

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
from pathlib import Path
from uuid import uuid4

from pydantic import TypeAdapter, ValidationError

from index.errors import StoreError
from index.shared_files import append_line
from index.types import Hit
from rag.schema import CitationBody
from rag.types import Answer, Turn
from ui.service.plain_text import text_of, turn_of

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


class History:
    """The conversations of one owner: a token's id, or "" where no token is required.

    Every method raises StoreError if the file can't be read or written.
    """

    def __init__(self, data: Path, owner: str = "") -> None:
        self._path = data / FILE_NAME
        self._owner = owner

    @property
    def owner(self) -> str:
        """Whose conversations these are."""
        return self._owner

    def chats(self, words: str = "") -> list[Chat]:
        """The latest conversations, newest first; those that hold some words, if they are given.

        Each of the words must stand in the title, in a question or in an answer.
        """
        if not self._path.exists():
            return []
        wanted = words.casefold().split()

        def holds(*texts: str | None) -> bool:
            found = "\n".join(filter(None, texts)).casefold()
            return all(word in found for word in wanted)

        with self._open() as database:
            database.create_function("holds", 3, holds, deterministic=True)
            rows = database.execute(
                "SELECT id, title, updated FROM chats WHERE owner = ? AND (? OR holds(title, "
                "(SELECT group_concat(question, char(10)) FROM exchanges WHERE chat = id), "
                "(SELECT group_concat(json_extract(body, '$.answer.text'), char(10)) "
                "FROM exchanges WHERE chat = id))) ORDER BY updated DESC, id LIMIT ?",
                (self._owner, not wanted, _LISTED),
            )
            return [Chat(*row) for row in rows]

    def chat(self, chat: str) -> Chat | None:
        """A conversation by its id, or None."""
        if not chat or not self._path.exists():
            return None
        with self._open() as database:
            row = database.execute(
                "SELECT id, title, updated FROM chats WHERE id = ? AND owner = ?",
                (chat, self._owner),
            ).fetchone()
        return Chat(*row) if row else None

    def exchanges(self, chat: str) -> tuple[Exchange, ...]:
        """The exchanges of a conversation in order; () if there is no such conversation."""
        if not chat or not self._path.exists():
            return ()
        with self._open() as database:
            rows = database.execute(
                "SELECT number, question, body FROM exchanges JOIN chats ON chats.id = chat "
                "WHERE chat = ? AND owner = ? ORDER BY number",
                (chat, self._owner),
            )
            return tuple(_read(*row) for row in rows)

    def begin(self, chat: str, question: str) -> Exchange:
        """Store a question that is to be answered, after all others of its conversation.

        Two pages that show one conversation thus never take each other's place.
        """
        with self._open() as database:
            self._touch(database, chat, question)
            row = database.execute(
                "SELECT coalesce(max(number), 0) + 1 FROM exchanges WHERE chat = ?", (chat,)
            ).fetchone()
            exchange = Exchange(f"t{row[0]}", question)
            self._put(database, chat, exchange)
        return exchange

    def keep(self, chat: str, exchange: Exchange) -> None:
        """Store an exchange; the first one of a conversation is its title."""
        with self._open() as database:
            self._touch(database, chat, exchange.question)
            self._put(database, chat, exchange)

    def finish(self, chat: str, exchange: Exchange) -> None:
        """Store an exchange in the place where it began, unless its conversation was deleted."""
        with self._open() as database:
            self._put(database, chat, exchange)

    def _touch(self, database: sqlite3.Connection, chat: str, question: str) -> None:
        database.execute(
            "INSERT INTO chats VALUES (?, ?, ?, ?) "
            "ON CONFLICT (id) DO UPDATE SET updated = excluded.updated "
            "WHERE owner = excluded.owner",
            (chat, self._owner, _title(question), time.time()),
        )

    def _put(self, database: sqlite3.Connection, chat: str, exchange: Exchange) -> None:
        body = _exchange().dump_json(exchange).decode()
        database.execute(
            "INSERT OR REPLACE INTO exchanges SELECT id, ?, ?, ? FROM chats "
            "WHERE id = ? AND owner = ?",
            (exchange.number, exchange.question, body, chat, self._owner),
        )

    def options(self, chat: str) -> dict[str, object]:
        """The stored answer options of a conversation; {} if there are none."""
        if not chat or not self._path.exists():
            return {}
        with self._open() as database:
            row = database.execute(
                "SELECT body FROM manners JOIN chats ON chats.id = chat "
                "WHERE chat = ? AND owner = ?",
                (chat, self._owner),
            ).fetchone()
        found = json.loads(row[0]) if row else {}
        return found if isinstance(found, dict) else {}

    def store_options(self, chat: str, options: Mapping[str, object]) -> None:
        """Store the answer options of a conversation, if that is stored itself."""
        if not self._path.exists():
            return
        with self._open() as database:
            database.execute(
                "INSERT OR REPLACE INTO manners SELECT id, ? FROM chats WHERE id = ? AND owner = ?",
                (json.dumps(options), chat, self._owner),
            )

    def rename(self, chat: str, title: str) -> None:
        """Rename a conversation; an empty title changes nothing."""
        if title := _title(title):
            with self._open() as database:
                database.execute(
                    "UPDATE chats SET title = ? WHERE id = ? AND owner = ?",
                    (title, chat, self._owner),
                )

    def delete(self, chat: str) -> None:
        """Delete a conversation; its text is overwritten in the file."""
        with self._open() as database:
            database.execute("DELETE FROM chats WHERE id = ? AND owner = ?", (chat, self._owner))

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        """A connection and its transaction."""
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


def _title(words: str) -> str:
    """The first words of a question, as a title."""
    words = " ".join(words.split())
    if len(words) <= TITLE_CHARACTERS:
        return words
    short = words[:TITLE_CHARACTERS]
    return (short.rpartition(" ")[0] or short).rstrip(",;:") + "…"


FEEDBACK_FILE = "feedback.jsonl"
REASON_CHARACTERS = 1_000


def rate(data: Path, answer: Answer, turns: Sequence[Turn], rating: str, reason: str) -> None:
    """Add a rating ("up" or "down") to the file in the data folder; an answer's last one holds.

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
    path = data / FEEDBACK_FILE
    try:
        append_line(path, json.dumps(line, ensure_ascii=False))
    except StoreError as error:
        raise StoreError(f"the rating cannot be kept: {error}") from None

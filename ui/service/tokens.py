"""Bearer tokens, kept as hashes and compared in constant time, and the rate limit per client."""

from __future__ import annotations

import hmac
import json
import math
import secrets
import threading
import time
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Literal

from limits import RateLimitItemPerMinute
from pydantic import TypeAdapter, ValidationError

from index.errors import ConfigError, StoreError
from index.shared_files import changing, replace_file
from ui.service.shared.database import SharedDatabase
from ui.service.shared.limits import LimitStorage

Scope = Literal["read", "write"]

FILE_NAME = "tokens.json"
PREFIX = "fn_"
_BYTES = 32
# How old a list of tokens may be that was read from a database.
_FRESH_SECONDS = 1.0


_WRITES = ":write"


@dataclass(frozen=True, slots=True)
class Caller:
    """Who sent a request: the id of a token, "" where none is required, and its rights.

    The id is "@NAME" for a user whom a proxy names.

    `reads` and `writes` name the collections that it may read and change, None for all.
    """

    id: str
    may_write: bool
    reads: frozenset[str] | None = None
    writes: frozenset[str] | None = None


ANYONE = Caller("", may_write=True)


@dataclass(frozen=True, slots=True)
class AccessToken:
    """A stored token: its id, name, scopes, creation time (ISO, UTC) and the hash of its secret.

    `collections` are those that it may read, each with ":write" if it may change it too; None for
    all there are.
    """

    id: str
    name: str
    scopes: tuple[Scope, ...]
    made: str
    digest: str
    collections: tuple[str, ...] | None = None

    @property
    def caller(self) -> Caller:
        """The caller that shows this token."""
        may_write, each = "write" in self.scopes, self.collections
        if each is None:
            return Caller(self.id, may_write)
        writes = frozenset(name.removesuffix(_WRITES) for name in each if name.endswith(_WRITES))
        reads = frozenset(name.removesuffix(_WRITES) for name in each)
        return Caller(self.id, may_write, reads, writes)


class Tokens:
    """The tokens of one data folder; a running server sees changes of the file."""

    def __init__(self, data: Path) -> None:
        self._path = data / FILE_NAME
        self._lock = threading.Lock()
        self._stamp: tuple[int, int, int] | None = None
        self._known: tuple[AccessToken, ...] = ()

    def all(self) -> tuple[AccessToken, ...]:
        """All tokens, oldest first. Raises StoreError if the file cannot be read."""
        with self._lock:
            try:
                info = self._path.stat()
                stamp = (info.st_mtime_ns, info.st_ino, info.st_size)
                if stamp != self._stamp:
                    self._known = _kept().validate_json(self._path.read_bytes())
                    self._stamp = stamp
            except FileNotFoundError:
                self._known, self._stamp = (), None
            except (OSError, ValidationError) as error:
                raise StoreError(
                    f"{self._path} cannot be read ({type(error).__name__}); "
                    "mend it, or delete it and run: footnote token new"
                ) from None
            return self._known

    def make(
        self, name: str = "", write: bool = False, collections: Sequence[str] = ()
    ) -> tuple[AccessToken, str]:
        """Create a token; returns it and its secret, which is not stored.

        It may read the collections, and write those that end with ":write", or with `write` all of
        them; without any it may do so in all there are.
        """
        if write:
            collections = [f"{each.removesuffix(_WRITES)}{_WRITES}" for each in collections]
        write = write or any(each.endswith(_WRITES) for each in collections)
        secret = PREFIX + secrets.token_urlsafe(_BYTES)
        token = AccessToken(
            id=secrets.token_hex(3),
            name=name,
            scopes=("read", "write") if write else ("read",),
            made=datetime.now(UTC).isoformat(timespec="seconds"),
            digest=_digest(secret),
            collections=tuple(collections) or None,
        )
        self._add(token)
        return token, secret

    def revoke(self, token_id: str) -> None:
        """Delete a token. Raises ConfigError if there is none of this id."""
        if not self._remove(token_id):
            raise ConfigError(f"there is no token {token_id!r}; run: footnote token list")

    def find(self, secret: str) -> AccessToken | None:
        """The token of a secret, or None; all are compared, in constant time."""
        digest = _digest(secret)
        found = None
        for token in self.all():
            if hmac.compare_digest(token.digest, digest):
                found = token
        return found

    def _add(self, token: AccessToken) -> None:
        with changing(self._path):
            self._write((*self.all(), token))

    def _remove(self, token_id: str) -> bool:
        """Whether there was one of this id."""
        with changing(self._path):
            known = self.all()
            left = [token for token in known if token.id != token_id]
            if len(left) < len(known):
                self._write(left)
            return len(left) < len(known)

    def _write(self, tokens: Iterable[AccessToken]) -> None:
        """Replace the file, readable by its owner alone."""
        entries = [asdict(token) for token in tokens]
        replace_file(self._path, json.dumps(entries, indent=1))


class SharedTokens(Tokens):
    """Tokens in the database that servers share; each of them sees a change within a second."""

    def __init__(self, database: SharedDatabase) -> None:
        self._database = database
        self._lock = threading.Lock()
        self._known: tuple[AccessToken, ...] = ()
        self._read_at = -math.inf

    def all(self) -> tuple[AccessToken, ...]:
        """All tokens, oldest first. Raises StoreError if the database does not answer."""
        with self._lock:
            if time.monotonic() - self._read_at >= _FRESH_SECONDS:
                with self._database.open() as database:
                    rows = database.execute("SELECT body FROM tokens ORDER BY number").fetchall()
                self._known = tuple(_token().validate_json(body) for (body,) in rows)
                self._read_at = time.monotonic()
            return self._known

    def _add(self, token: AccessToken) -> None:
        with self._database.open() as database:
            database.execute(
                "INSERT INTO tokens (id, body) VALUES (:id, :body)",
                {"id": token.id, "body": json.dumps(asdict(token))},
            )
        self._read_at = -math.inf

    def _remove(self, token_id: str) -> bool:
        with self._database.open() as database:
            gone = database.execute("DELETE FROM tokens WHERE id = :id", {"id": token_id}).rowcount
        self._read_at = -math.inf
        return bool(gone)


def tokens_of(data: Path, database: SharedDatabase | None) -> Tokens:
    """The tokens of the database that servers share, or else of a data folder."""
    return SharedTokens(database) if database else Tokens(data)


@cache
def _token() -> TypeAdapter[AccessToken]:
    return TypeAdapter(AccessToken)


@cache
def _kept() -> TypeAdapter[tuple[AccessToken, ...]]:
    return TypeAdapter(tuple[AccessToken, ...])


def _digest(secret: str) -> str:
    # No salt and no slow hash: a secret is 256 random bits, which no dictionary holds.
    return sha256(secret.encode("utf-8", "replace")).hexdigest()


class RateLimit:
    """At most so many requests of each client in any minute; 0 for no limit.

    `kind` tells the requests of several limits apart where their counts are kept together.
    """

    def __init__(
        self, per_minute: int, storage: LimitStorage | None = None, kind: str = "requests"
    ) -> None:
        self.per_minute = per_minute
        self._item = RateLimitItemPerMinute(per_minute) if per_minute else None
        self._storage, self._kind = storage or LimitStorage(), kind

    def other(self, per_minute: int, kind: str) -> RateLimit:
        """A limit of another kind of requests, counted in the same place."""
        return RateLimit(per_minute, self._storage, kind)

    def hit(self, client: str) -> int:
        """Count a request; 0 if it is within the limit, else the seconds until a retry."""
        if self._item is None:
            return 0
        reset = self._storage.hit(self._item, self._kind, client)
        return max(1, math.ceil(reset - time.time())) if reset else 0

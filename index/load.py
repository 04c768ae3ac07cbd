"""Files to documents, each parsed in a child process under limits; one bad file stops nothing."""

from __future__ import annotations

import multiprocessing
import resource
from collections.abc import Iterator, Sequence
from concurrent.futures import TimeoutError as FutureTimeoutError
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from pebble import ProcessExpired, ProcessPool

from index.errors import ConfigError
from index.formats import Unreadable, parse
from index.passages import Document, Failure
from index.settings import IndexSettings
from index.walk import Entry

_MEMORY_BYTES = 2 << 30
_TEXT_CHARACTERS = 20_000_000
_WORKERS = 2


@dataclass(frozen=True, slots=True)
class Loaded:
    """What became of one file: its bytes' digest, and a document or a failure."""

    entry: Entry
    digest: str
    result: Document | Failure


def load(corpus: Path, entries: Sequence[Entry], settings: IndexSettings) -> Iterator[Loaded]:
    """Parse files in order; each yields a document or a failure, never an exception."""
    limit = settings.max_file_mb << 20
    fitting = [entry for entry in entries if entry.size <= limit]
    for entry in entries:
        if entry.size > limit:
            reason = f"too large: {entry.size >> 20} MB, the limit is {settings.max_file_mb} MB"
            yield Loaded(entry, "", Failure(entry.path, reason))
    if not fitting:
        return
    # Spawned, never forked: a child forked from a process that holds Chroma or torch can hang.
    context = multiprocessing.get_context("spawn")
    with ProcessPool(_WORKERS, context=context, initializer=_limit_memory) as pool:
        jobs = [
            (
                entry,
                pool.schedule(_load_one, args=(str(corpus), entry), timeout=settings.parse_seconds),
            )
            for entry in fitting
        ]
        for entry, job in jobs:
            try:
                yield job.result()
            except FutureTimeoutError:
                reason = f"took more than {settings.parse_seconds} seconds to read"
                yield Loaded(entry, "", Failure(entry.path, reason))
            except ProcessExpired:
                yield Loaded(entry, "", Failure(entry.path, "damaged: reading it ended the reader"))


def _limit_memory() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_BYTES, _MEMORY_BYTES))


def _load_one(corpus: str, entry: Entry) -> Loaded:
    path = Path(corpus) / entry.path
    digest = ""
    try:
        data = path.read_bytes()
        digest = sha256(data).hexdigest()
        parsed = parse(entry.path, data)
        if not parsed.text.strip():
            raise Unreadable("empty: there is no text in it")
        if len(parsed.text) > _TEXT_CHARACTERS:
            raise Unreadable(f"too large: its text has over {_TEXT_CHARACTERS:,} characters")
    except Unreadable as error:
        return Loaded(entry, digest, Failure(entry.path, str(error)))
    except MemoryError:
        return Loaded(entry, digest, Failure(entry.path, "needs too much memory to read"))
    except OSError as error:
        return Loaded(entry, digest, Failure(entry.path, f"cannot be read: {error.strerror}"))
    except Exception as error:
        # A library met bytes that its authors did not expect; the file is at fault, not the run.
        reason = f"damaged: {type(error).__name__} while reading it"
        return Loaded(entry, digest, Failure(entry.path, reason))
    document = Document(
        path=entry.path,
        title=parsed.title or Path(entry.path).stem,
        text=parsed.text,
        digest=digest,
        headings=parsed.headings,
        page_starts=parsed.page_starts,
    )
    return Loaded(entry, digest, document)


def file_digest(path: Path) -> str:
    """SHA-256 of a file's bytes. Raises ConfigError if it cannot be read."""
    try:
        with path.open("rb") as file:
            digest = sha256()
            while block := file.read(1 << 20):
                digest.update(block)
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}") from None
    return digest.hexdigest()

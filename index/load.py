"""Files to documents, each parsed in a child process under limits; one bad file stops nothing."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Generator, Sequence
from concurrent.futures import TimeoutError as FutureTimeoutError
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO

from pebble import ProcessExpired, ProcessPool

from index.errors import ConfigError
from index.formats import parse
from index.limits import limit_memory
from index.parsed import Unreadable
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


def load(
    corpus: Path, entries: Sequence[Entry], settings: IndexSettings
) -> Generator[Loaded, None, None]:
    """Parse files; each yields a document or a failure, never an exception.

    Those too large come first, the others in the order given.
    """
    fitting = []
    for entry in entries:
        if is_too_large(entry, settings):
            yield _failed(entry, too_large(entry, settings))
        else:
            fitting.append(entry)
    if not fitting:
        return
    # Spawned, never forked: a child forked from a process that holds Chroma or torch can hang.
    context = multiprocessing.get_context("spawn")
    pool = ProcessPool(
        min(_WORKERS, len(fitting)),
        context=context,
        initializer=_start_reader,
        initargs=(_MEMORY_BYTES,),
    )
    try:
        seconds = settings.parse_seconds
        jobs = [
            pool.schedule(_load_one, (str(corpus), entry), timeout=seconds) for entry in fitting
        ]
        for entry, job in zip(fitting, jobs, strict=True):
            try:
                yield job.result()
            except FutureTimeoutError:
                yield _failed(entry, too_slow(settings))
            except ProcessExpired:
                yield _failed(entry, DEADLY)
    finally:
        # Whoever stops in the middle does not wait for the files that are left.
        pool.stop()  # type: ignore[no-untyped-call]
        pool.join()


# Why a file was not read to its end; the same limits would stop it again.
DEADLY = "damaged: reading it ended the reader"
HUNGRY = "needs too much memory to read"


def is_too_large(entry: Entry, settings: IndexSettings) -> bool:
    """Whether a file is over the limit, so that it is not opened."""
    return entry.size > settings.max_file_mb << 20


def too_large(entry: Entry, settings: IndexSettings) -> str:
    """The reason of a file over the limit."""
    return f"too large: {entry.size >> 20} MB, the limit is {settings.max_file_mb} MB"


def too_slow(settings: IndexSettings) -> str:
    """The reason of a file that was given up."""
    return f"took more than {settings.parse_seconds} seconds to read"


def _start_reader(memory: int) -> None:
    # Being here, it has imported this module before the clock of the first file starts.
    limit_memory(memory)


def _failed(entry: Entry, reason: str) -> Loaded:
    return Loaded(entry, "", Failure(entry.path, reason))


def _load_one(corpus: str, entry: Entry) -> Loaded:
    path = Path(corpus) / entry.path
    digest = ""
    try:
        with _open(path) as file:
            data = file.read()
        digest = sha256(data).hexdigest()
        parsed = parse(entry.path, data)
        # Half a character cannot be stored; it is refused here, where it fails one file only.
        f"{parsed.title}{parsed.text}".encode()
        if not parsed.text.strip():
            raise Unreadable("empty: there is no text in it")
        if len(parsed.text) > _TEXT_CHARACTERS:
            raise Unreadable(f"too large: its text has over {_TEXT_CHARACTERS:,} characters")
    except Unreadable as error:
        return Loaded(entry, digest, Failure(entry.path, str(error)))
    except MemoryError:
        return Loaded(entry, digest, Failure(entry.path, HUNGRY))
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
        hidden=parsed.hidden,
        notes=parsed.notes,
    )
    return Loaded(entry, digest, document)


def _open(path: Path) -> BinaryIO:
    """Open an ordinary file, also if it has become a link or a pipe since the walk."""
    return os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb")


def file_digest(path: Path) -> str:
    """SHA-256 of a file's bytes. Raises ConfigError if it cannot be read."""
    try:
        with _open(path) as file:
            digest = sha256()
            while block := file.read(1 << 20):
                digest.update(block)
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}") from None
    return digest.hexdigest()

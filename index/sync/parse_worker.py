"""Parses one file into a document, in a worker process; also the digests of files."""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from index.errors import ConfigError
from index.formats.base import Parsed, Unreadable
from index.formats.readings import keeping
from index.formats.registry import parse
from index.runtime import limit_cpu
from index.sync.walk import Entry
from index.text.splitter import PassageSpan, Splitting
from index.types import Document, Failure

_TEXT_CHARACTERS = 20_000_000
_HEADINGS = 20_000
# How long a writer of the file is given to finish.
_PAUSE_SECONDS = 0.5

# Why parsing a file was stopped; the same limits would stop it again.
CRASHED = "damaged: reading it ended the reader"
OUT_OF_MEMORY = "needs too much memory to read"


# Reasons for errors of libraries, by the name of their class.
_LIBRARY_ERRORS = {
    "BadZipFile": "its zip container is broken",
    "DecompressionBombError": "a picture in it unpacks to too much",
    "PackageNotFoundError": "its zip container lacks the document",
    "RecursionError": "it is nested too deep",
    "XMLSyntaxError": "its XML is broken, nested too deep, or made to grow without end",
    "zlib.error": "its packed data is broken",
}


@dataclass(frozen=True, slots=True)
class LoadedFile:
    """The result for one file: its entry as it was read, its digest, a document or a failure.

    The entry has another size and mtime than the walk's if the file changed since. `spans` are a
    document's passages, if it was to be split. With `goes_on` the next sync reads more of it.
    """

    entry: Entry
    digest: str
    result: Document | Failure
    spans: tuple[PassageSpan, ...] = ()
    goes_on: bool = False


def read_files(
    corpus: str,
    entries: Sequence[Entry],
    splitting: Splitting | None = None,
    seconds: int = 0,
    readings: Path | None = None,
) -> list[LoadedFile]:
    """Read files one after the other; with `seconds`, the process ends if they take more of it."""
    if seconds:
        limit_cpu(seconds)
    return [read_file(corpus, entry, splitting, readings) for entry in entries]


def read_file(
    corpus: str, entry: Entry, splitting: Splitting | None = None, readings: Path | None = None
) -> LoadedFile:
    """Read a file and split it; what it holds gives a document or a failure, never an exception.

    `readings` is a folder where what is read in pictures is kept for the next sync.
    """
    digest = ""
    try:
        entry, data = _read(Path(corpus), entry)
        digest = sha256(data).hexdigest()
        with keeping(readings, digest):
            parsed = _validated(parse(entry.path, data))
        document = _document(entry.path, digest, parsed)
        spans = tuple(splitting.spans(document)) if splitting else ()
    except Unreadable as error:
        return LoadedFile(entry, digest, Failure(entry.path, str(error)))
    except MemoryError:
        return LoadedFile(entry, digest, Failure(entry.path, OUT_OF_MEMORY))
    except OSError as error:
        return LoadedFile(entry, digest, Failure(entry.path, f"cannot be read: {error.strerror}"))
    except Exception as error:
        # Libraries raise errors of all kinds for malformed bytes; the file is at fault, not us.
        name = type(error).__name__
        if name == "error":  # several libraries call theirs so
            name = f"{type(error).__module__}.{name}"
        reason = f"damaged: {_LIBRARY_ERRORS.get(name) or f'{name} while reading it'}"
        return LoadedFile(entry, digest, Failure(entry.path, reason))
    return LoadedFile(entry, digest, document, spans, parsed.goes_on)


def _document(path: str, digest: str, parsed: Parsed) -> Document:
    return Document(
        path=path,
        title=parsed.title or PurePosixPath(path).stem,
        text=parsed.text,
        digest=digest,
        headings=parsed.headings,
        page_starts=parsed.page_starts,
        hidden=parsed.hidden,
        notes=parsed.notes,
        tables=parsed.tables,
    )


def _read(corpus: Path, entry: Entry) -> tuple[Entry, bytes]:
    """A file's bytes, and its entry as it was read; one that changes is read twice.

    Raises Unreadable if it still changes, and OSError.
    """
    for last in (False, True):
        with open_regular_file(corpus, entry.path) as file:
            before = os.fstat(file.fileno())
            # A pipe or a device may have no end.
            data = file.read(before.st_size + 1) if stat.S_ISREG(before.st_mode) else b""
            after = os.fstat(file.fileno())
        found = Entry(entry.path, before.st_size, before.st_mtime_ns)
        unchanged = (after.st_size, after.st_mtime_ns) == (found.size, found.mtime)
        if unchanged and (found == entry or last or not data):
            return found if data else entry, data
        if not last:
            time.sleep(_PAUSE_SECONDS)
    raise Unreadable("is being changed; run the command again when it is done")


def _validated(parsed: Parsed) -> Parsed:
    """A parser's result, if it is valid and small enough. Raises Unreadable otherwise."""
    # Lone surrogates cannot be stored; they are refused here, where they fail one file only.
    "".join((parsed.title, parsed.text, *parsed.notes)).encode()
    if not parsed.text.strip():
        raise Unreadable("empty: there is no text in it")
    if len(parsed.text) > _TEXT_CHARACTERS:
        raise Unreadable(f"too large: its text has over {_TEXT_CHARACTERS:,} characters")
    if len(parsed.headings) > _HEADINGS:
        note = f"only its first {_HEADINGS:,} headings are kept as headings"
        headings = parsed.headings[:_HEADINGS]
        parsed = replace(parsed, headings=headings, notes=(*parsed.notes, note))
    "".join(heading.text for heading in parsed.headings).encode()
    "".join(name for table in parsed.tables for name in (*table.columns, table.caption)).encode()
    return parsed


def file_digest(path: Path) -> str:
    """SHA-256 of a file's bytes. Raises ConfigError if it cannot be read."""
    try:
        with open_regular_file(path.parent, path.name) as file:
            digest = sha256()
            while block := file.read(1 << 20):
                digest.update(block)
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}") from None
    return digest.hexdigest()


def open_regular_file(corpus: Path, path: str) -> BinaryIO:
    """Open a file below a folder for reading, without following links or blocking on a pipe.

    Raises OSError, also if the file or a folder on its way has become a link since the walk.
    """
    folder = os.open(corpus, os.O_RDONLY | os.O_DIRECTORY)
    try:
        *parents, name = PurePosixPath(path).parts
        for parent in parents:
            inner = os.open(parent, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=folder)
            os.close(folder)
            folder = inner
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK
        return os.fdopen(os.open(name, flags, dir_fd=folder), "rb")
    finally:
        os.close(folder)

"""One file to a document, in a child process under limits; also what tells two files apart."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO

from index.errors import ConfigError
from index.formats import parse
from index.parsed import Unreadable
from index.passages import Document, Failure
from index.walk import Entry

_TEXT_CHARACTERS = 20_000_000
# Why a file was not read to its end; the same limits would stop it again.
DEADLY = "damaged: reading it ended the reader"
HUNGRY = "needs too much memory to read"


@dataclass(frozen=True, slots=True)
class Loaded:
    """What became of one file: its bytes' digest, and a document or a failure."""

    entry: Entry
    digest: str
    result: Document | Failure


def read_files(corpus: str, entries: Sequence[Entry]) -> list[Loaded]:
    """Parse files one after the other."""
    return [read_file(corpus, entry) for entry in entries]


def read_file(corpus: str, entry: Entry) -> Loaded:
    """Parse a file; whatever it holds gives a document or a failure, never an exception."""
    path = Path(corpus) / entry.path
    digest = ""
    try:
        with open_ordinary(path) as file:
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


def open_ordinary(path: Path) -> BinaryIO:
    """Open an ordinary file, also if it has become a link or a pipe since the walk."""
    return os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb")


def file_digest(path: Path) -> str:
    """SHA-256 of a file's bytes. Raises ConfigError if it cannot be read."""
    try:
        with open_ordinary(path) as file:
            digest = sha256()
            while block := file.read(1 << 20):
                digest.update(block)
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}") from None
    return digest.hexdigest()

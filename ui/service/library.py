"""The document library: files of the corpus folder, added and deleted while a server runs."""

from __future__ import annotations

import hashlib
import os
import stat
import unicodedata
from collections.abc import Iterable, Set
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath

from index.catalog.reader import DocumentInfo
from index.errors import BeingIndexed, FootnoteError, StoreError, UnknownDocument
from index.formats.registry import READERS
from index.settings import IndexSettings
from rag.types import Answers
from ui.service.background_sync import BackgroundSync, SyncState, corpus_of
from ui.service.uploads import BadUpload, Incoming, UploadLimits, sweep

_NAME_BYTES = 200
_FOLDER_MB = 10_000
_FIRST = "The documents are being read for the first time; send it again in a moment."


class NotAllowed(FootnoteError):
    """Documents can't be changed here."""


class UnreadKind(BadUpload):
    """A file of a format that is not read."""


class AlreadyThere(BadUpload):
    """A file of this name is in the folder, and may not be replaced."""


@dataclass(frozen=True, slots=True)
class Previous:
    """A file that was replaced: its size in bytes, SHA-256, and when it was last changed."""

    size: int
    digest: str
    modified: datetime


@dataclass(frozen=True, slots=True)
class Uploaded:
    """A file in the corpus folder, `size` in bytes; the next sync indexes it."""

    path: str
    size: int
    previous: Previous | None

    @property
    def replaced(self) -> bool:
        """Whether there was a file of this name."""
        return self.previous is not None


@dataclass(frozen=True, slots=True)
class LibraryState:
    """The indexed documents, failed ones with their `failure`, and the progress of the sync.

    `closed` says in a sentence why documents can't be changed; "" if they can, and then `waiting`
    names the files that no sync has seen yet. `folder` leads the path of a document that is added.
    """

    generation: int
    documents: tuple[DocumentInfo, ...]
    sync: SyncState
    closed: str
    waiting: tuple[str, ...] = ()
    folder: str = ""


class Library:
    """The corpus folder of an engine's index; close it before the engine."""

    def __init__(
        self,
        settings: IndexSettings,
        engine: Answers,
        closed: str = "",
        sync: BackgroundSync | None = None,
        folder_mb: int = _FOLDER_MB,
    ) -> None:
        """A sentence in `closed` forbids every change and says why.

        Files are added while those of the folder take at most `folder_mb`.
        """
        self._limits = UploadLimits(settings.max_file_mb, folder_mb)
        self._settings = settings
        self._engine = engine
        self._closed = closed
        self._sync = sync or BackgroundSync(settings)

    def for_readers(self, closed: str) -> Library:
        """The same library read-only; the sentence says why, unless it is read-only already."""
        closed, limit = self._closed or closed, self._limits.folder_mb
        return Library(self._settings, self._engine, closed, self._sync, limit)

    def add(self, name: str, blocks: Iterable[bytes], may_replace: bool = True) -> Uploaded:
        """Write a file into the corpus, replacing one of the same name, and request a sync.

        The file appears whole or not at all. Raises NotAllowed, BadUpload and its subclasses,
        AlreadyThere among them, and StoreError if it cannot be written.
        """
        incoming = self.receive(name, may_replace)
        try:
            for block in blocks:
                incoming.write(block)
            return self.finish(incoming, may_replace)
        finally:
            incoming.discard()

    def receive(self, name: str, may_replace: bool = True) -> Incoming:
        """A file that is to arrive under this name. Raises what `add` raises, before any block."""
        corpus = self._open_corpus()
        target = corpus / _checked_name(name)
        if _is_file(target) and not may_replace:
            raise _already_there(target)
        return Incoming(target, self._limits)

    def finish(self, incoming: Incoming, may_replace: bool = True) -> Uploaded:
        """Put a file that has arrived in its place, and request a sync."""
        target = incoming.target
        _is_file(target)
        try:
            previous = _previous(target)
            incoming.finish(Path.replace if may_replace else _link)
        except FileExistsError:
            raise _already_there(target) from None
        except OSError as error:
            raise StoreError(
                f"{target.name!r} cannot be kept: {error.strerror}; mend that and send it again"
            ) from None
        self._sync.request()
        return Uploaded(target.name, incoming.size, previous)

    def sweep(self) -> None:
        """Remove files that a server that is gone left half written."""
        with suppress(FootnoteError):
            sweep(self._open_corpus())

    def remove(self, path: str) -> None:
        """Delete a document's file, also one that is not indexed yet, and request a sync.

        Raises NotAllowed, UnknownDocument, and StoreError if the file cannot be deleted.
        """
        corpus = self._open_corpus()
        if path not in {info.path for info in self._engine.documents()}:
            path = unicodedata.normalize("NFC", path)  # as `add` stores it
            if not _is_addable(corpus, path):
                raise UnknownDocument(
                    f"no document {path!r} is indexed; run: footnote search WORDS"
                )
        file = corpus / PurePosixPath(path)
        try:
            # A parent folder may have become a link that leads elsewhere.
            if os.path.realpath(file.parent) != os.path.normpath(file.parent):
                raise StoreError(f"{path!r} is not in its folder any more; run: footnote index")
            file.unlink(missing_ok=True)
        except OSError as error:
            raise StoreError(
                f"{path!r} cannot be deleted: {error.strerror}; delete it in its folder"
            ) from None
        self._sync.request(deleted=path)

    def reindex(self) -> None:
        """Request a sync. Raises NotAllowed."""
        if self._closed:
            raise NotAllowed(self._closed)
        self._sync.request()

    def state(self) -> LibraryState:
        """The indexed documents and the progress of the sync."""
        sync = self._sync.state
        try:
            generation, documents = self._engine.generation, tuple(self._engine.documents())
        except BeingIndexed:
            generation, documents = 0, ()
        state = LibraryState(generation, documents, sync, "")
        try:
            corpus = self._open_corpus()
        except FootnoteError as error:
            return replace(state, closed=str(error))
        return replace(state, waiting=_waiting(corpus, {info.path for info in documents}))

    @property
    def sync(self) -> SyncState:
        """The progress of the sync that follows a change."""
        return self._sync.state

    def wait(self) -> None:
        """Wait until no sync runs."""
        self._sync.wait()

    def close(self) -> None:
        """Stop a running sync; it then changes nothing."""
        self._sync.close()

    def _open_corpus(self) -> Path:
        """The corpus folder if it is writable. Raises NotAllowed or BeingIndexed."""
        if self._closed:
            raise NotAllowed(self._closed)
        if self._sync.state.first:
            raise BeingIndexed(_FIRST)
        corpus = corpus_of(self._settings)
        if not corpus.is_dir():
            raise NotAllowed(f"the folder {corpus.name!r} of the documents is gone; bring it back")
        if not os.access(corpus, os.W_OK | os.X_OK):
            raise NotAllowed(
                f"the folder {corpus.name!r} of the documents is read-only here; "
                "change it where it comes from and run: footnote index"
            )
        return corpus


def _link(file: Path, target: Path) -> None:
    """Give a file its name, unless another has it. Raises FileExistsError."""
    try:
        os.link(file, target)
        file.unlink()
    except FileExistsError:
        raise
    except OSError:  # a file system without links: the name is taken first
        target.open("xb").close()
        file.replace(target)


def _already_there(target: Path) -> AlreadyThere:
    return AlreadyThere(f"a file {target.name!r} is there already; replace it, or choose a name")


def _previous(target: Path) -> Previous | None:
    """What is known of a file that is to be replaced, None if there is none."""
    try:
        with target.open("rb") as file:
            facts, digest = os.fstat(file.fileno()), hashlib.file_digest(file, "sha256")
    except FileNotFoundError:
        return None
    changed = datetime.fromtimestamp(facts.st_mtime, UTC).replace(microsecond=0)
    return Previous(facts.st_size, digest.hexdigest(), changed)


def _checked_name(name: str) -> str:
    """A valid name of a file directly in the corpus folder. Raises BadUpload, UnreadKind."""
    name = unicodedata.normalize("NFC", name)
    if not name or set(name) & {"/", "\\"} or name.startswith("."):
        raise BadUpload(f"{name!r} is not the name of a file; send one like 'notes.md'")
    # Control and format characters, and lone surrogates, which no file system stores.
    if any(unicodedata.category(character)[0] == "C" for character in name):
        raise BadUpload("the file's name has invisible characters; rename it")
    if len(name.encode()) > _NAME_BYTES:
        raise BadUpload(f"the file's name is longer than {_NAME_BYTES} bytes; shorten it")
    file = PurePosixPath(name)
    if (file.suffix.lower() or name.lower()) not in READERS:
        kind = file.suffix.lower() or "without an ending"
        raise UnreadKind(f"format {kind} is not read; send text, PDF, Office, HTML or the like")
    return name


def _waiting(corpus: Path, indexed: Set[str]) -> tuple[str, ...]:
    """Files directly in the folder that could have been uploaded and are not indexed."""
    try:
        names = sorted({file.name for file in corpus.iterdir()} - indexed)
    except OSError:  # the folder is gone; the next request says so
        return ()
    return tuple(name for name in names if _is_addable(corpus, name))


def _is_addable(corpus: Path, name: str) -> bool:
    """Whether there is a file that could have been uploaded."""
    try:
        return _checked_name(name) == name and _is_file(corpus / name)
    except BadUpload:
        return False


def _is_file(target: Path) -> bool:
    """Whether there is a regular file. Raises BadUpload for a folder, a link or the like."""
    try:
        mode = target.lstat().st_mode
    except FileNotFoundError:
        return False
    if not stat.S_ISREG(mode):
        raise BadUpload(f"{target.name!r} is a folder or a link here; choose another name")
    return True

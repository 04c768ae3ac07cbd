"""Collections: the folders of one server, each with an index and settings of its own.

A caller sees only those that its token names. What it asks is answered by an engine over these
alone, so that no door can lead to another. Paths of documents begin with their collection.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from index.errors import ConfigError, FootnoteError
from index.joined import joined_path, split_path
from ui.service.background_sync import SyncState
from ui.service.library import Library, LibraryState, NotAllowed
from ui.service.tokens import Caller

if TYPE_CHECKING:
    from index.snapshots import Index
    from rag.engine import Engine
    from rag.settings import Settings
    from ui.service.admission import AdmissionControl

ALL = "all"
_FOLDER = "collections"
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")
_ENGINES = 64
# What is set for a collection by itself; models and what a reader chooses are the server's.
_OWN = frozenset(
    "dense_weight sentences refuse_below passage_tokens max_file_mb parse_seconds".split()
)
_CHOOSE = "Choose one collection to add documents to it."


class UnknownCollection(FootnoteError):
    """A name that no collection has which the caller may read."""


def named(wanted: str | Sequence[str] | None) -> tuple[str, ...]:
    """The collections that are wanted by name, () for all of them."""
    asked = [wanted] if isinstance(wanted, str) else wanted or ()
    return tuple(name for name in dict.fromkeys(asked) if name and name != ALL)


def check_name(name: str) -> str:
    """The name of a collection. Raises ConfigError for one that cannot be in a URL or is taken."""
    if not _NAME.fullmatch(name) or name == ALL:
        raise ConfigError(
            f"a collection cannot be called {name!r}; use up to 40 small letters, digits, - and _"
        )
    return name


def data_of(data: Path, name: str) -> Path:
    """The data folder of a collection."""
    return data / _FOLDER / name


def indexed_names(data: Path) -> tuple[str, ...]:
    """The collections that a data folder holds."""
    return tuple(sorted(each.name for each in (data / _FOLDER).glob("*") if each.is_dir()))


def settings_for(settings: Settings, name: str, own: Mapping[str, Any]) -> Settings:
    """The settings of a collection: the server's and its own. Raises ConfigError."""
    from index.settings import load_settings

    if wrong := sorted(set(own) - _OWN):
        raise ConfigError(
            f"collection {name!r}: {wrong[0]!r} cannot be set for a collection alone; "
            f"these can: {', '.join(sorted(_OWN))}"
        )
    checked = load_settings(type(settings), **own)
    changes = {each: getattr(checked, each) for each in own}
    return settings.model_copy(update={**changes, "data": data_of(settings.data, name)})


@dataclass(frozen=True, slots=True)
class Folder:
    """A collection as it is named in settings or arguments, with the settings of its own."""

    name: str
    folder: Path | None
    own: Mapping[str, Any]


def named_in(configured: Mapping[str, Any]) -> dict[str, Folder]:
    """The collections of the setting `collections`, by name. Raises ConfigError."""
    found = dict[str, Folder]()
    for name, value in configured.items():
        table = {"folder": value} if isinstance(value, str) else value
        if not isinstance(table, dict) or not isinstance(table.get("folder", ""), str):
            raise ConfigError(f"collection {name!r} is neither a folder nor a table with one")
        own = {key: each for key, each in table.items() if key != "folder"}
        folder = Path(table["folder"]) if "folder" in table else None
        found[check_name(name)] = Folder(name, folder, own)
    return found


class Collections:
    """The engines of collections, which share the models; close it in the end."""

    def __init__(
        self,
        settings: Settings,
        each: Mapping[str, Settings],
        being_indexed: Callable[[str], str] = lambda _: "",
    ) -> None:
        """`being_indexed` says of a collection that its first index is being made; "" if not.

        Raises ConfigError if the settings lead to no composer.
        """
        from index.embedding.embedder import Embedder
        from index.joined import JoinedIndex
        from index.snapshots import Index
        from rag.engine import Engine

        embedder = Embedder(settings.embedding_model)
        self.settings = dict(each)
        self._indexes = {
            name: Index(own, embedder, partial(being_indexed, name)) for name, own in each.items()
        }
        self.engine: Engine = Engine(settings, JoinedIndex(self._indexes))
        self._over = lru_cache(_ENGINES)(self._made)

    @property
    def names(self) -> tuple[str, ...]:
        """Their names, as they were given."""
        return tuple(self._indexes)

    def over(self, names: Sequence[str]) -> Engine:
        """An engine that sees these collections alone; one by itself has its own settings."""
        return self._over(tuple(names))

    def alone(self, name: str) -> Engine:
        """An engine over one collection, whose paths do not name it."""
        return self.engine.over(self._indexes[name], self.settings[name])

    def keep_up(self, stop: threading.Event) -> None:
        """Follow new generations of all indexes until `stop` is set."""
        followers = [
            threading.Thread(target=index.keep_up, args=(stop,), daemon=True)
            for index in self._indexes.values()
        ]
        for each in followers:
            each.start()
        stop.wait()

    def close(self) -> None:
        """Release the indexes."""
        for index in self._indexes.values():
            index.close()

    def _made(self, names: tuple[str, ...]) -> Engine:
        from index.joined import JoinedIndex

        indexes: dict[str, Index] = {name: self._indexes[name] for name in names}
        own = self.settings[names[0]] if len(names) == 1 else None
        return self.engine.over(JoinedIndex(indexes), own)


@dataclass(frozen=True, slots=True)
class Located:
    """A library, a document's path in it, and what leads that path among several collections."""

    library: Library
    path: str
    name: str = ""

    def named(self, path: str) -> str:
        """The path of one of its documents, as callers see it."""
        return joined_path(self.name, path) if self.name else path


class CollectionAccess:
    """Answers and libraries, limited to what a caller may read and change.

    Without collections it is one folder, which every caller sees.
    """

    def __init__(
        self,
        answers: AdmissionControl,
        libraries: Mapping[str, Library],
        collections: Collections | None = None,
        read_only: str = "",
    ) -> None:
        """`libraries` by name, "" for the one folder; `read_only` is said to those who may read."""
        self._answers = answers
        self._libraries = dict(libraries)
        self._collections = collections
        self._read_only = read_only

    @property
    def all_names(self) -> tuple[str, ...]:
        """The names of all collections; () without."""
        return self._collections.names if self._collections else ()

    def names(self, caller: Caller) -> tuple[str, ...]:
        """The collections that a caller may read; () without collections."""
        return tuple(n for n in self.all_names if caller.reads is None or n in caller.reads)

    def is_shut(self, caller: Caller) -> bool:
        """Whether a caller may read nothing here: its token is for other collections."""
        return caller.reads is not None and not self.names(caller)

    def chosen(self, caller: Caller, wanted: str | Sequence[str] | None = None) -> tuple[str, ...]:
        """The collections that a caller wants, all of them if it names none.

        Raises UnknownCollection for one that it may not read, as for one that there is not.
        """
        asked, known = named(wanted), self.names(caller)
        if asked and not self.all_names:
            raise UnknownCollection("there are no collections here; leave the name out")
        for name in asked:
            if name not in known:
                raise UnknownCollection(
                    f"there is no collection {name!r}; there are: {', '.join(known)}"
                )
        if self.is_shut(caller):
            raise UnknownCollection("this token is for other collections than those here")
        return tuple(name for name in known if name in asked) if asked else known

    def with_answers(self, answers: AdmissionControl) -> CollectionAccess:
        """The same over another admission control."""
        return CollectionAccess(answers, self._libraries, self._collections, self._read_only)

    def answers(
        self, caller: Caller, wanted: str | Sequence[str] | None = None
    ) -> AdmissionControl:
        """What answers from these collections alone. Raises UnknownCollection."""
        names = self.chosen(caller, wanted)
        if not self._collections or names == self.all_names != names[:1]:
            return self._answers
        return self._answers.over(self._collections.over(names))

    def locate(self, caller: Caller, path: str) -> Located:
        """The library of a document. Raises UnknownCollection."""
        if not self.all_names:
            self.chosen(caller)
            return Located(self._allowed(caller, ""), path)
        name, inside = split_path(path)
        self.chosen(caller, name or "?")
        return Located(self._allowed(caller, name), inside, name)

    def place(self, path: str) -> tuple[Settings | None, str]:
        """The settings of a document's collection, None without collections; its path there."""
        if not self._collections:
            return None, path
        name, inside = split_path(path)
        return self._collections.settings[name], inside

    def libraries(self, caller: Caller, wanted: str | Sequence[str] | None = None) -> list[Located]:
        """The libraries of these collections. Raises UnknownCollection."""
        return [
            Located(self._allowed(caller, name), "", name)
            for name in self.chosen(caller, wanted) or ("",)
        ]

    def state(self, caller: Caller, wanted: str | Sequence[str] | None = None) -> LibraryState:
        """The documents of these collections as one list; they can be changed in one by itself."""
        located = self.libraries(caller, wanted)
        states = [each.library.state() for each in located]
        if len(states) == 1 and not located[0].name:
            return states[0]
        pairs = list(zip(located, states, strict=True))
        documents = [
            replace(info, path=one.named(info.path))
            for one, state in pairs
            for info in state.documents
        ]
        return LibraryState(
            sum(state.generation for state in states),
            tuple(sorted(documents, key=lambda info: info.path)),
            joined_sync(located),
            states[0].closed if len(states) == 1 else _CHOOSE,
            tuple(one.named(path) for one, state in pairs for path in state.waiting),
            located[0].named("") if len(located) == 1 else "",
        )

    def reindex(self, caller: Caller) -> None:
        """Request a sync of all that a caller may change. Raises NotAllowed if that is none."""
        refused = FootnoteError("")
        started = False
        for each in self.libraries(caller):
            try:
                each.library.reindex()
                started = True
            except NotAllowed as error:
                refused = error
        if not started:
            raise refused

    @property
    def generation(self) -> int:
        """Rises whenever that of a collection does."""
        return self._answers.generation

    def every(self, act: Callable[[Library], object]) -> None:
        """Do something with each library."""
        for library in self._libraries.values():
            act(library)

    @property
    def is_syncing(self) -> bool:
        """Whether a sync runs."""
        return any(library.sync.running for library in self._libraries.values())

    def _allowed(self, caller: Caller, name: str) -> Library:
        library = self._libraries[name]
        may = caller.may_write and (caller.writes is None or name in caller.writes)
        return library if may else library.for_readers(self._read_only)


def joined_sync(located: Sequence[Located]) -> SyncState:
    """The progress of the first sync that runs, or why the last ones failed."""
    states = [(each, each.library.sync) for each in located]
    running = next((state for _, state in states if state.running), None)
    return running or SyncState(error="; ".join(_errors(states)))


def _errors(states: Sequence[tuple[Located, SyncState]]) -> Iterator[str]:
    for each, state in states:
        if state.error:
            yield f"{each.name}: {state.error}" if each.name else state.error

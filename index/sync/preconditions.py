"""Checks before a sync: the same corpus, model and splitter, and no mass deletion."""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from index.catalog.reader import FileState
from index.embedding.embedder import Embedder
from index.errors import ConfigError, IndexMismatch
from index.settings import IndexSettings
from index.sync.plan import SyncPlan
from index.text.splitter import HEADING_TOKENS, SPLITTER

# Special tokens of the model and the line end between heading path and text.
_EXTRA_TOKENS = 8
_FEWEST_TOKENS = 16


@dataclass(frozen=True, slots=True)
class SyncRequest:
    """The arguments of a sync."""

    corpus: Path
    force: bool
    rebuild: bool

    def command_with(self, flag: str) -> str:
        """The command line of the same sync with one more flag."""
        flags = {"--force": self.force, "--rebuild": self.rebuild, flag: True}
        given = [name for name, wanted in flags.items() if wanted]
        return " ".join(["footnote index", shlex.quote(str(self.corpus)), *given])


def build_config(settings: IndexSettings, embedder: Embedder, corpus: Path) -> dict[str, str]:
    """What an index depends on besides its files; it is rebuilt when one of these changes."""
    return {
        "corpus": os.path.realpath(corpus),
        "model": embedder.fingerprint,
        "splitter": f"{SPLITTER}-{settings.passage_tokens}",
    }


def needs_full_reread(
    built: Mapping[str, str | None], wanted: Mapping[str, str], request: SyncRequest
) -> bool:
    """Whether every file must be parsed again: for a rebuild, or when forced to another corpus.

    Raises ConfigError for another corpus, IndexMismatch for another model or splitter.
    """
    differing = [name for name in wanted if built[name] not in {None, wanted[name]}]
    if "corpus" in differing:
        if not request.force:
            raise ConfigError(
                f"this index holds {built['corpus']}; "
                f"to replace it run: {request.command_with('--force')}; to keep both "
                f"run: footnote --data ANOTHER_FOLDER index {shlex.quote(str(request.corpus))}"
            )
    elif differing and not request.rebuild:
        name = differing[0]
        raise IndexMismatch(
            f"the index was built with {name} {built[name]}, the settings ask for {wanted[name]}; "
            f"run: {request.command_with('--rebuild')}"
        )
    return request.rebuild or "corpus" in differing


def check_losses(plan: SyncPlan, known: Mapping[str, FileState], request: SyncRequest) -> None:
    """Refuse to delete more than half of the documents, as when a disk is not mounted.

    Raises ConfigError unless that was forced.
    """
    gone = {*plan.removed, *(failure.path for failure in plan.refused)}
    documents = {path for path, state in known.items() if state.failure is None}
    lost = len(documents & gone)
    if lost * 2 > len(documents) and not request.force:
        raise ConfigError(
            f"{lost} of {len(documents)} documents are gone from {request.corpus}; "
            f"if that is meant, run: {request.command_with('--force')}"
        )


def passage_limit(settings: IndexSettings, embedder: Embedder) -> int:
    """Longest passage in tokens, so that with its heading path it fits the model's window.

    Raises ConfigError for a model with hardly any room.
    """
    room = embedder.max_tokens - HEADING_TOKENS - _EXTRA_TOKENS
    if room < _FEWEST_TOKENS:
        raise ConfigError(
            f"embedding model {settings.embedding_model!r} reads {embedder.max_tokens} tokens at "
            f"a time, too few for passages; use one that reads {_FEWEST_TOKENS - room} more"
        )
    return min(settings.passage_tokens, room)

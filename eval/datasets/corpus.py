"""The index that a run uses: the default one, or one of its own for a gold set or a folder."""

from __future__ import annotations

import json
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

import click

from index.catalog.database import SCHEMA
from index.errors import ConfigError
from index.formats.registry import registry_digest
from index.settings import IndexSettings
from index.text.splitter import SPLITTER

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from eval.datasets.gold import GoldSet
    from index.sync.ingest import Progress
    from rag.settings import Settings


@dataclass(frozen=True, slots=True)
class OwnIndex:
    """A corpus folder to index, and the settings whose data folder keeps its index."""

    corpus: Path
    settings: Settings


def own_index(
    gold: GoldSet, path: Path, corpus: Path | None, settings: Settings
) -> OwnIndex | None:
    """The corpus and data folder for a run of the gold set in `path`; None for the default index.

    The data folder's name depends on the corpus and on the index's settings: a second run reuses
    its index, and a change of settings makes another. Writes the documents of a gold set that
    brings its own. Raises ConfigError if both a folder
    and such a set are given, or if the folder is missing or holds the gold set itself.
    """
    if gold.documents and corpus is not None:
        raise ConfigError("this gold set brings its own documents; run it without --corpus")
    if gold.documents:
        return _own_documents(gold.documents, settings)
    if corpus is None:
        return None
    if not corpus.is_dir():
        raise ConfigError(f"there is no folder {corpus}; --corpus names a folder of documents")
    if path.resolve().is_relative_to(corpus.resolve()):
        raise ConfigError(
            f"{path} lies in {corpus}, so its answers would be found there; keep them apart"
        )
    return OwnIndex(corpus, _kept_in(settings, _data(settings, str(corpus.resolve()))))


def update(own: OwnIndex, progress: Progress | None = None) -> tuple[str, ...]:
    """Index what changed in a corpus; the files that failed, which standard error lists too.

    Raises StoreError.
    """
    from index.sync.sync import sync

    try:
        report = sync(own.settings, own.corpus, progress=progress)
    except ConfigError:
        # The data folder is a cache, so it may be rebuilt.
        report = sync(own.settings, own.corpus, force=True, rebuild=True, progress=progress)
    for failure in report.failed:
        click.echo(f"not indexed: {failure.path}: {failure.reason}", err=True)
    return tuple(failure.path for failure in report.failed)


def index_documents(
    documents: Mapping[str, str | bytes], settings: Settings, say: Callable[[str], None]
) -> Settings:
    """The settings that ask an index of these documents, kept apart from others."""
    own = _own_documents(documents, settings)
    say(f"indexing {len(documents):,} documents, if they aren't yet")
    update(own)
    return own.settings


def _own_documents(documents: Mapping[str, str | bytes], settings: Settings) -> OwnIndex:
    data = _data(settings, _digest(documents))
    write_documents(documents, data / "corpus")
    return OwnIndex(data / "corpus", _kept_in(settings, data))


def _kept_in(settings: Settings, data: Path) -> Settings:
    return settings.model_copy(update={"data": data / "index"})


def _data(settings: Settings, identity: str) -> Path:
    values = {name: str(getattr(settings, name)) for name in sorted(IndexSettings.model_fields)}
    del values["data"]
    # An index of another version is left alone, and one of this version made.
    values |= {"schema": str(SCHEMA), "splitter": SPLITTER, "readers": registry_digest()}
    key = sha256(json.dumps([identity, values]).encode()).hexdigest()[:16]
    return settings.data / "eval" / key


def _digest(documents: Mapping[str, str | bytes]) -> str:
    digests = {name: sha256(as_bytes(content)).hexdigest() for name, content in documents.items()}
    return sha256(json.dumps(sorted(digests.items())).encode()).hexdigest()


def as_bytes(content: str | bytes) -> bytes:
    """A document as its file holds it."""
    return content.encode() if isinstance(content, str) else content


def write_documents(documents: Mapping[str, str | bytes], folder: Path) -> int:
    """Make `folder` hold exactly these files; the number of files that had to change.

    A file that is as it should be is left alone, so indexing the folder again costs nothing.
    """
    folder.mkdir(parents=True, exist_ok=True)
    changed = 0
    for path in folder.iterdir():
        if path.name not in documents:
            path.unlink()
            changed += 1
    for name, content in documents.items():
        path, data = folder / name, as_bytes(content)
        if not path.exists() or path.read_bytes() != data:
            path.write_bytes(data)
            changed += 1
    return changed

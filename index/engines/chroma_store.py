"""Chroma as a follower of the catalog: keys of texts and their vectors, nearest by cosine.

Only `add` and `delete` are used, in small batches: after an `upsert`, Chroma 1.5.9 replays up to
1,000 records at the next write, and `add` of a known id keeps the old vector silently. Vectors are
always passed in; no text is stored here. llama-index's ChromaVectorStore is not used: its batches
are too large for Chroma, and its score exp(-distance) gives unrelated text 0.37.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import numpy as np

from index.errors import StoreError
from index.types import Batch, Vectors

if TYPE_CHECKING:
    from chromadb.api import ClientAPI
    from chromadb.api.collection_configuration import CreateCollectionConfiguration

FOLDER = "chroma"
FILE_NAME = "chroma.sqlite3"
# Raise it when the same vectors would be kept otherwise.
FORMAT = "cosine-1"
_COLLECTION = "passages"
# 5,461 rows is Chroma's limit, 50 to 250 its own advice.
_BATCH = 250
_CONFIGURATION: CreateCollectionConfiguration = {
    "hnsw": {"space": "cosine", "ef_construction": 200, "ef_search": 200}
}


class ChromaStore:
    """The vectors of one generation, open for search."""

    def __init__(self, folder: Path) -> None:
        # Chroma would make what is missing.
        if not (folder / FILE_NAME).is_file():
            raise StoreError(f"the vectors in {folder} are missing; run: footnote index FOLDER")
        with ExitStack() as opened:
            client = opened.enter_context(_closing(_writable(folder, opened)))
            self._collection = client.get_collection(_COLLECTION, embedding_function=None)
            # The first call reads the graph into memory, and writes; no later one does. Counting
            # takes Chroma 13 ms where there are 185,000 rows, so it is done once.
            self._count = int(self._collection.count())
            self._opened = opened.pop_all()

    @staticmethod
    def build(folder: Path) -> None:
        """Make an empty follower in a folder that does not exist yet."""
        with _closing(folder) as client:
            client.create_collection(
                _COLLECTION, embedding_function=None, configuration=_CONFIGURATION
            )

    @staticmethod
    def apply(folder: Path, removed: Sequence[str], added: Iterable[Batch]) -> None:
        """Take keys away and add batches of others, in a follower nobody has open."""
        with _closing(folder) as client:
            collection = client.get_collection(_COLLECTION, embedding_function=None)
            for first in range(0, len(removed), _BATCH):
                collection.delete(ids=list(removed[first : first + _BATCH]))
            for batch in added:
                for first in range(0, len(batch.keys), _BATCH):
                    rows = slice(first, first + _BATCH)
                    collection.add(ids=list(batch.keys[rows]), embeddings=batch.vectors[rows])

    def count(self) -> int:
        """How many vectors there are."""
        return self._count

    def keys(self) -> set[str]:
        """All keys."""
        return set(self._collection.get(include=[])["ids"])

    def nearest(self, vector: Vectors, k: int) -> list[tuple[str, float]]:
        """The k keys nearest to a unit vector with their cosine similarity (-1..1), best first."""
        if k < 1:
            return []
        found = self._collection.query(
            query_embeddings=np.asarray([vector], dtype=np.float32),
            n_results=k,
            include=["distances"],
        )
        distances = found["distances"]
        if distances is None:
            return []
        pairs = zip(found["ids"][0], distances[0], strict=True)
        scored = [(key, 1.0 - float(distance)) for key, distance in pairs]
        return sorted(scored, key=lambda item: (-item[1], item[0]))

    def close(self) -> None:
        """Let go of the files."""
        self._opened.close()


def preload() -> None:
    """Import Chroma, which takes most of a second, while there is nothing else to do."""
    import chromadb  # noqa: F401


def _writable(folder: Path, opened: ExitStack) -> Path:
    """The folder, or a copy for as long as it is open: Chroma writes to a store that it reads."""
    if os.access(folder, os.W_OK):
        return folder
    copy = Path(opened.enter_context(TemporaryDirectory(prefix="footnote-"))) / folder.name
    # Not with its modes, which forbid writing.
    shutil.copytree(folder, copy, copy_function=shutil.copyfile)
    for path in (copy, *copy.rglob("*")):
        path.chmod(0o700)
    return copy


def _client(folder: Path) -> ClientAPI:
    # Chroma reads `.env` of the current folder and unprefixed variables (IS_PERSISTENT, ...) when
    # it is imported, and fails on values that are not its own.
    import chromadb
    from chromadb.config import Settings

    try:
        return chromadb.PersistentClient(
            os.path.realpath(folder), settings=Settings(anonymized_telemetry=False)
        )
    except Exception as error:
        raise StoreError(
            f"the vectors in {folder} cannot be opened ({type(error).__name__}: {error}); "
            "run: footnote doctor --repair"
        ) from error


@contextmanager
def _closing(folder: Path) -> Iterator[ClientAPI]:
    client = _client(folder)
    try:
        yield client
    finally:
        # The type that chromadb declares lacks the method that its clients have.
        client.close()  # type: ignore[attr-defined]

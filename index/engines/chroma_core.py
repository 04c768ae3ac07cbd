"""Chroma's core, as its own Python client calls it, without that client.

Importing `chromadb` takes a second of computing (OpenTelemetry, gRPC, every embedding function),
which is most of what a cold answer costs, and reads `.env` of the current folder besides. Its core
is a module of its own; what is called of it is here alone, and compared with the client in tests.
"""

from __future__ import annotations

import json
import resource
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from index.errors import StoreError
from index.types import Vectors

DATABASE = "chroma.sqlite3"
_TENANT, _DATABASE = "default_tenant", "default_database"
# Neither an index for servers nor a model that embeds.
_NO_OTHERS = {"spann": None, "embedding_function": {"type": "legacy"}}
# Each graph has four files and a list.
_FILES_OF_A_GRAPH = 5


class ChromaCore:
    """A folder of Chroma's, open; close it, so that its files are."""

    def __init__(self, folder: Path) -> None:
        """Raises StoreError if it cannot be opened; what is missing is made."""
        try:
            self._core: Any = _opened(str(folder))
        except Exception as error:
            raise StoreError(
                f"the vectors in {folder} cannot be opened ({type(error).__name__}: {error}); "
                "run: footnote doctor --repair"
            ) from error

    def create(self, name: str, hnsw: dict[str, object]) -> str:
        """Make a collection with the settings of its graph; its id."""
        configuration = json.dumps({"hnsw": hnsw, **_NO_OTHERS})
        found = self._core.create_collection(
            name, configuration, None, None, False, _TENANT, _DATABASE
        )
        return str(found.id)

    def write_graph_every(self, collection: str, rows: int) -> None:
        """Write the graph once so many rows are added or deleted, from the first call that has it
        in memory. Until then they are in the database, where the next opening finds them.
        """
        self._core.update_collection(
            collection, None, None, json.dumps({"hnsw": {"sync_threshold": rows}})
        )

    def collection(self, name: str) -> str:
        """The id of a collection. Raises Chroma's own error if there is none."""
        return str(self._core.get_collection(name, _TENANT, _DATABASE).id)

    def add(self, collection: str, keys: Sequence[str], vectors: Vectors) -> None:
        """Add keys, none of which is there."""
        rows = list(np.asarray(vectors, dtype=np.float32))
        self._core.add(list(keys), collection, rows, None, None, None, _TENANT, _DATABASE)

    def delete(self, collection: str, keys: Sequence[str]) -> None:
        """Remove keys."""
        self._core.delete(collection, list(keys), None, None, None, _TENANT, _DATABASE)

    def count(self, collection: str) -> int:
        """How many keys there are."""
        return int(self._core.count(collection, _TENANT, _DATABASE))

    def keys(self, collection: str) -> list[str]:
        """All keys."""
        found = self._core.get(collection, None, None, None, 0, None, [], _TENANT, _DATABASE)
        return list(found.ids)

    def query(self, collection: str, vector: Vectors, k: int) -> list[tuple[str, float]]:
        """The k nearest keys and their distances."""
        found = self._core.query(
            collection,
            None,
            [np.asarray(vector, dtype=np.float32)],
            k,
            None,
            None,
            ["distances"],
            _TENANT,
            _DATABASE,
        )
        if found.distances is None:
            return []
        return list(zip(found.ids[0], map(float, found.distances[0]), strict=True))

    def close(self) -> None:
        """Close its files; it is not used again."""
        self._core = None


def _opened(folder: str) -> Any:  # noqa: ANN401
    import chromadb_rust_bindings as rust

    database = rust.SqliteDBConfig(
        hash_type=rust.MigrationHash.MD5,
        migration_mode=rust.MigrationMode.Apply,
        url=f"{folder}/{DATABASE}",
    )
    descriptors = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    return rust.Bindings(
        allow_reset=False,
        sqlite_db_config=database,
        persist_path=folder,
        hnsw_cache_size=descriptors // _FILES_OF_A_GRAPH,
    )

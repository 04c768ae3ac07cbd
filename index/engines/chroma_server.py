"""Vectors in a Chroma server: a collection for each generation, named after its folder.

`vector_store = "http://HOST:PORT"`, or `https://HOST/TENANT/DATABASE`; a key, as Chroma Cloud has
them, is in CHROMA_API_KEY. The server is spoken to over HTTP without chromadb's own client, which
waits for ever, already while it is made, for a server that takes a connection and says nothing.

A class stands for one address, and is imported by another process under the address as its name.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any, ClassVar, Self
from urllib.parse import urlsplit

import httpx

from index.engines.base import FileRecord, FileRecords, Ranking, VectorStore
from index.errors import ConfigError, StoreError, UnreachableStore
from index.types import Batch, Vectors

# Raise it when the same vectors would be kept otherwise.
FORMAT = "cosine-1"
_CONFIGURATION = {"hnsw": {"space": "cosine", "ef_construction": 200, "ef_search": 200}}
# 50 to 250 rows is Chroma's own advice; it takes 40 MB in a request.
_BATCH = 250
_PAGE = 1000
# Seconds for a question and for what indexing asks; a connection is there at once, or not at all.
_READ = httpx.Timeout(10, connect=3)
_WRITE = httpx.Timeout(120, connect=3)
_MISSING = 404
_SAID = 200


class ChromaServerStore(VectorStore):
    """The vectors of one generation in a collection of a server; subclasses name the server."""

    NAME: ClassVar[str] = "Chroma server"
    ADDRESS: ClassVar[str]

    def __init__(self, generation: Path) -> None:
        self._server = _server(self.ADDRESS)
        self._collection = self._server.collection(generation)
        self._count = self._server.count(self._collection)

    @staticmethod
    def version() -> str:
        """That of the format; what a server makes of it does not depend on its version."""
        return f"Chroma server, {FORMAT}"

    @classmethod
    def open(cls, generation: Path) -> Self:
        """Open for search. Raises StoreError if the collection is missing, or no server answers."""
        return cls(generation)

    @classmethod
    def build(cls, generation: Path) -> None:
        """Make an empty collection."""
        body = {"name": _name(generation), "configuration": _CONFIGURATION}
        _server(cls.ADDRESS).post("", body)

    @classmethod
    def copy(cls, source: Path, generation: Path) -> None:
        """Copy a collection: Chroma Cloud does so by itself, another server row by row."""
        server = _server(cls.ADDRESS)
        found = server.collection(source)
        if server.forked(found, _name(generation)):
            return
        cls.build(generation)
        copy = server.collection(generation)
        for rows in server.pages(found, ["embeddings"]):
            body = {"ids": rows["ids"], "embeddings": rows["embeddings"]}
            for first in range(0, len(rows["ids"]), _BATCH):
                part = slice(first, first + _BATCH)
                server.post(f"/{copy}/add", {name: values[part] for name, values in body.items()})

    @classmethod
    def drop(cls, generation: Path) -> None:
        """Delete the collection, if there is one."""
        _server(cls.ADDRESS).delete(_name(generation))

    @classmethod
    def exists(cls, generation: Path) -> bool:
        """Whether there is a collection. Raises UnreachableStore if no server answers."""
        return _server(cls.ADDRESS).find(_name(generation)) is not None

    @classmethod
    def records(cls, generation: Path) -> FileRecords:
        """The collection in place of a file: how many vectors it has, and its id."""
        server = _server(cls.ADDRESS)
        found = server.collection(generation)
        return {_name(generation): FileRecord(server.count(found), 0, found)}

    @classmethod
    def damaged_file(cls, generation: Path, records: FileRecords, quick: bool) -> str | None:
        """The collection, if it is not the one that was made, or lacks vectors."""
        name, server = _name(generation), _server(cls.ADDRESS)
        found = server.find(name)
        if found is None or name not in records:
            return name
        is_whole = found == records[name].digest and server.count(found) == records[name].size
        return None if is_whole else name

    @classmethod
    def apply(
        cls, generation: Path, removed: Sequence[str], added: Iterable[Batch], total: int = 0
    ) -> None:
        """Remove keys and add batches of others, in a generation that nobody has open."""
        server = _server(cls.ADDRESS)
        found = server.collection(generation)
        for first in range(0, len(removed), _BATCH):
            server.post(f"/{found}/delete", {"ids": list(removed[first : first + _BATCH])})
        for batch in added:
            for first in range(0, len(batch.keys), _BATCH):
                rows = slice(first, first + _BATCH)
                vectors = batch.vectors[rows].tolist()
                server.post(f"/{found}/add", {"ids": list(batch.keys[rows]), "embeddings": vectors})

    def count(self) -> int:
        """How many vectors there are."""
        return self._count

    def keys(self) -> set[str]:
        """All keys."""
        return {key for rows in self._server.pages(self._collection, []) for key in rows["ids"]}

    def nearest(self, vector: Vectors, k: int) -> Ranking:
        """The k keys nearest to a unit vector with their cosine similarity (-1..1), best first."""
        if k < 1 or not self._count:
            return []
        found = self._server.post(
            f"/{self._collection}/query",
            {"query_embeddings": [vector.tolist()], "n_results": k, "include": ["distances"]},
            _READ,
        )
        pairs = zip(found["ids"][0], found["distances"][0], strict=True)
        scored = [(str(key), 1.0 - float(distance)) for key, distance in pairs]
        return sorted(scored, key=lambda item: (-item[1], item[0]))


@cache
def store_at(address: str) -> type[ChromaServerStore]:
    """The store of the server at an address. Raises ValueError for one that cannot be one."""
    _server(address)
    # The module's name, and the address as that of the class, by which it is imported again.
    members = {"ADDRESS": address, "__module__": __name__, "__qualname__": address}
    return type(address, (ChromaServerStore,), members)


def __getattr__(name: str) -> type[ChromaServerStore]:
    if name.startswith(("http://", "https://")):
        return store_at(name)
    raise AttributeError(name)


@cache
def _server(address: str) -> _ChromaServer:
    return _ChromaServer(address)


def _name(generation: Path) -> str:
    return f"footnote-{generation.name}"


class _ChromaServer:
    """The collections of one database of a server, for any number of threads."""

    def __init__(self, address: str) -> None:
        parts = urlsplit(address)
        tenant, _, database = parts.path.strip("/").partition("/")
        if not parts.hostname or (tenant and not database) or parts.port == 0:
            raise ValueError(
                "a server is named as http://HOST:PORT or https://HOST/TENANT/DATABASE"
            )
        self.address = address
        self._root = (
            f"{parts.scheme}://{parts.netloc}/api/v2/tenants/{tenant or 'default_tenant'}"
            f"/databases/{database or 'default_database'}/collections"
        )
        key = os.environ.get("CHROMA_API_KEY")
        self._client = httpx.Client(headers={"x-chroma-token": key} if key else {})

    def find(self, name: str) -> str | None:
        """The id of a collection, or None."""
        response = self._send("GET", f"/{name}", None, _READ)
        return None if response.status_code == _MISSING else str(self._body(response)["id"])

    def collection(self, generation: Path) -> str:
        """The id of a generation's collection. Raises StoreError if there is none."""
        found = self.find(_name(generation))
        if found is None:
            raise StoreError(
                f"the vectors of {generation.name} are missing in {self.address}; "
                "run: footnote doctor --repair"
            )
        return found

    def count(self, collection: str) -> int:
        """How many rows a collection has."""
        return int(self._body(self._send("GET", f"/{collection}/count", None, _READ)))

    def pages(self, collection: str, include: Sequence[str]) -> Iterator[dict[str, Any]]:
        """The rows of a collection, a thousand at a time."""
        offset = 0
        while True:
            body = {"limit": _PAGE, "offset": offset, "include": list(include)}
            rows = self.post(f"/{collection}/get", body)
            if not rows["ids"]:
                return
            yield rows
            offset += len(rows["ids"])

    def forked(self, collection: str, name: str) -> bool:
        """Have the server copy a collection; False if it does not offer that."""
        response = self._send("POST", f"/{collection}/fork", {"new_name": name}, _WRITE)
        return response.is_success

    def delete(self, name: str) -> None:
        """Delete a collection, if there is one."""
        response = self._send("DELETE", f"/{name}", None, _WRITE)
        if response.status_code != _MISSING:
            self._body(response)

    def post(self, path: str, body: object, timeout: httpx.Timeout = _WRITE) -> Any:  # noqa: ANN401
        """Post JSON; what is replied. Raises UnreachableStore or StoreError."""
        return self._body(self._send("POST", path, body, timeout))

    def _send(self, method: str, path: str, body: object, timeout: httpx.Timeout) -> httpx.Response:
        try:
            return self._client.request(method, self._root + path, json=body, timeout=timeout)
        except httpx.TimeoutException:
            raise UnreachableStore(
                f"the Chroma server at {self.address} does not answer in time; "
                "see that it runs (setting 'vector_store'), and ask again"
            ) from None
        except httpx.HTTPError as error:
            raise UnreachableStore(
                f"the Chroma server at {self.address} cannot be reached "
                f"({type(error).__name__}); see that it runs (setting 'vector_store'), or start "
                "one with: chroma run"
            ) from None

    def _body(self, response: httpx.Response) -> Any:  # noqa: ANN401
        if response.status_code in {401, 403}:
            raise ConfigError(
                f"the Chroma server at {self.address} refuses access "
                f"({response.status_code}); set CHROMA_API_KEY, or mend setting 'vector_store'"
            )
        try:
            body = response.json() if response.content else None
        except ValueError:
            body = None
        if not response.is_success or (body is None and response.content):
            said = " ".join(response.text.split())[:_SAID]
            raise StoreError(
                f"the Chroma server at {self.address} answers {response.status_code} ({said}); "
                "see that setting 'vector_store' names a Chroma of version 1, "
                "or run: footnote doctor --repair"
            )
        return body

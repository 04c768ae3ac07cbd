"""What an index holds, seen as its readers see it, and whether that is what it should hold."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from index.catalog.reader import Catalog
from index.embedding.embedder import Embedder
from index.engines.chroma_store import ChromaStore
from index.errors import EmptyIndex
from index.runtime import limit_memory
from index.settings import IndexSettings, load_settings
from index.snapshots import GenerationSnapshot, Index
from index.types import Document, Passage, Vectors

# A torn graph may ask for memory without end; a server that asks for this much has failed.
MEMORY_BYTES = 6 << 30
_SEARCHED = 10
# MiniLM gives a text about the same vector in whatever batch it is.
_TOLERANCE = 1e-5

Kept = tuple[Document | None, str | None]
# A kind of violation and what was seen.
Flaw = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Held:
    """The contents of an index. `documents` have their failure, if any, at their side.

    `vectors` are the catalog's, `dense` are Chroma's, `words` are Tantivy's keys; `astray` tells
    of keys that a search for them does not find. Where only the catalog was read, `dense` is None.
    """

    documents: dict[str, Kept]
    passages: dict[str, tuple[Passage, ...]]
    vectors: dict[str, Vectors]
    dense: dict[str, Vectors] | None = None
    words: frozenset[str] = frozenset()
    astray: tuple[str, ...] = ()

    @property
    def texts(self) -> dict[str, str]:
        """The embedding text of each key."""
        return {p.key: p.embedding_text for group in self.passages.values() for p in group}


def look(data: Path) -> Held | None:
    """Everything that an index holds, through a lease as a server has it; None if it is empty."""
    limit_memory(MEMORY_BYTES)
    held = look_into_catalog(data)
    if held is None:
        return None
    settings = load_settings(IndexSettings, data=data)
    with closing(Index(settings)) as index, index.lease() as snapshot:
        assert isinstance(snapshot, GenerationSnapshot)
        return replace(
            held,
            dense=_dense(snapshot),
            words=frozenset(snapshot._text_store.keys()),
            astray=tuple(_astray(snapshot, held)),
        )


def look_into_catalog(data: Path) -> Held | None:
    """What the last commit left, whatever became of the stores; None if there was none."""
    try:
        catalog = Catalog.read(data)
    except EmptyIndex:
        return None
    with closing(catalog):
        infos = catalog.documents()
        passages = {info.path: tuple(catalog.passages_in(info.path)) for info in infos}
        keys = sorted({p.key for group in passages.values() for p in group})
        return Held(
            {info.path: (catalog.document(info.path), info.failure) for info in infos},
            passages,
            catalog.vectors(str(catalog.meta("model")), keys),
        )


def stored(data: Path, model: str, keys: Sequence[str]) -> set[str]:
    """Those keys that have a vector already, whether or not a document has them."""
    try:
        catalog = Catalog.read(data)
    except EmptyIndex:
        return set()
    with closing(catalog):
        return set(catalog.vectors(model, keys))


def _dense(snapshot: GenerationSnapshot) -> dict[str, Vectors]:
    store = snapshot._vector_store
    assert isinstance(store, ChromaStore)
    place = "default_tenant", "default_database"
    arguments = (None, None, None, 0, None, ["embeddings"], *place)
    found = store._core._core.get(store._collection, *arguments)
    vectors = np.asarray(found.embeddings, dtype=np.float32)
    return dict(zip(found.ids, vectors, strict=True))


def _astray(snapshot: GenerationSnapshot, held: Held) -> Iterator[str]:
    texts, vectors = held.texts, held.vectors
    for key in sorted(texts)[:: len(texts) // _SEARCHED + 1]:
        if key in vectors and key not in dict(snapshot.nearest(vectors[key], 1)):
            yield f"the vector of {key}"
        if key not in dict(snapshot.search_words(texts[key], 10)):
            yield f"the words of {key}"


def wrong_vectors(held: Held, embedder: Embedder) -> list[str]:
    """Keys whose vector is not the one that the embedder gives."""
    texts = held.texts
    made = embedder.embed_passages(list(texts.values()))
    expected = dict(zip(texts, made, strict=True))
    return [key for key in texts if not _is_same(held.vectors.get(key), expected[key])]


def _is_same(one: Vectors | None, other: Vectors | None) -> bool:
    return one is not None and other is not None and np.allclose(one, other, atol=_TOLERANCE)


def flaws(held: Held | None, allowed: Sequence[Held | None]) -> list[Flaw]:
    """What is wrong with an index that must be exactly one of some."""
    same = [one for one in allowed if _says_the_same(held, one)]
    if not same:
        half = ("half", f"{_names(held)} is none of {[_names(one) for one in allowed]}")
        whole = [one for one in allowed if one]
        return (list(_lost(held, whole)) if len(whole) == len(allowed) else []) or [half]
    if held is None or same[0] is None:
        return []
    return list(_wrong(held, same[0]))


def _says_the_same(held: Held | None, other: Held | None) -> bool:
    if held is None or other is None:
        return held is other
    return (held.documents, held.passages) == (other.documents, other.passages)


def _names(held: Held | None) -> list[str]:
    return sorted(held.documents) if held else []


def _lost(held: Held | None, allowed: Sequence[Held]) -> Iterator[Flaw]:
    """Documents that are the same in all allowed states, and not so here."""
    documents = held.documents if held else {}
    passages = held.passages if held else {}
    for path in allowed[0].documents:
        whole = {(repr(one.documents.get(path)), one.passages.get(path)) for one in allowed}
        if len(whole) == 1 and (repr(documents.get(path)), passages.get(path)) not in whole:
            yield "lost", path


def _wrong(held: Held, expected: Held) -> Iterator[Flaw]:
    keys = expected.texts.keys()
    yield from _other_vectors("the catalog", held.vectors, expected.vectors)
    if held.dense is None:
        return
    yield from _other_vectors("Chroma", held.dense, expected.vectors)
    for name, found in (("Chroma", held.dense.keys()), ("Tantivy", held.words)):
        if found != keys:
            lacking, more = len(keys - found), len(found - keys)
            yield "store", f"{name} lacks {lacking} of {len(keys)} keys and has {more} others"
    for what in held.astray:
        yield "search", f"a search does not find {what}"


def _other_vectors(
    name: str, found: dict[str, Vectors], expected: dict[str, Vectors]
) -> Iterator[Flaw]:
    other = [key for key in expected if not _is_same(found.get(key), expected[key])]
    if other:
        yield "vector", f"{name} has other vectors of {len(other)} of {len(expected)} keys, or none"

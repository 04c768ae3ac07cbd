"""Snapshot isolation for readers: one generation per question, the newest for the next one."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import PurePosixPath
from typing import Protocol, TypeVar

from cachetools import LRUCache

from index.catalog.reader import Catalog, CommitPoller, DocumentInfo
from index.embedding.embedder import Embedder
from index.embedding.micro_batching import MicroBatcher, VectorCache
from index.embedding.pooling import Packed
from index.engines.generations import Generations, opening_lock, pin
from index.engines.integrity import verify
from index.errors import (
    BeingIndexed,
    DamagedGeneration,
    EmptyIndex,
    FootnoteError,
    IndexMismatch,
    StoreError,
    UnreachableStore,
)
from index.sentences import sentence_spans
from index.settings import IndexSettings
from index.types import Document, Passage, Table, Vectors

T = TypeVar("T")
# 7 kB each. A question reads 50 texts; one that is not cached takes 0.15 ms.
_CACHE_SIZE = 10_000
_NAME_WORD = re.compile(r"[^\W\d_]{2,}")


@dataclass(frozen=True, slots=True)
class Text:
    """A text that one or more passages have, in order of id, and its features for search.

    `vector` is its unit vector. `sentences` are spans in it, `inside` their vectors, and `terms`
    the terms of each; `heading` has the terms of the heading path and of the file's name,
    `own_heading` those of the path's last part. A vector may be missing.
    """

    passages: tuple[Passage, ...]
    vector: Vectors | None
    sentences: tuple[tuple[int, int], ...]
    inside: Packed | None
    terms: tuple[tuple[str, ...], ...]
    heading: tuple[str, ...]
    own_heading: tuple[str, ...] = ()

    @property
    def passage(self) -> Passage:
        """The first of the passages."""
        return self.passages[0]


def text_of(
    passages: Sequence[Passage],
    vector: Vectors | None,
    inside: Packed | None,
    terms_of_each: Callable[[Sequence[str]], list[list[str]]],
) -> Text:
    """The text of passages with the same text; `terms_of_each` gives the terms of its parts."""
    text, heading = passages[0].text, passages[0].heading
    spans = sentence_spans(text)
    own = passages[0].own_heading
    named = f"{_name_words(passages[0].document)} {heading}"
    first, last, *terms = terms_of_each([named, own, *(text[s:e] for s, e in spans)])
    each = tuple(map(tuple, terms))
    return Text(tuple(passages), vector, tuple(spans), inside, each, tuple(first), tuple(last))


def _name_words(path: str) -> str:
    """The words of a file's name, which often says best what it is about: "parking-permits.md"."""
    return " ".join(_NAME_WORD.findall(PurePosixPath(path).stem))


class TextCache:
    """Texts by key; those used last are kept, for any number of threads."""

    def __init__(self, size: int = _CACHE_SIZE) -> None:
        self._lock = threading.Lock()
        self._texts: LRUCache[str, Text] = LRUCache(size)

    def cached(self, keys: Sequence[str]) -> dict[str, Text]:
        """The texts that are in the cache."""
        with self._lock:
            return {key: self._texts[key] for key in keys if key in self._texts}

    def get(
        self, keys: Sequence[str], read: Callable[[Sequence[str]], dict[str, Text]]
    ) -> dict[str, Text]:
        """The texts of keys; `read` is called with those that are not cached."""
        found = self.cached(keys)
        if missing := [key for key in keys if key not in found]:
            new = read(missing)
            found |= new
            with self._lock:
                self._texts.update(new)
        return found


# Documents, passages and tables that are kept of a generation, in characters of their texts.
_KEPT_CHARACTERS = 40_000_000
_OPEN_ATTEMPTS = 5
_CACHED_QUERIES = 256
_REFRESH_SECONDS = 1.0


class Snapshot(Protocol):
    """What a question is answered from: a generation of one index, or of several together."""

    @property
    def generation(self) -> int: ...  # noqa: D102
    @property
    def model(self) -> str: ...  # noqa: D102
    @property
    def passage_count(self) -> int: ...  # noqa: D102
    @property
    def text_count(self) -> int: ...  # noqa: D102
    @property
    def paths_with_tables(self) -> frozenset[str]: ...  # noqa: D102
    def documents(self) -> list[DocumentInfo]: ...  # noqa: D102
    def document(self, path: str) -> Document | None: ...  # noqa: D102
    def tables_in(self, path: str, start: int, end: int) -> tuple[Table, ...]: ...  # noqa: D102
    def texts(self, keys: Sequence[str]) -> dict[str, Text]: ...  # noqa: D102
    def passages_in(self, path: str) -> list[Passage]: ...  # noqa: D102
    def keys_in(self, paths: Sequence[str]) -> frozenset[str]: ...  # noqa: D102
    def vectors(self, keys: Sequence[str]) -> dict[str, Vectors]: ...  # noqa: D102
    def nearest(self, vector: Vectors, k: int) -> list[tuple[str, float]]: ...  # noqa: D102
    def search_words(self, query: str, k: int) -> list[tuple[str, float]]: ...  # noqa: D102
    def keys_with(self, term: str, k: int) -> list[str]: ...  # noqa: D102
    def terms(self, text: str) -> list[str]: ...  # noqa: D102
    def language(self, text: str) -> str: ...  # noqa: D102
    def vocabulary(self, prefix: str, limit: int) -> list[tuple[str, int]]: ...  # noqa: D102
    def idf(self, term: str) -> float: ...  # noqa: D102


class GenerationSnapshot:
    """One generation: the catalog as of its commit, and the stores that belong to it."""

    def __init__(self, settings: IndexSettings, embedder: Embedder) -> None:
        self._catalog = Catalog.read(settings.data)
        self._lock = threading.Lock()
        self._cache = TextCache()
        self._documents = LRUCache[str, Document | None](_KEPT_CHARACTERS, _document_size)
        self._passages = LRUCache[str, list[Passage]](_KEPT_CHARACTERS, _passages_size)
        self.leases = 0
        self.retired = False
        try:
            self.generation = self._catalog.generation
            self.corpus = self._catalog.meta("corpus") or "FOLDER"
            embedder.restore_fingerprint(self._catalog.meta("stamp"), self._catalog.meta("model"))
            self.model = embedder.fingerprint
            self._check_model()
            self._open(settings)
        except BaseException:
            self._catalog.close()
            raise

    def _check_model(self) -> None:
        built_with = self._catalog.meta("model")
        if built_with != self.model:
            raise IndexMismatch(
                f"the index was built with {built_with}, the settings ask for {self.model}; "
                f"run: footnote index {self.corpus} --rebuild"
            )

    def _open(self, settings: IndexSettings) -> None:
        generations = Generations.of(settings)
        engines, folder = generations.engines, generations.current(self._catalog)
        if folder is None:
            raise DamagedGeneration(
                f"the index in {settings.data} lacks the files of generation {self.generation}; "
                "run: footnote doctor --repair"
            )
        with ExitStack() as opened:
            pinned = opened.enter_context(pin(folder))
            with _store_errors(), opening_lock(folder):
                verify(folder, engines)
                self._vector_store = opened.enter_context(closing(engines.vectors.open(folder)))
                self._text_store = opened.enter_context(closing(engines.texts.open(folder)))
            opened.pop_all()
        self._pin = pinned

    @cached_property
    def passage_count(self) -> int:
        """How many passages there are."""
        with self._lock:
            return self._catalog.passage_count()

    @cached_property
    def text_count(self) -> int:
        """How many texts they have, those that read the same counted once."""
        with _store_errors():
            return self._text_store.count()

    @cached_property
    def paths_with_tables(self) -> frozenset[str]:
        """The paths of the documents that hold a table."""
        with self._lock:
            return self._catalog.paths_with_tables()

    def documents(self) -> list[DocumentInfo]:
        """Every file of the corpus in order of path, failed ones with their reason."""
        return list(self._infos)

    @cached_property
    def _infos(self) -> list[DocumentInfo]:
        # Of 100,000 files the list takes half a second, in which no question is answered.
        with self._lock:
            return self._catalog.documents()

    def document(self, path: str) -> Document | None:
        """A document with its text, or None; the last ones are kept."""
        return self._kept(self._documents, path, lambda: self._catalog.document(path))

    def tables_in(self, path: str, start: int, end: int) -> tuple[Table, ...]:
        """The tables of a document that have rows between two characters, with these rows."""
        document = self.document(path)
        found = (table.between(start, end) for table in document.tables) if document else ()
        return tuple(table for table in found if table.rows)

    def texts(self, keys: Sequence[str]) -> dict[str, Text]:
        """The texts of keys, with their passages and features."""
        return self._cache.get(keys, self._read)

    def passages_in(self, path: str) -> list[Passage]:
        """The passages of a document in reading order; those of the last ones are kept."""
        return self._kept(self._passages, path, lambda: self._catalog.passages_in(path))

    def keys_in(self, paths: Sequence[str]) -> frozenset[str]:
        """The keys of the texts of documents."""
        with self._lock:
            return self._catalog.keys_in(paths)

    def vectors(self, keys: Sequence[str]) -> dict[str, Vectors]:
        """The stored unit vectors of keys."""
        texts = self._cache.cached(keys)
        found = {key: text.vector for key, text in texts.items() if text.vector is not None}
        if missing := [key for key in keys if key not in texts]:
            with self._lock:
                found |= self._catalog.vectors(self.model, missing)
        return found

    def nearest(self, vector: Vectors, k: int) -> list[tuple[str, float]]:
        """The k keys nearest to a unit vector with their cosine similarity, best first."""
        with _store_errors():
            return self._vector_store.nearest(vector, min(k, self._vector_store.count()))

    def search_words(self, query: str, k: int) -> list[tuple[str, float]]:
        """The k keys that match a query best by BM25, best first."""
        with _store_errors():
            return self._text_store.search(query, k)

    def keys_with(self, term: str, k: int) -> list[str]:
        """At most k keys whose texts hold an indexed term."""
        return self._text_store.keys_with(term, k)

    def terms(self, text: str) -> list[str]:
        """The words of a text as they are indexed, without stopwords."""
        return self._text_store.terms(text)

    def language(self, text: str) -> str:
        """The language of a text (ISO 639-1), one of the documents' unless its script tells."""
        return self._text_store.language(text)

    def vocabulary(self, prefix: str, limit: int) -> list[tuple[str, int]]:
        """At most so many indexed terms with a prefix, and how many texts hold each."""
        return self._text_store.vocabulary(prefix, limit)

    def idf(self, term: str) -> float:
        """Inverse document frequency of a term in this index."""
        return self._text_store.idf(term)

    def _kept(self, cache: LRUCache[str, T], path: str, read: Callable[[], T]) -> T:
        """What is read of a path; a generation does not change, so it is read once."""
        with self._lock:
            if path not in cache:
                found = read()
                # One that is larger than the cache is not kept.
                with suppress(ValueError):
                    cache[path] = found
                return found
            return cache[path]

    def _read(self, keys: Sequence[str]) -> dict[str, Text]:
        with self._lock:
            passages = self._catalog.passages_of(keys)
            vectors = self._catalog.vectors(self.model, keys)
            inside = self._catalog.sentence_vectors(self.model, keys)
        return {
            key: text_of(same, vectors.get(key), inside.get(key), self._text_store.terms_of_each)
            for key, same in passages.items()
        }

    def replace_connection(self, catalog: Catalog) -> None:
        """Replace the catalog's connection by a newer one that sees the same generation.

        The older one keeps SQLite from truncating its write-ahead log.
        """
        with self._lock:
            self._catalog, before = catalog, self._catalog
        before.close()

    def close(self) -> None:
        """Close the stores and the catalog, and unpin the generation."""
        self._vector_store.close()
        self._text_store.close()
        self._catalog.close()
        self._pin.close()


def _document_size(document: Document | None) -> int:
    """About how much a document takes, in characters; a cell takes more than its text."""
    if document is None:
        return 1
    cells = sum(len(table.rows) * len(table.columns) for table in document.tables)
    return len(document.text) + 100 * cells


def _passages_size(passages: Sequence[Passage]) -> int:
    return 1 + sum(len(passage.text) + 500 for passage in passages)


@contextmanager
def _store_errors() -> Iterator[None]:
    """Turn the errors of stores, which have many kinds, into StoreErrors."""
    try:
        yield
    except (DamagedGeneration, UnreachableStore):
        raise
    except Exception as error:
        cause = error.__cause__ or error
        raise StoreError(
            f"the index cannot be searched ({type(cause).__name__}: {cause}); "
            "run: footnote doctor --repair"
        ) from error


class Index:
    """The index for any number of reading threads; it follows the writer by itself."""

    def __init__(
        self,
        settings: IndexSettings,
        embedder: Embedder | None = None,
        being_indexed: Callable[[], str] = str,
    ) -> None:
        """`being_indexed` says in a sentence that a first index is being made; "" if none is."""
        self.settings = settings
        self._being_indexed = being_indexed
        self.embedder = embedder or Embedder(settings.embedding_model)
        self._sentences = VectorCache(self.embedder.embed_passages)
        self._embed_query = lru_cache(_CACHED_QUERIES)(MicroBatcher(self.embedder.embed_queries))
        self._lock = threading.Lock()
        self._commits = CommitPoller(settings.data)
        self._current: GenerationSnapshot | None = None
        self._current_is = (0, 0)

    @contextmanager
    def lease(self) -> Iterator[Snapshot]:
        """The newest generation, kept open until the block ends.

        Raises EmptyIndex, IndexMismatch or StoreError, each with the command to run; BeingIndexed
        while a first index is made.
        """
        with self._lock:
            try:
                snapshot = self._newest()
            except EmptyIndex:
                if sentence := self._being_indexed():
                    raise BeingIndexed(sentence) from None
                raise
            snapshot.leases += 1
        try:
            yield snapshot
        finally:
            with self._lock:
                snapshot.leases -= 1
                if snapshot.retired and not snapshot.leases:
                    snapshot.close()

    def embed_query(self, text: str) -> Vectors:
        """The unit vector of a question; the last ones are cached."""
        return self._embed_query(text)

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Tokens of each text as the embedding model counts them."""
        return self.embedder.count_tokens(texts)

    def embed_sentences(self, texts: Sequence[str]) -> Vectors:
        """Unit vectors of sentences, shape (len(texts), dimension); the last ones are cached."""
        return self._sentences.vectors(texts)

    def close(self) -> None:
        """Close the current generation."""
        with self._lock:
            if self._current:
                self._retire(self._current)
                self._current = None
            self._commits.close()

    def refresh(self) -> None:
        """Move to the newest generation, so that the one before can be removed; does nothing before
        the first lease.

        Raises what `lease` raises.
        """
        with self._lock:
            if self._current is None:
                return
            snapshot = self._newest()
            catalog = Catalog.read(self.settings.data)
            if catalog.generation == snapshot.generation:
                snapshot.replace_connection(catalog)
            else:
                catalog.close()

    def keep_up(self, stop: threading.Event) -> None:
        """Refresh once a second until `stop` is set; errors are left to the next lease."""
        while not stop.wait(_REFRESH_SECONDS):
            with suppress(FootnoteError):
                self.refresh()

    def _newest(self) -> GenerationSnapshot:
        committed = self._commits.poll()
        if self._current and self._current_is == committed:
            return self._current
        before, self._current = self._current, self._open()
        self._current_is = committed
        if before:
            self._retire(before)
        return self._current

    def _open(self) -> GenerationSnapshot:
        """Open the committed generation; retried with the next if it was pruned meanwhile."""
        for _ in range(_OPEN_ATTEMPTS):
            committed = self._commits.poll()
            try:
                return GenerationSnapshot(self.settings, self.embedder)
            except StoreError:
                if self._commits.poll() == committed:
                    raise
        raise StoreError(f"the index in {self.settings.data} keeps changing; ask again")

    def _retire(self, snapshot: GenerationSnapshot) -> None:
        snapshot.retired = True
        if not snapshot.leases:
            snapshot.close()

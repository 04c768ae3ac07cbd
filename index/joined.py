"""Indexes that are searched together: each is a collection, whose name leads its documents' paths.

All were made with one embedding model, so cosines compare as they are. BM25 scores depend on how
rare a word is in its own index, so they are scaled to what it is in all of them.
"""

from __future__ import annotations

import math
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import cached_property

from index.catalog.reader import DocumentInfo
from index.errors import EmptyIndex
from index.snapshots import Index, Snapshot, Text
from index.types import Document, Passage, Table, Vectors

Ranked = list[tuple[str, float]]


def joined_path(name: str, path: str) -> str:
    """How the document of a collection is called among several collections."""
    return f"{name}/{path}"


def split_path(path: str) -> tuple[str, str]:
    """The collection and the path in it."""
    name, _, rest = path.partition("/")
    return name, rest


class JoinedSnapshot:
    """Snapshots by the names of their collections, as one; there is at least one of them."""

    def __init__(self, members: Mapping[str, Snapshot]) -> None:
        self._members = dict(members)

    @property
    def generation(self) -> int:
        """Rises whenever that of a member does."""
        return sum(each.generation for each in self._all)

    @property
    def model(self) -> str:
        """The one that all members were made with."""
        return self._all[0].model

    @property
    def passage_count(self) -> int:
        """How many passages there are."""
        return sum(each.passage_count for each in self._all)

    @property
    def text_count(self) -> int:
        """How many texts they have; one that two collections hold counts twice."""
        return sum(each.text_count for each in self._all)

    @cached_property
    def paths_with_tables(self) -> frozenset[str]:
        """The paths of the documents that hold a table."""
        return frozenset(
            joined_path(name, path)
            for name, each in self._members.items()
            for path in each.paths_with_tables
        )

    def documents(self) -> list[DocumentInfo]:
        """Every file in order of path."""
        found = (
            replace(info, path=joined_path(name, info.path))
            for name, each in self._members.items()
            for info in each.documents()
        )
        return sorted(found, key=lambda info: info.path)

    def document(self, path: str) -> Document | None:
        """A document with its text, or None."""
        name, inside = split_path(path)
        member = self._members.get(name)
        found = member.document(inside) if member else None
        return found and replace(found, path=path)

    def tables_in(self, path: str, start: int, end: int) -> tuple[Table, ...]:
        """The tables of a document that have rows between two characters, with these rows."""
        name, inside = split_path(path)
        return self._members[name].tables_in(inside, start, end) if name in self._members else ()

    def texts(self, keys: Sequence[str]) -> dict[str, Text]:
        """The texts of keys; the passages of one that several collections hold are together."""
        found = dict[str, Text]()
        for name, each in self._members.items():
            for key, text in each.texts(keys).items():
                named = tuple(_named(name, passage) for passage in text.passages)
                passages = (*found[key].passages, *named) if key in found else named
                found[key] = replace(text, passages=tuple(sorted(passages, key=_by_id)))
        return found

    def passages_in(self, path: str) -> list[Passage]:
        """The passages of a document in reading order."""
        name, inside = split_path(path)
        member = self._members.get(name)
        return [_named(name, each) for each in member.passages_in(inside)] if member else []

    def keys_in(self, paths: Sequence[str]) -> frozenset[str]:
        """The keys of the texts of documents."""
        each = dict[str, list[str]]()
        for name, inside in map(split_path, paths):
            each.setdefault(name, []).append(inside)
        known = (self._members[name].keys_in(each[name]) for name in each if name in self._members)
        return frozenset().union(*known)

    def vectors(self, keys: Sequence[str]) -> dict[str, Vectors]:
        """The stored unit vectors of keys."""
        found = dict[str, Vectors]()
        for each in self._all:
            if missing := [key for key in keys if key not in found]:
                found |= each.vectors(missing)
        return found

    def nearest(self, vector: Vectors, k: int) -> Ranked:
        """The k keys nearest to a unit vector with their cosine similarity, best first."""
        return _best(k, (each.nearest(vector, k) for each in self._all))

    def keys_with(self, term: str, k: int) -> list[str]:
        """At most k keys whose texts hold an indexed term."""
        found = (key for each in self._all for key in each.keys_with(term, k))
        return list(dict.fromkeys(found))[:k]

    def search_words(self, query: str, k: int) -> Ranked:
        """The k keys that match a query best by BM25, best first."""
        return _best(k, (self._scaled(each, query, k) for each in self._all))

    def terms(self, text: str) -> list[str]:
        """The words of a text as any of the members indexes them, without stopwords."""
        each = (member.terms(text) for member in self._all)
        return list(dict.fromkeys(term for terms in each for term in terms))

    def language(self, text: str) -> str:
        """The language of a text as the largest member reads it."""
        return max(self._all, key=lambda each: each.passage_count).language(text)

    def vocabulary(self, prefix: str, limit: int) -> list[tuple[str, int]]:
        """At most so many indexed terms with a prefix, and how many texts hold each."""
        counts = Counter[str]()
        for each in self._all:
            counts.update(dict(each.vocabulary(prefix, limit)))
        return sorted(counts.items())[:limit]

    def idf(self, term: str) -> float:
        """Inverse document frequency of a term in all members together."""
        return self._idf(term)

    @cached_property
    def _all(self) -> list[Snapshot]:
        return list(self._members.values())

    @cached_property
    def _idf(self) -> Callable[[str], float]:
        known = dict[str, float]()

        def idf(term: str) -> float:
            if term not in known:
                # idf = ln((N + 1) / (n + 0.5)), so each member's n follows from its own.
                held = sum(
                    (each.text_count + 1) * math.exp(-each.idf(term)) - 0.5 for each in self._all
                )
                known[term] = math.log((self.text_count + 1) / (max(held, 0.0) + 0.5))
            return known[term]

        return idf

    def _scaled(self, member: Snapshot, query: str, k: int) -> Ranked:
        """What a member finds by words, scored as if its words were as rare as in all of them."""
        found = member.search_words(query, k)
        if len(self._all) == 1 or not found:
            return found
        terms = set(member.terms(query))
        here, everywhere = sum(map(member.idf, terms)), sum(map(self.idf, terms))
        scale = everywhere / here if here else 1.0
        return [(key, score * scale) for key, score in found]


class JoinedIndex:
    """Several indexes as one; those who opened them close them.

    One that is empty yet is left out of a lease. Raises what `Index.lease` raises, EmptyIndex only
    if all are empty.
    """

    def __init__(self, members: Mapping[str, Index]) -> None:
        self._members = dict(members)
        first = next(iter(self._members.values()))
        self.embedder = first.embedder
        self.embed_query = first.embed_query
        self.embed_sentences = first.embed_sentences
        self.count_tokens = first.count_tokens

    @contextmanager
    def lease(self) -> Iterator[Snapshot]:
        """The newest generations, kept open until the block ends."""
        leased, empty = dict[str, Snapshot](), EmptyIndex("nothing is indexed yet")
        with ExitStack() as stack:
            for name, index in self._members.items():
                try:
                    leased[name] = stack.enter_context(index.lease())
                except EmptyIndex as error:
                    empty = error
            if not leased:
                raise empty
            yield JoinedSnapshot(leased)

    def keep_up(self, stop: threading.Event) -> None:
        """Nothing: each of the indexes follows its own writer."""
        stop.wait()

    def close(self) -> None:
        """Nothing: its members are others' to close."""


def _by_id(passage: Passage) -> str:
    return passage.id


def _named(name: str, passage: Passage) -> Passage:
    path = joined_path(name, passage.document)
    return replace(passage, id=joined_path(name, passage.id), document=path)


def _best(k: int, rankings: Iterator[Ranked]) -> Ranked:
    """The k best of several rankings; a key in two of them has its better score."""
    best = dict[str, float]()
    for ranking in rankings:
        for key, score in ranking:
            best[key] = max(score, best.get(key, score))
    return sorted(best.items(), key=lambda item: (-item[1], item[0]))[:k]

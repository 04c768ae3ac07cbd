"""Resolves gold evidence in the documents: quotes and pages to spans of characters."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from eval.datasets.gold import EvidencePlace, GoldEvidence, GoldSet, raise_errors
from eval.datasets.spans import Span
from index.errors import ConfigError, UnknownDocument
from index.types import Document

Find = Callable[[str], Document | None]


class EvidenceMissing(Exception):
    """A gold item's evidence is not in the corpus, so retrieval cannot be judged."""


@dataclass(frozen=True, slots=True)
class Fact:
    """A fact that an answer rests on; each of `places` states it.

    `whole` is true if they are whole documents. `pages` are the (document, page) pairs of evidence
    that was given as pages. `grade` is the fact's gain in nDCG.
    """

    places: tuple[Span, ...]
    whole: bool = False
    pages: frozenset[tuple[str, int]] = frozenset()
    grade: int = 1


def finder(document: Callable[[str], Document]) -> Find:
    """A cached lookup of documents that gives None for a missing one."""

    @cache
    def find(path: str) -> Document | None:
        try:
            return document(path)
        except UnknownDocument:
            return None

    return find


def resolve_evidence(gold: GoldSet, find: Find) -> Mapping[str, tuple[Fact, ...]]:
    """The facts of every gold item by its id.

    Raises ConfigError that names each item whose evidence is not in the documents.
    """
    found: dict[str, tuple[Fact, ...]] = {}
    errors = list[str]()
    unknown = True
    for item, place in zip(gold.items, gold.places, strict=True):
        facts = list[Fact]()
        for evidence in item.evidence:
            try:
                facts.append(_fact(evidence, find))
            except EvidenceMissing as missing:
                errors.append(f"{place}: {missing}")
            unknown = unknown and find(evidence.document) is None
        found[item.id] = tuple(facts)
    if errors and unknown:
        raise ConfigError(
            f"none of the documents that gold file {gold.name} names is in the index, such as "
            f"{_first_document(gold)!r}; name their folder with --corpus FOLDER"
        )
    raise_errors(errors, gold.name)
    return found


def _first_document(gold: GoldSet) -> str:
    return next(evidence.document for item in gold.items for evidence in item.evidence)


def _fact(evidence: GoldEvidence, find: Find) -> Fact:
    places = evidence.places
    return Fact(
        places=tuple(span for place in places for span in spans_of(place, find)),
        whole=all(place.quote is None and place.page is None for place in places),
        pages=frozenset((place.document, place.page) for place in places if place.page),
        grade=evidence.grade,
    )


def spans_of(place: EvidencePlace, find: Find) -> list[Span]:
    """The spans of a place in its document. Raises EvidenceMissing.

    White space in a quote matches any white space, so that line breaks may change.
    """
    document = find(place.document)
    if document is None:
        raise EvidenceMissing(f"there is no document {place.document!r} in the index")
    if place.page is not None:
        return [_page(document, place.page)]
    if place.quote is None:
        return [(document.path, 0, len(document.text))]
    pattern = r"\s+".join(re.escape(word) for word in place.quote.split())
    found = re.finditer(pattern, document.text)
    spans = [(document.path, match.start(), match.end()) for match in found]
    if not spans:
        raise EvidenceMissing(f"{place.document} does not say {place.quote!r}")
    return spans


def _page(document: Document, page: int) -> Span:
    starts = document.page_starts
    if page > len(starts):
        count = f"{len(starts)} pages" if starts else "no pages"
        raise EvidenceMissing(f"{document.path} has {count}, so there is no page {page}")
    return (document.path, starts[page - 1], [*starts, len(document.text)][page])


def spans_in(facts: Iterable[Fact]) -> Sequence[Span]:
    """Every place of every fact."""
    return [span for fact in facts for span in fact.places]

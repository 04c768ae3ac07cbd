"""A summary as claims: its target is found, central sentences are quoted in reading order."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np

from index.catalog.reader import DocumentInfo
from index.snapshots import Snapshot, Text
from index.types import Document, Hit, Passage, Span, Vectors
from rag.summaries.central import SummarySentence, central_sentences
from rag.summaries.target import named_documents
from rag.types import Claim, Draft, Quote

_WORDS = 170
_WORDS_OF_EACH = 30
_MOST_DOCUMENTS = 12
# Of the first hits, those that must be of one document for it to be what a question is about.
_FIRST, _MAJORITY = 5, 3


def summary_draft(
    question: str, vector: Vectors, snapshot: Snapshot, hits: Sequence[Hit]
) -> Draft | None:
    """The summary that a question asks for, None where its target is a topic within documents.

    `vector` is the question's unit vector and `hits` what was found for it, best first.
    """
    named = summarised_documents(question, snapshot, hits)
    if len(named) > 1:
        return _of_many(named[:_MOST_DOCUMENTS], len(named), snapshot)
    return _of_one(question, vector, named[0], snapshot) if named else None


def summarised_documents(
    question: str, snapshot: Snapshot, hits: Sequence[Hit]
) -> list[DocumentInfo]:
    """The documents that a question asks for, or the one that most of what was found is of; none
    for a topic within documents.
    """
    return asked_documents(question, snapshot) or _majority(question, hits, snapshot)


def asked_documents(question: str, snapshot: Snapshot) -> list[DocumentInfo]:
    """The documents that a question names, or all where it is about nothing that some hold."""
    readable = _readable(snapshot)
    named = named_documents(question, readable, snapshot.terms)
    return readable if not named and _is_about_everything(question, snapshot) else named


def _readable(snapshot: Snapshot) -> list[DocumentInfo]:
    return [one for one in snapshot.documents() if not one.failure and one.passages]


def _is_about_everything(question: str, snapshot: Snapshot) -> bool:
    """Whether no word of a question is in the index, besides those that many documents hold."""
    return not any(
        snapshot.search_words(term, 1) for term in dict.fromkeys(snapshot.terms(question))
    )


def _majority(question: str, hits: Sequence[Hit], snapshot: Snapshot) -> list[DocumentInfo]:
    """The document of most of the first hits, or of the best one if its heading is asked for."""
    counts = Counter(hit.passage.document for hit in hits[:_FIRST])
    path, most = counts.most_common(1)[0] if counts else ("", 0)
    if _asks_for_section(question, hits, snapshot):
        path, most = hits[0].passage.document, _MAJORITY
    needed = min(_MAJORITY, len(hits))
    return [one for one in _readable(snapshot) if one.path == path and most >= needed]


def _asks_for_section(question: str, hits: Sequence[Hit], snapshot: Snapshot) -> bool:
    """Whether the best hit's own heading holds a word of the question."""
    if not hits or not hits[0].passage.heading:
        return False
    last = hits[0].passage.own_heading
    return bool(set(snapshot.terms(last)) & set(snapshot.terms(question)))


def _of_one(question: str, vector: Vectors, info: DocumentInfo, snapshot: Snapshot) -> Draft | None:
    document = snapshot.document(info.path)
    if document is None:
        return None
    sentences = _sentences(document, snapshot)
    within = asked_sections(question, info, document, snapshot)
    topical = [one for one in sentences if one.section in within] if within else []
    chosen = central_sentences(topical or sentences, _WORDS, vector if topical else None)
    return Draft(tuple(_claims(chosen, document))) if chosen else None


def _of_many(named: Sequence[DocumentInfo], count: int, snapshot: Snapshot) -> Draft | None:
    claims = list[Claim]()
    for info in named:
        document = snapshot.document(info.path)
        sentences = _sentences(document, snapshot) if document else []
        for place, one in enumerate(central_sentences(sentences, _WORDS_OF_EACH)[:2]):
            text = " ".join(one.quote.text.split())
            label = f"**{info.title or info.path}:** {text}"
            frame = (label, "") if not place else None
            claims.append(Claim(text, (one.quote,), " " if place else "\n\n", frame))
    left = f"{count - len(named)} more documents are not summarised here." * (count > len(named))
    return Draft(tuple(claims), closing=left) if claims else None


def _sentences(document: Document, snapshot: Snapshot) -> list[SummarySentence]:
    """A document's sentences with their vectors, in reading order, sections numbered."""
    passages = snapshot.passages_in(document.path)
    texts = snapshot.texts([passage.key for passage in passages])
    found, rows, seen = list[SummarySentence](), list[SummarySentence](), set[int]()
    starts = [heading.start for heading in document.headings]
    for passage in passages:
        text = texts[passage.key]
        for span, row in _vectors(text):
            start = passage.start + span[0]
            section = bisect_right(starts, start)
            quote = Quote(passage, start, passage.start + span[1])
            if _is_heading(document, quote):
                continue
            if any(table.start <= start < table.end for table in document.tables if table.rows):
                rows.append(SummarySentence(quote, row, section, opening=False))
                continue
            found.append(SummarySentence(quote, row, section, section not in seen))
            seen.add(section)
    # What a table says is in all of its rows: one of them sums up nothing but a bare table.
    return found or rows


def _vectors(text: Text) -> Iterator[tuple[Span, Vectors]]:
    inside = text.inside
    if inside is None or len(inside.rows) != len(text.sentences):
        vector = text.vector
        for span in text.sentences:
            if vector is not None:
                yield span, vector
        return
    for span, row, scale in zip(text.sentences, inside.rows, inside.scale, strict=True):
        yield span, np.asarray(row.astype(np.float32) * scale, dtype=np.float32)


def _is_heading(document: Document, quote: Quote) -> bool:
    words = " ".join(quote.text.split())
    return any(words == " ".join(heading.text.split()) for heading in document.headings)


def asked_sections(
    question: str, info: DocumentInfo, document: Document, snapshot: Snapshot
) -> set[int]:
    """Numbers of the sections, deeper ones included, whose headings hold most of the question's
    words that name no document; words weigh by inverse document frequency.
    """
    names = set(snapshot.terms(f"{info.title} {info.path.rpartition('/')[2]}"))
    asked = {term: snapshot.idf(term) for term in set(snapshot.terms(question)) - names}
    weights = [
        sum(asked.get(term, 0.0) for term in set(snapshot.terms(heading.text)))
        for heading in document.headings
    ]
    best = max(weights, default=0.0)
    found, inside = set[int](), 0
    for number, (heading, weight) in enumerate(zip(document.headings, weights, strict=True), 1):
        if inside and heading.level <= inside:
            inside = 0
        if not inside and best and weight >= best - 1e-9:
            inside = heading.level
        if inside:
            found.add(number)
    return found if len(found) < len(document.headings) else set()


def _claims(chosen: Sequence[SummarySentence], document: Document) -> Iterator[Claim]:
    """Sentences by section, the section's heading before the first of each."""
    before = -1
    for one in chosen:
        text = " ".join(one.quote.text.split())
        if one.section == before:
            yield Claim(text, (one.quote,), " ")
            continue
        before = one.section
        heading = _heading(one.quote.passage, document)
        frame = (f"**{heading}:** {text}", "") if heading else None
        yield Claim(text, (one.quote,), "\n\n", frame)


def _heading(passage: Passage, document: Document) -> str:
    path = passage.heading.split(" > ") if passage.heading else []
    shown = [part for part in path[-2:] if part != document.title]
    return " – ".join(shown)

"""What an LLM reads for a summary: the passages of the documents that are asked for, or, where
that is too much, some of each section of each.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import zip_longest

from index.snapshots import Snapshot
from index.types import Document, Passage
from rag.composition.base import ReadingList, tokens_of
from rag.summaries.compose import asked_documents, asked_sections

# Documents that are looked into; a summary of more than these would say next to nothing of each.
_MOST_DOCUMENTS = 500


def to_summarise(question: str, snapshot: Snapshot, tokens: int) -> ReadingList:
    """The passages of the documents that a question asks for, at most of about so many tokens.

    There are none for a topic: what was found for it may be of a document about something else.
    """
    infos = asked_documents(question, snapshot)
    documents = list[list[Passage]]()
    for info in infos[:_MOST_DOCUMENTS]:
        document = snapshot.document(info.path)
        if document is None:
            continue
        within = asked_sections(question, info, document, snapshot) if len(infos) == 1 else set()
        passages = snapshot.passages_in(info.path)
        asked = [one for one in passages if section_of(one, document) in within]
        documents.append(asked or passages)
    left = sum(info.passages for info in infos[_MOST_DOCUMENTS:])
    return ReadingList(read_in_part(documents, tokens), sum(map(len, documents)) + left)


def section_of(passage: Passage, document: Document) -> int:
    """The number of the section that a passage ends in, 0 before the first heading."""
    return bisect_right([heading.start for heading in document.headings], passage.end - 1)


def read_in_part(documents: Sequence[Sequence[Passage]], tokens: int) -> tuple[Passage, ...]:
    """The passages that fit into so many tokens, in reading order; at least one, if there is any.

    Documents take turns, and in each its sections: the first passage of all sections is read before
    the second of one.
    """
    chosen, used = set[str](), 0.0
    for passage in in_turns(_by_section(one) for one in documents):
        size = tokens_of(passage.embedding_text)
        if chosen and used + size > tokens:
            break
        chosen.add(passage.id)
        used += size
    return tuple(one for passages in documents for one in passages if one.id in chosen)


def _by_section(passages: Sequence[Passage]) -> Iterator[Passage]:
    sections = defaultdict[str, list[Passage]](list)
    for passage in passages:
        sections[passage.heading].append(passage)
    return in_turns(sections.values())


def in_turns(groups: Iterable[Iterable[Passage]]) -> Iterator[Passage]:
    """The first of each group, then the second of each, and so on."""
    for row in zip_longest(*groups, fillvalue=None):
        yield from (one for one in row if one is not None)

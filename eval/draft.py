"""Gold candidates made of documents without a model: sentences that state a fact, asked back.

A candidate is for a person to confirm: its question is as good as rules can make it, its evidence
and answer stand word for word in the document.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import zip_longest

from eval.draft_questions import Asked, questions
from eval.gold import Evidence, GoldItem
from index.sentences import sentence_spans
from index.types import Document
from rag.verification.words import read, stems

TAG, CHECK = "draft", "check"
_WORDS = range(6, 36)
# A sentence that opens with one of these needs the one before it to be understood.
_LEANING = frozenset(
    (
        "he she it they we i you this that these those his her its their our such there here "
        "however but and so then thus therefore meanwhile also instead besides still yet both "
        "another other others some many most each one former latter if when while although"
    ).split()
)
# A capital after a word in small letters is taken for a name.
_NAME = re.compile(r"(?<=[a-z,]\s)[A-Z][a-z]{2,}[a-rt-z]\b")
_NAMES = 12
_CLOSED = ("()", "[]", "“”")


@dataclass(frozen=True, slots=True)
class Fact:
    """A sentence of a document and the question that asks for a fact of it."""

    document: str
    sentence: str
    asked: Asked


def item_of(fact: Fact) -> GoldItem:
    """The gold candidate that asks for a fact."""
    evidence = Evidence(document=fact.document, quote=fact.sentence)
    return GoldItem(
        id=name_of(fact.document, fact.sentence, fact.asked.question),
        question=fact.asked.question,
        answers=(fact.asked.answer,),
        evidence=(evidence,),
        tags=(TAG, fact.asked.kind.value),
    )


def name_of(*parts: str) -> str:
    """An id that stays the same for the same candidate, so that drafts can be put together."""
    return f"draft-{sha256(chr(0).join(parts).encode()).hexdigest()[:8]}"


def facts(document: Document) -> Iterator[Fact]:
    """The facts of a document that can be asked for, in its order."""
    for start, end in sentence_spans(document.text):
        sentence = document.text[start:end]
        if is_whole(sentence):
            for asked in questions(" ".join(sentence.split())):
                yield Fact(document.path, sentence, asked)


def is_whole(sentence: str) -> bool:
    """Whether a sentence can be understood by itself, as far as its words tell."""
    words = sentence.split()
    opening = words[0].lower().strip(",;:'’\"“")
    return (
        len(words) in _WORDS
        and sentence[0].isupper()
        and sentence[-1] in ".!"
        and opening not in _LEANING
        and not any(mark in sentence for mark in ("|", "?", ": ", "“", '"', "…"))
        and all(sentence.count(pair[0]) == sentence.count(pair[1]) for pair in _CLOSED)
    )


def chosen(documents: Iterable[Document], count: int) -> list[Fact]:
    """So many facts, spread over documents and over each of them; the better forms first.

    A second question of a sentence comes after the first of every other; a sentence that stands in
    several documents is asked of one.
    """
    columns = [_spread(list(facts(document))) for document in documents]
    found, more = list[Fact](), list[Fact]()
    seen, asked = dict[str, Fact](), set[str]()
    for fact in (fact for row in zip_longest(*columns) for fact in row if fact):
        first = seen.setdefault(" ".join(stems(fact.sentence)), fact)
        if fact.asked.question in asked or first.document != fact.document:
            continue
        asked.add(fact.asked.question)
        (found if first is fact else more).append(fact)
    return [*found, *more][:count]


def _spread(found: Sequence[Fact]) -> list[Fact]:
    """Natural questions before cloze ones, and of each the first few from all over the document."""
    apart = sorted(range(len(found)), key=lambda place: _reversed_bits(place, len(found)))
    return sorted((found[place] for place in apart), key=lambda fact: not fact.asked.natural)


def _reversed_bits(place: int, count: int) -> int:
    """Van der Corput's order: however many are taken of it, they lie far apart."""
    width = max((count - 1).bit_length(), 1)
    return int(f"{place:0{width}b}"[::-1], 2)


def unanswerable(
    found: Sequence[Fact], documents: Sequence[Document], count: int
) -> list[GoldItem]:
    """Questions of one document asked of a name of another, which no sentence answers.

    Code only sees that no sentence holds that name together with half of the question's other
    words; whether the documents say it in other words, a person must check.
    """
    said = [
        {word.key for word in read(document.text[start:end]) if word.key}
        for document in documents
        for start, end in sentence_spans(document.text)
    ]
    names = {document.path: _names(document.text) for document in documents}
    items = list[GoldItem]()
    for number, fact in enumerate(fact for fact in found if fact.asked.natural):
        others = _strangers(names, fact.document)
        held = [name for name in names[fact.document] if name in fact.asked.question]
        if len(held) == 1 and others:
            name = others[number % len(others)]
            question = fact.asked.question.replace(held[0], name)
            if not _is_said(question, name, said):
                items.append(_without_answer(question))
    return items[:count]


def _without_answer(question: str) -> GoldItem:
    tags = (TAG, "unanswerable", CHECK)
    return GoldItem(id=name_of(question), question=question, answerable=False, tags=tags)


def _names(text: str) -> list[str]:
    """Words with a capital inside a document's sentences, the commonest first."""
    counts = Counter(_NAME.findall(text))
    return sorted(counts, key=lambda name: (-counts[name], name))


def _strangers(names: Mapping[str, Sequence[str]], document: str) -> list[str]:
    """Names of other documents that this one does not have, a few of each."""
    own = set(names[document])
    rows = zip_longest(*(found[:_NAMES] for path, found in names.items() if path != document))
    return list(dict.fromkeys(name for row in rows for name in row if name and name not in own))


def _is_said(question: str, name: str, said: Sequence[set[str]]) -> bool:
    """Whether a sentence holds the name and half of the question's other words."""
    named = {word.key for word in read(name) if word.key}
    rest = {word.key for word in read(question) if word.key} - named
    return any(named <= words and len(rest & words) * 2 >= len(rest) for words in said)

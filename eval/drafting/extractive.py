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

from eval.datasets.gold import GoldEvidence, GoldItem
from index.sentences import sentence_spans
from index.types import Document
from rag.retrieval.answer_type import AnswerType
from rag.verification.words import NUMBER_WORDS, read, stems

_MONTHS = (
    r"(?:January|February|March|April|May|June|July|August|September|October|November|December)"
)
_DIGITS = r"\d+(?:[.,]\d+)*"
_COUNT = rf"(?:{_DIGITS}|{'|'.join(word for word in NUMBER_WORDS if word not in {'zero', 'one'})})"
_SCALE = r"(?:\s(?:hundred|thousand|million|billion))?"
_UNIT = r"(?:seconds?|minutes?|hours?|days?|weeks?|months?|years?|decades?|centuries)"
_WORD = r"[A-Z][\w’'-]+"
_FULL_NAME = rf"(?:{_WORD}|[A-Z]\.)(?:\s(?:(?:of|the|de|al|bin|van|von)\s)?(?:{_WORD}|[A-Z]\.))*"
_VERB = (
    r"(?:is|was|has|had|will|can|could|must|should|may|met|led|said|told|made|took|"
    r"wrote|won|began|became|held|gave|kept|built|found|runs|leads|owns|works|wants|needs|"
    r"offers|provides|requires|covers|pays|includes|spoke|attended|founded|opened|invented|"
    r"discovered|joined|moved|signed|agreed|refused|proposed|announced|demanded)"
)
_AUXILIARY = r"(?:is|are|was|were|has|have|had|will|can|could|must|should)"
_DATE = (
    rf"(?:\d{{1,2}}\s{_MONTHS}(?:\s\d{{4}})?|{_MONTHS}\s\d{{1,2}}(?:,\s\d{{4}})?"
    rf"|{_MONTHS}\s\d{{4}}|1[5-9]\d\d|20\d\d)"
)

# Facts that can stand anywhere in a sentence: kind, pattern with the `fact`, question words.
_ALONE = r"(?<![\w,.(–-])"
_CLOSES = r"(?=[,.;]|\s(?:in|on|at|for|with|to|from|before|after|during|between|as|until)\b)"
_FACTS = (
    (AnswerType.TIME, rf"(?<!,\s)\b(?:in|on|since)\s(?P<fact>{_DATE}){_CLOSES}", "when"),
    (AnswerType.MONEY, rf"{_ALONE}(?P<fact>[$€£]\s?{_DIGITS}{_SCALE}){_CLOSES}", "how much money"),
    (
        AnswerType.NUMBER,
        rf"{_ALONE}(?P<fact>{_DIGITS}\s?(?:%|percent|per cent))",
        "what percentage",
    ),
    (AnswerType.SPAN, rf"{_ALONE}\b(?P<fact>{_COUNT}\s{_UNIT})\b", "how long"),
    (
        AnswerType.COUNT,
        rf"{_ALONE}\b(?P<fact>{_COUNT}{_SCALE})(?P<noun>\s[a-z]{{3,}}s)\b",
        "how many",
    ),
    (AnswerType.NAME, rf"\s(?:in|at|from|to|near)\s(?P<fact>{_FULL_NAME}){_CLOSES}", "which place"),
    (AnswerType.NAME, rf"\sby\s(?P<fact>{_FULL_NAME}){_CLOSES}", "whom or what"),
)
_PATTERNS = [(kind, re.compile(pattern), words) for kind, pattern, words in _FACTS]
_SUBJECT = re.compile(rf"^(?P<fact>{_FULL_NAME})\s(?P<rest>{_VERB}\s.+)[.!]$")
_SUBJECT_COUNT = re.compile(
    rf"^(?P<fact>{_COUNT}{_SCALE})(?P<noun>\s[a-z]+s)"
    rf"(?P<rest>\s(?:\w+\s){{0,3}}?(?:are|were|have|{_VERB})\s.+)[.!]$",
    re.IGNORECASE,
)
_INVERTED = re.compile(
    rf"^(?P<subject>(?:The|A|An|{_WORD})(?:\s[\w’'-]+){{0,5}}?)\s(?P<aux>{_AUXILIARY})\s"
    rf"(?P<rest>[^,;]+?)\s(?:in|on)\s(?P<fact>{_DATE})(?P<end>\s[^,;]+)?[.!]$"
)
_ROLE = re.compile(
    rf"(?:^|,\s|\b(?:and|by|with|between|from|to)\s)"
    rf"(?!(?:Yesterday|Today|Later|Once|Now|Even)\b)(?P<fact>{_FULL_NAME}),\s"
    r"(?P<role>the\s(?:[a-z-]+\s){1,3}of\s[^,.;]+)[,.;]"
)
_MEANING = re.compile(
    r"^(?P<subject>(?:The|A|An)\s(?:[\w’'-]+\s){0,3}[\w’'-]+)\sis\s"
    r"(?P<fact>(?:a|an|the)\s[^,.;()]{8,100})[.,;]"
)
_NEXT = re.compile(r"\b(?:first|second|third|last|next|other|another|further|only)\b")
# A count that is said of what was told before: "the three officials", "of the two".
_TOLD = re.compile(
    r"\b(?:the|these|those|its|their|all|just|other|of|which|each|every|"
    r"final|first|last|next|past)\s$",
    re.IGNORECASE,
)
_YEAR = re.compile(r"1[0-9]\d\d|20\d\d")
# A pronoun leans on words that a question leaves out.
_PRONOUN = re.compile(
    r"\b(?:he|she|it|they|we|him|her|them|this|these|those|such|I|you)\b", re.IGNORECASE
)
_LONGEST_CLOZE = 26  # words; longer ones can't be read as a question
_PERSON = re.compile(r"^(?:Mr|Mrs|Ms|Dr|Sheikh|President|Professor|Sir|King|Queen)\b|\s[A-Z]\.\s")
_CLAUSES = re.compile(r"\b(?:which|who|that|whose|because|although|while|if|and|but|or)\b")
_LONGEST_ANSWER = 100


@dataclass(frozen=True, slots=True)
class Asked:
    """A question and its answer, which stands in the sentence; `natural` unless it is a cloze."""

    question: str
    answer: str
    kind: AnswerType
    natural: bool


def questions(sentence: str) -> list[Asked]:
    """The questions for facts that a sentence states once, the best form first, an answer once.

    The words of the sentence are parted by single spaces.
    """
    found = dict[str, Asked]()
    for asked in _forms(sentence):
        if _is_fair(asked, sentence):
            found.setdefault(asked.answer, asked)
    return list(found.values())


def _forms(sentence: str) -> Iterator[Asked]:
    for found in _ROLE.finditer(sentence):
        yield Asked(f"Who is {found['role']}?", found["fact"], AnswerType.NAME, True)
    if (meaning := _MEANING.match(sentence)) and not _NEXT.search(meaning["subject"]):
        yield Asked(f"What is {_lower(meaning['subject'])}?", meaning["fact"], AnswerType.ANY, True)
    if not _PRONOUN.search(sentence):
        yield from _whole_forms(sentence)


def _whole_forms(sentence: str) -> Iterator[Asked]:
    """Questions that keep all of the sentence but its fact."""
    if found := _INVERTED.match(sentence):
        yield _inverted(found)
    if found := _SUBJECT_COUNT.match(sentence):
        question = f"How many{found['noun']}{found['rest']}?"
        yield Asked(question, found["fact"] + found["noun"], AnswerType.COUNT, True)
    if (found := _SUBJECT.match(sentence)) and _is_name(sentence):
        who = "Who" if _PERSON.search(found["fact"]) else "Who or what"
        yield Asked(f"{who} {found['rest']}?", found["fact"], AnswerType.NAME, True)
    if len(sentence.split()) <= _LONGEST_CLOZE:
        for kind, pattern, words in _PATTERNS:
            for match in pattern.finditer(sentence):
                yield _cloze(sentence, match, kind, words)


def _is_name(sentence: str) -> bool:
    """Whether a sentence's first word is a name for one: "Egypt led", not "Talks failed"."""
    return next(iter(read(sentence))).name


def _inverted(found: re.Match[str]) -> Asked:
    subject, end = _lower(found["subject"]), found["end"] or ""
    question = f"When {found['aux']} {subject} {found['rest']}{end}?"
    return Asked(question, found["fact"], AnswerType.TIME, True)


def _lower(subject: str) -> str:
    """A subject inside a sentence."""
    return (
        subject[0].lower() + subject[1:] if subject.startswith(("The ", "A ", "An ")) else subject
    )


def _cloze(sentence: str, match: re.Match[str], kind: AnswerType, words: str) -> Asked:
    start, end = match.span("fact")
    if kind is AnswerType.TIME:
        start = match.start()
    opening = sentence[:start]
    question = f"{opening}{words if opening else words.capitalize()}{sentence[end:].rstrip('.!')}?"
    noun = match["noun"] if kind is AnswerType.COUNT else ""
    return Asked(question, match["fact"] + noun, kind, False)


def _is_fair(asked: Asked, sentence: str) -> bool:
    """Whether the answer is short, is stated once and is not given away by the question."""
    answer = asked.answer.lower()
    place = sentence.lower().find(answer)
    return (
        len(answer) <= _LONGEST_ANSWER
        and sentence.lower().count(answer) == 1
        and answer not in asked.question.lower()
        and not (
            asked.natural and asked.kind is AnswerType.TIME and _CLAUSES.search(asked.question)
        )
        and not (
            asked.kind in {AnswerType.COUNT, AnswerType.SPAN}
            and _is_told(sentence[:place], asked.answer)
        )
    )


def _is_told(before: str, answer: str) -> bool:
    """Whether a count points back at what was told, or is a year."""
    return bool(_TOLD.search(before) or _YEAR.fullmatch(answer.split()[0]))


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
    evidence = GoldEvidence(document=fact.document, quote=fact.sentence)
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

"""A sentence turned into questions for its facts, by rules that keep to English grammar.

The best forms first: an office ("Burns, the director of the CIA, ..." -> "Who is the director of
the CIA?"), a meaning ("A truce is ..." -> "What is a truce?"), the auxiliary put first ("The bridge
was opened in 1932." -> "When was the bridge opened?"), the subject asked for ("Three officials
spoke ..." -> "How many officials spoke ...?"), else a cloze with the question word in the fact's
place ("The ferry takes how long to cross the bay?"). Other forms need a verb's stem, which rules
get wrong too often.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from rag.retrieval.answer_type import Kind
from rag.verification.words import NUMBER_WORDS, read

_MONTHS = (
    r"(?:January|February|March|April|May|June|July|August|September|October|November|December)"
)
_DIGITS = r"\d+(?:[.,]\d+)*"
_COUNT = rf"(?:{_DIGITS}|{'|'.join(word for word in NUMBER_WORDS if word not in {'zero', 'one'})})"
_SCALE = r"(?:\s(?:hundred|thousand|million|billion))?"
_UNIT = r"(?:seconds?|minutes?|hours?|days?|weeks?|months?|years?|decades?|centuries)"
_NAME = r"[A-Z][\w’'-]+"
_FULL_NAME = rf"(?:{_NAME}|[A-Z]\.)(?:\s(?:(?:of|the|de|al|bin|van|von)\s)?(?:{_NAME}|[A-Z]\.))*"
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
    (Kind.TIME, rf"(?<!,\s)\b(?:in|on|since)\s(?P<fact>{_DATE}){_CLOSES}", "when"),
    (Kind.MONEY, rf"{_ALONE}(?P<fact>[$€£]\s?{_DIGITS}{_SCALE}){_CLOSES}", "how much money"),
    (Kind.NUMBER, rf"{_ALONE}(?P<fact>{_DIGITS}\s?(?:%|percent|per cent))", "what percentage"),
    (Kind.SPAN, rf"{_ALONE}\b(?P<fact>{_COUNT}\s{_UNIT})\b", "how long"),
    (Kind.COUNT, rf"{_ALONE}\b(?P<fact>{_COUNT}{_SCALE})(?P<noun>\s[a-z]{{3,}}s)\b", "how many"),
    (Kind.NAME, rf"\s(?:in|at|from|to|near)\s(?P<fact>{_FULL_NAME}){_CLOSES}", "which place"),
    (Kind.NAME, rf"\sby\s(?P<fact>{_FULL_NAME}){_CLOSES}", "whom or what"),
)
_PATTERNS = [(kind, re.compile(pattern), words) for kind, pattern, words in _FACTS]
_SUBJECT = re.compile(rf"^(?P<fact>{_FULL_NAME})\s(?P<rest>{_VERB}\s.+)[.!]$")
_SUBJECT_COUNT = re.compile(
    rf"^(?P<fact>{_COUNT}{_SCALE})(?P<noun>\s[a-z]+s)"
    rf"(?P<rest>\s(?:\w+\s){{0,3}}?(?:are|were|have|{_VERB})\s.+)[.!]$",
    re.IGNORECASE,
)
_INVERTED = re.compile(
    rf"^(?P<subject>(?:The|A|An|{_NAME})(?:\s[\w’'-]+){{0,5}}?)\s(?P<aux>{_AUXILIARY})\s"
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
    kind: Kind
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
        yield Asked(f"Who is {found['role']}?", found["fact"], Kind.NAME, True)
    if (meaning := _MEANING.match(sentence)) and not _NEXT.search(meaning["subject"]):
        yield Asked(f"What is {_lower(meaning['subject'])}?", meaning["fact"], Kind.ANY, True)
    if not _PRONOUN.search(sentence):
        yield from _whole_forms(sentence)


def _whole_forms(sentence: str) -> Iterator[Asked]:
    """Questions that keep all of the sentence but its fact."""
    if found := _INVERTED.match(sentence):
        yield _inverted(found)
    if found := _SUBJECT_COUNT.match(sentence):
        question = f"How many{found['noun']}{found['rest']}?"
        yield Asked(question, found["fact"] + found["noun"], Kind.COUNT, True)
    if (found := _SUBJECT.match(sentence)) and _is_name(sentence):
        who = "Who" if _PERSON.search(found["fact"]) else "Who or what"
        yield Asked(f"{who} {found['rest']}?", found["fact"], Kind.NAME, True)
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
    return Asked(question, found["fact"], Kind.TIME, True)


def _lower(subject: str) -> str:
    """A subject inside a sentence."""
    return (
        subject[0].lower() + subject[1:] if subject.startswith(("The ", "A ", "An ")) else subject
    )


def _cloze(sentence: str, match: re.Match[str], kind: Kind, words: str) -> Asked:
    start, end = match.span("fact")
    if kind is Kind.TIME:
        start = match.start()
    opening = sentence[:start]
    question = f"{opening}{words if opening else words.capitalize()}{sentence[end:].rstrip('.!')}?"
    noun = match["noun"] if kind is Kind.COUNT else ""
    return Asked(question, match["fact"] + noun, kind, False)


def _is_fair(asked: Asked, sentence: str) -> bool:
    """Whether the answer is short, is stated once and is not given away by the question."""
    answer = asked.answer.lower()
    place = sentence.lower().find(answer)
    return (
        len(answer) <= _LONGEST_ANSWER
        and sentence.lower().count(answer) == 1
        and answer not in asked.question.lower()
        and not (asked.natural and asked.kind is Kind.TIME and _CLAUSES.search(asked.question))
        and not (asked.kind in {Kind.COUNT, Kind.SPAN} and _is_told(sentence[:place], asked.answer))
    )


def _is_told(before: str, answer: str) -> bool:
    """Whether a count points back at what was told, or is a year."""
    return bool(_TOLD.search(before) or _YEAR.fullmatch(answer.split()[0]))

"""Questions for the fact of a sentence, for sentence patterns that turn into natural questions."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

from index.text.english import MONTH_PATTERN, MONTHS, NUMBER_WORD_PATTERN
from rag.suggestions.types import QuestionKind

_WORDS = range(4, 26)
_NUMBER = rf"(?:\d[\d.,]*|{NUMBER_WORD_PATTERN})"
_SCALE = r"(?: (?:hundred|thousand|million|billion))?"
_TIME = r"(?:seconds?|minutes?|hours?|(?:working |calendar |school )?days?|weeks?|months?|years?)"
_MONEY = r"(?:euros?|dollars?|pounds?|francs?|EUR|USD|GBP|CHF)"
_AMOUNT = rf"(?:[€$£]\s?\d[\d.,]*{_SCALE}|{_NUMBER}{_SCALE} {_MONEY}|{_MONEY} {_NUMBER}{_SCALE})"
_NOUN = r"[a-z][\w’'-]*"
_SUBJECT = r"[A-Z][\w’'-]*(?: [\w’'-]+){0,4}?"
_MODAL = r"(?:may|must|can|should)"
_DATE = (
    rf"(?:\d{{1,2}} {MONTH_PATTERN}(?: \d{{4}})?|{MONTH_PATTERN} \d{{1,2}}(?:, \d{{4}})?"
    rf"|{MONTH_PATTERN} \d{{4}}|\d{{4}})"
)
_STATE = r"(?:\w+ed|mandatory|free|optional|compulsory|forbidden|possible|open|closed|included)"
# Their questions would ask for what only the sentence before tells.
_VAGUE = re.compile(
    r"(?:it|he|she|they|this|that|these|those|there|such|its|their|his|her|both|some(?! \d)|many|"
    r"most|another|others?|here|then|so|also|but|and|or|however|one|on|in|at|for|with|from|by|"
    r"to|of|as|when|where|while|after|before|everything|nothing|nobody|everyone|no|not|only|even|"
    r"what|which|who|how|why|until|since|because|yet|instead|if|we|you|i)\b",
    re.IGNORECASE,
)
_UNCLEAR = re.compile(
    r"\b(?:it|he|she|they|them|him|this|these|those|first|last|next|other|same|only|rest|below|above|"
    r"following)\b",
    re.IGNORECASE,
)
_ROLE = re.compile(
    r"\b(?:director|minister|president|author|founder|officer|manager|chair\w*|professor|engineer|"
    r"mediator|leader|head|spokes\w+|scientist|writer|king|queen|envoy|teacher|doctor|lawyer|"
    r"secretary|chief|person|man|woman|member|owner|captain|editor)\b"
)
_DAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday"
_ALWAYS_NAMES = frozenset([*_DAYS.split(), *MONTHS, "I"])


class SentenceFact(NamedTuple):
    """A question for a fact of a sentence, and the words of the sentence that state the fact."""

    question: str
    kind: QuestionKind
    answer: str


Inside = Callable[[str], str]  # a sentence's subject as it reads within a sentence
Pattern = tuple[re.Pattern[str], Callable[[re.Match[str], Inside], SentenceFact]]


def _how_long_or_much(amount: str) -> str:
    return "How long" if re.search(_TIME, amount) else "How much"


def _size(found: re.Match[str], inside: Inside) -> SentenceFact:
    verb = found["verb"]
    word = _how_long_or_much(found["answer"])
    return SentenceFact(
        f"{word} {verb} {inside(found['subject'])}?", QuestionKind.FACT, found["answer"]
    )


def _size_of_noun(found: re.Match[str], _: Inside) -> SentenceFact:
    question = f"{_how_long_or_much(found['answer'])} is the {found['noun']}?"
    return SentenceFact(question, QuestionKind.FACT, found["answer"])


def _count_of_having(found: re.Match[str], inside: Inside) -> SentenceFact:
    subject, plural = inside(found["subject"]), found["verb"] in {"have", "receive", "get"}
    verb = "have" if found["verb"] in {"has", "have"} else "get"
    question = f"How many {found['noun']} {'do' if plural else 'does'} {subject} {verb}?"
    return SentenceFact(question, QuestionKind.FACT, found["answer"])


def _count_of_doing(found: re.Match[str], inside: Inside) -> SentenceFact:
    question = f"How many {found['noun']} does {inside(found['subject'])} {found['verb'][:-1]}?"
    return SentenceFact(question, QuestionKind.FACT, found["answer"])


def _count_of_being(found: re.Match[str], _: Inside) -> SentenceFact:
    return SentenceFact(f"How many {found['rest']}?", QuestionKind.FACT, found["answer"])


def _taking(found: re.Match[str], inside: Inside) -> SentenceFact:
    question = f"How long does {inside(found['subject'])} take{found['rest'] or ''}?"
    return SentenceFact(question, QuestionKind.FACT, found["answer"])


def _cost(found: re.Match[str], inside: Inside) -> SentenceFact:
    question = f"How much does {inside(found['subject'])} cost?"
    return SentenceFact(question, QuestionKind.FACT, found["answer"])


def _limit(found: re.Match[str], inside: Inside) -> SentenceFact:
    subject, verb = inside(found["subject"]), found["verb"].strip()
    question = f"How many {found['noun']} {found['modal']} {subject} {verb}?"
    return SentenceFact(question, QuestionKind.FACT, found["answer"])


def _why(found: re.Match[str], inside: Inside) -> SentenceFact:
    question = f"Why {found['verb']} {inside(found['subject'])} {found['rest'].rstrip(', ')}?"
    return SentenceFact(question, QuestionKind.WHY, found["answer"])


def _scenario(found: re.Match[str], _: Inside) -> SentenceFact:
    condition = found["condition"].replace("you are", "I am")
    condition = re.sub(r"\byour\b", "my", re.sub(r"\byou\b", "I", condition))
    return SentenceFact(f"What should I do if {condition}?", QuestionKind.SCENARIO, found["answer"])


def _whether(found: re.Match[str], inside: Inside) -> SentenceFact:
    rest = re.sub(r"\byour\b", "my", found["rest"] or "").rstrip()
    question = f"{found['verb'].capitalize()} {inside(found['subject'])} {found['state']}{rest}?"
    return SentenceFact(question, QuestionKind.YES_NO, found["answer"])


def _when(found: re.Match[str], inside: Inside) -> SentenceFact:
    question = f"When {found['verb']} {inside(found['subject'])} {found['state']}?"
    return SentenceFact(question, QuestionKind.DATE, found["answer"])


def _when_we(found: re.Match[str], _: Inside) -> SentenceFact:
    return SentenceFact(f"When were we {found['state']}?", QuestionKind.DATE, found["answer"])


def _takes_place(found: re.Match[str], inside: Inside) -> SentenceFact:
    question = f"When does {inside(found['subject'])} take place?"
    return SentenceFact(question, QuestionKind.DATE, found["answer"])


def _where(found: re.Match[str], inside: Inside) -> SentenceFact:
    question = f"Where {found['verb']} {inside(found['subject'])}?"
    return SentenceFact(question, QuestionKind.FACT, found["answer"])


def _who_will(found: re.Match[str], _: Inside) -> SentenceFact:
    return SentenceFact(f"Who will {found['rest']}?", QuestionKind.FACT, found["answer"])


def _who(found: re.Match[str], _: Inside) -> SentenceFact:
    return SentenceFact(f"Who {found['rest']}?", QuestionKind.FACT, found["answer"])


def _definition(found: re.Match[str], inside: Inside) -> SentenceFact:
    subject = found["subject"]
    subject = inside(subject) if subject.startswith("The ") else subject
    word = "Who" if _ROLE.search(" ".join(found["answer"].split()[:6])) else "What"
    return SentenceFact(f"{word} {found['verb']} {subject}?", QuestionKind.FACT, found["answer"])


def _what(found: re.Match[str], inside: Inside) -> SentenceFact:
    question = f"What {found['verb']} {inside(found['subject'])}?"
    return SentenceFact(question, QuestionKind.FACT, found["answer"])


# Whole sentences, the most telling patterns first: the first that matches is taken.
_PATTERNS: tuple[Pattern, ...] = (
    (
        re.compile(r"If (?P<condition>(?:you|your|the|an?) [^,;:]{6,60}), (?P<answer>[^;:]+?)[.!]"),
        _scenario,
    ),
    (
        re.compile(
            rf"(?P<subject>{_SUBJECT}) (?P<verb>is|are|was|were) (?P<rest>[^;:]{{4,80}}?),? "
            r"(?P<answer>because [^;:]+)[.]"
        ),
        _why,
    ),
    (
        re.compile(
            rf"(?P<subject>{_SUBJECT}) (?P<modal>{_MODAL}) (?P<verb>(?:not )?{_NOUN} "
            rf"(?:[^,;:]{{1,40}} )?)(?:up to |at least |at most )(?P<answer>{_NUMBER}) "
            rf"(?P<noun>{_NOUN}(?: (?:a|per) {_NOUN})?)(?:[ ,][^;:]*)?[.]"
        ),
        _limit,
    ),
    (
        re.compile(
            rf"(?P<subject>{_SUBJECT}) (?P<verb>has|have|receives?|gets?) (?:up to )?"
            rf"(?P<answer>{_NUMBER}) (?P<noun>{_NOUN}(?: of (?:\w+ ){{0,3}}?{_NOUN})?)"
            r"(?: (?:per|a|within|in|and) [^;:]+)?[.]"
        ),
        _count_of_having,
    ),
    (
        re.compile(
            rf"(?P<subject>{_SUBJECT}) (?P<verb>(?:employ|offer|include|cover|hold|contain|serve|"
            rf"need|use|own|provide)s) (?P<answer>{_NUMBER}) (?P<noun>{_NOUN})(?:[ ,][^;:]*)?[.]"
        ),
        _count_of_doing,
    ),
    (
        re.compile(
            rf"(?P<subject>{_SUBJECT}) takes (?:about |up to )?(?P<answer>{_NUMBER} {_TIME})"
            r"(?P<rest> to [^,;:]+)?[.]"
        ),
        _taking,
    ),
    (
        re.compile(rf"(?P<subject>{_SUBJECT}) costs? (?P<answer>{_AMOUNT})(?:[ ,][^;:]*)?[.]"),
        _cost,
    ),
    (
        re.compile(
            r"(?:(?:More|Fewer|Less) than |About |Over |Nearly |Almost |Some |Around |At least )?"
            rf"(?P<answer>{_NUMBER}) (?P<rest>(?:[a-z-]+ ){{1,3}}?(?:remain|are|were|have|had|live|"
            r"work|took|take|came|went|died|lost|won|joined|left) [^,;:]+)[.]",
            re.IGNORECASE,
        ),
        _count_of_being,
    ),
    (
        re.compile(
            rf"[^;:]*?\b(?:an?|the) (?P<noun>{_NOUN}(?: {_NOUN}){{0,2}}) of (?P<answer>{_AMOUNT}|"
            rf"{_NUMBER} {_TIME})\b[^:]*[.]"
        ),
        _size_of_noun,
    ),
    (
        re.compile(
            rf"(?P<subject>The {_NOUN}(?: [\w’'-]+){{0,3}}?) (?P<verb>is|are) "
            rf"(?P<answer>{_AMOUNT}|{_NUMBER} {_TIME})\b(?:[ ,][^;:]*)?[.]"
        ),
        _size,
    ),
    (
        re.compile(
            rf"(?P<subject>{_SUBJECT}) (?P<verb>is|are) (?P<state>required|needed|due|expected) "
            r"(?P<answer>(?:from|after|before|by|on|within|until|at least) [^;:]+)[.]"
        ),
        _when,
    ),
    (
        re.compile(
            rf"(?P<subject>{_SUBJECT}) (?P<verb>was|were) (?P<state>\w+ed) "
            rf"(?:on|in) (?P<answer>{_DATE})\b(?:[ ,][^;:]*)?[.]"
        ),
        _when,
    ),
    (
        re.compile(
            rf"We were (?P<state>founded|opened|established) in (?P<answer>{_DATE})[^;:]*[.]"
        ),
        _when_we,
    ),
    (
        re.compile(
            rf"(?P<subject>{_SUBJECT}) takes? place (?P<answer>(?:after|before|on|in|every|at) "
            r"[^,;:]+)[.]"
        ),
        _takes_place,
    ),
    (
        re.compile(r"(?P<answer>[A-Z][a-zà-ÿ]*[a-rt-zà-ÿ]) will (?P<rest>[a-z]+ [^;:]{4,70})[.]"),
        _who_will,
    ),
    (
        re.compile(
            r"(?P<answer>[A-Z][\w’'-]+ [A-Z][\w’'-]+) (?P<rest>(?:leads|manages|heads|owns|runs|"
            r"chairs|directs|teaches|coordinates|founded|wrote|invented|discovered|built) "
            r"[^,;:]+)[.]"
        ),
        _who,
    ),
    (
        re.compile(
            rf"(?P<subject>{_SUBJECT}) (?P<verb>is|are) (?P<answer>(?:not )?(?P<state>{_STATE})"
            r"(?P<rest>(?: (?:in|for|at|on|by|with|during|to|within) [^,;:]{2,50}?)?))"
            r"(?:, [^;:]+| (?:but|because|unless) [^;:]+)?[.]"
        ),
        _whether,
    ),
    (
        re.compile(
            rf"(?P<subject>The {_NOUN}(?: [\w’'-]+){{0,3}}?) (?P<verb>is|are) "
            r"(?P<answer>(?:in|at|on) (?:the )?[A-Z][^,;:]{2,40})[.]"
        ),
        _where,
    ),
    (
        re.compile(
            r"(?P<subject>(?:The )?[A-Z0-9][\w’'-]*(?: [\w’'-]+){0,4}?)(?:, [^,]{1,80},)? "
            r"(?P<verb>is|are|was|were) (?P<answer>(?:the|an?|one of) [^;:]+)[.]"
        ),
        _definition,
    ),
    (
        re.compile(
            rf"(?P<subject>(?:The|Our) {_NOUN}(?: [\w’'-]+){{0,3}}?) (?P<verb>is|are) "
            r"(?P<answer>(?!not |\w+ed |\w+ing |to |in |at |on |for )[^;:]{4,90})[.]"
        ),
        _what,
    ),
)


def facts_of(sentence: str, text: str) -> Iterator[SentenceFact]:
    """At most one question for a sentence of `text`, words parted by single spaces."""
    words = sentence.split()
    is_vague = _VAGUE.match(sentence) and not sentence.startswith(("If ", "We were "))
    if len(words) not in _WORDS or is_vague or any(c in sentence for c in '|"“”?()'):
        return

    def inside(subject: str) -> str:
        first, space, rest = subject.partition(" ")
        return subject if is_name(first, text) else f"{first[:1].lower()}{first[1:]}{space}{rest}"

    for pattern, fact_of in _PATTERNS:
        if found := pattern.fullmatch(sentence):
            fact = fact_of(found, inside)
            if not _UNCLEAR.search(fact.question):
                yield fact
            return


def is_name(word: str, text: str) -> bool:
    """Whether a word that opens a sentence keeps its capital within one."""
    if word in _ALWAYS_NAMES or not word[1:].islower():
        return word != "A"
    return re.search(rf"(?<=[a-z,] ){re.escape(word)}\b", text) is not None

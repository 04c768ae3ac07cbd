"""Whether an answer states what was asked: a figure, a date, the thing that was named.

A statement may be backed by its source and still answer another question: "The endowment is the
largest of any school", asked for its size. An answer none of whose statements fits is weak at most.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from rag.retrieval.answer_type import (
    REQUIRED_TYPES,
    AnswerType,
    expected_answer_type,
    matches_answer_type,
)
from rag.types import Claim, Quote, Support
from rag.verification.evidence import contains_word
from rag.verification.support import SupportCheck, SupportVerdict
from rag.verification.words import Word, parse_words

_MEASURE = (
    r"(?:size|length|height|width|depth|weight|area|population|price|cost|fee|rate|limit|number|"
    r"amount|total|age|capacity|budget|revenue|distance|duration|percentage|share|temperature)"
)
# What is asked for in a question's first words, by language: a figure or a time.
_FIGURES = {
    "en": rf"how (?:many|much|long|old|far|often|large|tall|big|high|deep|fast)\b"
    rf"|what(?: i|')s the (?:\w+ ){{0,2}}{_MEASURE}\b|what was the (?:\w+ ){{0,2}}{_MEASURE}\b",
    "de": r"wie ?viele?\b|wie (?:lange|alt|weit|oft|groß|hoch|tief|schnell|teuer)\b",
    "fr": r"combien\b|quel(?:le)? est (?:la taille|le prix|le nombre|l['’]âge|le montant)",
    "es": r"¿?cu[áa]nt[oa]s?\b|¿?qu[ée] (?:edad|tamaño|precio)\b",
}
_TIMES = {
    "en": r"when\b|(?:what|which|in what|in which) (?:year|month|day|date|century|decade)\b",
    "de": r"wann\b|in welche[mr] (?:jahr|monat|jahrhundert)|seit wann\b|bis wann\b",
    "fr": r"quand\b|en quelle (?:année|date)|depuis quand\b|à quelle (?:date|époque)",
    "es": r"¿?cu[áa]ndo\b|¿?en qu[ée] (?:año|mes|fecha|siglo)|¿?desde cu[áa]ndo\b",
}
# How a question begins that wants yes or no.
_YES_NO = {
    "en": r"(?:is|are|was|were|do|does|did|has|have|had|can|could|may|must|will|would|should)\b",
    "de": r"(?:ist|sind|war|waren|hat|haben|kann|können|darf|dürfen|muss|müssen|gibt es|wird)\b",
    "fr": r"(?:est-ce qu|y a-t-il|puis-je|peut-on|dois-je|\w+-(?:t-)?(?:il|elle|on|ils|elles)\b)",
    "es": r"¿?(?:hay|es|son|está|están|puedo|se puede|debo|tiene|tienen|existe)\b",
}
# Names in full or as they are shortened: "decision" is none, and "may" is seldom a month.
_DATE = re.compile(
    r"\d|\b(?:january|february|march|april|june|july|august|september|october|november|december|"
    r"jan|feb|apr|jun|jul|aug|sept?|oct|nov|dec|(?-i:May)|"
    r"januar|februar|märz|mai|juni|juli|oktober|dezember|okt|dez|"
    r"janvier|février|mars|avril|juin|juillet|août|septembre|octobre|novembre|décembre|"
    r"enero|febrero|marzo|abril|mayo|junio|julio|agosto|septiembre|octubre|noviembre|diciembre|"
    r"(?:mon|tues|wednes|thurs|fri|satur|sun)days?|today|tomorrow|yesterday|heute|morgen|gestern|"
    r"jahrhunderts?|siècles?|siglos?|centur(?:y|ies))\b",
    re.IGNORECASE,
)
_FIGURE_WORDS = re.compile(
    r"\b(?:no|none|half|both|several|dozens?|hundreds?|thousands?|millions?|billions?|single|"
    r"free|unlimited|daily|weekly|monthly|yearly|annually|once|twice|never|always|keine?|beide|"
    r"hälfte|kostenlos|aucun|deux|moitié|gratuit|ningun[oa]?|ambos|mitad|gratis)\w*",
    re.IGNORECASE,
)
_FIGURE_TYPES = frozenset(
    {AnswerType.AGE, AnswerType.SPAN, AnswerType.MONEY, AnswerType.COUNT, AnswerType.NUMBER}
)


def answers_question(question: str, claims: Sequence[Claim]) -> bool:
    """Whether some claim states the kind of thing that a question asks for, of what it names."""
    if any(claim.computed for claim in claims):
        return True
    return _has_numbers(question, claims) and any(
        _is_of_kind(question, claim.text) and _is_about(question, claim) for claim in claims
    )


def asks_for_figure(question: str) -> bool:
    """Whether a question asks how many, how much or the like."""
    return bool(_asks(_FIGURES, question))


def _asks(patterns: Mapping[str, str], question: str) -> str:
    """The language in which a question begins so, or ""."""
    opening = question.strip().lower()
    return next((name for name, asked in patterns.items() if re.match(asked, opening)), "")


def fitted(check: SupportCheck, question: str, claims: Sequence[Claim]) -> SupportCheck:
    """A check by which no claim is more than weak, if none of them answers the question."""
    if not claims or answers_question(question, claims):
        return check

    def at_most_weak(statement: str, quotes: Sequence[Quote]) -> SupportVerdict:
        return check(statement, quotes).at_most(Support.WEAK)

    return at_most_weak


def _is_of_kind(question: str, statement: str) -> bool:
    kind = expected_answer_type(question)
    if _asks(_TIMES, question) or kind in {AnswerType.DATE, AnswerType.TIME}:
        return (
            bool(_DATE.search(statement))
            or matches_answer_type(AnswerType.TIME, question, statement) > 0
        )
    language = _asks(_FIGURES, question)
    if language or kind in _FIGURE_TYPES:
        return _has_figure(question, statement, language or "en")
    if kind in REQUIRED_TYPES:
        return matches_answer_type(kind, question, statement) > 0
    return True


def _has_figure(question: str, statement: str, language: str) -> bool:
    """Whether a statement has a figure that the question doesn't have."""
    asked = {word.number for word in parse_words(question, language)}
    return (
        bool(_FIGURE_WORDS.search(statement))
        or any(
            word.number and word.number not in asked for word in parse_words(statement, language)
        )
        or bool(set(re.findall(r"\d+", statement)) - set(re.findall(r"\d+", question)))
    )


def _is_about(question: str, claim: Claim) -> bool:
    """Whether a claim or what it cites names one of the names of the question; where yes or no is
    asked, whether it or a quote has one of its other words.
    """
    if language := _asks(_YES_NO, question):
        asked = _asked_of_names(question, language)
        quoted = " ".join(quote.text for quote in claim.quotes)
        known = parse_words(f"{claim.text} {quoted}", language)
    else:
        asked = [word for word in parse_words(question)[1:] if word.exact and not word.number]
        known = parse_words(f"{claim.text} {_around(claim)}")
    return not asked or not claim.quotes or any(contains_word(word, known) for word in asked)


def _asked_of_names(question: str, language: str) -> list[Word]:
    """The words of a question for yes or no that are no names. German writes all nouns as it does
    names: there the first one is kept.
    """
    opening = re.match(_YES_NO[language], question.strip().lower())
    words = parse_words(question.strip()[opening.end() if opening else 0 :], language)
    plain = [word for word in words if word.key and not word.exact]
    nouns = [word for word in words if word.name] if language == "de" else []
    return [*plain, *nouns[:1]]


def _has_numbers(question: str, claims: Sequence[Claim]) -> bool:
    """Whether the claims, or the passages that they cite, have the numbers by which a question
    names something: a date, a version, an order; not how many of something there are.
    """
    words = parse_words(question)
    named = [
        word
        for place, word in enumerate(words)
        if word.number and not any(map(_is_counted, words[place + 1 : place + 2]))
    ]
    if not named or not any(claim.quotes for claim in claims):
        return True
    known = parse_words(" ".join(f"{claim.text} {_around(claim)}" for claim in claims))
    return all(contains_word(word, known) for word in named)


def _is_counted(after: Word) -> bool:
    """Whether the word after a number is what it counts: "3 bags", not "3 May" or "error 3 means".

    Nouns are plural then, or, in German, have a capital.
    """
    is_noun = after.name or after.low.endswith(("s", "x"))
    return bool(after.stem) and not after.number and is_noun and not _DATE.match(after.low.title())


def _around(claim: Claim) -> str:
    """The passages that a claim cites, with their titles and files."""
    passages = dict.fromkeys(quote.passage for quote in claim.quotes)
    return " ".join(f"{one.title} {one.document} {one.embedding_text}" for one in passages)

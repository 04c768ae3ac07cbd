"""The type of answer that a question expects, and whether a sentence contains one."""

from __future__ import annotations

import re
from enum import StrEnum

from index.tables.units import MONEY, unit_of
from index.text.english import MONTH_PATTERN, NUMBER_WORD_PATTERN
from rag.intents.clauses import clauses_of


class AnswerType(StrEnum):
    """The type of answer that a question's words ask for."""

    AGE = "age"
    SPAN = "span"
    MONEY = "money"
    COUNT = "count"
    NUMBER = "number"
    DATE = "date"
    TIME = "time"
    PROPER = "proper"
    ROLE = "role"
    SITE = "site"
    NAME = "name"
    DEFINITION = "definition"
    ANY = "any"


_UNIT = r"(?:seconds?|minutes?|hours?|days?|weeks?|months?|years?|decades?|centur(?:y|ies))"
_DAY = r"(?:Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday)s?"
_FIGURE = (
    rf"\d|\b(?:{NUMBER_WORD_PATTERN}|dozens?|hundreds?|thousands?|"
    r"millions?|billions?|half|third|quarters?|percent|no|none|several|single|both|double|twice)\b"
)
# Things that are called by a proper name.
_NAMED = (
    r"(?:city|town|village|country|continent|island|newspaper|magazine|broadcaster|channel|company|"
    r"bank|university|college|school|airline|club|team|author|actor|artist|composer|president|king|"
    r"queen)"
)
# Whose names contain what they are: Heathrow Airport, the River Tyne.
_SITE = (
    r"(?:airport|bridge|castle|church|hospital|hotel|lake|library|museum|palace|park|river|street|"
    r"theat(?:re|er))"
)
_LEADER = r"(?:leader|head|director|chief|boss|president|chair\w*|commander)"
# "What is httpx?", "What are event hooks?", but not "What is the fee?", which has a value.
_DEFINED = (
    r"^\W*what(?:'s| is| are| does) (?:an? )?"
    r"(?!(?:the|this|that|it|my|our|your|their|new|there)\b)"
    r"(?P<term>[\w.+#/-]+(?: (?!(?:of|in|for|to|on|at|with|from|by)\b)[\w.+#/-]+){0,2}?)"
    r"(?: mean| stand for)?\W*$"
)
# The first that matches decides.
_QUESTION_REGEXES = (
    (AnswerType.AGE, r"\bhow old\b"),
    (AnswerType.SPAN, rf"\bhow many (?:more )?{_UNIT}\b"),
    (AnswerType.MONEY, r"\bhow much money\b|\b(?:what|how much)\b.{0,40}\bcosts?\b|\bwhat price\b"),
    (AnswerType.COUNT, r"\bhow many\b"),
    (
        AnswerType.NUMBER,
        r"\bhow (?:much|long|far|often|large|tall|big|high|deep|fast)\b"
        r"|\bwhat (?:number|percent\w*|share|fraction|amount)\b",
    ),
    (AnswerType.DATE, r"\b(?:what|which) (?:date|day)\b"),
    (
        AnswerType.TIME,
        r"^\W*(?:(?:and|but|since|until|from) )*when\b"
        r"|\b(?:what|which) (?:year|month|week|century|decade|time)\b",
    ),
    (AnswerType.SITE, rf"\b(?:what|which) {_SITE}\b"),
    (AnswerType.PROPER, rf"\b(?:what|which) {_NAMED}\b"),
    (
        AnswerType.ROLE,
        rf"\bwho (?:(?:is|was) (?:now |currently )?(?:the )?{_LEADER}\b"
        r"|(?:leads|heads|chairs|commands)\b)",
    ),
    (AnswerType.DEFINITION, _DEFINED),
    (AnswerType.NAME, r"\b(?:who|whom|whose|where)\b|\b(?:what|which) (?:person|place)\b"),
)
_ANSWER_REGEXES = {
    AnswerType.AGE: r"\d|\b(?:aged?|old|born)\b",
    AnswerType.SPAN: rf"\b{_UNIT}\b",
    AnswerType.MONEY: r"[$€£¥]|\b(?:free|dollars?|euros?|pounds?|millions?|billions?)\b",
    AnswerType.COUNT: _FIGURE,
    AnswerType.NUMBER: _FIGURE,
    AnswerType.DATE: rf"\d|\b{MONTH_PATTERN}\b|\b{_DAY}\b",
    AnswerType.SITE: rf"\b{_SITE}s?\b|\b(?:cathedral|chapel|clinic|creek|gallery|inn|stream)s?\b",
    AnswerType.ROLE: (
        r"\b(?:lead\w*|led|head(?:s|ed|ing)?|direct(?:s|ed|or\w*)|chief\w*|boss|presid\w*|chair\w*|"
        r"command(?:s|ed|er\w*)|rule[drs]?|govern(?:s|ed|or\w*)|run|runs|king|queen|emperor|khan|"
        r"caliph|general|minister|secretary|founder|under)\b"
    ),
    AnswerType.TIME: (
        rf"\d|\b{MONTH_PATTERN}\b|\b{_DAY}\b|\b{_UNIT}\b"
        r"|\b(?:today|tomorrow|yesterday|weekend)\b"
    ),
}
_QUESTION_PATTERNS = [
    (kind, re.compile(pattern, re.IGNORECASE)) for kind, pattern in _QUESTION_REGEXES
]
_ANSWER_PATTERNS = {
    kind: re.compile(pattern, re.IGNORECASE) for kind, pattern in _ANSWER_REGEXES.items()
}
_DEFINED_PATTERN = re.compile(_DEFINED, re.IGNORECASE)
_DEFINITION = (
    r"\W*(?:(?:an?|the) )?\W*{term}(?:s|es)?\b[^.!?]{{0,40}}?"
    r"\b(?:is|are|was|were|means?|refers?|stands?|describes?|denotes?)\b"
)
# A capital that does not open the sentence is taken for a name, and so are capitals alone.
_NAME = re.compile(r"(?<!^)\b[A-Z][a-z]+|\b[A-Z]{2,}\b|\b(?:[A-Z]\.){2,}")

# Without one of these types a sentence seldom is an answer; the others are often put otherwise.
REQUIRED_TYPES = frozenset(
    {
        AnswerType.AGE,
        AnswerType.SPAN,
        AnswerType.MONEY,
        AnswerType.COUNT,
        AnswerType.DATE,
        AnswerType.PROPER,
        AnswerType.ROLE,
        AnswerType.SITE,
    }
)


def expected_answer_type(question: str) -> AnswerType:
    """The type of answer that a question expects; ANY where its words do not decide."""
    # Two questions expect two types of answer.
    if len(clauses_of(question)) > 1:
        return AnswerType.ANY
    return next(
        (kind for kind, asked in _QUESTION_PATTERNS if asked.search(question)), AnswerType.ANY
    )


def matches_answer_type(answer_type: AnswerType, query: str, sentence: str) -> float:
    """1 if a sentence contains this type of answer, -1 if not, 0 for ANY; names must be new."""
    if answer_type is AnswerType.ANY:
        return 0.0
    if answer_type is AnswerType.DEFINITION:
        return 1.0 if _defines(query, sentence) else -1.0
    if answer_type in {AnswerType.NAME, AnswerType.PROPER}:
        matches = any(name not in query for name in _NAME.findall(sentence))
    else:
        matches = bool(_ANSWER_PATTERNS[answer_type].search(sentence))
        matches = matches or (answer_type is AnswerType.MONEY and _names_currency(sentence))
    return 1.0 if matches else -1.0


def _defines(query: str, sentence: str) -> bool:
    """Whether a sentence opens with the term that is asked for and says what it is."""
    asked = _DEFINED_PATTERN.search(query)
    if asked is None:
        return False
    term = re.escape(asked["term"].rstrip("s"))
    return bool(re.match(_DEFINITION.format(term=term), sentence, re.IGNORECASE))


def _names_currency(sentence: str) -> bool:
    """Whether a word stands for a currency: "EUR", "zł", "rupees"."""
    units = (unit_of(word) for word in sentence.split())
    return any(unit is not None and unit.dimension == MONEY for unit in units)

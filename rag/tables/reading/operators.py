"""English words of operations: comparisons, superlatives, sums, and words that say nothing else."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from index.tables.units import DURATION, MONEY
from index.text.tokenizer import terms_of_word


class Aggregate(StrEnum):
    """What is computed from the rows that pass the filters."""

    LOOKUP = "lookup"
    LIST = "list"
    COUNT = "count"
    SUM = "sum"
    MEAN = "mean"
    MIN = "min"
    MAX = "max"
    DIFFERENCE = "difference"
    GROWTH = "growth"
    COMPARE = "compare"
    SHARE = "share"


DATE = "date"


@dataclass(frozen=True, slots=True)
class Adjective:
    """A word of degree: whether more of it is a greater number, and the dimensions it measures."""

    greater: bool
    dimensions: tuple[str, ...] = ()


_GREATER = {
    "high large big great much many": (),
    "expensive costly dear pricey": (MONEY,),
    "heavy": ("mass",),
    "long": (DURATION, "length"),
    "tall deep wide far": ("length",),
    "warm hot": ("temperature",),
    "fast": ("speed",),
    "late new recent young": (DATE,),
}
_LESSER = {
    "low small little few": (),
    "cheap": (MONEY,),
    "light": ("mass",),
    "short": (DURATION, "length"),
    "near close": ("length",),
    "cold cool": ("temperature",),
    "slow": ("speed",),
    "early old": (DATE,),
}
ADJECTIVES = {
    word: Adjective(greater, dimensions)
    for greater, group in ((True, _GREATER), (False, _LESSER))
    for words, dimensions in group.items()
    for word in words.split()
}
_IRREGULAR = {
    **{"most": ("much", "est"), "more": ("much", "er"), "maximum": ("high", "est")},
    **{"max": ("high", "est"), "minimum": ("low", "est"), "min": ("low", "est")},
    **{"least": ("little", "est"), "less": ("little", "er"), "fewer": ("few", "er")},
    **{"first": ("early", "est"), "last": ("late", "est"), "latest": ("late", "est")},
    **{"later": ("late", "er"), "top": ("high", "est"), "peak": ("high", "est")},
    **{"farthest": ("far", "est"), "furthest": ("far", "est")},
}
# Words that say that a row is there, is shown or asked for, and nothing about it.
_LIGHT = frozenset(
    terms_of_word(word, "en")[0]
    for word in (
        "make made place take taken took give gave given go gone goes went come came get got done "
        "show list find name exist contain include hold held leave left let know tell say said "
        "stand see look want need like use please much many often number amount count value total "
        "sum average mean overall altogether combined per every entire whole different row entry "
        "record item time work one thing kind type far long currently belong start begin happen "
        "measure log report offer provide sell sold available common frequent exactly only also "
        "still etc figure data table sheet document"
    ).split()
)

_SUM = re.compile(
    r"\b(?:in total|sum(?: of)?|total|altogether|together|in all|combined|overall"
    r"|add(?:ed|ing)? up)\b"
)
_MEAN = re.compile(r"\b(?:on average|average|mean)\b")
_COUNT = re.compile(
    r"\b(?:how many|how often|(?:the|a|total) number of|count of)\b|^\W*number of\b"
)
_SHARE = re.compile(r"\b(?:percent(?:age)?|share|proportion|fraction) of\b")
_LIST = re.compile(
    r"^(?:please )?(?:list|show|name|give me)\b|^(?:what|which) are (?:all )?the\b"
    r"|\b(?:called|named)(?=\W*$)"
)
_GROW = re.compile(
    r"\b(?:gr[eo]w(?:n|th|s)?|increased?s?|decreased?s?|ris(?:e|en)|rose|fall(?:en)?|fell|dropped|drop|"
    r"chang(?:e|ed)|declined?|shr[aiu]nk|(?:go(?:ne|es)?|went|c[oa]me) (?:up|down))\b"
)
_DIFFER = re.compile(
    r"\b(?:differences?|differ|how (?:much|many) (?:(?P<degree>\w+er)|more|less)|compared?"
    r"|vs|versus)\b"
)
# What is told by prose: reasons, ways of doing, advice.
_PROSE = re.compile(
    r"^\W*(?:why|how (?:do|does|did|can|could|should|to|is|are|was|were|would)\b"
    r"(?! .*\b(?:compare|chang|grow|increas|decreas|rise|fall|drop|develop))"
    r"|what (?:should|happens|if)\b|(?:summari[sz]e|explain|describe|write|draft|translate)\b"
    r"|tell me about|can (?:i|we|you)\b|what can\b"
    r"|what (?:do|does|did)\b.* (?:do|mean|stand for|refer to)\W*$|what (?:is|are)\b.* for\W*$)",
)


@dataclass(frozen=True, slots=True)
class Degree:
    """A comparative or superlative: its adjective, and characters of the question that it fills."""

    word: str
    adjective: Adjective
    superlative: bool
    start: int
    end: int


_ASKS = (
    ("much", r"\bhow (?:much|expensive|costly)\b"),
    ("long", r"\bhow long\b"),
    ("heavy", r"\bhow heavy\b"),
    ("when", r"\bwhen\b|\b(?:what|which) (?:time|date|day)\b"),
    ("where", r"\bwhere\b"),
    ("who", r"\bwho(?:m|se)?\b"),
    ("whether", r"^\W*(?:is|are|was|were|does|do|did|has|have)\b"),
    ("many", r"\bhow (?:many|often)\b"),
    ("which", r"\bwhich\b|^\W*(?:list|show|name|find|give)\b|^\W*what are\b"),
    ("what", r"\bwhat(?:'s)?\b"),
)


def wants_pair(question: str) -> bool:
    """Whether two values are to be held against each other."""
    pairs = {Aggregate.GROWTH, Aggregate.DIFFERENCE}
    return any(own in pairs for own, _, _ in aggregates(question))


def is_light(word: str) -> bool:
    """Whether a word in small letters adds nothing to what a question over a table wants."""
    return any(term in _LIGHT for term in terms_of_word(word, "en"))


def wants_prose(question: str) -> bool:
    """Whether a question wants what is told in sentences, not in a table."""
    return bool(_PROSE.search(question.lower()))


def aggregates(question: str) -> list[tuple[Aggregate, int, int]]:
    """Operations that a question's words tell, with the characters they fill, likeliest first."""
    low, found = question.lower(), list[tuple[Aggregate, int, int]]()
    patterns = (
        (Aggregate.GROWTH, _GROW),
        (Aggregate.DIFFERENCE, _DIFFER),
        (Aggregate.SHARE, _SHARE),
        (Aggregate.MEAN, _MEAN),
        (Aggregate.COUNT, _COUNT),
        (Aggregate.SUM, _SUM),
        (Aggregate.LIST, _LIST),
    )
    for aggregate, pattern in patterns:
        for match in pattern.finditer(low):
            # "How much water" compares nothing.
            word = match.groupdict().get("degree")
            if not word or word in _IRREGULAR or any(_base(word)):
                found.append((aggregate, match.start(), match.end()))
    return found


def degrees(question: str) -> list[Degree]:
    """Comparatives and superlatives of a question, in order; "most expensive" is one."""
    found, words = list[Degree](), list(re.finditer(r"[^\W\d_]+", question.lower()))
    for place, match in enumerate(words):
        base, ending = _IRREGULAR.get(match[0]) or _base(match[0])
        if not ending:
            continue
        end, adjective = match.end(), ADJECTIVES[base]
        following = words[place + 1] if place + 1 < len(words) else None
        if (
            match[0] in {"most", "more", "least", "less"}
            and following
            and following[0] in ADJECTIVES
        ):
            own = ADJECTIVES[following[0]]
            adjective = Adjective(own.greater == adjective.greater, own.dimensions)
            base, end = following[0], following.end()
        found.append(Degree(base, adjective, ending == "est", match.start(), end))
    return found


def _base(word: str) -> tuple[str, str]:
    """The adjective that a word ending in -er or -est is made of, and the ending; or two ""."""
    for ending in ("est", "er"):
        stem = word.removesuffix(ending)
        if stem == word:
            continue
        single = stem[:-1] if stem[-2:-1] == stem[-1:] else ""
        forms = [stem, stem + "e", single, f"{stem[:-1]}y", f"{stem[:-1]}ey"]
        for form in forms:
            if form in ADJECTIVES:
                return form, ending
    return "", ""


def asks_of(question: str) -> str:
    """What a question asks with: "much", "when", "who", "which", ...; "" if with none of these."""
    low = question.lower()
    return next((name for name, pattern in _ASKS if re.search(pattern, low)), "")

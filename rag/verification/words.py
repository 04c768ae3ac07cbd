"""Words of a text with their features: stems, numbers, names, negation and hedging."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache

import Stemmer

from index.text.stopwords import BY_LANGUAGE, ENGLISH
from rag.verification.grammar import ENGLISH as ENGLISH_GRAMMAR
from rag.verification.grammar import GRAMMARS, Grammar

# A raised digit behind a number is a mark or a power, not one of its digits.
_WORD = re.compile(r"\d+(?:[.,:]\d+)*(?:(?=[⁰¹²³⁴-⁹])|(?:st|nd|rd|th|s)?\b)|\w+(?:['’]\w+)*")
# French elides: "l'école", "n'est", "qu'il".
_ELISION = re.compile(r"(?<!\w)(?:[cdjlmnst]|qu|jusqu|lorsqu|puisqu)['’](?=\w)", re.IGNORECASE)
_TOKEN = re.compile(rf"{_WORD.pattern}|[.,;:!?()\[\]…–—|]|\n\s*\n")
_DIGITS = re.compile(r"(\d+(?:[.,:]\d+)*)(st|nd|rd|th|s)?")
# "U.S.", "J.": their full stops end no clause.
_INITIALS = re.compile(r"(?<!\w)(?:[A-Z]\.)+(?=\s|\w|[,;)]|$)")
INTENTION_VERBS = ENGLISH_GRAMMAR.intentions
_TO_WINDOW = 4
# A negation or hedge reaches fewer content words than this, at most to the next stop or turn.
_SCOPE = 4
_IRREGULAR = dict(
    pair.split(":")
    for pair in (
        "spoke:speak spoken:speak met:meet led:lead took:take taken:take brought:bring "
        "fought:fight won:win said:say made:make gave:give given:give went:go gone:go left:leave "
        "lost:lose began:begin begun:begin wrote:write written:write built:build sent:send "
        "kept:keep broke:break broken:break told:tell bought:buy sold:sell became:become "
        "grew:grow grown:grow rose:rise risen:rise fell:fall fallen:fall paid:pay knew:know "
        "known:know saw:see seen:see ran:run came:come thought:think taught:teach caught:catch "
        "chose:choose chosen:choose drew:draw drawn:draw drove:drive ate:eat felt:feel flew:fly "
        "forbade:forbid forbidden:forbid meant:mean spent:spend stood:stand died:die dead:die "
        "freed:free held:hold women:woman men:man children:child"
    ).split()
)
# Endings of words that open a sentence without being a name: "Talks failed", "Earlier rounds".
_COMMON_END = re.compile(r"(?:[^s]s|ing|ed|ly|er|al|ic|ive|ous|ary|ful|less|able|ent|ant|ion)$")


@dataclass(frozen=True, slots=True)
class Word:
    """A word of a text.

    `low` is its lower case. `stem` is "" for a stopword, and 3th for "third"; `number` is its value
    in digits, or "". `clause` counts the full stops and commas before it. `denied` and `hedged` are
    its distance, 1 to 3 content words, from a negation or a hedge like "could" with scope over it;
    0 for none. `may_name` marks a capital at the start of a sentence, `negates` a negation.
    """

    low: str
    stem: str
    number: str
    name: bool
    clause: int
    denied: int = 0
    hedged: int = 0
    may_name: bool = False
    negates: bool = False

    @property
    def exact(self) -> bool:
        """Whether no other word may replace it: a name, number or ordinal."""
        return self.name or bool(self.number) or self.stem[:1].isdigit()

    @property
    def key(self) -> str:
        """What the word is compared by; "" for a stopword."""
        return self.number or self.stem


@cache
def _stemmer(name: str) -> Stemmer.Stemmer:
    return Stemmer.Stemmer(name)


def stems(text: str) -> list[str]:
    """Content words of a text in order: lower case, English endings cut, without stopwords."""
    return [stem for word in _WORD.findall(text) if (stem := _stem(_normalised(word), "en"))]


def _normalised(word: str) -> str:
    return word.lower().replace("’", "'").removesuffix("'s")


def _stem(low: str, language: str) -> str:
    grammar = GRAMMARS[language]
    if language == "en":
        if low in ENGLISH or low in grammar.fillers or low.endswith("n't"):
            return ""
        return str(_stemmer("english").stemWord(_IRREGULAR.get(low, low)))
    stopped = low in BY_LANGUAGE[language] or low in grammar.fillers or low in grammar.negations
    return "" if stopped else str(_stemmer(grammar.stemmer).stemWord(low))


@lru_cache(maxsize=4096)
def parse_words(text: str, language: str = "en") -> tuple[Word, ...]:
    """The words of a text in a language of GRAMMARS, in order, with their features."""
    grammar = GRAMMARS[language]
    text = _INITIALS.sub(lambda match: match.group().replace(".", ""), text)
    text = _ELISION.sub(lambda match: match.group()[:-1] + " ", text) if grammar.elides else text
    tokens = [match.group() for match in _TOKEN.finditer(text)]
    numbers, words = _numbers(tokens, grammar), list[Word]()
    clause, opens = 0, True
    deny = hedge = 0
    for place, token in enumerate(tokens):
        low, worded = _normalised(token), token[0].isalnum()
        if not worded or low in grammar.clause_openers:
            clause += 1
            deny, hedge = _scope_after(deny, token), _scope_after(hedge, token)
        if not worded:
            opens = opens or token not in {",", ";", "(", ")", "[", "]", "–", "—"}
            continue
        number, stem = numbers.get(place, ""), "" if place in numbers else _stem(low, language)
        stem = "us" if token == "US" else stem  # which is no stopword in capitals
        capital = (token[0].isupper() or low in grammar.calendar) and bool(stem)
        name = capital and (
            not opens or low in grammar.calendar or _is_name(tokens, place, language)
        )
        if number in ENGLISH_GRAMMAR.ordinals.values():
            number, stem = "", number
        negates = is_negation(low, language)
        words.append(
            Word(low, stem, number, name, clause, deny, hedge, capital and not name, negates)
        )
        if low == "that" and language == "en":  # "it is not true that ..."
            deny, hedge = min(deny, 1), min(hedge, 1)
        if number or stem:
            deny, hedge = (deny + 1) % _SCOPE * bool(deny), (hedge + 1) % _SCOPE * bool(hedge)
        around = tokens[max(0, place - _TO_WINDOW) : place], tokens[place + 1 : place + 2]
        deny = 1 if _negates(low, *around, grammar) else deny
        hedge = 1 if _hedges(token, around[0], grammar) else hedge
        opens = False
    return tuple(words)


def _scope_after(reach: int, token: str) -> int:
    """The scope after a stop: a negation that no word followed goes on: "not, however, agreed"."""
    return reach if reach == 1 and token in {",", "(", ")"} else 0


def is_negation(low: str, language: str = "en") -> bool:
    """Whether a word in lower case is a negation."""
    return low in GRAMMARS[language].negations or (language == "en" and low.endswith("n't"))


def _negates(low: str, before: Sequence[str], after: Sequence[str], grammar: Grammar) -> bool:
    if low == grammar.to:
        return not grammar.refusals.isdisjoint(before)
    negates = low in grammar.negations or low.endswith("n't") or low in grammar.denials
    return negates and (low, *after) != ("not", "only")


def _hedges(token: str, before: Sequence[str], grammar: Grammar) -> bool:
    if token == grammar.to:
        return not grammar.intentions.isdisjoint(before)
    return token != "May" and token.lower() in grammar.hedges


def _is_name(tokens: Sequence[str], place: int, language: str) -> bool:
    """Whether a capitalised word that opens a sentence is a name: "Egypt led", "Talks failed"."""
    following = tokens[place + 1] if place + 1 < len(tokens) else "."
    if language != "en":
        return following[0].isupper()
    return following[0].isupper() or not _COMMON_END.search(tokens[place].lower())


def _numbers(tokens: Sequence[str], grammar: Grammar) -> dict[int, str]:
    """Values of numbers by the place of their last word: "2.5 million", "twenty-three", "3rd".

    The words before that one have "".
    """
    found, place = dict[int, str](), 0
    while place < len(tokens):
        low = tokens[place].lower()
        value, length = _number_at(tokens, place, grammar)
        digits = _DIGITS.fullmatch(low)
        if digits and length == 1:
            found[place] = _normalised_digits(digits[1], grammar.decimal) + (
                "th" if digits[2] and digits[2] != "s" else ""
            )
        elif low in grammar.ordinals:
            found[place] = grammar.ordinals[low]
        elif length > 1 or (length and value != 1):  # "one" is seldom a count: one of them
            found.update(dict.fromkeys(range(place, place + length - 1), ""))
            found[place + length - 1] = f"{value:.12g}"
        place += max(1, length)
    return found


def _number_at(tokens: Sequence[str], first: int, grammar: Grammar) -> tuple[float, int]:
    """The value of the number that starts at a place, and how many tokens it takes, or 0."""
    total, part, place = 0.0, 0.0, first
    numbers, scales = grammar.numbers, grammar.scales
    while place < len(tokens):
        low, before = tokens[place].lower(), tokens[place - 1].lower() if place > first else ""
        if place == first and (digits := _DIGITS.fullmatch(low)):
            part = _float(digits[1], grammar.decimal)
        elif low in numbers and _continues_number(before, numbers[low], grammar):
            part += numbers[low]
        elif scales.get(low) == 100 and before in numbers:
            part *= 100
        elif low in scales and before and before not in grammar.joins:
            total, part = total + part * scales[low], 0.0
        elif not (
            low in grammar.joins
            and before in scales
            and _starts_number(tokens[place + 1 : place + 2], grammar)
        ):
            break
        place += 1
    return total + part, place - first


def _continues_number(before: str, value: int, grammar: Grammar) -> bool:
    """Whether a number word continues the number of the word before it."""
    opens = before in {"", *grammar.scales} or before in grammar.joins
    return opens or (before in grammar.tens and 0 < value < 10)


def _starts_number(following: Sequence[str], grammar: Grammar) -> bool:
    return bool(following) and following[0].lower() in grammar.numbers


def _normalised_digits(digits: str, decimal: str = ".") -> str:
    """Digits without separators of thousands and leading zeros, "." before what is below one."""
    thousands = "," if decimal == "." else "."
    whole = re.sub(rf"{re.escape(thousands)}(?=\d{{3}}\b)", "", digits)
    whole = whole.replace(",", ".") if decimal == "," else whole
    return whole.lstrip("0") or "0" if whole.isdigit() else whole


def _float(digits: str, decimal: str = ".") -> float:
    try:
        return float(_normalised_digits(digits, decimal).replace(",", "").replace(":", "."))
    except ValueError:
        return 0.0

"""True and corrupted statements of a text, each with quotes, as cases for the support check."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from random import Random

from index.sentences import sentence_spans
from index.types import Passage
from rag.types import Quote

_FEWEST_WORDS, _MOST_WORDS = 6, 60
# Names further apart may have nothing to do with each other.
_ROLE_WORDS = 8
NUMBER = re.compile(r"(?<![\w.,–-])\d+(?:[,.]\d+)*(?![\w–-])")
_COUNTS = "two three four five six seven eight nine ten eleven twelve".split()
NAME = re.compile(r"(?<=[\w,] )[A-ZÀ-Þ][\w’'-]+(?: (?:of )?[A-ZÀ-Þ][\w’'-]+)*")


@dataclass(frozen=True, slots=True)
class Corruptions:
    """How to make false sentences of a language: counts in words, a verb that "not" may be put to,
    what then stands there, what is taken out of a sentence with a "not", and words of a kind, such
    as colours, of which one may stand for another.
    """

    counts: tuple[str, ...]
    verb: re.Pattern[str]
    negated: str
    negation: re.Pattern[str]
    affirmed: str
    kinds: tuple[tuple[str, ...], ...] = ()


def _kinds(*kinds: str) -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(kind.split()) for kind in kinds)


_BEFORE_VOWEL = re.compile(r"\bne (?=[aeéêèiouyh])", re.IGNORECASE)
LANGUAGES = {
    "en": Corruptions(
        tuple(_COUNTS),
        re.compile(
            r"\b(?:is|are|was|were|has|have|had|can|could|will|would|should|must|does|did)\b"
            r"(?! not|n't)"
        ),
        r"\g<0> not",
        re.compile(r"(?<=\w)(?: not\b(?! only)|n't\b)|\bnever (?=\w)"),
        "",
        _kinds(
            "red blue green yellow white black brown grey orange purple pink golden silver",
            "small large big tiny huge narrow wide broad tall short long deep high low",
            "northern southern eastern western left right upper lower central inner outer",
            "Monday Tuesday Wednesday Thursday Friday Saturday Sunday",
            "wooden metal iron stone glass plastic steel concrete leather paper",
            "French German English Italian Spanish Russian Chinese Polish Roman Greek",
            "daily weekly monthly annual",
            "political economic military religious social cultural legal scientific industrial",
        ),
    ),
    "de": Corruptions(
        tuple("zwei drei vier fünf sechs sieben acht neun zehn elf zwölf".split()),
        re.compile(
            r"\b(?:ist|sind|war|waren|hat|haben|hatte|hatten|kann|können|konnte|wird|werden|wurde"
            r"|wurden|muss|müssen|soll|sollte)\b(?! nicht| kein)"
        ),
        r"\g<0> nicht",
        re.compile(r" nicht\b(?! nur)|\b(?:nie|niemals) (?=\w)"),
        "",
        _kinds(
            "rote blaue grüne gelbe weiße schwarze braune graue",
            "roten blauen grünen gelben weißen schwarzen braunen grauen",
            "kleine große lange kurze breite schmale hohe tiefe",
            "kleinen großen langen kurzen breiten schmalen hohen tiefen",
            "nördliche südliche östliche westliche obere untere zentrale",
            "nördlichen südlichen östlichen westlichen oberen unteren zentralen",
            "Montag Dienstag Mittwoch Donnerstag Freitag Samstag Sonntag",
            "politische wirtschaftliche militärische religiöse soziale kulturelle",
            "politischen wirtschaftlichen militärischen religiösen sozialen kulturellen",
        ),
    ),
    "fr": Corruptions(
        tuple("deux trois quatre cinq six sept huit neuf dix onze douze".split()),
        re.compile(
            r"(?<!\bne )(?<!\bn['’])\b(?:est|sont|était|étaient|fut|furent|peut|peuvent|doit"
            r"|doivent|sera|seront|a|ont|avait|avaient)\b(?! pas| jamais|-)"
        ),
        r"ne \g<0> pas",
        re.compile(r"\b(?:ne |n['’])(?P<verb>[\w’']+) (?:pas|jamais)\b"),
        r"\g<verb>",
        _kinds(
            "rouge jaune rose orange",
            "blanc noir vert bleu gris brun",
            "blanche noire verte bleue",
            "petit grand long court haut bas",
            "petite grande longue courte haute basse large",
            "lundi mardi mercredi jeudi vendredi samedi dimanche",
            "janvier février mars avril juin juillet septembre octobre novembre décembre",
            "politique économique militaire scientifique historique public",
            "français allemand anglais italien espagnol russe chinois romain",
            "française allemande anglaise italienne espagnole russe chinoise romaine",
        ),
    ),
    "es": Corruptions(
        tuple("dos tres cuatro cinco seis siete ocho nueve diez once doce".split()),
        re.compile(
            r"(?<!\bno )\b(?:es|son|era|eran|fue|fueron|ha|han|había|habían|puede|pueden|será|está"
            r"|están|debe|deben|tiene|tienen)\b"
        ),
        r"no \g<0>",
        re.compile(r"(?<=\w )(?:no|nunca) (?=\w)"),
        "",
        _kinds(
            "rojo amarillo blanco negro azul verde gris",
            "roja amarilla blanca negra azul verde gris",
            "pequeño grande largo corto alto bajo",
            "pequeña grande larga corta alta baja",
            "lunes martes miércoles jueves viernes sábado domingo",
            "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre",
            "político económico militar religioso social cultural científico",
            "política económica militar religiosa social cultural científica",
            "francés alemán inglés italiano español ruso chino romano",
            "francesa alemana inglesa italiana española rusa china romana",
        ),
    ),
}
# Questions that their answer turns into a statement: "Who led the talks?" and "Egypt".
_ASKS = re.compile(
    r"(?:Who|What) ((?:is|are|was|were|led|won|made|wrote|gave|became|has|had|\w+ed"
    r"|(?!does)\w+[^s]s) [^?]+)\?"
)
_CUT_OFF = re.compile(r" (?:on|in|for|with|of|to|by|about|called)\?")


@dataclass(frozen=True, slots=True)
class SupportCase:
    """A statement, the quotes that it cites, whether they support it, and how it was made."""

    kind: str
    statement: str
    quotes: tuple[Quote, ...]
    true: bool


@dataclass(frozen=True, slots=True)
class SourceParagraph:
    """A paragraph of an article, and questions about it with their answers."""

    article: str
    text: str
    asked: tuple[tuple[str, str], ...] = ()


def quoted(text: str, start: int = 0, end: int | None = None) -> Quote:
    """A quote of characters `start` to `end` from a passage of this text; by default all of it."""
    passage = Passage("text#0", "text", "text", "", text, 0, len(text), None, "digest")
    return Quote(passage, start, len(text) if end is None else end)


def support_cases(
    paragraphs: Sequence[SourceParagraph], seed: int = 0, language: str = "en"
) -> Iterator[SupportCase]:
    """Every sentence verbatim, and corrupted in each way that applies in its language.

    Each cites the sentence itself and, as "in its passage", the whole paragraph.
    """
    chance = Random(seed)
    for paragraph in paragraphs:
        stranger = chance.choice([p for p in paragraphs if p.article != paragraph.article])
        siblings = [p for p in paragraphs if p.article == paragraph.article and p != paragraph]
        for start, end in sentence_spans(paragraph.text):
            sentence = " ".join(paragraph.text[start:end].split())
            if not _FEWEST_WORDS <= len(sentence.split()) <= _MOST_WORDS:
                continue
            narrow, wide = quoted(paragraph.text, start, end), quoted(paragraph.text)
            made = [
                ("verbatim", sentence),
                *_corrupted(sentence, paragraph.text, stranger, chance, language),
            ]
            for kind, statement in made:
                true = kind == "verbatim"
                yield SupportCase(kind, statement, (narrow,), true)
                yield SupportCase(f"{kind}, in its passage", statement, (wide,), true)
            yield SupportCase(
                "citation: of another article", sentence, (quoted(stranger.text),), False
            )
            if siblings:
                other = quoted(chance.choice(siblings).text)
                yield SupportCase("citation: of the same article", sentence, (other,), False)
        if language == "en":
            yield from _answered(paragraph, chance)


def _corrupted(
    sentence: str, passage: str, stranger: SourceParagraph, chance: Random, language: str
) -> Iterator[tuple[str, str]]:
    """A sentence with one number, name, role or negation changed, and which change it is."""
    ways = LANGUAGES[language]
    yield from _renumbered(sentence, passage, ways, chance)
    if spots := list(NAME.finditer(sentence)):
        spot = chance.choice(spots)
        for kind, text in (("of the passage", passage), ("of another article", stranger.text)):
            if others := other_names(text, sentence):
                yield f"name: {kind}", _put(sentence, spot, chance.choice(others))
        if swapped := _swapped(sentence, spots):
            yield "role: swapped", swapped
    if exchanged := _exchanged(sentence, ways):
        yield "word: another of its kind", exchanged
    if spots := list(ways.verb.finditer(sentence)):
        spot = chance.choice(spots)
        negated = spot.expand(ways.negated)
        negated = _BEFORE_VOWEL.sub("n'", negated) if language == "fr" else negated
        yield "negation: put in", _put(sentence, spot, negated)
    if spots := list(ways.negation.finditer(sentence)):
        spot = chance.choice(spots)
        yield "negation: taken out", _put(sentence, spot, spot.expand(ways.affirmed))


def _exchanged(sentence: str, ways: Corruptions) -> str:
    """A sentence with a word for another of its kind that it lacks, "" if it has none."""
    words = set(re.findall(r"\w+", sentence))
    # A random generator of its own, so that the cases of other kinds stay what they are.
    chance = Random(sentence)
    spots = [
        (spot, kind)
        for kind in ways.kinds
        for spot in re.finditer(rf"\b(?:{'|'.join(kind)})\b", sentence)
    ]
    if not spots:
        return ""
    spot, kind = chance.choice(spots)
    others = [word for word in kind if word not in words]
    return _put(sentence, spot, chance.choice(others)) if others else ""


def _renumbered(
    sentence: str, passage: str, ways: Corruptions, chance: Random
) -> Iterator[tuple[str, str]]:
    counts = re.compile(rf"\b(?:{'|'.join(ways.counts)})\b")
    numbers = [*NUMBER.finditer(sentence), *counts.finditer(sentence)]
    if numbers:
        spot = chance.choice(numbers)
        other = another_number(spot.group(), chance, ways.counts)
        yield "number: any other", _put(sentence, spot, other)
        held = {m.group() for m in NUMBER.finditer(passage)} - {m.group() for m in numbers}
        if held and spot.group()[0].isdigit():
            yield "number: of the passage", _put(sentence, spot, chance.choice(sorted(held)))


# What joins two names that may change places, or the parts of one name.
_JOINS = re.compile(
    r"[\s,;&]*(?:and|or|und|oder|et|ou|y|e|o|with|mit|avec|con|of|of the|von|de|del|de la|du|des)?"
    r"[\s,;&]*"
)


def _swapped(sentence: str, spots: Sequence[re.Match[str]]) -> str:
    """A sentence whose two names have changed places, where more than "and" is between."""
    for one, other in pairwise(spots):
        between = sentence[one.end() : other.start()]
        apart = not _JOINS.fullmatch(between) and one.group() != other.group()
        if apart and len(between.split()) <= _ROLE_WORDS:
            ends = sentence[: one.start()], sentence[other.end() :]
            return f"{ends[0]}{other.group()}{between}{one.group()}{ends[1]}"
    return ""


def other_names(text: str, sentence: str) -> list[str]:
    """Names in a text that share no word with a sentence."""
    found = {match.group().removesuffix("'s") for match in NAME.finditer(text)}
    said = sentence.casefold()
    return sorted(n for n in found if all(w.casefold() not in said for w in n.split()))


def _put(sentence: str, spot: re.Match[str], text: str) -> str:
    return sentence[: spot.start()] + text + sentence[spot.end() :]


def another_number(number: str, chance: Random, counts: Sequence[str] = _COUNTS) -> str:
    """A number with one digit changed, or another word for a count."""
    if not number[0].isdigit():
        return chance.choice([count for count in counts if count != number])
    place = chance.choice([i for i, digit in enumerate(number) if digit.isdigit()])
    digit = chance.choice([d for d in "123456789" if d != number[place]])
    return number[:place] + digit + number[place + 1 :]


def _answered(paragraph: SourceParagraph, chance: Random) -> Iterator[SupportCase]:
    """Questions turned into statements by their answer, and by the answer to another question."""
    answers = sorted({answer for _, answer in paragraph.asked})
    cited = (quoted(paragraph.text),)
    for question, answer in paragraph.asked:
        asks = _ASKS.fullmatch(question.strip())
        if asks is None or _CUT_OFF.search(question):
            continue
        yield SupportCase("answer", f"{_capital(answer)} {asks[1]}.", cited, True)
        words = {*answer.casefold().split(), *question.casefold().split()}
        wrong = [a for a in answers if not words & set(a.casefold().split())]
        if wrong:
            false = f"{_capital(chance.choice(wrong))} {asks[1]}."
            yield SupportCase("answer: to another question", false, cited, False)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]

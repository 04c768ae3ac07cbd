"""True and corrupted statements of a text, each with quotes, as cases for the support check."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random

from index.sentences import sentence_spans
from index.types import Passage
from rag.types import Quote

_FEWEST_WORDS, _MOST_WORDS = 6, 60
NUMBER = re.compile(r"(?<![\w.,–-])\d+(?:[,.]\d+)*(?![\w–-])")
_COUNTS = "two three four five six seven eight nine ten eleven twelve".split()
_COUNT = re.compile(rf"\b(?:{'|'.join(_COUNTS)})\b")
NAME = re.compile(r"(?<=[\w,] )[A-Z][\w’'-]+(?: (?:of )?[A-Z][\w’'-]+)*")
_AUXILIARY = re.compile(
    r"\b(?:is|are|was|were|has|have|had|can|could|will|would|should|must|does|did)\b(?! not|n't)"
)
_NOT = re.compile(r"(?<=\w)(?: not\b(?! only)|n't\b)|\bnever (?=\w)")
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


def support_cases(paragraphs: Sequence[SourceParagraph], seed: int = 0) -> Iterator[SupportCase]:
    """Every sentence verbatim, and corrupted in each way that applies.

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
            made = [("verbatim", sentence), *_corrupted(sentence, paragraph.text, stranger, chance)]
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
        yield from _answered(paragraph, chance)


def _corrupted(
    sentence: str, passage: str, stranger: SourceParagraph, chance: Random
) -> Iterator[tuple[str, str]]:
    """A sentence with one number, name or negation changed, and which change it is."""
    numbers = [*NUMBER.finditer(sentence), *_COUNT.finditer(sentence)]
    if numbers:
        spot = chance.choice(numbers)
        yield "number: any other", _put(sentence, spot, another_number(spot.group(), chance))
        held = {m.group() for m in NUMBER.finditer(passage)} - {m.group() for m in numbers}
        if held and spot.group()[0].isdigit():
            yield "number: of the passage", _put(sentence, spot, chance.choice(sorted(held)))
    if spots := list(NAME.finditer(sentence)):
        spot = chance.choice(spots)
        for kind, text in (("of the passage", passage), ("of another article", stranger.text)):
            if others := other_names(text, sentence):
                yield f"name: {kind}", _put(sentence, spot, chance.choice(others))
    if spots := list(_AUXILIARY.finditer(sentence)):
        spot = chance.choice(spots)
        yield "negation: put in", _put(sentence, spot, f"{spot.group()} not")
    if spots := list(_NOT.finditer(sentence)):
        yield "negation: taken out", _put(sentence, chance.choice(spots), "")


def other_names(text: str, sentence: str) -> list[str]:
    """Names in a text that share no word with a sentence."""
    found = {match.group().removesuffix("'s") for match in NAME.finditer(text)}
    said = sentence.casefold()
    return sorted(n for n in found if all(w.casefold() not in said for w in n.split()))


def _put(sentence: str, spot: re.Match[str], text: str) -> str:
    return sentence[: spot.start()] + text + sentence[spot.end() :]


def another_number(number: str, chance: Random) -> str:
    """A number with one digit changed, or another word for a count."""
    if not number[0].isdigit():
        return chance.choice([count for count in _COUNTS if count != number])
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

"""Which parts of which blocks answer a question, and how much of them.

A fact takes the best sentences; steps, lists, explanations and comparisons take whole blocks or
sections up to a budget of words. What a sentence leads to, or what stands under a heading, is
quoted in place of the sentence or heading alone.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from index.text.languages import language_of
from index.text.tokenizer import content_words, fold, stopwords_of, terms_of
from index.types import Block, BlockKind, Span
from rag.composition.structure import Structure, first_sentence
from rag.intents.classifier import LONG, Intent, instruction_words
from rag.retrieval.answer_type import AnswerType, expected_answer_type
from rag.retrieval.figures import figures_in
from rag.retrieval.sentences import RankedSentence

_DIGITS = re.compile(r"\d+")
_REPEATED_WORDS = 12
# A further section is taken if its best sentence has so much of the best one's score.
_LEAST_SHARE = 0.5
_WHY = re.compile(r"\W*(?:and |but )?why\b", re.IGNORECASE)
# Messages after the one that is found in which its reason may stand.
_REPLIES = 2
# An answer holds about so many words at most.
MOST_WORDS = 200


@dataclass(frozen=True, slots=True)
class LengthPolicy:
    """How much is quoted: sections, words in all, and how much worse than the best a passage's
    score, 0..1, may be whose section is taken. `whole` is the size in words up to which a section
    is taken as it is. Where it `is_in_order`, what leads to the best block is quoted too, unless
    that is most of what there is room for.
    """

    sections: int
    words: int
    within: float
    whole: int
    is_in_order: bool = False


POLICIES: Mapping[Intent, LengthPolicy] = {
    Intent.HOW_TO: LengthPolicy(2, words=180, within=0.1, whole=160, is_in_order=True),
    Intent.EXPLAIN: LengthPolicy(sections=3, words=150, within=0.1, whole=110),
    Intent.LIST: LengthPolicy(sections=3, words=180, within=0.1, whole=110),
    Intent.COMPARE: LengthPolicy(sections=4, words=160, within=0.2, whole=80),
    Intent.SUMMARY: LengthPolicy(sections=4, words=180, within=0.15, whole=110),
}


@dataclass(slots=True)
class Selection:
    """Spans to quote of one block, in reading order; `whole` if the block is quoted as it is."""

    structure: Structure
    number: int
    rank: int
    spans: list[Span] = field(default_factory=list)
    whole: bool = False

    @property
    def block(self) -> Block:
        """The block that is quoted."""
        return self.structure.blocks[self.number]

    @property
    def section(self) -> tuple[str, int]:
        """The document and the first block of the section that the block stands in."""
        return self.structure.document.path, self.structure.section(self.number).start

    @property
    def words(self) -> int:
        """How many words are quoted."""
        if self.whole:
            return self.structure.words(self.block)
        return sum(len(self.structure.text(span).split()) for span in self.spans)


class Selector:
    """Collects what is to be quoted, block by block."""

    def __init__(self, structures: Callable[[str], Structure | None]) -> None:
        self._structures = structures
        self._chosen = dict[tuple[str, int], Selection]()
        self._texts = set[str]()

    @property
    def words(self) -> int:
        """How many words are chosen so far."""
        return sum(selection.words for selection in self._chosen.values())

    def in_order(self) -> list[Selection]:
        """What was chosen: sections by the rank of their best part, parts in reading order."""
        best = dict[tuple[str, int], int]()
        for selection in self._chosen.values():
            key = selection.section
            best[key] = min(best.get(key, selection.rank), selection.rank)
        return sorted(self._chosen.values(), key=lambda s: (best[s.section], s.section, s.number))

    def place(self, sentence: RankedSentence) -> tuple[Structure, int] | None:
        """The structure of a sentence's document and the number of its block."""
        structure = self._structures(sentence.quote.passage.document)
        number = structure.at(sentence.quote.start) if structure else None
        return (structure, number) if structure and number is not None else None

    def add_whole(self, structure: Structure, number: int, rank: int) -> None:
        """Choose a block as it is, unless another one reads the same."""
        block = structure.blocks[number]
        if self.has(structure, number) or self._is_new(structure.text((block.start, block.end))):
            self._selection(structure, number, rank).whole = True
        reply = structure.reply_to(number)
        if reply is not None and not self.has(structure, reply):
            self._selection(structure, reply, rank).whole = True

    def add_outline(self, structure: Structure, heading: int, rank: int) -> None:
        """Choose a heading as an item of an outline, with the first sentence below it."""
        if sentence := first_sentence(structure, heading):
            self._selection(structure, heading, rank).spans = [sentence]

    def add_span(self, structure: Structure, number: int, span: Span, rank: int) -> None:
        """Choose a part of a block, unless another one reads the same."""
        chosen = self._chosen.get((structure.document.path, number))
        if chosen and (chosen.whole or span in chosen.spans):
            return
        if self._is_new(structure.text(span)):
            selection = self._selection(structure, number, rank)
            selection.spans = sorted([*selection.spans, span])

    def has(self, structure: Structure, number: int) -> bool:
        """Whether something of a block is chosen."""
        return (structure.document.path, number) in self._chosen

    def _is_new(self, text: str) -> bool:
        """Whether no long text was chosen that differs in digits and white space alone."""
        if len(text.split()) < _REPEATED_WORDS:
            return True
        words = " ".join(_DIGITS.sub("#", text).casefold().split())
        known = words in self._texts
        self._texts.add(words)
        return not known

    def _selection(self, structure: Structure, number: int, rank: int) -> Selection:
        key = (structure.document.path, number)
        return self._chosen.setdefault(key, Selection(structure, number, rank))


def select(
    query: str,
    intent: Intent,
    ranked: Sequence[RankedSentence],
    chosen: Sequence[RankedSentence],
    structures: Callable[[str], Structure | None],
    also: Sequence[RankedSentence] = (),
) -> list[Selection]:
    """What to quote, in the order in which it is shown.

    An answer whose question is the query is taken as it is. `ranked` are the sentences of the best
    passages, best first, and `chosen` those of them that state the fact; `also` are quoted whatever
    else is. Falls back to the fact's sentences where no block is known.
    """
    selector = Selector(structures)
    _select_asked(query, intent, ranked, selector)
    if not selector.words:
        _select_titled(query, ranked, selector)
    if intent is Intent.LIST and not selector.words:
        _select_listed(query, ranked, selector)
    if intent in LONG and not selector.words:
        _select_sections(query, intent, selector, ranked)
    if not selector.words:
        for rank, sentence in enumerate(chosen):
            found = selector.place(sentence)
            if len(chosen) == 1 or found is None or not found[0].names_columns(found[1]):
                _select_sentence(selector, sentence, rank)
    for sentence in also:
        _select_sentence(selector, sentence, len(chosen))
    return selector.in_order()


def _select_asked(
    query: str, intent: Intent, ranked: Sequence[RankedSentence], selector: Selector
) -> None:
    """Choose the answer to a question whose words are all that is asked, or what a term means:
    "What is a discharge letter?" of the term "Discharge letter", on a line above its meaning.
    """
    language = language_of(content_words(query))
    asked = _terms(query, language)
    for sentence in ranked if asked else ():
        found = selector.place(sentence)
        if found is None:
            continue
        structure, number = found
        block = structure.blocks[number]
        term, line, _ = structure.text((block.start, block.end)).partition("\n")
        if line and block.kind is BlockKind.PARAGRAPH and _terms(term, language) == asked:
            selector.add_span(structure, number, (block.start + len(term) + 1, block.end), 0)
            return
        answer = structure.answers.get(number)
        if answer and _terms(_question_text(structure, answer), language) == asked:
            _select_answer(selector, structure, answer, number, 0)
            if policy := POLICIES.get(intent):
                room = policy.words - selector.words
                _select_section(selector, policy, structure, answer, answer.start, room, 0)
            return


def _select_titled(query: str, ranked: Sequence[RankedSentence], selector: Selector) -> None:
    """Choose short sections whose headings hold all figures of a question that asks for a thing:
    "What is new in 3.2?", "What was decided on 17 March?".
    """
    figures = figures_in(query)
    if not figures or expected_answer_type(query) is not AnswerType.ANY:
        return
    for sentence in sorted(ranked, key=lambda one: one.hit.rank):
        is_titled = figures.within(sentence.quote.passage.heading) == figures
        found = selector.place(sentence) if is_titled else None
        if found is None:
            continue
        structure, number = found
        section = structure.section(number)
        if not selector.words and _select_outline(selector, structure, section, 0):
            return
        words = sum(structure.words(structure.blocks[each]) for each in section)
        if words + selector.words <= _SHORT_ANSWER * 2:
            for each in section:
                selector.add_whole(structure, each, sentence.hit.rank)
        elif not selector.words:
            return


def _question_text(structure: Structure, answer: range) -> str:
    """The question that an answer's blocks stand below."""
    first = answer.start
    while structure.answers.get(first - 1) == answer:
        first -= 1
    return structure.text((structure.blocks[first].start, structure.blocks[answer.start].start))


def _terms(text: str, language: str) -> frozenset[str]:
    stopwords = stopwords_of(language)
    words = [word for word in content_words(text) if fold(word) not in stopwords]
    return frozenset(terms_of(words, language))


def _select_sentence(selector: Selector, sentence: RankedSentence, rank: int) -> None:
    """A sentence with what it can't be read without."""
    found = selector.place(sentence)
    if found is None:
        return
    structure, number = found
    span = (sentence.quote.start, sentence.quote.end)
    led = structure.lead_of(span)
    if led is not None and structure.text(span).rstrip().endswith(":"):
        selector.add_whole(structure, led, rank)
        return
    if answer := structure.answers.get(number):
        _select_answer(selector, structure, answer, number, rank)
        if number in answer and not selector.has(structure, number):
            _select_part(selector, structure, number, span, rank)
    else:
        _select_part(selector, structure, number, span, rank)


def _select_part(
    selector: Selector, structure: Structure, number: int, span: Span, rank: int
) -> None:
    """What of a block stands for a sentence of it."""
    match structure.blocks[number].kind:
        case BlockKind.HEADING:
            _select_below(selector, structure, number, rank)
        case BlockKind.CODE | BlockKind.MESSAGE:
            if lead := structure.blocks[number].lead:
                selector.add_span(structure, number - 1, lead, rank)
            selector.add_whole(structure, number, rank)
        case BlockKind.LIST | BlockKind.STEPS:
            _select_item(selector, structure, number, span, rank)
        case BlockKind.TABLE:
            selector.add_span(structure, number, span, rank)
        case _:
            _select_sentences(selector, structure, number, span, rank)


def _select_sentences(
    selector: Selector, structure: Structure, number: int, span: Span, rank: int
) -> None:
    """A sentence of a paragraph; a question with what follows it."""
    block = structure.blocks[number]
    for part in _with_short_neighbour(structure, block, span):
        selector.add_span(structure, number, part, rank)
    reply = structure.reply_to(number)
    if reply is not None and span[1] >= block.end:
        _add_beginning(selector, structure, reply, FEW_WORDS, rank)


# A sentence of so few words says nothing by itself ("No."), and an answer of so few is whole.
FEW_WORDS = 3
_SHORT_ANSWER = 60
_FEW_ITEMS = 12


def _with_short_neighbour(structure: Structure, block: Block, span: Span) -> Iterator[Span]:
    """A sentence, with the one before it if that is too short to stand alone, or the one after if
    it is itself.
    """
    spans = structure.sentences(block)
    place = next((i for i, one in enumerate(spans) if one[0] <= span[0] < one[1]), None)
    if place is None:
        yield span
        return
    if place and len(structure.text(spans[place - 1]).split()) <= FEW_WORDS:
        yield spans[place - 1]
    yield span
    if place + 1 < len(spans) and len(structure.text(span).split()) <= FEW_WORDS:
        yield spans[place + 1]


def _select_below(selector: Selector, structure: Structure, number: int, rank: int) -> None:
    """What stands under a heading: its section if it is short, else its first block."""
    section = structure.section(number)
    words = sum(structure.words(structure.blocks[each]) for each in section)
    for each in section if words <= _SHORT_ANSWER * 2 else section[:1]:
        selector.add_whole(structure, each, rank)


def _select_answer(
    selector: Selector, structure: Structure, answer: range, number: int, rank: int
) -> None:
    """The answer to a question: the whole if it is short, else how it begins."""
    words = sum(structure.words(structure.blocks[each]) for each in answer)
    if words <= _SHORT_ANSWER:
        for each in answer:
            selector.add_whole(structure, each, rank)
    elif answer and answer.start != number:
        block = structure.blocks[answer.start]
        for span in (block.items or structure.sentences(block))[:1]:
            selector.add_span(structure, answer.start, span, rank)


def _select_item(
    selector: Selector, structure: Structure, number: int, span: Span, rank: int
) -> None:
    """An item of a list; the whole of a short list of which two items are wanted."""
    block = structure.blocks[number]
    item = next((one for one in block.items if one[0] <= span[0] < one[1]), span)
    if selector.has(structure, number) and len(block.items) <= _FEW_ITEMS:
        selector.add_whole(structure, number, rank)
    else:
        selector.add_span(structure, number, item, rank)


def _select_sections(
    query: str, intent: Intent, selector: Selector, ranked: Sequence[RankedSentence]
) -> None:
    """Sections of the best passages, each whole if it is short enough, else from its best block."""
    policy = POLICIES[intent]
    first = dict[int, RankedSentence]()
    for sentence in ranked:
        first.setdefault(sentence.hit.rank, sentence)
    seen, replies = set[tuple[str, int]](), _REPLIES if _WHY.match(query) else 0
    for rank in sorted(first):
        sentence = first[rank]
        # What is short so far may be an introduction: a passage that is further off is taken too.
        within = policy.within * (1 if selector.words > _SHORT_ANSWER else 2)
        if sentence.hit.score < first[min(first)].hit.score - within:
            break
        if sentence.score < first[min(first)].score * _LEAST_SHARE:
            continue
        found = selector.place(sentence)
        if found is None or selector.words >= policy.words:
            continue
        structure, number = found
        section = structure.section(number)
        if structure.blocks[number].kind is BlockKind.MESSAGE:
            # What others write around a message explains nothing, but a reason may be their reply.
            section = range(number, min(number + replies + 1, section.stop))
        key = (structure.document.path, section.start)
        if _is_told(selector, structure, section, number) or len(seen | {key}) > policy.sections:
            continue
        seen.add(key)
        room = policy.words - selector.words
        _select_section(selector, policy, structure, section, number, room, rank)
        # Steps are quoted as they stand.
        _select_outline(selector, structure, range(0) if policy.is_in_order else section, rank)


def _is_told(selector: Selector, structure: Structure, section: range, number: int) -> bool:
    """Whether a section says nothing, or an outline or its best block is chosen already."""
    return (
        not section
        or selector.has(structure, number)
        or selector.has(structure, structure.headings[section.start])
    )


# An outline is a list of so many sections at least.
_FEWEST_SECTIONS = 3


def _select_outline(selector: Selector, structure: Structure, section: range, rank: int) -> bool:
    """Choose what a short section of paragraphs introduces, the sections below it, if they are."""
    blocks = [structure.blocks[each] for each in section]
    is_short = 0 < sum(map(structure.words, blocks)) <= _SHORT_ANSWER
    if not is_short or any(block.kind is not BlockKind.PARAGRAPH for block in blocks):
        return False
    below = structure.subheadings(structure.headings[section.start])
    is_next = bool(below) and below[0] >= section.stop
    return is_next and _add_outline(selector, structure, below, rank)


def _select_listed(query: str, ranked: Sequence[RankedSentence], selector: Selector) -> None:
    """Choose the outline of what is below a heading whose words are all that is asked for: "What
    benefits are there?" of "Our benefits".
    """
    language = language_of(content_words(query))
    told = " ".join(instruction_words(query, Intent.LIST))
    asked = _terms(query, language) - _terms(told, language)
    for sentence in ranked if asked else ():
        structure, number = selector.place(sentence) or (None, 0)
        for heading in structure.headings_above(number) if structure else ():
            if structure and _terms(structure.heading_words(heading), language) == asked:
                _add_outline(selector, structure, structure.subheadings(heading), 0)
                return


def _add_outline(
    selector: Selector, structure: Structure, headings: Sequence[int], rank: int
) -> bool:
    """Sections as items, as many as fit; False if they are too few for a list."""
    if len(headings) < _FEWEST_SECTIONS:
        return False
    for heading in headings:
        if selector.words < POLICIES[Intent.LIST].words:
            selector.add_outline(structure, heading, rank)
    return True


def _select_section(
    selector: Selector,
    policy: LengthPolicy,
    structure: Structure,
    section: range,
    number: int,
    room: int,
    rank: int,
) -> None:
    kept = [each for each in section if each == number or not structure.says_nothing(each)]
    size = sum(structure.words(structure.blocks[each]) for each in kept)
    if size <= min(policy.whole, max(room, policy.whole // 2)):
        for each in kept:
            selector.add_whole(structure, each, rank)
        return
    before = sum(structure.words(structure.blocks[each]) for each in kept if each < number)
    start = section.start if policy.is_in_order and before <= room // 2 else number
    for each in _from(structure, section, start):
        if selector.has(structure, each) or each not in kept:
            continue
        taken = structure.words(structure.blocks[each])
        if taken <= room:
            selector.add_whole(structure, each, rank)
        elif each == number or not selector.words:
            _add_beginning(selector, structure, each, room, rank)
        room -= taken
        if room < policy.words // 3 or structure.blocks[each].kind is BlockKind.TABLE:
            return


def _from(structure: Structure, section: range, number: int) -> Iterator[int]:
    """A block, preceded by the one that introduces it, and those that follow it."""
    start = max(number, section.start)
    block = structure.blocks[start] if start < len(structure.blocks) else None
    if block and block.lead and start > section.start and block.lead[0] < block.start:
        yield start - 1
    yield from range(start, section.stop)


def _add_beginning(
    selector: Selector, structure: Structure, number: int, room: int, rank: int
) -> None:
    """As many sentences or items of a block as there is room for, one at least."""
    block = structure.blocks[number]
    for span in block.items or structure.sentences(block):
        selector.add_span(structure, number, span, rank)
        room -= len(structure.text(span).split())
        if room <= 0:
            return

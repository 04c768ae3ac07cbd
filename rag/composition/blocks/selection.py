"""Which parts of which blocks answer a question, and how much of them.

A fact takes the best sentences; steps, lists, explanations and comparisons take whole blocks or
sections up to a budget of words. What a sentence leads to, or what stands under a heading, is
quoted in place of the sentence or heading alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from index.types import Block, BlockKind, Span
from rag.composition.blocks.asked import select_answer, select_asked, select_headed, select_titled
from rag.composition.blocks.compared import select_compared
from rag.composition.blocks.sections import add_beginning, select_below, select_sections
from rag.composition.blocks.selector import Selection, Selector
from rag.composition.blocks.structure import Structure
from rag.intents.classifier import LONG, Intent
from rag.retrieval.answer_type import expected_answer_type, matches_answer_type
from rag.retrieval.sentences import RankedSentence

# A sentence of so few words says nothing by itself ("No.").
FEW_WORDS = 3
_FEW_ITEMS = 12
# The best passage is quoted further than its sentences if it has so few words, its score is ahead
# of the next one's by this much, and its best sentence's cosine to the question is below this.
# People's questions over ten folders: ten more are right and none is lost.
_SHORT_TEXT = 100
_AHEAD = 0.05
_SAYS_IT = 0.65
_NOT_TEXT = frozenset({BlockKind.TABLE, BlockKind.MESSAGE, BlockKind.CODE})


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
    select_asked(query, intent, ranked, selector)
    if not selector.words:
        select_titled(query, ranked, selector)
    if not selector.words:
        select_headed(query, intent, ranked, selector)
    if not selector.words:
        select_compared(query, intent, ranked, selector)
    if intent in LONG and not selector.words:
        select_sections(query, intent, selector, ranked)
    if not selector.words:
        _select_fact(selector, chosen, with_rest=not _says_it(query, ranked))
    for sentence in also:
        _select_sentence(selector, sentence, len(chosen))
    return selector.in_order()


def _select_fact(selector: Selector, chosen: Sequence[RankedSentence], with_rest: bool) -> None:
    """The sentences that state a fact, those of the best passage with the rest of a short text."""
    for rank, sentence in enumerate(chosen):
        found = selector.place(sentence)
        if len(chosen) == 1 or found is None or not found[0].names_columns(found[1]):
            _select_sentence(selector, sentence, rank)
            if found and with_rest and sentence.hit.rank == 1:
                _add_rest(selector, *found, rank)


def _says_it(query: str, ranked: Sequence[RankedSentence]) -> bool:
    """Whether the best sentence is near to the question or holds the type of answer that it
    expects, or other passages are found that are as good as the first.
    """
    if not ranked:
        return True
    scores = sorted({sentence.hit.rank: sentence.hit.score for sentence in ranked}.values())
    is_first = len(scores) == 1 or scores[-1] - scores[-2] >= _AHEAD
    best = ranked[0]
    has_type = matches_answer_type(expected_answer_type(query), query, best.quote.text) > 0
    return best.cosine >= _SAYS_IT or has_type or not is_first


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
        select_answer(selector, structure, answer, number, rank)
        if number in answer:
            _select_part(selector, structure, number, span, rank)
    else:
        _select_part(selector, structure, number, span, rank)


def _add_rest(selector: Selector, structure: Structure, number: int, rank: int) -> None:
    """Choose the rest of a short section, or else of a short paragraph of running text."""
    block, section = structure.blocks[number], structure.section(number)
    kinds = {structure.blocks[each].kind for each in section}
    if not kinds & _NOT_TEXT and structure.size(section) <= _SHORT_TEXT:
        for each in section:
            selector.add_whole(structure, each, rank)
    elif block.kind is BlockKind.PARAGRAPH and structure.words(block) <= _SHORT_TEXT:
        selector.add_whole(structure, number, rank)


def _select_part(
    selector: Selector, structure: Structure, number: int, span: Span, rank: int
) -> None:
    """What of a block stands for a sentence of it."""
    match structure.blocks[number].kind:
        case BlockKind.HEADING:
            select_below(selector, structure, number, rank)
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
        add_beginning(selector, structure, reply, FEW_WORDS, rank)


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

"""Whole sections and outlines, for questions that want more than a fact."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from index.types import BlockKind
from rag.composition.blocks.selector import Selector
from rag.composition.blocks.structure import Structure
from rag.intents.classifier import Intent
from rag.retrieval.sentences import RankedSentence

# A further section is taken if its best sentence has so much of the best one's score. Of 749
# questions of people over thirteen folders 600 are right as with 0.5, in 69 words instead of 70.
_LEAST_SHARE = 0.8
_WHY = re.compile(r"\W*(?:and |but )?why\b", re.IGNORECASE)
# Messages after the one that is found in which its reason may stand.
_REPLIES = 2
# An answer holds about so many words at most; one of so few is whole.
MOST_WORDS = 200
SHORT_ANSWER = 60
# An item of more words is a paragraph.
_LONG_ITEM = 20
# An outline is a list of so many sections at least.
_FEWEST_SECTIONS = 3


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


def select_sections(
    query: str, intent: Intent, selector: Selector, ranked: Sequence[RankedSentence]
) -> None:
    """Sections of the best passages, each whole if it is short enough, else from its best block."""
    policy, seen = POLICIES[intent], set[tuple[str, int]]()
    replies = _REPLIES if _WHY.match(query) else 0
    for sentence in _near(policy, selector, ranked):
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
        room, rank = policy.words - selector.words, sentence.hit.rank
        select_section(
            selector, policy, structure, section, number, room, rank, sentence.quote.start
        )
        if not policy.is_in_order:  # steps are quoted as they stand
            select_outline(selector, structure, section, rank)


def _near(
    policy: LengthPolicy, selector: Selector, ranked: Sequence[RankedSentence]
) -> Iterator[RankedSentence]:
    """The best sentence of each passage that is not much worse than the best one."""
    first = dict[int, RankedSentence]()
    for sentence in ranked:
        first.setdefault(sentence.hit.rank, sentence)
    best = first[min(first)] if first else None
    for rank in sorted(first):
        # What is short so far may be an introduction: a passage that is further off is taken too.
        within = policy.within * (1 if selector.words > SHORT_ANSWER else 2)
        if best and first[rank].hit.score < best.hit.score - within:
            return
        if best and first[rank].score >= best.score * _LEAST_SHARE:
            yield first[rank]


def _is_told(selector: Selector, structure: Structure, section: range, number: int) -> bool:
    """Whether a section says nothing, or an outline or its best block is chosen already."""
    return (
        not section
        or selector.has(structure, number)
        or selector.has(structure, structure.headings[section.start])
    )


def select_outline(selector: Selector, structure: Structure, section: range, rank: int) -> bool:
    """Choose what a short section of paragraphs introduces, the sections below it, if they are."""
    blocks = [structure.blocks[each] for each in section]
    is_short = 0 < sum(map(structure.words, blocks)) <= SHORT_ANSWER
    if not is_short or any(block.kind is not BlockKind.PARAGRAPH for block in blocks):
        return False
    below = structure.subheadings(structure.headings[section.start])
    is_next = bool(below) and below[0] >= section.stop
    return is_next and add_outline(selector, structure, below, rank)


def add_short(selector: Selector, structure: Structure, section: range, rank: int) -> bool:
    """A section as it is if it has few words, else nothing."""
    words = structure.size(section)
    if words > SHORT_ANSWER:
        return False
    for each in section:
        selector.add_whole(structure, each, rank)
    return True


def add_outline(
    selector: Selector, structure: Structure, headings: Sequence[int], rank: int
) -> bool:
    """Sections as items, as many as fit; False if they are too few for a list."""
    if len(headings) < _FEWEST_SECTIONS:
        return False
    for heading in headings:
        if selector.words < POLICIES[Intent.LIST].words:
            selector.add_outline(structure, heading, rank)
    return True


def select_section(
    selector: Selector,
    policy: LengthPolicy,
    structure: Structure,
    section: range,
    number: int,
    room: int,
    rank: int,
    at: int = 0,
) -> None:
    """A section as it is if it is short enough, else what there is room for from a block on; of a
    list whose items are paragraphs from the one that holds the character `at`.
    """
    kept = [each for each in section if each == number or not structure.says_nothing(each)]
    size = structure.size(kept)
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
            first = at if _has_long_items(structure, each) and not policy.is_in_order else 0
            add_beginning(selector, structure, each, room, rank, first)
        room -= taken
        is_table = structure.blocks[each].kind is BlockKind.TABLE
        if each >= number and (room < policy.words // 3 or is_table):
            return


def _from(structure: Structure, section: range, number: int) -> Iterator[int]:
    """A block, preceded by the one that introduces it, and those that follow it."""
    start = max(number, section.start)
    block = structure.blocks[start] if start < len(structure.blocks) else None
    if block and block.lead and start > section.start and block.lead[0] < block.start:
        yield start - 1
    yield from range(start, section.stop)


def _has_long_items(structure: Structure, number: int) -> bool:
    """Whether a block is a list whose items are paragraphs, such as the clauses of a contract."""
    block = structure.blocks[number]
    return structure.words(block) > _LONG_ITEM * len(block.items) > 0


def add_beginning(
    selector: Selector, structure: Structure, number: int, room: int, rank: int, start: int = 0
) -> None:
    """As many sentences or items of a block as there is room for, one at least, from the one that
    holds the character `start`.
    """
    block = structure.blocks[number]
    spans = block.items or structure.sentences(block)
    for span in [one for one in spans if one[1] > start] or spans:
        selector.add_span(structure, number, span, rank)
        room -= len(structure.text(span).split())
        if room <= 0:
            return


def select_below(selector: Selector, structure: Structure, number: int, rank: int) -> None:
    """What stands under a heading: its section if it is short, else its first block."""
    section = structure.section(number)
    words = structure.size(section)
    for each in section if words <= SHORT_ANSWER * 2 else section[:1]:
        selector.add_whole(structure, each, rank)

"""What is to be quoted of which blocks, collected one by one."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from index.types import Block, Span
from rag.composition.blocks.structure import Structure, first_sentence
from rag.retrieval.sentences import RankedSentence

_DIGITS = re.compile(r"\d+")
_REPEATED_WORDS = 12


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

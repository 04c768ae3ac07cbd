"""A document's blocks by position: which block a quote stands in, and the section around it."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from threading import Lock
from typing import TypeVar

from cachetools import LRUCache

from index.sentences import sentence_spans
from index.tables.typed import TypedTable, typed
from index.text.blocks import blocks_of
from index.types import Block, BlockKind, Document, Span
from rag.retrieval.sentences import is_links

_KEPT = 256
_GREETING_WORDS = 4
# What the reader of mail writes above a message.
_MAIL_NAMES = ("From: ", "To: ", "Cc: ", "Date: ")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Structure:
    """The blocks of a document in reading order, those of questions in place of the questions.

    `headings` holds for each block the number of the heading above it, or -1, and `answers` for
    each block of a question and its answer the numbers of the answer's blocks.
    """

    document: Document
    blocks: tuple[Block, ...]
    starts: tuple[int, ...]
    headings: tuple[int, ...]
    answers: Mapping[int, range]

    def at(self, position: int) -> int | None:
        """The number of the block that holds a character, None if none does."""
        place = bisect_right(self.starts, position) - 1
        return place if place >= 0 and position < self.blocks[place].end else None

    def section(self, number: int) -> range:
        """Numbers of the blocks under the same heading as a block, deeper headings not included.

        For a heading it is what stands right below it, or else its first deeper section; in a
        question and its answer, the answer.
        """
        if number in self.answers:
            return self.answers[number]
        if self._is_heading(number):
            below = number + 1
            while below < len(self.blocks) and self._is_heading(below):
                if self.blocks[below].level <= self.blocks[number].level:
                    return range(below, below)
                below += 1
            if below == len(self.blocks):
                return range(below, below)
            number = below
        above = self.headings[number]
        start = end = number
        while start - 1 > above:
            start -= 1
        while end < len(self.blocks) and self.headings[end] == above and not self._is_heading(end):
            end += 1
        return range(start, end)

    def headings_above(self, number: int) -> Iterator[int]:
        """Numbers of the headings that a block stands under, the nearest first."""
        above = number if self._is_heading(number) else self.headings[number]
        while above >= 0:
            yield above
            level = self.blocks[above].level
            while above >= 0 and self.blocks[above].level >= level:
                above = self.headings[above]

    def subheadings(self, above: int) -> list[int]:
        """Numbers of the headings one step below a heading, -1 for the document's top."""
        level = self.blocks[above].level if above >= 0 else 0
        deeper = list[int]()
        for below in range(above + 1, len(self.blocks)):
            if self._is_heading(below):
                if self.blocks[below].level <= level:
                    break
                deeper.append(below)
        top = min((self.blocks[one].level for one in deeper), default=0)
        return [one for one in deeper if self.blocks[one].level == top]

    def heading_words(self, number: int) -> str:
        """The words of a heading block on one line, without its marks."""
        heading = self.blocks[number]
        return " ".join(self.text((heading.start, heading.end)).strip("#= -\n").split())

    def text(self, span: Span) -> str:
        """The document's characters of a span."""
        return self.document.text[span[0] : span[1]]

    def words(self, block: Block) -> int:
        """How many words a block holds."""
        return len(self.text((block.start, block.end)).split())

    def size(self, numbers: Iterable[int]) -> int:
        """How many words some blocks hold together."""
        return sum(self.words(self.blocks[number]) for number in numbers)

    def sentences(self, block: Block) -> list[Span]:
        """Spans of a block's sentences in the document."""
        text = self.text((block.start, block.end))
        return [(block.start + start, block.start + end) for start, end in sentence_spans(text)]

    def lead_of(self, span: Span) -> int | None:
        """The number of the block that a span introduces ("To apply:"), if it does."""
        number = self.at(span[0])
        if number is None:
            return None
        for after in range(number, min(number + 2, len(self.blocks))):
            lead = self.blocks[after].lead
            if lead and lead[0] < span[1] and span[0] < lead[1]:
                return after
        return None

    def reply_to(self, number: int) -> int | None:
        """The number of the block, headings left out, that follows one which ends in a question
        or a greeting ("Dear Ms Conti,"): what a reader looks for stands there.
        """
        block = self.blocks[number]
        words = self.text((block.start, block.end)).rstrip().rstrip("*_)\"'”’»")
        if number in self.answers or not words.endswith(("?", ",")):
            return None
        below = (at for at in range(number + 1, len(self.blocks)) if not self._is_heading(at))
        return next(below, None)

    def says_nothing(self, number: int) -> bool:
        """Whether a block is only the frame of what stands around it: the names of a table's
        columns, the lines that tell whose mail it is, or a greeting.
        """
        block = self.blocks[number]
        text = self.text((block.start, block.end)).strip()
        if block.kind is not BlockKind.PARAGRAPH:
            return False
        lines = text.splitlines()
        is_greeting = text.endswith(",") and len(text.split()) <= _GREETING_WORDS
        is_mail_head = len(lines) > 1 and all(line.startswith(_MAIL_NAMES) for line in lines)
        return is_greeting or is_mail_head or self.names_columns(number)

    def names_columns(self, number: int) -> bool:
        """Whether a block is a line that holds the names of the columns of the table below it,
        whose rows name them as well.
        """
        below = self.blocks[number + 1 : number + 2]
        if not below or below[0].kind is not BlockKind.TABLE:
            return False
        words = self.text((self.blocks[number].start, self.blocks[number].end)).split()
        own = (table for table in self.document.tables if table.rows)
        return any(
            words == " ".join(table.columns).split()
            for table in own
            if below[0].start <= table.start < below[0].end
        )

    def _is_heading(self, number: int) -> bool:
        return self.blocks[number].kind is BlockKind.HEADING


class Structures:
    """Blocks and typed tables of documents, the last ones kept; for any number of threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._kept = LRUCache[tuple[str, str], Structure](_KEPT)
        self._tables = LRUCache[tuple[str, str], tuple[TypedTable, ...]](_KEPT)

    def of(self, document: Document) -> Structure:
        """The structure of a document, told apart by its path and digest."""
        return self._get(self._kept, document, _structure)

    def tables(self, document: Document) -> tuple[TypedTable, ...]:
        """The tables of a document with typed cells."""
        return self._get(self._tables, document, typed)

    def _get(
        self, kept: LRUCache[tuple[str, str], T], document: Document, make: Callable[[Document], T]
    ) -> T:
        key = (document.path, document.digest)
        with self._lock:
            found = kept.get(key)
        if found is None:
            found = make(document)
            with self._lock:
                kept[key] = found
        return found


def _structure(document: Document) -> Structure:
    every = blocks_of(document)
    questions = [block for block in every if block.kind is BlockKind.QUESTION]
    blocks = tuple(block for block in every if block.kind is not BlockKind.QUESTION)
    starts = tuple(block.start for block in blocks)
    answers = dict[int, range]()
    for question in questions:
        first = bisect_left(starts, question.start)
        answer = bisect_left(starts, question.items[0][0]) if question.items else first
        end = bisect_left(starts, question.end)
        answers |= dict.fromkeys(range(first, end), range(answer, end))
    return Structure(document, blocks, starts, tuple(_headings_above(blocks)), answers)


def _headings_above(blocks: tuple[Block, ...]) -> Iterator[int]:
    above = -1
    for number, block in enumerate(blocks):
        yield above
        if block.kind is BlockKind.HEADING:
            above = number


def first_sentence(structure: Structure, heading: int) -> Span | None:
    """The first sentence or item of what stands below a heading that is more than links; none of a
    table or code.
    """
    first = None
    for number in structure.section(heading)[:2]:
        block = structure.blocks[number]
        if block.kind in {BlockKind.TABLE, BlockKind.CODE}:
            break
        for span in block.items or structure.sentences(block):
            if not is_links(structure.text(span)):
                return span
            first = first or span
    return first

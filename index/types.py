"""Data types of the index: documents, passages (spans of a document) and hits."""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from hashlib import sha256
from operator import eq
from typing import NamedTuple, overload

import numpy as np
from numpy.typing import NDArray

from index.sentences import sentence_spans

Vectors = NDArray[np.float32]
Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading of a document: where its line starts (characters), its depth from 1, its words."""

    start: int
    level: int
    text: str


@dataclass(frozen=True, slots=True)
class TableRow:
    """A row of a table: its span, and the span of each cell by column, None where it is empty.

    A row is shorter than the table where its last cells are empty.
    """

    start: int
    end: int
    cells: tuple[Span | None, ...]


class RowSpans(Sequence[TableRow]):
    """Rows of a table in 4 bytes a number, made when they are asked for.

    As objects, a row of two cells takes 400 bytes, and a table may have a million.
    """

    __slots__ = ("_numbers", "_starts")

    def __init__(self, rows: Iterable[TableRow] = ()) -> None:
        # For each row its start and end, then those of its cells, -1 for an empty one.
        self._numbers = array("i")
        self._starts = array("q", [0])
        for row in rows:
            self.append(row)

    def append(self, row: TableRow) -> None:
        """Add a row below the others."""
        self.add(row.start, row.end, row.cells)

    def add(self, start: int, end: int, cells: Iterable[Span | None], by: int = 0) -> None:
        """Add a row below the others, whose cells stand so many characters further down."""
        nowhere = (-1 - by, -1 - by)
        self._numbers.extend([start, end])
        self._numbers.extend([at + by for cell in cells for at in cell or nowhere])
        self._starts.append(len(self._numbers))

    def add_places(self, start: int, end: int, places: Iterable[int]) -> None:
        """Add a row whose cells are all filled; where it starts, then where each cell starts and
        ends.
        """
        numbers = list(places)
        numbers[0:1] = start, end
        self._numbers.fromlist(numbers)
        self._starts.append(len(self._numbers))

    def __len__(self) -> int:
        return len(self._starts) - 1

    @overload
    def __getitem__(self, place: int) -> TableRow: ...

    @overload
    def __getitem__(self, place: slice) -> tuple[TableRow, ...]: ...

    def __getitem__(self, place: int | slice) -> TableRow | tuple[TableRow, ...]:
        if isinstance(place, slice):
            return tuple(map(self._row, range(len(self))[place]))
        return self._row(range(len(self))[place])

    def _row(self, number: int) -> TableRow:
        start, end, *cells = self._numbers[self._starts[number] : self._starts[number + 1]]
        pairs = zip(cells[::2], cells[1::2], strict=True)
        return TableRow(start, end, tuple(None if at < 0 else (at, to) for at, to in pairs))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Sequence):
            return NotImplemented
        return len(self) == len(other) and all(map(eq, self, other))

    def __hash__(self) -> int:
        return hash(self._numbers.tobytes())

    def __repr__(self) -> str:
        return repr(tuple(self))


@dataclass(frozen=True, slots=True)
class Table:
    """A table of a document as spans of its text.

    `columns` names the columns in order. `header` is the span of the line that names them, None
    where each row names its columns itself ("host: ada; memory: 256 GB"). `caption` is the table's
    title or its sheet's name, or "".
    """

    columns: tuple[str, ...]
    rows: Sequence[TableRow]
    header: Span | None = None
    caption: str = ""

    @property
    def start(self) -> int:
        """Where its header or first row starts."""
        first = self.rows[0].start
        return min(self.header[0], first) if self.header else first

    @property
    def end(self) -> int:
        """Where its last row ends."""
        return self.rows[-1].end

    def between(self, start: int, end: int) -> Table:
        """The table with the rows alone that stand, if in part, between two characters."""
        first = bisect_right(self.rows, start, key=lambda row: row.end)
        last = bisect_left(self.rows, end, key=lambda row: row.start)
        return replace(self, rows=self.rows[first:last])

    def mapped(self, position: Callable[[int], int]) -> Table:
        """The same table in a text whose characters have other positions."""

        def mapped(span: Span | None) -> Span | None:
            return span and (position(span[0]), position(span[1]))

        rows = RowSpans(
            TableRow(position(row.start), position(row.end), tuple(map(mapped, row.cells)))
            for row in self.rows
        )
        return replace(self, rows=rows, header=mapped(self.header))


class BlockKind(StrEnum):
    """What a block of a document is."""

    HEADING = "heading"
    PARAGRAPH = "paragraph"
    LIST = "list"
    STEPS = "steps"
    CODE = "code"
    TABLE = "table"
    QUESTION = "question"
    MESSAGE = "message"


@dataclass(frozen=True, slots=True)
class Block:
    """A unit of a document's structure, in characters of its text, half open.

    `lead` is the span of the line that introduces a list, steps, code or a table ("To apply:").
    `items` holds the spans of a list's items with their marks, of a question its answer's blocks.
    `level` is the depth of a heading, from 1, and 0 for other kinds.
    """

    kind: BlockKind
    start: int
    end: int
    lead: Span | None = None
    items: tuple[Span, ...] = ()
    level: int = 0


@dataclass(frozen=True, slots=True)
class Document:
    """One file of the corpus as text.

    `path` is relative to the corpus folder, with `/`, and names the document everywhere.
    `digest` is the SHA-256 of the file's bytes. `page_starts` holds the character at which each
    page (or slide) starts, and is empty for formats without pages. `hidden` counts characters left
    out since no reader of the file sees them; `notes` tell what else is not in the text. `tables`
    are in the order of their text.
    """

    path: str
    title: str
    text: str
    digest: str
    headings: tuple[Heading, ...] = ()
    page_starts: tuple[int, ...] = ()
    hidden: int = 0
    notes: tuple[str, ...] = ()
    tables: tuple[Table, ...] = ()


def omissions(hidden: int, notes: Sequence[str]) -> tuple[str, ...]:
    """What a document's text lacks, a sentence each: hidden characters, and what `notes` tell."""
    if not hidden:
        return tuple(notes)
    characters = "1 character" if hidden == 1 else f"{hidden:,} characters"
    return (f"{characters} of hidden text left out", *notes)


class Content(NamedTuple):
    """The embedded part of a passage, without its place: heading path and text."""

    heading: str
    text: str

    @property
    def embedding_text(self) -> str:
        """What is embedded and searched: the heading path, then the text."""
        return f"{self.heading}\n{self.text}" if self.heading else self.text

    @property
    def sentence_spans(self) -> list[tuple[int, int]]:
        """Spans of the text's sentences in the embedding text."""
        before = len(self.embedding_text) - len(self.text)
        return [(before + start, before + end) for start, end in sentence_spans(self.text)]


@dataclass(frozen=True, slots=True)
class Passage:
    """A contiguous span of one document, the unit that is retrieved and cited.

    Invariant: `document.text[start:end] == text`; `start` and `end` count characters, half open.
    `page` counts from 1. `heading` is the path of headings above the passage ("A > B").
    """

    id: str
    document: str
    title: str
    heading: str
    text: str
    start: int
    end: int
    page: int | None
    digest: str

    @property
    def own_heading(self) -> str:
        """The heading right above the passage, without those above it; "" if there is none."""
        return self.heading.rpartition(" > ")[2]

    @property
    def embedding_text(self) -> str:
        """What is embedded and searched: the heading path above the passage, then its text."""
        return Content(self.heading, self.text).embedding_text

    @property
    def key(self) -> str:
        """Digest of the embedding text: passages with the same text share one vector."""
        return sha256(self.embedding_text.encode()).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class Embedded:
    """Unit vectors of passages, shape (n, dimension), and for each those of its sentences in order,
    shape (sentences, dimension), or None where the model has none to give.
    """

    vectors: Vectors
    sentences: Sequence[Vectors | None]


@dataclass(frozen=True, slots=True)
class Batch:
    """Keys of texts and their vectors, shape (len(keys), dimension)."""

    keys: Sequence[str]
    vectors: Vectors


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage in a ranked list; `rank` counts from 1, a higher `score` (0..1) is better."""

    passage: Passage
    score: float
    rank: int


@dataclass(frozen=True, slots=True)
class Failure:
    """A file that could not be indexed, and why, in words for its owner."""

    path: str
    reason: str

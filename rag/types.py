"""The types of questions and answers, the events of a streamed answer, and what answers."""

from __future__ import annotations

import threading
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal, Protocol

from index.catalog.reader import DocumentInfo
from index.filtered import NO_FILTERS, Filters
from index.types import Document, Hit, Passage


class Support(StrEnum):
    """How well a statement is backed by what it cites."""

    SUPPORTED = "supported"
    WEAK = "weak"
    UNSUPPORTED = "unsupported"


class Reason(StrEnum):
    """Why there is no answer; `unavailable` is an error of the LLM server."""

    EMPTY_INDEX = "empty_index"
    NO_EVIDENCE = "no_evidence"
    DECLINED = "declined"
    UNSUPPORTED = "unsupported"
    UNAVAILABLE = "unavailable"


@dataclass(frozen=True, slots=True)
class Turn:
    """One past question and its answer, markers removed."""

    question: str
    answer: str


@dataclass(frozen=True, slots=True)
class AskOptions:
    """Options of one question; None leaves an option to the settings.

    `composer` is "quotes" or "llm", `passages` how many are retrieved, and `strict` whether only
    supported statements are shown. `filters` choose the documents that are asked; `collections`
    names those that were chosen, for a refusal to say so.
    """

    composer: str | None = None
    passages: int | None = None
    strict: bool | None = None
    filters: Filters = NO_FILTERS
    collections: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Quote:
    """Exact words of a passage: characters `start` to `end` of its document, half open."""

    passage: Passage
    start: int
    end: int

    @property
    def text(self) -> str:
        """The quoted words themselves."""
        offset = self.passage.start
        return self.passage.text[self.start - offset : self.end - offset]


@dataclass(frozen=True, slots=True)
class Item:
    """An item of a list in an answer's text; all items of an answer are numbered from 0.

    `path` holds the numbers of the items that it is nested in, outermost first, and its own.
    `head` is the number of its list's first item, and `mark` how that is marked: "-", "*", "1.".
    """

    path: tuple[int, ...]
    head: int
    mark: str

    @property
    def numbered(self) -> bool:
        """Whether its list counts."""
        return len(self.mark) > 1


@dataclass(frozen=True, slots=True)
class Part:
    """What a cell of a table states, to be checked by itself, with its quotes. `certain` tells that
    a table of a document has this value in this row and column.
    """

    text: str
    quotes: tuple[Quote, ...]
    certain: bool = False


@dataclass(frozen=True, slots=True)
class Lead:
    """The words of a list item that state nothing and lead to the items nested in it."""

    text: str
    item: Item
    lead: str = "\n"


@dataclass(frozen=True, slots=True)
class Claim:
    """A statement as a composer drafts it, before labels are given: its text and its quotes.

    `lead` is the white space that parts it from the statement before it. `frame`, if any, is how
    it stands in the answer's text: what comes before and what after its markers. `item` is the
    list item that it stands in, if any: a mark is written before the first claim of an item.
    `computed` tells that it states what was computed over the rows that it quotes. `before` is
    what leads to it on lines of their own (a heading, a table's head): where the claim is left out,
    it goes with the next one of the same `section`. `written` is the text with its emphasis, as
    Markdown, if it has any. Where it has `parts`, it is as well supported as the least of them.
    `leads` are list items that lead to the one that it stands in.
    """

    text: str
    quotes: tuple[Quote, ...]
    lead: str = " "
    frame: tuple[str, str] | None = None
    item: Item | None = None
    computed: bool = False
    before: str = ""
    section: int = 0
    written: str = ""
    parts: tuple[Part, ...] = ()
    leads: tuple[Lead, ...] = ()


@dataclass(frozen=True, slots=True)
class Computed:
    """What was computed over a table: the figure as it is shown, on how many rows it rests, and
    how ("sum of total_eur where customer is Cale Marine").
    """

    figure: str
    rows: int
    expression: str


@dataclass(frozen=True, slots=True)
class Draft:
    """What a composer hands over: claims in reading order.

    `stray` counts labels that named no passage. `declined` says that the composer itself found
    no answer. `note` is a sentence for the user about how the answer was made ("the LLM at … did
    not answer"), or "". `opening` and `closing` are sentences of the program's own around the
    claims. `searched` are queries of the composer's own, besides the question. `confidence` is how
    sure it is, 0..1, that what was `computed` was asked. `is_cut_off` tells that an LLM broke off.
    """

    claims: tuple[Claim, ...]
    stray: int = 0
    declined: bool = False
    note: str = ""
    opening: str = ""
    closing: str = ""
    computed: Computed | None = None
    searched: tuple[str, ...] = ()
    confidence: float = 1.0
    is_cut_off: bool = False


@dataclass(frozen=True, slots=True)
class Citation:
    """A label of an answer and the quote behind it."""

    label: int
    quote: Quote

    @property
    def passage(self) -> Passage:
        """The passage that was retrieved and is cited."""
        return self.quote.passage


@dataclass(frozen=True, slots=True)
class Statement:
    """A sentence of an answer, the labels it cites, and whether they back it."""

    text: str
    citations: tuple[int, ...]
    support: Support


@dataclass(frozen=True, slots=True)
class Refusal:
    """No answer, and why, in a sentence for the user."""

    reason: Reason
    message: str


@dataclass(frozen=True, slots=True)
class Answer:
    """The whole of what is known about one answered question.

    `query` is what was searched for (the question, or a follow-up made to stand alone). `text`
    holds markers `[1]`, numbered by first use. `seconds` has a figure per stage.
    `confidence` is the chance, 0..1, that the documents answer the question, or that a figure was
    computed as asked; whatever is below the setting `refuse_below` is refused.
    `fingerprint` is a hash of the settings and the generation of the index that answered.
    `searched` are further queries, of the LLM's own. `left_out` counts statements that were written
    and are not shown, since strict mode leaves out what is not supported. `is_cut_off` tells that
    the LLM broke off.
    """

    question: str
    query: str
    text: str
    statements: tuple[Statement, ...]
    citations: tuple[Citation, ...]
    refusal: Refusal | None
    hits: tuple[Hit, ...]
    composer: str
    stray: int = 0
    note: str = ""
    confidence: float = 0.0
    seconds: Mapping[str, float] = field(default_factory=dict)
    fingerprint: str = ""
    is_reply: bool = False
    computed: Computed | None = None
    searched: tuple[str, ...] = ()
    left_out: int = 0
    is_cut_off: bool = False

    @property
    def kind(self) -> Literal["answer", "reply", "refusal"]:
        """A reply is about Footnote or the corpus itself: no citations, and no refusal."""
        if self.refusal:
            return "refusal"
        return "reply" if self.is_reply else "answer"


@dataclass(frozen=True, slots=True)
class Retrieved:
    """The passages that were found, best first."""

    query: str
    hits: tuple[Hit, ...]


@dataclass(frozen=True, slots=True)
class Delta:
    """A further piece of the answer's text, unchecked as yet."""

    text: str


@dataclass(frozen=True, slots=True)
class PartRead:
    """An LLM begins to read part `part` of `of` of what it is to summarise, counted from 1."""

    part: int
    of: int


@dataclass(frozen=True, slots=True)
class Done:
    """The checked answer; it replaces whatever the deltas showed."""

    answer: Answer


Event = Retrieved | PartRead | Delta | Done


class Answers(Protocol):
    """Answers questions from one index: the engine, or what limits or imitates it.

    All methods may be called from several threads at once.
    """

    def stream(
        self, question: str, turns: Sequence[Turn] = (), options: AskOptions = AskOptions()
    ) -> Generator[Event, None, None]:
        """Retrieved, a Delta for every piece of text, then Done with the checked answer.

        A PartRead for each part of a long text that is summarised comes before its first Delta.
        """
        ...

    def answer(
        self, question: str, turns: Sequence[Turn] = (), options: AskOptions = AskOptions()
    ) -> Answer:
        """The checked answer: the last event of `stream`."""
        ...

    def search(
        self,
        query: str,
        k: int,
        turns: Sequence[Turn] = (),
        options: AskOptions = AskOptions(),
    ) -> tuple[str, tuple[Hit, ...]]:
        """The query as searched for, and the k best passages, ranked as for an answer."""
        ...

    def documents(self) -> list[DocumentInfo]:
        """Every file of the corpus in order of path, failed ones with their reason."""
        ...

    def document(self, path: str) -> Document:
        """A document with its text. Raises UnknownDocument."""
        ...

    @property
    def generation(self) -> int:
        """The generation of the index that answers now."""
        ...

    def warm_up(self) -> None:
        """Load the model and open the index, so that the first question does not wait for it."""
        ...

    def keep_up(self, stop: threading.Event) -> None:
        """Follow new generations of the index until `stop` is set."""
        ...

    def close(self) -> None:
        """Release the index."""
        ...

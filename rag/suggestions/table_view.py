"""A table as its reader would speak of it: names of rows and columns."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from index.tables.typed import Column, Kind, TypedTable
from index.types import Document
from rag.suggestions.types import QuestionKind, SuggestedQuestion

_KEY_CHARACTERS = 40
_ID = re.compile(r"(?:.*[ _])?(?:id|no|nr|number|nummer|#)\.?", re.IGNORECASE)
_CODE = re.compile(r"(?:sku|code|ref(?:erence)?|isbn|ean)\b.*", re.IGNORECASE)
# Numbers that name a place or a line and measure nothing.
_ADDRESS = re.compile(
    r"(?:.*[ _])?(?:tele)?(?:phone|fax|mobile|extension|zip|postcode|room)(?:[ _]code)?\.?",
    re.IGNORECASE,
)
_YEAR = re.compile(r"(?:19|20)\d\d")
# Rows of these names are called with an article.
THING = re.compile(r"product|model|device|machine|article|tool|room|course|treatment|service")
DONE = re.compile(
    r"opened|founded|launched|released|published|built|created|established", re.IGNORECASE
)
# Names of columns that no question can be put for.
_NO_NOUN = re.compile(
    r"(?:what|how|when|where|which|who|why|is|are|does|has|can|chosen|tells|\w+ed)\b.*"
)
_UNIT_WORDS = frozenset("eur usd gbp chf kg g km m cm mm h min s l pct percent".split())


@dataclass(frozen=True)
class TableView:
    """A typed table in the words of its reader: what a row is, and which column names rows."""

    document: Document
    table: TypedTable

    @cached_property
    def key(self) -> int | None:
        """The place of the column that names rows, None if there is none that people would say."""
        keys = [place for place, column in enumerate(self.table.columns) if column.is_key]
        names = [
            place
            for place in keys
            if self.table.columns[place].kind is Kind.TEXT
            and not _CODE.fullmatch(self.table.columns[place].label)
        ]
        numbered = [
            place
            for place in keys
            if _ID.fullmatch(self.table.columns[place].name) or self._is_year(place)
        ]
        found = next(iter([*names, *numbered]), None)
        long = found is not None and any(
            len(text) > _KEY_CHARACTERS for text in self.table.columns[found].texts
        )
        return None if long else found

    def _is_year(self, place: int) -> bool:
        return all(map(_YEAR.fullmatch, self.table.columns[place].texts))

    @cached_property
    def by_year(self) -> bool:
        """Whether rows are years."""
        return self.key is not None and self._is_year(self.key)

    @cached_property
    def by_number(self) -> bool:
        """Whether rows are named by a number of their own, such as an order's."""
        return self.key is not None and bool(_ID.fullmatch(self.table.columns[self.key].name))

    @cached_property
    def noun(self) -> str:
        """What a row is: "city", "order"; "entry" if the key's name does not tell."""
        if self.key is None:
            return "entry"
        name = label(self.table.columns[self.key])
        bare = re.sub(r"(?:^| )(?:id|no|nr|number|nummer|#|name)\.?$", "", name).strip()
        return bare or "entry"

    @cached_property
    def nouns(self) -> str:
        """More of them."""
        return plural(self.noun)

    @property
    def size(self) -> int:
        """How many rows it has, sums left out."""
        return len(self.rows)

    @cached_property
    def rows(self) -> list[int]:
        """The places of its rows, sums left out."""
        return [n for n in range(len(self.table.rows)) if n not in self.table.totals]

    def named(self, row: int) -> str:
        """A row as a question names it: "Lisbon", "order 5042", "2023"."""
        assert self.key is not None
        text = self.table.columns[self.key].texts[row].replace(", ", " ").strip("`*_")
        if self.by_number:
            return f"{self.noun} {text}"
        return with_article(text, self.noun)

    def quote(self, row: int) -> str:
        """A row's words in the document."""
        span = self.table.rows[row]
        return self.document.text[span.start : span.end]

    def values(self) -> list[Column]:
        """The columns that a row is asked for."""
        return [
            column
            for place, column in enumerate(self.table.columns)
            if place != self.key
            and not _ID.fullmatch(column.name)
            and not _CODE.fullmatch(column.label)
            and 0 < len(label(column).split()) <= 3
            and (DONE.fullmatch(label(column)) or not _NO_NOUN.fullmatch(label(column)))
        ]

    def numbers(self) -> list[Column]:
        """The columns of numbers that measure something."""
        found = [column for column in self.values() if column.kind is Kind.NUMBER]
        measures = [one for one in found if not _ADDRESS.fullmatch(one.name)]
        return [one for one in measures if not all(map(_YEAR.fullmatch, one.texts))]

    def ask(
        self,
        question: str,
        kind: QuestionKind,
        rows: Sequence[int] = (),
        answers: Sequence[str] = (),
        must: Sequence[str] = (),
        must_not: Sequence[str] = (),
    ) -> SuggestedQuestion:
        """A question whose answer rests on these rows."""
        return SuggestedQuestion(
            question,
            kind,
            self.document.path,
            tuple(answers),
            tuple(self.quote(row) for row in rows),
            tuple(must),
            tuple(must_not),
        )


def with_article(text: str, noun: str) -> str:
    """A row's name within a sentence: "the Reef sensor", "hotel per night", "Lisbon"."""
    if " " in text and THING.fullmatch(noun):
        return f"the {text}"
    is_plain = text[:1].isupper() and text[1:] == text[1:].lower() and " " in text
    return f"{text[:1].lower()}{text[1:]}" if is_plain else text


def label(column: Column) -> str:
    """A column's name as it reads within a sentence, without its unit."""
    words = re.sub(r"\s*[(\[].*?[)\]]", "", column.label).replace("_", " ").split()
    while len(words) > 1 and words[-1].lower() in _UNIT_WORDS:
        words.pop()
    return " ".join(w if w.isupper() and len(w) > 1 else w.lower() for w in words)


def plural(noun: str) -> str:
    """A noun's plural; of one that is plural already, itself."""
    if noun.endswith("s") and not noun.endswith(("ss", "us", "is")):
        return noun
    if noun.endswith("y") and noun[-2:-1] not in "aeiou":
        return f"{noun[:-1]}ies"
    return f"{noun}es" if noun.endswith(("s", "x", "ch", "sh")) else f"{noun}s"


def variants(text: str) -> tuple[str, ...]:
    """A cell and ways to write its number, thousands parted or not."""
    plain = text.replace(",", "")
    if re.fullmatch(r"\d{4,}(?:\.\d+)?", plain) and not _YEAR.fullmatch(plain):
        whole, point, part = plain.partition(".")
        return tuple(dict.fromkeys([text, plain, f"{int(whole):,}{point}{part}"]))
    return (text,)


def numbers_as_written(value: float, column: Column) -> tuple[str, ...]:
    """A computed number as a reader would write it."""
    text = f"{value:.{column.decimals}f}"
    short = text.rstrip("0").rstrip(".") if "." in text else text
    return tuple(dict.fromkeys(each for one in (text, short) for each in variants(one)))

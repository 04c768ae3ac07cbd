"""Gold questions with their accepted answers and evidence."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    model_validator,
)

from eval.pydantic_errors import all_errors
from index.errors import ConfigError
from rag.types import Turn

Words = Annotated[str, StringConstraints(min_length=1, pattern=r"\S")]
_SHOWN = 20


def _compiled(pattern: str) -> str:
    try:
        re.compile(pattern)
    except re.error as error:
        raise ValueError(f"not a regular expression: {error}") from None
    return pattern


Pattern = Annotated[str, StringConstraints(min_length=1), AfterValidator(_compiled)]


class Want(StrEnum):
    """The kind of response that a question should get.

    ANSWER has citations, REFUSE is a refusal. REPLY is about the assistant or its documents and
    has no citations. LIMIT says what is missing, with or without citations, and is no refusal.
    """

    ANSWER = "answer"
    REFUSE = "refuse"
    REPLY = "reply"
    LIMIT = "limit"


class EvidencePlace(BaseModel):
    """Where a document says something: a quote from its extracted text, a page counted from 1, or
    with neither the whole document, which is named by its path in the corpus.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    document: Words
    quote: Words | None = None
    page: Annotated[int, Field(ge=1)] | None = None

    @model_validator(mode="after")
    def _is_one_place(self) -> Self:
        if self.quote is not None and self.page is not None:
            raise ValueError("a place is a quote or a page, not both")
        return self


class GoldEvidence(EvidencePlace):
    """A fact that an answer rests on; `also` names other places that state the same fact.

    `grade` is its gain in nDCG.
    """

    also: tuple[EvidencePlace, ...] = ()
    grade: Annotated[int, Field(ge=1)] = 1

    @property
    def places(self) -> tuple[EvidencePlace, ...]:
        """Every place that states the fact."""
        return (self, *self.also)


class GoldItem(BaseModel):
    """One question; an answer is right when it contains any of `answers`.

    `reference` is a whole answer in other words, which none will contain but many resemble.
    `want`, `must` and `must_not` judge the response as a person would: its kind, and regular
    expressions that its text has to match, all of `must` and none of `must_not`, whatever the
    case of letters. `kind` groups questions in reports and in the gate.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: Words
    question: Words
    turns: tuple[Turn, ...] = ()
    answers: tuple[Words, ...] = ()
    reference: Words | None = None
    evidence: tuple[GoldEvidence, ...] = ()
    answerable: bool = True
    tags: tuple[str, ...] = ()
    kind: Words | None = None
    want: Want | None = None
    must: tuple[Pattern, ...] = ()
    must_not: tuple[Pattern, ...] = ()

    @model_validator(mode="before")
    @classmethod
    def _refusal_is_unanswerable(cls, given: object) -> object:
        if isinstance(given, dict) and given.get("want") == Want.REFUSE:
            return {"answerable": False, **given}
        return given

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        held = bool(self.answers or self.reference or self.evidence)
        if self.answerable and not held and self.want is None:
            raise ValueError("an answerable question needs an answer or evidence")
        if not self.answerable and held:
            raise ValueError("a question that is not answerable has neither answers nor evidence")
        if (self.must or self.must_not) and self.want is None:
            raise ValueError("must and must_not need want: answer, refuse, reply or limit")
        if self.want is not None and self.answerable is (self.want is Want.REFUSE):
            raise ValueError("a question is not answerable if, and only if, want is refuse")
        return self

    @property
    def accepted(self) -> tuple[str, ...]:
        """Whatever an answer may resemble: the answers, and the reference."""
        return (*self.answers, self.reference) if self.reference else self.answers


@dataclass(frozen=True, slots=True)
class GoldSet:
    """Questions in the order of their file, and where in it each of them stands ("line 3").

    `documents` holds the corpus (path to content) of a set that brings its own, else nothing.
    """

    name: str
    items: tuple[GoldItem, ...]
    places: tuple[str, ...]
    documents: Mapping[str, str | bytes] = field(default_factory=dict)

    @property
    def digest(self) -> str:
        """SHA-256 of the questions' content; layout and key order of the file don't matter."""
        lines = (item.model_dump_json(exclude_defaults=True) for item in self.items)
        return sha256("\n".join(lines).encode()).hexdigest()


class GoldCollector:
    """Collects gold items and the errors of a whole file."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._items: list[GoldItem] = []
        self._places: dict[str, str] = {}
        self._errors: list[str] = []

    def add(self, place: str, item: object) -> None:
        """Validate and add the item at this place of the file, or record its errors."""
        try:
            read = GoldItem.model_validate(item)
        except ValidationError as error:
            self.error(place, all_errors(error))
            return
        if first := self._places.get(read.id):
            self.error(place, f"id {read.id!r} is already used: {first}")
            return
        self._places[read.id] = place
        self._items.append(read)

    def error(self, place: str, error: str) -> None:
        """Record an error at a place of the file."""
        self._errors.append(f"{place}: {error}")

    def gold_set(self, documents: Mapping[str, str | bytes] | None = None) -> GoldSet:
        """The set. Raises ConfigError that lists the errors, or if there are no questions."""
        raise_errors(self._errors, self._name)
        if not self._items:
            raise ConfigError(f"gold file {self._name} holds no questions")
        places = tuple(self._places.values())
        return GoldSet(self._name, tuple(self._items), places, documents or {})


def read_text(path: Path) -> str:
    """The file as text. Raises ConfigError if it is not a readable UTF-8 file."""
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise ConfigError(f"there is no gold file {path}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"gold file {path} cannot be read: {error}") from None


def parse_jsonl(text: str, name: str) -> GoldSet:
    """The gold items of a JSONL text. Raises ConfigError that names every bad line of `name`."""
    found = GoldCollector(name)
    for place, value in json_lines(text, found):
        found.add(place, value)
    return found.gold_set()


def json_lines(text: str, found: GoldCollector, file: str = "") -> Iterator[tuple[str, object]]:
    """The values of a JSONL text, each with its place ("line 3"); broken lines become errors.

    `file` names the text in these, where a gold set has several.
    """
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        place = f"{file}, line {number}" if file else f"line {number}"
        try:
            yield place, json.loads(line)
        except json.JSONDecodeError as error:
            found.error(place, f"not JSON: {error.msg} at character {error.colno}")
        except RecursionError:
            found.error(place, "not JSON that can be read: nested too deeply")


def raise_errors(errors: Sequence[str], name: str) -> None:
    """Raises ConfigError that lists the errors, if there are any."""
    if errors:
        more = [f"and {len(errors) - _SHOWN} more"] if len(errors) > _SHOWN else []
        raise ConfigError("\n  ".join([f"gold file {name} has faults:", *errors[:_SHOWN], *more]))

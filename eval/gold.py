"""Gold questions: what is asked, which answers are right, and where the corpus says so."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError, model_validator

from index.errors import ConfigError
from rag.answers import Turn

Words = Annotated[str, StringConstraints(min_length=1, pattern=r"\S")]
_SHOWN = 20


class Place(BaseModel):
    """Words of a document: its path in the corpus, and a quote from its extracted text."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    document: Words
    quote: Words


class Evidence(Place):
    """A fact that an answer rests on; `also` names the other places that state the same fact."""

    also: tuple[Place, ...] = ()

    @property
    def places(self) -> tuple[Place, ...]:
        """Every place that states the fact."""
        return (self, *self.also)


class GoldItem(BaseModel):
    """One question; an answer is right when it contains any of `answers`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: Words
    question: Words
    turns: tuple[Turn, ...] = ()
    answers: tuple[Words, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    answerable: bool = True
    tags: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _agrees(self) -> "GoldItem":
        if self.answerable and not self.answers:
            raise ValueError("an answerable question needs at least one answer")
        if not self.answerable and (self.answers or self.evidence):
            raise ValueError("a question that is not answerable has neither answers nor evidence")
        return self


@dataclass(frozen=True, slots=True)
class GoldSet:
    """Questions in the order of their file; `digest` changes with any of them.

    `documents` holds the corpus (path to text) of a set that brings its own, else nothing.
    """

    items: tuple[GoldItem, ...]
    digest: str
    documents: Mapping[str, str] = field(default_factory=dict)


def digest_of(items: Iterable[GoldItem]) -> str:
    """SHA-256 of the questions' content; layout and key order of the file don't matter."""
    return sha256("\n".join(item.model_dump_json() for item in items).encode()).hexdigest()


def read_text(path: Path) -> str:
    """The file as text. Raises ConfigError if it is not a readable UTF-8 file."""
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise ConfigError(f"there is no gold file {path}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"gold file {path} cannot be read: {error}") from None


def parse_jsonl(text: str, name: str) -> tuple[GoldItem, ...]:
    """The gold items of a JSONL text. Raises ConfigError that names every bad line of `name`."""
    items: list[GoldItem] = []
    faults: list[str] = []
    lines: dict[str, int] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        try:
            item = GoldItem.model_validate(json.loads(line))
        except ValueError as error:
            faults.append(f"line {number}: {_fault(error)}")
            continue
        if first := lines.get(item.id):
            faults.append(f"line {number}: id {item.id!r} is already used on line {first}")
        lines.setdefault(item.id, number)
        items.append(item)
    check(faults, items, name)
    return tuple(items)


def check(faults: Sequence[str], items: Sequence[GoldItem], name: str) -> None:
    """Raises ConfigError that lists the faults, or tells that there are no questions."""
    if faults:
        more = [f"and {len(faults) - _SHOWN} more"] if len(faults) > _SHOWN else []
        raise ConfigError("\n  ".join([f"gold file {name} has faults:", *faults[:_SHOWN], *more]))
    if not items:
        raise ConfigError(f"gold file {name} holds no questions")


def _fault(error: ValueError) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"not JSON: {error.msg} at character {error.colno}"
    if not isinstance(error, ValidationError):
        return str(error)
    return "; ".join(
        ": ".join(filter(None, [".".join(map(str, fault["loc"])), fault["msg"]]))
        for fault in error.errors(include_url=False)
    )

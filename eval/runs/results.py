"""A run read back for its report: the folder's files as checked values, and what became of each.

Whatever is in these files may have been written by strangers: questions, answers and passages are
text without hidden characters from here on, and the page's template escapes it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from eval.pydantic_errors import first_fault
from eval.runs.folder import CONFIG, RESULTS, SUMMARY
from index.errors import ConfigError

# Control characters and marks that reorder or hide text; joiners stay, many scripts need them.
_UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u200b\u202a-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb"
    "\ud800-\udfff\U000e0000-\U000e0fff]"
)


class Outcome(StrEnum):
    """What became of a question, the worst first."""

    FAILED = "failed"
    INVENTED = "invented"
    WRONG = "wrong"
    OVER_REFUSED = "over-refused"
    DECLINED = "declined"
    RIGHT = "right"

    @property
    def good(self) -> bool:
        """Whether it is what a user wants."""
        return self in {Outcome.RIGHT, Outcome.DECLINED}


def clean(text: str) -> str:
    """The text with a space for each character that a reader can't see but a page would obey.

    One for one, so that spans keep their places.
    """
    return _UNSEEN.sub(" ", text)


Text = Annotated[str, AfterValidator(clean)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class Span(_Part):
    """Characters `start` to `end` of a document, half open."""

    document: Text
    start: int
    end: int


class Ranked(Span):
    """A passage by its place in a ranking, from 1, and its score."""

    rank: int
    score: float


class Given(Ranked):
    """A passage that the answer was made from."""

    text: Text
    heading: Text = ""
    page: int | None = None


class Cited(Span):
    """A citation of the answer."""

    label: int
    quote: Text
    heading: Text = ""
    page: int | None = None


class Stated(_Part):
    """A statement of the answer with its labels and how well they back it."""

    text: Text
    citations: tuple[int, ...]
    support: Text


class Refused(_Part):
    """Why there is no answer."""

    reason: Text
    message: Text


class Turned(_Part):
    """A past question and its answer."""

    question: Text
    answer: Text


class Result(_Part):
    """A line of `results.jsonl`: one question, its answer and its scores."""

    id: Text
    question: Text
    answerable: bool
    tags: tuple[Text, ...] = ()
    turns: tuple[Turned, ...] = ()
    gold: tuple[Text, ...] = ()
    query: Text | None = None
    answer: Text | None = None
    refusal: Refused | None = None
    statements: tuple[Stated, ...] | None = None
    citations: tuple[Cited, ...] | None = None
    passages: tuple[Given, ...] | None = None
    ranked: tuple[Ranked, ...] = ()
    evidence: tuple[Span, ...] = ()
    confidence: float | None = None
    scores: Mapping[Text, float | bool | None] = Field(default_factory=dict)
    fault: Text | None = None
    seconds: float = 0.0
    stages: Mapping[Text, float] | None = None
    error: Text | None = None

    @property
    def refused(self) -> bool:
        """Whether the question was refused; one that failed was not."""
        return self.error is None and self.refusal is not None

    @property
    def outcome(self) -> Outcome:
        """What became of the question.

        An answer is right when it holds a gold string; where the gold set has none, when evidence
        was found among the first five passages.
        """
        if self.error is not None:
            return Outcome.FAILED
        if not self.answerable:
            return Outcome.DECLINED if self.refused else Outcome.INVENTED
        if self.refused:
            return Outcome.OVER_REFUSED
        known = (self.score(name) for name in ("contains", "success_5"))
        right = next((score for score in known if score is not None), 0.0)
        return Outcome.RIGHT if right == 1 else Outcome.WRONG

    @property
    def sureness(self) -> float:
        """The answer's own confidence, else the score of the first passage."""
        if self.confidence is not None:
            return self.confidence
        return self.ranked[0].score if self.ranked else 0.0

    def score(self, field: str) -> float | None:
        """A score by its field's name; None where the measure does not apply."""
        value = self.scores.get(field)
        return None if value is None else float(value)


@dataclass(frozen=True, slots=True)
class Run:
    """A run folder: its path, what was run, its summary and a result per question."""

    path: Path
    config: Mapping[str, Any]
    summary: Mapping[str, Any]
    results: tuple[Result, ...]

    @property
    def started(self) -> datetime:
        """When it began; the beginning of time if the folder does not tell."""
        try:
            return datetime.fromisoformat(str(self.config.get("started")))
        except ValueError:
            return datetime.fromtimestamp(0).astimezone()

    @property
    def name(self) -> str:
        """The folder's name."""
        return clean(self.path.resolve().name)


def read_run(path: Path) -> Run:
    """A run's folder as it was left.

    Raises ConfigError if it is none, if the run did not come to its end, or naming a bad line.
    """
    if not (path / SUMMARY).is_file():
        what = "was not finished" if (path / RESULTS).is_file() else "is no run folder"
        raise ConfigError(f"{path} {what}; run: footnote eval run GOLD --out {path}")
    return Run(path, _read_json(path / CONFIG), _read_json(path / SUMMARY), _results(path))


def _read_json(path: Path) -> Mapping[str, Any]:
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigError(f"{path} cannot be read: {error}") from None
    if not isinstance(value, dict):
        raise ConfigError(f"{path} is no JSON object")
    return value


def _results(path: Path) -> tuple[Result, ...]:
    try:
        lines = (path / RESULTS).read_text(encoding="utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path / RESULTS} cannot be read: {error}") from None
    return tuple(
        _result(line, f"{path / RESULTS}, line {number}")
        for number, line in enumerate(lines, start=1)
        if line
    )


def _result(line: str, where: str) -> Result:
    try:
        return Result.model_validate_json(line)
    except ValidationError as error:
        raise ConfigError(f"{where}: {first_fault(error)}") from None

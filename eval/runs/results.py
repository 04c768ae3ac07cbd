"""A finished run read from its folder.

The files may hold text of strangers: hidden characters in questions, answers and passages are
replaced when they are read, and the report's template escapes all text.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from eval.measures.registry import COUNTS
from eval.pydantic_errors import first_error
from eval.runs.folder import CONFIG, RESULTS, SUMMARY
from eval.runs.outcome import Outcome, outcome_of
from index.errors import ConfigError
from index.formats.hidden_characters import UNSEEN
from rag.settings import Settings

# Settings that say where things are and how long they may take, not what is answered.
_PLACES = {"data", "llm_url", "llm_seconds", "max_file_mb", "parse_seconds"}
_SHOWN_CHARACTERS = 100
_UNSEEN = re.compile(f"[\r{UNSEEN}]")


def clean(text: str) -> str:
    """The text with a space for each character that a reader can't see but a page would obey.

    One for one, so that spans keep their places.
    """
    return _UNSEEN.sub(" ", text)


Text = Annotated[str, AfterValidator(clean)]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class RecordedSpan(_Frozen):
    """Characters `start` to `end` of a document, half open."""

    document: Text
    start: int
    end: int


class RankedSpan(RecordedSpan):
    """A passage by its place in a ranking, from 1, and its score."""

    rank: int
    score: float


class RecordedPassage(RankedSpan):
    """A passage that the answer was made from."""

    text: Text
    heading: Text = ""
    page: int | None = None


class RecordedCitation(RecordedSpan):
    """A citation of the answer."""

    label: int
    quote: Text
    heading: Text = ""
    page: int | None = None


class RecordedStatement(_Frozen):
    """A statement of the answer with its labels and how well they back it."""

    text: Text
    citations: tuple[int, ...]
    support: Text


class RecordedRefusal(_Frozen):
    """Why there is no answer."""

    reason: Text
    message: Text


class RecordedTurn(_Frozen):
    """A past question and its answer."""

    question: Text
    answer: Text


class QuestionResult(_Frozen):
    """A line of `results.jsonl`: one question, its answer and its scores."""

    id: Text
    question: Text
    answerable: bool
    tags: tuple[Text, ...] = ()
    kind: Text | None = None
    turns: tuple[RecordedTurn, ...] = ()
    gold: tuple[Text, ...] = ()
    query: Text | None = None
    answer: Text | None = None
    refusal: RecordedRefusal | None = None
    statements: tuple[RecordedStatement, ...] | None = None
    citations: tuple[RecordedCitation, ...] | None = None
    passages: tuple[RecordedPassage, ...] | None = None
    ranked: tuple[RankedSpan, ...] = ()
    evidence: tuple[RecordedSpan, ...] = ()
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
        """What became of the question."""
        return outcome_of(
            answerable=self.answerable,
            refused=self.refused,
            failed=self.error is not None,
            scores=self.scores,
        )

    @property
    def response(self) -> str:
        """The answer, the reason of the refusal or the error, in one short line."""
        if self.error is not None:
            return f"failed: {self.error}"
        if self.refusal:
            return f"refused: {self.refusal.reason}"
        text = " ".join((self.answer or "").split())
        if len(text) <= _SHOWN_CHARACTERS:
            return text
        return text[: _SHOWN_CHARACTERS - 1].rstrip() + "…"

    @cached_property
    def comparable(self) -> Mapping[str, float]:
        """The scores that apply, 0..1, higher is better, by metric."""
        return dict(self._comparable())

    def _comparable(self) -> Iterator[tuple[str, float]]:
        for name, value in self.scores.items():
            # Counts say something only beside another count.
            if name not in COUNTS and value is not None and not isinstance(value, bool):
                yield name, float(value)
        if citations := self.scores.get("citations"):
            yield "exact_quotes", (self.scores.get("exact") or 0) / citations
        # A question that failed was neither answered nor refused: a crash is no caution.
        refused = None if self.error else self.scores.get("refused")
        if self.answerable:
            yield "answered", float(refused is False)
        else:
            yield "refusal_recall", float(refused is True)

    @property
    def effective_confidence(self) -> float:
        """The answer's own confidence, else the score of the first passage."""
        if self.confidence is not None:
            return self.confidence
        return self.ranked[0].score if self.ranked else 0.0

    def score(self, field: str) -> float | None:
        """A score by its field's name; None where the measure does not apply."""
        value = self.scores.get(field)
        return None if value is None else float(value)


@dataclass(frozen=True)
class Run:
    """A finished run: its folder, configuration, summary, and a result per question."""

    path: Path
    config: Mapping[str, Any]
    summary: Mapping[str, Any]
    results: tuple[QuestionResult, ...]

    @property
    def started(self) -> datetime:
        """When it began; the epoch if the configuration does not say."""
        try:
            return datetime.fromisoformat(str(self.config.get("started")))
        except ValueError:
            return datetime.fromtimestamp(0).astimezone()

    @property
    def name(self) -> str:
        """The folder's name."""
        return clean(self.path.resolve().name)

    @property
    def gold(self) -> str:
        """The name of the gold set's file."""
        return Path(self.config["gold"]).name

    @property
    def digest(self) -> str:
        """The digest of the gold set's questions."""
        return str(self.config["gold_digest"])

    @property
    def footnote(self) -> str:
        """The version that was run."""
        return str(self.config.get("footnote", ""))

    @property
    def settings(self) -> Mapping[str, object]:
        """The settings that shape answers."""
        settings: Mapping[str, object] = self.config.get("settings", {})
        return {name: value for name, value in settings.items() if name not in _PLACES}

    @cached_property
    def questions(self) -> Mapping[str, QuestionResult]:
        """The results by the question's id."""
        return {result.id: result for result in self.results}

    @cached_property
    def metrics(self) -> tuple[str, ...]:
        """Every metric that applies to some question, in the order in which they are recorded."""
        return tuple(dict.fromkeys(name for one in self.results for name in one.comparable))


class _Config(BaseModel, title=CONFIG):
    gold: str
    gold_digest: str
    footnote: str = ""
    settings: dict[str, Any] = Field(default_factory=dict)


def read_run(folder: Path) -> Run:
    """A run's folder. Raises ConfigError if it is none, unfinished or broken."""
    if not (folder / CONFIG).is_file():
        raise ConfigError(f"{folder} is not a run folder; run: footnote eval run GOLD --out FOLDER")
    if not (folder / SUMMARY).is_file():
        raise ConfigError(f"the run in {folder} did not finish; run footnote eval run again")
    try:
        config, summary = _read_json(folder / CONFIG), _read_json(folder / SUMMARY)
        # Not splitlines(): a text may hold other characters that it takes for an end of line.
        lines = (folder / RESULTS).read_text(encoding="utf-8").split("\n")
        _Config.model_validate(config)
        results = tuple(_result(line, number) for number, line in enumerate(lines, 1) if line)
    except ValidationError as error:
        raise _unreadable(folder, f"{error.title}: {first_error(error)}") from None
    except (OSError, ValueError) as error:
        raise _unreadable(folder, str(error)) from None
    return Run(folder, config, summary, results)


def _unreadable(folder: Path, reason: str) -> ConfigError:
    return ConfigError(f"the run in {folder} cannot be read: {reason}")


def _read_json(path: Path) -> Mapping[str, Any]:
    value = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(value, dict):
        raise ValueError(f"{path.name} is no JSON object")
    return value


def _result(line: str, number: int) -> QuestionResult:
    try:
        return QuestionResult.model_validate_json(line)
    except ValidationError as error:
        raise ValueError(f"{RESULTS}, line {number}: {first_error(error)}") from None


def settings_changed(old: Mapping[str, object], new: Mapping[str, object]) -> Iterator[str]:
    """A line for each setting that has another value now.

    One that a version did not have yet counts as its default, which is how that version behaved.
    """
    defaults = Settings.model_construct().model_dump(mode="json", exclude={"llm_key"})
    for name in dict.fromkeys([*old, *new]):
        before, after = (one.get(name, defaults.get(name)) for one in (old, new))
        if before != after:
            yield f"{name}: {before!r} -> {after!r}"


def by_tag(results: Iterable[QuestionResult]) -> dict[str, list[str]]:
    """Ids of the questions of each tag, in order of tag."""
    tags: dict[str, list[str]] = {}
    for result in results:
        for tag in result.tags:
            tags.setdefault(tag, []).append(result.id)
    return dict(sorted(tags.items()))

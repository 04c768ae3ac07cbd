"""Run folders read back, for whatever sets one run against another."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from eval.faults import first_fault
from eval.folder import CONFIG, RESULTS, SUMMARY
from index.errors import ConfigError

# Counts say something only beside another count; `refused` is read for the question's kind.
_NOT_SCORES = {"citations", "exact", "stray", "refused"}
# Settings that say where things are and how long they may take, not what is answered.
_PLACES = {"data", "llm_url", "llm_seconds", "max_file_mb", "parse_seconds"}
_SHOWN = 100


@dataclass(frozen=True, slots=True)
class Asked:
    """A question of a run: `scores` holds what applies to it, 0..1, higher being better.

    `outcome` is what came back, in a few words.
    """

    id: str
    question: str
    tags: tuple[str, ...]
    answerable: bool
    scores: Mapping[str, float]
    outcome: str
    failed: bool

    @property
    def right(self) -> bool:
        """A gold string in the answer, or evidence in the first five passages if the gold set has
        no answers; a refusal where there is nothing to answer.
        """
        names = ("contains", "success_5") if self.answerable else ("refusal_recall",)
        return next((self.scores[name] == 1 for name in names if name in self.scores), False)


@dataclass(frozen=True, slots=True)
class Recorded:
    """A finished run. `settings` are those that shape answers."""

    path: Path
    gold: str
    digest: str
    footnote: str
    settings: Mapping[str, object]
    questions: Mapping[str, Asked]

    @property
    def metrics(self) -> tuple[str, ...]:
        """Every score that some question has, in the order in which they are recorded."""
        return tuple(dict.fromkeys(name for one in self.questions.values() for name in one.scores))


class _Config(BaseModel, title=CONFIG):
    gold: str
    gold_digest: str
    footnote: str
    settings: dict[str, Any]


class _Refusal(BaseModel):
    reason: str


class _Result(BaseModel, title=RESULTS):
    id: str
    question: str
    tags: tuple[str, ...]
    answerable: bool
    answer: str | None
    refusal: _Refusal | None
    scores: dict[str, float | bool | None]
    error: str | None


def read_run(folder: Path) -> Recorded:
    """A run as its folder keeps it. Raises ConfigError if it is none, unfinished or broken."""
    if not (folder / CONFIG).is_file():
        raise ConfigError(f"{folder} is not a run folder; run: footnote eval run GOLD --out FOLDER")
    if not (folder / SUMMARY).is_file():
        raise ConfigError(f"the run in {folder} did not finish; run footnote eval run again")
    try:
        config = _Config.model_validate_json((folder / CONFIG).read_bytes())
        # Not splitlines(): a text may hold other signs that it takes for an end of line.
        lines = (folder / RESULTS).read_text(encoding="utf-8").rstrip("\n").split("\n")
        asked = [_asked(_Result.model_validate_json(line)) for line in lines]
    except ValidationError as error:
        fault = f"{error.title}: {first_fault(error)}"
        raise ConfigError(f"the run in {folder} cannot be read: {fault}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"the run in {folder} cannot be read: {error}") from None
    return Recorded(
        folder,
        Path(config.gold).name,
        config.gold_digest,
        config.footnote,
        {name: value for name, value in config.settings.items() if name not in _PLACES},
        {one.id: one for one in asked},
    )


def settings_changed(old: Mapping[str, object], new: Mapping[str, object]) -> Iterator[str]:
    """A line for each setting that has another value now."""
    for name in dict.fromkeys([*old, *new]):
        if old.get(name) != new.get(name):
            yield f"{name}: {old.get(name)!r} -> {new.get(name)!r}"


def by_tag(asked: Iterable[Asked]) -> dict[str, list[str]]:
    """Ids of the questions of each tag, in order of tag."""
    tags: dict[str, list[str]] = {}
    for one in asked:
        for tag in one.tags:
            tags.setdefault(tag, []).append(one.id)
    return dict(sorted(tags.items()))


def _asked(result: _Result) -> Asked:
    return Asked(
        result.id,
        result.question,
        result.tags,
        result.answerable,
        dict(_scores(result)),
        _outcome(result),
        result.error is not None,
    )


def _scores(result: _Result) -> Iterator[tuple[str, float]]:
    given = result.scores
    for name, value in given.items():
        if name not in _NOT_SCORES and value is not None and not isinstance(value, bool):
            yield name, float(value)
    if citations := given.get("citations"):
        yield "exact_quotes", (given.get("exact") or 0) / citations
    # A question that failed was neither answered nor refused: a crash is no caution.
    refused = None if result.error else given.get("refused")
    yield (
        ("answered", float(refused is False))
        if result.answerable
        else (
            "refusal_recall",
            float(refused is True),
        )
    )


def _outcome(result: _Result) -> str:
    if result.error is not None:
        return f"failed: {result.error}"
    if result.refusal:
        return f"refused: {result.refusal.reason}"
    text = " ".join((result.answer or "").split())
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1].rstrip() + "…"

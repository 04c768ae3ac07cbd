"""A run on disk: what was run (`config.json`), a line per question, and the summary.

Fields of a line of `results.jsonl`, in this order; a question that failed has None in those that
come from its answer, and `error` says why:

    id, question, tags, answerable, gold (accepted answers): of the gold item
    evidence    [{fact, document, start, end}]: places in the documents' text; places of one
                `fact` (counted from 0) state the same thing, and one of them is enough
    query, answer (text with markers), refusal {reason, message} or None, statements, citations,
                stray, note, confidence: as in `ask --json`
    passages    [{rank, document, page, heading, start, end, text, score}]: what the answer was
                made from, whole
    ranked      [{rank, document, start, end, score}]: what retrieval is judged by; at least the
                passages, and more where those did not hold all of the evidence
    scores      of this question, 0..1, None where a measure does not apply: success_1, success_5,
                recall_5, recall_10, reciprocal_rank, ndcg_10, span_recall, span_precision,
                span_iou, exact_match, token_f1, contains, rouge_l, citation_precision,
                citation_recall, alce_precision, alce_recall, page_match, refused (a bool);
                and counts: citations, exact, stray
    fault       None if nothing is known to be wrong, else failed, not_found (no evidence was
                shown), found_not_used (shown, but not cited), used_not_found (right, but from
                elsewhere), used_not_right (cited, but the answer lacks the gold string),
                not_refused
    differs     repeats whose answer was another one; 0 if the question was asked once
    seconds     wall time of the answer; stages: seconds of its parts
    fingerprint of settings and index; error: None or a sentence

`config.json`: gold, gold_digest, questions, corpus, settings, repeats, generation, footnote,
started. `summary.json`: gold, questions, answerable, unanswerable, failed [{id, error}], measures
{name: mean or None}, n {name: questions it was taken over}, faults {name: count}, tags {tag:
{questions, measures}}, risk_coverage {points, aurc, at_risk_5, n} or None, judge (of alce_*, and
how good it is), repeats {times, differing ids}, seconds {total, engine, share, median, p95},
stages {name: {median, p95}}, peak_memory_mb.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from eval.pydantic_errors import first_fault
from eval.runs.evaluate import Row
from eval.runs.summary import Record
from index.errors import ConfigError
from index.types import Hit
from rag.schema import AnswerBody

CONFIG, RESULTS, SUMMARY = "config.json", "results.jsonl", "summary.json"
# What config.json holds that may differ between two parts of one run.
_MAY_DIFFER = ("started",)
# JSON leaves these as they are, and `splitlines` would part a line at them.
_LINE_ENDS = {0x85: "\\u0085", 0x2028: "\\u2028", 0x2029: "\\u2029"}


def as_record(row: Row) -> Record:
    """A row as JSON values, for `results.jsonl`."""
    body = AnswerBody.of(row.answer).model_dump() if row.answer else None
    said = ("refusal", "statements", "citations", "stray", "note")
    return {
        "id": row.item.id,
        "question": row.item.question,
        "tags": row.item.tags,
        "answerable": row.item.answerable,
        "gold": row.item.accepted,
        "evidence": [
            {"fact": number, "document": document, "start": start, "end": end}
            for number, fact in enumerate(row.facts)
            for document, start, end in fact.places
        ],
        "query": body and body["query"],
        "answer": body and body["text"],
        **{name: body and body[name] for name in said},
        "confidence": body and body["confidence"],
        "passages": body and [_shown(passage) for passage in body["passages"]],
        "ranked": [_ranked(hit) for hit in row.ranked],
        "scores": asdict(row.scores),
        "fault": row.fault,
        "differs": row.differs,
        "seconds": round(row.seconds, 4),
        "stages": body and body["seconds"],
        "fingerprint": body and body["fingerprint"],
        "error": row.error,
    }


def _shown(passage: Mapping[str, Any]) -> Record:
    names = ("rank", "document", "page", "heading", "start", "end", "text", "score")
    return {name: passage[name] for name in names}


def _ranked(hit: Hit) -> Record:
    return {
        "rank": hit.rank,
        "document": hit.passage.document,
        "start": hit.passage.start,
        "end": hit.passage.end,
        "score": round(hit.score, 6),
    }


class RunFolder:
    """Where a run is kept: `config.json`, `results.jsonl` and `summary.json`."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def start(self, config: Mapping[str, object]) -> dict[str, Record]:
        """Make the folder and write what is run; the records by id of questions that need not be
        asked again, since a run of the same configuration stopped after them.

        Any other run in the folder is replaced. Raises ConfigError if it can't be written.
        """
        try:
            done = self._stopped(config)
            self.path.mkdir(parents=True, exist_ok=True)
            (self.path / SUMMARY).unlink(missing_ok=True)
            self._write_results(done.values())
            self._write(CONFIG, config)
        except OSError as error:
            raise ConfigError(f"run folder {self.path} cannot be written: {error}") from None
        return done

    def keep(self, rows: Iterable[Row]) -> Iterator[tuple[Row, Record]]:
        """Pass rows on as they come, each written at once, so that a killed run leaves its part."""
        with (self.path / RESULTS).open("a", encoding="utf-8") as file:
            for row in rows:
                record = as_record(row)
                file.write(_line(record))
                file.flush()
                yield row, record

    def finish(self, records: Sequence[Record], summary: Mapping[str, object]) -> None:
        """Write records in their order, and the summary: it tells that the run is complete."""
        self._write_results(records)
        self._write(SUMMARY, summary)

    def _stopped(self, config: Mapping[str, object]) -> dict[str, Record]:
        """What a run of this configuration has left, but for questions that failed."""
        if (self.path / SUMMARY).exists() or not (self.path / CONFIG).exists():
            return {}
        try:
            before = json.loads((self.path / CONFIG).read_text(encoding="utf-8"))
        except ValueError:
            return {}
        now = json.loads(json.dumps(config))
        if any(before.get(key) != now[key] for key in now if key not in _MAY_DIFFER):
            return {}
        return {one["id"]: one for one in self._results() if one["error"] is None}

    def _results(self) -> Iterator[Record]:
        text = (self.path / RESULTS).read_text(encoding="utf-8")
        for line in text.split("\n"):
            try:
                yield json.loads(line)
            except ValueError:
                # The last line of a run that was killed while it wrote it.
                return

    def _write_results(self, records: Iterable[Record]) -> None:
        written = self.path / f"{RESULTS}.new"
        with written.open("w", encoding="utf-8") as file:
            file.writelines(map(_line, records))
        written.replace(self.path / RESULTS)

    def _write(self, name: str, value: Mapping[str, object]) -> None:
        text = json.dumps(value, ensure_ascii=False, indent=2) + "\n"
        (self.path / name).write_text(text, encoding="utf-8")


def _line(record: Record) -> str:
    return json.dumps(record, ensure_ascii=False).translate(_LINE_ENDS) + "\n"


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

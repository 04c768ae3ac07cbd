"""A run on disk: what was run (`config.json`), a line per question, and the summary.

Fields of a line of `results.jsonl`, in this order; a question that failed has None in those that
come from its answer, and `error` says why:

    id, question, tags, kind, want, answerable, gold (accepted answers): of the gold item
    evidence    [{fact, document, start, end}]: places in the documents' text; places of one
                `fact` (counted from 0) state the same thing, and one of them is enough
    query, answer (text with markers), refusal {reason, message} or None, statements, citations,
                stray, note, confidence: as in `ask --json`
    passages    [{rank, document, page, heading, start, end, text, score}]: what the answer was
                made from, whole
    ranked      [{rank, document, start, end, score}]: what retrieval is judged by; at least the
                passages, and more where those did not hold all of the evidence
    scores      of this question: the fields of `eval.measures.registry.METRICS`, 0..1, None where
                a metric does not apply; refused (a bool); and counts: citations, exact, stray
    fault       None if nothing is known to be wrong, else the failure mode: failed, not_found (no
                evidence was shown), found_not_used (shown, but not cited), used_not_found (right,
                but from elsewhere), used_not_right (cited, but the answer lacks the gold string),
                not_refused
    differs     repeats whose answer was another one; 0 if the question was asked once
    seconds     wall time of the answer; stages: seconds of its parts
    fingerprint of settings and index; error: None or a sentence

`config.json`: gold, gold_digest, questions, corpus, settings, repeats, generation, footnote,
started. `summary.json`: gold, questions, answerable, unanswerable, failed [{id, error}], measures
{name: mean or None}, n {name: questions it was taken over}, faults {name: count}, kinds {kind:
{questions, right, measures}}, tags {tag: {questions, measures}}, risk_coverage {points, aurc,
at_risk_5, n} or None, judge (of alce_*, and how good it is), repeats {times, differing ids},
seconds {total, engine, share, median, p95}, stages {name: {median, p95}}, peak_memory_mb.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from eval.runs.evaluate import EvaluatedQuestion
from eval.runs.summary import Record
from index.errors import ConfigError
from index.types import Hit
from rag.schema import AnswerBody

CONFIG, RESULTS, SUMMARY = "config.json", "results.jsonl", "summary.json"
# Keys of config.json that may differ between two parts of one run.
_MAY_DIFFER = ("started",)
# JSON leaves these as they are, and `splitlines` would part a line at them.
_LINE_ENDS = {0x85: "\\u0085", 0x2028: "\\u2028", 0x2029: "\\u2029"}


def as_record(question: EvaluatedQuestion) -> Record:
    """A line of `results.jsonl` as JSON values."""
    item = question.item
    body = AnswerBody.of(question.answer).model_dump() if question.answer else None
    copied = ("refusal", "statements", "citations", "stray", "note")
    return {
        "id": item.id,
        "question": item.question,
        "tags": item.tags,
        "kind": item.kind,
        "want": item.want,
        "answerable": item.answerable,
        "gold": item.accepted,
        "evidence": [
            {"fact": number, "document": document, "start": start, "end": end}
            for number, fact in enumerate(question.facts)
            for document, start, end in fact.places
        ],
        "query": body and body["query"],
        "answer": body and body["text"],
        **{name: body and body[name] for name in copied},
        "confidence": body and body["confidence"],
        "passages": body and [_passage(passage) for passage in body["passages"]],
        "ranked": [_ranked(hit) for hit in question.ranked],
        "scores": question.scores,
        "fault": question.failure,
        "differs": question.differs,
        "seconds": round(question.seconds, 4),
        "stages": body and body["seconds"],
        "fingerprint": body and body["fingerprint"],
        "error": question.error,
    }


def _passage(passage: Mapping[str, Any]) -> Record:
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
    """Writes a run: `config.json`, `results.jsonl` and `summary.json`."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def start(self, config: Mapping[str, object]) -> dict[str, Record]:
        """Make the folder, write the configuration, and return the records by id of questions that
        an interrupted run of the same configuration has answered.

        Any other run in the folder is replaced. Raises ConfigError if it can't be written.
        """
        try:
            done = self._interrupted(config)
            self.path.mkdir(parents=True, exist_ok=True)
            (self.path / SUMMARY).unlink(missing_ok=True)
            self._write_results(done.values())
            self._write(CONFIG, config)
        except OSError as error:
            raise ConfigError(f"run folder {self.path} cannot be written: {error}") from None
        return done

    def keep(
        self, questions: Iterable[EvaluatedQuestion]
    ) -> Iterator[tuple[EvaluatedQuestion, Record]]:
        """Write each question at once, so that a killed run leaves its part, and pass it on."""
        with (self.path / RESULTS).open("a", encoding="utf-8") as file:
            for question in questions:
                record = as_record(question)
                file.write(_line(record))
                file.flush()
                yield question, record

    def finish(self, records: Sequence[Record], summary: Mapping[str, object]) -> None:
        """Write the records in their order, and the summary, which marks the run as complete."""
        self._write_results(records)
        self._write(SUMMARY, summary)

    def _interrupted(self, config: Mapping[str, object]) -> dict[str, Record]:
        """Records of an interrupted run of this configuration, without questions that failed."""
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

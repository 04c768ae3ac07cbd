"""A run on disk: what was run (`config.json`), a line per question, and the summary.

Fields of a line of `results.jsonl`, in this order; a question that failed has None in those that
come from its answer, and `error` says why:

    id, question, tags, answerable, gold (accepted answers)       the gold item
    evidence    [{fact, document, start, end}]: places in the documents' text; places of one
                `fact` (counted from 0) state the same thing, and one of them is enough
    query, answer (text with markers), refusal {reason, message} or None, statements, citations,
                stray, note, confidence (None while the answer has none): as in `ask --json`
    passages    [{rank, document, page, heading, start, end, text, score}]: what the answer was
                made from, whole
    ranked      [{rank, document, start, end, score}]: what retrieval is judged by; at least the
                passages, and more where those did not hold all of the evidence
    scores      of this question, 0..1, None where a measure does not apply: success_1, success_5,
                recall_5, recall_10, reciprocal_rank, ndcg_10, span_recall, span_precision,
                span_iou, exact_match, token_f1, contains, rouge_l, citation_precision,
                citation_recall, alce_precision, alce_recall, page_match, refused (a bool);
                and counts: citations, exact, stray
    fault       None if all is well, else failed, not_found (no evidence was shown), found_not_used
                (shown, but not cited), used_not_found (right, but from elsewhere), used_not_right
                (cited, but the answer lacks the gold string), not_refused
    differs     repeats whose answer was another one; 0 if the question was asked once
    seconds     wall time of the answer; stages: seconds of its parts
    tokens      {prompt, completion} of an LLM, or None
    fingerprint of settings and index; error: None or a sentence

`config.json`: gold, gold_digest, questions, corpus, settings, repeats, generation, footnote,
started. `summary.json`: gold, questions, answerable, unanswerable, failed [{id, error}], measures
{name: mean or None}, n {name: questions it was taken over}, faults {name: count}, tags {tag:
{questions, measures}}, risk_coverage, judge, repeats, seconds, stages, tokens, peak_memory_mb.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from pathlib import Path

from eval.run import Row
from index.errors import ConfigError
from rag.wire import AnswerBody

CONFIG, RESULTS, SUMMARY = "config.json", "results.jsonl", "summary.json"


def as_record(row: Row) -> dict[str, object]:
    """A row as JSON values, for `results.jsonl`."""
    body = row.answer and AnswerBody.of(row.answer).model_dump()
    return {
        "id": row.item.id,
        "question": row.item.question,
        "tags": row.item.tags,
        "answerable": row.item.answerable,
        "gold": row.item.answers,
        "query": body and body["query"],
        "answer": body and body["text"],
        "refusal": body and body["refusal"],
        "statements": body and body["statements"],
        "citations": body and body["citations"],
        "ranked": [
            {
                "rank": hit.rank,
                "document": hit.passage.document,
                "start": hit.passage.start,
                "end": hit.passage.end,
                "score": round(hit.score, 6),
            }
            for hit in row.ranked
        ],
        "scores": asdict(row.scores),
        "seconds": round(row.seconds, 4),
        "stages": body and body["seconds"],
        "fingerprint": body and body["fingerprint"],
        "error": row.error,
    }


class RunFolder:
    """Where a run is kept: `config.json`, `results.jsonl` and `summary.json`."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def start(self, config: Mapping[str, object]) -> None:
        """Make the folder and write what was run; an earlier run in it is replaced.

        Raises ConfigError if it can't be written.
        """
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            (self.path / SUMMARY).unlink(missing_ok=True)
            (self.path / RESULTS).write_text("", encoding="utf-8")
        except OSError as error:
            raise ConfigError(f"run folder {self.path} cannot be written: {error}") from None
        self._write(CONFIG, config)

    def keep(self, rows: Iterable[Row]) -> Iterator[Row]:
        """Pass rows on as they come, each written at once, so that a killed run leaves its part."""
        with (self.path / RESULTS).open("a", encoding="utf-8") as file:
            for row in rows:
                file.write(json.dumps(as_record(row), ensure_ascii=False) + "\n")
                file.flush()
                yield row

    def finish(self, summary: Mapping[str, object]) -> None:
        """Write the summary: its presence tells that the run is complete."""
        self._write(SUMMARY, summary)

    def _write(self, name: str, value: Mapping[str, object]) -> None:
        text = json.dumps(value, ensure_ascii=False, indent=2) + "\n"
        (self.path / name).write_text(text, encoding="utf-8")

"""Run folders as `footnote eval run` leaves them, with scores that a test chooses."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

DIGEST = "d" * 64
RIGHT = {"success_1": 1.0, "contains": 1.0, "citations": 2, "exact": 2, "refused": False}
REFUSED = {"citations": 0, "exact": 0, "refused": True}


def result(key: str, scores: Mapping[str, object], **given: object) -> dict[str, Any]:
    """A line of `results.jsonl`; `answerable` follows from the scores."""
    refused = scores.get("refused") is True
    return {
        "id": key,
        "question": f"What is {key}?",
        "tags": [],
        "answerable": "contains" in scores,
        "answer": f"It is\nthat {key} [1].",
        "refusal": {"reason": "no_evidence", "message": "It is not told."} if refused else None,
        "scores": dict(scores),
        "error": None,
        **given,
    }


def write_run(folder: Path, *results: Mapping[str, Any], **config: object) -> Path:
    """A finished run of these questions."""
    folder.mkdir(parents=True, exist_ok=True)
    made = {
        "gold": "some/where/small.jsonl",
        "gold_digest": DIGEST,
        "footnote": "0.1.0",
        "settings": {"data": "/here", "passage_tokens": 180},
        **config,
    }
    (folder / "config.json").write_text(json.dumps(made), encoding="utf-8")
    lines = "".join(json.dumps(line) + "\n" for line in results)
    (folder / "results.jsonl").write_text(lines, encoding="utf-8")
    (folder / "summary.json").write_text("{}", encoding="utf-8")
    return folder


def run_of(folder: Path, count: int, broken: int = 0, **config: object) -> Path:
    """A run of so many answerable questions, the first of them broken: not found, not said."""
    wrong = RIGHT | {"success_1": 0.0, "contains": 0.0}
    rows = [result(f"q{n:03}", wrong if n < broken else RIGHT) for n in range(count)]
    return write_run(folder, *rows, **config)

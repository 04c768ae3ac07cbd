"""What readers think of answers: lines of JSON, to make gold questions from."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from index.errors import StoreError
from rag.schema import CitationBody
from rag.types import Answer, Turn

FEEDBACK_FILE = "feedback.jsonl"
REASON_CHARACTERS = 1_000


def rate(data: Path, answer: Answer, turns: Sequence[Turn], rating: str, reason: str) -> None:
    """Add a rating ("up" or "down") to the file in the data folder; an answer's last one holds.

    Raises StoreError if it cannot be written.
    """
    line = {
        "question": answer.question,
        "turns": [{"question": turn.question, "answer": turn.answer} for turn in turns],
        "answer": answer.text,
        "citations": [CitationBody.of(each).model_dump(mode="json") for each in answer.citations],
        "rating": rating,
        "reason": reason.strip()[:REASON_CHARACTERS],
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    path = data / FEEDBACK_FILE
    try:
        # One write to the end of the file: lines of two readers do not mix.
        file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            os.write(file, (json.dumps(line, ensure_ascii=False) + "\n").encode("utf-8", "replace"))
        finally:
            os.close(file)
    except OSError as error:
        raise StoreError(
            f"the rating cannot be kept in {path}: {error.strerror}; see that it can be written"
        ) from None

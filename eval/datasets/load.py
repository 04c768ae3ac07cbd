"""Loads gold sets of every format, detected by content."""

from __future__ import annotations

import csv
import json
from pathlib import Path

from eval.datasets.beir import CORPUS, QUERIES, read_beir, read_scifact
from eval.datasets.chunking import read_chunking
from eval.datasets.csv_gold import read_csv, read_truths
from eval.datasets.gold import GoldSet, parse_jsonl, read_text
from eval.datasets.mtrag import TASKS_FILE, read_mtrag, read_queries
from eval.datasets.squad import read_squad
from index.errors import ConfigError

KINDS = (
    "Footnote's JSONL; SQuAD's, XQuAD's or MTRAG's JSON; MTRAG's JSONL of queries beside "
    f"{TASKS_FILE}; JSONL of question and truth; CSV with a column `question`; the folder of a "
    "BEIR set, of SciFact's CSV files or of Chroma's chunking set"
)


def load_gold(path: Path) -> GoldSet:
    """Read a gold set of any of KINDS. Raises ConfigError that names the file and its errors."""
    if path.is_dir():
        return _folder(path)
    text = read_text(path)
    start = text.lstrip()[:1]
    if start == "[":
        return parse_jsonl(text, path.name)
    if start != "{":
        return _table(text, path)
    # One value over several lines is a document, several values are lines.
    first = text.lstrip().split("\n", 1)[0]
    try:
        keys = json.loads(first).keys()
    except ValueError:
        return _json(text, path)
    if keys & {"data", "tasks"}:
        return _json(text, path)
    if "_id" in keys:
        return _queries(path)
    if "truth" in keys:
        return read_truths(text, path.name, path.parent)
    return parse_jsonl(text, path.name)


def _folder(folder: Path) -> GoldSet:
    if (folder / CORPUS).is_file() and (folder / QUERIES).is_file():
        return read_beir(folder)
    if len(list(folder.glob("corpus_*.csv"))) == len(list(folder.glob("claims_*.csv"))) == 1:
        return read_scifact(folder)
    if (folder / "questions_df.csv").is_file():
        return read_chunking(folder)
    if (folder / TASKS_FILE).is_file():
        return load_gold(folder / TASKS_FILE)
    raise ConfigError(f"{folder} is not a gold set that is known; known are {KINDS}")


def _json(text: str, path: Path) -> GoldSet:
    try:
        value = json.loads(text)
    except ValueError:
        # Neither one value nor a first line that is one: a JSONL file whose first line is broken.
        return parse_jsonl(text, path.name)
    if "tasks" in value:
        return read_mtrag(value, path.name)
    if "data" in value:
        return read_squad(value, path.name)
    if "\n" in text.strip():
        raise ConfigError(f"gold file {path.name} is not of a kind that is known: {KINDS}")
    return parse_jsonl(text, path.name)


def _queries(path: Path) -> GoldSet:
    if not path.with_name(TASKS_FILE).is_file():
        raise ConfigError(
            f"{path} holds queries without judgements; a BEIR set is read from its folder, "
            f"MTRAG's queries beside {TASKS_FILE}"
        )
    return read_queries(path)


def _table(text: str, path: Path) -> GoldSet:
    header = next(csv.reader(text.splitlines()), [])
    if "question" in header:
        return read_csv(text, path.name)
    if not text.strip():
        return parse_jsonl(text, path.name)
    raise ConfigError(f"gold file {path.name} is not of a kind that is known: {KINDS}")

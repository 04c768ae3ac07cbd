"""Gold questions as rows: CSV files, and questions with a whole answer that cites pages."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from eval.datasets.gold import GoldCollector, GoldSet, json_lines

_CITED = re.compile(r"\s*\[([^\[\]#]+)#page=(\d+)\]")
_YES, _NO = frozenset(("", "1", "true", "yes")), frozenset(("0", "false", "no"))
COLUMNS = frozenset(
    ("id", "question", "answer", "reference", "document", "quote", "page", "answerable", "tags")
)


def read_csv(text: str, name: str) -> GoldSet:
    """A question per row, in columns of COLUMNS, of which `question` is needed.

    `answer` holds accepted answers parted by `|`, `tags` tags parted by commas; `document` with
    `quote` or `page` is the evidence. Raises ConfigError that names every bad line.
    """
    found = GoldCollector(name)
    reader = csv.DictReader(io.StringIO(text, newline=""))
    for error in sorted(set(reader.fieldnames or ()) - COLUMNS):
        found.error("line 1", f"column {error!r} is none of {', '.join(sorted(COLUMNS))}")
    for row in reader:
        place = f"line {reader.line_num}"
        cells = {key: (value or "").strip() for key, value in row.items() if key in COLUMNS}
        if None in row:
            found.error(place, "more cells than columns")
        elif cells.get("answerable", "").lower() not in _YES | _NO:
            found.error(place, f"answerable: {cells['answerable']!r} is neither yes nor no")
        else:
            found.add(place, _item(cells, reader.line_num))
    return found.gold_set()


def _item(cells: Mapping[str, str], line: int) -> dict[str, object]:
    place = {key: cells[key] for key in ("document", "quote", "page") if cells.get(key)}
    item: dict[str, object] = {
        "id": cells.get("id") or f"line-{line}",
        "question": cells.get("question", ""),
        "answers": _parts(cells.get("answer", ""), "|"),
        "evidence": [place] if place else [],
        "answerable": cells.get("answerable", "").lower() in _YES,
        "tags": _parts(cells.get("tags", ""), ","),
    }
    return {**item, "reference": cells["reference"]} if cells.get("reference") else item


def _parts(cell: str, mark: str) -> list[str]:
    return [part.strip() for part in cell.split(mark) if part.strip()]


def read_truths(text: str, name: str, folder: Path) -> GoldSet:
    """Questions with a `truth` that ends in citations such as `[file.pdf#page=3]`.

    If the files that are cited lie in `folder`, all of their kinds there are the corpus. Raises
    ConfigError that names every bad line.
    """
    found = GoldCollector(name)
    for number, (place, value) in enumerate(json_lines(text, found), start=1):
        line: Mapping[str, Any] = value if isinstance(value, dict) else {}
        truth = str(line.get("truth", ""))
        pages = [
            {"document": document, "page": int(page)} for document, page in _CITED.findall(truth)
        ]
        item = {
            "id": str(line.get("id", f"q{number:03}")),
            "question": line.get("question"),
            "reference": _CITED.sub("", truth).strip() or None,
            "evidence": [page for at, page in enumerate(pages) if page not in pages[:at]],
        }
        found.add(place, item)
    gold = found.gold_set()
    cited = {evidence.document for item in gold.items for evidence in item.evidence}
    if not cited or not all((folder / name).is_file() for name in cited):
        return gold
    kinds = {Path(name).suffix for name in cited}
    beside = sorted(path for path in folder.iterdir() if path.suffix in kinds)
    return found.gold_set({path.name: path.read_bytes() for path in beside})

"""Retrieval sets in BEIR's layout, and SciFact as its CSV files."""

from __future__ import annotations

import ast
import csv
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from eval.datasets.gold import GoldCollector, GoldSet, json_lines, read_text
from index.errors import ConfigError

CORPUS, QUERIES, QRELS = "corpus.jsonl", "queries.jsonl", "qrels"
# BEIR reports the test split; a set that has only one split is taken as it is.
_SPLITS = ("test", "dev", "train")
# Identifiers are file names here, so what no file name may hold is replaced.
_NOT_IN_NAMES = re.compile(r"[^\w.-]")
# In Markdown a title is a heading, which belongs to every passage below it; in plain text one that
# ends with a full stop is a paragraph.
_TITLED = ".md"
# A list of strings as numpy prints it, without commas.
_PRINTED = re.compile(r"'(?:[^'\\\n]|\\.)*'|\"(?:[^\"\\\n]|\\.)*\"")
_NUMBER = re.compile(r"\d+")


def read_beir(folder: Path) -> GoldSet:
    """The documents, and the queries that have a judged one; a rank counts documents.

    Raises ConfigError that names every bad line.
    """
    name = folder.name
    found = GoldCollector(name)
    documents: dict[str, str | bytes] = {}
    for place, line in json_lines(read_text(folder / CORPUS), found, CORPUS):
        if not isinstance(line, dict) or not {"_id", "text"} <= line.keys():
            found.error(place, "a document needs _id and text")
            continue
        candidate_id = document_name(str(line["_id"]), _TITLED)
        documents[candidate_id] = titled(line.get("title", ""), line["text"])
    judged = _read_qrels(_qrels_of(folder), found)
    for place, line in json_lines(read_text(folder / QUERIES), found, QUERIES):
        if not isinstance(line, dict) or not {"_id", "text"} <= line.keys():
            found.error(place, "a query needs _id and text")
        elif evidence := judged.get(str(line["_id"])):
            item = {"id": str(line["_id"]), "question": line["text"], "evidence": evidence}
            found.add(place, item)
    return found.gold_set(documents)


def titled(title: str, text: str) -> str:
    """A document's text below its title, as Markdown."""
    return f"# {title}\n\n{text}" if title else text


def document_name(identifier: str, suffix: str = ".txt") -> str:
    """The file that holds the document of this identifier."""
    return f"{_NOT_IN_NAMES.sub('_', identifier)}{suffix}"


def _qrels_of(folder: Path) -> Path:
    for split in _SPLITS:
        if (path := folder / QRELS / f"{split}.tsv").is_file():
            return path
    raise ConfigError(f"{folder} has no judgements; BEIR keeps them in {QRELS}/test.tsv")


def _read_qrels(path: Path, found: GoldCollector) -> dict[str, list[dict[str, object]]]:
    """The evidence of each query: documents judged above 0."""
    judged = defaultdict[str, list[dict[str, object]]](list)
    for number, line in enumerate(read_text(path).splitlines(), start=1):
        cells = line.split("\t")
        if number == 1 and cells[0] == "query-id":
            continue
        # The layout of trec_eval has an unused second column.
        query, document, grade = (cells[0], *cells[-2:]) if len(cells) > 2 else ("", "", "")
        if not grade.lstrip("-").isdigit():
            found.error(f"{path.name}, line {number}", "needs a query, a document and a grade")
        elif int(grade) > 0:
            evidence = {"document": document_name(document, _TITLED), "grade": int(grade)}
            judged[query].append(evidence)
    return judged


def read_scifact(folder: Path) -> GoldSet:
    """SciFact's claims, each resting on any of the abstracts that it cites. Raises ConfigError."""
    (corpus,), (claims,) = (sorted(folder.glob(f"{kind}_*.csv")) for kind in ("corpus", "claims"))
    documents: dict[str, str | bytes] = {
        document_name(row["doc_id"], _TITLED): titled(
            row["title"], " ".join(_strings(row["abstract"]))
        )
        for row in _rows(corpus)
    }
    cited = defaultdict[str, list[str]](list)
    asked = dict[str, tuple[int, str]]()
    for number, row in enumerate(_rows(claims), start=2):
        asked.setdefault(row["id"], (number, row["claim"]))
        cited[row["id"]] += _NUMBER.findall(row["cited_doc_ids"])
    found = GoldCollector(claims.name)
    for key, (number, claim) in asked.items():
        names = [document_name(document, _TITLED) for document in dict.fromkeys(cited[key])]
        evidence = [{"document": name} for name in names]
        found.add(f"row {number}", {"id": key, "question": claim, "evidence": evidence})
    return found.gold_set(documents)


def _rows(path: Path) -> Iterator[dict[str, str]]:
    csv.field_size_limit(1 << 27)
    with path.open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def _strings(printed: str) -> Iterator[str]:
    return (str(ast.literal_eval(match.group())) for match in _PRINTED.finditer(printed))

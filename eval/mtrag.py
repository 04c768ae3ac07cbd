"""MTRAG's tasks: conversations, the passages that they rest on, and reference answers."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from eval.beir import document_name
from eval.gold import Collector, GoldSet, faults_of, json_lines, read_text
from index.errors import ConfigError
from rag.answers import Turn

TASKS_FILE = "human_subset.json"
_REWRITTEN = "*_rewrite.jsonl"
# What a file of queries puts before the question.
_SPEAKER = "|user|:"


@dataclass(frozen=True, slots=True)
class Task:
    """A question after its turns: the conversation it is of, the corpus that one is about, and the
    question as people rewrote it to stand alone, or "".

    `contexts` are the documents that its writer had, `relevant` those of them that answer it.
    """

    conversation: str
    corpus: str
    question: str
    turns: tuple[Turn, ...]
    rewritten: str
    answerable: bool
    contexts: frozenset[str]
    relevant: frozenset[str]


class _Said(BaseModel):
    speaker: str
    text: str


class _Document(BaseModel):
    document_id: str
    text: str = ""


class _Relevance(BaseModel):
    # Places among the contexts of those that were judged relevant.
    system: list[int] = []


class _Annotations(BaseModel):
    context_relevance: _Relevance = _Relevance()


class _Task(BaseModel):
    model_config = ConfigDict(populate_by_name=True)

    task_id: str
    input: list[_Said] = Field(min_length=1)
    contexts: list[_Document] = []
    targets: list[_Said] = []
    annotations: _Annotations = _Annotations()
    answerability: list[str] = Field(["ANSWERABLE"], alias="Answerability")
    collection: str = Field("", alias="Collection")

    @property
    def relevant(self) -> list[_Document]:
        """The contexts that were judged relevant."""
        judged = self.annotations.context_relevance.system
        return [self.contexts[place] for place in judged if place < len(self.contexts)]


class _Subset(BaseModel):
    documents: list[_Document]
    tasks: list[_Task]


def read_mtrag(value: object, name: str) -> GoldSet:
    """Every task with its turns; its passages are the corpus, a file each. Raises ConfigError."""
    subset = _read(value, name)
    found = Collector(name)
    for task in subset.tasks:
        found.add(f"task {task.task_id!r}", _item(task))
    return found.done(_documents(subset))


def read_queries(text: str, value: object, name: str) -> GoldSet:
    """A file of MTRAG's queries (last turns or rewritten ones): those that are tasks of a subset,
    asked without their turns. Raises ConfigError.
    """
    return _queries(text, _read(value, name), name)


def read_tasks(folder: Path) -> tuple[dict[str, str], list[Task]]:
    """The passages by the names of their documents, and every task of the human subset.

    Raises ConfigError.
    """
    path = folder / TASKS_FILE
    try:
        value = json.loads(read_text(path))
    except ValueError as error:
        raise ConfigError(f"{path} is not JSON: {error}") from None
    subset = _read(value, path.name)
    rewritten = {
        item.id: item.question
        for queries in sorted(folder.glob(_REWRITTEN))
        for item in _queries(read_text(queries), subset, queries.name).items
    }
    tasks = [_task(task, rewritten.get(task.task_id, "")) for task in subset.tasks]
    return {document_name(each.document_id): each.text for each in subset.documents}, tasks


def _task(task: _Task, rewritten: str) -> Task:
    *before, last = task.input
    return Task(
        task.task_id.partition("<::>")[0],
        task.collection,
        last.text,
        tuple(_turns(before)),
        rewritten,
        task.answerability == ["ANSWERABLE"],
        frozenset(document_name(each.document_id) for each in task.contexts),
        frozenset(document_name(each.document_id) for each in task.relevant),
    )


def _queries(text: str, subset: _Subset, name: str) -> GoldSet:
    tasks = {task.task_id: task for task in subset.tasks}
    found = Collector(name)
    for place, line in json_lines(text, found):
        query: Mapping[str, Any] = line if isinstance(line, dict) else {}
        if not {"_id", "text"} <= query.keys():
            found.fault(place, "a query needs _id and text")
        elif task := tasks.get(query["_id"]):
            question = str(query["text"]).removeprefix(_SPEAKER).strip()
            found.add(place, {**_item(task), "question": question, "turns": ()})
    return found.done(_documents(subset))


def _read(value: object, name: str) -> _Subset:
    try:
        return _Subset.model_validate(value)
    except ValidationError as error:
        fault = faults_of(error).split("; ")[0]
        raise ConfigError(f"gold file {name} does not hold MTRAG's tasks: {fault}") from None


def _documents(subset: _Subset) -> dict[str, str | bytes]:
    return {document_name(each.document_id): each.text for each in subset.documents}


def _item(task: _Task) -> dict[str, object]:
    """Tasks that are answerable in part count as answerable."""
    *before, last = task.input
    item: dict[str, object] = {
        "id": task.task_id,
        "question": last.text,
        "turns": _turns(before),
        "tags": [kind.lower() for kind in task.answerability],
    }
    if not {"ANSWERABLE", "PARTIAL"} & set(task.answerability):
        return {**item, "answerable": False}
    return {
        **item,
        "reference": task.targets[0].text if task.targets else None,
        "evidence": [{"document": document_name(each.document_id)} for each in task.relevant],
    }


def _turns(said: Sequence[_Said]) -> list[Turn]:
    """Questions with the answers that follow them."""
    pairs = zip(said[::2], said[1::2], strict=False)
    return [Turn(question.text, answer.text) for question, answer in pairs]

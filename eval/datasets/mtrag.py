"""MTRAG's tasks: conversations, the passages that they rest on, reference answers, and answers that
people rated (Katsis et al. 2025, arXiv 2501.03468).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from eval.datasets.beir import document_name
from eval.datasets.gold import GoldCollector, GoldSet, json_lines, read_text
from eval.pydantic_errors import first_error
from index.errors import ConfigError
from rag.types import Turn

TASKS_FILE = "human_subset.json"
_REWRITTEN = "*_rewrite.jsonl"
# What a file of queries puts before the question.
_SPEAKER = "|user|:"


@dataclass(frozen=True, slots=True)
class MtragTask:
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


class _Utterance(BaseModel):
    speaker: str
    text: str


class _DocumentRecord(BaseModel):
    document_id: str
    text: str = ""


class _Relevance(BaseModel):
    # Places among the contexts of those that were judged relevant.
    system: list[int] = []


class _Annotations(BaseModel):
    context_relevance: _Relevance = _Relevance()


class _TaskRecord(BaseModel):
    model_config = ConfigDict(populate_by_name=True)

    task_id: str
    input: list[_Utterance] = Field(min_length=1)
    contexts: list[_DocumentRecord] = []
    targets: list[_Utterance] = []
    annotations: _Annotations = _Annotations()
    answerability: list[str] = Field(["ANSWERABLE"], alias="Answerability")
    question_types: list[str] = Field([], alias="Question Type")
    collection: str = Field("", alias="Collection")

    @property
    def question(self) -> str:
        """The last thing that was said."""
        return self.input[-1].text

    @property
    def turns(self) -> tuple[Turn, ...]:
        """The questions before it with the answers that follow them."""
        said = self.input[:-1]
        pairs = zip(said[::2], said[1::2], strict=False)
        return tuple(Turn(question.text, answer.text) for question, answer in pairs)

    @property
    def relevant(self) -> list[_DocumentRecord]:
        """The contexts that were judged relevant."""
        judged = self.annotations.context_relevance.system
        return [self.contexts[place] for place in judged if place < len(self.contexts)]


class _RatingRecord(BaseModel):
    value: Annotated[int, BeforeValidator(int), Field(ge=1, le=4)]


class _Ratings(BaseModel):
    # By the person who gave them.
    faithfulness: dict[str, _RatingRecord] = {}
    appropriateness: dict[str, _RatingRecord] = {}
    completeness: dict[str, _RatingRecord] = {}


class _Evaluation(BaseModel):
    task_id: str
    model_id: str
    model_response: str
    annotations: _Ratings

    def ratings(self, measure: str) -> tuple[int, ...]:
        """What people gave the answer in a measure, 1 to 4."""
        given: Mapping[str, _RatingRecord] = getattr(self.annotations, measure)
        return tuple(one.value for one in given.values())


class HumanSubset(BaseModel):
    """The human subset's file: documents, tasks, and answers to these that people rated."""

    documents: list[_DocumentRecord]
    tasks: list[_TaskRecord]
    evaluations: list[_Evaluation] = []


def read_mtrag(value: object, name: str) -> GoldSet:
    """Every task with its turns; its passages are the corpus, a file each. Raises ConfigError."""
    subset = _read(value, name)
    found = GoldCollector(name)
    for task in subset.tasks:
        found.add(f"task {task.task_id!r}", _item(task))
    return found.gold_set(_documents(subset))


def read_queries(path: Path) -> GoldSet:
    """A file of MTRAG's queries (last turns or rewritten ones): those that are tasks of the subset
    beside it, asked without their turns. Raises ConfigError.
    """
    return _queries(path, read_subset(path.with_name(TASKS_FILE)))


def read_subset(path: Path) -> HumanSubset:
    """The human subset's file. Raises ConfigError."""
    try:
        value = json.loads(read_text(path))
    except ValueError as error:
        raise ConfigError(f"{path} is not JSON: {error}") from None
    return _read(value, path.name)


def read_tasks(folder: Path) -> tuple[dict[str, str], list[MtragTask]]:
    """The passages by the names of their documents, and every task of the human subset.

    Raises ConfigError.
    """
    subset = read_subset(folder / TASKS_FILE)
    rewritten = {
        item.id: item.question
        for queries in sorted(folder.glob(_REWRITTEN))
        for item in _queries(queries, subset).items
    }
    tasks = [_task(task, rewritten.get(task.task_id, "")) for task in subset.tasks]
    return {document_name(each.document_id): each.text for each in subset.documents}, tasks


def _task(task: _TaskRecord, rewritten: str) -> MtragTask:
    return MtragTask(
        task.task_id.partition("<::>")[0],
        task.collection,
        task.question,
        task.turns,
        rewritten,
        task.answerability == ["ANSWERABLE"],
        frozenset(document_name(each.document_id) for each in task.contexts),
        frozenset(document_name(each.document_id) for each in task.relevant),
    )


def _queries(path: Path, subset: HumanSubset) -> GoldSet:
    tasks = {task.task_id: task for task in subset.tasks}
    found = GoldCollector(path.name)
    for place, line in json_lines(read_text(path), found):
        query: Mapping[str, Any] = line if isinstance(line, dict) else {}
        if not {"_id", "text"} <= query.keys():
            found.error(place, "a query needs _id and text")
        elif task := tasks.get(query["_id"]):
            question = str(query["text"]).removeprefix(_SPEAKER).strip()
            found.add(place, {**_item(task), "question": question, "turns": ()})
    return found.gold_set(_documents(subset))


def _read(value: object, name: str) -> HumanSubset:
    try:
        return HumanSubset.model_validate(value)
    except ValidationError as error:
        raise ConfigError(
            f"gold file {name} does not hold MTRAG's tasks: {first_error(error)}"
        ) from None


def _documents(subset: HumanSubset) -> dict[str, str | bytes]:
    return {document_name(each.document_id): each.text for each in subset.documents}


def _item(task: _TaskRecord) -> dict[str, object]:
    """Tasks that are answerable in part count as answerable."""
    item: dict[str, object] = {
        "id": task.task_id,
        "question": task.question,
        "turns": task.turns,
        "tags": [kind.lower() for kind in (*task.answerability, *task.question_types)],
    }
    if not {"ANSWERABLE", "PARTIAL"} & set(task.answerability):
        return {**item, "answerable": False}
    return {
        **item,
        "reference": task.targets[0].text if task.targets else None,
        "evidence": [{"document": document_name(each.document_id)} for each in task.relevant],
    }

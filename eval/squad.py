"""SQuAD 1.1, SQuAD 2.0 and XQuAD as gold sets."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator

from pydantic import BaseModel, ValidationError

from eval.gold import Collector, GoldSet, faults_of
from index.errors import ConfigError

_SLUG = re.compile(r"[^a-z0-9]+")
_PARAGRAPH = re.compile(r"(.+)-\d{3,}\.txt")


class _Span(BaseModel):
    text: str


class _Question(BaseModel):
    id: str
    question: str
    answers: list[_Span] = []
    is_impossible: bool = False


class _Paragraph(BaseModel):
    context: str
    qas: list[_Question]


class _Article(BaseModel):
    title: str = ""
    paragraphs: list[_Paragraph]


class _Squad(BaseModel):
    data: list[_Article]


def read_squad(value: object, name: str) -> GoldSet:
    """A document per paragraph, which is a question's whole evidence.

    Questions marked impossible are not answerable in their paragraph; in a corpus of many
    paragraphs another one may still answer a few of them. Raises ConfigError.
    """
    try:
        squad = _Squad.model_validate(value)
    except ValidationError as error:
        fault = faults_of(error).split("; ")[0]
        raise ConfigError(f"gold file {name} is not SQuAD-format JSON: {fault}") from None
    documents: dict[str, str | bytes] = {}
    found = Collector(name)
    for document, paragraph in _named(squad):
        documents[document] = paragraph.context
        for question in paragraph.qas:
            found.add(f"question {question.id!r}", _item(question, document))
    return found.done(documents)


def _named(squad: _Squad) -> Iterator[tuple[str, _Paragraph]]:
    """Each paragraph with a file name that is unique and readable."""
    counts: Counter[str] = Counter()
    for article in squad.data:
        slug = _SLUG.sub("-", article.title.lower()).strip("-")[:80] or "article"
        for paragraph in article.paragraphs:
            counts[slug] += 1
            yield f"{slug}-{counts[slug]:03d}.txt", paragraph


def articles_of(documents: Collection[str]) -> dict[str, str]:
    """The article of each document of a set that `read_squad` gave; of other sets nothing."""
    found = {name: match[1] for name in documents if (match := _PARAGRAPH.fullmatch(name))}
    counted = all(f"{article}-001.txt" in found for article in found.values())
    return found if counted and len(found) == len(documents) else {}


def _item(question: _Question, document: str) -> dict[str, object]:
    item: dict[str, object] = {"id": question.id, "question": question.question}
    if question.is_impossible:
        return {**item, "answerable": False, "tags": ["unanswerable"]}
    answers = list(dict.fromkeys(span.text for span in question.answers))
    return {**item, "answers": answers, "evidence": [{"document": document}]}

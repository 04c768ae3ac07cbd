"""SQuAD 1.1, SQuAD 2.0 and XQuAD as gold sets."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

from pydantic import BaseModel, ValidationError

from eval.datasets.gold import GoldCollector, GoldSet, read_text
from eval.pydantic_errors import first_error
from index.errors import ConfigError

_SLUG = re.compile(r"[^a-z0-9]+")
_PARAGRAPH = re.compile(r"(.+)-\d{3,}\.txt")


class _SquadAnswer(BaseModel):
    text: str
    # Its first character in the paragraph; gold sets do without.
    answer_start: int | None = None


class SquadQuestion(BaseModel):
    """A question about a paragraph, and the answers that people gave."""

    id: str
    question: str
    answers: list[_SquadAnswer] = []
    is_impossible: bool = False


class SquadParagraph(BaseModel):
    """A paragraph and the questions about it."""

    context: str
    qas: list[SquadQuestion]


class SquadArticle(BaseModel):
    """An article's paragraphs."""

    title: str = ""
    paragraphs: list[SquadParagraph]


class _Squad(BaseModel):
    data: list[SquadArticle]


def read_articles(path: Path) -> Sequence[SquadArticle]:
    """The articles of a SQuAD-format file. Raises ConfigError."""
    try:
        value = json.loads(read_text(path))
    except ValueError as error:
        raise ConfigError(f"{path.name} is not a SQuAD-format file: {error}") from None
    return _articles(value, path.name)


def _articles(value: object, name: str) -> Sequence[SquadArticle]:
    try:
        return _Squad.model_validate(value).data
    except ValidationError as error:
        raise ConfigError(f"{name} is not a SQuAD-format file: {first_error(error)}") from None


def read_squad(value: object, name: str) -> GoldSet:
    """A document per paragraph, which is a question's whole evidence.

    Questions marked impossible are not answerable in their paragraph; in a corpus of many
    paragraphs another one may still answer a few of them. Raises ConfigError.
    """
    documents: dict[str, str | bytes] = {}
    found = GoldCollector(name)
    for document, paragraph in _named(_articles(value, name)):
        documents[document] = paragraph.context
        for question in paragraph.qas:
            found.add(f"question {question.id!r}", _item(question, document))
    return found.gold_set(documents)


def _named(articles: Sequence[SquadArticle]) -> Iterator[tuple[str, SquadParagraph]]:
    """Each paragraph with a file name that is unique and readable."""
    counts: Counter[str] = Counter()
    for article in articles:
        slug = _SLUG.sub("-", article.title.lower()).strip("-")[:80] or "article"
        for paragraph in article.paragraphs:
            counts[slug] += 1
            yield f"{slug}-{counts[slug]:03d}.txt", paragraph


def articles_of(documents: Collection[str]) -> dict[str, str]:
    """The article of each document of a set that `read_squad` gave; of other sets nothing."""
    found = {name: match[1] for name in documents if (match := _PARAGRAPH.fullmatch(name))}
    counted = all(f"{article}-001.txt" in found for article in found.values())
    return found if counted and len(found) == len(documents) else {}


def _item(question: SquadQuestion, document: str) -> dict[str, object]:
    item: dict[str, object] = {"id": question.id, "question": question.question}
    if question.is_impossible:
        return {**item, "answerable": False, "tags": ["unanswerable"]}
    answers = list(dict.fromkeys(span.text for span in question.answers))
    return {**item, "answers": answers, "evidence": [{"document": document}]}

"""Gold questions in other formats, and the corpus that some of them bring along."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

from pydantic import BaseModel, ValidationError

from eval.gold import Evidence, GoldItem, GoldSet, check, digest_of, parse_jsonl, read_text
from index.errors import ConfigError

_SLUG = re.compile(r"[^a-z0-9]+")


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


def load_gold(path: Path) -> GoldSet:
    """Read a gold set: SQuAD-format JSON if the file is named `.json`, else Footnote's JSONL.

    Raises ConfigError that names the file and its faults.
    """
    text = read_text(path)
    if path.suffix.lower() == ".json":
        return _from_squad(text, path.name)
    items = parse_jsonl(text, path.name)
    return GoldSet(items, digest_of(items))


def _from_squad(text: str, name: str) -> GoldSet:
    """SQuAD 1.1, 2.0 or XQuAD: a document per paragraph, which is a question's whole evidence.

    Questions marked impossible are not answerable in their paragraph; in a corpus of many
    paragraphs another one may still answer a few of them.
    """
    try:
        squad = _Squad.model_validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(map(str, first["loc"])) or "the file"
        raise ConfigError(
            f"gold file {name} is not SQuAD-format JSON: {place}: {first['msg']}"
        ) from None
    documents: dict[str, str] = {}
    items: list[GoldItem] = []
    faults: list[str] = []
    for document, paragraph in _named(squad):
        documents[document] = paragraph.context
        for question in paragraph.qas:
            try:
                items.append(_item(question, document, paragraph.context))
            except ValidationError as error:
                fault = error.errors(include_url=False)[0]["msg"]
                faults.append(f"question {question.id!r}: {fault}")
    repeats = [key for key, count in Counter(item.id for item in items).items() if count > 1]
    faults += [f"question id {key!r} is used more than once" for key in repeats]
    check(faults, items, name)
    return GoldSet(tuple(items), digest_of(items), documents)


def _named(squad: _Squad) -> Iterator[tuple[str, _Paragraph]]:
    """Each paragraph with a file name that is unique and readable."""
    counts: Counter[str] = Counter()
    for article in squad.data:
        slug = _SLUG.sub("-", article.title.lower()).strip("-")[:80] or "article"
        for paragraph in article.paragraphs:
            counts[slug] += 1
            yield f"{slug}-{counts[slug]:03d}.txt", paragraph


def _item(question: _Question, document: str, context: str) -> GoldItem:
    if question.is_impossible:
        return GoldItem(
            id=question.id, question=question.question, answerable=False, tags=("unanswerable",)
        )
    return GoldItem(
        id=question.id,
        question=question.question,
        answers=tuple(dict.fromkeys(span.text for span in question.answers)),
        evidence=(Evidence(document=document, quote=context),),
    )


def write_documents(documents: Mapping[str, str], folder: Path) -> int:
    """Make `folder` hold exactly these files; the number of files that had to change.

    A file that is as it should be is left alone, so indexing the folder again costs nothing.
    """
    folder.mkdir(parents=True, exist_ok=True)
    changed = 0
    for path in folder.iterdir():
        if path.name not in documents:
            path.unlink()
            changed += 1
    for name, text in documents.items():
        path, data = folder / name, text.encode()
        if not path.exists() or path.read_bytes() != data:
            path.write_bytes(data)
            changed += 1
    return changed

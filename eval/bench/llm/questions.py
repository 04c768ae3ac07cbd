"""The bench's questions: facts of XQuAD, a company's folder, and long ones over Footnote's own."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from typing import Any

from eval.datasets.load import load_gold
from eval.datasets.squad import read_articles
from index.errors import ConfigError
from rag.types import Turn

OWN = Path(__file__).parent.parent.parent / "gold"
LONG = Path(__file__).parent / "long.jsonl"
_XQUAD_ANSWERED, _XQUAD_ABSENT = 30, 10
_SEED = 0


@dataclass(frozen=True, slots=True)
class BenchQuestion:
    """A question, and what makes an answer right: all of `must`, none of `must_not`, as regexes.

    `want` is "answer" (with a citation), "refuse", "reply" (about itself or the documents as such)
    or "limit" (an honest sentence on what is missing, or the content).
    """

    set: str
    id: str
    kind: str
    question: str
    want: str
    must: tuple[str, ...] = ()
    must_not: tuple[str, ...] = ()
    turns: tuple[Turn, ...] = ()
    corpus: str = ""

    def holds(self, text: str) -> bool:
        """Whether a text states all that it must and nothing that it must not."""
        return all(re.search(one, text, re.IGNORECASE) for one in self.must) and not any(
            re.search(one, text, re.IGNORECASE) for one in self.must_not
        )


@dataclass(frozen=True, slots=True)
class QuestionSet:
    """Questions in the order in which they are asked, and the folder of each corpus by its name."""

    questions: tuple[BenchQuestion, ...]
    corpora: dict[str, Path]


def folder_set(folder: Path) -> QuestionSet:
    """The questions of a folder with `documents/` and `questions.jsonl`, every second one first."""
    every = _read(folder / "questions.jsonl", folder.name)
    return QuestionSet((*every[::2], *every[1::2]), {folder.name: folder / "documents"})


def long_set() -> QuestionSet:
    """Twenty questions that want more than a sentence, over documents of Footnote's own sets."""
    questions = _read(LONG, "long")
    corpora = {name: OWN / name / "documents" for name in sorted({q.corpus for q in questions})}
    return QuestionSet(questions, corpora)


def xquad_set(path: Path, made: Path) -> QuestionSet:
    """Forty questions of XQuAD; the articles of ten of them are left out of the corpus, which is
    written into the folder `made`.
    """
    gold, chance = load_gold(path), Random(_SEED)
    articles = [article.title for article in read_articles(path)]
    absent = set(chance.sample(sorted(set(articles)), _XQUAD_ABSENT))
    slugs = {_slug(title) for title in absent}
    kept = {
        name: text for name, text in gold.documents.items() if name.rsplit("-", 1)[0] not in slugs
    }
    made.mkdir(parents=True, exist_ok=True)
    for name, content in kept.items():
        (made / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    questions, left_out = list[BenchQuestion](), dict[str, BenchQuestion]()
    for item in chance.sample(list(gold.items), len(gold.items)):
        document = item.evidence[0].document
        must = "|".join(map(re.escape, item.answers))
        one = BenchQuestion(
            "xquad", item.id, "fact", item.question, "answer", (must,), corpus="xquad"
        )
        if document in kept:
            questions.append(one)
        else:
            without = replace(one, kind="absent", want="refuse", must=())
            left_out.setdefault(document.rsplit("-", 1)[0], without)
    asked = [*questions[:_XQUAD_ANSWERED], *sorted(left_out.values(), key=lambda q: q.id)]
    chance.shuffle(asked)
    return QuestionSet(tuple(asked), {"xquad": made})


def _slug(title: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")[:80]


def _read(path: Path, name: str) -> tuple[BenchQuestion, ...]:
    try:
        rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        return tuple(_question(row, name) for row in rows)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ConfigError(f"{path} does not hold the questions of a bench: {error}") from None


def _question(row: dict[str, Any], name: str) -> BenchQuestion:
    return BenchQuestion(
        name,
        str(row["id"]),
        str(row["kind"]),
        str(row["question"]),
        str(row["want"]),
        tuple(row.get("must", ())),
        tuple(row.get("must_not", row.get("not", ()))),
        tuple(Turn(turn["question"], turn["answer"]) for turn in row.get("turns", ())),
        str(row.get("corpus", name)),
    )

"""Conflict detection on synthetic contradictions: copies of paragraphs with one value changed."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

import click

from eval.calibration.examples import QuestionSource, SourceQuestion, open_source, read_squad
from eval.calibration.leave_out import engine_without
from eval.console import PATH, say, settings_of
from eval.lab.perturb import NAME, NUMBER, another_number, other_names

if TYPE_CHECKING:
    from rag.settings import Settings

_PREFIX = "copy-"


@dataclass(frozen=True, slots=True)
class ConflictingCopy:
    """A copy of a document with one value changed, and a question that asks for the value."""

    kind: str
    document: str
    text: str
    question: SourceQuestion


def copies(
    source: QuestionSource, articles: Collection[int], seed: int = 0
) -> Iterator[ConflictingCopy]:
    """For each paragraph of these articles a copy with another number and one with another name, as
    far as a question asks for one.
    """
    chance = Random(seed)
    texts = sorted(source.documents.items())
    for document, text in texts:
        asked = [q for q in source.questions if document in q.documents and q.article in articles]
        stranger = chance.choice([other for name, other in texts if name[:3] != document[:3]])
        for kind in ("number", "name"):
            changed = [
                (q, new) for q in asked if (new := _changed(kind, q, text, stranger, chance))
            ]
            if changed:
                question, new = chance.choice(changed)
                yield ConflictingCopy(kind, f"{_PREFIX}{kind}-{document}", new, question)


def _changed(kind: str, asked: SourceQuestion, text: str, stranger: str, chance: Random) -> str:
    """The text with the only number or name of the answer changed; "" if there is none."""
    start = asked.start
    answer = text[start : start + len(asked.answer)]
    if kind == "number":
        found = list(NUMBER.finditer(answer))
        if len(found) != 1:
            return ""
        new, spot = another_number(found[0].group(), chance), found[0].span()
    else:
        names = other_names(stranger, text)
        name = NAME.fullmatch(f"x {answer}", 2)
        if not names or not name or text.count(answer) != 1:
            return ""
        new, spot = chance.choice(names), (0, len(answer))
    return text[: start + spot[0]] + new + text[start + spot[1] :]


@dataclass(frozen=True, slots=True)
class ConflictCount:
    """Questions of a kind, and for how many of them a conflict was reported."""

    kind: str
    questions: int
    told: int


def measure(path: Path, settings: Settings, say: Callable[[str], None]) -> list[ConflictCount]:
    """Conflicts that are reported with both sides cited, by kind of copy, and false alarms without
    a copy, over articles at odd places.
    """
    source = read_squad(path)
    odd = range(1, len(source.articles), 2)
    made = list(copies(source, odd))
    names = {copy.document for copy in made}
    texts = {copy.document: copy.text for copy in made}
    counted = {"number": [0, 0], "name": [0, 0], "no copy": [0, 0]}
    with open_source(
        replace(source, documents={**source.documents, **texts}), settings, say
    ) as view:
        say(f"asking {len(made)} questions that a copy answers otherwise")
        for copy in made:
            answer = engine_without(view, names - {copy.document}).answer(copy.question.text)
            cited = {citation.passage.document for citation in answer.citations}
            sides = {copy.document, *copy.question.documents}
            _count(counted[copy.kind], "disagree" in answer.note and sides <= cited)
        plain = engine_without(view, names)
        asked = [q for q in source.questions if q.article in odd]
        say(f"asking {len(asked)} questions without any copy")
        for question in asked:
            _count(counted["no copy"], bool(plain.answer(question.text).note))
    return [ConflictCount(kind, *counts) for kind, counts in counted.items()]


def _count(counts: list[int], told: bool) -> None:
    counts[0] += 1
    counts[1] += told


def lines(found: list[ConflictCount]) -> Iterator[str]:
    """The counts as lines of text."""
    yield f"{'changed in a copy':<20} {'asked':>6} {'told':>6}  share"
    for row in found:
        share = row.told / row.questions if row.questions else 0.0
        yield f"{row.kind:<20} {row.questions:>6} {row.told:>6}  {share:.3f}"


@click.command()
@click.argument("xquad", type=PATH)
@click.pass_context
def disagree(context: click.Context, xquad: Path) -> None:
    """Count contradictions that are told, and false alarms, on XQUAD.

    Copies of its paragraphs get another number or name; those of articles at odd places are
    counted, on which nothing was tuned.
    """
    settings = settings_of(context)
    click.echo("\n".join(lines(measure(xquad, settings, say))))

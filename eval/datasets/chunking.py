"""Chroma's chunking set: how much of the evidence's characters a splitter and search find.

The data and measures are those of Smith and Troynikov 2024, "Evaluating Chunking Strategies for
Retrieval" (Chroma): a question's evidence is spans of a text, and a search over the chunks of all
texts gives a fixed number of them.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean, pstdev

from eval.datasets.gold import GoldCollector, GoldSet
from eval.datasets.spans import Span, SpanScores, length, score_spans, shared, union
from index.errors import ConfigError

QUESTIONS, CORPORA = "questions_df.csv", "corpora"

Split = Callable[[str], Sequence[tuple[int, int]]]
# Chunks' texts, questions and n to the places of the n best chunks for each question, best first.
Search = Callable[[Sequence[str], Sequence[str], int], Sequence[Sequence[int]]]


@dataclass(frozen=True, slots=True)
class ChunkingQuestion:
    """A question and the spans of a text that answer it."""

    text: str
    evidence: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class ChunkingSet:
    """Texts by name, and questions in the order of their file."""

    texts: Mapping[str, str]
    questions: tuple[ChunkingQuestion, ...]


@dataclass(frozen=True, slots=True)
class ChunkingScores:
    """Means over the questions, 0..1, and the deviation of recall.

    `ceiling` (the paper's precision omega) is the IoU if exactly the chunks that touch the
    evidence were retrieved. `characters` is the mean length of what was retrieved.
    """

    recall: float
    precision: float
    iou: float
    ceiling: float
    deviation: float
    characters: float
    chunks: int


def read_set(folder: Path) -> ChunkingSet:
    """The set in a folder as the paper publishes it. Raises ConfigError that names a bad row."""
    texts = dict[str, str]()
    questions = list[ChunkingQuestion]()
    try:
        with (folder / QUESTIONS).open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                name = f"{row['corpus_id']}.md"
                if name not in texts:
                    texts[name] = (folder / CORPORA / name).read_text(encoding="utf-8")
                questions.append(_question(row["question"], row["references"], name, texts[name]))
    except OSError as error:
        raise ConfigError(f"{folder} is not a chunking set: {error}") from None
    except (KeyError, TypeError, ValueError) as error:
        place = f"{folder / QUESTIONS}, question {len(questions) + 1}"
        raise ConfigError(f"{place} is not as it should be: {error!r}") from None
    return ChunkingSet(texts, tuple(questions))


def _question(text: str, references: str, name: str, document: str) -> ChunkingQuestion:
    spans = []
    for reference in json.loads(references):
        start, end = int(reference["start_index"]), int(reference["end_index"])
        if document[start:end] != reference["content"]:
            raise ValueError(f"{name} does not say {reference['content']!r} at {start}")
        spans.append((name, start, end))
    return ChunkingQuestion(text, tuple(spans))


def read_chunking(folder: Path) -> GoldSet:
    """The set as gold questions, whose evidence is quotes. Raises ConfigError."""
    read = read_set(folder)
    found = GoldCollector(folder.name)
    for number, question in enumerate(read.questions, start=1):
        evidence = [
            {"document": _as_text(name), "quote": read.texts[name][start:end]}
            for name, start, end in question.evidence
        ]
        name = question.evidence[0][0]
        item = {"id": f"q{number:03}", "question": question.text, "evidence": evidence}
        found.add(f"question {number}", {**item, "tags": [Path(name).stem]})
    return found.gold_set({_as_text(name): text for name, text in read.texts.items()})


def _as_text(name: str) -> str:
    # Read as they are, so that the quotes stand in them.
    return str(Path(name).with_suffix(".txt"))


def measure(
    chunking_set: ChunkingSet, split: Split, search: Search, passages: int = 5
) -> ChunkingScores:
    """Split every text, search all chunks for every question, and score the best `passages`."""
    chunks = [
        (name, start, end)
        for name, text in chunking_set.texts.items()
        for start, end in split(text)
    ]
    texts = [chunking_set.texts[name][start:end] for name, start, end in chunks]
    asked = [question.text for question in chunking_set.questions]
    found = [[chunks[place] for place in places] for places in search(texts, asked, passages)]
    return figures_of(chunking_set, chunks, found)


def figures_of(
    chunking_set: ChunkingSet, chunks: Sequence[Span], found: Sequence[Sequence[Span]]
) -> ChunkingScores:
    """Score what was found for each question, in their order, among all chunks."""
    scores = [
        score_spans(question.evidence, spans)
        for question, spans in zip(chunking_set.questions, found, strict=True)
    ]
    return _means(
        scores,
        [ceiling(question.evidence, chunks) for question in chunking_set.questions],
        fmean(length(spans) for spans in found),
        len(chunks),
    )


def _means(
    scores: Sequence[SpanScores], ceilings: Sequence[float], characters: float, chunks: int
) -> ChunkingScores:
    recalls = [score.recall for score in scores]
    return ChunkingScores(
        recall=fmean(recalls),
        precision=fmean(score.precision for score in scores),
        iou=fmean(score.iou for score in scores),
        ceiling=fmean(ceilings),
        deviation=pstdev(recalls),
        characters=characters,
        chunks=chunks,
    )


def ceiling(evidence: Sequence[Span], chunks: Sequence[Span]) -> float:
    """IoU of evidence with all chunks that touch it; a chunk that only borders on it touches it,
    as in the published figures.
    """
    touching = [
        chunk
        for chunk in chunks
        if any(chunk[0] == e[0] and chunk[1] <= e[2] and e[1] <= chunk[2] for e in evidence)
    ]
    return shared(evidence, touching) / length(union([*touching, *evidence]))

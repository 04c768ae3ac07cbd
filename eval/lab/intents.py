"""Fits the classifier of intents: `python -m eval.lab.intents XQUAD [--write]`.

It learns from example questions that were written for it, and from questions of a SQuAD-format
file, its articles at even places, which ask for facts. Prints accuracy and the confusion table of
the written ones by cross-validation in ten folds, and what the questions of the articles at odd
places are taken for.
"""

from __future__ import annotations

import json
import random
from collections import Counter
from pathlib import Path

import click
import numpy as np
from numpy.typing import NDArray

from index.embedding.embedder import Embedder
from index.settings import IndexSettings, load_settings
from rag.intents.classifier import Intent, feature_row, word_features

EXAMPLES = Path(__file__).with_name("data") / "intents.tsv"
WEIGHTS = Path("rag/intents/weights.json")
_FOLDS = 10
# A feature of words counts if so many examples have it.
_LEAST = 2
_STRENGTH = 1.0
# Questions for facts that are taken from the file, and those that are looked at.
_FACTS = 250
_HELD_OUT = 300

Matrix = NDArray[np.float32]


def read_examples(path: Path = EXAMPLES) -> list[tuple[Intent, str]]:
    """Intents and questions, in the order of the file."""
    lines = path.read_text(encoding="utf-8").splitlines()
    pairs = (line.split("\t") for line in lines if line.strip())
    return [(Intent(label), question) for label, question in pairs]


def vocabulary_of(questions: list[str]) -> dict[str, int]:
    """Features of words that at least `_LEAST` questions have, and the columns they get."""
    counts = Counter(feature for question in questions for feature in word_features(question))
    kept = sorted(feature for feature, count in counts.items() if count >= _LEAST)
    return {feature: column for column, feature in enumerate(kept)}


def fit(features: Matrix, labels: list[Intent]) -> Matrix:
    """Weights by label, shape (labels, features), for features whose last column is 1."""
    from sklearn.linear_model import LogisticRegression  # type: ignore[import-untyped]

    model = LogisticRegression(
        C=_STRENGTH, fit_intercept=False, max_iter=2000, class_weight="balanced"
    )
    model.fit(features, [list(Intent).index(label) for label in labels])
    return np.asarray(model.coef_, dtype=np.float32)


def rows_of(questions: list[str], vocabulary: dict[str, int], vectors: Matrix | None) -> Matrix:
    """Feature rows, shape (questions, features)."""
    return np.stack(
        [
            feature_row(question, vocabulary, None if vectors is None else vectors[place])
            for place, question in enumerate(questions)
        ]
    )


def cross_validated(
    examples: list[tuple[Intent, str]], vectors: Matrix | None, count: int
) -> list[Intent]:
    """For each of the first `count` examples the intent that a fit without its fold gives it."""
    order = list(range(len(examples)))
    random.Random(0).shuffle(order)
    found = [Intent.FACT] * count
    for fold in range(_FOLDS):
        test = [place for place in order[fold::_FOLDS] if place < count]
        train = sorted(set(order) - set(test))
        questions = [examples[place][1] for place in train]
        vocabulary = vocabulary_of(questions)
        matrix = fit(
            rows_of(questions, vocabulary, None if vectors is None else vectors[train]),
            [examples[place][0] for place in train],
        )
        held_out = [examples[place][1] for place in test]
        rows = rows_of(held_out, vocabulary, None if vectors is None else vectors[test])
        for place, logits in zip(test, rows @ matrix.T, strict=True):
            found[place] = list(Intent)[int(logits.argmax())]
    return found


def confusion_lines(truth: list[Intent], found: list[Intent]) -> list[str]:
    """Accuracy, and a table of true intents (rows) by found ones."""
    right = sum(one is other for one, other in zip(truth, found, strict=True))
    lines = [f"accuracy {right / len(truth):.3f} (n={len(truth)})"]
    lines.append(" " * 12 + "".join(f"{intent.value[:7]:>8}" for intent in Intent))
    for intent in Intent:
        counts = Counter(f for t, f in zip(truth, found, strict=True) if t is intent)
        lines.append(f"{intent.value:12}" + "".join(f"{counts[other]:8}" for other in Intent))
    return lines


def read_facts(path: Path) -> tuple[list[str], list[str]]:
    """Questions of the articles at even places of a SQuAD-format file, and at odd ones, mixed."""
    articles = json.loads(path.read_text(encoding="utf-8"))["data"]
    halves = [
        [
            question["question"]
            for article in articles[first::2]
            for paragraph in article["paragraphs"]
            for question in paragraph["qas"]
        ]
        for first in (0, 1)
    ]
    for half in halves:
        random.Random(1).shuffle(half)
    return halves[0][:_FACTS], halves[1][:_HELD_OUT]


@click.command()
@click.argument("xquad", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--write", is_flag=True, help="Write rag/intents/weights.json.")
def main(xquad: Path, write: bool) -> None:
    """Fit, print what held-out questions are taken for, and write the numbers if asked to."""
    written = read_examples()
    facts, held_out = read_facts(xquad)
    examples = [*written, *((Intent.FACT, question) for question in facts)]
    labels, questions = [intent for intent, _ in examples], [text for _, text in examples]
    truth = labels[: len(written)]
    embedder = Embedder(load_settings(IndexSettings).embedding_model)
    vectors = np.asarray(embedder.embed_queries(questions), dtype=np.float32)
    for name, rows in (("words and embedding", vectors), ("words alone", None)):
        click.echo(name)
        found = cross_validated(examples, rows, len(written))
        click.echo("\n".join(confusion_lines(truth, found)))
    vocabulary = vocabulary_of(questions)
    matrix = fit(rows_of(questions, vocabulary, vectors), labels)
    others = np.asarray(embedder.embed_queries(held_out), dtype=np.float32)
    logits = rows_of(held_out, vocabulary, others) @ matrix.T
    counts = Counter(list(Intent)[int(row.argmax())].value for row in logits)
    click.echo(f"facts of held-out articles (n={len(held_out)}): {dict(counts.most_common())}")
    if write:
        data = {
            "model": load_settings(IndexSettings).embedding_model,
            "labels": [intent.value for intent in Intent],
            "vocabulary": list(vocabulary),
            "words_alone": _rounded(fit(rows_of(questions, vocabulary, None), labels)),
            "with_embedding": _rounded(matrix),
        }
        WEIGHTS.write_text(json.dumps(data, separators=(",", ":")) + "\n", encoding="utf-8")
        click.echo(f"written: {WEIGHTS}")


def _rounded(matrix: Matrix) -> list[list[float]]:
    return [[round(float(value), 2) for value in row] for row in matrix]


if __name__ == "__main__":
    main()

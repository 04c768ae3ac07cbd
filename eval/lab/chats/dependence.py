"""Fits whether a question depends on the ones before it.

Run as `python -m eval.lab.chats.dependence MTRAG`.

It learns from MTRAG's questions after the first and how people rewrote them to stand alone, those
of the human subset's conversations left out, and from examples that were written for it. Prints how
well it ranks the questions that were left out, and those of eval/gold.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import click
import numpy as np

from eval.datasets.gold import read_text
from eval.datasets.mtrag import TASKS_FILE, read_subset
from eval.lab.intents import read_examples
from index.embedding.embedder import Embedder
from index.settings import IndexSettings, load_settings
from rag.followups.dependence import BIAS, dependence_features, dependence_probability
from rag.intents.classifier import REPLIES

EXAMPLES = Path(__file__).parents[1] / "data" / "followups.tsv"
WEIGHTS = Path("rag/followups/dependence.json")
GOLD = Path("eval/gold")
# A question that is farther from its stand-alone form, in cosine, depends on others.
_CHANGED = 0.2
_STRENGTH = 0.5
_LEAST = 4
_SPEAKER = "|user|:"

Example = tuple[str, bool]


def read_rewritten(folder: Path) -> list[tuple[str, str, str]]:
    """Each of MTRAG's questions: its id, as it was asked, and as people rewrote it."""
    found = list[tuple[str, str, str]]()
    for rewritten in sorted(folder.glob("*_rewrite.jsonl")):
        asked = dict(_queries(rewritten.with_name(rewritten.name.replace("rewrite", "lastturn"))))
        found += [(name, asked[name], text) for name, text in _queries(rewritten) if name in asked]
    return found


def _queries(path: Path) -> Iterator[tuple[str, str]]:
    for line in read_text(path).splitlines():
        row = json.loads(line)
        yield str(row["_id"]), str(row["text"]).removeprefix(_SPEAKER).strip()


def read_gold(folder: Path) -> list[Example]:
    """The questions of gold sets for people, and whether each has turns before it."""
    lines = [
        line for path in sorted(folder.glob("*/*.jsonl")) for line in read_text(path).splitlines()
    ]
    return [
        (row["question"], bool(row.get("turns"))) for row in map(json.loads, filter(None, lines))
    ]


def labelled(rows: Sequence[tuple[str, str, str]]) -> list[Example]:
    """Questions of conversations, and whether their stand-alone form is another; a first one's
    never is.
    """
    embedder = Embedder(load_settings(IndexSettings).embedding_model)
    asked = embedder.embed_queries([question for _, question, _ in rows])
    whole = embedder.embed_queries([text for _, _, text in rows])
    changed = 1 - (asked * whole).sum(axis=1) > _CHANGED
    return [
        (question, bool(far) and not name.endswith("<::>1"))
        for (name, question, _), far in zip(rows, changed, strict=True)
    ]


def written_examples() -> list[Example]:
    """Follow-ups that were written for it, and questions that stand alone."""
    follow = [line for line in read_text(EXAMPLES).splitlines() if line.strip()]
    alone = [question for intent, question in read_examples() if intent not in REPLIES]
    return [*((text, True) for text in follow), *((text, False) for text in alone)]


def fit(examples: Sequence[Example]) -> dict[str, float]:
    """The weight of each feature that enough examples have."""
    from sklearn.linear_model import LogisticRegression  # type: ignore[import-untyped]

    features = [dependence_features(question) for question, _ in examples]
    counts = Counter(name for own in features for name in own if name != BIAS)
    names = sorted(name for name, count in counts.items() if count >= _LEAST)
    matrix = np.array([[float(name in own) for name in names] for own in features])
    model = LogisticRegression(C=_STRENGTH, max_iter=2000)
    model.fit(matrix, [depends for _, depends in examples])
    weights = dict(zip(names, model.coef_[0], strict=True)) | {BIAS: model.intercept_[0]}
    return {name: round(float(weight), 2) for name, weight in weights.items()}


def ranking_line(name: str, examples: Sequence[Example]) -> str:
    """How often a question that depends has a higher probability than one that does not."""
    from sklearn.metrics import roc_auc_score  # type: ignore[import-untyped]

    truth = [depends for _, depends in examples]
    found = [dependence_probability(question) for question, _ in examples]
    area = roc_auc_score(truth, found)
    return f"{name}: area under the ROC curve {area:.3f} ({sum(truth)} of {len(truth)} depend)"


@click.command()
@click.argument("mtrag", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--write", is_flag=True, help="Write rag/followups/dependence.json.")
def main(mtrag: Path, write: bool) -> None:
    """Fit, write the numbers if asked to, and print how the numbers in use rank other questions."""
    subset = {_conversation(task.task_id) for task in read_subset(mtrag / TASKS_FILE).tasks}
    rows = read_rewritten(mtrag)
    other = [row for row in rows if _conversation(row[0]) not in subset]
    later = [
        row for row in rows if _conversation(row[0]) in subset and not row[0].endswith("<::>1")
    ]
    if write:
        weights = fit([*labelled(other), *written_examples()])
        WEIGHTS.write_text(json.dumps(weights, indent=0) + "\n", encoding="utf-8")
        click.echo(f"written: {WEIGHTS}, fitted on {len(other)} questions and the examples")
    click.echo(ranking_line("MTRAG's human subset", labelled(later)))
    click.echo(ranking_line("eval/gold", read_gold(GOLD)))


def _conversation(task: str) -> str:
    return task.partition("<::>")[0]


if __name__ == "__main__":
    main()

"""Follow-ups on MTRAG's human subset: what to search for when the last question is not all.

MTRAG (Katsis et al. 2025): conversations of people with an assistant, each question with the
passages that answer it. All passages are pooled into one corpus, each of them one unit.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from eval.stats import Floats, interval
from index.embed import Embedder
from index.errors import ConfigError
from index.languages import reads
from index.lexical import LexicalFollower
from index.passages import Vectors
from rag.answers import Turn
from rag.condense import Asked, Look, condense
from rag.retrieve import look_at, score, weight_of_vectors
from rag.settings import Settings

OURS, LAST = "ours", "last turn alone"
_CUTOFF = 5
_CANDIDATES = 50
_SPEAKER = "|user|:"


@dataclass(frozen=True, slots=True)
class Task:
    """A question after its turns, and the passages that answer it; conversations count from 0."""

    conversation: int
    question: str
    turns: tuple[Turn, ...]
    rewritten: str
    relevant: frozenset[str]


@dataclass(frozen=True, slots=True)
class Line:
    """A way to search and its mean nDCG@5 on the half tuned on, the other one, and both."""

    way: str
    tuned: float
    reported: float
    whole: float


@dataclass(frozen=True, slots=True)
class Report:
    """The lines, and 95 % intervals of what ours gains over the last turn alone."""

    questions: int
    passages: int
    lines: tuple[Line, ...]
    gain_reported: tuple[float, float]
    gain_whole: tuple[float, float]


class Pool:
    """Passages as units, embedded and indexed by their words in a folder."""

    def __init__(self, passages: Mapping[str, str], embedder: Embedder, folder: Path) -> None:
        self.embedder = embedder
        self._keys = list(passages)
        self._places = {key: place for place, key in enumerate(self._keys)}
        self._vectors = embedder.embed_passages(list(passages.values()))
        self._query_vectors = dict[str, Vectors]()
        LexicalFollower.build(folder)
        LexicalFollower.apply(folder, passages.items())
        self._words = LexicalFollower(folder)

    def search_words(self, query: str, k: int) -> list[tuple[str, float]]:
        """As a snapshot of the index does."""
        return self._words.search(query, k)

    def nearest(self, vector: Vectors, k: int) -> list[tuple[str, float]]:
        """As a snapshot of the index does."""
        cosines = self._vectors @ vector
        best = np.argsort(-cosines, kind="stable")[:k]
        return [(self._keys[place], float(cosines[place])) for place in best]

    def vectors(self, keys: Sequence[str]) -> dict[str, Vectors]:
        """As a snapshot of the index does."""
        return {key: self._vectors[self._places[key]] for key in keys}

    def language(self, text: str) -> str:
        """As a snapshot of the index does."""
        return self._words.language(text)

    def embed(self, query: str) -> Vectors:
        """The vector of a query; each is made once."""
        if query not in self._query_vectors:
            self._query_vectors[query] = self.embedder.embed_query(query)
        return self._query_vectors[query]


def measure(folder: Path, settings: Settings) -> Report:
    """Rank the pooled passages for every task in each way. Raises ConfigError for bad files."""
    passages, tasks = read(folder)
    with tempfile.TemporaryDirectory() as made:
        pool = Pool(passages, Embedder(settings.embedding_model), Path(made) / "words")
        scores = {
            way: _ndcg(tasks, [_rank(pool, ask(pool, task, settings), settings) for task in tasks])
            for way, ask in _WAYS.items()
        }
    even = np.array([task.conversation % 2 == 0 for task in tasks])
    gain = scores[OURS] - scores[LAST]
    lines = tuple(
        Line(way, float(each[even].mean()), float(each[~even].mean()), float(each.mean()))
        for way, each in scores.items()
    )
    return Report(len(tasks), len(passages), lines, interval(gain[~even]), interval(gain))


def _ours(pool: Pool, task: Task, settings: Settings) -> Asked:
    def look(text: str) -> Look:
        return look_at(pool, text, pool.embed(text), _weight(pool, text, settings))

    return condense(task.question, task.turns, look)


def _joined(task: Task, turns: Sequence[Turn]) -> Asked:
    return Asked(" ".join([*(turn.question for turn in turns), task.question]))


_WAYS: Mapping[str, Callable[[Pool, Task, Settings], Asked]] = {
    LAST: lambda _pool, task, _settings: Asked(task.question),
    "last two user turns": lambda _pool, task, _settings: _joined(task, task.turns[-1:]),
    "all user turns": lambda _pool, task, _settings: _joined(task, task.turns),
    OURS: _ours,
    "rewritten by people": lambda _pool, task, _settings: Asked(task.rewritten),
}


def _weight(pool: Pool, query: str, settings: Settings) -> float:
    read = reads(settings.embedding_model, pool.language(query))
    return weight_of_vectors(settings.dense_weight, read)


def _rank(pool: Pool, asked: Asked, settings: Settings) -> list[str]:
    weight = _weight(pool, asked.query, settings)
    scores = score(pool, asked.query, pool.embed(asked.query), _CANDIDATES, weight)[1]
    biased = {key: value + asked.bias.get(key, 0.0) for key, value in scores.items()}
    return sorted(biased, key=lambda key: (-biased[key], key))


def _ndcg(tasks: Sequence[Task], rankings: Sequence[Sequence[str]]) -> Floats:
    import ir_measures

    qrels = {str(place): dict.fromkeys(task.relevant, 1) for place, task in enumerate(tasks)}
    run = {
        str(place): {key: float(-rank) for rank, key in enumerate(ranking)}
        for place, ranking in enumerate(rankings)
    }
    found = ir_measures.iter_calc([ir_measures.nDCG @ _CUTOFF], qrels, run)
    values = {one.query_id: one.value for one in found}
    return np.array([values[str(place)] for place in range(len(tasks))])


def read(folder: Path) -> tuple[dict[str, str], list[Task]]:
    """The pooled passages by id, and the tasks that have relevant ones. Raises ConfigError."""
    try:
        subset = json.loads((folder / "human_subset.json").read_text(encoding="utf-8"))
        rewritten = {
            row["_id"]: row["text"].removeprefix(_SPEAKER).strip()
            for path in sorted(folder.glob("*_rewrite.jsonl"))
            for row in map(json.loads, path.read_text(encoding="utf-8").splitlines())
        }
        passages = {item["document_id"]: item["text"] for item in subset["documents"]}
        names = [item["task_id"].partition("<::>")[0] for item in subset["tasks"]]
        places = {name: place for place, name in enumerate(dict.fromkeys(names))}
        tasks = [
            _task(item, places[name], rewritten)
            for item, name in zip(subset["tasks"], names, strict=True)
        ]
    except OSError as error:
        raise ConfigError(f"{folder} lacks MTRAG's human_subset.json: {error}") from None
    except (ValueError, KeyError, TypeError, IndexError):
        raise ConfigError(f"{folder} does not hold MTRAG's human subset") from None
    return passages, [task for task in tasks if task.relevant]


def _task(item: Mapping[str, Any], conversation: int, rewritten: Mapping[str, str]) -> Task:
    texts = [said["text"] for said in item["input"]]
    contexts = [context["document_id"] for context in item["contexts"]]
    judged = item["annotations"]["context_relevance"]["system"]
    return Task(
        conversation,
        texts[-1],
        tuple(Turn(*pair) for pair in zip(texts[:-1:2], texts[1:-1:2], strict=True)),
        rewritten.get(item["task_id"], texts[-1]),
        frozenset(contexts[place] for place in judged),
    )


def lines(report: Report) -> list[str]:
    """The report in words and columns."""
    return [
        f"{report.questions} questions over {report.passages} pooled passages, nDCG@{_CUTOFF}; "
        "tuned on conversations of even number, reported on those of odd number",
        "",
        f"{'searched for':<22} {'tuned on':>9} {'reported':>9} {'all':>6}",
        *(
            f"{line.way:<22} {line.tuned:>9.3f} {line.reported:>9.3f} {line.whole:>6.3f}"
            for line in report.lines
        ),
        "",
        f"{OURS} less {LAST}, 95 % interval (paired bootstrap): reported "
        "{:+.3f} to {:+.3f}, all {:+.3f} to {:+.3f}".format(
            *report.gain_reported, *report.gain_whole
        ),
    ]

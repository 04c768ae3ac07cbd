"""Retrieval for follow-up questions on MTRAG's human subset.

MTRAG (Katsis et al. 2025): conversations of people with an assistant, each question with the
documents that answer it. All documents are pooled into one corpus, indexed as any other, and
ranked by their best passages as the engine ranks them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING

import click
import numpy as np

from eval.console import PATH, say, settings_of
from eval.datasets.corpus import index_documents
from eval.datasets.mtrag import MtragTask, read_tasks
from eval.lab.crossfit import EngineRanking, choose, cross_fit, interval_by_group, numbered
from eval.measures.statistics import Floats
from index.console import json_option, print_json
from index.snapshots import Index
from rag.followups.condense import (
    FOLLOW_UP_WEIGHTS,
    CondensedQuery,
    FollowUpWeights,
    condense,
)
from rag.retrieval.hybrid import ScoreProbe

if TYPE_CHECKING:
    from rag.settings import Settings
    from rag.types import Turn

LAST, OURS = "last turn alone", "ours, the constants in use"
FOLDS = 5
_CUTOFF = 5
# Hits of which documents are taken: enough for the first five of them.
_HITS = 20
# The grid of `FollowUpWeights`.
_STANDALONE, _DEPENDENT, _DEPENDENCE = (0.5, 0.6, 0.7), (0.35, 0.4, 0.45), (0.2, 0.3, 0.4)


@dataclass(frozen=True, slots=True)
class FollowupLine:
    """A query strategy: its mean nDCG@5 over all questions and over those after the first turn, and
    its gain over the last turn alone with the 95 % interval by a bootstrap over conversations.

    `collections` holds the mean over each collection of documents.
    """

    way: str
    whole: float
    later: float
    gain: float
    interval: tuple[float, float]
    collections: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class FollowupReport:
    """The lines, and the constants that are best over all conversations."""

    questions: int
    later: int
    conversations: int
    documents: int
    lines: tuple[FollowupLine, ...]
    chosen: FollowUpWeights


class DocumentRanker:
    """Ranks documents by their best passages, as the engine does; queries are cached."""

    def __init__(self, ranking: EngineRanking) -> None:
        self._ranking = ranking
        self.look = cache(ranking.look)
        self._rankings = dict[tuple[str, str, frozenset[tuple[str, float]]], list[str]]()

    def rank(self, asked: CondensedQuery) -> list[str]:
        """Documents in the order of their best passages."""
        key = (asked.query, asked.question, frozenset(asked.bias.items()))
        if key not in self._rankings:
            hits = self._ranking.chosen(asked, _HITS).hits
            self._rankings[key] = list(dict.fromkeys(hit.passage.document for hit in hits))
        return self._rankings[key]


def measure(folder: Path, settings: Settings, say: Callable[[str], None]) -> FollowupReport:
    """Rank the pooled documents for every task by each strategy. Raises ConfigError."""
    documents, tasks = read_tasks(folder)
    tasks = [task for task in tasks if task.relevant]
    settings = index_documents(documents, settings, say)
    index = Index(settings)
    try:
        with index.lease() as snapshot:
            ranker = DocumentRanker(EngineRanking(settings, index, snapshot))
            return _report(tasks, len(documents), ranker, say)
    finally:
        index.close()


def _report(
    tasks: Sequence[MtragTask], documents: int, ranker: DocumentRanker, say: Callable[[str], None]
) -> FollowupReport:
    say(f"searching in each way for {len(tasks)} questions")
    found = {way: _ndcg(tasks, ranker, ask) for way, ask in _ways(ranker.look).items()}
    grid = [FollowUpWeights(*each) for each in product(_STANDALONE, _DEPENDENT, _DEPENDENCE)]
    say(f"searching with {len(grid)} choices of constants")
    scores = np.array([_ndcg(tasks, ranker, _ours(ranker.look, weights)) for weights in grid])
    scores = scores.reshape(len(_STANDALONE), len(_DEPENDENT), len(_DEPENDENCE), len(tasks))
    conversations = numbered([task.conversation for task in tasks])
    found["ours, cross-fitted"] = cross_fit(scores, conversations % FOLDS)[0]
    found["ours, corpus left out"] = cross_fit(scores, numbered([task.corpus for task in tasks]))[0]
    later = np.array([bool(task.turns) for task in tasks])
    standalone, dependent, dependence = choose(scores)
    return FollowupReport(
        len(tasks),
        int(later.sum()),
        int(conversations.max()) + 1,
        documents,
        tuple(_line(way, each, found[LAST], tasks) for way, each in found.items()),
        FollowUpWeights(_STANDALONE[standalone], _DEPENDENT[dependent], _DEPENDENCE[dependence]),
    )


def _line(way: str, scores: Floats, last: Floats, tasks: Sequence[MtragTask]) -> FollowupLine:
    gain, corpora = scores - last, np.array([task.corpus for task in tasks])
    later = np.array([bool(task.turns) for task in tasks])
    return FollowupLine(
        way,
        float(scores.mean()),
        float(scores[later].mean()),
        float(gain.mean()),
        interval_by_group(gain, numbered([task.conversation for task in tasks])),
        {str(corpus): float(scores[corpora == corpus].mean()) for corpus in np.unique(corpora)},
    )


_Ask = Callable[[MtragTask], CondensedQuery]


def _ways(look: Callable[[str], ScoreProbe]) -> Mapping[str, _Ask]:
    return {
        LAST: lambda task: _plain(task.question),
        "last two user turns": lambda task: _joined(task, task.turns[-1:]),
        "all user turns": lambda task: _joined(task, task.turns),
        "rewritten by people": lambda task: _plain(task.rewritten or task.question),
        OURS: _ours(look, FOLLOW_UP_WEIGHTS),
    }


def _ours(look: Callable[[str], ScoreProbe], weights: FollowUpWeights) -> _Ask:
    return lambda task: condense(task.question, task.turns, look, weights=weights)


def _plain(question: str) -> CondensedQuery:
    return CondensedQuery(question.strip(), question)


def _joined(task: MtragTask, turns: Sequence[Turn]) -> CondensedQuery:
    questions = [*(turn.question for turn in turns), task.question]
    both = " ".join(map(str.strip, questions))
    return CondensedQuery(both, both)


def _ndcg(tasks: Sequence[MtragTask], ranker: DocumentRanker, ask: _Ask) -> Floats:
    import ir_measures

    qrels = {str(place): dict.fromkeys(task.relevant, 1) for place, task in enumerate(tasks)}
    run = {str(place): _scored(ranker.rank(ask(task))) for place, task in enumerate(tasks)}
    found = ir_measures.iter_calc([ir_measures.nDCG @ _CUTOFF], qrels, run)
    values = {one.query_id: one.value for one in found}
    return np.array([values[str(place)] for place in range(len(tasks))])


def _scored(ranking: Iterable[str]) -> dict[str, float]:
    return {document: float(-rank) for rank, document in enumerate(ranking)}


def lines(report: FollowupReport) -> list[str]:
    """The report as lines of text."""
    return [
        f"{report.questions} questions of {report.conversations} conversations, {report.later} of "
        f"them after the first, over {report.documents} pooled documents; nDCG@{_CUTOFF}",
        "",
        f"{'searched for':<27} {'all':>6} {'later':>6} {'gain':>7}   95 % interval",
        *(
            f"{line.way:<27} {line.whole:>6.3f} {line.later:>6.3f} {line.gain:>+7.3f}   "
            "{:+.3f} to {:+.3f}".format(*line.interval)
            for line in report.lines
        ),
        "",
        *_collection_lines(report.lines),
        "",
        f"gain: over the {LAST}; intervals by drawing whole conversations. Cross-fitted: constants "
        f"chosen on four fifths of the conversations and reported on the rest, in {FOLDS} folds; "
        "or without the corpus that is asked. All conversations together choose "
        f"standalone cosine {report.chosen.standalone_cosine}, dependent cosine "
        f"{report.chosen.dependent_cosine}, dependence {report.chosen.dependence}.",
    ]


def _collection_lines(lines: Sequence[FollowupLine]) -> Iterator[str]:
    """Means over each collection, a column each."""
    names = list(lines[0].collections)
    yield f"{'by collection':<27} " + " ".join(f"{_short(name):>9}" for name in names)
    for line in lines:
        means = (f"{line.collections[name]:>9.3f}" for name in names)
        yield f"{line.way:<27} " + " ".join(means)


def _short(collection: str) -> str:
    """MTRAG's name of a collection without its prefix and version: "govt"."""
    return collection.removeprefix("mt-rag-").partition("-")[0]


@click.command("followups")
@click.argument("mtrag", type=PATH)
@json_option
@click.pass_context
def followups(context: click.Context, mtrag: Path, as_json: bool) -> None:
    """Compare ways to search after earlier turns, without an LLM.

    MTRAG is the folder of MTRAG's human subset and its rewritten questions.
    """
    report = measure(mtrag, settings_of(context), say)
    if as_json:
        print_json(asdict(report))
    else:
        click.echo("\n".join(lines(report)))

"""Ablation of the ranking: every question ranked in full and with one part changed.

Most weights were fitted on XQuAD's articles at even places, so those at odd places are held out.
The reranker is off.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import click
import numpy as np

from eval.console import PATH, corpus_option, settings_of
from eval.datasets.corpus import own_index, update
from eval.datasets.evidence import resolve_evidence
from eval.datasets.gold import GoldItem, GoldSet
from eval.datasets.load import load_gold
from eval.datasets.squad import articles_of
from eval.lab.crossfit import EngineRanking, Places, numbered
from eval.measures.answers import contains
from eval.measures.retrieval import ranks, score_ranking
from eval.measures.statistics import Floats, interval
from eval.runs.session import progress_bars
from index.console import json_option, print_json
from index.errors import ConfigError
from index.snapshots import Index
from index.types import Hit
from rag.followups.condense import condense
from rag.retrieval.sentences import select_sentences
from rag.retrieval.weights import RANKING_WEIGHTS, RankingWeights

if TYPE_CHECKING:
    from eval.datasets.evidence import Fact
    from index.snapshots import Snapshot
    from rag.followups.condense import CondensedQuery
    from rag.retrieval.hybrid import SearchResult
    from rag.settings import Settings

# Passages that are ranked so that there are ten documents among them; as many as are candidates.
_HITS = 50
# Reciprocal rank fusion's constant, as Cormack et al. 2009 have it.
_CONSTANT = 60

SUCCESS, RECIPROCAL, NDCG, RECALL = "success@1", "MRR@10", "nDCG@10", "recall@5"
FIRST, QUOTED, COUNT = "answer in the first sentence", "answer quoted", "sentences quoted"
MEASURES = (SUCCESS, RECIPROCAL, NDCG, RECALL, FIRST, QUOTED, COUNT)


@dataclass(frozen=True, slots=True)
class RankingVariant:
    """A variant of the ranking: its weights, and the cosine's if it is not that of the settings."""

    name: str
    scoring: RankingWeights = RANKING_WEIGHTS
    dense_weight: float | None = None


_FUSED = replace(
    RANKING_WEIGHTS,
    **dict.fromkeys(
        ("sentence", "sentence_unread", "next_best", "covered", "like", "own_heading"), 0.0
    ),
)
AS_IT_IS = RankingVariant("as it is")
BY_RANK = "both, fused by rank (RRF)"
# From the two rankings up, then from the full ranking down. `passage` changes sentences alone.
VARIANTS = (
    AS_IT_IS,
    RankingVariant("cosine alone", _FUSED, 1.0),
    RankingVariant("words alone", _FUSED, 0.0),
    RankingVariant("both, fused", _FUSED),
    RankingVariant(
        "without the best sentence", replace(RANKING_WEIGHTS, sentence=0, sentence_unread=0)
    ),
    RankingVariant("without documents", replace(RANKING_WEIGHTS, next_best=0, covered=0)),
    RankingVariant("without likeness", replace(RANKING_WEIGHTS, like=0)),
    RankingVariant("without headings", replace(RANKING_WEIGHTS, own_heading=0)),
    RankingVariant("marks without cosine", replace(RANKING_WEIGHTS, cosine=0)),
    RankingVariant("marks without words", replace(RANKING_WEIGHTS, coverage=0)),
    RankingVariant(
        "marks without words before", replace(RANKING_WEIGHTS, coverage_with_previous=0)
    ),
    RankingVariant("marks without kind", replace(RANKING_WEIGHTS, kind=0)),
    RankingVariant("marks without passage", replace(RANKING_WEIGHTS, passage=0)),
)


@dataclass(frozen=True, slots=True)
class AblationLine:
    """The mean of a metric for one variant, and its change against the full ranking with the 95 %
    interval of the difference, by a bootstrap over questions.
    """

    measure: str
    way: str
    part: str
    questions: int
    mean: float
    change: float
    interval: tuple[float, float]


@dataclass(frozen=True, slots=True)
class AblationReport:
    """A line for each metric, variant and part; `grouped` names what even and odd places are of."""

    gold: str
    questions: int
    grouped: str
    lines: tuple[AblationLine, ...]


# By measure and way.
Scores = Mapping[tuple[str, str], float]
Show = Callable[[str, int, int], None]


class VariantRanker:
    """Ranks the passages of one generation of an index by any variant."""

    def __init__(self, settings: Settings, index: Index, snapshot: Snapshot) -> None:
        self._index, self._snapshot = index, snapshot
        self._ranking = EngineRanking(settings, index, snapshot)

    def ask(self, item: GoldItem) -> CondensedQuery:
        """The query that the engine searches for."""
        return condense(item.question, item.turns, self._ranking.look)

    def find(self, asked: CondensedQuery, way: RankingVariant) -> SearchResult:
        """The engine's search result under a variant."""
        return self._ranking.search(asked, _HITS, way.scoring, way.dense_weight)

    def by_rank(self, asked: CondensedQuery) -> list[Hit]:
        """Passages by reciprocal rank fusion of cosine and words."""
        vector = self._index.embed_query(asked.query)
        shares = defaultdict[str, float](float)
        for ranking in (
            self._snapshot.nearest(vector, _HITS),
            self._snapshot.search_words(asked.query, _HITS),
        ):
            for rank, (key, _) in enumerate(ranking, start=1):
                shares[key] += 1 / (_CONSTANT + rank)
        keys = sorted(shares, key=lambda key: (-shares[key], key))[:_HITS]
        texts = self._snapshot.texts(keys)
        return [Hit(texts[key].passage, shares[key], rank) for rank, key in enumerate(keys, 1)]


def measure(
    path: Path, corpus: Path | None, settings: Settings, limit: int | None, show: Show
) -> AblationReport:
    """Rank for each of the first `limit` questions that have evidence (None: all), by each variant.

    Raises ConfigError for an invalid gold set or one without evidence, and what the index raises.
    """
    gold = load_gold(path)
    if own := own_index(gold, path, corpus, settings):
        settings = own.settings
        update(own, show)
    groups, grouped = _groups(gold)
    index = Index(settings)
    try:
        with index.lease() as snapshot:
            facts = resolve_evidence(gold, cache(snapshot.document))
            asked = [place for place, item in enumerate(gold.items) if facts[item.id]][:limit]
            if not asked:
                raise ConfigError(f"no question of {path.name} has evidence, so none can be judged")
            ranker, scores = VariantRanker(settings, index, snapshot), list[Scores]()
            for place in asked:
                show("ranking", len(scores), len(asked))
                item = gold.items[place]
                scores.append(dict(_scores(ranker, item, facts[item.id])))
    finally:
        index.close()
    return AblationReport(gold.name, len(asked), grouped, tuple(lines_of(scores, groups[asked])))


def _groups(gold: GoldSet) -> tuple[Places, str]:
    """The number of each item's group, and what groups are."""
    articles = articles_of(gold.documents)
    if not articles:
        return np.arange(len(gold.items)), "questions"
    places = dict(zip(articles, numbered(list(articles.values())), strict=True))
    first = [item.evidence[0].document if item.evidence else "" for item in gold.items]
    return np.array([places.get(document, 0) for document in first]), "articles"


def _scores(
    ranker: VariantRanker, item: GoldItem, facts: Sequence[Fact]
) -> Iterator[tuple[tuple[str, str], float]]:
    """The scores of one question by metric and variant."""
    asked = ranker.ask(item)
    for way in VARIANTS:
        found = ranker.find(asked, way)
        for name, score in {**_ranked(found.hits, facts), **_quoted(found, item)}.items():
            yield (name, way.name), score
    for name, score in _ranked(ranker.by_rank(asked), facts).items():
        yield (name, BY_RANK), score


def _ranked(hits: Sequence[Hit], facts: Sequence[Fact]) -> dict[str, float]:
    scores = score_ranking(ranks(hits, facts), facts)
    return {
        SUCCESS: scores.success_1,
        RECIPROCAL: scores.reciprocal_rank,
        NDCG: scores.ndcg_10,
        RECALL: scores.recall_5,
    }


def _quoted(found: SearchResult, item: GoldItem) -> dict[str, float]:
    """Whether the sentences to quote hold an answer; nothing if the item has none."""
    if not item.answers:
        return {}
    texts = [sentence.quote.text for sentence in select_sentences(found.sentences)]
    return {
        FIRST: contains(found.sentences[0].quote.text, item.answers) if texts else 0.0,
        QUOTED: max((contains(text, item.answers) for text in texts), default=0.0),
        COUNT: float(len(texts)),
    }


def lines_of(scores: Sequence[Scores], groups: Places) -> Iterator[AblationLine]:
    """The lines for questions with these scores and groups; none for a part without questions."""
    parts = {"even": groups % 2 == 0, "odd": groups % 2 == 1, "all": groups >= 0}
    keys = dict.fromkeys(key for one in scores for key in one)
    for measure, way in sorted(keys, key=lambda key: MEASURES.index(key[0])):
        whole = _column(scores, (measure, AS_IT_IS.name))
        values = _column(scores, (measure, way))
        for part, inside in parts.items():
            judged = inside & ~np.isnan(whole)
            if not judged.any():
                continue
            gain = (values - whole)[judged]
            mean = float(values[judged].mean())
            yield AblationLine(
                measure, way, part, len(gain), mean, float(gain.mean()), interval(gain)
            )


def _column(scores: Sequence[Scores], key: tuple[str, str]) -> Floats:
    return np.array([one.get(key, np.nan) for one in scores])


def lines(report: AblationReport) -> Iterator[str]:
    """The report as text, a table for each metric."""
    yield (
        f"{report.gold}: {report.questions} questions, by whether their {report.grouped} are at "
        "even or odd places; change from the ranking as it is, 95 % interval"
    )
    tables = defaultdict[str, dict[str, list[AblationLine]]](lambda: defaultdict(list))
    for line in report.lines:
        tables[line.measure][line.way].append(line)
    for measure, ways in tables.items():
        heads = (f"{line.part}, {line.questions}" for line in ways[AS_IT_IS.name])
        yield ""
        yield f"{measure:<29} {'  '.join(f'{head:<31}' for head in heads)}".rstrip()
        for way, cells in ways.items():
            yield f"{way:<29} {'  '.join(map(_cell, cells))}".rstrip()


def _cell(line: AblationLine) -> str:
    mean = f"{line.mean:.3f}"
    if line.way != AS_IT_IS.name:
        mean += f" {line.change:+.3f} ({line.interval[0]:+.3f} to {line.interval[1]:+.3f})"
    return f"{mean:<31}"


@click.command("ablate")
@click.argument("gold", type=PATH)
@corpus_option
@click.option("--limit", type=click.IntRange(min=1), help="Ask the first N questions only.")
@json_option
@click.pass_context
def ablate(
    context: click.Context, gold: Path, corpus: Path | None, limit: int | None, as_json: bool
) -> None:
    """Rank for the questions of GOLD as it is done and with each part left out.

    GOLD is any gold set that `eval run` reads. Even and odd places are those of articles where it
    has them: the weights were chosen on XQuAD's articles at even places.
    """
    with progress_bars() as show:
        settings = settings_of(context)
        report = measure(gold, corpus, settings, limit, show)
    if as_json:
        print_json(asdict(report))
    else:
        click.echo("\n".join(lines(report)))

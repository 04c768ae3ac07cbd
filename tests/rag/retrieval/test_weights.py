"""The weights of the ranking: what they score, and that each can be left out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace
from typing import TYPE_CHECKING, cast

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.embedding.pooling import Packed
from index.snapshots import Text, text_of
from index.types import Passage
from rag.retrieval.answer_type import AnswerType
from rag.retrieval.hybrid import SearchQuery, SearchResult, search
from rag.retrieval.sentences import QueryTerms, heading_match, is_links
from rag.retrieval.weights import RANKING_WEIGHTS, RankingWeights

if TYPE_CHECKING:
    from index.snapshots import Snapshot
    from index.types import Vectors

pytestmark = pytest.mark.unit

TEXTS = {
    "a.md": "Cairo has hosted many talks. They were held in 1978.",
    "a.md#2": "Boats left Cairo at dawn.",
    "b.md": "The talks ended in Oslo. Bread got dearer.",
    "c.md": "Rain fell on the mountains.",
}
# Eighths and their like, so that no product of them is rounded.
TURNS = {"a.md": (0.75, 0.5), "a.md#2": (0.25, 0.875), "b.md": (0.875, 0.25), "c.md": (0.5, 0.0)}
WORDS = {"a.md": 4.0, "a.md#2": 1.0, "b.md": 3.0}
# A heading, and a number in a query, so that their weights count somewhere.
HEADINGS = {"c.md": "1978"}
QUESTIONS = (
    SearchQuery("Cairo talks", np.array([1.0, 0.0]), AnswerType.ANY, 0.625),
    SearchQuery("talks dearer", np.array([1.0, 0.5]), AnswerType.DATE, 0.625, {"c.md": 0.5}),
    SearchQuery("Cairo talks", np.array([1.0, 0.0]), AnswerType.DATE, 0.5, known_language=False),
)
DATED = SearchQuery("talks 1978", np.array([1.0, 0.0]), AnswerType.ANY, 0.625)


class Shelf:
    """A few passages that are searched as an index is."""

    def search_words(self, query: str, k: int) -> list[tuple[str, float]]:
        return list(WORDS.items())

    def nearest(self, vector: Vectors, k: int) -> list[tuple[str, float]]:
        return [(key, float(np.dot(turn, vector))) for key, turn in TURNS.items()]

    def vectors(self, keys: Sequence[str]) -> dict[str, Vectors]:
        return {key: np.array(TURNS[key]) for key in keys}

    def texts(self, keys: Sequence[str]) -> dict[str, Text]:
        return {key: self._text(key) for key in keys}

    def _text(self, key: str) -> Text:
        text = TEXTS[key]
        inside = np.array([TURNS[key], (0.5, 0.5)])[: text.count(".")]
        return text_of(
            [Passage(key, key[:4], "", HEADINGS.get(key, ""), text, 0, len(text), None, "d")],
            np.array(TURNS[key]),
            Packed(inside, np.ones(len(inside), np.float32)),
            lambda parts: list(map(self.terms, parts)),
        )

    def terms(self, text: str) -> list[str]:
        return text.rstrip(".").split()

    def idf(self, term: str) -> float:
        return {"Cairo": 2.0, "talks": 1.0}.get(term, 3.0)


def found(query: SearchQuery, scoring: RankingWeights = RANKING_WEIGHTS) -> SearchResult:
    def embed(texts: Sequence[str]) -> Vectors:
        raise AssertionError("every vector is stored")

    return search(cast("Snapshot", Shelf()), query, 4, embed, scoring=scoring)


def scored(query: SearchQuery, scoring: RankingWeights = RANKING_WEIGHTS) -> dict[str, float]:
    return {hit.passage.id: hit.score for hit in found(query, scoring).hits}


# As they were when the weights were constants of three modules.
@pytest.mark.parametrize(
    ("query", "passages", "sentences"),
    [
        (
            QUESTIONS[0],
            {
                "a.md": 0.8258276160949638,
                "b.md": 0.6282144050365727,
                "a.md#2": 0.42532313967598095,
                "c.md": 0.2441929302667572,
            },
            (1.48, 1.2166666666666668, 0.9, 0.7316666666666667, 0.6583333333333333, 0.54),
        ),
        (
            QUESTIONS[1],
            {
                "b.md": 0.7655943848075385,
                "a.md": 0.6475736350822289,
                "a.md#2": 0.32805066218396206,
                "c.md": 0.27858189717624365,
            },
            (1.2925, 1.1975, 1.1825, 1.085, 0.63, 0.47),
        ),
        (
            QUESTIONS[2],
            {
                "a.md": 0.4666883511015682,
                "a.md#2": 0.26338659525511576,
                "b.md": 0.22800308041358996,
                "c.md": 0.009913134475529144,
            },
            (0.624, 0.514, 0.30333333333333334, 0.22666666666666668, 0.11666666666666668, -0.078),
        ),
    ],
)
def test_search_without_headings_scores_as_with_the_weights_in_use(
    query: SearchQuery, passages: dict[str, float], sentences: tuple[float, ...]
) -> None:
    scoring = replace(RANKING_WEIGHTS, own_heading=0.0, history=0.0)
    assert list(scored(query, scoring)) == list(passages)
    assert scored(query, scoring) == pytest.approx(passages, abs=1e-12)
    ranked = found(query, scoring).sentences
    assert [one.score for one in ranked] == pytest.approx(sentences, abs=1e-12)


@pytest.mark.parametrize("part", [field.name for field in fields(RankingWeights)])
def test_search_without_a_part_scores_otherwise(part: str) -> None:
    without = replace(RANKING_WEIGHTS, **{part: 0.0})
    changed = [
        scored(query) != scored(query, without)
        or [s.score for s in found(query).sentences]
        != [s.score for s in found(query, without).sentences]
        for query in (*QUESTIONS, DATED)
    ]
    assert any(changed)


@pytest.mark.parametrize(
    ("heading", "match"),
    [
        ("Boats > Cairo talks", 1.0),
        ("Boats > Cairo", 2 * 1.0 * (2 / 3) / (1 + 2 / 3)),
        ("Boats > Cairo boats", 2 * (2 / 5) * (2 / 3) / (2 / 5 + 2 / 3)),
        ("Cairo talks", 0.5),
        ("Cairo talks > Boats", 0.0),
        ("", 0.0),
    ],
)
def test_heading_match_is_of_the_heading_right_above(heading: str, match: float) -> None:
    shelf = Shelf()
    passage = Passage("p", "p", "", heading, "Bread.", 0, 6, None, "d")
    text = text_of([passage], None, None, lambda parts: list(map(shelf.terms, parts)))
    terms = QueryTerms(cast("Snapshot", shelf), "Cairo talks")
    assert heading_match(text, terms) == pytest.approx(match)


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("[Getting started](start.md)", True),
        ("- [Code](https://a.org/x) - [Docs](https://a.org/y).", True),
        ("[![Build](b.svg)](https://a.org)", False),
        ("See [the docs](https://a.org/y).", False),
        ("No links.", False),
    ],
)
def test_is_links_of_a_sentence_with_nothing_but_links(sentence: str, expected: bool) -> None:
    assert is_links(sentence) is expected


def test_query_terms_what_is_to_be_done_counts_half() -> None:
    terms = QueryTerms(cast("Snapshot", Shelf()), "how do I add talks")
    assert terms.weighted_coverage(terms.matched(["talks"])) == pytest.approx(1 / (1 + 3 * 3 + 1.5))


def test_search_with_no_weight_ranks_by_the_fused_score() -> None:
    bare = RankingWeights(**dict.fromkeys((field.name for field in fields(RankingWeights)), 0.0))
    assert scored(QUESTIONS[0], bare) == {
        "b.md": 0.90625,
        "a.md": 0.875,
        "c.md": 0.25,
        "a.md#2": 0.09375,
    }


@given(st.dictionaries(st.sampled_from([f"word{n}" for n in range(30)]), st.floats(0.1, 9)))
def test_terms_all_held_are_all_of_the_query_to_the_last_digit(weights: dict[str, float]) -> None:
    class Weighed(Shelf):
        def idf(self, term: str) -> float:
            return weights[term]

    terms = QueryTerms(cast("Snapshot", Weighed()), " ".join(weights))
    assert terms.weighted_coverage(frozenset(weights)) == float(bool(weights))


def test_terms_without_some_weigh_the_rest() -> None:
    class Weighed(Shelf):
        def idf(self, term: str) -> float:
            return {"list": 9.0, "boats": 2.0, "club": 2.0}[term]

    terms = QueryTerms(cast("Snapshot", Weighed()), "list boats club").without(["list"])
    assert terms.weighted_coverage(frozenset(["list", "boats"])) == 0.5
    assert terms.coverage(frozenset(["list", "boats"])) == 0.5
    assert terms.without(["boats", "club"]) is terms

"""Excerpts: the part of each passage that matters, passages that touch as one."""

from __future__ import annotations

import numpy as np
import pytest

from index.types import Hit, Passage
from rag.composition.base import build_excerpts
from rag.retrieval.hybrid import SearchResult
from rag.retrieval.sentences import SentenceScores
from tests.helpers.quoting import text_in

pytestmark = pytest.mark.unit

TEXT = "Rain fell. The talks were held in Cairo. They took a day.\n\nBread got dearer. Boats left."
SECOND = TEXT.index("Bread")


def passage(start: int, end: int, document: str = "a.md") -> Passage:
    return Passage(f"{document}#{start}", document, "A", "", TEXT[start:end], start, end, None, "d")


def found(*groups: tuple[Passage, tuple[float, ...]]) -> SearchResult:
    hits = tuple(Hit(one, 1.0, rank) for rank, (one, _) in enumerate(groups, start=1))
    marks = tuple(
        SentenceScores(text_in(one), scores, scores, [frozenset()] * len(scores))
        for one, scores in groups
    )
    return SearchResult("q", np.zeros(2, np.float32), hits, (1.0,) * len(hits), marks)


def texts(result: SearchResult, most: int = 5) -> list[str]:
    made = build_excerpts(result, most, lambda _: TEXT)
    for excerpt in made:
        shown = excerpt.passage
        assert TEXT[shown.start : shown.end] == shown.text
        assert min(source.start for source in excerpt.sources) <= shown.start
        assert max(source.end for source in excerpt.sources) >= shown.end
    return [excerpt.passage.text for excerpt in made]


FIRST, LAST = passage(0, SECOND - 2), passage(SECOND, len(TEXT))


def test_excerpt_runs_from_the_first_to_the_last_sentence_that_matters() -> None:
    assert texts(found((FIRST, (0.1, 1.0, 0.2)))) == ["The talks were held in Cairo."]
    assert texts(found((FIRST, (0.6, 0.1, 1.0)))) == [FIRST.text]


def test_excerpts_that_touch_are_one_where_the_better_stands() -> None:
    other = passage(0, SECOND - 2, "b.md")
    made = found((other, (0.0, 1.0, 0.0)), (LAST, (0.9, 0.0)), (FIRST, (0.0, 0.9, 0.8)))
    assert texts(made) == [
        "The talks were held in Cairo.",
        "The talks were held in Cairo. They took a day.\n\nBread got dearer.",
    ]


def test_passage_without_a_sentence_that_matters_is_left_out_for_the_next() -> None:
    other = passage(0, SECOND - 2, "b.md")
    made = found((FIRST, (1.0, 0.0, 0.0)), (LAST, (0.1, 0.2)), (other, (0.0, 0.0, 0.7)))
    assert texts(made, 2) == ["Rain fell.", "They took a day."]
    assert texts(made, 1) == ["Rain fell."]


def test_passages_without_sentences_are_given_whole() -> None:
    table = Passage("t#0", "t.csv", "T", "", "", 0, 0, None, "d")
    assert texts(found((table, ()))) == [""]
    assert texts(found()) == []

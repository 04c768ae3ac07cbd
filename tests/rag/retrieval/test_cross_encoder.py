"""Rerankers by name: they decide the order, and errors say what to run."""

from __future__ import annotations

from pathlib import Path

import pytest

from index.errors import ConfigError
from index.settings import load_settings
from rag.engine import Engine, build
from rag.retrieval.cross_encoder import Reranker
from rag.settings import Settings
from tests.helpers.indexing import tiny_cross_encoder

pytestmark = pytest.mark.model

TEXTS = ["Egypt led the talks.", "Bread got dearer again.", "Boats left the harbour."]


def test_reranker_scores_from_worst_to_best_whatever_else_is_there(tmp_path: Path) -> None:
    reranker = Reranker(tiny_cross_encoder(tmp_path, "score"))
    scores = reranker.scores("Who led?", TEXTS)
    assert (min(scores), max(scores)) == (0, 1)
    assert reranker.scores("Who led?", TEXTS[::-1]) == pytest.approx(scores[::-1], abs=1e-4)
    assert reranker.scores("Who led?", TEXTS[:1]) == [0]


def test_reranker_with_several_scores_is_refused(tmp_path: Path) -> None:
    reranker = Reranker(tiny_cross_encoder(tmp_path, "yes", "no"))
    with pytest.raises(ConfigError, match=r"gives 2 scores for a text, not one; name a cross-enc"):
        reranker.scores("Who led?", TEXTS)


def test_reranker_that_is_not_there_says_what_to_run(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"rerank model .* cannot be loaded: .*; run: hf downl"):
        Reranker(str(tmp_path / "none")).scores("Who led?", TEXTS)


def test_search_with_a_reranker_is_ordered_by_it(
    engine: Engine, seeds_data: Path, tmp_path: Path
) -> None:
    model = tiny_cross_encoder(tmp_path, "score")
    reranked = build(load_settings(Settings, data=seeds_data, rerank_model=model))
    hits = reranked.search("Who met in Paris?", 20)[1]
    reranked.close()
    texts = [hit.passage.embedding_text for hit in hits]
    scores = Reranker(model).scores("Who met in Paris?", texts)
    assert [hit.score for hit in hits] == pytest.approx(scores, abs=1e-3)
    assert scores == sorted(scores, reverse=True)
    before = engine.search("Who met in Paris?", 20)[1]
    assert {hit.passage.id for hit in before} == {hit.passage.id for hit in hits}

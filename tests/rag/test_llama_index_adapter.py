"""The engine as a citizen of llama-index."""

import asyncio

import pytest
from llama_index.core.schema import QueryBundle

from rag.engine import Engine
from rag.llama_index_adapter import CitedQueryEngine, PassageRetriever

pytestmark = pytest.mark.model


def test_retriever_ranks_as_the_engine_with_offsets_of_the_document(engine: Engine) -> None:
    nodes = PassageRetriever(engine, k=3).retrieve("Who met in Paris?")
    _, hits = engine.search("Who met in Paris?", 3)
    assert [node.node_id for node in nodes] == [hit.passage.id for hit in hits]
    for node, hit in zip(nodes, hits, strict=True):
        document = engine.document(hit.passage.document)
        start, end = node.node.start_char_idx, node.node.end_char_idx  # type: ignore[attr-defined]
        assert document.text[start:end] == node.get_content()
        assert node.score == hit.score


def test_query_engine_answers_with_the_engines_citations(engine: Engine) -> None:
    answer = engine.answer("Who met in Paris?")
    response = CitedQueryEngine(engine).query("Who met in Paris?")
    assert str(response) == answer.text
    citations = (response.metadata or {})["citations"]
    assert [item["quote"] for item in citations] == [c.quote.text for c in answer.citations]


def test_query_engine_asked_asynchronously_refuses_alike(engine: Engine) -> None:
    asked = CitedQueryEngine(engine).aquery(QueryBundle("What is the capital of Norway?"))
    response = asyncio.run(asked)
    assert (response.metadata or {})["refusal"]["reason"] == "no_evidence"

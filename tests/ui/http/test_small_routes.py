"""Embeddings and reranking with the models of a server, as their clients call them."""

from __future__ import annotations

import httpx
import numpy as np
import openai
import pytest

from rag.engine import Engine

pytestmark = pytest.mark.model

OWLS, FEES = "Two owls live in the barn.", "The fee for a berth is 120 euro."


def test_client_embeds_texts_as_the_engine_does(seeds_server: str, engine: Engine) -> None:
    client = openai.OpenAI(base_url=f"{seeds_server}/v1", api_key="none", max_retries=0)
    expected = engine.models.embed([OWLS, FEES])
    for form in (openai.NOT_GIVEN, "float"):  # the client's own is base64
        reply = client.embeddings.create(model="any", input=[OWLS, FEES], encoding_format=form)  # type: ignore[arg-type]
        vectors = np.array([each.embedding for each in reply.data])
        assert np.allclose(vectors, expected, atol=1e-5)
        assert reply.usage.total_tokens == sum(engine.models.count_tokens([OWLS, FEES]))
    one = client.embeddings.create(model="any", input=OWLS)
    assert np.allclose(one.data[0].embedding, expected[0], atol=1e-5)
    with pytest.raises(openai.BadRequestError, match="at most 128 items"):
        client.embeddings.create(model="any", input=["a"] * 129)


def test_texts_are_ordered_by_how_well_they_fit(seeds_server: str) -> None:
    body = {"query": "What does a berth cost?", "documents": [OWLS, FEES], "return_documents": True}
    results = httpx.post(f"{seeds_server}/v1/rerank", json=body).json()["results"]
    assert [(each["index"], each["document"]) for each in results] == [(1, FEES), (0, OWLS)]
    assert results[0]["relevance_score"] > results[1]["relevance_score"]
    best = httpx.post(f"{seeds_server}/v1/rerank", json={**body, "top_n": 1}).json()["results"]
    assert best == results[:1]


def test_documents_are_listed_in_pages(seeds_server: str) -> None:
    whole = httpx.get(f"{seeds_server}/v1/documents").json()
    paths = [each["path"] for each in whole["documents"]]
    assert whole["total"] == len(paths) == 6
    page = httpx.get(f"{seeds_server}/v1/documents", params={"offset": 4, "limit": 3}).json()
    assert [each["path"] for each in page["documents"]] == paths[4:]
    assert page["total"] == 6
    named = httpx.get(f"{seeds_server}/v1/documents", params={"contains": "TERMS"}).json()
    assert [each["path"] for each in named["documents"]] == ["terms.pdf"]


def test_agents_are_shown_no_route_that_changes_documents(seeds_server: str) -> None:
    whole = httpx.get(f"{seeds_server}/openapi.json").json()["paths"]
    shown = httpx.get(f"{seeds_server}/openapi-read.json").json()["paths"]
    assert "put" in whole["/v1/documents/{path}"]
    assert list(shown["/v1/documents/{path}"]) == ["get"]
    assert list(shown["/v1/sync"]) == ["get"]
    names = [each["operationId"] for item in whole.values() for each in item.values()]
    assert len(set(names)) == len(names)
    assert {"ask", "search", "documents", "put_document"} <= set(names)

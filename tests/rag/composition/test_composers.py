"""What every composer keeps, through the real engine: the protocol, exact quotes, one path."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from index.settings import load_settings
from rag.composition.base import Composer
from rag.composition.extractive import QuotesComposer
from rag.composition.generative import LLMComposer
from rag.engine import Engine, build
from rag.settings import Settings
from rag.types import Delta, Done, Retrieved
from tests.helpers.fake_llm import FakeLLM, fails, streams

pytestmark = pytest.mark.model

REPLY = (
    "David Barnea met in Paris ",
    "for preliminary talks [1]. ",
    "Hezbollah is a Lebanese militia [9].",
)


@pytest.fixture(params=["quotes", "llm"])
def composed(request: pytest.FixtureRequest, seeds_data: Path) -> Iterator[Engine]:
    """An engine over the seeds with each composer; the LLM's server is a fake."""
    if request.param == "quotes":
        engine = build(load_settings(Settings, data=seeds_data, composer="quotes"))
        yield engine
        engine.close()
        return
    server = FakeLLM([streams(*REPLY)])
    engine = build(load_settings(Settings, data=seeds_data, llm_url=server.url, llm_model="small"))
    yield engine
    engine.close()
    server.close()


def test_composer_of_either_kind_streams_text_and_quotes_documents_exactly(
    composed: Engine,
) -> None:
    events = list(composed.stream("Who met in Paris?"))
    assert isinstance(events[0], Retrieved)
    assert all(isinstance(event, Delta) and event.text for event in events[1:-1])
    assert isinstance(events[-1], Done)
    answer = events[-1].answer
    assert answer.refusal is None
    assert answer.citations
    for citation in answer.citations:
        quote = citation.quote
        text = composed.document(quote.passage.document).text
        assert text[quote.start : quote.end] == quote.text != ""
        assert quote.passage in [hit.passage for hit in answer.hits]
    assert [c.label for c in answer.citations] == list(range(1, len(answer.citations) + 1))


def test_composers_are_composers() -> None:
    settings = load_settings(Settings, llm_url="http://127.0.0.1:9/v1")
    composers: list[Composer] = [QuotesComposer(3), LLMComposer(settings)]
    assert [composer.name for composer in composers] == ["quotes", "llm"]


def test_llm_composer_server_that_refuses_the_key_shows_the_sentence_and_the_passages(
    seeds_data: Path,
) -> None:
    server = FakeLLM([fails(401)])
    engine = build(
        load_settings(Settings, data=seeds_data, llm_url=server.url, llm_model="small", llm_key="k")
    )
    answer = engine.answer("Who met in Paris?")
    engine.close()
    server.close()
    sentence = f"The LLM at {server.host} refused the key (401)."
    assert answer.refusal
    assert (answer.refusal.message, answer.note) == (sentence, sentence)
    assert any("Paris" in hit.passage.text for hit in answer.hits)

"""What a question's options and kind lead to."""

from __future__ import annotations

import pytest

from index.settings import load_settings
from rag.intents.classifier import Intent
from rag.requests import AnswerRequest, passages_for, writer_named
from rag.settings import Settings
from rag.types import AskOptions

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("composer", "intent", "asked", "passages"),
    [
        ("llm", Intent.COMPARE, None, 16),
        ("llm", Intent.LIST, None, 16),
        ("llm", Intent.FACT, None, 8),
        ("llm", Intent.COMPARE, 5, 8),
        ("quotes", Intent.COMPARE, None, 8),
    ],
)
def test_passages_for_an_llm_are_more_where_much_is_asked_for(
    composer: str, intent: Intent, asked: int | None, passages: int
) -> None:
    settings = load_settings(Settings, llm_url="http://stub.invalid/v1")
    request = AnswerRequest("Compare them", (), settings, writer_named(composer, settings))
    assert passages_for(request, intent, AskOptions(passages=asked)) == passages


@pytest.mark.parametrize(("set_to", "passages"), [(30, 50), (50, 50)])
def test_passages_for_an_llm_are_never_more_than_may_be_set(set_to: int, passages: int) -> None:
    settings = load_settings(Settings, llm_url="http://stub.invalid/v1", passages=set_to)
    request = AnswerRequest("List all", (), settings, writer_named("llm", settings))
    assert passages_for(request, Intent.LIST, AskOptions()) == passages

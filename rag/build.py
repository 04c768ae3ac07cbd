"""Wire the engine once from settings."""

from __future__ import annotations

from index.errors import ConfigError
from index.snapshots import Index
from rag.engine import Engine
from rag.quotes import QuotesComposer
from rag.rewrite import Rewriter
from rag.settings import Settings


def build(settings: Settings) -> Engine:
    """An engine over the index in `settings.data`, which is opened at the first question.

    Raises ConfigError if the settings lead to no composer.
    """
    index = Index(settings)
    if settings.composer_name == "quotes":
        return Engine(settings, index, QuotesComposer(settings.sentences))
    if not settings.llm_url:
        raise ConfigError("the llm composer needs a server; set FOOTNOTE_LLM_URL or use quotes")
    from rag.llm_composer import LLMComposer

    return Engine(settings, index, LLMComposer(settings), Rewriter(settings))

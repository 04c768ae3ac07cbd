"""Follow-ups rewritten by the LLM; its reply is untrusted and validated."""

from __future__ import annotations

from collections.abc import Sequence

from index.text.languages import language_of
from index.text.tokenizer import content_words, fold, stopwords_of
from rag.llm.base import LLM
from rag.llm.errors import LLMError
from rag.llm.prompts import rewrite_messages
from rag.llm.providers import make_llm
from rag.llm.sanitize import PlainText
from rag.settings import Settings
from rag.types import Turn

# A follow-up has the answer still to come, so its rewriting may not take long.
_MOST_SECONDS = 15.0
_MOST_TIMES_AS_LONG = 4
_SHORTEST_LIMIT = 200


class Rewriter:
    """Asks the LLM for the stand-alone form of follow-ups."""

    def __init__(self, settings: Settings, llm: LLM | None = None) -> None:
        seconds = min(settings.llm_seconds, _MOST_SECONDS)
        self._llm = llm or make_llm(settings, seconds, backoff=())

    def rewrite(self, question: str, turns: Sequence[Turn]) -> str:
        """The question as it would be asked without the turns; "" if the LLM gives none."""
        cleaner, text = PlainText(), ""
        try:
            for piece in self._llm.stream(rewrite_messages(question, turns)):
                text += cleaner.feed(piece)
        except LLMError:
            return ""
        return valid_rewrite(text + cleaner.finish(), question, turns)


def valid_rewrite(text: str, question: str, turns: Sequence[Turn]) -> str:
    """A reply if it can be the stand-alone form of a question, else "".

    It must be one line, not much longer than the question, and share a content word with the
    conversation.
    """
    text = text.strip().strip("\"“”'").strip()
    limit = max(_SHORTEST_LIMIT, _MOST_TIMES_AS_LONG * len(question))
    if not text or "\n" in text or len(text) > limit:
        return ""
    conversation = " ".join([question, *(f"{turn.question} {turn.answer}" for turn in turns)])
    return text if _content_words(text) & _content_words(conversation) else ""


def _content_words(text: str) -> set[str]:
    words = content_words(text)
    return set(map(fold, words)) - stopwords_of(language_of(words))

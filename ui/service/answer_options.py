"""The options of an answer that the settings allow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from index.errors import FootnoteError
from rag.settings import Settings
from rag.types import AskOptions

# More passages make an answer slower and hardly better; an LLM's context ends sooner than that.
MOST_PASSAGES = 20


Name = Literal["quotes", "llm"]  # of a composer


class NotOffered(FootnoteError):
    """A manner that the settings do not allow."""


@dataclass(frozen=True, slots=True)
class Manner(AskOptions):
    """Options of which none is left to the settings."""

    composer: Name
    passages: int
    strict: bool


class Manners:
    """The manners that settings allow."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.usual = Manner(settings.composer_name, settings.passages, settings.strict)
        self.most_passages = max(MOST_PASSAGES, settings.passages)

    @property
    def writer(self) -> str:
        """What the LLM is called, "" without one."""
        return (self._settings.llm_model or "an LLM") if self._settings.has_llm else ""

    def allowed(self, wanted: Mapping[str, object]) -> Manner:
        """The manner that is nearest to a wish; what a wish leaves out, or garbles, is as usual."""
        usual, composer, passages = self.usual, wanted.get("composer"), wanted.get("passages")
        strict = wanted.get("strict", usual.strict) is True
        if isinstance(passages, str) and passages.isdecimal():
            passages = int(passages[:9])
        if type(passages) is not int:
            passages = usual.passages
        passages = min(max(passages, 1), self.most_passages)
        if composer == "quotes" or (composer == "llm" and self.writer):
            return Manner("llm" if composer == "llm" else "quotes", passages, strict)
        return Manner(usual.composer, passages, strict)

    def check(self, options: AskOptions) -> AskOptions:
        """The options of a request, as they are. Raises NotOffered."""
        if options.composer == "llm" and not self.writer:
            raise NotOffered("settings.composer: this server has no LLM; ask for 'quotes'")
        if options.passages and options.passages > self.most_passages:
            raise NotOffered(f"settings.passages: at most {self.most_passages} are taken here")
        return options

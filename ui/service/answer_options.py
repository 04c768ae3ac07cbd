"""Options of an answer that a user may choose, as far as the settings allow them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, fields
from typing import Literal

from index.errors import FootnoteError
from index.filtered import Filters
from rag.settings import Settings
from rag.types import AskOptions

# More passages make an answer slower and hardly better, and exceed the context of small LLMs.
MAX_PASSAGES = 20
MAX_FILTERS = 100
ComposerName = Literal["quotes", "llm"]


class OptionUnavailable(FootnoteError):
    """An option that the settings do not allow."""


@dataclass(frozen=True, slots=True)
class AnswerOptions(AskOptions):
    """Options of an answer, all of them set; `collections` are those to ask, () for all."""

    composer: ComposerName
    passages: int
    strict: bool


def filters_of(wanted: object) -> Filters:
    """Filters as a page or the history has them; what is no list of texts is left out."""
    given = wanted if isinstance(wanted, Mapping) else {}
    lists = {
        field.name: tuple(map(str, found))[:MAX_FILTERS]
        for field in fields(Filters)
        if isinstance(found := given.get(field.name), list | tuple)
    }
    return Filters(**lists)


class OptionsPolicy:
    """The options that the settings allow, and their defaults."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.default = AnswerOptions(settings.composer_name, settings.passages, settings.strict)
        self.max_passages = max(MAX_PASSAGES, settings.passages)

    @property
    def llm_name(self) -> str:
        """The name of the LLM for users, "" without one."""
        return (self._settings.llm_model or "an LLM") if self._settings.has_llm else ""

    def nearest(self, wanted: Mapping[str, object]) -> AnswerOptions:
        """The allowed options nearest to these; missing and invalid ones are the defaults."""
        default, composer, passages = self.default, wanted.get("composer"), wanted.get("passages")
        strict = wanted.get("strict", default.strict) is True
        if isinstance(passages, str) and passages.isdecimal():
            passages = int(passages[:9])
        if type(passages) is not int:
            passages = default.passages
        passages = min(max(passages, 1), self.max_passages)
        if not (composer == "quotes" or (composer == "llm" and self.llm_name)):
            composer = default.composer
        named = wanted.get("collections")
        collections = tuple(map(str, named)) if isinstance(named, list | tuple) else ()
        return AnswerOptions(
            "llm" if composer == "llm" else "quotes",
            passages,
            strict,
            filters_of(wanted.get("filters")),
            collections,
        )

    def chosen(self, choice: str | None) -> AnswerOptions | None:
        """The allowed options nearest to what a page shows, as JSON; None if it shows none yet."""
        with suppress(ValueError, RecursionError):
            wanted = json.loads(choice or "")
            return self.nearest(wanted) if isinstance(wanted, dict) else None
        return None

    def check(self, options: AskOptions) -> AskOptions:
        """The options of a request, unchanged. Raises OptionUnavailable."""
        if options.composer == "llm" and not self.llm_name:
            raise OptionUnavailable("settings.composer: this server has no LLM; ask for 'quotes'")
        if options.passages and options.passages > self.max_passages:
            message = f"settings.passages: at most {self.max_passages} are taken here"
            raise OptionUnavailable(message)
        return options

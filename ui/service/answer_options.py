"""How a conversation's questions are answered, and the engines that answer so over one index."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from index.errors import FootnoteError
from rag.engine import Engine, build
from rag.settings import Settings
from rag.types import Event, Turn
from ui.service.admission import AdmissionControl

# More passages make an answer slower and hardly better; an LLM's context ends sooner than that.
MOST_PASSAGES = 20


Name = Literal["quotes", "llm"]  # of a composer


class NotOffered(FootnoteError):
    """A manner that the settings do not allow."""


@dataclass(frozen=True, slots=True)
class Manner:
    """By which composer, from how many passages, and whether only what is backed is left."""

    composer: Name
    passages: int
    strict: bool


class Manners:
    """The manners that settings allow, each with an engine that is made when it is first used."""

    def __init__(self, engine: Engine, settings: Settings) -> None:
        self._engine = engine
        self._settings = settings
        self._made = dict[Manner, Engine]()
        self.usual = Manner(settings.composer_name, settings.passages, settings.strict)
        self.most_passages = max(MOST_PASSAGES, settings.passages)

    @property
    def writer(self) -> str:
        """What the LLM is called, "" without one."""
        return (self._settings.llm_model or "an LLM") if self._settings.llm_url else ""

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

    def asked(self, composer: Name | None, passages: int | None, strict: bool | None) -> Manner:
        """The manner of a request, as usual where it says None. Raises NotOffered."""
        usual = self.usual
        if composer == "llm" and not self.writer:
            raise NotOffered("settings.composer: this server has no LLM; ask for 'quotes'")
        if passages and passages > self.most_passages:
            raise NotOffered(f"settings.passages: at most {self.most_passages} are taken here")
        return Manner(
            composer or usual.composer,
            passages or usual.passages,
            usual.strict if strict is None else strict,
        )

    def engine(self, manner: Manner) -> Engine:
        """The engine that answers so; it is the usual one's to close."""
        if manner == self.usual:
            return self._engine
        if manner not in self._made:
            changes = {"composer": manner.composer, "passages": manner.passages}
            settings = self._settings.model_copy(update={**changes, "strict": manner.strict})
            self._made.setdefault(manner, build(settings).share(self._engine))
        return self._made[manner]

    @property
    def quoting(self) -> Engine:
        """The engine that quotes and is otherwise as usual; it asks nothing of an LLM."""
        return self.engine(Manner("quotes", self.usual.passages, self.usual.strict))


@dataclass(frozen=True, slots=True)
class Through:
    """Asks an engine by way of a doorman, whose limits hold for it."""

    doorman: AdmissionControl
    engine: Engine

    def stream(self, question: str, turns: Sequence[Turn] = ()) -> Generator[Event, None, None]:
        """As the doorman's."""
        return self.doorman.stream(question, turns, self.engine)

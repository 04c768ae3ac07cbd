"""A question on its way to an answer: its turns, and what its options lead to."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from hashlib import sha256

from index.errors import ConfigError
from index.filtered import NO_FILTERS, Filters
from index.runtime import Clock
from index.snapshots import Snapshot
from rag.composition.base import Composer, ComposerInput
from rag.composition.extractive import QuotesComposer
from rag.followups.llm_rewrite import Rewriter
from rag.intents.classifier import Intent
from rag.llm.prompts import PROMPT_VERSION
from rag.settings import Settings
from rag.types import Answer, AskOptions, Delta, Draft, PartRead, Turn

QUESTION_CHARACTERS = 4000
# What an LLM reads more for than for a fact, and how much more.
_BROAD = frozenset({Intent.LIST, Intent.COMPARE, Intent.EXPLAIN, Intent.SUMMARY})
_BREADTH, _MOST_PASSAGES = 2, 50


@dataclass(frozen=True, slots=True)
class AnswerWriter:
    """A composer, and the rewriter of follow-ups that goes with it."""

    composer: Composer
    rewriter: Rewriter | None = None


@dataclass(frozen=True, slots=True)
class AnswerRequest:
    """One question with its turns, the settings and composer that its options lead to, and what it
    goes to.
    """

    question: str
    turns: Sequence[Turn]
    settings: Settings
    writer: AnswerWriter
    filters: Filters = NO_FILTERS
    collections: tuple[str, ...] = ()


def writer_named(name: str, settings: Settings) -> AnswerWriter:
    """The composer of this name. Raises ConfigError if there is none, or no LLM for it."""
    if name == "quotes":
        return AnswerWriter(QuotesComposer(settings.sentences))
    if name != "llm":
        raise ConfigError(f"there is no composer {name!r}; use quotes or llm")
    if not settings.has_llm:
        raise ConfigError("the llm composer needs a server; set FOOTNOTE_LLM_URL or use quotes")
    from rag.composition.generative import LLMComposer

    return AnswerWriter(LLMComposer(settings), Rewriter(settings))


def with_options(settings: Settings, options: AskOptions) -> Settings:
    """The settings with the options of one question; the same object if they change nothing."""
    changes = {
        "composer": options.composer or settings.composer_name,
        "passages": options.passages or settings.passages,
        "strict": settings.strict if options.strict is None else options.strict,
    }
    usual = (settings.composer_name, settings.passages, settings.strict)
    return settings if tuple(changes.values()) == usual else settings.model_copy(update=changes)


def passages_for(request: AnswerRequest, intent: Intent, options: AskOptions) -> int:
    """How many passages are retrieved: more for an LLM that is to list, compare or explain, unless
    the options say how many.
    """
    passages = request.settings.passages
    is_broad = intent in _BROAD and request.writer.composer.name != "quotes"
    if options.passages is not None or not is_broad:
        return passages
    return max(passages, min(_BREADTH * passages, _MOST_PASSAGES))


def rewritten_question(request: AnswerRequest) -> str:
    """The stand-alone form of a follow-up by the LLM, or ""."""
    rewriter = request.writer.rewriter
    return rewriter.rewrite(request.question, request.turns) if rewriter and request.turns else ""


def fingerprint(settings: Settings, snapshot: Snapshot) -> str:
    """A digest of what an answer depends on: settings, model, generation and prompt."""
    dumped = settings.model_dump_json(exclude={"data", "llm_key"})
    facts = f"{snapshot.model} {snapshot.generation} {PROMPT_VERSION} {dumped}"
    return sha256(facts.encode()).hexdigest()[:16]


def replied(request: AnswerRequest, text: str, snapshot: Snapshot, clock: Clock) -> Answer:
    """A reply that is about Footnote or the corpus itself: it cites nothing."""
    return Answer(
        question=request.question,
        query=request.question,
        text=text,
        statements=(),
        citations=(),
        refusal=None,
        hits=(),
        composer=request.writer.composer.name,
        confidence=1.0,
        seconds=clock.seconds(),
        fingerprint=fingerprint(request.settings, snapshot),
        is_reply=True,
    )


def checked_question(question: str) -> str:
    """The question as it is. Raises ConfigError if it is empty or too long."""
    if not question.strip():
        raise ConfigError('the question is empty; ask one, like: footnote ask "Who met whom?"')
    if len(question) > QUESTION_CHARACTERS:
        raise ConfigError(
            f"the question has {len(question):,} characters, the limit is {QUESTION_CHARACTERS:,}; "
            "ask a shorter one"
        )
    return question


def composed(
    request: AnswerRequest, evidence: ComposerInput
) -> Generator[Delta | PartRead, None, Draft]:
    """The events of a draft as it is made; it is returned."""
    pieces = request.writer.composer.compose(evidence, request.turns)
    while True:
        try:
            piece = next(pieces)
        except StopIteration as stop:
            draft: Draft = stop.value
            return draft
        yield piece if isinstance(piece, PartRead) else Delta(piece)

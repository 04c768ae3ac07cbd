"""The llm composer: an LLM writes, and code attributes its statements to quotes.

The model gets numbered excerpts and no tools. What the program knows for certain goes with them: a
figure that was computed over a whole table, steps and lists as whole blocks, a summary's sentences.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass, replace

from rag.citations.labelling import leading_space, with_markers
from rag.composition.base import (
    ComposerInput,
    Excerpt,
    draft_of,
    in_reading_order,
    tokens_of,
    whole_excerpts,
    with_blocks,
)
from rag.composition.extractive import QuotesComposer
from rag.composition.further_search import GAP, FirstRound, both_rounds, second_round
from rag.composition.llm_reply import (
    ENDS_SENTENCE,
    known_labels,
    parse_draft,
    with_figure,
    without_repetition,
)
from rag.composition.sql_answer import sql_draft
from rag.intents.classifier import LONG
from rag.llm.base import LLM, ChatMessage
from rag.llm.errors import LLMError
from rag.llm.facts import ModelFacts, Profile
from rag.llm.prompts import answer_messages, notes_messages
from rag.llm.providers import make_llm
from rag.llm.sanitize import PlainText
from rag.settings import Settings
from rag.summaries.map_reduce import SummaryLimits, noted, reading_in_parts, unabridged
from rag.types import Draft, PartRead, Quote, Support, Turn
from rag.verification.fit import answers_question
from rag.verification.support import support_of

_LEAST_BUDGET = 200
QUOTED = "The summary is quoted instead."


@dataclass(frozen=True, slots=True)
class _Prompt:
    """What a reply is asked for with: the profile, the excerpts as numbered, and the turns."""

    evidence: ComposerInput
    profile: Profile
    packed: Sequence[Excerpt]
    turns: Sequence[Turn]

    @property
    def computed(self) -> str:
        """The sentence of a figure that was computed, or ""."""
        given = self.evidence.given
        return given.claims[0].text if given and given.computed else ""


class LLMComposer:
    """Answers through the LLM of the settings. Raises ConfigError when they name none."""

    name = "llm"

    def __init__(self, settings: Settings, llm: LLM | None = None) -> None:
        self._llm = llm or make_llm(settings)
        self._settings = settings
        self._quotes = QuotesComposer(settings.sentences)

    def compose(
        self, evidence: ComposerInput, turns: Sequence[Turn] = ()
    ) -> Generator[str | PartRead, None, Draft]:
        """Stream the LLM's plain text, then return the draft whose claims quote the passages.

        A server that fails before its first word gives no claims and a note; one that fails later
        gives what it wrote and a note that the answer is cut off. What a small model makes worse,
        such as steps or several questions in one, is quoted as it would be without one.
        """
        profile, budget = self._room(turns)
        own = self._own_words(evidence)
        is_much = bool(evidence.given or evidence.parts or evidence.intent in LONG)
        if profile is Profile.SMALL and is_much:
            yield from _pieces(own)
            return own
        is_summary = evidence.given is not None and evidence.given.computed is None
        if profile is Profile.CAPABLE and is_summary and evidence.reading(budget).total:
            return (yield from self._summary(evidence, own, budget))
        if profile is Profile.CAPABLE and evidence.given is None:
            evidence = replace(evidence, given=sql_draft(evidence, self._llm))
            own = evidence.given or own
        packed = pack_excerpts(_excerpts(evidence, own, profile, budget), budget)
        draft = yield from self._written(_Prompt(evidence, profile, packed, turns))
        answers = _is_supported(draft) and answers_question(evidence.query, draft.claims)
        if answers or draft.declined or draft.note:
            return draft
        if not evidence.is_sure:
            return replace(draft, claims=(), declined=True)
        return own if profile is Profile.SMALL and own.claims else draft

    def _summary(
        self, evidence: ComposerInput, own: Draft, budget: int
    ) -> Generator[str | PartRead, None, Draft]:
        """What the LLM says in short of whole documents, in parts if they are long. Where nothing
        of that is supported, its notes on the parts; where it fails, the quoted summary.
        """
        limits = SummaryLimits(budget, self._settings.llm_summary_calls - 1)
        parts, total = reading_in_parts(evidence, budget, limits.calls)
        notes = unabridged(parts[0] if parts else (), total)
        if len(parts) > 1:
            notes = yield from noted(evidence.query, parts, total, self._llm, limits)
        text, error = "", notes.error
        if notes.notes:
            passages = [note.passage for note in notes.notes]
            messages = (
                notes_messages(evidence.query, passages)
                if len(parts) > 1
                else answer_messages(evidence.query, passages, ())
            )
            text, error = yield from self._stream_text(messages, len(notes.notes))
        if error and error.too_long and len(parts) == 1 and not text and budget > _LEAST_BUDGET:
            return (yield from self._summary(evidence, own, max(_LEAST_BUDGET, budget // 2)))
        draft = parse_draft(text, notes.notes, "", evidence.query)
        if not error and _is_supported(draft):
            closing = " ".join(filter(None, [draft.closing, notes.unread]))
            return replace(draft, closing=closing)
        if not error and _is_supported(notes.draft):
            return notes.draft
        if not text:
            yield from _pieces(own)
        return replace(own, note=f"{error} {QUOTED}") if error else own

    def _room(self, turns: Sequence[Turn]) -> tuple[Profile, int]:
        """The profile of the model, and the tokens of excerpts that it has room for."""
        settings = self._settings
        asks = settings.llm_profile == "auto" or settings.llm_context_tokens is None
        facts = self._llm.facts() if asks else ModelFacts()
        facts = facts if facts.name else replace(facts, name=settings.llm_model)
        profile = facts.profile if settings.llm_profile == "auto" else Profile(settings.llm_profile)
        if settings.llm_context_tokens is not None:
            return profile, settings.llm_context_tokens
        past = sum(tokens_of(f"{turn.question} {turn.answer}"[:1200]) for turn in turns[-3:])
        return profile, max(_LEAST_BUDGET, int(facts.budget(profile) - past))

    def _own_words(self, evidence: ComposerInput) -> Draft:
        """What is answered without an LLM."""
        if evidence.given:
            return evidence.given
        return draft_of(self._quotes.compose(evidence))

    def _written(self, request: _Prompt) -> Generator[str, None, Draft]:
        """What the LLM writes, as a draft; once more with half the excerpts if they are too long.

        What the program knows for certain is not lost with the LLM's words.
        """
        text, error = yield from self._stream_text(_messages(request), len(request.packed))
        if error and error.too_long and not text and len(request.packed) > 1:
            request = replace(request, packed=request.packed[: len(request.packed) // 2])
            text, error = yield from self._stream_text(_messages(request), len(request.packed))
        evidence = request.evidence
        if not text.strip():
            note = str(error) if error else f"{self._llm.name} returned no answer."
            known = evidence.given if request.computed else None
            return replace(known or Draft(()), note=note)
        note = f"{error} The answer is cut off." if error else ""
        packed = _numbered(request)
        draft = parse_draft(text, packed, note, evidence.query, request.profile)
        draft = replace(draft, is_cut_off=bool(error))
        if evidence.given:
            return with_figure(draft, evidence.given)
        is_open = request.profile is Profile.CAPABLE and not note
        first = FirstRound(text, packed, draft)
        return (yield from self._searched_on(evidence, first)) if is_open else draft

    def _searched_on(
        self, evidence: ComposerInput, first: FirstRound
    ) -> Generator[str, None, Draft]:
        """The first round's draft, and what a second search adds to it where a part is open."""
        second = second_round(evidence, self._llm, first)
        if second is None:
            return first.draft
        yield GAP
        text, error = yield from self._stream_text(second.messages, len(second.packed))
        return both_rounds(first, second, "" if error else text, evidence.query)

    def _stream_text(
        self, messages: Sequence[ChatMessage], known: int
    ) -> Generator[str, None, tuple[str, LLMError | None]]:
        """Stream plain text with labels up to `known`; return the whole of it and the error that
        ended it, if one did.
        """
        cleaner, text, failure = PlainText(), "", None
        stream = self._llm.stream(messages)
        try:
            for delta in stream:
                piece = cleaner.feed(delta)
                if piece:
                    text += piece
                    yield known_labels(piece, known)
                ends = "\n" in piece or ENDS_SENTENCE.search(piece)
                if ends and without_repetition(text) != text:
                    break
        except LLMError as error:
            failure = error
        finally:
            stream.close()
        rest = cleaner.finish()
        if rest:
            yield known_labels(rest, known)
        return text + rest, failure


def _messages(request: _Prompt) -> Sequence[ChatMessage]:
    return answer_messages(
        request.evidence.query,
        [excerpt.passage for excerpt in _numbered(request)],
        request.turns,
        request.profile,
        request.computed,
    )


def _numbered(request: _Prompt) -> Sequence[Excerpt]:
    """The excerpts in the order of their numbers: best first for a small model, which looks at the
    first most, else as they are read. What was computed over stays first.
    """
    if request.profile is Profile.SMALL or request.computed:
        return request.packed
    return in_reading_order(request.packed)


def _excerpts(
    evidence: ComposerInput, own: Draft, profile: Profile, budget: int
) -> Sequence[Excerpt]:
    """What there is to read, best first: for a capable model with whole blocks and rows, and all
    passages whole where much is asked and there is room for them.
    """
    found = evidence.excerpts() or whole_excerpts(evidence.hits)
    if profile is Profile.SMALL:
        return found

    def text_of(path: str) -> str:
        structure = evidence.structure(path)
        return structure.document.text if structure else ""

    quotes = [quote for claim in own.claims for quote in claim.quotes]
    read = (source for one in (*found, *whole_excerpts(evidence.hits)) for source in one.sources)
    whole = [Quote(source, source.start, source.end) for source in read]
    if evidence.intent in LONG:
        spans = with_blocks(found, [*quotes, *whole], text_of)
        if sum(tokens_of(one.passage.embedding_text) for one in spans) <= budget:
            return spans or found
    return with_blocks(found, quotes, text_of) or found


def pack_excerpts(excerpts: Sequence[Excerpt], budget: int) -> list[Excerpt]:
    """The excerpts that fit into a budget (tokens), best first and whole; at least one."""
    packed: list[Excerpt] = []
    used = 0.0
    for excerpt in excerpts:
        size = tokens_of(excerpt.passage.embedding_text)
        if not packed or used + size <= budget:
            packed.append(excerpt)
            used += size
    return packed


def _is_supported(draft: Draft) -> bool:
    """Whether some claim of a draft is backed in full."""
    return any(
        claim.computed or support_of(claim.text, claim.quotes) is Support.SUPPORTED
        for claim in draft.claims
    )


def _pieces(draft: Draft) -> Generator[str, None, None]:
    """A draft that is known already, claim by claim."""
    before = None
    for claim in draft.claims:
        yield leading_space(before, claim) + with_markers(claim)
        before = claim

"""Summaries of what is longer than an LLM reads at once: it takes notes on each part, and what it
noted is put together.

Notes cite passages as any statement does, and those that nothing backs are dropped. The notes are
then numbered excerpts themselves, which lead to the passages that they cite: so each statement of
the summary is checked against the documents, never against a note.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass, replace

from index.types import Passage
from rag.composition.base import ComposerInput, Excerpt, tokens_of, whole_passages
from rag.composition.llm_reply import ENDS_SENTENCE, parse_draft, without_repetition
from rag.llm.base import LLM, ChatMessage
from rag.llm.errors import LLMError
from rag.llm.prompts import part_messages
from rag.llm.sanitize import PlainText
from rag.summaries.reading import in_turns
from rag.types import Claim, Draft, Item, PartRead, Support
from rag.verification.support import support_of

_POINTS = 6
# Of the notes on a part; a model that writes more has forgotten what it was asked for.
_NOTE_CHARACTERS = 2000
_LESS = 0.9


@dataclass(frozen=True, slots=True)
class SummaryLimits:
    """Tokens of excerpts in one prompt, and how often the LLM is called at most for notes."""

    budget: int
    calls: int


@dataclass(frozen=True, slots=True)
class SummaryNotes:
    """What was noted of a long text: excerpts that are notes, whose sources are the passages they
    cite; a sentence on what was not read, or ""; the error that ended the reading, if one did; and
    the notes as claims that are backed.
    """

    notes: tuple[Excerpt, ...] = ()
    unread: str = ""
    error: LLMError | None = None
    claims: tuple[Claim, ...] = ()

    @property
    def draft(self) -> Draft:
        """The notes themselves, as one list."""
        items = (
            replace(one, lead="\n", item=Item((number,), 0, "-"), before="", leads=())
            for number, one in enumerate(self.claims)
        )
        return Draft(tuple(items), closing=self.unread)


def parts_of(passages: Sequence[Passage], budget: int) -> list[list[Passage]]:
    """Passages in their order, in parts of at most so many tokens, or of one passage."""
    parts, used = list[list[Passage]](), 0.0
    for passage in passages:
        size = tokens_of(passage.embedding_text)
        if not parts or used + size > budget:
            parts.append([])
            used = 0.0
        parts[-1].append(passage)
        used += size
    return parts


def unabridged(passages: Sequence[Passage], total: int) -> SummaryNotes:
    """What needs no notes, since it is read at once."""
    return SummaryNotes(whole_passages(passages), _unread(len(passages), total))


def reading_in_parts(
    evidence: ComposerInput, budget: int, most: int
) -> tuple[list[list[Passage]], int]:
    """What there is to read in at most so many parts, and how many passages there are in all."""
    tokens = budget * most
    while True:
        reading = evidence.reading(tokens)
        parts = parts_of(reading.passages, budget)
        if len(parts) <= most or len(reading.passages) <= most:
            return parts[:most], reading.total
        tokens = int(tokens * _LESS)  # passages leave room at the ends of parts


def noted(
    question: str, parts: Sequence[Sequence[Passage]], total: int, llm: LLM, limits: SummaryLimits
) -> Generator[PartRead, None, SummaryNotes]:
    """Have an LLM take notes on each part.

    Each PartRead comes before its part is read. Ends with the first error: what is missing for it
    would be missing from the summary, and nobody would see that. `total` are all passages.
    """
    notes, claims = list[list[Excerpt]](), list[Claim]()
    read, left = 0, limits.calls
    for number, part in enumerate(parts, start=1):
        if not left:
            break
        yield PartRead(number, len(parts))
        try:
            text, passages, calls = _reply(question, part, (number, len(parts)), llm, left)
        except LLMError as error:
            return SummaryNotes(error=error)
        draft = parse_draft(text, whole_passages(passages), "", question)
        backed = [claim for claim in draft.claims if _is_backed(claim)][:_POINTS]
        notes.append([_note(claim) for claim in backed])
        claims += backed
        read, left = read + len(passages), left - calls
    kept = _within(notes, limits.budget)
    return SummaryNotes(kept, _unread(read, total), claims=tuple(claims))


def _reply(
    question: str, part: Sequence[Passage], place: tuple[int, int], llm: LLM, calls: int
) -> tuple[str, Sequence[Passage], int]:
    """What is noted on a part, the passages that were read, and how many calls that took: half of
    them are read where the LLM finds the whole too long. Raises LLMError.
    """
    used = 1
    while True:
        try:
            return _text(llm, part_messages(question, part, *place, _POINTS)), part, used
        except LLMError as error:
            if not error.too_long or len(part) == 1 or used == calls:
                raise
        part, used = part[: len(part) // 2], used + 1


def _text(llm: LLM, messages: Sequence[ChatMessage]) -> str:
    """What an LLM notes, up to where it has written enough or is in a loop. Raises LLMError."""
    cleaner, text = PlainText(), ""
    stream = llm.stream(messages)
    try:
        for piece in stream:
            text += cleaner.feed(piece)
            ends = "\n" in piece or ENDS_SENTENCE.search(piece)
            if len(text) > _NOTE_CHARACTERS or (ends and without_repetition(text) != text):
                text = text[:_NOTE_CHARACTERS]
                return text[: text.rfind("\n") + 1] or text
    finally:
        stream.close()
    return text + cleaner.finish()


def _is_backed(claim: Claim) -> bool:
    return bool(claim.quotes) and support_of(claim.text, claim.quotes) is not Support.UNSUPPORTED


def _note(claim: Claim) -> Excerpt:
    """A note as an excerpt: its words under the title of the first passage that it cites."""
    sources = tuple(dict.fromkeys(quote.passage for quote in claim.quotes))
    return Excerpt(replace(sources[0], text=claim.text), sources)


def _within(notes: Sequence[Sequence[Excerpt]], budget: int) -> tuple[Excerpt, ...]:
    """The notes that fit into so many tokens, in their order; the first of each part go first."""
    by_passage = {id(note.passage): note for part in notes for note in part}
    kept, used = set[int](), 0.0
    for passage in in_turns([note.passage for note in part] for part in notes):
        used += tokens_of(passage.embedding_text)
        if kept and used > budget:
            break
        kept.add(id(passage))
    return tuple(note for key, note in by_passage.items() if key in kept)


def _unread(read: int, total: int) -> str:
    """What a summary of a part says of the rest."""
    if read >= total:
        return ""
    return (
        f"This summary rests on {read} of {total} passages, some of each section; ask about one "
        "section to have it read whole."
    )

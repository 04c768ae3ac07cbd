"""One more round of search, with the LLM's own query, for what the first excerpts leave open.

What was written stays: the second round only adds to it, from excerpts that are numbered on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from rag.composition.base import ComposerInput, Excerpt
from rag.composition.llm_reply import parse_draft
from rag.llm.base import LLM, ChatMessage
from rag.llm.errors import LLMError
from rag.llm.prompts import NO_QUERY, query_messages, remaining_messages
from rag.types import Draft

_LONGEST_QUERY = 200
GAP = "\n\n"


@dataclass(frozen=True, slots=True)
class FirstRound:
    """What was written first: its text, the excerpts as they were numbered, and the draft."""

    text: str
    packed: Sequence[Excerpt]
    draft: Draft


@dataclass(frozen=True, slots=True)
class SecondRound:
    """What was searched for, and the chat that asks for what is still open; `packed` are the
    excerpts of both rounds, as they are numbered.
    """

    query: str
    packed: tuple[Excerpt, ...]
    messages: Sequence[ChatMessage]


def second_round(evidence: ComposerInput, llm: LLM, first: FirstRound) -> SecondRound | None:
    """A second round, where an answer says that something is open and another search finds
    excerpts that were not read; else None.
    """
    if not first.draft.closing:
        return None
    query = _query(llm, evidence.query, first.draft.closing)
    if not query or query.casefold() == evidence.query.casefold():
        return None
    more = [one for one in evidence.search(query) if not _is_read(one, first.packed)]
    more = more[: len(first.packed)]  # so the second prompt is about as long as the first
    if not more:
        return None
    said = "\n".join(claim.text for claim in first.draft.claims)
    messages = remaining_messages(
        evidence.query,
        [one.passage for one in more],
        len(first.packed) + 1,
        said,
        first.draft.closing,
    )
    return SecondRound(query, (*first.packed, *more), messages)


def both_rounds(first: FirstRound, second: SecondRound, text: str, question: str) -> Draft:
    """The draft of what both rounds wrote. What the first says is missing is left out if the second
    states something.
    """
    searched = (second.query,)
    added = parse_draft(text, second.packed, "", question)
    if not added.claims:
        return replace(first.draft, searched=searched)
    whole = parse_draft(first.text + GAP + text, second.packed, "", question)
    return replace(whole, closing=added.closing, searched=searched)


def _query(llm: LLM, question: str, missing: str) -> str:
    """The LLM's query for what is open: the first line of its reply, or "" for none."""
    stream = llm.stream(query_messages(question, missing))
    try:
        reply = "".join(stream)
    except LLMError:
        return ""
    finally:
        stream.close()
    lines = reply.strip().splitlines()
    query = " ".join(lines[0].split()).strip("\"'`“”„ ") if lines else ""
    is_usable = query.strip(".").upper() != NO_QUERY and len(query) <= _LONGEST_QUERY
    return query if is_usable else ""


def _is_read(excerpt: Excerpt, packed: Sequence[Excerpt]) -> bool:
    """Whether an excerpt lies within one that was sent already."""
    one = excerpt.passage
    return any(
        one.document == other.passage.document
        and other.passage.start <= one.start
        and one.end <= other.passage.end
        for other in packed
    )

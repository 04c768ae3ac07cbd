"""What is said in place of an answer, or around one.

A refusal names its reason; nothing that the documents do not back is shown in its place. An answer
of little confidence opens with a sentence that says so.
"""

from __future__ import annotations

from dataclasses import replace

from rag.citations.labelling import LabelledAnswer
from rag.retrieval.answerability import UNSURE_BELOW
from rag.retrieval.hybrid import SearchResult
from rag.settings import Settings
from rag.types import Draft, Reason, Refusal

_UNSURE = "The documents may not answer this. What comes nearest:"
_MESSAGES = {
    Reason.EMPTY_INDEX: "Nothing is indexed yet, so there is nothing to answer from.",
    Reason.NO_EVIDENCE: "The documents don't seem to answer this question.",
    Reason.DECLINED: "The documents don't seem to answer this question.",
    Reason.UNSUPPORTED: "No answer could be backed by the documents.",
    Reason.UNAVAILABLE: "The answer could not be rewritten.",
}
# An LLM is asked down to this share of the confidence below which a question is refused.
_GRAY = 0.4


def hedged(draft: Draft, confidence: float) -> Draft:
    """A quoted draft that may well not answer says so before it quotes.

    `confidence` is the probability, 0..1, that the documents answer.
    """
    return draft if confidence >= UNSURE_BELOW else replace(draft, opening=_UNSURE)


def refusal_before(
    found: SearchResult, confidence: float, settings: Settings, quotes: bool = True
) -> Refusal | None:
    """A refusal that needs no draft: there is nothing to answer from, or nothing answers.

    An LLM reads what may answer, and refuses by itself: `quotes` is false where one is to write.
    """
    if not found.hits:
        return Refusal(Reason.EMPTY_INDEX, _MESSAGES[Reason.EMPTY_INDEX])
    if confidence < settings.refuse_below * (1.0 if quotes else _GRAY):
        return Refusal(Reason.NO_EVIDENCE, _MESSAGES[Reason.NO_EVIDENCE])
    return None


def refusal_of(draft: Draft, labelled: LabelledAnswer) -> Refusal | None:
    """An answer without a single citation is not shown as an answer.

    The reason is that the composer declined, that it could not be used (with the note that says
    why), or that none of its statements is backed.
    """
    if labelled.citations:
        return None
    if draft.declined:
        return Refusal(Reason.DECLINED, _MESSAGES[Reason.DECLINED])
    if draft.note and not draft.claims:
        return Refusal(Reason.UNAVAILABLE, draft.note)
    return Refusal(Reason.UNSUPPORTED, _MESSAGES[Reason.UNSUPPORTED])


def framed(text: str, draft: Draft | None) -> str:
    """The text between the draft's own sentences before and after it."""
    parts = [draft.opening, text, draft.closing] if draft else [text]
    return "\n\n".join(part for part in parts if part)

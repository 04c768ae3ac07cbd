"""Labels and verdicts: a draft becomes an answer with numbered citations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rag.citations.lists import ListWriter, wider_space
from rag.types import Citation, Claim, Draft, Lead, Quote, Statement, Support
from rag.verification.support import SupportCheck, check_support


@dataclass(frozen=True, slots=True)
class LabelledAnswer:
    """An answer's text with markers, its statements and its citations."""

    text: str
    statements: tuple[Statement, ...]
    citations: tuple[Citation, ...]


def label(draft: Draft, strict: bool, check: SupportCheck = check_support) -> LabelledAnswer:
    """Number quotes by first use, judge every claim, and with `strict` keep supported ones alone.

    Of what SmolLM2 (135M parameters) wrote on 100 questions of XQuAD English, a reader found a
    sixth of the weak statements true and three quarters of the supported ones.
    """
    labels: dict[Quote, int] = {}
    statements, text, before, skipped = list[Statement](), "", None, ""
    lists, carried = ListWriter(), ("", 0)
    leads = list[Lead]()
    for claim in draft.claims:
        leads += claim.leads
        verdict = _verdict(claim, check)
        if strict and verdict is not Support.SUPPORTED:
            skipped = wider_space(skipped, claim.lead)
            carried = (claim.before, claim.section) if claim.before else carried
            continue
        used = tuple(_label_of(labels, quote) for quote in dict.fromkeys(claim.quotes))
        statements.append(Statement(claim.text, used, verdict))
        space = wider_space(leading_space(before, claim), skipped if before else "")
        # Side by side, a marker and a bracket would be a link.
        space = " " if text.endswith("]") and not space else space
        above = claim.before or (carried[0] if carried[1] == claim.section else "")
        if above:
            gap = "" if above.startswith(" ") else "\n\n"
            text, space = f"{text}{gap}{above}" if text else above.lstrip(), ""
            lists.end()
        for lead in _leading_to(claim, leads):
            text += lists.before(lead.item, wider_space(space, lead.lead if text else ""))
            text, space = text + lead.text, "\n"
        text += lists.before(claim.item, space) + with_markers(claim, used)
        before, skipped, carried, leads = claim, "", ("", 0), []
    citations = tuple(Citation(number, quote) for quote, number in labels.items())
    return LabelledAnswer(text, tuple(statements), citations)


def _verdict(claim: Claim, check: SupportCheck) -> Support:
    """How well a claim is backed. A figure is by its computation, not by words that stand in a row;
    what has parts is in full if each of them is.
    """
    if claim.computed:
        return Support.SUPPORTED
    if not claim.parts:
        return check(claim.text, claim.quotes).support
    verdicts = [
        Support.SUPPORTED if part.certain else check(part.text, part.quotes).support
        for part in claim.parts
    ]
    if all(verdict is Support.SUPPORTED for verdict in verdicts):
        return Support.SUPPORTED
    return Support.WEAK if set(verdicts) != {Support.UNSUPPORTED} else Support.UNSUPPORTED


def _leading_to(claim: Claim, leads: Sequence[Lead]) -> list[Lead]:
    """The items among `leads` that a claim is nested in."""
    path = claim.item.path[:-1] if claim.item else ()
    return [lead for lead in leads if lead.item.path[-1] in path]


def leading_space(before: Claim | None, claim: Claim) -> str:
    """The white space before a claim: none for the first, a blank line between table and prose, and
    between list and prose.
    """
    if before is None:
        return ""
    apart = (before.frame and not claim.frame) or bool(before.item) != bool(claim.item)
    return "\n\n" if apart else claim.lead


def with_markers(claim: Claim, labels: tuple[int, ...] = ()) -> str:
    """A claim as written in the answer's text, with its markers."""
    text, end = claim.frame or (claim.written or claim.text, "")
    return " ".join([text, *(f"[{number}]" for number in labels)]) + end


def _label_of(labels: dict[Quote, int], quote: Quote) -> int:
    return labels.setdefault(quote, len(labels) + 1)

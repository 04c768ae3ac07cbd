"""The support check: does what a statement cites say what the statement says?

A first check by words, deliberately strict about what an LLM gets wrong: numbers, names and
negations of the statement must be in the quotes.
"""

from __future__ import annotations

from collections.abc import Sequence

from rag.answers import Quote, Support
from rag.words import names, negated, numbers, stems

# Share of a statement's content words that its quotes must hold.
_SUPPORTED = 0.75
_WEAK = 0.5


def support(statement: str, quotes: Sequence[Quote]) -> Support:
    """How well quotes back a statement; verbatim words are always supported."""
    quoted = " ".join(quote.text for quote in quotes)
    if _squeezed(statement) and _squeezed(statement) in _squeezed(quoted):
        return Support.SUPPORTED
    wanted, held = set(stems(statement)), set(stems(quoted))
    if not quotes or not wanted:
        return Support.UNSUPPORTED
    share = len(wanted & held) / len(wanted)
    if numbers(statement) - numbers(quoted) or share < _WEAK:
        return Support.UNSUPPORTED
    if names(statement) - held or negated(statement) != negated(quoted):
        return Support.UNSUPPORTED if share < _SUPPORTED else Support.WEAK
    return Support.SUPPORTED if share >= _SUPPORTED else Support.WEAK


def _squeezed(text: str) -> str:
    return " ".join(text.split()).strip(" .").casefold()

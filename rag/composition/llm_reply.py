"""An LLM's reply as a draft: its statements get quotes, what says nothing is left out.

The text is untrusted data: labels are hints, and a statement without a label, or with a wrong one,
gets the quotes that support it, if there are any.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from index.sentences import sentence_spans
from index.types import Passage
from rag.citations.attribution import supporting_quotes
from rag.citations.declining import asks_only, declines, is_sentinel, says_absent, split_absent
from rag.citations.lists import wider_space
from rag.citations.markers import MarkedStatement, read_markers
from rag.composition.base import Excerpt
from rag.llm.facts import Profile
from rag.llm.prompts import SYSTEMS
from rag.types import Claim, Draft
from rag.verification.words import parse_words

# A model that repeats a sentence for the third time is in a loop.
_MAX_REPEATS = 2
ENDS_SENTENCE = re.compile(r"[.!?…。！？]\W*$")
# A small model that has answered may continue its prompt: another passage, another question.
_PROMPT_AGAIN = re.compile(
    r"\n\s*(?:(?:question|passages?)[ ]*:|\[\d{1,3}\][ ]\([^)\n]*\)[ ])", re.IGNORECASE
)
_ASKS_FOR = re.compile(
    r"\W*(?!(?:is|are|was|were|do|does|did|has|have|had|can|could|will|would|should|may|must)\b)"
    r".*\b(?:who|whom|whose|when|where|what|why|how)\b",
    re.IGNORECASE | re.DOTALL,
)
_OFFERS = re.compile(r"\b(?:or|and|between|of the)\b", re.IGNORECASE)
_FUNCTION_WORDS = frozenset(
    (
        "a an the this that these those it its they their he his she her there is are was were be "
        "been being do does did has have had of in on at to by for from with as and"
    ).split()
)
_LABEL = re.compile(r"\[\^?(\d{1,3})\]")
_LONGEST_LIMIT = 300
_PARTIAL = "The documents don't state everything that was asked."


@dataclass(frozen=True, slots=True)
class _Reply:
    """What a reply is judged by: the question, the excerpts that were sent, and the profile."""

    question: str
    packed: Sequence[Excerpt]
    profile: Profile

    @property
    def sources(self) -> list[Passage]:
        """The passages that the excerpts were made of."""
        return list(dict.fromkeys(source for one in self.packed for source in one.sources))


def parse_draft(
    text: str,
    packed: Sequence[Excerpt],
    cut_off: str = "",
    question: str = "",
    profile: Profile = Profile.CAPABLE,
) -> Draft:
    """The draft of an LLM's plain text; `cut_off` is the note of an unfinished one.

    Statements that only restate the question are left out. What a capable model says that the
    documents don't state becomes the draft's last sentence, if it answers anything besides.
    """
    reply = _Reply(question, packed, profile)
    statements, stray = read_markers(without_repetition(text), len(packed))
    if cut_off and len(statements) > 1 and not ENDS_SENTENCE.search(statements[-1].text):
        statements = statements[:-1]
    is_partial = profile is Profile.CAPABLE and any(statement.labels for statement in statements)
    if is_partial:
        statements = tuple(part for one in statements for part in split_absent(one) or (one,))
    missing = [
        one for one in statements if is_partial and says_absent(one) and not is_sentinel(one.text)
    ]
    left = [one for one in statements if one not in missing]
    if not left or declines(left[0]):
        return Draft((), stray, declined=not cut_off, note=cut_off)
    claims = _claims(left, reply)
    closing = _limit(missing, question) if missing and claims else ""
    return Draft(tuple(claims), stray, note=cut_off, closing=closing)


def _claims(statements: Sequence[MarkedStatement], reply: _Reply) -> list[Claim]:
    sources = reply.sources
    echoes = _prompt_echoes(sources, reply.profile)
    claims: dict[str, Claim] = {}
    lead, carried = "", ("", 0)
    for statement in statements:
        lead = wider_space(lead, statement.lead)
        key = _normalised(statement.text)
        is_repeated = key in claims or key in echoes or _restates_question(statement, reply)
        above = _above(statement, reply, sources)
        if is_repeated or asks_only(statement) or is_sentinel(statement.text):
            carried = (above, statement.section) if above else carried
            continue
        above = above or (carried[0] if carried[1] == statement.section else "")
        labelled = [s for label in statement.labels for s in reply.packed[label - 1].sources]
        quotes = supporting_quotes(statement.text, labelled, sources)
        claims[key] = Claim(
            statement.text,
            quotes,
            lead,
            statement.frame,
            statement.item,
            before=above,
            section=statement.section,
            written=statement.written,
        )
        lead, carried = "", ("", 0)
    return list(claims.values())


def _above(statement: MarkedStatement, reply: _Reply, sources: Sequence[Passage]) -> str:
    """What stands before a statement, if its names and numbers are the question's or those of the
    passages; a heading that says more would be a statement that nobody checks.
    """
    if not statement.before:
        return ""
    known = {
        word.low
        for text in (reply.question, *(f"{p.title}\n{p.embedding_text}" for p in sources))
        for word in parse_words(text)
    }
    said = [word for line in statement.before.splitlines() for word in parse_words(line)]
    strange = [word for word in said if (word.exact or word.name) and word.low not in known]
    return "" if any(word.number for word in strange) or len(strange) > 1 else statement.before


def _limit(missing: Sequence[MarkedStatement], question: str) -> str:
    """What a reply says that the documents don't state, if it is short and brings no number that
    was not asked for.
    """
    first = missing[0].text
    asked = {word.number for word in parse_words(question)} | {""}
    is_plain = all(word.number in asked for word in parse_words(first))
    return first if is_plain and len(first) < _LONGEST_LIMIT else _PARTIAL


def known_labels(piece: str, known: int) -> str:
    """A piece of text to show at once, without labels of no passage; none is ever cut in two."""
    return _LABEL.sub(lambda found: found[0] if 1 <= int(found[1]) <= known else " ", piece)


def with_figure(draft: Draft, given: Draft) -> Draft:
    """A reply's draft that states a computed figure, as supported by the computation; the
    program's own draft where the reply doesn't state it.
    """
    if given.computed is None:
        return draft
    sentence = given.claims[0]
    figures = {word.number for word in parse_words(given.computed.figure) if word.number}
    names = {word.low for word in parse_words(given.computed.figure) if not word.number}
    allowed = {word.number for word in parse_words(sentence.text)} | {""}
    claims, stated = list[Claim](), False
    for claim in draft.claims:
        words = parse_words(claim.text)
        numbers, lows = {word.number for word in words}, {word.low for word in words}
        holds = figures <= numbers and (bool(figures) or names <= lows)
        if holds and numbers <= allowed | figures:
            claim = replace(claim, quotes=sentence.quotes, computed=True)
            stated = True
        claims.append(claim)
    return replace(draft, claims=tuple(claims), computed=given.computed) if stated else given


def _prompt_echoes(packed: Sequence[Passage], profile: Profile) -> set[str]:
    """Normalised text that a small model copies from its prompt: titles and instructions."""
    titles = {name for passage in packed for name in (passage.title, passage.heading)}
    own = {statement.text for statement in read_markers(SYSTEMS[profile], known=0)[0]}
    return {_normalised(text) for text in titles | own}


def _normalised(text: str) -> str:
    return " ".join(text.split()).strip(" .:").casefold()


def _restates_question(statement: MarkedStatement, reply: _Reply) -> bool:
    """Whether all words of a statement are the question's: "When was the bridge opened?", "The
    bridge was opened." The answer to a question that offers choices may be one of its words.
    """
    question = reply.question
    if not _ASKS_FOR.match(question) or _OFFERS.search(question):
        return False
    asked = {word.key or word.low for word in parse_words(question)} | _FUNCTION_WORDS
    return asked.issuperset(word.key or word.low for word in parse_words(statement.text))


def without_repetition(text: str) -> str:
    """A reply up to where it continues its prompt or is in a loop.

    A sentence counts once the next one has begun, so more text never changes the outcome.
    """
    again = _PROMPT_AGAIN.search(text)
    text = text[: again.start()] if again else text
    times = Counter[str]()
    for start, end in sentence_spans(text)[:-1]:
        sentence = text[start:end].casefold()
        times[sentence] += 1
        if times[sentence] > _MAX_REPEATS:
            return text[:end]
    return text

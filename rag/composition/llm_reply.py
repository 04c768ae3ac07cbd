"""An LLM's reply as a draft: its statements get quotes, what says nothing is left out.

The text is untrusted data: labels are hints, and a statement without a label, or with a wrong one,
gets the quotes that support it, if there are any.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest

from index.sentences import sentence_spans
from index.types import Passage
from rag.citations.attribution import is_row_of, supporting_quotes
from rag.citations.declining import asks_only, declines, is_sentinel, says_absent, split_absent
from rag.citations.forms import Form
from rag.citations.lists import wider_space
from rag.citations.markers import MarkedStatement, read_markers
from rag.composition.base import Excerpt
from rag.llm.facts import Profile
from rag.llm.prompts import SYSTEMS
from rag.types import Claim, Draft, Lead, Part, Support
from rag.verification.support import support_of
from rag.verification.table_facts import is_contradicted, value_quote
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
# In a row of so many columns there is one value, which cannot be another's.
_PLAIN_COLUMNS = 2
# Of a sentence that leads to what follows, and of an item that only names it.
_LEAD_WORDS, _TOPIC_WORDS = 14, 4
_RUN_IN = re.compile(r"\*\*(?:[^*\s]+\s?){1,5}\*\*[.:]?")
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
    claims = _ClaimWriter(left, reply).claims()
    closing = _limit(missing, question) if missing and claims else ""
    return Draft(tuple(claims), stray, note=cut_off, closing=closing)


class _ClaimWriter:
    """Makes claims of a reply's statements, in order.

    What only leads to others goes with them: `above` on lines of its own, with its section, `leads`
    as items, and `run_in` at the start of a paragraph. `space` is the white space of what was left
    out.
    """

    def __init__(self, statements: Sequence[MarkedStatement], reply: _Reply) -> None:
        self._statements, self._reply = statements, reply
        self._sources = reply.sources
        self._echoes = _prompt_echoes(self._sources, reply.profile)
        self._known = {
            word.low
            for one in (reply.question, *(f"{p.title}\n{p.embedding_text}" for p in self._sources))
            for word in parse_words(one)
        }
        self._counts = _counts(statements)
        self._claims = dict[str, Claim]()
        self._space, self._above, self._run_in = "", ("", 0), ""
        self._leads = list[Lead]()

    def claims(self) -> list[Claim]:
        """All claims; of statements that say the same, the first."""
        for statement, following in zip_longest(self._statements, self._statements[1:]):
            self._space = wider_space(self._space, statement.lead)
            own = self._known_blocks(statement)
            if self._says_nothing(statement):
                self._above = (own, statement.section) if own else self._above
                continue
            carried = self._above[0] if self._above[1] == statement.section else ""
            self._take(statement, following, own or carried)
        return list(self._claims.values())

    def _says_nothing(self, statement: MarkedStatement) -> bool:
        key = _normalised(statement.text)
        is_repeated = key in self._claims or key in self._echoes
        is_repeated = is_repeated or _restates_question(statement, self._reply)
        return is_repeated or asks_only(statement) or is_sentinel(statement.text)

    def _take(
        self, statement: MarkedStatement, following: MarkedStatement | None, above: str
    ) -> None:
        """Make a claim of a statement, or keep it for what it leads to."""
        packed = self._reply.packed
        labelled = [s for label in statement.labels for s in packed[label - 1].sources]
        quotes = supporting_quotes(statement.text, labelled, self._sources)
        backed = support_of(statement.text, quotes) is Support.SUPPORTED
        if _is_run_in(statement, following) and self._is_known(statement.text):
            self._run_in += f"{statement.written} "
            self._above = (above, statement.section)
            return
        if not backed and following and self._leads_on(statement, following):
            words = f"{self._run_in}{statement.written}"
            self._above, self._run_in = (f"{above}{words}\n\n", following.section), ""
            return
        if not backed and statement.leads and self._leads_in(statement) and statement.item:
            self._leads.append(Lead(statement.written, statement.item, self._space))
            self._space = ""
            return
        claim = Claim(
            statement.text,
            quotes,
            self._space,
            statement.frame,
            statement.item,
            before=above,
            section=statement.section,
            written=self._run_in + statement.written,
            leads=tuple(self._leads),
        )
        cells = statement.text.split("|")
        is_row = any(is_row_of(cells, quote) for quote in quotes)
        if statement.head and (not backed or len(cells) > _PLAIN_COLUMNS) and not is_row:
            claim = self._by_cells(claim, statement, labelled)
        self._claims[_normalised(statement.text)] = claim
        self._space, self._above, self._run_in, self._leads = "", ("", 0), "", []

    def _leads_in(self, statement: MarkedStatement) -> bool:
        """Whether an item only names what the items nested in it are about: without a label, in few
        words, and nothing in them that nobody could check.
        """
        most = _LEAD_WORDS if statement.text.endswith(":") else _TOPIC_WORDS
        few = len(statement.text.split()) <= most
        return few and not statement.labels and self._is_known(statement.text)

    def _leads_on(self, statement: MarkedStatement, following: MarkedStatement) -> bool:
        """Whether a statement on a line of its own only leads to the list, table or code below."""
        leads = statement.text.endswith(":") and statement.item is None and "\n" in following.lead
        few = len(statement.text.split()) <= _LEAD_WORDS
        return leads and few and self._is_known(statement.text, self._counts[following.section])

    def _by_cells(
        self, claim: Claim, statement: MarkedStatement, labelled: Sequence[Passage]
    ) -> Claim:
        """A claim of a table's row with a part for each cell: cells may be of several rows or
        places of the documents, and all their words may be there with two values exchanged.
        """
        head = [cell.strip() for cell in statement.head.split("|")]
        row, *cells = [cell.strip() for cell in statement.text.split("|")]
        passages = [*labelled, *self._sources]
        parts = list[Part]()
        for column, cell in zip(head[1:], cells, strict=False):
            if not any(char.isalnum() for char in cell):
                continue
            text = f"{column}: {row}: {cell}"
            found = value_quote(row, column, cell, passages)
            quotes = (found,) if found else supporting_quotes(text, labelled, self._sources)
            if found is None and is_contradicted(row, column, cell, passages):
                quotes = ()
            parts.append(Part(text, quotes, certain=found is not None))
        together = tuple(dict.fromkeys(quote for part in parts for quote in part.quotes))
        return replace(claim, quotes=together or claim.quotes, parts=tuple(parts))

    def _known_blocks(self, statement: MarkedStatement) -> str:
        """What stands before a statement, if its names and numbers are the question's or those of
        the passages, or count what follows; a heading that says more would be a statement that
        nobody checks.
        """
        counts = self._counts[statement.section]
        return "\n\n".join(
            block
            for block in statement.before.split("\n\n")
            if not block.strip() or self._is_known(block, counts)
        )

    def _is_known(self, text: str, counts: Collection[str] = ()) -> bool:
        """Whether the numbers and names of a text, but for one name, are the question's or those
        of the passages.
        """
        said = [word for line in text.splitlines() for word in parse_words(line)]
        strange = [
            word
            for word in said
            if (word.exact or word.name) and word.low not in self._known
            if not word.number or word.number not in counts
        ]
        return not any(word.number for word in strange) and len(strange) <= 1


def _is_run_in(statement: MarkedStatement, following: MarkedStatement | None) -> bool:
    """Whether a statement is a heading in bold that begins a paragraph: "**Costs.** Keep ..."."""
    return (
        following is not None
        and (following.lead, following.item, following.form) == (" ", statement.item, Form.TEXT)
        and not statement.labels
        and bool(_RUN_IN.fullmatch(statement.written))
    )


def _counts(statements: Sequence[MarkedStatement]) -> dict[int, set[str]]:
    """How many statements, items and columns there are in each section, which what leads to it may
    tell: "These are the three steps:".
    """
    found = dict[int, set[str]]()
    for section in {one.section for one in statements}:
        own = [one for one in statements if one.section == section]
        items = {one.item.path[0] for one in own if one.item}
        columns = max(one.head.count("|") for one in own)
        found[section] = {str(len(own)), str(len(items)), str(columns)}
    return found


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

"""The llm composer: an LLM writes, and code attributes its statements to quotes.

The model gets numbered passages and no tools. Its text is untrusted data: labels are hints, and a
statement without a label, or with a wrong one, gets the quotes that support it, if there are any.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Generator, Sequence

from index.sentences import sentence_spans
from index.types import Passage
from rag.citations.attribution import supporting_quotes
from rag.citations.lists import wider_space
from rag.citations.markers import MarkedStatement, read_markers
from rag.composition.base import ComposerInput, Excerpt, whole_excerpts
from rag.llm.base import LLM
from rag.llm.errors import LLMError
from rag.llm.prompts import NO_ANSWER, SYSTEM, answer_messages
from rag.llm.providers import make_llm
from rag.llm.sanitize import PlainText
from rag.settings import Settings
from rag.types import Claim, Draft, Turn
from rag.verification.words import parse_words

_BYTES_PER_TOKEN = 4
# A model that repeats a sentence for the third time is in a loop.
_MAX_REPEATS = 2
_ENDS_SENTENCE = re.compile(r"[.!?…。！？]\W*$")
# A small model that has answered may continue its prompt: another passage, another question.
_PROMPT_AGAIN = re.compile(
    r"\n\s*(?:(?:question|passages?)[ ]*:|\[\d{1,3}\][ ]\([^)\n]*\)[ ])", re.IGNORECASE
)
_LABEL = re.compile(r"\[\^?(\d{1,3})\]")
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
_NOT = r"(?:(?:do|does|did|is|are|was|could|can) ?n[o'’]t|cannot|can['’]t)"
_DECLINES = re.compile(
    r"(?:(?:sorry|unfortunately|i(?:['’]m| am) sorry)[, ]*(?:but )?)?"
    r"(?:(?:the|these|those|this|none of the)\b.{0,30}\b"
    r"(?:passages?|documents?|context|texts?|information)\b.{0,10}"
    rf"{_NOT}.{{0,20}}\b(?:answer|contain|mention|provide|sa(?:y|id)|include|specif|stat|give"
    r"|discuss|address|tell|indicate|available|enough|information)"
    rf"|there is no (?:information|answer|mention)|i {_NOT} (?:know|answer|find|tell))",
    re.IGNORECASE,
)


class LLMComposer:
    """Answers through the LLM of the settings. Raises ConfigError when they name none."""

    name = "llm"

    def __init__(self, settings: Settings, llm: LLM | None = None) -> None:
        self._llm = llm or make_llm(settings)
        self._budget = settings.llm_context_tokens

    def compose(
        self, evidence: ComposerInput, turns: Sequence[Turn] = ()
    ) -> Generator[str, None, Draft]:
        """Stream the LLM's plain text, then return the draft whose claims quote the passages.

        A server that fails before its first word gives no claims and a note; one that fails later
        gives what it wrote and a note that the answer is cut off.
        """
        query, packed = evidence.query, pack_excerpts(evidence, self._budget)
        text, error = yield from self._stream_text(query, packed, turns)
        if error and error.too_long and not text and len(packed) > 1:
            packed = packed[: len(packed) // 2]
            text, error = yield from self._stream_text(query, packed, turns)
        if not text.strip():
            note = str(error) if error else f"{self._llm.name} returned no answer."
            return Draft((), note=note)
        note = f"{error} The answer is cut off." if error else ""
        return parse_draft(text, packed, note, query)

    def _stream_text(
        self, query: str, packed: Sequence[Excerpt], turns: Sequence[Turn]
    ) -> Generator[str, None, tuple[str, LLMError | None]]:
        """Stream plain text; return the whole of it and the error that ended it, if one did."""
        cleaner, text, failure = PlainText(), "", None
        stream = self._llm.stream(
            answer_messages(query, [excerpt.passage for excerpt in packed], turns)
        )
        try:
            for delta in stream:
                piece = cleaner.feed(delta)
                if piece:
                    text += piece
                    yield _known_labels(piece, len(packed))
                ends = "\n" in piece or _ENDS_SENTENCE.search(piece)
                if ends and _without_repetition(text) != text:
                    break
        except LLMError as error:
            failure = error
        finally:
            stream.close()
        rest = cleaner.finish()
        if rest:
            yield _known_labels(rest, len(packed))
        return text + rest, failure


def pack_excerpts(evidence: ComposerInput, budget: int) -> list[Excerpt]:
    """The excerpts that fit into a budget (tokens, estimated), best first and whole; at least one.

    A token is taken for four bytes of text, which holds for English and leaves room elsewhere.
    """
    packed: list[Excerpt] = []
    used = 0.0
    for excerpt in evidence.excerpts() or whole_excerpts(evidence.hits):
        size = len(excerpt.passage.embedding_text.encode()) / _BYTES_PER_TOKEN
        if not packed or used + size <= budget:
            packed.append(excerpt)
            used += size
    return packed


def parse_draft(
    text: str, packed: Sequence[Excerpt], cut_off: str = "", question: str = ""
) -> Draft:
    """The draft of an LLM's plain text; `cut_off` is the note of an unfinished one.

    Statements that only restate the question are left out.
    """
    statements, stray = read_markers(_without_repetition(text), len(packed))
    if cut_off and len(statements) > 1 and not _ENDS_SENTENCE.search(statements[-1].text):
        statements = statements[:-1]
    if not statements or _declines(statements[0]):
        return Draft((), stray, declined=not cut_off, note=cut_off)
    sources = [source for excerpt in packed for source in excerpt.sources]
    echoes = _prompt_echoes(sources)
    claims: dict[str, Claim] = {}
    lead = ""
    for statement in statements:
        lead = wider_space(lead, statement.lead)
        key = _normalised(statement.text)
        is_repeated = key in claims or key in echoes or _restates_question(statement, question)
        if not is_repeated and not _asks_or_declines(statement):
            labelled = [s for label in statement.labels for s in packed[label - 1].sources]
            quotes = supporting_quotes(statement.text, labelled, sources)
            claims[key] = Claim(statement.text, quotes, lead, item=statement.item)
            lead = ""
    return Draft(tuple(claims.values()), stray, note=cut_off)


def _known_labels(piece: str, known: int) -> str:
    """A piece of text to show at once, without labels of no passage; none is ever cut in two."""
    return _LABEL.sub(lambda found: found[0] if 1 <= int(found[1]) <= known else " ", piece)


def _prompt_echoes(packed: Sequence[Passage]) -> set[str]:
    """Normalised text that a small model copies from its prompt: titles and instructions."""
    titles = {name for passage in packed for name in (passage.title, passage.heading)}
    own = {statement.text for statement in read_markers(SYSTEM, known=0)[0]}
    return {_normalised(text) for text in titles | own}


def _normalised(text: str) -> str:
    return " ".join(text.split()).strip(" .:").casefold()


def _asks_or_declines(statement: MarkedStatement) -> bool:
    """Whether a statement states nothing: it is a question or a refusal."""
    return statement.text.endswith(("?", "？")) or _is_sentinel(statement)


def _restates_question(statement: MarkedStatement, question: str) -> bool:
    """Whether all words of a statement are the question's: "When was the bridge opened?", "The
    bridge was opened." The answer to a question that offers choices may be one of its words.
    """
    if not _ASKS_FOR.match(question) or _OFFERS.search(question):
        return False
    asked = {word.key or word.low for word in parse_words(question)} | _FUNCTION_WORDS
    return asked.issuperset(word.key or word.low for word in parse_words(statement.text))


def _is_sentinel(statement: MarkedStatement) -> bool:
    return _normalised(NO_ANSWER) in _normalised(statement.text)


def _declines(statement: MarkedStatement) -> bool:
    """Whether a reply that starts with this statement declines to answer."""
    declining = not statement.labels and _DECLINES.match(statement.text)
    return _is_sentinel(statement) or bool(declining)


def _without_repetition(text: str) -> str:
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

"""An answer as plain text for other programs: with its sources at the end, and its checks.

The list of sources is removed again when a program sends its conversation back.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any, Literal

from pydantic import BaseModel, Field

from index.types import Hit, Passage
from rag.llm.sanitize import to_plain_text
from rag.schema import AnswerBody, CitationBody, ComputedBody, RefusalBody, StatementBody
from rag.types import Answer, Citation, Support, Turn
from ui.service.links import NO_LINKS, Links
from ui.service.settings import HISTORY_CHARACTERS, HISTORY_TURNS

NEAREST = 3
EXCERPT = 200
_SOURCES = "\n\nSources:\n"
_PASSAGES = "\n\nNearest passages:\n"
_CHECK = "\n\nCheck:\n"
_VERDICTS = {
    Support.WEAK: "Only partly supported by its source",
    Support.UNSUPPORTED: "Not supported by any source",
}
_MARKER = re.compile(r" ?\[\d{1,3}\]")
_BRACKET = re.compile(r"[\[\]\\]")


class LinkedCitation(CitationBody):
    """A citation, and the address at which its words are shown marked in their document."""

    url: str | None = Field(description="null if the server's own address is not known")


class Checked(BaseModel):
    """The fields of a checked answer besides its text, as in the reply of `/v1/ask`."""

    query: str = Field(description="what was searched for")
    statements: list[StatementBody]
    citations: list[LinkedCitation]
    refusal: RefusalBody | None
    confidence: float = Field(description="chance, 0..1, that the documents answer the question")
    note: str = Field(description="a sentence on how the answer was made, or empty")
    kind: Literal["answer", "reply", "refusal"] = Field(
        description="a reply is about Footnote or the documents as such: nothing is cited"
    )
    computed: ComputedBody | None = Field(description="what was computed over a table, if it was")
    searched: list[str] = Field(description="further queries of the LLM, for what was still open")
    left_out: int = Field(description="statements written and not shown, in strict mode")

    @classmethod
    def facts(cls, answer: Answer, links: Links = NO_LINKS) -> dict[str, Any]:
        """The fields' values for one answer, as JSON has them."""
        facts = AnswerBody.of(answer).model_dump(mode="json", include=set(Checked.model_fields))
        for body, citation in zip(facts["citations"], answer.citations, strict=True):
            body["url"] = links.citation(citation) or None
        return facts


def readable(answer: Answer, links: Links = NO_LINKS) -> str:
    """The answer's text and its sources; programs may show it as Markdown."""
    return text_of(answer) + foot_of(answer, links)


def text_of(answer: Answer) -> str:
    """The answer's text, with the markup of documents escaped."""
    return to_plain_text(answer.text)


def foot_of(answer: Answer, links: Links = NO_LINKS) -> str:
    """The sources, numbered as the markers, and the statements that are not supported.

    Of a refusal, the nearest passages. Places are links where the server's address is known.
    """
    if answer.refusal:
        nearest = [f"- {_passage(hit.passage, links)}" for hit in answer.hits[:NEAREST]]
        return _listed(_PASSAGES, nearest)
    sources = [
        f"- [{citation.label}] {_source(citation, answer.text, links)}"
        for citation in answer.citations
    ]
    unsupported = [
        f"- {_VERDICTS[statement.support]}: “{_line(statement.text)}”"
        for statement in answer.statements
        if statement.support in _VERDICTS
    ]
    note = f"\n\n{to_plain_text(answer.note)}" if answer.note else ""
    return _listed(_SOURCES, sources) + _listed(_CHECK, unsupported) + note


def passages_of(hits: Sequence[Hit], links: Links = NO_LINKS) -> str:
    """Passages in full, best first; every line of a document's text begins with `>`."""
    blocks = [
        f"{hit.rank}. {_linked(place_of(hit.passage), links.passage(hit.passage))}\n"
        + "\n".join(
            f"> {line}" for line in to_plain_text(hit.passage.text).splitlines() if line.strip()
        )
        for hit in hits
    ]
    return "\n\n".join(blocks)


def turn_of(question: str, reply: str) -> Turn | None:
    """The turn of a question and a plain-text answer, without its markers and sources.

    None if the answer was a refusal, which gives a follow-up nothing.
    """
    text = reply.replace("\r\n", "\n")
    if _PASSAGES in text:
        return None
    body, found, _ = text.rpartition(_SOURCES)
    answer = " ".join(_MARKER.sub("", body if found else text).split())
    return Turn(question, answer) if question and answer else None


def latest(turns: Iterable[Turn]) -> tuple[Turn, ...]:
    """The latest turns that fit the limits of a question's history, oldest first."""
    kept: list[Turn] = []
    room = HISTORY_CHARACTERS
    for turn in reversed(tuple(turns)):
        room -= len(turn.question) + len(turn.answer)
        if room < 0 or len(kept) == HISTORY_TURNS:
            break
        kept.append(turn)
    return tuple(reversed(kept))


def _listed(heading: str, lines: Sequence[str]) -> str:
    return heading + "\n".join(lines) if lines else ""


def place_of(passage: Passage) -> str:
    """A passage's file, page and heading in one line."""
    page = [f"page {passage.page}"] if passage.page else []
    heading = passage.heading or passage.title
    below = [heading] if heading and heading != passage.document else []
    return _line(", ".join([passage.document, *page, *below]))


def _source(citation: Citation, text: str, links: Links) -> str:
    """The place of a citation, and its quote if the answer doesn't contain it already."""
    place = _linked(place_of(citation.passage), links.citation(citation))
    words = " ".join(citation.quote.text.split())
    return place if words in text else f"{place}: “{_line(words)}”"


def _passage(passage: Passage, links: Links) -> str:
    return f"{_linked(place_of(passage), links.passage(passage))}: “{_line(passage.text)}”"


def _linked(place: str, url: str) -> str:
    """A place as a link of Markdown, if there is an address for it."""
    escaped = _BRACKET.sub(r"\\\g<0>", place)
    return f"[{escaped}]({url})" if url else place


def _line(text: str) -> str:
    line = " ".join(to_plain_text(text).split())
    return line if len(line) <= EXCERPT else line[: EXCERPT - 1] + "…"

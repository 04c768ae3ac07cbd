"""The answer as JSON: the shapes that `--json`, HTTP and stored runs have in common."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from pydantic import BaseModel, Field

from index.types import Hit
from rag.types import Answer, Citation, Refusal


class StatementBody(BaseModel):
    """A sentence of the answer, the labels it cites and how well they back it."""

    text: str
    citations: list[int]
    support: str = Field(description="supported, weak or unsupported")


class CitationBody(BaseModel):
    """A label and the exact words it stands for: `quote` is the document's text[start:end]."""

    label: int
    document: str
    title: str
    page: int | None
    heading: str
    start: int
    end: int
    quote: str
    passage: str
    digest: str

    @classmethod
    def of(cls, citation: Citation) -> CitationBody:
        """The body of one citation."""
        quote, passage = citation.quote, citation.passage
        return cls(
            label=citation.label,
            document=passage.document,
            title=passage.title,
            page=passage.page,
            heading=passage.heading,
            start=quote.start,
            end=quote.end,
            quote=quote.text,
            passage=passage.id,
            digest=passage.digest,
        )


class RefusalBody(BaseModel):
    """Why there is no answer: empty_index, no_evidence, declined, unsupported or unavailable."""

    reason: str
    message: str

    @classmethod
    def of(cls, refusal: Refusal) -> RefusalBody:
        """The body of one refusal."""
        return cls(reason=refusal.reason.value, message=refusal.message)


class PassageBody(BaseModel):
    """A retrieved passage; `rank` counts from 1, a higher `score` is better."""

    id: str
    document: str
    title: str
    heading: str
    page: int | None
    start: int
    end: int
    text: str
    score: float
    rank: int

    @classmethod
    def of(cls, hit: Hit) -> PassageBody:
        """The body of one hit."""
        passage = hit.passage
        return cls(
            id=passage.id,
            document=passage.document,
            title=passage.title,
            heading=passage.heading,
            page=passage.page,
            start=passage.start,
            end=passage.end,
            text=passage.text,
            score=round(hit.score, 6),
            rank=hit.rank,
        )


class ComputedBody(BaseModel):
    """What was computed over a table: the figure, how many rows it rests on, and how."""

    figure: str
    rows: int
    expression: str


class AnswerBody(BaseModel):
    """An answer whose markers `[1] [2]` are numbered by first use."""

    question: str
    query: str
    text: str
    statements: list[StatementBody]
    citations: list[CitationBody]
    refusal: RefusalBody | None
    passages: list[PassageBody]
    composer: str
    stray: int = Field(description="labels that an LLM made up; they were dropped")
    note: str = Field(description="a sentence on how the answer was made, or empty")
    confidence: float = Field(description="chance, 0..1, that the documents answer the question")
    seconds: dict[str, float]
    fingerprint: str
    kind: Literal["answer", "reply", "refusal"] = Field(
        description="a reply is about Footnote or the documents as such: nothing is cited"
    )
    computed: ComputedBody | None = Field(description="what was computed over a table, if it was")
    searched: list[str] = Field(
        default_factory=list, description="further queries of the LLM, for what was still open"
    )
    left_out: int = Field(
        default=0, description="statements written and not shown, as strict mode leaves them out"
    )

    @classmethod
    def of(cls, answer: Answer) -> AnswerBody:
        """The body of one answer."""
        refusal = answer.refusal
        return cls(
            question=answer.question,
            query=answer.query,
            text=answer.text,
            statements=[
                StatementBody(text=s.text, citations=list(s.citations), support=s.support)
                for s in answer.statements
            ],
            citations=[CitationBody.of(citation) for citation in answer.citations],
            refusal=RefusalBody.of(refusal) if refusal else None,
            passages=[PassageBody.of(hit) for hit in answer.hits],
            composer=answer.composer,
            stray=answer.stray,
            note=answer.note,
            confidence=round(answer.confidence, 4),
            seconds=dict(answer.seconds),
            fingerprint=answer.fingerprint,
            kind=answer.kind,
            computed=_computed_body(answer),
            searched=list(answer.searched),
            left_out=answer.left_out,
        )


def _computed_body(answer: Answer) -> ComputedBody | None:
    found = answer.computed
    if found is None:
        return None
    return ComputedBody(figure=found.figure, rows=found.rows, expression=found.expression)


class SearchBody(BaseModel):
    """The passages found for a query, best first."""

    query: str
    passages: list[PassageBody]

    @classmethod
    def of(cls, query: str, hits: Sequence[Hit]) -> SearchBody:
        """The body of one search."""
        return cls(query=query, passages=[PassageBody.of(hit) for hit in hits])

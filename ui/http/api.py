"""The JSON API: questions, searches, documents and health; `/v1/ask` also as an event stream."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Header, HTTPException, Query, Response
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator
from starlette.requests import Request
from starlette.routing import Match

from index.errors import EmptyIndex, StoreError
from index.filtered import Filters
from rag.schema import AnswerBody, SearchBody
from rag.suggestions.follow_ups import CitedSpan, follow_ups
from rag.types import AskOptions, Turn
from ui.http.auth import caller_of
from ui.http.errors import CLIENT_CLOSED_REQUEST
from ui.http.streaming import (
    EVENT_CONTENT,
    EVENT_STREAM,
    answer_events,
    answer_unless_disconnected,
    event_source,
)
from ui.service.admission import AdmissionControl
from ui.service.answer_options import MAX_FILTERS, MAX_PASSAGES, ComposerName, OptionsPolicy
from ui.service.collections import CollectionAccess, named
from ui.service.settings import (
    HISTORY_CHARACTERS,
    HISTORY_TURNS,
    QUESTION_CHARACTERS,
    SEARCH_PASSAGES,
)

METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]
# What one reply holds at most: a megabyte or so.
_DOCUMENTS, _CHARACTERS = 5_000, 200_000
Offset = Annotated[int, Query(ge=0, le=2**53)]
QuestionText = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=QUESTION_CHARACTERS)
]


class RequestBody(BaseModel):
    """A request body; unknown fields are refused."""

    model_config = ConfigDict(extra="forbid")


class TurnBody(RequestBody):
    """A past question and its answer."""

    question: str
    answer: str


Names = list[Annotated[str, StringConstraints(min_length=1, max_length=1_000)]]


class FiltersBody(RequestBody):
    """The documents to ask: those named, or in the folders, and of the types."""

    documents: Names = Field(default=[], max_length=MAX_FILTERS, description="their paths")
    folders: Names = Field(default=[], max_length=MAX_FILTERS, description='like "contracts/2026"')
    types: Names = Field(default=[], max_length=MAX_FILTERS, description='like ".pdf"')

    @property
    def filters(self) -> Filters:
        """The filters for the engine."""
        return Filters(tuple(self.documents), tuple(self.folders), tuple(self.types))


CollectionNames = str | Annotated[list[str], Field(max_length=100)] | None


class ConversationBody(RequestBody):
    """A request body with the earlier turns of its conversation, oldest first."""

    collection: CollectionNames = Field(
        default=None,
        description="the collection to look in, or several; all that may be read if left out",
    )
    filters: FiltersBody = Field(
        default=FiltersBody(), description="which documents to ask; all of them if left out"
    )
    turns: list[TurnBody] = Field(default=[], max_length=HISTORY_TURNS)

    @model_validator(mode="after")
    def _fits_limits(self) -> "ConversationBody":
        if sum(len(turn.question) + len(turn.answer) for turn in self.turns) > HISTORY_CHARACTERS:
            raise ValueError(f"turns may hold {HISTORY_CHARACTERS:,} characters in all")
        return self

    @property
    def history(self) -> tuple[Turn, ...]:
        """The turns for the engine."""
        return tuple(Turn(turn.question, turn.answer) for turn in self.turns)


class SettingsBody(RequestBody):
    """The options of one answer, as on the chat page; the server's own for those left out."""

    composer: ComposerName | None = Field(
        default=None, description="llm only where the server has one"
    )
    passages: int | None = Field(
        default=None,
        ge=1,
        description=f"up to {MAX_PASSAGES}, or as many as the server is set to if that is more",
    )
    strict: bool | None = Field(default=None, description="leave out what no passage backs")


class QuestionBody(ConversationBody):
    """A question and the turns before it."""

    question: QuestionText


class AskRequest(QuestionBody):
    """A question, the turns before it, and the options of its answer."""

    settings: SettingsBody = SettingsBody()


class SearchRequest(ConversationBody):
    """A query and how many passages to find for it."""

    query: QuestionText
    k: int = Field(8, ge=1, le=SEARCH_PASSAGES, description="number of passages")


class SpanBody(RequestBody):
    """Characters of a document that an answer cites, as its citations tell them."""

    document: str
    start: int = Field(ge=0)
    end: int = Field(ge=0)


class FollowUpsRequest(ConversationBody):
    """A conversation whose last turn has just been answered, and what that answer cites."""

    turns: list[TurnBody] = Field(min_length=1, max_length=HISTORY_TURNS)
    citations: list[SpanBody] = Field(max_length=200, description="of the last answer")


class FollowUpsBody(BaseModel):
    """Questions that the documents answer, and that a reader may ask next; there may be none."""

    questions: list[str]


class ErrorFact(BaseModel):
    """What went wrong, in a sentence."""

    message: str


class ErrorBody(BaseModel):
    """The body of every reply that is not a success."""

    error: ErrorFact


class DocumentEntry(BaseModel):
    """A document in the list; `failure` says why it is not indexed, if it is not."""

    path: str
    title: str
    size: int = Field(description="bytes")
    pages: int | None
    passages: int
    failure: str | None
    hidden: int = Field(description="characters left out that no reader of the file sees")
    notes: list[str] = Field(description="what else is not in the text, a sentence each")


class DocumentsBody(BaseModel):
    """Documents in order of path, how many there are in all, and the index's generation."""

    generation: int
    total: int
    documents: list[DocumentEntry]


class HeadingBody(BaseModel):
    """A heading, the character at which its line starts, and its level from 1."""

    start: int
    level: int
    text: str


class DocumentBody(BaseModel):
    """One document as text; citations count its characters. `digest` is the file's SHA-256.

    `text` begins at `offset` and `headings` are those in it; `total` counts all its characters.
    """

    path: str
    title: str
    text: str
    offset: int
    total: int
    digest: str
    headings: list[HeadingBody]
    page_starts: list[int] = Field(description="the character at which each page starts")
    hidden: int = Field(description="characters left out that no reader of the file sees")
    notes: list[str] = Field(description="what else is not in the text, a sentence each")


class HealthBody(BaseModel):
    """The process answers requests."""

    __qualname__ = "Health"  # its name in /openapi.json

    status: Literal["ok"] = "ok"


class Readiness(BaseModel):
    """Questions can be answered, from this many documents of this generation of the index."""

    generation: int
    documents: int


_ERRORS: dict[int | str, dict[str, Any]] = {
    404: {"model": ErrorBody, "description": "There is no such document, or no such collection"},
    422: {"model": ErrorBody, "description": "The request breaks a rule or a limit"},
    503: {
        "model": ErrorBody,
        "description": "Too many questions at once, or the index is empty or unusable",
    },
}
_STREAM = {
    "description": "The answer; with `Accept: text/event-stream` the events `retrieved` "
    '({"query", "passages"}), `reading` ({"part", "of"}) for each part of a long text that an LLM '
    'summarises, `delta` ({"text"}) and `done` (the answer) or `error`.',
    "content": EVENT_CONTENT,
}


def api_routes(
    access: CollectionAccess, policy: OptionsPolicy, answers: AdmissionControl
) -> APIRouter:
    """The routes of the JSON API, and those of health checks, which tell of all answers."""
    router = APIRouter()
    _add_answers(router, access, policy)
    _add_documents(router, access)
    _add_health(router, answers)
    return router


def fallback_routes(routers: Sequence[APIRouter]) -> APIRouter:
    """404 and 405 for paths under `/v1` that these routers don't serve; to be included after them.

    Without it a wrong method would fall through to the chat page's application.
    """
    router = APIRouter()

    @router.api_route("/v1/{rest:path}", methods=METHODS, include_in_schema=False)
    def no_route(rest: str, request: Request) -> None:
        allowed = sorted(
            method
            for known in routers
            for route in known.routes
            if route.matches(request.scope)[0] is Match.PARTIAL
            for method in getattr(route, "methods", ())
        )
        if allowed:
            raise HTTPException(405, headers={"Allow": ", ".join(allowed)})
        raise HTTPException(404)

    return router


def _add_answers(router: APIRouter, access: CollectionAccess, policy: OptionsPolicy) -> None:
    @router.post("/v1/ask", response_model=AnswerBody, responses={200: _STREAM, **_ERRORS})
    async def ask(
        body: AskRequest, request: Request, accept: Annotated[str, Header()] = ""
    ) -> AnswerBody | Response:
        """Answer a question, every statement with its citations."""
        wanted = body.settings
        options = AskOptions(
            wanted.composer, wanted.passages, wanted.strict, body.filters.filters,
            named(body.collection),
        )  # fmt: skip
        answers = access.answers(caller_of(request.scope), body.collection)
        events = answers.astream(body.question, body.history, policy.check(options))
        if EVENT_STREAM not in accept.lower():
            answer = await answer_unless_disconnected(events, request)
            if answer is None:
                return Response(status_code=CLIENT_CLOSED_REQUEST)
            return AnswerBody.of(answer)
        # Waiting for the first event makes an unusable index a 503 and not a broken stream.
        return event_source(answer_events(await anext(events), events), events)

    @router.post("/v1/search", responses=_ERRORS)
    async def search(body: SearchRequest, request: Request) -> SearchBody:
        """Find passages, ranked as for an answer."""
        answers = access.answers(caller_of(request.scope), body.collection)
        options = AskOptions(filters=body.filters.filters)
        return SearchBody.of(*await answers.asearch(body.query, body.k, body.history, options))

    @router.post("/v1/follow-ups", responses=_ERRORS)
    async def follow_up_questions(body: FollowUpsRequest, request: Request) -> FollowUpsBody:
        """Suggest what to ask next: up to three questions, each tried, none put to an LLM."""
        answers = access.answers(caller_of(request.scope), body.collection)
        cited = [CitedSpan(each.document, each.start, each.end) for each in body.citations]
        options = AskOptions(filters=body.filters.filters)
        found = await answers.arun(lambda engine: follow_ups(engine, body.history, cited, options))
        return FollowUpsBody(questions=found)


def _add_documents(router: APIRouter, access: CollectionAccess) -> None:
    @router.get("/v1/documents", responses=_ERRORS)
    def documents(
        request: Request,
        contains: str = "",
        offset: Offset = 0,
        limit: Annotated[int, Query(ge=1, le=_DOCUMENTS)] = _DOCUMENTS,
    ) -> DocumentsBody:
        """List the documents: all, those with a text in path or title, or some of them."""
        wanted, answers = contains.casefold(), access.answers(caller_of(request.scope))
        found = [
            info
            for info in answers.documents()
            if wanted in f"{info.path}\n{info.title}".casefold()
        ]
        shown = found[offset : offset + limit]
        entries = [DocumentEntry.model_validate(info, from_attributes=True) for info in shown]
        return DocumentsBody(generation=answers.generation, total=len(found), documents=entries)

    @router.get("/v1/documents/{path:path}", responses=_ERRORS)
    def document(
        request: Request,
        path: str,
        offset: Offset = 0,
        limit: Annotated[int, Query(ge=1, le=_CHARACTERS)] = _CHARACTERS,
    ) -> DocumentBody:
        """Read one document as text; a long one page by page."""
        found = access.answers(caller_of(request.scope)).document(path)
        end = offset + limit
        return DocumentBody(
            path=found.path,
            title=found.title,
            text=found.text[offset:end],
            offset=offset,
            total=len(found.text),
            digest=found.digest,
            headings=[
                HeadingBody.model_validate(heading, from_attributes=True)
                for heading in found.headings
                if offset <= heading.start < end
            ],
            page_starts=list(found.page_starts),
            hidden=found.hidden,
            notes=list(found.notes),
        )


def _add_health(router: APIRouter, answers: AdmissionControl) -> None:
    @router.get("/healthz")
    async def healthz() -> HealthBody:
        """Tell that the process is alive."""
        return HealthBody()

    @router.get("/readyz", responses={503: _ERRORS[503]})
    def readyz(response: Response) -> Readiness:
        """Tell whether questions can be answered."""
        response.headers["Cache-Control"] = "no-store"
        if answers.unready:
            raise StoreError(answers.unready)
        usable = sum(not info.failure for info in answers.documents())
        if not usable:
            raise EmptyIndex("Nothing is indexed yet; run: footnote index FOLDER")
        return Readiness(generation=answers.generation, documents=usable)

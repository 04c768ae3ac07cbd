"""Routes for OpenAI's clients: models, chat completions, embeddings and reranking.

This protocol cannot replace text that was sent, so only the checked answer is sent.
"""

from __future__ import annotations

import base64
import logging
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import partial
from typing import Annotated, Any, Literal

import numpy as np
from anyio.to_thread import run_sync
from fastapi import APIRouter, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute
from pydantic import BaseModel, BeforeValidator, Field, StringConstraints
from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.exceptions import HTTPException

from index.errors import FootnoteError
from rag.retrieval.cross_encoder import LoadedModels
from rag.types import Answer, AskOptions, Done, Event
from ui.http.auth import caller_of
from ui.http.errors import CLIENT_CLOSED_REQUEST, first_violation, retry_after, status_of
from ui.http.openai_replies import ChatCompletion, CountTokens, Writer, Written, count_words
from ui.http.openai_schema import (
    MODEL,
    ChatRequest,
    Model,
    Models,
    OpenAIError,
    OpenAIErrorBody,
)
from ui.http.streaming import (
    ANSWER_FAILED,
    EVENT_CONTENT,
    KEEP_ALIVE,
    answer_unless_disconnected,
    event_source,
    server_sent_event,
)
from ui.service.admission import AdmissionControl, AsyncEventStream
from ui.service.collections import CollectionAccess, named
from ui.service.front_end_tasks import reply_to
from ui.service.links import Links
from ui.service.settings import ServiceSettings

log = logging.getLogger(__name__)

_END = ServerSentEvent("[DONE]", sep="\n")
_ERRORS: dict[int | str, dict[str, Any]] = {
    400: {"model": OpenAIErrorBody, "description": "The request asks for what there is not"},
    404: {"model": OpenAIErrorBody, "description": "The model is unknown"},
    503: {"model": OpenAIErrorBody, "description": "The index is empty, busy or unusable"},
}
_STREAM = {
    "description": "The answer; with `stream`, chunks as server-sent events and then `[DONE]`.",
    "content": EVENT_CONTENT,
}


class OpenAIRoute(APIRoute):
    """A route whose errors have the shape of OpenAI's."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The handler with its errors caught."""
        handle = super().get_route_handler()

        async def handle_or_refuse(request: Request) -> Response:
            try:
                return await handle(request)
            except FootnoteError as error:
                return _refusal(status_of(error), str(error), headers=retry_after(error))
            except RequestValidationError as error:
                return _invalid(error)
            except HTTPException as error:
                return _refusal(error.status_code, str(error.detail), headers=error.headers)

        return handle_or_refuse


@dataclass(frozen=True, slots=True)
class OpenAIDoor:
    """What the routes need besides the answers.

    `aliases` are further names of the model, "*" for any; `public_url` is the server's address for
    readers, "" for the one that a program calls.
    """

    count_tokens: CountTokens = count_words
    aliases: tuple[str, ...] = ()
    public_url: str = ""

    @classmethod
    def of(cls, settings: ServiceSettings, models: LoadedModels | None) -> OpenAIDoor:
        """The door as the settings have it."""
        aliases = tuple(filter(None, map(str.strip, settings.model_aliases.split(","))))
        count = models.count_tokens if models else count_words
        return cls(count, aliases, settings.public_url)

    def models(self, collections: Sequence[str]) -> Models:
        """The model under each of its names that can be listed, and one for each collection."""
        names = [MODEL, *(name for name in self.aliases if "*" not in name and name != MODEL)]
        names += [f"{MODEL}:{name}" for name in collections]
        return Models(data=[Model(id=name) for name in names])

    def collection(self, model: str, known: Sequence[str]) -> str | None:
        """The collection that a model stands for, "" for all of them; None for no model."""
        kind, _, name = model.partition(":")
        if kind == MODEL and name in known:
            return name
        is_one = model == MODEL or any(fnmatchcase(model, alias) for alias in self.aliases)
        return "" if is_one else None

    def writer(self, body: ChatRequest, request: Request) -> Writer:
        """What writes the reply to a request."""
        links = Links.known(self.public_url, str(request.base_url))
        return Writer(body.model, links, self.count_tokens, body.fields)


def openai_routes(access: CollectionAccess, door: OpenAIDoor = OpenAIDoor()) -> APIRouter:
    """The routes that OpenAI's clients call, under `/v1`."""
    router = APIRouter(prefix="/v1", route_class=OpenAIRoute, tags=["OpenAI-compatible"])

    @router.get("/models")
    def models(request: Request) -> Models:
        """List the models: one with its further names, and one for each collection."""
        return door.models(access.names(caller_of(request.scope)))

    @router.get("/models/{model}", response_model=Model, responses={404: _ERRORS[404]})
    def model(model: str, request: Request) -> Model | Response:
        """Tell of one model."""
        known = access.names(caller_of(request.scope))
        return _unknown(known) if door.collection(model, known) is None else Model(id=model)

    _add_chat(router, access, door)
    return router


def _add_chat(router: APIRouter, access: CollectionAccess, door: OpenAIDoor) -> None:
    @router.post(
        "/chat/completions",
        response_model=ChatCompletion,
        responses={200: _STREAM, **_ERRORS},
    )
    async def chat(body: ChatRequest, request: Request) -> ChatCompletion | Response:
        """Answer the last message of a conversation."""
        caller = caller_of(request.scope)
        collection = door.collection(body.model, access.names(caller))
        if collection is None:
            return _unknown(access.names(caller))
        answers = access.answers(caller, collection)
        writer, usage = door.writer(body, request), body.wants_usage
        if task := body.task:
            written = writer.task(body.messages[-1].text, await run_sync(reply_to, task, answers))
            if body.stream:
                return EventSourceResponse(_frames(written, usage), sep="\n")
            return written.whole()
        options = AskOptions(collections=named(collection))
        events = answers.astream(body.question, body.turns, options)
        if not body.stream:
            answer = await answer_unless_disconnected(events, request)
            if answer is None:
                return Response(status_code=CLIENT_CLOSED_REQUEST)
            return writer.written(answer, body.turns).whole()
        # Waiting for the first event makes an unusable index a 503 and not a broken stream.
        await anext(events)
        write = partial(writer.written, turns=body.turns)
        return event_source(_chunk_events(events, write, usage), events)


async def _chunk_events(
    events: AsyncEventStream[Event], write: Callable[[Answer], Written], usage: bool
) -> AsyncIterator[ServerSentEvent]:
    """The chunks of the checked answer; until it is complete, comments for what it is made of."""
    try:
        async for event in events:
            if not isinstance(event, Done):
                yield KEEP_ALIVE
                continue
            async for frame in _frames(write(event.answer), usage):
                yield frame
    except FootnoteError as error:
        yield server_sent_event(_error(status_of(error), str(error)))
    except Exception:
        log.exception("the reply's stream broke")
        yield server_sent_event(_error(500, ANSWER_FAILED))
    finally:
        events.close()


async def _frames(written: Written, usage: bool) -> AsyncIterator[ServerSentEvent]:
    for chunk in written.chunks(usage):
        yield server_sent_event(chunk)
    yield _END


def _unknown(collections: Sequence[str]) -> JSONResponse:
    message = f"There is no model of this name; the one there is is called {MODEL}."
    if collections:
        names = ", ".join([MODEL, *(f"{MODEL}:{name}" for name in collections)])
        message = f"There is no model of this name; there are: {names}."
    return _refusal(404, message, "model", "model_not_found")


def _invalid(error: RequestValidationError) -> JSONResponse:
    """The reply to an invalid request, which names the field and its rule."""
    param, rule = first_violation(error.errors())
    return _refusal(400, f"{param}: {rule}" if param else rule, param or None)


def _refusal(
    status: int,
    message: str,
    param: str | None = None,
    code: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> JSONResponse:
    return JSONResponse(_error(status, message, param, code), status, headers)


def _error(
    status: int, message: str, param: str | None = None, code: str | None = None
) -> dict[str, Any]:
    kind = "invalid_request_error" if status < 500 else "server_error"
    error = OpenAIError(message=message, type=kind, param=param, code=code)
    return OpenAIErrorBody(error=error).model_dump()


MAX_TEXTS = 128
TEXT_CHARACTERS = 8_000
Text = Annotated[str, StringConstraints(min_length=1, max_length=TEXT_CHARACTERS)]


class EmbeddingsRequest(BaseModel):
    """Texts to embed, or one; the model's name is accepted as it is, since one model is loaded."""

    input: Annotated[
        list[Text],
        BeforeValidator(lambda given: [given] if isinstance(given, str) else given),
        Field(min_length=1, max_length=MAX_TEXTS),
    ]
    model: str = ""
    encoding_format: Literal["float", "base64"] = "float"


class Embedding(BaseModel):
    """The unit vector of a text; as base64, little-endian floats of four bytes."""

    object: Literal["embedding"] = "embedding"
    index: int
    embedding: list[float] | str


class TokensRead(BaseModel):
    """How many tokens were read."""

    prompt_tokens: int
    total_tokens: int


class EmbeddingsBody(BaseModel):
    """The vectors in the order of the texts."""

    object: Literal["list"] = "list"
    data: list[Embedding]
    model: str
    usage: TokensRead


class RerankRequest(BaseModel):
    """A query and the texts to order by it."""

    query: Text
    documents: list[Text] = Field(min_length=1, max_length=MAX_TEXTS)
    model: str = ""
    top_n: int | None = Field(default=None, ge=1)
    return_documents: bool = False


class RankedText(BaseModel):
    """A text of the request by its place there, and how well it fits the query."""

    index: int
    relevance_score: float
    document: str | None = None


class RerankBody(BaseModel):
    """The texts, best first."""

    model: str
    results: list[RankedText]


def model_routes(models: LoadedModels | None, answers: AdmissionControl) -> APIRouter:
    """The routes of the models; none without models."""
    router = APIRouter(prefix="/v1", route_class=OpenAIRoute, tags=["Models"])
    if models is None:
        return router
    name = models.name

    @router.post("/embeddings", responses={400: _ERRORS[400], 503: _ERRORS[503]})
    async def embeddings(body: EmbeddingsRequest) -> EmbeddingsBody:
        """Embed texts with the model that the passages are embedded with."""
        vectors = (await answers.arun(lambda _: models.embed(body.input))).astype("<f4")
        data = [
            Embedding(
                index=at,
                embedding=vector.tolist()
                if body.encoding_format == "float"
                else base64.b64encode(vector.tobytes()).decode(),
            )
            for at, vector in enumerate(vectors)
        ]
        tokens = sum(models.count_tokens(body.input))
        usage = TokensRead(prompt_tokens=tokens, total_tokens=tokens)
        return EmbeddingsBody(data=data, model=name, usage=usage)

    @router.post("/rerank", responses={400: _ERRORS[400], 503: _ERRORS[503]})
    async def rerank(body: RerankRequest) -> RerankBody:
        """Order texts by how well they fit a query."""
        scores = await answers.arun(lambda _: models.relevance(body.query, body.documents))
        order = np.argsort(-np.asarray(scores), kind="stable")[: body.top_n]
        results = [
            RankedText(
                index=int(at),
                relevance_score=scores[at],
                document=body.documents[at] if body.return_documents else None,
            )
            for at in order
        ]
        return RerankBody(model=name, results=results)

    return router

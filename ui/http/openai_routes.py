"""Routes for OpenAI's clients: models and chat completions.

This protocol cannot replace text that was sent, so only the checked answer is sent.
"""

import logging
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute
from sse_starlette import ServerSentEvent
from starlette.exceptions import HTTPException

from index.errors import FootnoteError
from rag.types import Done, Event
from ui.http.errors import CLIENT_CLOSED_REQUEST, first_violation, retry_after, status_of
from ui.http.openai_schema import (
    MODEL,
    ChatCompletion,
    ChatRequest,
    Model,
    Models,
    OpenAIError,
    OpenAIErrorBody,
    chunks,
)
from ui.http.streaming import (
    ANSWER_FAILED,
    EVENT_STREAM,
    KEEP_ALIVE,
    answer_unless_disconnected,
    event_source,
    server_sent_event,
)
from ui.service.admission import AdmissionControl, AsyncEventStream

log = logging.getLogger(__name__)

_END = ServerSentEvent("[DONE]", sep="\n")
_ERRORS: dict[int | str, dict[str, Any]] = {
    400: {"model": OpenAIErrorBody, "description": "The request asks for what there is not"},
    404: {"model": OpenAIErrorBody, "description": "The model is unknown"},
    503: {"model": OpenAIErrorBody, "description": "The index is empty, busy or unusable"},
}
_STREAM = {
    "description": "The answer; with `stream`, chunks as server-sent events and then `[DONE]`.",
    "content": {EVENT_STREAM: {"schema": {"type": "string"}}},
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


def openai_routes(answers: AdmissionControl) -> APIRouter:
    """The routes that OpenAI's clients call, under `/v1`."""
    router = APIRouter(prefix="/v1", route_class=OpenAIRoute, tags=["OpenAI-compatible"])

    @router.get("/models")
    def models() -> Models:
        """List the models, of which there is one."""
        return Models()

    @router.get("/models/{model}", response_model=Model, responses={404: _ERRORS[404]})
    def model(model: str) -> Model | Response:
        """Tell of one model."""
        return Model() if model == MODEL else _unknown(model)

    @router.post(
        "/chat/completions",
        response_model=ChatCompletion,
        responses={200: _STREAM, **_ERRORS},
    )
    async def chat(body: ChatRequest, request: Request) -> ChatCompletion | Response:
        """Answer the last message of a conversation."""
        if body.model != MODEL:
            return _unknown(body.model)
        events = answers.astream(body.question, body.turns)
        if not body.stream:
            answer = await answer_unless_disconnected(events, request)
            if answer is None:
                return Response(status_code=CLIENT_CLOSED_REQUEST)
            return ChatCompletion.of(answer)
        # Waiting for the first event makes an unusable index a 503 and not a broken stream.
        await anext(events)
        usage = bool(body.stream_options and body.stream_options.include_usage)
        return event_source(_chunk_events(events, usage), events)

    return router


async def _chunk_events(
    events: AsyncEventStream[Event], usage: bool
) -> AsyncIterator[ServerSentEvent]:
    """The chunks of the checked answer; until it is complete, comments for what it is made of."""
    try:
        async for event in events:
            if not isinstance(event, Done):
                yield KEEP_ALIVE
                continue
            for chunk in chunks(event.answer, usage):
                yield server_sent_event(chunk)
            yield _END
    except FootnoteError as error:
        yield server_sent_event(_error(status_of(error), str(error)))
    except Exception:
        log.exception("the reply's stream broke")
        yield server_sent_event(_error(500, ANSWER_FAILED))
    finally:
        events.close()


def _unknown(model: str) -> JSONResponse:
    message = f"There is no model of this name; the one there is is called {MODEL}."
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

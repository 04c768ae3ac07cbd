"""The door for programs that speak OpenAI's protocol: its models and its chat completions.

Nothing that was sent can be taken back in this protocol, so only checked text is sent.
"""

import json
import logging
from collections.abc import AsyncIterator, Callable, Coroutine, Generator, Mapping
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, StreamingResponse
from fastapi.routing import APIRoute
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

from index.errors import FootnoteError
from rag.types import Answers, Done, Event
from ui.http.api import EVENT_STREAM, answer_unless_left
from ui.http.errors import CLIENT_CLOSED_REQUEST, first_violation, retry_after, status_of
from ui.http.openai_schema import (
    MODEL,
    ChatCompletion,
    ChatRequest,
    Fault,
    FaultBody,
    Model,
    Models,
    chunks,
)
from ui.http.sse import FAULT, KEEP_ALIVE, steps

log = logging.getLogger(__name__)

END = "data: [DONE]\n\n"
_FAULTS: dict[int | str, dict[str, Any]] = {
    400: {"model": FaultBody, "description": "The request asks for what there is not"},
    404: {"model": FaultBody, "description": "The model is unknown"},
    503: {"model": FaultBody, "description": "The index is empty, busy or unusable"},
}
_STREAM = {
    "description": "The answer; with `stream`, chunks as server-sent events and then `[DONE]`.",
    "content": {EVENT_STREAM: {"schema": {"type": "string"}}},
}


class OpenAIRoute(APIRoute):
    """A route whose faults have the shape that OpenAI's clients read."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The handler, its faults caught."""
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


def openai_routes(engine: Answers) -> APIRouter:
    """The routes that OpenAI's clients call, under `/v1`."""
    router = APIRouter(prefix="/v1", route_class=OpenAIRoute, tags=["OpenAI-compatible"])

    @router.get("/models")
    def models() -> Models:
        """List the models, of which there is one."""
        return Models()

    @router.get("/models/{model}", response_model=Model, responses={404: _FAULTS[404]})
    def model(model: str) -> Model | Response:
        """Tell of one model."""
        return Model() if model == MODEL else _unknown(model)

    @router.post(
        "/chat/completions",
        response_model=ChatCompletion,
        responses={200: _STREAM, **_FAULTS},
    )
    async def chat(body: ChatRequest, request: Request) -> ChatCompletion | Response:
        """Answer the last message of a conversation."""
        if body.model != MODEL:
            return _unknown(body.model)
        events = engine.stream(body.question, body.turns)
        if not body.stream:
            answer = await answer_unless_left(events, request)
            if answer is None:
                return Response(status_code=CLIENT_CLOSED_REQUEST)
            return ChatCompletion.of(answer)
        # Waiting for the first event lets an unusable index be a 503 and not a broken stream.
        await run_in_threadpool(next, events)
        usage = bool(body.stream_options and body.stream_options.include_usage)
        return StreamingResponse(
            _frames(events, usage),
            media_type=EVENT_STREAM,
            headers={"Cache-Control": "no-cache", "X-Accel-Buffering": "no"},
        )

    return router


async def _frames(events: Generator[Event, None, None], usage: bool) -> AsyncIterator[str]:
    """The reply as server-sent events; until it is checked, comments that keep the connection."""
    try:
        async for event in steps(events):
            if not isinstance(event, Done):
                yield KEEP_ALIVE
                continue
            for chunk in chunks(event.answer, usage):
                yield _frame(chunk)
            yield END
    except FootnoteError as error:
        yield _frame(_fault(status_of(error), str(error)))
    except Exception:
        log.exception("the reply's stream broke")
        yield _frame(_fault(500, FAULT))
    finally:
        events.close()


def _frame(data: Mapping[str, Any]) -> str:
    # ASCII only: JSON escapes every line break that a reader of event streams would split at.
    return f"data: {json.dumps(data)}\n\n"


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
    return JSONResponse(_fault(status, message, param, code), status, headers)


def _fault(
    status: int, message: str, param: str | None = None, code: str | None = None
) -> dict[str, Any]:
    kind = "invalid_request_error" if status < 500 else "server_error"
    return FaultBody(error=Fault(message=message, type=kind, param=param, code=code)).model_dump()

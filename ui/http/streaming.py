"""Answers over HTTP: as server-sent events, or whole for a client that may disconnect."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Mapping
from typing import Any

from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.requests import Request
from starlette.types import Message

from index.errors import FootnoteError
from rag.schema import AnswerBody, SearchBody
from rag.types import Answer, Delta, Done, Event, PartRead, Retrieved
from ui.service.admission import AsyncEventStream

log = logging.getLogger(__name__)

EVENT_STREAM = "text/event-stream"
# How the OpenAPI document describes each event of a stream.
EVENT_CONTENT: dict[str, Any] = {
    EVENT_STREAM: {
        "schema": {
            "type": "object",
            "properties": {"event": {"type": "string"}, "data": {"type": "string"}},
            "required": ["data"],
        }
    }
}
ANSWER_FAILED = "Something went wrong while answering; the server's log says what."
_LINE_END = "\n"
# A comment, which clients ignore; proxies close connections that are silent for a minute.
KEEP_ALIVE = ServerSentEvent(comment="the answer is being written", sep=_LINE_END)
KEEP_ALIVE_SECONDS = 10.0
# At shutdown, admission control ends the answers, each with its last event, and the server then
# closes what is left; sse-starlette alone would cut every stream at once.
_SHUTDOWN_SECONDS = 60.0


def event_source(
    frames: AsyncIterator[ServerSentEvent], events: AsyncEventStream[Event]
) -> EventSourceResponse:
    """A response of server-sent events, and a comment now and then between them.

    The events that they are made from are closed when the client disconnects.
    """

    async def close(_: Message) -> None:
        events.close()

    return EventSourceResponse(
        frames,
        client_close_handler_callable=close,
        sep=_LINE_END,
        ping=KEEP_ALIVE_SECONDS,
        ping_message_factory=lambda: KEEP_ALIVE,
        headers={"Cache-Control": "no-cache"},
        shutdown_grace_period=_SHUTDOWN_SECONDS,
    )


def server_sent_event(data: Mapping[str, Any], name: str | None = None) -> ServerSentEvent:
    """An event with JSON in one line."""
    # ASCII only: JSON escapes every line break that a reader of event streams would split at.
    return ServerSentEvent(json.dumps(data), event=name, sep=_LINE_END)


async def answer_events(
    first: Event, rest: AsyncEventStream[Event]
) -> AsyncIterator[ServerSentEvent]:
    """The events `retrieved`, `reading`, `delta` and `done` of an answer, or `error` at the end.

    The stream is closed at the end, also when the client disconnects: an LLM stops writing.
    """
    try:
        yield answer_event(first)
        async for event in rest:
            yield answer_event(event)
    except FootnoteError as error:
        yield _error_event(str(error))
    except Exception:
        log.exception("the answer's stream broke")
        yield _error_event(ANSWER_FAILED)
    finally:
        rest.close()


def answer_event(event: Event) -> ServerSentEvent:
    """An event of an answer as a server-sent event."""
    match event:
        case Retrieved(query, hits):
            body = SearchBody.of(query, hits).model_dump(mode="json")
            return server_sent_event(body, "retrieved")
        case PartRead(part, of):
            return server_sent_event({"part": part, "of": of}, "reading")
        case Delta(text):
            return server_sent_event({"text": text}, "delta")
        case Done(answer):
            return server_sent_event(AnswerBody.of(answer).model_dump(mode="json"), "done")


def _error_event(message: str) -> ServerSentEvent:
    return server_sent_event({"error": {"message": message}}, "error")


async def answer_unless_disconnected(
    events: AsyncEventStream[Event], request: Request
) -> Answer | None:
    """The answer at the end of the events, or None, with them closed, if the client disconnects."""

    async def close_on_disconnect() -> None:
        while (await request.receive())["type"] != "http.disconnect":
            pass
        events.close()

    watcher = asyncio.create_task(close_on_disconnect())
    try:
        return await last_answer(events)
    finally:
        watcher.cancel()


async def last_answer(events: AsyncEventStream[Event]) -> Answer | None:
    """The answer at the end of the events, None if they were closed before; they are closed."""
    try:
        async for event in events:
            if isinstance(event, Done):
                return event.answer
        return None
    finally:
        events.close()

"""The events of an answer as server-sent events: a name, and one line of JSON."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Generator
from typing import Any

from anyio import to_thread

from index.errors import FootnoteError
from rag.schema import AnswerBody, SearchBody
from rag.types import Delta, Done, Event, Retrieved

log = logging.getLogger(__name__)

# A comment, which readers of event streams pass over; proxies close what is silent for a minute.
KEEP_ALIVE = ": the answer is being written\n\n"
KEEP_ALIVE_SECONDS = 10.0

FAULT = "Something went wrong while answering; the server's log says what."


async def frames(first: Event, rest: Generator[Event, None, None]) -> AsyncIterator[str]:
    """One frame per event, and a comment now and then while there is none.

    A fault ends the stream with the event `error`. The rest is closed in the end, also when the
    client leaves, so that no LLM writes on for nobody.
    """
    try:
        yield frame(first)
        async for event in steps(rest):
            yield frame(event) if event else KEEP_ALIVE
    except FootnoteError as error:
        yield _write("error", {"error": {"message": str(error)}})
    except Exception:
        log.exception("the answer's stream broke")
        yield _write("error", {"error": {"message": FAULT}})
    finally:
        rest.close()


async def steps(events: Generator[Event, None, None]) -> AsyncIterator[Event | None]:
    """The events as they come, and None now and then while there is none."""
    waiting = _next(events)
    try:
        while True:
            done, _ = await asyncio.wait([waiting], timeout=KEEP_ALIVE_SECONDS)
            event = waiting.result() if done else None
            if done and event is None:
                return
            yield event
            if done:
                waiting = _next(events)
    finally:
        waiting.cancel()


def _next(events: Generator[Event, None, None]) -> asyncio.Task[Event | None]:
    # Abandoned when the client leaves: closing the events then ends the thread that waits.
    return asyncio.ensure_future(to_thread.run_sync(next, events, None, abandon_on_cancel=True))


def frame(event: Event) -> str:
    """One event as it is sent."""
    match event:
        case Retrieved(query, hits):
            return _write("retrieved", SearchBody.of(query, hits).model_dump(mode="json"))
        case Delta(text):
            return _write("delta", {"text": text})
        case Done(answer):
            return _write("done", AnswerBody.of(answer).model_dump(mode="json"))


def _write(name: str, data: dict[str, Any]) -> str:
    # ASCII only: JSON escapes every line break that a reader of event streams would split at.
    return f"event: {name}\ndata: {json.dumps(data)}\n\n"

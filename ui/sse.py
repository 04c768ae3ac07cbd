"""The events of an answer as server-sent events: a name, and one line of JSON."""

import json
import logging
from collections.abc import AsyncIterator, Generator, Iterator
from typing import Any

from starlette.concurrency import run_in_threadpool

from index.errors import FootnoteError
from rag.answers import Delta, Done, Event, Retrieved
from rag.wire import AnswerBody, SearchBody

log = logging.getLogger(__name__)

FAULT = "Something went wrong while answering; the server's log says what."


async def frames(first: Event, rest: Iterator[Event]) -> AsyncIterator[str]:
    """One frame per event. A fault ends the stream with the event `error`.

    The rest is closed in the end, also when the client leaves, so that no LLM writes on for
    nobody.
    """
    try:
        yield frame(first)
        while (event := await run_in_threadpool(next, rest, None)) is not None:
            yield frame(event)
    except FootnoteError as error:
        yield _write("error", {"error": {"message": str(error)}})
    except Exception:
        log.exception("the answer's stream broke")
        yield _write("error", {"error": {"message": FAULT}})
    finally:
        if isinstance(rest, Generator):
            rest.close()


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

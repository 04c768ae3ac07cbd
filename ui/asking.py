"""Waiting for a checked answer without holding up the server, and giving up when nobody waits."""

import threading
from collections.abc import Generator
from contextlib import closing, suppress

from anyio import to_thread

from rag.answers import Answer, Done, Event


async def finished(events: Generator[Event, None, None]) -> Answer:
    """The checked answer that ends the events of `Engine.stream`.

    When the waiting is cancelled, the events are closed, at the next one of them at the latest,
    so that no LLM writes on for nobody. Raises what the events raise.
    """
    gone = threading.Event()

    def follow() -> Answer | None:
        with closing(events):
            for event in events:
                if isinstance(event, Done):
                    return event.answer
                if gone.is_set():
                    break
        return None

    try:
        answer = await to_thread.run_sync(follow, abandon_on_cancel=True)
    finally:
        gone.set()
        # A generator that is running can't be closed from here; then the thread does it.
        with suppress(ValueError):
            events.close()
    assert answer, "events end with Done"
    return answer

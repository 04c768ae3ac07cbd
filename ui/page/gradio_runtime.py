"""What Gradio keeps and prints beyond need: sessions of pages that were closed, and tracebacks."""

from __future__ import annotations

import asyncio
import logging
import sys
import traceback
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fastapi import FastAPI

log = logging.getLogger(__name__)

_SWEEP_SECONDS = 30.0
# A page that lost its connection for a moment goes on with its state.
_CLOSED = timedelta(minutes=2)
# An open page that nobody used for so long reads its conversation from the history again.
_UNUSED = timedelta(hours=2)
# Each takes up to 0.3 MB.
_MOST_SESSIONS = 1_000


class PageSessions:
    """The sessions of one page: Gradio keeps 10,000, also those whose pages were closed."""

    def __init__(self, app: FastAPI) -> None:
        """Limits those of the page that is mounted in an application."""
        mounted: list[Any] = [getattr(route, "app", None) for route in app.routes]
        self._blocks: Any = next(each for each in mounted if hasattr(each, "state_holder")).blocks
        self._blocks.state_holder.capacity = _MOST_SESSIONS

    def sweep(self, now: datetime) -> int:
        """Forget sessions of closed and of unused pages; how many they were."""
        holder = self._blocks.state_holder
        with holder.lock:
            ended = [
                session
                for session, state in holder.session_data.items()
                if now - holder.time_last_used.get(session, now)
                > (_CLOSED if state.is_closed else _UNUSED)
            ]
            for session in ended:
                holder.session_data.pop(session, None)
                holder.time_last_used.pop(session, None)
        for session in ended:
            self._blocks._queue.pending_messages_per_session.pop(session, None)
        return len(ended)

    async def keep_swept(self) -> None:
        """Sweep now and then, until it is cancelled."""
        while True:
            await asyncio.sleep(_SWEEP_SECONDS)
            try:
                self.sweep(datetime.now())
            except Exception:  # another version of Gradio keeps them otherwise
                log.exception("sessions of closed pages could not be forgotten")
                return


class _Logged:
    """The module `traceback` for Gradio: what it prints is logged, without messages."""

    def print_exc(self, *_: object, **__: object) -> None:
        log.error("the chat page could not handle an event", exc_info=True)

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401
        return getattr(traceback, name)


def log_tracebacks() -> None:
    """Have Gradio log the tracebacks that it prints, which quote what users wrote."""
    for name, module in list(sys.modules.items()):
        if name.startswith("gradio.") and getattr(module, "traceback", None) is traceback:
            module.traceback = _Logged()  # type: ignore[attr-defined]

"""The page as an application, and what Gradio keeps and prints beyond need: sessions of pages that
were closed, and tracebacks.
"""

from __future__ import annotations

import asyncio
import logging
import sys
import traceback
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any

import gradio as gr
from fastapi import FastAPI
from fastapi.middleware.cors import CORSMiddleware
from starlette.middleware import Middleware
from starlette.routing import Mount

from rag.settings import Settings
from ui.http.edge.late_app import MadeApp
from ui.page.components import head, theme
from ui.page.handlers import ChatPage
from ui.wiring import Service

log = logging.getLogger(__name__)

_SWEEP_SECONDS = 30.0
# A page that lost its connection for a moment goes on with its state.
_CLOSED = timedelta(minutes=2)
# An open page that nobody used for so long reads its conversation from the history again.
_UNUSED = timedelta(hours=2)
# Each takes up to 0.3 MB.
_MOST_SESSIONS = 1_000


def chat_page(service: Service, settings: Settings) -> MadeApp:
    """The chat page's application, to be mounted at `/` after every other route."""
    blocks = ChatPage(service, settings).blocks
    # Gradio wants an application to mount it in, and adds its own CORS middleware, which allows
    # every origin, unless that one has some.
    around = FastAPI(middleware=[Middleware(CORSMiddleware, allow_origins=[])])
    gr.mount_gradio_app(
        around,
        blocks,
        path="/",
        theme=theme(),
        head=head(),
        show_error=False,
        max_file_size=1,
        enable_monitoring=False,
        run_history=False,
        footer_links=[],
        mcp_server=False,
        ssr_mode=False,
        pwa=False,
        app_kwargs={"docs_url": None, "redoc_url": None, "openapi_url": None},
    )
    log_tracebacks()
    sessions = PageSessions(blocks)

    @asynccontextmanager
    async def lifespan() -> AsyncIterator[None]:
        sweeping = asyncio.create_task(sessions.keep_swept())
        async with around.router.lifespan_context(around):
            yield
        sweeping.cancel()

    (mounted,) = (route.app for route in around.routes if isinstance(route, Mount))
    return MadeApp(mounted, lifespan)


class PageSessions:
    """The sessions of one page: Gradio keeps 10,000, also those whose pages were closed."""

    def __init__(self, blocks: gr.Blocks) -> None:
        """Limits their number."""
        self._blocks: Any = blocks
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

"""An ASGI application that is imported and made late, so that the others answer sooner.

Gradio takes two thirds of what a server imports, and none of it is needed for an answer.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import Any

from anyio.to_thread import run_sync
from starlette.types import ASGIApp, Receive, Scope, Send


@dataclass(frozen=True, slots=True)
class MadeApp:
    """An application, and what it is served within: `lifespan` is called once per server."""

    app: ASGIApp
    lifespan: Callable[[], AbstractAsyncContextManager[Any]]


class LateApp:
    """Made by whoever calls `make` first, or by the first request; requests wait for it.

    If it cannot be made, the error is raised to each of them, and it is tried again.
    """

    def __init__(self, make: Callable[[], MadeApp]) -> None:
        self._make = make
        self._lock = threading.Lock()
        self._made: MadeApp | None = None
        self._serving: _Serving | None = None

    def make(self) -> MadeApp:
        """Import and make it, once; for any thread but the event loop's."""
        with self._lock:
            if self._made is None:
                self._made = self._make()
            return self._made

    @asynccontextmanager
    async def lifespan(self) -> AsyncIterator[None]:
        """Within it, the first request begins the lifespan of what is made, which ends with it."""
        self._serving = _Serving()
        try:
            yield
        finally:
            serving, self._serving = self._serving, None
            await serving.end()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        # What waits for an import must not keep a server from ending.
        made = self._made
        if made is None:
            made = await run_sync(self.make, abandon_on_cancel=True)
        if self._serving:
            await self._serving.begin(made)
        await made.app(scope, receive, send)


class _Serving:
    """A lifespan that is begun and ended by one task, as those of task groups must be."""

    def __init__(self) -> None:
        self._task: asyncio.Task[None] | None = None
        self._begun = asyncio.Event()
        self._ending = asyncio.Event()

    async def begin(self, made: MadeApp) -> None:
        """Wait until it has begun. Raises what beginning it raised."""
        if self._task is None:
            self._task = asyncio.create_task(self._run(made))
        await self._begun.wait()
        if self._task.done():
            self._task.result()

    async def end(self) -> None:
        """Wait until it has ended, if it was begun."""
        self._ending.set()
        if self._task:
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self, made: MadeApp) -> None:
        try:
            async with made.lifespan():
                self._begun.set()
                await self._ending.wait()
        finally:
            self._begun.set()

"""The static files of the page: scripts, styles, pictures and fonts, with their caching."""

from __future__ import annotations

import mimetypes
from functools import cache
from hashlib import sha256
from importlib.resources import files
from pathlib import Path

from fastapi import FastAPI
from fastapi.middleware.gzip import GZipMiddleware
from fastapi.staticfiles import StaticFiles
from starlette.datastructures import MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

STYLES = ("fonts.css", "chat.css")
SCRIPTS = ("chat.js", "panel.js", "documents.js", "options.js")  # in the order in which they run
# A URL with a digest in it never has other contents.
_IMMUTABLE = {"Cache-Control": "public, max-age=31536000, immutable"}
_REVALIDATE = {"Cache-Control": "no-cache"}
mimetypes.add_type("font/woff2", ".woff2")  # not known to every system


def page_url(name: str) -> str:
    """The URL of a static file, versioned by its digest."""
    return f"/page/{name}?v={_digest(name)}"


def add_page_files(app: FastAPI) -> None:
    """Serve them under `/page`, and announce them with the page itself."""
    app.add_middleware(_PreloadLinks)
    app.mount("/page", GZipMiddleware(_Assets(directory=str(_folder())), minimum_size=500))


class _Assets(StaticFiles):
    """Static files; one whose URL has a version is cached for ever."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        response.headers.update(_IMMUTABLE if scope["query_string"] else _REVALIDATE)
        return response


class _PreloadLinks:
    """ASGI middleware: a `Link` header on the page preloads our styles and scripts, which Gradio
    would load late, and Gradio's own assets, whose names hold digests, are cached for ever.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        kinds = {".css": "style", ".js": "script"}
        self._links = ", ".join(
            f"<{page_url(name)}>; rel=preload; as={kinds[Path(name).suffix]}"
            for name in (*STYLES, *SCRIPTS)
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope.get("path", "")
        if path != "/" and not path.startswith("/assets/"):
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] == 200:
                headers = MutableHeaders(scope=message)
                headers.update({"Link": self._links} if path == "/" else _IMMUTABLE)
            await send(message)

        await self._app(scope, receive, send_with_headers)


@cache
def _digest(name: str) -> str:
    return sha256((_folder() / name).read_bytes()).hexdigest()[:8]


def _folder() -> Path:
    return Path(str(files("ui") / "assets"))

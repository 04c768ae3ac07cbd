"""What stands before every route: which addresses exist, who may post, and headers."""

import re
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ui.limits import BODY_BYTES

# The addresses that are served. Gradio has many more (files, uploads, proxies, direct calls of
# its functions); the chat page needs none of them.
_OPEN = re.compile(
    r"/(?:v1/.*|mcp|documents/.*|page/(?:(?:serif|sans)/)?[^/]+|healthz|readyz|openapi\.json"
    r"|(?:config|theme\.css|favicon\.ico|manifest\.json|robots\.txt)?"
    r"|(?:assets|static|svelte)/.*"
    r"|gradio_api/(?:queue/(?:join|data)|heartbeat/[^/]+|cancel|reset|startup-events))/?"
)
_PAGE_POLICY = (
    "default-src 'self'; img-src 'self' data:; font-src 'self' data:; "
    "style-src 'self' 'unsafe-inline'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; "
    "object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'"
)
_DOCUMENT_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; font-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'self'"
)


class Guard:
    """ASGI middleware: unknown addresses and posts from other origins are refused."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self._app(scope, receive, send)
            return
        policy = _DOCUMENT_POLICY if scope["path"].startswith("/documents/") else _PAGE_POLICY

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers["Content-Security-Policy"] = policy
                headers["X-Content-Type-Options"] = "nosniff"
                headers["Referrer-Policy"] = "no-referrer"
            await send(message)

        await (_refusal(scope) or self._app)(scope, receive, send_guarded)


def _refusal(scope: Scope) -> JSONResponse | None:
    """The answer to a request that goes no further."""
    if not _OPEN.fullmatch(scope["path"]):
        return _sentence(404, "There is nothing at this address.")
    headers = Headers(scope=scope)
    length = headers.get("content-length", "0")
    if not length.isdecimal() or int(length) > BODY_BYTES:
        return _sentence(413, f"The request is larger than {BODY_BYTES:,} bytes.")
    origin = headers.get("origin")
    if scope["method"] == "POST" and origin and urlsplit(origin).netloc != headers.get("host"):
        return _sentence(403, "Requests from other sites are not taken.")
    return None


def _sentence(status: int, message: str) -> JSONResponse:
    return JSONResponse({"error": {"message": message}}, status)

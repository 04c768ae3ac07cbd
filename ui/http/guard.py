"""What stands before every route: which addresses exist, by which names, which sites may send."""

import re
from collections.abc import Sequence
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ui.http.errors import sentence
from ui.service.settings import BODY_BYTES

# The addresses that are served. Gradio has many more (files, uploads, proxies, direct calls of
# its functions); the chat page needs none of them.
_OPEN = re.compile(
    r"/(?:v1/.*|mcp|documents/.*|page/(?:fonts/)?[^/]+|healthz|readyz|metrics|login|openapi\.json"
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
_SAFE = {"GET", "HEAD", "OPTIONS"}
# What a busy server says when the fault itself doesn't tell when to come back.
_RETRY_SECONDS = "5"
_IS_OURS = "footnote.is_ours"
_WRONG_HOST = sentence(
    400, "The Host header names another server; if this is its name too, add it to FOOTNOTE_HOSTS."
)


class Guard:
    """ASGI middleware: unknown addresses, and what other sites send, are refused."""

    def __init__(self, app: ASGIApp, upload_bytes: int) -> None:
        self._app = app
        self._upload_bytes = upload_bytes

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
                if message["status"] == 503:
                    headers.setdefault("Retry-After", _RETRY_SECONDS)
            await send(message)

        is_upload = scope["method"] == "PUT" and scope["path"].startswith("/v1/documents/")
        most = self._upload_bytes if is_upload else BODY_BYTES
        await (_refusal(scope, most) or self._app)(scope, receive, send_guarded)


class Hosts:
    """ASGI middleware: requests that call the server by another name than its own are refused."""

    def __init__(self, app: ASGIApp, hosts: Sequence[str]) -> None:
        self._app = app
        self._check = TrustedHostMiddleware(_enter, hosts, www_redirect=False)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        # Starlette decides; what it would send is plain text.
        await self._check(scope, receive, _unsent)
        await (self._app if scope.pop(_IS_OURS, False) else _WRONG_HOST)(scope, receive, send)


async def _enter(scope: Scope, _: Receive, __: Send) -> None:
    scope[_IS_OURS] = True


async def _unsent(_: Message) -> None:
    pass


def _refusal(scope: Scope, most_bytes: int) -> JSONResponse | None:
    """The answer to a request that goes no further."""
    if not _OPEN.fullmatch(scope["path"]):
        return sentence(404, "There is nothing at this address.")
    headers = Headers(scope=scope)
    length = headers.get("content-length", "0")
    if not length.isdecimal() or int(length) > most_bytes:
        return sentence(413, f"The request is larger than {most_bytes:,} bytes.")
    if scope["method"] not in _SAFE and _is_foreign(headers):
        return sentence(403, "Requests from other sites are not taken.")
    return None


def _is_foreign(headers: Headers) -> bool:
    """Whether a browser says that another site's page sends this. Other programs say nothing."""
    origin = headers.get("origin")
    if origin is not None:
        return urlsplit(origin).netloc != headers.get("host")
    return headers.get("sec-fetch-site", "none") not in {"none", "same-origin"}

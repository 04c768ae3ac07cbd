"""Security middleware: served paths, trusted hosts, cross-site requests, security headers."""

import re
from collections.abc import Sequence
from urllib.parse import SplitResult, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ui.http.edge.connections import ALLOWED_METHODS
from ui.http.errors import NOT_FOUND, error_response, too_large
from ui.service.settings import BODY_BYTES

# The paths that are served. Gradio has many more (files, uploads, proxies, direct calls of its
# functions); the chat page needs none of them.
_SERVED = re.compile(
    r"/(?:v1/.*|mcp|documents/.*|page/(?:fonts/)?[^/]+|healthz|readyz|metrics|login|openapi(?:-read)?\.json"
    r"|(?:config|theme\.css|favicon\.ico|manifest\.json|robots\.txt)?"
    r"|(?:assets|static|svelte)/.*"
    r"|gradio_api/(?:queue/(?:join|data)|heartbeat/[^/]+|cancel|reset|startup-events|app_id))/?"
)
# Gradio's HTML component makes a Function of each value's template and of `js_on_load`, whatever
# they hold, and one of the script of an event: without 'unsafe-eval' the page stays empty.
_PAGE_POLICY = (
    "default-src 'self'; img-src 'self' data:; font-src 'self' data:; "
    "style-src 'self' 'unsafe-inline'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; "
    "object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'"
)
_DOCUMENT_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; font-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'self'"
)
_SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}
_METHODS = frozenset(ALLOWED_METHODS.split(", "))
# What tells of documents: browsers keep none of it, and other sites' pages show none of it.
_OF_DOCUMENTS = ("/documents/", "/v1/", "/gradio_api/", "/mcp", "/metrics")
_DEFAULT_PORTS = {"http": 80, "https": 443}
_PIECE_BYTES = 64 << 10
# Retry-After of a 503 whose error does not say when to retry.
_RETRY_SECONDS = "5"
_IS_TRUSTED = "footnote.host_is_trusted"
_WRONG_HOST = error_response(
    400, "The Host header names another server; if this is its name too, add it to FOOTNOTE_HOSTS."
)


class SecurityMiddleware:
    """ASGI middleware: refuses unknown paths, large bodies, cross-site requests; sets headers."""

    def __init__(self, app: ASGIApp, upload_bytes: int) -> None:
        self._app = app
        self._upload_bytes = upload_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self._app(scope, receive, send)
            return
        path = scope["path"]
        fixed = _headers(path)

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in fixed:
                    headers[name] = value
                if message["status"] == 503:
                    headers.setdefault("Retry-After", _RETRY_SECONDS)
            await _send_in_pieces(message, send)

        is_upload = scope["method"] == "PUT" and path.startswith("/v1/documents/")
        max_bytes = self._upload_bytes if is_upload else BODY_BYTES
        await (_refusal(scope, max_bytes) or self._app)(scope, receive, send_with_headers)


async def _send_in_pieces(message: Message, send: Send) -> None:
    """Send a large body so that no more than a piece of it waits for its reader beside itself."""
    body = message.get("body", b"")
    if message["type"] != "http.response.body" or len(body) <= _PIECE_BYTES:
        await send(message)
        return
    for start in range(0, len(body), _PIECE_BYTES):
        more = start + _PIECE_BYTES < len(body) or message.get("more_body", False)
        piece = bytes(body[start : start + _PIECE_BYTES])
        await send({"type": "http.response.body", "body": piece, "more_body": more})


def _headers(path: str) -> list[tuple[str, str]]:
    """The headers of every reply to a path."""
    is_document = path.startswith("/documents/")
    headers = [
        ("Content-Security-Policy", _DOCUMENT_POLICY if is_document else _PAGE_POLICY),
        ("X-Frame-Options", "SAMEORIGIN" if is_document else "DENY"),
        ("X-Content-Type-Options", "nosniff"),
        ("Referrer-Policy", "no-referrer"),
        ("Cross-Origin-Resource-Policy", "same-origin"),
        ("Cross-Origin-Opener-Policy", "same-origin"),
    ]
    if path == "/" or path.startswith(_OF_DOCUMENTS):
        headers.append(("Cache-Control", "no-store"))
    return headers


class TrustedHosts:
    """ASGI middleware: refuses requests whose Host header names another server."""

    def __init__(self, app: ASGIApp, hosts: Sequence[str]) -> None:
        self._app = app
        self._check = TrustedHostMiddleware(_trust, hosts, www_redirect=False)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        # Starlette checks; its own reply is plain text, which is dropped.
        await self._check(scope, receive, _drop)
        await (self._app if scope.pop(_IS_TRUSTED, False) else _WRONG_HOST)(scope, receive, send)


async def _trust(scope: Scope, _: Receive, __: Send) -> None:
    scope[_IS_TRUSTED] = True


async def _drop(_: Message) -> None:
    pass


def _refusal(scope: Scope, max_bytes: int) -> JSONResponse | None:
    """The reply to a request that is not passed on."""
    if not _SERVED.fullmatch(scope["path"]):
        return error_response(404, NOT_FOUND)
    if scope["method"] not in _METHODS:
        message = "There is no such method here."
        return error_response(405, message, {"Allow": ALLOWED_METHODS})
    headers = Headers(scope=scope)
    length = headers.get("content-length", "0")
    if not length.isdecimal() or int(length) > max_bytes:
        return error_response(413, too_large(max_bytes))
    if _is_foreign(scope, headers):
        return error_response(403, "Requests from other sites are not taken.")
    return None


def _is_foreign(scope: Scope, headers: Headers) -> bool:
    """Whether another site's page sends a request that changes something or costs work.

    Other programs than browsers say nothing of it. A link to a document may be followed.
    """
    if scope["method"] not in _SAFE_METHODS:
        return _is_cross_site(scope, headers)
    is_link = (headers.get("sec-fetch-mode"), headers.get("sec-fetch-dest")) == (
        "navigate",
        "document",
    )
    fetched = headers.get("sec-fetch-site", "none") not in {"none", "same-origin"}
    return fetched and not is_link and scope["path"].startswith(_OF_DOCUMENTS)


def _is_cross_site(scope: Scope, headers: Headers) -> bool:
    origin = headers.get("origin")
    if origin is not None:
        return not is_same_origin(origin, scope.get("scheme", "http"), headers.get("host", ""))
    return headers.get("sec-fetch-site", "none") not in {"none", "same-origin"}


def is_same_origin(origin: str, scheme: str, host: str) -> bool:
    """Whether an Origin header names this server, by scheme, name and port.

    A proxy that has ended TLS and is not declared leaves the scheme at http; so an origin of https
    is taken there as well, but never one of http where a declared proxy speaks https.
    """
    try:
        theirs = urlsplit(origin)
        ours = urlsplit(f"{theirs.scheme}://{host}")
        same = (theirs.hostname, _port(theirs)) == (ours.hostname, _port(ours))
    except ValueError:  # a port that is no number, or an address that is none
        return False
    return same and theirs.scheme in {scheme, "https"} and bool(theirs.hostname)


def _port(url: SplitResult) -> int | None:
    return url.port or _DEFAULT_PORTS.get(url.scheme)

"""Authentication and rate limits: bearer tokens, the login page and its cookie."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from index.errors import StoreError
from ui.http.edge.proxies import named_user
from ui.http.errors import NOT_FOUND, error_response, rate_limited
from ui.service.links import QUOTE_ID
from ui.service.tokens import ANYONE, Caller, RateLimit, Tokens
from ui.templating import render

COOKIE = "footnote"
LOGIN = "/login"
LOGINS_PER_MINUTE = 10
_COOKIE_SECONDS = 30 * 24 * 3600
_LOGIN_BYTES = 1_000
_UNKNOWN_TOKEN = "There is no such token."
_OTHERS = "This token is for other collections than those here."
_OF_ALL = "The metrics are of all collections, and this token is for some of them."
# Without a token: whether the server is up, and the files of the login page.
_PUBLIC = ("/healthz", "/readyz", "/favicon.ico", "/robots.txt")
_PUBLIC_PREFIX = "/page/"
_RATE_LIMITED = {"POST", "PUT", "DELETE", "PATCH"}
# Reading documents costs less than a question; a page that is opened asks for several.
_READS = ("/documents/", "/v1/", "/metrics")
_READS_PER_REQUEST = 10
_CALLER = "footnote.caller"


def caller_of(scope: Mapping[str, Any]) -> Caller:
    """The caller of a request that passed `AuthMiddleware`."""
    caller: Caller = scope[_CALLER]
    return caller


class AuthMiddleware:
    """ASGI middleware: requires a token where there are tokens, and applies the rate limit.

    The token is sent as `Authorization: Bearer`, or as the cookie that the login page sets.
    """

    def __init__(
        self,
        app: ASGIApp,
        tokens: Tokens | None,
        rate_limit: RateLimit,
        is_shut: Callable[[Caller], bool] = lambda caller: caller.reads is not None,
    ) -> None:
        """`is_shut` tells of a caller that may read nothing here, as its token is for others."""
        self._app = app
        self._is_shut = is_shut
        self._tokens = tokens
        self._rate_limit = rate_limit
        self._read_limit = rate_limit.other(rate_limit.per_minute * _READS_PER_REQUEST, "reads")
        self._login_limit = rate_limit.other(LOGINS_PER_MINUTE, "logins")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        reply = await self._reply(Request(scope, receive))
        await (reply or self._app)(scope, receive, send)

    async def _reply(self, request: Request) -> Response | None:
        """The reply to a request that is not passed on."""
        # Not the URL's path: a caller's Host header is a part of that.
        path, client = request.scope["path"], request.client.host if request.client else ""
        user = named_user(request.scope)
        if path.rstrip("/") == LOGIN:
            return await self._login(request, client)
        if self._tokens is None:
            request.scope[_CALLER] = _named(ANYONE, user)
        elif path not in _PUBLIC and not path.startswith(_PUBLIC_PREFIX):
            try:
                token = self._tokens.find(_secret(request.headers))
            except StoreError as error:
                return error_response(503, str(error))
            if token is None:
                return _unauthorized(request)
            if _scope_of(request.method, path) not in token.scopes:
                message = "This token may read only; run: footnote token new --write"
                return error_response(403, message)
            if refusal := self._limited(token.caller, path):
                return refusal
            client = token.id
            request.scope[_CALLER] = _named(token.caller, user)
        wait = self._wait(request.method, path, (user and f"@{user}") or client)
        return rate_limited(wait) if wait else None

    def _limited(self, caller: Caller, path: str) -> Response | None:
        """The reply to a caller whose token is for other collections than are asked for."""
        if self._is_shut(caller):
            return error_response(403, _OTHERS)
        of_all = path.rstrip("/") == "/metrics" and caller.reads is not None
        return error_response(403, _OF_ALL) if of_all else None

    def _wait(self, method: str, path: str, client: str) -> int:
        """The seconds until a client may send such a request again, 0 if it may."""
        if _is_rate_limited(method, path):
            return self._rate_limit.hit(client)
        return self._read_limit.hit(client) if path.startswith(_READS) else 0

    async def _login(self, request: Request, client: str) -> Response:
        if self._tokens is None:
            return error_response(404, NOT_FOUND)  # and not Gradio's
        wait = self._login_limit.hit(client) if request.method == "POST" else 0
        return rate_limited(wait) if wait else await log_in(request, self._tokens)


def _named(caller: Caller, user: str) -> Caller:
    """A caller whom a proxy named: conversations are the user's, rights are the token's."""
    return replace(caller, id=f"@{user}") if user else caller


async def log_in(request: Request, tokens: Tokens) -> Response:
    """The login page; for a token that is posted from it, the cookie and the way to the chat."""
    if request.method in {"GET", "HEAD"}:
        wanted = _document_only(request.query_params.get("next", ""))
        return HTMLResponse(render("login.html", notice="", next=wanted))
    if request.method != "POST":
        message = "The login page is read and sent only."
        return error_response(405, message, {"Allow": "GET, POST"})
    body = (await request.body())[:_LOGIN_BYTES].decode("utf-8", "replace")
    fields = parse_qs(body)
    secret = fields.get("token", [""])[0].strip()
    wanted = _document_only(fields.get("next", [""])[0])
    try:
        token = tokens.find(secret)
    except StoreError as error:
        return error_response(503, str(error))
    if token is None:
        return HTMLResponse(render("login.html", notice=_UNKNOWN_TOKEN, next=wanted), 401)
    reply = RedirectResponse(wanted or "/", 303)
    # The Origin header names the scheme that the browser sees; a proxy may have ended TLS.
    secure = urlsplit(request.headers.get("origin", "")).scheme == "https"
    # Lax and not strict: a link to a passage is followed from other programs' pages. Requests of
    # other sites that change something are refused by their origin.
    reply.set_cookie(COOKIE, secret, _COOKIE_SECONDS, httponly=True, samesite="lax", secure=secure)
    return reply


def _document_only(path: str) -> str:
    """A path to return to after the login: that of a document, or "" for the page."""
    if not path.startswith("/documents/") or "\\" in path:
        return ""
    return path if "#" in path or "start=" not in path else f"{path}#{QUOTE_ID}"


def _secret(headers: Headers) -> str:
    """The secret of a request: its bearer token, else its cookie, else ""."""
    scheme, _, secret = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return secret.strip()
    try:
        cookie = SimpleCookie(headers.get("cookie", "")).get(COOKIE)
    except CookieError:
        return ""
    return cookie.value if cookie else ""


def _unauthorized(request: Request) -> Response:
    """The reply without a valid token: to a browser the login page, to a program a 401."""
    if request.method == "GET" and "text/html" in request.headers.get("accept", ""):
        scope = request.scope
        wanted = quote(f"{scope['path']}?{scope['query_string'].decode('latin-1')}", safe="/")
        is_document = scope["path"].startswith("/documents/")
        return RedirectResponse(f"{LOGIN}?next={wanted}" if is_document else LOGIN, 303)
    return error_response(401, "A token is needed here.", {"WWW-Authenticate": "Bearer"})


def _scope_of(method: str, path: str) -> str:
    """The scope that a request requires: only documents can be changed."""
    changes = method not in {"GET", "HEAD", "OPTIONS"}
    return "write" if changes and path.startswith(("/v1/documents", "/v1/sync")) else "read"


def _is_rate_limited(method: str, path: str) -> bool:
    """Whether the rate limit counts a request; of the page's own calls only questions count."""
    of_page = path.startswith("/gradio_api/") and not path.startswith("/gradio_api/queue/join")
    return method in _RATE_LIMITED and not of_page

"""Who may call: nobody without a token where one is asked for, and nobody too often."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import parse_qs, urlsplit

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from index.errors import StoreError
from ui.http.errors import sentence, too_often
from ui.service.tokens import Rate, Token, Tokens

COOKIE = "footnote"
LOGIN = "/login"
_COOKIE_SECONDS = 30 * 24 * 3600
_MOST_BYTES = 1_000
_PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark"><title>Footnote</title>
<link rel="icon" href="/page/icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="/page/fonts.css"><link rel="stylesheet" href="/page/document.css">
</head><body><h1>Footnote</h1>{notice}<form method="post" action="/login"><p><label for="token">
Token</label></p><p><input id="token" name="token" type="password" required autofocus
autocomplete="current-password" size="50"> <button>Log in</button></p></form>
<p class="path">Whoever runs this server makes tokens with: footnote token new</p></body></html>"""
_WRONG = '<p class="notice" role="alert">There is no such token.</p>'


async def log_in(request: Request, tokens: Tokens) -> Response:
    """Show the page; for a token that is sent from it, set the cookie and lead to the chat."""
    if request.method in {"GET", "HEAD"}:
        return HTMLResponse(_PAGE.format(notice=""))
    if request.method != "POST":
        return sentence(405, "The login page is read and sent only.", {"Allow": "GET, POST"})
    body = (await request.body())[:_MOST_BYTES].decode("utf-8", "replace")
    secret = parse_qs(body).get("token", [""])[0].strip()
    try:
        known = tokens.find(secret)
    except StoreError as error:
        return sentence(503, str(error))
    if known is None:
        return HTMLResponse(_PAGE.format(notice=_WRONG), 401)
    reply = RedirectResponse("/", 303)
    # A browser tells the address it has open; a proxy may have taken the s off ours.
    secure = urlsplit(request.headers.get("origin", "")).scheme == "https"
    reply.set_cookie(
        COOKIE, secret, _COOKIE_SECONDS, httponly=True, samesite="strict", secure=secure
    )
    return reply


LOGINS_PER_MINUTE = 10
# What anyone may have: whether the server is there, and what the login page is made of.
_FREE = ("/healthz", "/readyz", "/favicon.ico", "/robots.txt")
_FREE_BELOW = "/page/"
_COUNTED = {"POST", "PUT", "DELETE", "PATCH"}
_CALLER = "footnote.caller"


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls: the id of a token, "" where none is asked for, and whether it may write."""

    id: str
    may_write: bool


def caller_of(scope: Mapping[str, Any]) -> Caller:
    """Who sent a request, which must have come through `Access`."""
    caller: Caller = scope[_CALLER]
    return caller


class Access:
    """ASGI middleware: asks for a token if there are tokens, and keeps each client to its rate.

    A token is shown as `Authorization: Bearer`, or as the cookie that the login page sets.
    """

    def __init__(self, app: ASGIApp, tokens: Tokens | None, rate: Rate) -> None:
        self._app = app
        self._tokens = tokens
        self._rate = rate
        self._logins = Rate(LOGINS_PER_MINUTE)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope, receive)
        reply = await self._reply(request)
        await (reply or self._app)(scope, receive, send)

    async def _reply(self, request: Request) -> Response | None:
        # Not the URL's path: a caller's Host header is a part of that.
        path, client = request.scope["path"], request.client.host if request.client else ""
        if self._tokens is None:
            request.scope[_CALLER] = Caller("", may_write=True)
        if path.rstrip("/") == LOGIN and self._tokens is None:
            return sentence(404, "There is nothing at this address.")  # and not Gradio's
        if self._tokens:
            if path.rstrip("/") == LOGIN:
                wait = self._logins.wait(client) if request.method == "POST" else 0
                return too_often(wait) if wait else await log_in(request, self._tokens)
            if path not in _FREE and not path.startswith(_FREE_BELOW):
                try:
                    token = self._tokens.find(_shown(request.headers))
                except StoreError as error:
                    return sentence(503, str(error))
                if reply := _refusal(request, token):
                    return reply
                assert token
                client = token.id
                request.scope[_CALLER] = Caller(token.id, "write" in token.scopes)
        wait = self._rate.wait(client) if _is_counted(request.method, path) else 0
        return too_often(wait) if wait else None


def _shown(headers: Headers) -> str:
    """The secret that a request shows; what is in the header goes before the cookie."""
    kind, _, secret = headers.get("authorization", "").partition(" ")
    if kind.lower() == "bearer":
        return secret.strip()
    try:
        cookie = SimpleCookie(headers.get("cookie", "")).get(COOKIE)
    except CookieError:
        return ""
    return cookie.value if cookie else ""


def _refusal(request: Request, token: Token | None) -> Response | None:
    """The answer to a caller without a token, or whose token does not allow this."""
    if token is None:
        if request.method == "GET" and "text/html" in request.headers.get("accept", ""):
            return RedirectResponse(LOGIN, 303)
        return sentence(401, "A token is needed here.", {"WWW-Authenticate": "Bearer"})
    if _needed(request.method, request.scope["path"]) not in token.scopes:
        return sentence(403, "This token may read only; run: footnote token new --write")
    return None


def _needed(method: str, path: str) -> str:
    """The scope that a request needs: documents are changed under two addresses alone."""
    changes = method not in {"GET", "HEAD", "OPTIONS"}
    return "write" if changes and path.startswith(("/v1/documents", "/v1/sync")) else "read"


def _is_counted(method: str, path: str) -> bool:
    """Whether a request costs something. The page's small talk with its server does not."""
    small_talk = path.startswith("/gradio_api/") and not path.startswith("/gradio_api/queue/join")
    return method in _COUNTED and not small_talk

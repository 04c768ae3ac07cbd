"""The login page: a token is given once and kept in a cookie that no script can read."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from index.errors import StoreError
from ui.faults import sentence
from ui.tokens import Tokens

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

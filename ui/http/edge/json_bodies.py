"""JSON bodies are checked once for every door, before any of them reads one.

Python's parser takes what JSON has not, and what no door can use: lone surrogates, which cannot be
sent or stored; NaN and infinities; a key twice, of which the last one silently counts; and nesting
until a RecursionError.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Sequence
from typing import NoReturn

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ui.http.errors import INVALID_JSON, error_response, too_large
from ui.service.settings import BODY_BYTES

_DEEPEST = 64
_OPENAI, _MCP = "/v1/chat/", "/mcp"
_INVALID_REQUEST = -32600  # of JSON-RPC
# Of UTF-16 and UTF-32, which Python's parser would take; JSON between programs is UTF-8.
_BYTES_OF_A_CODE_UNIT = 4


class InvalidJSON(ValueError):
    """A body that is JSON for Python alone; its message is a sentence."""


class JSONBodies:
    """ASGI middleware: refuses JSON bodies that break a rule, with a 422 in the door's own form.

    What is no JSON at all is left to the door. It is within the limits of a body's size.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on with its body, or refuse it."""
        if scope["type"] != "http" or not _may_hold_json(scope):
            await self._app(scope, receive, send)
            return
        try:
            messages = [message async for message in _body(receive)]
        except HTTPException as error:
            # The limit of a body without a length, which is noticed while it is read.
            await error_response(error.status_code, too_large(BODY_BYTES))(scope, receive, send)
            return
        body = b"".join(message.get("body", b"") for message in messages)
        try:
            check_json(body)
        except InvalidJSON as error:
            await _refusal(scope["path"], str(error))(scope, receive, send)
            return
        left = iter(messages)

        async def replay() -> Message:
            return next(left, None) or await receive()

        await self._app(scope, replay, send)


def _may_hold_json(scope: Scope) -> bool:
    if scope["method"] in {"GET", "HEAD", "OPTIONS"}:
        return False
    kind = Headers(scope=scope).get("content-type", "").lower()
    is_upload = scope["method"] == "PUT" and scope["path"].startswith("/v1/documents/")
    return not is_upload and (not kind or "json" in kind)


async def _body(receive: Receive) -> AsyncIterator[Message]:
    while True:
        message = await receive()
        yield message
        if message["type"] == "http.disconnect" or not message.get("more_body", False):
            return


def check_json(body: bytes) -> None:
    """Raise InvalidJSON for what a JSON body may not hold; nothing for what is no JSON."""
    try:
        if 0 in body[:_BYTES_OF_A_CODE_UNIT]:
            raise InvalidJSON(INVALID_JSON)
        text = body.decode("utf-8-sig")
        found = json.loads(text, object_pairs_hook=_unique, parse_constant=_refuse_constant)
        if "\\ud" in text.lower():
            json.dumps(found, ensure_ascii=False).encode()
    except json.JSONDecodeError:
        return
    except UnicodeDecodeError:
        raise InvalidJSON("The body is not UTF-8.") from None
    except UnicodeEncodeError:
        raise InvalidJSON("The body holds half of a surrogate pair, which is no text.") from None
    except RecursionError:
        raise InvalidJSON(_too_deep()) from None
    if text.count("[") + text.count("{") > _DEEPEST and _is_deep(found):
        raise InvalidJSON(_too_deep())


def _too_deep() -> str:
    return f"The body is nested deeper than {_DEEPEST} levels."


def _unique(pairs: Sequence[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise InvalidJSON("The body holds a key twice.")
    return found


def _refuse_constant(name: str) -> NoReturn:
    raise InvalidJSON(f"The body holds {name}, which is not JSON.")


def _is_deep(found: object) -> bool:
    level: list[object] = [found]
    for _ in range(_DEEPEST):
        level = [
            inner
            for each in level
            if isinstance(each, dict | list)
            for inner in (each.values() if isinstance(each, dict) else each)
        ]
        if not level:
            return False
    return any(isinstance(each, dict | list) for each in level)


def _refusal(path: str, message: str) -> JSONResponse:
    """The 422 of each door; all have the sentence in `error.message`."""
    error: dict[str, object] = {"message": message}
    if path.startswith(_OPENAI):
        error |= {"type": "invalid_request_error", "param": None, "code": None}
    if path.rstrip("/") == _MCP:
        error |= {"code": _INVALID_REQUEST}
        return JSONResponse({"jsonrpc": "2.0", "id": None, "error": error}, 422)
    return JSONResponse({"error": error}, 422)

"""Logs: one line per event on standard error, without what people ask or documents say.

An exception is told by its kind and place. Its message is left out, since libraries quote in it
what they were given: a question, a document's words, an address with a password.
"""

from __future__ import annotations

import json
import logging
import re
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from contextvars import ContextVar
from datetime import UTC, datetime
from types import TracebackType
from urllib.parse import unquote, urlsplit
from uuid import uuid4

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from rag.settings import Settings
from ui.service.tokens import PREFIX

log = logging.getLogger(__name__)

REQUEST_ID = "X-Request-Id"
request_id: ContextVar[str] = ContextVar("request_id", default="")

_REMOVED = "[removed]"
_TOKEN = re.compile(rf"\b{PREFIX}[\w-]{{20,}}")
_GOOD_ID = re.compile(r"[A-Za-z0-9-]{1,64}")
_FACTS = "facts"
_FRAMES = 8
# Status by which nginx logs a request whose client did not wait for the answer.
_LEFT = 499

Requested = Callable[[str, str, int], None]


def set_up(secrets: Sequence[str] = (), as_json: bool = False) -> None:
    """Have all loggers write to standard error; none of the secrets is ever written.

    As JSON, every request is logged too, and otherwise what went wrong.
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Lines(secrets, as_json))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    # The libraries' own lines tell addresses and texts.
    logging.getLogger("ui").setLevel(logging.INFO if as_json else logging.WARNING)


def secrets_of(settings: Settings) -> tuple[str, ...]:
    """What must not be written: the LLM's key, and the password in its address."""
    parts = [settings.llm_key.get_secret_value(), urlsplit(settings.llm_url).password or ""]
    return tuple({secret for part in parts if part for secret in (part, unquote(part))})


class _Lines(logging.Formatter):
    def __init__(self, secrets: Sequence[str], as_json: bool) -> None:
        super().__init__()
        # The longest first: one may hold another.
        ordered = sorted((re.escape(secret) for secret in secrets), key=len, reverse=True)
        self._secret = re.compile("|".join([*ordered, _TOKEN.pattern]))
        self._as_json = as_json

    def format(self, record: logging.LogRecord) -> str:
        line = self._json(record) if self._as_json else self._plain(record)
        return self._secret.sub(_REMOVED, line)

    def _json(self, record: logging.LogRecord) -> str:
        facts: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": record.getMessage(),
        }
        if identifier := request_id.get():
            facts["request"] = identifier
        facts |= getattr(record, _FACTS, {})
        if record.exc_info:
            facts["error"] = _where(record.exc_info[1])
        return json.dumps(facts)

    def _plain(self, record: logging.LogRecord) -> str:
        identifier = request_id.get()
        about = f" (request {identifier})" if identifier else ""
        error = f": {_where(record.exc_info[1])}" if record.exc_info else ""
        # One line, whatever is in it.
        return f"{record.levelname.lower()}: {record.getMessage()!s}{about}{error}".replace(
            "\n", "\\n"
        )


def _where(error: BaseException | None) -> str:
    """An exception's kind and its causes' kinds, and the calls that led to it, the last first."""
    kinds, calls = list[str](), list[str]()
    while error:
        kinds.append(type(error).__name__)
        calls = calls or _calls(error.__traceback__)
        error = error.__cause__ or error.__context__
    return f"{' from '.join(kinds)} in {' < '.join(calls)}"


def _calls(trace: TracebackType | None) -> list[str]:
    frames = reversed(traceback.extract_tb(trace))
    places = [
        f"{'/'.join(frame.filename.split('/')[-2:])}:{frame.lineno} {frame.name}"
        for frame in frames
    ]
    return places[:_FRAMES]


class Journal:
    """ASGI middleware: each request has an id, which its reply and its log lines carry.

    It takes the caller's `X-Request-Id` if that is a plain one. `requested` is told the method,
    the route (never a path, which a caller may choose) and the status of each.
    """

    def __init__(self, app: ASGIApp, requested: Requested) -> None:
        self._app = app
        self._requested = requested

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on and log how it ended."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = Headers(scope=scope).get(REQUEST_ID, "")
        identifier = given if _GOOD_ID.fullmatch(given) else uuid4().hex
        reset = request_id.set(identifier)
        status, began = _LEFT, time.monotonic()

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)[REQUEST_ID] = identifier
            await send(message)

        try:
            await self._app(scope, receive, send_with_id)
        except Exception:
            status = 500  # the application's outermost layer sends it
            raise
        finally:
            route, method = route_of(scope["path"]), _method(scope["method"])
            self._requested(method, route, status)
            facts = {
                "method": method,
                "route": route,
                "status": status,
                "seconds": round(time.monotonic() - began, 4),
                "client": (scope.get("client") or ("",))[0],
            }
            log.info("request", extra={_FACTS: facts})
            request_id.reset(reset)


def route_of(path: str) -> str:
    """Which of the few kinds of addresses a path belongs to, without any document's name."""
    parts = path.split("/")[1:]
    if parts[0] == "v1":
        known = {"ask", "search", "documents", "models", "sync"}
        return f"/v1/{parts[1]}" if len(parts) > 1 and parts[1] in known else "/v1/…"
    known = {"", "mcp", "healthz", "readyz", "metrics", "documents", "page", "login", "gradio_api"}
    return f"/{parts[0]}" if parts[0] in known else "/…"


def _method(name: str) -> str:
    return name if name in {"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"} else "OTHER"


class Asked:
    """Logs what became of each question, by its length alone."""

    def answered(self, question: str, answer: object) -> None:
        """An answer is complete."""
        refusal = getattr(answer, "refusal", None)
        seconds = getattr(answer, "seconds", {})
        facts = {
            "characters": len(question),
            "outcome": refusal.reason.value if refusal else "answered",
            "seconds": round(seconds.get("total", 0.0), 4),
        }
        log.info("question", extra={_FACTS: facts})

    def failed(self, question: str, error: BaseException | None) -> None:
        """A question was turned away or broke, or its client left."""
        outcome = type(error).__name__.lower() if error else "left"
        log.info("question", extra={_FACTS: {"characters": len(question), "outcome": outcome}})

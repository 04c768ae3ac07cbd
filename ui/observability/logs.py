"""Logging to standard error, one line per event, without questions or texts of documents.

An exception is logged by its type and place. Its message is left out, since libraries quote in it
what they were given: a question, a document's words, an address with a password.
"""

from __future__ import annotations

import json
import logging
import re
import sys
import threading
import time
import traceback
from collections.abc import Callable, Sequence
from contextvars import ContextVar
from datetime import UTC, datetime
from types import TracebackType
from urllib.parse import unquote
from uuid import uuid4

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from rag.settings import Settings
from rag.types import Answer
from ui.http.errors import CLIENT_CLOSED_REQUEST
from ui.service.admission import outcome_of
from ui.service.tokens import PREFIX

log = logging.getLogger(__name__)

REQUEST_ID = "X-Request-Id"
request_id: ContextVar[str] = ContextVar("request_id", default="")

_REDACTED = "[removed]"
_TOKEN = re.compile(rf"\b{PREFIX}[\w-]{{20,}}")
_VALID_ID = re.compile(r"[A-Za-z0-9-]{1,64}")
_FIELDS = "fields"
_FRAMES = 8
_OWN = frozenset({"index", "rag", "ui", "eval"})
_CHARACTERS = 200

OnRequest = Callable[[str, str, int], None]


def configure_logging(secrets: Sequence[str] = (), as_json: bool = False) -> None:
    """Have all loggers write to standard error, with the secrets redacted.

    As JSON, every request is logged; otherwise warnings and errors alone.
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Formatter(secrets, as_json))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    # Below warnings, libraries log addresses and texts.
    logging.getLogger("ui").setLevel(logging.INFO if as_json else logging.WARNING)
    logging.captureWarnings(True)
    sys.excepthook = _log_uncaught
    threading.excepthook = _log_uncaught_in_thread


def _log_uncaught(
    kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> None:
    log.error("an exception ended the program", exc_info=(kind, error, trace))


def _log_uncaught_in_thread(arguments: threading.ExceptHookArgs) -> None:
    if arguments.exc_value and arguments.exc_type is not SystemExit:
        facts = (arguments.exc_type, arguments.exc_value, arguments.exc_traceback)
        log.error("an exception ended a thread", exc_info=facts)


def secrets_of(settings: Settings) -> tuple[str, ...]:
    """What must not be logged: the LLM's keys, and the password in its URL, raw and decoded."""
    return tuple({secret for part in settings.secrets for secret in (part, unquote(part))})


class _Formatter(logging.Formatter):
    def __init__(self, secrets: Sequence[str], as_json: bool) -> None:
        super().__init__()
        # The longest first: one may hold another.
        ordered = sorted((re.escape(secret) for secret in secrets), key=len, reverse=True)
        self._secret = re.compile("|".join([*ordered, _TOKEN.pattern]))
        self._as_json = as_json

    def format(self, record: logging.LogRecord) -> str:
        line = self._json(record) if self._as_json else self._plain(record)
        return self._secret.sub(_REDACTED, line)

    def _json(self, record: logging.LogRecord) -> str:
        fields: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": _message(record),
        }
        if identifier := request_id.get():
            fields["request"] = identifier
        fields |= getattr(record, _FIELDS, {})
        if record.exc_info:
            fields["error"] = _where(record.exc_info[1])
        return json.dumps(fields)

    def _plain(self, record: logging.LogRecord) -> str:
        identifier = request_id.get()
        about = f" (request {identifier})" if identifier else ""
        error = f": {_where(record.exc_info[1])}" if record.exc_info else ""
        # One line, whatever is in it.
        return f"{record.levelname.lower()}: {_message(record)}{about}{error}".replace("\n", "\\n")


def _message(record: logging.LogRecord) -> str:
    """What is logged; of libraries the constant part alone, since they quote what they work on."""
    if record.name.partition(".")[0] in _OWN:
        return record.getMessage()
    return str(record.msg).partition("\n")[0][:_CHARACTERS]


def _where(error: BaseException | None) -> str:
    """The types of an exception and its causes, and the frames that raised it, innermost first."""
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


class RequestLogMiddleware:
    """ASGI middleware: logs each request under an id, which its reply carries too.

    The id is the caller's `X-Request-Id` if that is valid. `on_request` receives the method, the
    route (never a path, which a caller may choose) and the status of each.
    """

    def __init__(self, app: ASGIApp, on_request: OnRequest) -> None:
        self._app = app
        self._on_request = on_request

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on and log its status and duration."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = Headers(scope=scope).get(REQUEST_ID, "")
        identifier = given if _VALID_ID.fullmatch(given) else uuid4().hex
        reset = request_id.set(identifier)
        status, began = CLIENT_CLOSED_REQUEST, time.monotonic()

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
            self._on_request(method, route, status)
            fields = {
                "method": method,
                "route": route,
                "status": status,
                "seconds": round(time.monotonic() - began, 4),
                "client": (scope.get("client") or ("",))[0],
            }
            log.info("request", extra={_FIELDS: fields})
            request_id.reset(reset)


def route_of(path: str) -> str:
    """The route of a path, one of a few; it names no document."""
    parts = path.split("/")[1:]
    if parts[0] == "v1":
        known = {"ask", "search", "documents", "models", "sync"}
        return f"/v1/{parts[1]}" if len(parts) > 1 and parts[1] in known else "/v1/…"
    known = {"", "mcp", "healthz", "readyz", "metrics", "documents", "page", "login", "gradio_api"}
    return f"/{parts[0]}" if parts[0] in known else "/…"


def _method(name: str) -> str:
    return name if name in {"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"} else "OTHER"


class QuestionLog:
    """Logs the outcome of each question; of its text the length alone."""

    def answered(self, question: str, answer: Answer) -> None:
        """Log an answer."""
        fields = {
            "characters": len(question),
            "outcome": answer.refusal.reason.value if answer.refusal else "answered",
            "seconds": round(answer.seconds.get("total", 0.0), 4),
        }
        log.info("question", extra={_FIELDS: fields})

    def failed(self, question: str, error: BaseException | None) -> None:
        """Log a question without an answer; without an error, its client left."""
        outcome = outcome_of(error) or type(error).__name__.lower()
        log.info("question", extra={_FIELDS: {"characters": len(question), "outcome": outcome}})

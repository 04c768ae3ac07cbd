"""Errors of LLM servers: a sentence for the user, and one for the operator."""

from __future__ import annotations

import re
import socket
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from index.errors import FootnoteError
from rag.llm.sanitize import to_plain_text

_MAX_REASON = 160
_MIN_SECRET = 4
_TOO_LONG = re.compile(
    r"context.{0,20}(?:length|window|size)|(?:too long|too many tokens|maximum.{0,20}tokens)",
    re.IGNORECASE,
)
_SECRET = re.compile(r"\b(?:sk|pk|key)-[\w*-]{4,}|\bBearer\s+\S+", re.IGNORECASE)
_BUSY = (408, 409, 425, 429)


class LLMError(FootnoteError):
    """An LLM gave no answer, or not the whole of it; the text is a sentence for the user.

    `for_log` is one for the operator: it names the setting to change, and leaves out the server's
    message, since that may quote the question. `retryable` says that the same request may succeed
    soon, after `wait` seconds if the server said so; `too_long` that the messages may have exceeded
    the model's context.
    """

    def __init__(
        self,
        fact: str,
        advice: str = "",
        *,
        said: str = "",
        fix: str = "",
        retryable: bool = False,
        wait: float | None = None,
        too_long: bool = False,
    ) -> None:
        """`advice` is for the user, `fix` for the operator, `said` the server's message."""
        super().__init__(_sentence(fact + said, advice))
        self.for_log = _sentence(fact, fix)
        self.retryable = retryable
        self.wait = wait
        self.too_long = too_long


def _sentence(fact: str, advice: str) -> str:
    return f"{fact}: {advice}." if advice else f"{fact}."


def llm_error(error: Exception, host: str, model: str, key: str) -> LLMError:
    """The LLMError for whatever a call raised; the key is never in its text."""
    import httpx
    import openai

    for cause in _chain(error):  # openai wraps what is raised while it waits for the head
        if isinstance(cause, LLMError):
            return cause
    if isinstance(error, openai.APIStatusError):
        return _status_error(error, host, model, key)
    if isinstance(error, openai.APIConnectionError):
        return LLMError(
            f"The LLM at {host} cannot be reached ({_connection_cause(error)})",
            fix="start it, or change FOOTNOTE_LLM_URL",
            retryable=not isinstance(error, openai.APITimeoutError),
        )
    if isinstance(error, openai.APIError):
        return LLMError(
            f"The LLM at {host} reported an error", "try again", said=_server_reason(error, key)
        )
    if isinstance(error, httpx.TransportError):
        return LLMError(f"The LLM at {host} broke off in the middle", "try again", retryable=True)
    return LLMError(
        f"The LLM at {host} sent something that is not an answer in the OpenAI format "
        f"({type(error).__name__})",
        fix="check FOOTNOTE_LLM_URL, which should end in /v1",
    )


def _status_error(error: Any, host: str, model: str, key: str) -> LLMError:  # noqa: ANN401
    """The LLMError for an HTTP status that is not a success."""
    status: int = error.status_code
    reason = _server_reason(error, key)
    if status in (400, 413, 422) and _TOO_LONG.search(f"{error.code} {error.message}"):
        return LLMError(
            f"The LLM at {host} has no room for the passages",
            fix="lower FOOTNOTE_LLM_CONTEXT_TOKENS",
            too_long=True,
        )
    if status in (401, 403):
        return LLMError(f"The LLM at {host} refused the key ({status})", fix="set FOOTNOTE_LLM_KEY")
    if status == 404:
        named = f"model {model!r}" if model else "the address"
        return LLMError(
            f"The LLM at {host} does not know {named} (404)",
            fix="set FOOTNOTE_LLM_MODEL to one of its models, and let FOOTNOTE_LLM_URL end in /v1",
        )
    if 300 <= status < 400:
        return LLMError(
            f"The LLM at {host} sends callers elsewhere ({status})",
            fix="set FOOTNOTE_LLM_URL to the address that answers itself",
        )
    if status in _BUSY or status >= 500:
        wait = _retry_after(error.response.headers.get("retry-after", ""))
        advice = f"try again in {wait:.0f} s" if wait else "try again later"
        fact = "is busy" if status in _BUSY else "failed"
        return LLMError(
            f"The LLM at {host} {fact} ({status})", advice, said=reason, retryable=True, wait=wait
        )
    return LLMError(
        f"The LLM at {host} refused the request ({status})",
        said=reason,
        fix="check FOOTNOTE_LLM_MODEL and FOOTNOTE_LLM_URL",
    )


def _server_reason(error: Any, key: str) -> str:  # noqa: ANN401
    """What the server itself says, as data: short, plain, on one line, and free of secrets."""
    said = error.body.get("message") if isinstance(error.body, dict) else None
    text = " ".join(to_plain_text(said).split()) if isinstance(said, str) else ""
    if len(key) >= _MIN_SECRET:
        text = text.replace(key, "…")
    text = _SECRET.sub("…", text)[:_MAX_REASON].rstrip(" .:")
    return f', saying "{text}"' if text else ""


def _connection_cause(error: BaseException) -> str:
    """Why a connection failed, in words."""
    import httpx

    for cause in _chain(error):
        if isinstance(cause, socket.gaierror):
            return "no such host"
        if isinstance(cause, ssl.SSLError):
            return "its certificate or encryption is not accepted"
        if isinstance(cause, ConnectionRefusedError):
            return "connection refused"
        if isinstance(cause, httpx.ConnectTimeout):
            return "no connection in time"
        if isinstance(cause, httpx.ReadTimeout):
            return "no reply in time"
        if isinstance(cause, httpx.RemoteProtocolError | httpx.ReadError):
            return "it closed the connection"
    return "network error"


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _retry_after(value: str) -> float | None:
    """Seconds of a Retry-After header, given as a number or a date; None if it is neither."""
    try:
        seconds = float(value)
    except ValueError:
        try:
            seconds = (parsedate_to_datetime(value) - datetime.now(UTC)).total_seconds()
        except (TypeError, ValueError):
            return None
    return seconds if 0 < seconds < float("inf") else None

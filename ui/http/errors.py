"""Every error as `{"error": {"message": ...}}`: a sentence, never an exception's text or input."""

from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from index.errors import (
    BeingIndexed,
    EmptyIndex,
    FootnoteError,
    IndexMismatch,
    StoreError,
    UnknownDocument,
)
from ui.service.admission import Busy
from ui.service.answer_options import OptionUnavailable
from ui.service.collections import UnknownCollection
from ui.service.library import AlreadyThere, NotAllowed, UnreadKind
from ui.service.settings import BODY_BYTES
from ui.service.uploads import BadUpload, TooLarge

# What nginx logs for a client that closed its connection; nobody receives it.
CLIENT_CLOSED_REQUEST = 499
NOT_FOUND = "There is nothing at this address."
INVALID_JSON = "The body is not JSON."
_STATUS: tuple[tuple[type[FootnoteError], int], ...] = (
    (UnknownDocument, 404),
    (UnknownCollection, 404),
    (NotAllowed, 403),
    (AlreadyThere, 412),
    (TooLarge, 413),
    (UnreadKind, 415),
    (BadUpload, 422),
    (OptionUnavailable, 422),
    (EmptyIndex, 503),
    (StoreError, 503),
    (IndexMismatch, 409),
    (FootnoteError, 400),
)


def too_large(most: int) -> str:
    """The sentence for a body of more than so many bytes."""
    return f"The request is larger than {most / 1_000_000:.3g} MB."


_MESSAGES = {404: NOT_FOUND, 413: too_large(BODY_BYTES)}
_INTERNAL = "Something went wrong on the server; its log says what."


def status_of(error: FootnoteError) -> int:
    """The HTTP status of one of Footnote's own errors."""
    return next(status for kind, status in _STATUS if isinstance(error, kind))


def retry_after(error: FootnoteError) -> dict[str, str] | None:
    """The header that says when to retry, if the error says it."""
    if isinstance(error, Busy | BeingIndexed):
        return {"Retry-After": str(error.seconds)}
    return None


def add_error_handlers(app: FastAPI) -> None:
    """Reply to every error in the one shape."""

    @app.exception_handler(FootnoteError)
    def own_error(_: Request, error: FootnoteError) -> JSONResponse:
        return error_response(status_of(error), str(error), retry_after(error))

    @app.exception_handler(RequestValidationError)
    def invalid_request(_: Request, error: RequestValidationError) -> JSONResponse:
        field, rule = first_violation(error.errors())
        return error_response(422, f"{field}: {rule}" if field else rule)

    @app.exception_handler(HTTPException)
    def http_error(_: Request, error: HTTPException) -> JSONResponse:
        message = _MESSAGES.get(error.status_code, str(error.detail))
        return error_response(error.status_code, message, error.headers)

    @app.exception_handler(Exception)
    def internal_error(_: Request, __: Exception) -> JSONResponse:
        return error_response(500, _INTERNAL)


def error_response(
    status: int, message: str, headers: Mapping[str, str] | None = None
) -> JSONResponse:
    """An error in the shape of the JSON API."""
    return JSONResponse({"error": {"message": message}}, status, headers)


def rate_limited(seconds: int) -> JSONResponse:
    """The reply to a client beyond its rate limit."""
    message = f"Too many requests; ask again in {seconds} s."
    return error_response(429, message, {"Retry-After": str(seconds)})


def first_violation(errors: Sequence[Any]) -> tuple[str, str]:
    """The field, "" for the whole, and the broken rule of pydantic's first validation error."""
    first = errors[0]
    if first["type"] == "json_invalid":
        return "", INVALID_JSON
    field = ".".join(str(part) for part in first["loc"] if part != "body")
    return field, str(first["msg"]).removeprefix("Value error, ")

"""Every fault as `{"error": {"message": ...}}`: a sentence, never an exception's text or input."""

from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from index.errors import EmptyIndex, FootnoteError, IndexMismatch, StoreError, UnknownDocument
from ui.service.admission import Busy
from ui.service.answer_options import NotOffered
from ui.service.library import BadUpload, NotAllowed, TooLarge, UnreadKind
from ui.service.settings import BODY_BYTES

_STATUS: tuple[tuple[type[FootnoteError], int], ...] = (
    (UnknownDocument, 404),
    (NotAllowed, 403),
    (TooLarge, 413),
    (UnreadKind, 415),
    (BadUpload, 422),
    (NotOffered, 422),
    (EmptyIndex, 503),
    (StoreError, 503),
    (IndexMismatch, 409),
    (FootnoteError, 400),
)
_SENTENCES = {
    404: "There is nothing at this address.",
    413: f"The request is larger than {BODY_BYTES:,} bytes.",
}
_INTERNAL = "Something went wrong on the server; its log says what."


def status_of(error: FootnoteError) -> int:
    """The HTTP status that an error of ours stands for."""
    return next(status for kind, status in _STATUS if isinstance(error, kind))


def handle_faults(app: FastAPI) -> None:
    """Let an application answer every fault in the one shape."""

    @app.exception_handler(FootnoteError)
    def ours(_: Request, error: FootnoteError) -> JSONResponse:
        retry = {"Retry-After": str(error.seconds)} if isinstance(error, Busy) else None
        return sentence(status_of(error), str(error), retry)

    @app.exception_handler(RequestValidationError)
    def invalid(_: Request, error: RequestValidationError) -> JSONResponse:
        return sentence(422, _rule_broken(error.errors()))

    @app.exception_handler(HTTPException)
    def refused(_: Request, error: HTTPException) -> JSONResponse:
        message = _SENTENCES.get(error.status_code, str(error.detail))
        return sentence(error.status_code, message, error.headers)

    @app.exception_handler(Exception)
    def broken(_: Request, __: Exception) -> JSONResponse:
        return sentence(500, _INTERNAL)


def sentence(status: int, message: str, headers: Mapping[str, str] | None = None) -> JSONResponse:
    """A refusal or fault as every door tells it."""
    return JSONResponse({"error": {"message": message}}, status, headers)


def too_often(seconds: int) -> JSONResponse:
    """The answer to a client that asks more than its rate."""
    message = f"Too many requests; ask again in {seconds} s."
    return sentence(429, message, {"Retry-After": str(seconds)})


def _rule_broken(errors: Sequence[Any]) -> str:
    """The first thing wrong with a request: where, and which rule it breaks."""
    first = errors[0]
    if first["type"] == "json_invalid":
        return "The body is not JSON."
    where = ".".join(str(part) for part in first["loc"] if part != "body")
    rule = str(first["msg"]).removeprefix("Value error, ")
    return f"{where}: {rule}" if where else rule

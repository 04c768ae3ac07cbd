"""What the OpenAPI document says of the replies that any operation may get before it is reached."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI

from ui.http.api import ErrorBody

_PUBLIC = ("/healthz", "/readyz")
_LATER = {"Retry-After": {"description": "seconds until then", "schema": {"type": "integer"}}}
_DESCRIPTIONS = {
    "400": "The Host header names another server, or this is not a valid HTTP request",
    "401": "A token is needed here",
    "403": "The token may not do this, or another site's page sent the request",
    "404": "There is nothing at this address",
    "408": "The request took too long to arrive",
    "413": "The body is too large",
    "422": "A field, or the JSON itself, is not taken",
    "429": "This client asks too often",
    "431": "The request's head is too large",
    "503": "Too much is asked at once, or the server is being stopped",
}
# Of requests with a body, of names in a path, of what needs a token, and of what is counted.
_OF_BODIES, _OF_NAMES, _OF_TOKENS, _OF_COUNTED = {"422"}, {"404"}, {"401", "403"}, {"429"}


def describe_refusals(app: FastAPI) -> None:
    """Have the OpenAPI document name the replies of what stands before the operations."""
    made = app.openapi

    def openapi() -> dict[str, Any]:
        schema = made()  # is made once, and then kept
        for path, item in schema["paths"].items():
            for method, operation in item.items():
                _add(operation["responses"], _statuses(path, method))
        return schema

    # As FastAPI's documentation has it for a document of one's own.
    app.openapi = openapi  # type: ignore[method-assign]


def _statuses(path: str, method: str) -> list[str]:
    """The statuses that are not the operation's own."""
    never = set[str]()
    if method == "get":
        never |= _OF_BODIES
    if "{" not in path:
        never |= _OF_NAMES
    if path in _PUBLIC:
        never |= _OF_TOKENS | _OF_COUNTED
    return [status for status in _DESCRIPTIONS if status not in never]


def _add(responses: dict[str, Any], statuses: list[str]) -> None:
    body = {"$ref": f"#/components/schemas/{ErrorBody.__name__}"}
    for status in statuses:
        told = responses.setdefault(status, {"description": _DESCRIPTIONS[status]})
        content = told.setdefault("content", {}).setdefault("application/json", {})
        own = content.get("schema", body)
        if own != body and "anyOf" not in own:
            # The operation's own refusals have another form than those before it.
            content["schema"] = {"anyOf": [own, body]}
        elif "anyOf" not in own:
            content["schema"] = body
        if status in ("429", "503"):
            told["headers"] = _LATER

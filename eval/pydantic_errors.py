"""Pydantic's validation errors as text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pydantic import ValidationError


def all_errors(error: ValidationError) -> str:
    """Every error of a value, each with its place in it."""
    return "; ".join(map(_text, error.errors(include_url=False)))


def first_error(error: ValidationError) -> str:
    """The first error of a value, with its place in it."""
    return _text(error.errors(include_url=False)[0])


def _text(error: Mapping[str, Any]) -> str:
    place = ".".join(map(str, error["loc"]))
    return f"{place}: {error['msg']}" if place else str(error["msg"])

"""What pydantic finds wrong with a value, in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pydantic import ValidationError


def faults_of(error: ValidationError) -> str:
    """Every fault of a value, each with its place in it."""
    return "; ".join(map(_told, error.errors(include_url=False)))


def first_fault(error: ValidationError) -> str:
    """The first fault of a value, with its place in it."""
    return _told(error.errors(include_url=False)[0])


def _told(fault: Mapping[str, Any]) -> str:
    place = ".".join(map(str, fault["loc"]))
    return f"{place}: {fault['msg']}" if place else str(fault["msg"])

"""An LLM's reply as a checked value: one JSON object of a given shape, or none."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, TypeVar

from pydantic import BaseModel, ValidationError

if TYPE_CHECKING:
    from rag.llm.base import LLM, ChatMessage

_ATTEMPTS = 2

Shape = TypeVar("Shape", bound=BaseModel)


class InvalidReplyError(Exception):
    """The LLM wrote no JSON of the wanted shape, twice."""


def ask_json(llm: LLM, messages: Sequence[ChatMessage], shape: type[Shape]) -> Shape:
    """The LLM's reply as a value of a shape; a reply of another form is asked for once more.

    Raises BadReply if that fails too, and LLMError if the server does.
    """
    from rag.llm.base import ChatMessage

    said = list(messages)
    for attempt in range(1, _ATTEMPTS + 1):
        reply = "".join(llm.stream(said))
        try:
            return shape.model_validate(_object(reply), strict=True)
        except ValidationError as error:
            fault = _fault(error)
        except ValueError as error:
            fault = str(error)
        if attempt < _ATTEMPTS:
            again = f"That is not it: {fault}. Reply with the JSON object alone."
            said += [ChatMessage("assistant", reply), ChatMessage("user", again)]
    raise InvalidReplyError(f"no JSON of the wanted shape: {fault}")


def _object(reply: str) -> object:
    """The JSON of a reply, without the fence that many models put around it."""
    text = reply.strip()
    if text.startswith("```") and text.endswith("```"):
        text = text[3:-3].removeprefix("json")
    return json.loads(text)


def _fault(error: ValidationError) -> str:
    fault = error.errors(include_url=False, include_input=False)[0]
    return f"{'.'.join(map(str, fault['loc'])) or 'it'}: {fault['msg']}"

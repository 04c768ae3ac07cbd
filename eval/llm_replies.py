"""An LLM's reply as a validated JSON object."""

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
    """The LLM's reply was not valid JSON of the requested model, twice."""


def ask_json(llm: LLM, messages: Sequence[ChatMessage], shape: type[Shape]) -> Shape:
    """The LLM's reply as an instance of a model; an invalid reply is retried once.

    Raises InvalidReplyError if that fails too, and LLMError if the server does.
    """
    from rag.llm.base import ChatMessage

    chat = list(messages)
    for attempt in range(1, _ATTEMPTS + 1):
        reply = "".join(llm.stream(chat))
        try:
            return shape.model_validate(_object(reply), strict=True)
        except ValidationError as error:
            problem = _problem(error)
        except ValueError as error:
            problem = str(error)
        if attempt < _ATTEMPTS:
            again = f"That is not it: {problem}. Reply with the JSON object alone."
            chat += [ChatMessage("assistant", reply), ChatMessage("user", again)]
    raise InvalidReplyError(f"no JSON of the wanted shape: {problem}")


def _object(reply: str) -> object:
    """The JSON of a reply, without the fence that many models put around it."""
    text = reply.strip()
    if text.startswith("```") and text.endswith("```"):
        text = text[3:-3].removeprefix("json")
    return json.loads(text)


def _problem(error: ValidationError) -> str:
    problem = error.errors(include_url=False, include_input=False)[0]
    return f"{'.'.join(map(str, problem['loc'])) or 'it'}: {problem['msg']}"

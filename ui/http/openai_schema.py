"""Requests of OpenAI's chat completions: what is read, what is ignored and what is refused."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any, Literal

from pydantic import BaseModel, Field, field_validator, model_validator

from rag.types import Turn
from ui.service.front_end_tasks import FrontEndTask, question_in, task_of
from ui.service.plain_text import latest, turn_of

MODEL = "footnote"
# What an answer has if it is asked for as an object.
ANSWER_FIELDS = ("text", "citations", "statements", "refusal", "confidence", "kind", "note")
# The ways of choosing a tool in which calling none is right.
_FREE = (None, "auto", "none")


class TextPart(BaseModel):
    """A part of a message's content; other kinds than text are refused."""

    type: Literal["text"]
    text: str


class RequestMessage(BaseModel):
    """A message of the conversation; those of the user and the assistant are read, no others."""

    __qualname__ = "Message"  # its name in /openapi.json

    role: Literal["system", "developer", "user", "assistant", "tool", "function"]
    content: str | list[TextPart] | None = None

    @field_validator("content", mode="before")
    @classmethod
    def _is_text(cls, content: object) -> object:
        for part in content if isinstance(content, list) else ():
            kind = part.get("type") if isinstance(part, dict) else None
            if kind != "text":
                raise ValueError("only parts of type 'text' are read")
        return content

    @property
    def text(self) -> str:
        """All of its text."""
        if isinstance(self.content, list):
            return "\n".join(part.text for part in self.content).strip()
        return (self.content or "").strip()


class StreamOptions(BaseModel):
    """What a stream contains besides the answer."""

    include_usage: bool | None = None


class JSONSchema(BaseModel):
    """The schema that the reply's object must have."""

    name: str = ""
    schema_: dict[str, Any] = Field(default={}, alias="schema")

    @property
    def fields(self) -> list[str]:
        """The names that it asks for."""
        properties = self.schema_.get("properties")
        return list(properties) if isinstance(properties, dict) else []


class ResponseFormat(BaseModel):
    """The format of the reply: text, or an object with the answer's text and citations."""

    type: Literal["text", "json_object", "json_schema"]
    json_schema: JSONSchema | None = None

    @model_validator(mode="after")
    def _is_what_there_is(self) -> ResponseFormat:
        unknown = (
            sorted(set(self.json_schema.fields) - set(ANSWER_FIELDS)) if self.json_schema else ()
        )
        if unknown:
            raise ValueError(
                f"an answer has no field {unknown[0]!r}; it has {', '.join(ANSWER_FIELDS)}"
            )
        return self

    @property
    def fields(self) -> list[str] | None:
        """The fields of the object that the reply is; None if it is text."""
        if self.type == "text":
            return None
        return (self.json_schema.fields if self.json_schema else []) or list(ANSWER_FIELDS)


class ChatRequest(BaseModel):
    """A conversation whose last message is the question.

    Settings of an LLM (temperature, max_tokens, seed, …) are accepted and ignored.
    """

    model: str = MODEL
    messages: list[RequestMessage] = Field(min_length=1)
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    n: int | None = None
    tools: list[Any] | None = None
    tool_choice: Any = None
    functions: list[Any] | None = None
    function_call: Any = None
    response_format: ResponseFormat | None = None
    modalities: list[str] | None = None
    logprobs: bool | None = None

    @field_validator("messages")
    @classmethod
    def _ends_with_a_question(cls, messages: list[RequestMessage]) -> list[RequestMessage]:
        if messages[-1].role != "user" or not messages[-1].text:
            raise ValueError("the last message must be the user's question")
        return messages

    @field_validator("n")
    @classmethod
    def _is_one(cls, n: int | None) -> int | None:
        if n not in (None, 1):
            raise ValueError("there is one answer to a question; leave n at 1")
        return n

    @field_validator("tool_choice", "function_call")
    @classmethod
    def _may_be_none(cls, choice: object) -> object:
        allowed = choice.get("allowed_tools") if isinstance(choice, dict) else None
        if (allowed.get("mode") if isinstance(allowed, dict) else choice) not in _FREE:
            raise ValueError(
                "no tool is ever called here, since answers come from the documents alone; "
                "leave it out, or set it to 'auto' or 'none'"
            )
        return choice

    @field_validator("modalities")
    @classmethod
    def _is_written(cls, modalities: list[str] | None) -> list[str] | None:
        if modalities and modalities != ["text"]:
            raise ValueError("replies are text; leave modalities out")
        return modalities

    @field_validator("logprobs")
    @classmethod
    def _is_off(cls, logprobs: bool | None) -> bool | None:
        if logprobs:
            raise ValueError("there are no log probabilities; leave logprobs out")
        return logprobs

    @property
    def question(self) -> str:
        """The user's last message, without what a front end put before it."""
        return question_in(self.messages[-1].text)

    @property
    def task(self) -> FrontEndTask | None:
        """What the front end asks for itself, if this is no question."""
        system = [each.text for each in self.messages if each.role in ("system", "developer")]
        return task_of("\n".join(system), self.messages[-1].text, self.turns)

    @property
    def wants_usage(self) -> bool:
        """Whether a stream is to end with its usage."""
        return bool(self.stream_options and self.stream_options.include_usage)

    @property
    def fields(self) -> list[str] | None:
        """The fields of the object that the reply is to be; None if it is text."""
        return self.response_format.fields if self.response_format else None

    @property
    def turns(self) -> tuple[Turn, ...]:
        """The questions before it with their answers, as far back as the limits allow."""
        return latest(_turns(self.messages[:-1]))


def _turns(messages: Sequence[RequestMessage]) -> Iterator[Turn]:
    """Pairs of a user's message and the reply to it; other messages are left out."""
    # A call of a tool, which another model made, is a reply without text.
    talk = [each for each in messages if each.role in ("user", "assistant") and each.text]
    for question, reply in pairwise(talk):
        if (question.role, reply.role) == ("user", "assistant"):
            turn = turn_of(question.text, reply.text)
            if turn:
                yield turn


class Model(BaseModel):
    """A model that can be asked for."""

    id: str = MODEL
    object: Literal["model"] = "model"
    created: int = 0
    owned_by: str = MODEL


class Models(BaseModel):
    """All models: the one, and the further names that the settings give it."""

    object: Literal["list"] = "list"
    data: list[Model] = [Model()]


class OpenAIError(BaseModel):
    """What went wrong, in a sentence, and with which field of the request."""

    __qualname__ = "Fault"  # its name in /openapi.json

    message: str
    type: str
    param: str | None = None
    code: str | None = None


class OpenAIErrorBody(BaseModel):
    """The body of every reply that is not a success."""

    __qualname__ = "FaultBody"  # its name in /openapi.json

    error: OpenAIError

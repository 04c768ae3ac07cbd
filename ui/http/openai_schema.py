"""Request and response models of OpenAI's chat completions."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any, Literal
from uuid import uuid4

from pydantic import BaseModel, Field, field_validator

from rag.types import Answer, Turn
from ui.service.plain_text import Checked, foot_of, latest, readable, text_of, turn_of

MODEL = "footnote"


class TextPart(BaseModel):
    """A part of a message's content; other kinds than text are refused."""

    type: Literal["text"]
    text: str


class RequestMessage(BaseModel):
    """A message of the conversation; those of the system and the developer are ignored."""

    __qualname__ = "Message"  # its name in /openapi.json

    role: Literal["system", "developer", "user", "assistant"]
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


class ResponseFormat(BaseModel):
    """The format of the reply; only `text` is supported."""

    type: str


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
    functions: list[Any] | None = None
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

    @field_validator("tools", "functions")
    @classmethod
    def _is_empty(cls, tools: list[Any] | None) -> list[Any] | None:
        if tools:
            raise ValueError("tools are not called here; leave them out")
        return tools

    @field_validator("response_format")
    @classmethod
    def _is_plain(cls, form: ResponseFormat | None) -> ResponseFormat | None:
        if form and form.type != "text":
            raise ValueError("replies are text; leave response_format out, or use /v1/ask for JSON")
        return form

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
        """The user's last message."""
        return self.messages[-1].text

    @property
    def turns(self) -> tuple[Turn, ...]:
        """The questions before it with their answers, as far back as the limits allow."""
        return latest(_turns(self.messages[:-1]))


class Usage(BaseModel):
    """Token counts, always zero: Footnote bills nothing and counts no tokens of its LLM."""

    prompt_tokens: int = 0
    completion_tokens: int = 0
    total_tokens: int = 0


class ReplyMessage(BaseModel):
    """The answer's text with its list of sources."""

    role: Literal["assistant"] = "assistant"
    content: str
    refusal: None = None


class Choice(BaseModel):
    """The one answer; `length` says that the LLM's reply was cut off."""

    index: int = 0
    message: ReplyMessage
    logprobs: None = None
    finish_reason: Literal["stop", "length"]


class ChatCompletion(Checked):
    """A whole reply: OpenAI's fields and those of a checked answer."""

    id: str
    object: Literal["chat.completion"] = "chat.completion"
    created: int
    model: str = MODEL
    system_fingerprint: str
    choices: list[Choice]
    usage: Usage = Usage()

    @classmethod
    def of(cls, answer: Answer) -> ChatCompletion:
        """The reply for one answer."""
        message = ReplyMessage(content=readable(answer))
        choices = [Choice(message=message, finish_reason=_finish(answer))]
        own = {"system_fingerprint": answer.fingerprint, "choices": choices}
        return cls.model_validate(_head() | Checked.facts(answer) | own)


def chunks(answer: Answer, usage: bool) -> Iterator[dict[str, Any]]:
    """The chunks of a streamed reply: checked fields, text, sources and the end.

    Then usage, if requested. OpenAI's client keeps unknown fields of the first chunk alone.
    """
    same = _head() | {"object": "chat.completion.chunk", "model": MODEL}

    def chunk(delta: dict[str, str], finish: str | None = None) -> dict[str, Any]:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
        return same | {"choices": [choice]}

    yield chunk({"role": "assistant", "content": ""}) | Checked.facts(answer)
    for piece in filter(None, (text_of(answer), foot_of(answer))):
        yield chunk({"content": piece})
    yield chunk({}, _finish(answer)) | {"system_fingerprint": answer.fingerprint}
    if usage:
        yield same | {"choices": [], "usage": Usage().model_dump()}


class Model(BaseModel):
    """A model that can be asked for."""

    id: str = MODEL
    object: Literal["model"] = "model"
    created: int = 0
    owned_by: str = MODEL


class Models(BaseModel):
    """All models, of which there is one."""

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


def _turns(messages: Sequence[RequestMessage]) -> Iterator[Turn]:
    """Pairs of a user's message and the reply to it; other messages are left out."""
    talk = [message for message in messages if message.role in ("user", "assistant")]
    for question, reply in pairwise(talk):
        if (question.role, reply.role) == ("user", "assistant"):
            turn = turn_of(question.text, reply.text)
            if turn:
                yield turn


def _head() -> dict[str, Any]:
    return {"id": f"chatcmpl-{uuid4().hex}", "created": int(time.time())}


def _finish(answer: Answer) -> Literal["stop", "length"]:
    """The finish reason: a note on an answer that is no refusal says that the LLM broke off."""
    return "length" if answer.note and not answer.refusal else "stop"

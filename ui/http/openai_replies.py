"""Replies of OpenAI's chat completions: whole, and as the chunks of a stream."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal
from uuid import uuid4

from pydantic import BaseModel

from rag.types import Answer, Citation, Turn
from ui.http.openai_schema import MODEL
from ui.service.links import Links
from ui.service.plain_text import Checked, foot_of, text_of

CountTokens = Callable[[Sequence[str]], Sequence[int]]
_MARKER = re.compile(r"\[(\d{1,3})\]")


def count_words(texts: Sequence[str]) -> list[int]:
    """Words of each text, where no model counts tokens."""
    return [len(text.split()) for text in texts]


class Usage(BaseModel):
    """Tokens as the embedding model counts them: of the question, its turns and the passages that
    were read, and of the answer.
    """

    prompt_tokens: int = 0
    completion_tokens: int = 0
    total_tokens: int = 0


class URLCitation(BaseModel):
    """A marker's place in the content, in characters, and what it leads to."""

    start_index: int
    end_index: int
    title: str
    url: str


class Annotation(BaseModel):
    """A marker of the answer as OpenAI's protocol has citations."""

    type: Literal["url_citation"] = "url_citation"
    url_citation: URLCitation


class ReplyMessage(BaseModel):
    """The answer's text with its list of sources."""

    role: Literal["assistant"] = "assistant"
    content: str
    refusal: None = None
    annotations: list[Annotation] = []


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


@dataclass(frozen=True, slots=True)
class Written:
    """An answer as a reply writes it: in pieces of content, with annotations and usage.

    `facts` are the fields of the checked answer.
    """

    model: str
    pieces: tuple[str, ...]
    facts: dict[str, Any]
    fingerprint: str
    finish: Literal["stop", "length"] = "stop"
    annotations: tuple[Annotation, ...] = ()
    usage: Usage = field(default_factory=Usage)

    def whole(self) -> ChatCompletion:
        """The reply in one piece."""
        message = ReplyMessage(content="".join(self.pieces), annotations=list(self.annotations))
        choices = [Choice(message=message, finish_reason=self.finish)]
        own = {"model": self.model, "system_fingerprint": self.fingerprint, "choices": choices}
        return ChatCompletion.model_validate(_head() | self.facts | own | {"usage": self.usage})

    def chunks(self, with_usage: bool) -> Iterator[dict[str, Any]]:
        """The chunks of a stream: checked fields, text, sources with the annotations, the end.

        Then usage, if requested. OpenAI's client keeps unknown fields of the first chunk alone.
        """
        same = _head() | {"object": "chat.completion.chunk", "model": self.model}

        def chunk(delta: dict[str, Any], finish: str | None = None) -> dict[str, Any]:
            choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
            return same | {"choices": [choice]}

        yield chunk({"role": "assistant", "content": ""}) | self.facts
        pieces = [{"content": piece} for piece in self.pieces if piece]
        # In one chunk: clients join what follows of a list by an index that these have not.
        marked: dict[str, Any] = {"annotations": [each.model_dump() for each in self.annotations]}
        for piece in pieces[:-1]:
            yield chunk(piece)
        for piece in pieces[-1:]:
            yield chunk(piece | marked if self.annotations else piece)
        yield chunk({}, self.finish) | {"system_fingerprint": self.fingerprint}
        if with_usage:
            yield same | {"choices": [], "usage": self.usage.model_dump()}


@dataclass(frozen=True, slots=True)
class Writer:
    """Writes the replies to one request: for a model's name, with links, as text or an object.

    `fields` are those of the object, None for text.
    """

    model: str
    links: Links
    count_tokens: CountTokens
    fields: Sequence[str] | None = None

    def written(self, answer: Answer, turns: Sequence[Turn] = ()) -> Written:
        """The reply for one answer."""
        facts = Checked.facts(answer, self.links)
        read = [answer.question, *(hit.passage.text for hit in answer.hits)]
        read += [text for turn in turns for text in (turn.question, turn.answer)]
        text = text_of(answer)
        pieces: tuple[str, ...] = (text, foot_of(answer, self.links))
        annotations = tuple(self._annotations(text, answer.citations))
        if self.fields is not None:
            known = facts | {"text": answer.text}
            pieces = (json.dumps({name: known[name] for name in self.fields}),)
            annotations = ()
        return Written(
            self.model,
            pieces,
            facts,
            answer.fingerprint,
            "length" if answer.is_cut_off and not answer.refusal else "stop",
            annotations,
            _usage(self.count_tokens(read), self.count_tokens(pieces)),
        )

    def task(self, prompt: str, text: str) -> Written:
        """The reply to what a front end asks for itself, which is about no document."""
        said = Answer(prompt, prompt, text, (), (), None, (), "quotes", is_reply=True, confidence=1)
        usage = _usage(self.count_tokens([prompt]), self.count_tokens([text]))
        return Written(self.model, (text,), Checked.facts(said), "", usage=usage)

    def _annotations(self, text: str, citations: Sequence[Citation]) -> Iterator[Annotation]:
        """An annotation for each marker in a text that names a citation."""
        by_label = {citation.label: citation for citation in citations}
        for found in _MARKER.finditer(text):
            citation = by_label.get(int(found[1]))
            if citation and (url := self.links.citation(citation)):
                start, end = found.span()
                title = _title(citation)
                place = URLCitation(start_index=start, end_index=end, title=title, url=url)
                yield Annotation(url_citation=place)


def _title(citation: Citation) -> str:
    """A document's title and page."""
    passage = citation.passage
    title = " ".join((passage.title or passage.document).split())
    return f"{title}, page {passage.page}" if passage.page else title


def _usage(read: Sequence[int], written: Sequence[int]) -> Usage:
    prompt, completion = sum(read), sum(written)
    return Usage(
        prompt_tokens=prompt, completion_tokens=completion, total_tokens=prompt + completion
    )


def _head() -> dict[str, Any]:
    return {"id": f"chatcmpl-{uuid4().hex}", "created": int(time.time())}

"""OpenAI's protocol without a model: what is read, what is refused, what is streamed."""

from __future__ import annotations

import json
from collections.abc import Generator, Sequence
from dataclasses import replace
from typing import Any

import pytest
from fastapi.testclient import TestClient

from index.errors import ConfigError, EmptyIndex
from index.types import Hit, Passage
from rag.types import (
    Answer,
    AskOptions,
    Citation,
    Delta,
    Done,
    Event,
    Quote,
    Reason,
    Refusal,
    Retrieved,
    Statement,
    Support,
    Turn,
)
from tests.helpers.serving import client_over, one_folder
from ui.http.openai_routes import OpenAIDoor, openai_routes
from ui.http.openai_schema import ANSWER_FIELDS
from ui.service.admission import Busy
from ui.service.links import Links
from ui.service.plain_text import readable

pytestmark = pytest.mark.unit

JSON = dict[str, Any]
PASSAGE = Passage("a.txt#1", "a.txt", "a", "a", "Egypt led the talks.", 0, 20, None, "digest")
HITS = (Hit(PASSAGE, 0.9, 1),)
ANSWER = Answer(
    question="Who led it?",
    query="The talks Who led it?",
    text="Egypt led the talks. [1]",
    statements=(Statement("Egypt led the talks.", (1,), Support.SUPPORTED),),
    citations=(Citation(1, Quote(PASSAGE, 0, 20)),),
    refusal=None,
    hits=HITS,
    composer="llm",
    confidence=0.75,
    fingerprint="f1",
)
DRAFT = "Draft that nobody checked"
EVENTS: tuple[Event, ...] = (Retrieved("q", HITS), Delta(DRAFT), Done(ANSWER))
DOOR = OpenAIDoor()
HERE = Links("http://testserver")
URL = "http://testserver/documents/a.txt?start=0&end=20&digest=digest#quote"
USER = {"role": "user", "content": "Who led it?"}
KEEP_ALIVE = ": the answer is being written"

ANNOTATION = {
    "type": "url_citation",
    "url_citation": {"start_index": 21, "end_index": 24, "title": "a", "url": URL},
}
NO_TOOL = "{}: no tool is ever called here, since answers come from the documents alone; "


class Scripted:
    """As much of an engine as this door uses; it says what it is told to."""

    def __init__(self, *events: Event | Exception) -> None:
        self.events = events
        self.asked: list[tuple[str, tuple[Turn, ...]]] = []

    def stream(
        self, question: str, turns: Sequence[Turn] = (), options: AskOptions = AskOptions()
    ) -> Generator[Event, None, None]:
        self.asked.append((question, tuple(turns)))
        for event in self.events:
            if isinstance(event, Exception):
                raise event
            yield event


def client_of(engine: Scripted, door: OpenAIDoor = DOOR) -> TestClient:
    return client_over(openai_routes(one_folder(engine), door))  # type: ignore[arg-type]


def asked(messages: Sequence[object]) -> tuple[str, tuple[Turn, ...]]:
    """What the engine is asked for these messages."""
    engine = Scripted(*EVENTS)
    reply = client_of(engine).post("/v1/chat/completions", json={"messages": messages})
    assert reply.status_code == 200, reply.text
    return engine.asked[0]


def refused(status: int = 400, messages: Sequence[object] = (USER,), **body: object) -> JSON:
    """The error for a request that never reaches the engine."""
    engine = Scripted()
    reply = client_of(engine).post("/v1/chat/completions", json={"messages": messages, **body})
    assert reply.status_code == status
    assert engine.asked == []
    return error_of(reply.json())


def error_of(body: JSON) -> JSON:
    assert list(body) == ["error"]
    assert list(body["error"]) == ["message", "type", "param", "code"]
    error: JSON = body["error"]
    return error


def said(content: str) -> JSON:
    return {"role": "assistant", "content": content}


def streamed(engine: Scripted, **body: object) -> list[str]:
    """The frames of a streamed reply."""
    body = {"messages": [USER], "stream": True, **body}
    reply = client_of(engine).post("/v1/chat/completions", json=body)
    assert reply.headers["content-type"].startswith("text/event-stream")
    frames = reply.text.split("\n\n")
    assert frames.pop() == ""
    return frames


def test_request_of_one_message_is_a_question_without_turns() -> None:
    assert asked([{"role": "user", "content": " Who led it?\n"}]) == ("Who led it?", ())


def test_request_with_answered_questions_has_them_as_turns() -> None:
    messages = [
        {"role": "system", "content": "Answer like a pirate."},
        said("Hello, ask me."),
        {"role": "user", "content": "Never answered"},
        {"role": "user", "content": "Where were the talks?"},
        {"role": "developer", "content": "Shout."},
        said("In Cairo. [1]\n\nSources:\n- [1] a.txt"),
        {"role": "user", "content": "Who paid?"},
        said("The documents don't say.\n\nNearest passages:\n- a.txt: “Egypt”"),
        USER,
    ]
    assert asked(messages) == ("Who led it?", (Turn("Where were the talks?", "In Cairo."),))


def test_request_of_text_parts_is_joined() -> None:
    parts = [{"type": "text", "text": "Who"}, {"type": "text", "text": "led it?"}]
    assert asked([{"role": "user", "content": parts}]) == ("Who\nled it?", ())


def test_request_with_settings_of_an_llm_ignores_them() -> None:
    settings = {
        "temperature": "hot",
        "max_tokens": -1,
        "stop": ["\n"],
        "seed": 7,
        "logit_bias": {"1": 2},
        "user": "me",
        "n": 1,
        "tools": [{"type": "function", "function": {"name": "weather"}}],
        "tool_choice": "auto",
        "parallel_tool_calls": True,
        "functions": [{"name": "weather"}],
        "function_call": "none",
        "response_format": {"type": "text"},
        "modalities": ["text"],
        "logprobs": False,
        "unheard": {"of": True},
    }
    reply = client_of(Scripted(*EVENTS)).post(
        "/v1/chat/completions", json={"messages": [USER], "model": "footnote", **settings}
    )
    assert reply.json()["choices"][0]["message"]["content"] == readable(ANSWER, HERE)


@pytest.mark.parametrize(
    ("body", "param", "message"),
    [
        ({"n": 2}, "n", "n: there is one answer to a question; leave n at 1"),
        ({"tool_choice": "required"}, "tool_choice", NO_TOOL.format("tool_choice")),
        (
            {"tool_choice": {"type": "function", "function": {"name": "weather"}}},
            "tool_choice",
            NO_TOOL.format("tool_choice"),
        ),
        (
            {"tool_choice": {"type": "allowed_tools", "allowed_tools": {"mode": "required"}}},
            "tool_choice",
            NO_TOOL.format("tool_choice"),
        ),
        ({"function_call": {"name": "weather"}}, "function_call", NO_TOOL.format("function_call")),
        (
            {
                "response_format": {
                    "type": "json_schema",
                    "json_schema": {"name": "a", "schema": {"properties": {"age": {}}}},
                }
            },
            "response_format",
            "response_format: an answer has no field 'age'; it has text, citations, ",
        ),
        (
            {"modalities": ["text", "audio"]},
            "modalities",
            "modalities: replies are text; leave modalities out",
        ),
        (
            {"logprobs": True},
            "logprobs",
            "logprobs: there are no log probabilities; leave logprobs out",
        ),
        ({"stream": "maybe"}, "stream", "stream: Input should be a valid boolean, "),
    ],
)
def test_request_for_what_there_is_not_is_refused(body: JSON, param: str, message: str) -> None:
    error = refused(**body)
    assert error["message"].startswith(message)
    assert (error["type"], error["param"], error["code"]) == ("invalid_request_error", param, None)


@pytest.mark.parametrize(
    ("messages", "param", "message"),
    [
        ([], "messages", "List should have at least 1 item"),
        ([said("a")], "messages", "the last message must be the user's question"),
        ([USER, said("a")], "messages", "the last message must be the user's question"),
        (
            [{"role": "user", "content": " "}],
            "messages",
            "the last message must be the user's question",
        ),
        ([{"role": "user"}], "messages", "the last message must be the user's question"),
        (
            [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "x"}}]}],
            "messages.0.content",
            "only parts of type 'text' are read",
        ),
        ([{"role": "user", "content": [7]}], "messages.0.content", "only parts of type 'text'"),
        ([{"role": "judge", "content": "a"}, USER], "messages.0.role", "Input should be 'system'"),
        (["Who?"], "messages.0", "Input should be a valid dictionary"),
    ],
)
def test_request_without_a_readable_question_is_refused(
    messages: list[object], param: str, message: str
) -> None:
    error = refused(messages=messages)
    assert error["param"] == param
    assert error["message"].startswith(f"{param}: {message}")


def test_request_that_is_not_json_is_refused_without_its_text() -> None:
    reply = client_of(Scripted()).post(
        "/v1/chat/completions", content=b"{secret", headers={"Content-Type": "application/json"}
    )
    assert reply.status_code == 400
    assert error_of(reply.json())["message"] == "The body is not JSON."


def test_model_that_there_is_not_is_refused() -> None:
    error = refused(404, model="gpt-4o")
    assert (error["param"], error["code"]) == ("model", "model_not_found")
    reply = client_of(Scripted()).get("/v1/models/gpt-4o")
    assert reply.status_code == 404
    assert error_of(reply.json()) == error


def test_models_are_one() -> None:
    client = client_of(Scripted())
    model = {"id": "footnote", "object": "model", "created": 0, "owned_by": "footnote"}
    assert client.get("/v1/models").json() == {"object": "list", "data": [model]}
    assert client.get("/v1/models/footnote").json() == model


def test_model_is_asked_for_by_its_further_names() -> None:
    client = client_of(Scripted(*EVENTS), OpenAIDoor(aliases=("gpt-4o", "claude-*")))
    assert [model["id"] for model in client.get("/v1/models").json()["data"]] == [
        "footnote",
        "gpt-4o",
    ]
    assert client.get("/v1/models/claude-3").json()["id"] == "claude-3"
    body = {"messages": [USER], "model": "claude-3"}
    assert client.post("/v1/chat/completions", json=body).json()["model"] == "claude-3"
    body["model"] = "gpt-4"
    assert client.post("/v1/chat/completions", json=body).status_code == 404


def test_links_lead_to_the_address_that_readers_use() -> None:
    door = OpenAIDoor(public_url="https://docs.example/footnote")
    body = {"messages": [USER]}
    reply = client_of(Scripted(*EVENTS), door).post("/v1/chat/completions", json=body).json()
    there = URL.replace("http://testserver", "https://docs.example/footnote")
    assert reply["choices"][0]["message"]["annotations"][0]["url_citation"]["url"] == there
    assert reply["citations"][0]["url"] == there


@pytest.mark.parametrize(
    ("form", "fields"),
    [
        ({"type": "json_object"}, list(ANSWER_FIELDS)),
        (
            {
                "type": "json_schema",
                "json_schema": {
                    "name": "answer",
                    "schema": {"properties": {"text": {}, "citations": {}}},
                },
            },
            ["text", "citations"],
        ),
    ],
)
def test_reply_as_an_object_has_the_answer_s_fields(form: JSON, fields: list[str]) -> None:
    body = {"messages": [USER], "response_format": form}
    reply = client_of(Scripted(*EVENTS)).post("/v1/chat/completions", json=body).json()
    said = json.loads(reply["choices"][0]["message"]["content"])
    assert list(said) == fields
    assert said["text"] == ANSWER.text
    assert said["citations"] == reply["citations"]
    frames = streamed(Scripted(*EVENTS), response_format=form)
    chunks = [json.loads(frame.removeprefix("data: ")) for frame in frames[1:-1]]
    content = "".join(chunk["choices"][0]["delta"].get("content", "") for chunk in chunks)
    assert json.loads(content) == said


def test_request_with_calls_of_tools_leaves_them_out() -> None:
    messages = [
        {"role": "user", "content": "Where were the talks?"},
        {"role": "assistant", "content": None, "tool_calls": [{"id": "1"}]},
        {"role": "tool", "content": "Sunny", "tool_call_id": "1"},
        said("In Cairo. [1]\n\nSources:\n- [1] [a.txt](http://here/documents/a.txt)"),
        USER,
    ]
    assert asked(messages) == ("Who led it?", (Turn("Where were the talks?", "In Cairo."),))


def test_request_that_is_not_text_is_refused_in_the_same_shape() -> None:
    reply = client_of(Scripted()).post(
        "/v1/chat/completions", content=b"\xff", headers={"Content-Type": "application/json"}
    )
    assert reply.status_code == 400
    assert error_of(reply.json())["type"] == "invalid_request_error"


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("fault", "status", "kind"),
    [
        (EmptyIndex("nothing is indexed yet"), 503, "server_error"),
        (ConfigError("the question is too long"), 400, "invalid_request_error"),
    ],
)
def test_fault_before_the_answer_has_its_status(
    fault: Exception, status: int, kind: str, stream: bool
) -> None:
    body = {"messages": [USER], "stream": stream}
    reply = client_of(Scripted(fault)).post("/v1/chat/completions", json=body)
    assert reply.status_code == status
    error = error_of(reply.json())
    assert (error["message"], error["type"]) == (str(fault), kind)


def test_server_that_is_busy_says_when_to_ask_again() -> None:
    reply = client_of(Scripted(Busy("too many questions at once", 7))).post(
        "/v1/chat/completions", json={"messages": [USER]}
    )
    assert (reply.status_code, reply.headers["retry-after"]) == (503, "7")
    assert error_of(reply.json())["message"] == "too many questions at once"


def test_reply_has_openai_s_fields_and_those_of_a_checked_answer() -> None:
    body = {"messages": [USER]}
    reply = client_of(Scripted(*EVENTS)).post("/v1/chat/completions", json=body).json()
    assert reply.pop("id").startswith("chatcmpl-")
    assert reply.pop("created") > 1_700_000_000
    content = f"Egypt led the talks. [1]\n\nSources:\n- [1] [a.txt, a]({URL})"
    assert reply == {
        "object": "chat.completion",
        "model": "footnote",
        "system_fingerprint": "f1",
        "choices": [
            {
                "index": 0,
                "message": {
                    "role": "assistant",
                    "content": content,
                    "refusal": None,
                    "annotations": [ANNOTATION],
                },
                "logprobs": None,
                "finish_reason": "stop",
            }
        ],
        "usage": {"prompt_tokens": 7, "completion_tokens": 10, "total_tokens": 17},
        "query": "The talks Who led it?",
        "statements": [{"text": "Egypt led the talks.", "citations": [1], "support": "supported"}],
        "citations": [
            {
                "label": 1,
                "document": "a.txt",
                "title": "a",
                "page": None,
                "heading": "a",
                "start": 0,
                "end": 20,
                "quote": "Egypt led the talks.",
                "passage": "a.txt#1",
                "digest": "digest",
                "url": URL,
            }
        ],
        "refusal": None,
        "confidence": 0.75,
        "note": "",
        "kind": "answer",
        "computed": None,
        "searched": [],
        "left_out": 0,
    }


def test_stream_holds_the_checked_answer_and_no_word_of_the_draft() -> None:
    comment, *frames, end = streamed(Scripted(*EVENTS))
    assert comment == KEEP_ALIVE
    assert end == "data: [DONE]"
    assert DRAFT not in "".join(frames)
    chunks = [json.loads(frame.removeprefix("data: ")) for frame in frames]
    assert len({(chunk["id"], chunk["created"], chunk["model"]) for chunk in chunks}) == 1
    assert {chunk["object"] for chunk in chunks} == {"chat.completion.chunk"}
    choices = [choice for chunk in chunks for choice in chunk["choices"]]
    assert [(choice["delta"], choice["finish_reason"]) for choice in choices] == [
        ({"role": "assistant", "content": ""}, None),
        ({"content": "Egypt led the talks. [1]"}, None),
        (
            {
                "content": f"\n\nSources:\n- [1] [a.txt, a]({URL})",
                "annotations": [ANNOTATION],
            },
            None,
        ),
        ({}, "stop"),
    ]
    assert chunks[0]["citations"][0]["quote"] == "Egypt led the talks."
    assert [chunk for chunk in chunks if "citations" in chunk] == chunks[:1]


def test_stream_with_usage_ends_with_it() -> None:
    frames = streamed(Scripted(*EVENTS), stream_options={"include_usage": True})
    last = json.loads(frames[-2].removeprefix("data: "))
    assert last["choices"] == []
    assert last["usage"] == {"prompt_tokens": 7, "completion_tokens": 10, "total_tokens": 17}


def test_stream_is_kept_alive_by_comments_while_the_answer_is_written() -> None:
    frames = streamed(Scripted(EVENTS[0], EVENTS[1], EVENTS[1], EVENTS[2]))
    assert frames[:2] == [KEEP_ALIVE] * 2
    assert frames[2].startswith("data: ")


@pytest.mark.parametrize(
    ("fault", "message", "kind"),
    [
        (EmptyIndex("the index is gone"), "the index is gone", "server_error"),
        (
            ValueError("secret"),
            "Something went wrong while answering; the server's log says what.",
            "server_error",
        ),
    ],
)
def test_stream_that_breaks_ends_with_an_error_and_not_as_if_done(
    fault: Exception, message: str, kind: str
) -> None:
    frames = streamed(Scripted(EVENTS[0], EVENTS[1], fault))
    error = error_of(json.loads(frames[-1].removeprefix("data: ")))
    assert (error["message"], error["type"]) == (message, kind)
    assert frames[:-1] == [KEEP_ALIVE]


def test_answer_that_was_cut_off_is_not_finished_by_stop() -> None:
    cut = replace(ANSWER, note="The LLM broke off. The answer is cut off.", is_cut_off=True)
    body = {"messages": [USER]}
    reply = client_of(Scripted(EVENTS[0], Done(cut))).post("/v1/chat/completions", json=body)
    choice = reply.json()["choices"][0]
    assert choice["finish_reason"] == "length"
    assert choice["message"]["content"].endswith("The answer is cut off.")


def test_note_on_a_whole_answer_does_not_say_that_it_was_cut_off() -> None:
    noted = replace(ANSWER, note="The LLM did not answer.")
    body = {"messages": [USER]}
    reply = client_of(Scripted(EVENTS[0], Done(noted))).post("/v1/chat/completions", json=body)
    assert reply.json()["choices"][0]["finish_reason"] == "stop"


def test_refusal_is_an_ordinary_reply_with_its_reason() -> None:
    refusal = Refusal(Reason.UNAVAILABLE, "The LLM is away.")
    away = Answer("q", "q", refusal.message, (), (), refusal, HITS, "llm", note=refusal.message)
    body = {"messages": [USER]}
    reply = client_of(Scripted(EVENTS[0], Done(away))).post("/v1/chat/completions", json=body)
    assert reply.json()["refusal"] == {"reason": "unavailable", "message": "The LLM is away."}
    choice = reply.json()["choices"][0]
    assert choice["finish_reason"] == "stop"
    assert choice["message"]["content"].startswith(
        "The LLM is away.\n\nNearest passages:\n- [a.txt, a](http://testserver/documents/a.txt?start=0"
    )

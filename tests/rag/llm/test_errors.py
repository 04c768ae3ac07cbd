"""Whatever an LLM's server does, the user gets text, or a sentence that says what to do.

The server is a fake on this machine's loopback; it does what no real server can be made to do.
"""

from __future__ import annotations

import gzip
import logging
import re
import socket
from collections.abc import Iterator, Sequence

import httpx
import pytest
from pytest_socket import enable_socket

from index.errors import ConfigError
from index.settings import load_settings
from rag.llm.base import BACKOFF_SECONDS, LLM, ChatMessage
from rag.llm.client import OpenAICompatibleLLM
from rag.llm.errors import LLMError
from rag.llm.providers import make_llm
from rag.settings import Settings
from tests.helpers.fake_llm import (
    FakeLLM,
    Handler,
    Reply,
    Start,
    cuts,
    drops,
    event,
    fails,
    hangs,
    offers,
    pings,
    sends,
    starting,
    streams,
)

pytestmark = pytest.mark.unit

KEY = "sk-secret-4711-abcdef"
ASK = [ChatMessage("system", "Be brief."), ChatMessage("user", "Who met?")]


@pytest.fixture(autouse=True)
def _loopback(_no_sockets: None) -> None:
    enable_socket()


@pytest.fixture
def start() -> Iterator[Start]:
    with starting() as start:
        yield start


def client(server: FakeLLM, seconds: float = 5, model: str = "small") -> LLM:
    return OpenAICompatibleLLM(server.url, model, KEY, seconds, backoff=(0.01, 0.02))


def read(llm: LLM, messages: Sequence[ChatMessage] = ASK) -> tuple[list[str], LLMError | None]:
    """The pieces that came, and the fault that ended them."""
    pieces: list[str] = []
    try:
        for piece in llm.stream(messages):
            pieces.append(piece)
    except LLMError as error:
        return pieces, error
    return pieces, None


def test_llm_a_good_reply_comes_in_pieces_with_key_model_and_messages_sent(start: Start) -> None:
    server = start(streams("Three ", "men ", "met."))
    assert read(client(server)) == (["Three ", "men ", "met."], None)
    (request,) = server.requests
    assert request["headers"]["Authorization"] == f"Bearer {KEY}"
    assert request["body"]["model"] == "small"
    assert request["body"]["messages"] == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Who met?"},
    ]


def test_llm_no_key_set_sends_no_key_of_the_environment(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-another-server")
    server = start(streams("Yes."))
    assert read(OpenAICompatibleLLM(server.url, "small")) == (["Yes."], None)
    assert server.requests[0]["headers"]["Authorization"] == "Bearer none"


def test_llm_no_model_set_takes_the_first_that_the_server_offers(start: Start) -> None:
    server = start(offers("first", "second"), streams("Yes."), streams("No."))
    llm = client(server, model="")
    assert [read(llm)[0], read(llm)[0]] == [["Yes."], ["No."]]
    assert [request["path"][3:] for request in server.requests] == [
        "/models",
        "/chat/completions",
        "/chat/completions",
    ]
    assert server.requests[1]["body"]["model"] == "first"


def test_llm_server_without_models_says_which_setting_to_set(start: Start) -> None:
    server = start(offers())
    fault = read(client(server, model=""))[1]
    assert fault
    assert str(fault) == f"The LLM at {server.host} offers no model."
    assert fault.for_log == f"The LLM at {server.host} offers no model: set FOOTNOTE_LLM_MODEL."


def compressed(handler: Handler) -> None:
    """A reply that would grow a thousandfold."""
    handler.head(Content_Encoding="gzip")
    handler.send(gzip.compress(event("x" * 100_000).encode()))


CONTEXT = "This model's maximum context length is 4096 tokens"
# Replies, text that comes through, what follows "The LLM at host " and, after the arrow, what
# only the log says to change, requests made.
FAULTS: dict[str, tuple[list[Reply], str, str, int]] = {
    "401": (
        [fails(401, f"Incorrect API key provided: {KEY}")],
        "",
        "refused the key (401). → set FOOTNOTE_LLM_KEY.",
        1,
    ),
    "403": ([fails(403)], "", "refused the key (403). → set FOOTNOTE_LLM_KEY.", 1),
    "404": (
        [fails(404, "model not found")],
        "",
        "does not know model 'small' (404). → set FOOTNOTE_LLM_MODEL to one of its models, and let "
        "FOOTNOTE_LLM_URL end in /v1.",
        1,
    ),
    "400 of the context": (
        [fails(400, CONTEXT, "context_length_exceeded")],
        "",
        "has no room for the passages. → lower FOOTNOTE_LLM_CONTEXT_TOKENS.",
        1,
    ),
    "400 of something else": (
        [fails(400, f"Unsupported <b>parameter</b>\nfor {KEY}.")],
        "",
        'refused the request (400), saying "Unsupported parameter for …". → '
        "check FOOTNOTE_LLM_MODEL and FOOTNOTE_LLM_URL.",
        1,
    ),
    "429 to the end": (
        [fails(429, "Slow down")] * 3,
        "",
        'is busy (429), saying "Slow down": try again later.',
        3,
    ),
    "429 for an hour": (
        [fails(429, Retry_After="3600")],
        "",
        "is busy (429): try again in 3600 s.",
        1,
    ),
    "503 to the end": ([fails(503)] * 3, "", "failed (503): try again later.", 3),
    "302": (
        [fails(302, Location="http://127.0.0.1:9/elsewhere")],
        "",
        "sends callers elsewhere (302). → set FOOTNOTE_LLM_URL to the address that answers itself.",
        1,
    ),
    "login page": (
        [sends("<html><form>Log in</form></html>", kind="text/html")],
        "",
        "returned no answer (its reply is text/html). → check FOOTNOTE_LLM_URL, which should "
        "end in /v1.",
        1,
    ),
    "empty body": (
        [sends()],
        "",
        "returned no answer: try again. → lower FOOTNOTE_LLM_CONTEXT_TOKENS.",
        1,
    ),
    "empty content": (
        [streams("")],
        "",
        "returned no answer: try again. → lower FOOTNOTE_LLM_CONTEXT_TOKENS.",
        1,
    ),
    "no choices": (
        [sends('data: {"id": "c"}\n\n')],
        "",
        "sent something that is not an answer in the OpenAI format (TypeError). → "
        "check FOOTNOTE_LLM_URL, which should end in /v1.",
        1,
    ),
    "bad JSON": (
        [sends(event("Three "), "data: {oops\n\n")],
        "Three ",
        "sent something that is not an answer in the OpenAI format (JSONDecodeError). → "
        "check FOOTNOTE_LLM_URL, which should end in /v1.",
        1,
    ),
    "not UTF-8": (
        [sends(event("Three "), b'data: {"\xff\xfe\n\n')],
        "Three ",
        "sent something that is not an answer in the OpenAI format (UnicodeDecodeError). → "
        "check FOOTNOTE_LLM_URL, which should end in /v1.",
        1,
    ),
    "error in the middle": (
        [sends(event("Three "), 'data: {"error": {"message": "out of memory"}}\n\n')],
        "Three ",
        'reported an error, saying "out of memory": try again.',
        1,
    ),
    "no end in sight": (
        [streams("Three ", finish=None)],
        "Three ",
        "broke off in the middle: try again.",
        1,
    ),
    "no end and no mark of it": (
        [streams("Three ", finish=None, done=False)],
        "Three ",
        "broke off in the middle: try again.",
        1,
    ),
    "cut between events": ([cuts("Three ")], "Three ", "broke off in the middle: try again.", 1),
    "cut inside an event": (
        [cuts("Three ", rest='data: {"choices": [{"del')],
        "Three ",
        "broke off in the middle: try again.",
        1,
    ),
    "length": (
        [streams("Three ", finish="length")],
        "Three ",
        "came to the limit of its answer's length.",
        1,
    ),
    "withheld": (
        [streams("Three ", finish="content_filter")],
        "Three ",
        "withheld its answer or the rest of it.",
        1,
    ),
    "endless": (
        [streams(*["x" * 9000] * 4)],
        "x" * 20_000,
        "came to the limit of its answer's length.",
        1,
    ),
    "refusal": (
        [sends(event(refusal="I can't."), event(finish="stop"))],
        "",
        "refuses to answer this.",
        1,
    ),
    "one token of a megabyte": (
        [sends(event("Three "), event("x" * 1_000_000))],
        "Three ",
        "sent far more than an answer.",
        1,
    ),
    "lines that end no event": (
        [sends(event("Three "), ": x\n" * 100_000)],
        "Three ",
        "sent far more than an answer.",
        1,
    ),
    "compressed": (
        [compressed],
        "",
        "sent a compressed reply, which was not asked for. → check FOOTNOTE_LLM_URL.",
        1,
    ),
    "busy for longer than we wait": (
        [fails(429, Retry_After="4")],
        "",
        "is busy (429): try again in 4 s.",
        1,
    ),
    "connection dropped each time": (
        [drops] * 3,
        "",
        "cannot be reached (it closed the connection). → start it, or change FOOTNOTE_LLM_URL.",
        3,
    ),
}


@pytest.mark.parametrize(("replies", "text", "sentence", "asked"), FAULTS.values(), ids=FAULTS)
def test_llm_fault_becomes_a_sentence_and_keeps_what_came_before(
    start: Start,
    caplog: pytest.LogCaptureFixture,
    replies: list[Reply],
    text: str,
    sentence: str,
    asked: int,
) -> None:
    caplog.set_level(logging.INFO)
    server = start(*replies)
    pieces, fault = read(client(server))
    assert "".join(pieces) == text
    reader, _, mend = sentence.partition(" → ")
    assert fault
    assert str(fault) == f"The LLM at {server.host} {reader}"
    assert fault.for_log in caplog.messages
    assert fault.for_log.endswith(mend)
    assert len(server.requests) == asked
    assert KEY not in str(fault) + caplog.text


GOOD: dict[str, list[Reply]] = {
    "500 twice, then well": [fails(500), fails(500), streams("Three ", "men.")],
    "429 with a short wait": [fails(429, Retry_After="0.01"), streams("Three ", "men.")],
    "429 with a senseless wait": [fails(429, Retry_After="soon"), streams("Three ", "men.")],
    "dropped once": [drops, streams("Three ", "men.")],
    "comments": [
        sends(": ping\n\n", event("Three "), ": x\n\n", event("men."), event(finish="stop"))
    ],
    "line ends of Windows": [
        sends((event("Three ") + event("men.", finish="stop")).replace("\n", "\r\n"))
    ],
    "characters cut in two": [
        sends(*(bytes([b]) for b in (event("Three ") + event("men.", "stop")).encode()))
    ],
    "figures at the end": [
        sends(
            event("Three ") + event("men.", finish="stop"),
            'data: {"choices": [], "usage": {"prompt_tokens": 1, "total_tokens": 2}}\n\n',
            "data: [DONE]\n\n",
        )
    ],
    "reasoning apart": [
        sends(event(reasoning_content="Hm, [9]?"), event("Three "), event("men.", finish="stop"))
    ],
}


@pytest.mark.parametrize("replies", GOOD.values(), ids=GOOD)
def test_llm_fault_that_can_be_overcome_is_not_seen(start: Start, replies: list[Reply]) -> None:
    assert read(client(start(*replies))) == (["Three ", "men."], None)


def test_llm_nothing_listens_says_so_in_under_five_seconds(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        host = f"127.0.0.1:{closed.getsockname()[1]}"
    pieces, fault = read(OpenAICompatibleLLM(f"http://user:hunter2@{host}/v1", "small"))
    assert pieces == []
    assert str(fault) == f"The LLM at {host} cannot be reached (connection refused)."
    assert caplog.messages == [
        f"The LLM at {host} cannot be reached (connection refused): "
        "start it, or change FOOTNOTE_LLM_URL."
    ]
    assert sum(BACKOFF_SECONDS) < 5  # all that it waits for


def test_llm_unknown_host_says_so() -> None:
    fault = read(
        OpenAICompatibleLLM("http://user:hunter2@no-such-host.invalid/v1", "small", backoff=())
    )[1]
    assert str(fault) == "The LLM at no-such-host.invalid cannot be reached (no such host)."


def test_llm_encryption_that_is_not_there_says_so(start: Start) -> None:
    server = start()
    fault = read(OpenAICompatibleLLM(server.url.replace("http:", "https:"), "small", backoff=()))[1]
    assert str(fault) == (
        f"The LLM at {server.host} cannot be reached (its certificate or encryption is not "
        "accepted)."
    )


SILENT: dict[str, tuple[Reply, str, str]] = {
    "before the head": (hangs(head=False), "", "has said nothing for 0.4 s"),
    "before the first piece": (hangs(), "", "has said nothing for 0.4 s"),
    "after a piece": (hangs("Three "), "Three ", "has said nothing for 0.4 s"),
    "comments only": (pings(5), "", "has said nothing for 0.4 s"),
    "drop by drop": (
        sends(*(event("x") for _ in range(100)), pause=0.2),
        "xx",
        "did not finish within 0.8 s",
    ),
}


@pytest.mark.parametrize(("reply", "text", "fact"), SILENT.values(), ids=SILENT)
def test_llm_that_keeps_us_waiting_is_left_at_the_deadline(
    start: Start, reply: Reply, text: str, fact: str
) -> None:
    server = start(reply)
    list(client(start(streams("Yes."))).stream(ASK))  # loads llama-index, which takes a while
    pieces, fault = read(client(server, seconds=0.8))
    assert server.gone.wait(60)  # it was left, and did not come to its end
    assert "".join(pieces).startswith(text)
    assert fault
    assert str(fault) == f"The LLM at {server.host} {fact}: try again."
    assert fault.for_log == f"The LLM at {server.host} {fact}: raise FOOTNOTE_LLM_SECONDS."


def test_llm_a_reader_that_goes_away_frees_the_server_at_once(start: Start) -> None:
    server = start(hangs("Three "))
    pieces = client(server, seconds=60).stream(ASK)
    assert next(pieces) == "Three "
    pieces.close()
    assert server.gone.wait(30)


def test_llm_fault_that_may_pass_is_marked_as_such(start: Start) -> None:
    faults = [read(client(start(*[fails(status)] * 3)))[1] for status in (429, 503)]
    assert [fault and fault.retryable for fault in faults] == [True, True]
    refused = read(client(start(fails(401))))[1]
    assert refused
    assert not refused.retryable


def test_llm_password_of_the_address_goes_to_its_server_and_into_no_log(
    start: Start, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    server = start(streams("Yes."))
    url = server.url.replace("://", "://me:hunter%32@")
    assert read(OpenAICompatibleLLM(url, "small", KEY)) == (["Yes."], None)
    assert server.requests[0]["headers"]["Authorization"] == "Basic bWU6aHVudGVyMg=="
    assert f"POST http://{server.host}/v1/chat/completions" in caplog.text
    assert not re.search(f"hunter|{KEY}", caplog.text)


@pytest.mark.parametrize(
    "url", ["", "localhost:11434/v1", "ftp://host/v1", "http://", "http://h:x/"]
)
def test_llm_url_that_is_none_names_the_setting(url: str) -> None:
    with pytest.raises(ConfigError, match=r"'llm_url' is wrong: it must be .* FOOTNOTE_LLM_URL"):
        OpenAICompatibleLLM(url)


def test_llm_secret_of_the_url_or_the_settings_is_in_no_text() -> None:
    settings = load_settings(
        Settings, llm_url="http://me:hunter2@h.invalid:81/v1?token=t0ps3cret", llm_key=KEY
    )
    llm = make_llm(settings)
    assert isinstance(llm, OpenAICompatibleLLM)
    assert llm.host == "h.invalid:81"
    assert not re.search(f"hunter2|t0ps3cret|{KEY}", f"{llm!r} {settings.llm_key!r}")


SAYINGS = tuple(f"Sentence {number} says {'much ' * 60}. " for number in range(4))


@pytest.mark.slow
@pytest.mark.parametrize("step", [7, pytest.param(1, marks=pytest.mark.full)])
def test_llm_stream_cut_at_any_byte_is_never_taken_for_a_whole_one(
    step: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = "".join([*map(event, SAYINGS), event(finish="stop")]).encode()
    assert len(whole) > 2000
    body = b""

    def answer(_: object, request: httpx.Request) -> httpx.Response:
        kind = {"content-type": "text/event-stream"}
        return httpx.Response(200, headers=kind, content=body, request=request)

    monkeypatch.setattr(httpx.HTTPTransport, "handle_request", answer)
    llm = OpenAICompatibleLLM("http://127.0.0.1:9/v1", "small", KEY, 5, backoff=())
    for cut in range(0, len(whole), step):
        body = whole[:cut]
        pieces, fault = read(llm)
        assert fault is not None, cut
        assert "".join(SAYINGS).startswith("".join(pieces))
    body = whole
    assert read(llm) == (list(SAYINGS), None)

"""What a user sees for everything that an LLM's server can do wrong, through the whole engine.

One row per mode: the replies of a fake server, what becomes of the question, requests made.
"""

from __future__ import annotations

import gzip
import json
import logging
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from index.settings import load_settings
from index.snapshots import Index
from index.sync.sync import sync
from rag.composition.generative import LLMComposer
from rag.engine import Engine
from rag.llm.client import OpenAICompatibleLLM
from rag.llm.facts import Profile
from rag.schema import AnswerBody
from rag.settings import Settings
from rag.types import Answer, Done, Reason
from tests.helpers.fake_llm import (
    FakeLLM,
    Handler,
    Reply,
    cuts,
    drops,
    event,
    fails,
    hangs,
    pings,
    sends,
    streams,
)
from ui.http.streaming import answer_event
from ui.page.html_conversation import exchange_html
from ui.page.source_cards import sources_html
from ui.service.history import Exchange

pytestmark = pytest.mark.model

KEY = "sk-secret-4711-abcdef"
PASSWORD = "hunter2"
QUESTION = "Who led the latest round of talks?"
SAID = "Egypt led the latest round of talks [1]."
SHOWN = "Egypt led the latest round of talks. [1]"
CORPUS = {
    "round.md": "# Round\n\nEgypt led the latest round of talks, and Qatar attended it.\n",
    "gaza.md": "# Gaza\n\nMore than 120 hostages remain in Gaza.\n",
    "paris.md": "# Paris\n\nThree men led preliminary talks in Paris before the latest round.\n",
}
CONTEXT = fails(400, "the request exceeds the context window", "context_length_exceeded")
SILENT = "has said nothing for 1 s: try again."
NOTHING = "returned no answer: try again."
FORMAT = "sent something that is not an answer in the OpenAI format"
BROKE = "broke off in the middle: try again."
BUSY = "is busy (429): try again"


@dataclass(frozen=True)
class Mode:
    """`note` follows "The LLM at host "; with `text` it says why that is not the whole answer.

    Without a text the question is refused as `unavailable`, and the note is the message.
    """

    replies: tuple[Reply, ...]
    requests: int
    note: str = ""
    text: str = ""

    @property
    def seconds(self) -> float:
        """The deadline: short where the server is to run into it, else never met."""
        return 2 if " for 1 s" in self.note or "within 2 s" in self.note else 60


def answered(*replies: Reply, requests: int = 1) -> Mode:
    return Mode(replies, requests, text=SHOWN)


def marked(*replies: Reply, note: str) -> Mode:
    return Mode(replies, 1, note, SHOWN)


def refused(*replies: Reply, note: str, requests: int = 1) -> Mode:
    return Mode(replies, requests, note)


def packed(size: int) -> Reply:
    """A reply that grows a thousandfold when it is unpacked."""

    def reply(handler: Handler) -> None:
        handler.head(Content_Encoding="gzip")
        handler.send(gzip.compress(event("x" * size).encode()))

    return reply


def endless(text: str, first: str = "") -> Reply:
    def reply(handler: Handler) -> None:
        handler.head()
        handler.send(first)
        while not handler.fake.closing.is_set():
            handler.send(text)

    return reply


def lines(text: str) -> str:
    """An event whose JSON stands in several data lines."""
    return text.replace('data: {"id"', 'data: {\ndata: "id"')


CHUNK = '{"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": %s}'
USAGE = f"data: {CHUNK % '[]'}\n\n".replace('"choices"', '"usage": {"total_tokens": 2}, "choices"')
GOOD = event(SAID, finish="stop")
MODES: dict[str, Mode] = {
    "sends nothing at all": refused(hangs(head=False), note=SILENT),
    "sends a head and nothing": refused(hangs(), note=SILENT),
    "429, wait a little": answered(fails(429, Retry_After="0.02"), streams(SAID), requests=2),
    "429, wait an hour": refused(fails(429, Retry_After="3600"), note=f"{BUSY} in 3600 s."),
    "429, wait longer than we do": refused(fails(429, Retry_After="30"), note=f"{BUSY} in 30 s."),
    "429, wait for nonsense": answered(fails(429, Retry_After="soon"), streams(SAID), requests=2),
    "429 for ever": refused(*[fails(429)] * 3, note=f"{BUSY} later.", requests=3),
    "500 twice": answered(fails(500), fails(500), streams(SAID), requests=3),
    "503 for ever": refused(*[fails(503)] * 3, note="failed (503): try again later.", requests=3),
    "401": refused(fails(401, f"Incorrect API key: {KEY}"), note="refused the key (401)."),
    "403": refused(fails(403), note="refused the key (403)."),
    "404": refused(
        fails(404),
        note="does not know model 'small' (404).",
    ),
    "no room once": answered(CONTEXT, streams(SAID), requests=2),
    "no room for half either": refused(
        *[CONTEXT] * 2,
        note="has no room for the passages.",
        requests=2,
    ),
    "login page": refused(
        sends("<html><form>Log in</form></html>", kind="text/html"),
        note="returned no answer (its reply is text/html).",
    ),
    "empty body": refused(*[sends()] * 2, note=NOTHING, requests=2),
    "JSON without choices": refused(
        sends('{"ok": true}', kind="application/json"),
        note="returned no answer (its reply is application/json).",
    ),
    "event without choices": refused(sends('data: {"id": "c"}\n\n'), note=f"{FORMAT} (TypeError)."),
    "choices are none": refused(
        *[sends(f"data: {CHUNK % '[]'}\n\n")] * 2, note=NOTHING, requests=2
    ),
    "content is null": refused(
        *[sends(event(finish="stop").replace('"delta": {}', '"delta": {"content": null}'))] * 2,
        note=NOTHING,
        requests=2,
    ),
    "content is empty": refused(*[streams("")] * 2, note=NOTHING, requests=2),
    "content is not text": refused(
        sends(event("x").replace('"x"', '{"a": 1}')), note=f"{FORMAT} (TypeError)."
    ),
    "ends for its length": marked(
        streams(SAID, finish="length"), note="came to the limit of its answer's length."
    ),
    "ends for its length, no word said": refused(
        streams(finish="length"), note="came to the limit of its answer's length."
    ),
    "filtered": marked(
        streams(SAID, finish="content_filter"), note="withheld its answer or the rest of it."
    ),
    "filtered, no word said": refused(
        streams(finish="content_filter"), note="withheld its answer or the rest of it."
    ),
    "refuses": refused(
        sends(event(refusal="I can't."), event(finish="stop")), note="refuses to answer this."
    ),
    "cut inside an event": marked(cuts(SAID, rest='data: {"choices": [{"del'), note=BROKE),
    "cut without [DONE]": marked(streams(SAID, finish=None, done=False), note=BROKE),
    "half closed": marked(cuts(SAID), note=BROKE),
    "malformed line": marked(
        sends(event(SAID), "data: {oops\n\n"), note=f"{FORMAT} (JSONDecodeError)."
    ),
    "error in the middle": marked(
        sends(event(SAID), 'data: {"error": {"message": "out of <b>memory</b>"}}\n\n'),
        note='reported an error, saying "out of memory": try again.',
    ),
    "comments": answered(sends(": ping\n\n", event(SAID), ": ping\n\n", event(finish="stop"))),
    "line ends of Windows": answered(sends(GOOD.replace("\n", "\r\n"))),
    "data in several lines": answered(sends(lines(GOOD))),
    "characters cut in two": answered(
        sends(*(bytes([byte]) for byte in event(SAID + " É", finish="stop").encode()))
    ),
    "usage at the end": answered(sends(GOOD, USAGE, "data: [DONE]\n\n")),
    "reasoning apart": answered(
        sends(event(reasoning_content="More than 120 [2]?"), event(SAID), event(finish="stop"))
    ),
    "reasoning in the text": answered(streams("<think>More than 120 [2]?</think>", SAID)),
    "reasoning only": refused(streams("<think>More than 120 [2]?"), note="returned no answer."),
    "comments only": refused(pings(5), note=SILENT),
    "drop by drop": marked(
        sends(event(SAID), *[event("\n")] * 50, pause=0.1),
        note="did not finish within 2 s: try again.",
    ),
    "endless": marked(
        endless(event("and so on, " * 100), first=event(f"{SAID} It goes on ")),
        note="came to the limit of its answer's length.",
    ),
    "one token of 10 MB": marked(
        sends(event(SAID + "\n"), event("x" * 10_000_000)), note="sent far more than an answer."
    ),
    "lines without end": refused(endless(": x\n" * 1000), note="sent far more than an answer."),
    "gzip bomb": refused(
        packed(10_000_000),
        note="sent a compressed reply, which was not asked for.",
    ),
    "302": refused(
        fails(302, Location="http://127.0.0.1:9/v1"),
        note="sends callers elsewhere (302).",
    ),
    "dropped once": answered(drops, streams(SAID), requests=2),
    "dropped each time": refused(
        *[drops] * 3,
        note="cannot be reached (it closed the connection).",
        requests=3,
    ),
}

Ask = Callable[..., Answer]


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Index]:
    folder = tmp_path_factory.mktemp("corpus")
    for name, text in CORPUS.items():
        (folder / name).write_text(text, encoding="utf-8")
    settings = load_settings(Settings, data=tmp_path_factory.mktemp("data"))
    sync(settings, folder)
    opened = Index(settings)
    yield opened
    opened.close()


@pytest.fixture
def ask(index: Index, caplog: pytest.LogCaptureFixture) -> Ask:
    """Asks through an engine whose LLM is at a URL; asserts that nothing leaks on any surface."""
    caplog.set_level(logging.DEBUG)

    def run(url: str, seconds: float = 60, profile: Profile = Profile.CAPABLE) -> Answer:
        settings = load_settings(Settings, llm_profile=profile.value)
        llm = OpenAICompatibleLLM(url, "small", KEY, seconds, backoff=(0.01, 0.02))
        *events, done = Engine(settings, index, LLMComposer(settings, llm)).stream(QUESTION)
        assert isinstance(done, Done)
        exchange = Exchange("t1", QUESTION, done.answer.hits, "", done.answer)
        surfaces = [answer_event(event).encode().decode() for event in (*events, done)]
        surfaces += [json.dumps(AnswerBody.of(done.answer).model_dump(mode="json"))]
        surfaces += [exchange_html(exchange), sources_html([exchange])]
        shown = "".join(surfaces)
        assert [leak for leak in (KEY, PASSWORD) if leak in shown + caplog.text] == []
        assert [leak for leak in ("Traceback", "site-packages", "error.py") if leak in shown] == []
        return done.answer

    return run


@pytest.fixture(scope="module", autouse=True)
def _loaded() -> None:
    """Imports of llama-index take longer than the deadline of these tests."""
    import llama_index.llms.openai_like  # noqa: F401


def with_password(url: str) -> str:
    return url.replace("://", f"://me:{PASSWORD}@")


@pytest.mark.parametrize("mode", MODES.values(), ids=MODES)
def test_mode_of_a_server_gives_an_answer_a_note_or_a_refusal(ask: Ask, mode: Mode) -> None:
    assert_ends_well(ask, mode, Profile.CAPABLE)


@pytest.mark.sample(8)
@pytest.mark.parametrize("mode", MODES.values(), ids=MODES)
def test_mode_of_a_server_of_a_small_model_ends_as_that_of_a_capable_one(
    ask: Ask, mode: Mode
) -> None:
    assert_ends_well(ask, mode, Profile.SMALL)


def assert_ends_well(ask: Ask, mode: Mode, profile: Profile) -> None:
    server = FakeLLM(mode.replies)
    answer = ask(with_password(server.url), mode.seconds, profile)
    server.close()
    assert len(server.requests) == mode.requests
    note = f"The LLM at {server.host} {mode.note}" if mode.note else ""
    assert answer.hits[0].passage.document == "round.md"
    if mode.text:
        assert answer.refusal is None
        assert answer.text.startswith(mode.text)
        assert answer.note == (f"{note} The answer is cut off." if note else "")
        assert [citation.passage.document for citation in answer.citations] == ["round.md"]
    else:
        assert answer.refusal
        assert (answer.refusal.reason, answer.refusal.message) == (Reason.UNAVAILABLE, note)
        assert (answer.statements, answer.citations) == ((), ())


UNREACHED: dict[str, tuple[str, str]] = {
    "nobody listens": ("http://127.0.0.1:{free}/v1", "connection refused"),
    "no such host": ("http://no-such-host.invalid/v1", "no such host"),
    "not encrypted": ("https://{host}/v1", "its certificate or encryption is not accepted"),
}


@pytest.mark.parametrize(("url", "why"), UNREACHED.values(), ids=UNREACHED)
def test_server_that_is_not_reached_leaves_the_passages_and_says_why(
    ask: Ask, url: str, why: str
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        free = closed.getsockname()[1]
    server = FakeLLM(())
    answer = ask(with_password(url.format(free=free, host=server.host)))
    server.close()
    assert answer.refusal
    assert answer.refusal.reason is Reason.UNAVAILABLE
    assert answer.refusal.message.endswith(f" cannot be reached ({why}).")
    assert len(answer.hits) == 3


def test_server_that_restarts_between_question_and_answer_is_not_noticed(ask: Ask) -> None:
    server = FakeLLM((streams(SAID),))
    port = int(server.host.rpartition(":")[2])
    assert ask(server.url).text == SHOWN
    server.close()
    again = FakeLLM((drops, streams(SAID)), port)
    answer = ask(server.url)
    again.close()
    assert (answer.text, answer.note, len(again.requests)) == (SHOWN, "", 2)


def test_redirect_does_not_carry_the_key_to_another_server(ask: Ask) -> None:
    other = FakeLLM((streams(SAID),))
    server = FakeLLM((fails(307, Location=f"{other.url}/chat/completions"),))
    answer = ask(server.url)
    server.close()
    other.close()
    assert answer.refusal
    assert other.requests == []


def test_password_of_the_address_is_sent_to_its_server_alone(ask: Ask) -> None:
    server = FakeLLM((streams(SAID),))
    assert ask(with_password(server.url)).text == SHOWN
    server.close()
    assert server.requests[0]["headers"]["Authorization"] == "Basic bWU6aHVudGVyMg=="


def test_reply_that_nothing_backs_is_refused_with_the_passages(ask: Ask) -> None:
    server = FakeLLM((streams("Norway has many fjords [1][2]. Its capital is Oslo [77]."),))
    answer = ask(server.url)
    server.close()
    assert answer.refusal
    assert answer.refusal.reason is Reason.UNSUPPORTED
    assert (answer.statements, answer.citations, answer.stray) == ((), (), 1)
    assert len(answer.hits) == 3

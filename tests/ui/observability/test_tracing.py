"""Traces: what a question went through and how long, and not a word of it."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Generator, Iterator, Sequence
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from llama_index_instrumentation import root_dispatcher
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import (
    BatchSpanProcessor,
    SimpleSpanProcessor,
    SpanExporter,
    SpanExportResult,
)
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from index.errors import ConfigError
from index.settings import load_settings
from rag.engine import Engine, build
from rag.settings import Settings
from rag.types import Answer, Answers, AskOptions, Done, Event, Turn
from tests.helpers.fake_llm import Reply, drops, starting, streams
from tests.helpers.page_calls import PageCalls
from tests.helpers.serving import FakeEngine
from ui.app import make_app
from ui.observability.tracing import Tracing, tracing_of

pytestmark = pytest.mark.model

CALLER = "0af7651916cd43dd8448eb211c80319c"
EXPORTER = "opentelemetry.exporter.otlp.proto.http.trace_exporter"
MCP_ACCEPT = "application/json, text/event-stream"
KEY, TOKEN = "sk-hunter2", "fn_" + "t" * 43


@pytest.fixture
def spans() -> InMemorySpanExporter:
    return InMemorySpanExporter()


@pytest.fixture
def tracing(spans: InMemorySpanExporter) -> Iterator[Tracing]:
    made = Tracing(SimpleSpanProcessor(spans))
    yield made
    made.close()


def client_of(engine: Answers, data: Path, tracing: Tracing) -> TestClient:
    app = make_app(engine, load_settings(Settings, data=data), tracing=tracing)
    return TestClient(app, base_url="http://127.0.0.1", raise_server_exceptions=False)


def tree(spans: InMemorySpanExporter) -> dict[str, str | None]:
    """The name of each span with its parent's."""
    found = spans.get_finished_spans()
    names = {span.context.span_id: span.name for span in found}
    return {span.name: span.parent and names.get(span.parent.span_id) for span in found}


def one(spans: InMemorySpanExporter, name: str) -> ReadableSpan:
    (found,) = [span for span in spans.get_finished_spans() if span.name == name]
    return found


def facts(span: ReadableSpan) -> dict[str, Any]:
    return dict(span.attributes or {})


def answer_of(tracing: Tracing, engine: Answers) -> Answer:
    *_, done = tracing.stream(engine, "Who met in Paris?")
    assert isinstance(done, Done)
    return done.answer


def test_question_over_http_goes_on_its_callers_trace(
    tmp_path: Path, tracing: Tracing, spans: InMemorySpanExporter
) -> None:
    headers = {"traceparent": f"00-{CALLER}-b7ad6b7169203331-01", "X-Request-Id": "mine-1"}
    with client_of(FakeEngine(), tmp_path, tracing) as client:
        client.post("/v1/ask", json={"question": "Who met in Paris?"}, headers=headers)
        client.get("/healthz")
    assert tree(spans) == {"POST /v1/ask": None, "ask": "POST /v1/ask", "search": "ask"}
    assert {span.context.trace_id for span in spans.get_finished_spans()} == {int(CALLER, 16)}
    assert facts(one(spans, "POST /v1/ask")) == {
        "http.request.method": "POST",
        "http.route": "/v1/ask",
        "http.response.status_code": 200,
        "footnote.request": "mine-1",
    }
    assert facts(one(spans, "ask")) == {
        "footnote.question.characters": 17,
        "footnote.turns": 0,
        "footnote.outcome": "no_evidence",
        "footnote.composer": "fake",
        "footnote.passages": 0,
        "footnote.citations": 0,
        "footnote.confidence": 0.0,
    }
    search = one(spans, "search")
    assert search.end_time is not None
    assert search.start_time is not None
    assert search.end_time - search.start_time == 250_000_000


def test_call_of_a_tool_over_mcp_has_the_spans_of_its_question(
    tmp_path: Path, tracing: Tracing, spans: InMemorySpanExporter
) -> None:
    call = {"name": "ask", "arguments": {"question": "Who met in Paris?"}}
    body = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": call}
    headers = {"traceparent": f"00-{CALLER}-b7ad6b7169203331-01", "Accept": MCP_ACCEPT}
    with client_of(FakeEngine(), tmp_path, tracing) as client:
        assert client.post("/mcp", json=body, headers=headers).status_code == 200
    assert tree(spans) == {"POST /mcp": None, "ask": "POST /mcp", "search": "ask"}
    assert {span.context.trace_id for span in spans.get_finished_spans()} == {int(CALLER, 16)}
    assert facts(one(spans, "ask"))["footnote.outcome"] == "no_evidence"


@pytest.mark.parametrize(("settings", "passages"), [({}, 8), ({"passages": "3"}, 3)])
def test_question_on_the_page_has_spans_by_whichever_settings(
    engine: Engine,
    tmp_path: Path,
    tracing: Tracing,
    spans: InMemorySpanExporter,
    settings: dict[str, str],
    passages: int,
) -> None:
    with client_of(engine, tmp_path, tracing) as client:
        page = PageCalls(client)
        page.send("load", "")
        if settings:
            page.choose("", **settings)
        page.send("submit", "Who met in Paris?", None, "", page.asked_by)
    assert tree(spans)["ask"] is None
    assert tree(spans)["check"] == "ask"
    ask = facts(one(spans, "ask"))
    assert (ask["footnote.outcome"], ask["footnote.passages"]) == ("answered", passages)


def test_stages_of_an_answer_follow_each_other(
    engine: Engine, tracing: Tracing, spans: InMemorySpanExporter
) -> None:
    answer = answer_of(tracing, engine)
    assert answer.citations
    stages = [span for span in spans.get_finished_spans() if span.name != "ask"]
    assert [span.name for span in stages] == [
        "condense",
        "embed",
        "search",
        "judge",
        "compose",
        "check",
    ]
    ends = [span.end_time for span in stages]
    assert [span.start_time for span in stages[1:]] == ends[:-1]
    ask = facts(one(spans, "ask"))
    assert ask["footnote.outcome"] == "answered"
    assert ask["footnote.citations"] == len(answer.citations)
    assert ask["footnote.statements.supported"] == len(answer.statements)


@pytest.mark.parametrize(
    ("reply", "fault"),
    [(streams("The talks took place ", "in Paris. [1]"), None), (drops, "APIConnectionError")],
)
def test_call_of_an_llm_is_a_span_of_its_question(
    seeds_data: Path, tracing: Tracing, spans: InMemorySpanExporter, reply: Reply, fault: str | None
) -> None:
    with starting() as start:
        llm = start(*[reply] * (3 if fault else 1))  # it is tried three times
        url = llm.url.replace("://", f"://user:{KEY}@")
        settings = load_settings(
            Settings, data=seeds_data, llm_url=url, llm_model="small", llm_key=KEY
        )
        engine = build(settings)
        with client_of(engine, seeds_data, tracing) as client:
            headers = {"Authorization": f"Bearer {TOKEN}"}
            client.post("/v1/ask", json={"question": "Who met in Paris?"}, headers=headers)
        engine.close()
    assert tree(spans)["llm"] == "ask"
    calls = [span for span in spans.get_finished_spans() if span.name == "llm"]
    assert [facts(call).get("error.type") for call in calls] == [fault] * len(llm.requests)
    assert {facts(call)["gen_ai.request.model"] for call in calls} == {"small"}
    told = "".join(span.to_json() for span in spans.get_finished_spans())
    assert not [word for word in (KEY, TOKEN, "Paris", "talks", ".md", llm.host) if word in told]


class Breaks(FakeEngine):
    def stream(
        self, question: str, turns: Sequence[Turn] = (), options: AskOptions = AskOptions()
    ) -> Generator[Event, None, None]:
        yield from ()
        raise ValueError(f"cannot answer {question}")


def test_fault_is_told_by_its_kind_alone(
    tmp_path: Path, tracing: Tracing, spans: InMemorySpanExporter
) -> None:
    with client_of(Breaks(), tmp_path, tracing) as client:
        assert client.post("/v1/ask", json={"question": "Who met?"}).status_code == 500
    ask = one(spans, "ask")
    assert facts(ask)["error.type"] == "ValueError"
    assert (ask.status.is_ok, ask.status.description, ask.events) == (False, None, ())
    assert not one(spans, "POST /v1/ask").status.is_ok
    assert "Who met" not in "".join(span.to_json() for span in spans.get_finished_spans())


def test_reader_who_leaves_ends_the_span(tracing: Tracing, spans: InMemorySpanExporter) -> None:
    events = tracing.stream(FakeEngine(waits=True), "Who met?")
    next(events)
    events.close()
    assert facts(one(spans, "ask"))["footnote.left"] is True


@pytest.mark.parametrize(
    "environment",
    [
        {},
        {"OTEL_EXPORTER_OTLP_ENDPOINT": ""},
        {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318", "OTEL_SDK_DISABLED": "true"},
    ],
)
def test_tracing_is_off_unless_a_collector_is_named(environment: dict[str, str]) -> None:
    handlers = list(root_dispatcher.event_handlers)
    assert tracing_of(environment) is None
    assert root_dispatcher.event_handlers == handlers


def test_tracing_without_its_extra_names_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, EXPORTER, None)
    with pytest.raises(ConfigError, match=r"run: pip install -c constraints\.txt '\.\[otel\]'"):
        tracing_of({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318"})


class Collector(HTTPServer):
    """Takes one request, and keeps its path and body."""

    timeout = 30

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Taken)
        self.taken: tuple[str, bytes] | None = None


class Taken(BaseHTTPRequestHandler):
    server: Collector

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.taken = self.path, body
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Nothing."""


def test_spans_are_sent_to_the_collector_before_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    with Collector() as collector:
        thread = threading.Thread(target=collector.handle_request)
        thread.start()
        url = f"http://127.0.0.1:{collector.server_port}"
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", url)
        tracing = tracing_of(os.environ)
        assert tracing
        answer_of(tracing, FakeEngine())
        tracing.close()
        thread.join()
    assert collector.taken
    path, body = collector.taken
    assert path == "/v1/traces"
    assert b"footnote.outcome" in body
    assert b"Paris" not in body


class Stuck(SpanExporter):
    def __init__(self) -> None:
        self.go = threading.Event()

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        self.go.wait()
        return SpanExportResult.FAILURE


def test_close_does_not_wait_for_a_collector_that_hangs() -> None:
    stuck = Stuck()
    tracing = Tracing(BatchSpanProcessor(stuck))
    answer_of(tracing, FakeEngine())
    tracing.close()  # would never come back
    stuck.go.set()

"""OpenTelemetry spans of requests, answers and calls of the LLM, without any texts.

Exceptions are recorded by type: their messages quote questions, documents and addresses.
"""

from __future__ import annotations

import os
import threading
import time
from collections import Counter
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from typing import Any

from llama_index_instrumentation import root_dispatcher
from llama_index_instrumentation.event_handlers import BaseEventHandler
from opentelemetry.context import Context
from opentelemetry.sdk.resources import SERVICE_NAME, SERVICE_VERSION, Resource
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.trace import Span, SpanKind, StatusCode, Tracer, use_span
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from pydantic import PrivateAttr
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from index.errors import ConfigError
from index.runtime import product_version
from rag.types import Answer, Answers, AskOptions, Done, Event, Turn
from ui.observability.logs import request_id, route_of

# The exporter's own variables, by OpenTelemetry's specification.
_ENDPOINT_VARIABLES = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
_METHODS = {"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"}
_END_EVENTS = {"LLMChatEndEvent", "ExceptionEvent", "SpanDropEvent"}
# A collector that does not reply must not delay the end of the server.
_FLUSH_SECONDS = 2.0


def tracing_of(environment: Mapping[str, str]) -> Tracing | None:
    """Tracing to the OTLP endpoint that the environment names, None if it names none.

    Raises ConfigError if the exporter is not installed.
    """
    if not any(environment.get(name) for name in _ENDPOINT_VARIABLES):
        return None
    if environment.get("OTEL_SDK_DISABLED", "").lower() == "true":
        return None
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    except ImportError:
        raise ConfigError(
            "OTEL_EXPORTER_OTLP_ENDPOINT is set, but the extra for traces is not installed; "
            "run: pip install -c constraints.txt '.[otel]'"
        ) from None
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    return Tracing(BatchSpanProcessor(OTLPSpanExporter()))


class Tracing:
    """The tracer of one application; `close` flushes it."""

    def __init__(self, processor: SpanProcessor) -> None:
        # Not the global provider: libraries would add spans of their own, with texts in them.
        name = os.environ.get("OTEL_SERVICE_NAME", "footnote")
        resource = Resource.create({SERVICE_NAME: name, SERVICE_VERSION: product_version()})
        self._provider = TracerProvider(resource=resource, shutdown_on_exit=False)
        self._provider.add_span_processor(processor)
        self.tracer = self._provider.get_tracer("footnote")
        self._llm_spans = _LLMSpans(self.tracer)
        root_dispatcher.add_event_handler(self._llm_spans)

    def stream(
        self,
        engine: Answers,
        question: str,
        turns: Sequence[Turn] = (),
        options: AskOptions = AskOptions(),
    ) -> Generator[Event, None, None]:
        """As the engine's, with spans around the answer."""
        attributes = {"footnote.question.characters": len(question), "footnote.turns": len(turns)}
        with (
            _span(self.tracer, "ask", attributes) as ask,
            closing(engine.stream(question, turns, options)) as events,
        ):
            for event in events:
                if isinstance(event, Done):
                    ask.set_attributes(_attributes_of(event.answer))
                    self._add_stages(event.answer.seconds)
                yield event

    def close(self) -> None:
        """Flush the last spans, for up to two seconds."""
        root_dispatcher.event_handlers.remove(self._llm_spans)
        last = threading.Thread(target=self._provider.shutdown, daemon=True)
        last.start()
        last.join(_FLUSH_SECONDS)

    def _add_stages(self, seconds: Mapping[str, float]) -> None:
        """Add a span for each stage, from the answer's timings; they follow each other."""
        began = time.time_ns() - _nanoseconds(seconds.get("total", 0.0))
        for name, taken in seconds.items():
            if name != "total":
                ended = began + _nanoseconds(taken)
                self.tracer.start_span(name, start_time=began).end(ended)
                began = ended


class TraceMiddleware:
    """ASGI middleware: a span for each request of the API, within the caller's trace."""

    def __init__(self, app: ASGIApp, tracer: Tracer) -> None:
        self._app = app
        self._tracer = tracer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on within its span; requests of the page have none."""
        route = route_of(scope["path"]) if scope["type"] == "http" else ""
        if not route.startswith(("/v1/", "/mcp")):
            await self._app(scope, receive, send)
            return
        method = scope["method"] if scope["method"] in _METHODS else "_OTHER"
        attributes = {
            "http.request.method": method,
            "http.route": route,
            "footnote.request": request_id.get(),
        }
        caller = TraceContextTextMapPropagator().extract(dict(Headers(scope=scope)))
        with _span(self._tracer, f"{method} {route}", attributes, SpanKind.SERVER, caller) as span:

            async def send_recorded(message: Message) -> None:
                if message["type"] == "http.response.start":
                    span.set_attribute("http.response.status_code", message["status"])
                    if message["status"] >= 500:
                        span.set_status(StatusCode.ERROR)
                await send(message)

            await self._app(scope, receive, send_recorded)


class _LLMSpans(BaseEventHandler):
    """A span for each call of an LLM, from llama-index's events, also of its errors."""

    _tracer: Tracer = PrivateAttr()
    _open: dict[str, Span] = PrivateAttr(default_factory=dict)

    def __init__(self, tracer: Tracer) -> None:
        super().__init__()
        self._tracer = tracer

    def handle(self, event: Any, **_: Any) -> None:  # noqa: ANN401
        """Start or end a span. An event is known by its name: importing its class takes seconds."""
        kind = event.class_name()
        if kind == "LLMChatStartEvent":
            model = str(event.model_dict.get("model_name", ""))
            attributes = {"gen_ai.operation.name": "chat", "gen_ai.request.model": model}
            self._open[event.span_id] = self._tracer.start_span(
                "llm", kind=SpanKind.CLIENT, attributes=attributes
            )
        elif kind in _END_EVENTS and (span := self._open.pop(event.span_id, None)):
            _record(span, getattr(event, "exception", None))
            span.end()


@contextmanager
def _span(
    tracer: Tracer,
    name: str,
    attributes: Mapping[str, str | int] | None = None,
    kind: SpanKind = SpanKind.INTERNAL,
    context: Context | None = None,
) -> Iterator[Span]:
    """A current span that records the exception that ends it."""
    span = tracer.start_span(name, context, kind, attributes)
    try:
        with use_span(span, record_exception=False, set_status_on_exception=False):
            yield span
    except BaseException as error:
        _record(span, error)
        raise
    finally:
        span.end()


def _record(span: Span, error: BaseException | None) -> None:
    """Record what ended a span: an error, or a reader that left."""
    if isinstance(error, Exception):
        span.set_status(StatusCode.ERROR)
        span.set_attribute("error.type", type(error).__name__)
    elif error:
        span.set_attribute("footnote.left", True)


def _attributes_of(answer: Answer) -> dict[str, str | int | float]:
    """The attributes of an answer: its outcome and counts."""
    verdicts = Counter(statement.support.value for statement in answer.statements)
    return {
        "footnote.outcome": answer.refusal.reason.value if answer.refusal else "answered",
        "footnote.composer": answer.composer,
        "footnote.passages": len(answer.hits),
        "footnote.citations": len(answer.citations),
        "footnote.confidence": answer.confidence,
        **{f"footnote.statements.{name}": count for name, count in verdicts.items()},
    }


def _nanoseconds(seconds: float) -> int:
    return round(seconds * 1e9)

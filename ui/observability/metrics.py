"""Prometheus metrics: outcomes of questions, durations of stages, requests and gauges."""

from __future__ import annotations

from collections.abc import Callable

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    generate_latest,
)

from rag.types import Answer
from ui.service.admission import outcome_of

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_STAGES = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120)


class Metrics:
    """The metrics of one application; an observer of its questions and requests."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        self._questions = Counter(
            "footnote_questions",
            "Questions by outcome: answered, why refused, busy, late, stopping, left, fault",
            ["outcome"],
            registry=self._registry,
        )
        self._statements = Counter(
            "footnote_statements",
            "Statements of answers by support verdict",
            ["support"],
            registry=self._registry,
        )
        self._stages = Histogram(
            "footnote_stage_seconds",
            "Seconds that answers took, by stage and in total",
            ["stage"],
            buckets=_STAGES,
            registry=self._registry,
        )
        self._requests = Counter(
            "footnote_requests",
            "HTTP requests by method, route and status",
            ["method", "route", "status"],
            registry=self._registry,
        )

    def add_gauge(self, name: str, description: str, value: Callable[[], float]) -> None:
        """Add a gauge whose value is looked up at each scrape."""
        Gauge(name, description, registry=self._registry).set_function(value)

    def answered(self, question: str, answer: Answer) -> None:
        """Count an answer."""
        outcome = answer.refusal.reason.value if answer.refusal else "answered"
        self._questions.labels(outcome).inc()
        for statement in answer.statements:
            self._statements.labels(statement.support.value).inc()
        for stage, seconds in answer.seconds.items():
            self._stages.labels(stage).observe(seconds)

    def failed(self, question: str, error: BaseException | None) -> None:
        """Count a question without an answer."""
        self._questions.labels(outcome_of(error) or "fault").inc()

    def requested(self, method: str, route: str, status: int) -> None:
        """Count a request; routes are few, so that no caller adds label values."""
        self._requests.labels(method, route, str(status)).inc()

    def text(self) -> bytes:
        """All metrics in Prometheus' text format."""
        return generate_latest(self._registry)

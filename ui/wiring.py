"""Wires the services of one server: admission control, library, tokens, limits and metrics."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from index.errors import FootnoteError
from rag.retrieval.cross_encoder import LoadedModels
from rag.settings import Settings
from rag.types import Answer, Answers
from ui.http.auth import Caller
from ui.observability.logs import QuestionLog
from ui.observability.metrics import Metrics
from ui.observability.tracing import Tracing
from ui.service.admission import AdmissionControl, Limits, Observer, streamed
from ui.service.answer_options import OptionsPolicy
from ui.service.library import Library
from ui.service.settings import ServiceSettings
from ui.service.tokens import RateLimit, Tokens

_UPLOADS_OFF = "documents can't be added or deleted here; set FOOTNOTE_UPLOADS=true to allow it"
_READ_ONLY = "Your token may read; to add or delete documents, log in with one that may write."
_AT_ONCE = {"quotes": 16, "llm": 4}


@dataclass(frozen=True, slots=True)
class Service:
    """The services that all interfaces share; `tokens` is None where no token is required.

    `models` are those of the engine, None for an engine without any.
    """

    engine: Answers
    answers: AdmissionControl
    library: Library
    metrics: Metrics
    rate_limit: RateLimit
    tokens: Tokens | None
    upload_bytes: int
    options_policy: OptionsPolicy
    models: LoadedModels | None
    settings: ServiceSettings

    def library_for(self, caller: Caller) -> Library:
        """The library with the rights of a caller."""
        return self.library if caller.may_write else self.library.for_readers(_READ_ONLY)


def make_service(
    engine: Answers, settings: Settings, wanted: ServiceSettings, tracing: Tracing | None = None
) -> Service:
    """The services over an engine; `wanted` must be resolved by `ServiceSettings.for_host`."""
    metrics = Metrics()
    limits = Limits(
        at_once=wanted.answers_at_once or _AT_ONCE[settings.composer_name],
        waiting=wanted.queue,
        seconds=wanted.answer_seconds,
    )
    observer = _Observers((metrics, QuestionLog()))
    streaming = tracing.stream if tracing else streamed
    answers = AdmissionControl(engine, limits, observer, streaming)
    closed = "" if wanted.uploads else _UPLOADS_OFF
    library = Library(settings, answers, closed, folder_mb=wanted.uploads_mb)
    metrics.add_gauge("footnote_answers_running", "Answers being made", lambda: answers.running)
    metrics.add_gauge("footnote_answers_waiting", "Questions that wait", lambda: answers.waiting)
    metrics.add_gauge("footnote_generation", "Generation of the index", _generation_of(engine))
    metrics.add_gauge("footnote_sync_running", "Whether a sync runs", lambda: library.sync.running)
    return Service(
        engine,
        answers,
        library,
        metrics,
        RateLimit(wanted.requests_per_minute or 0),
        Tokens(settings.data) if wanted.require_token else None,
        settings.max_file_mb << 20,
        OptionsPolicy(settings),
        getattr(engine, "models", None),
        wanted,
    )


class _Observers:
    """Passes outcomes on to several observers."""

    def __init__(self, observers: Sequence[Observer]) -> None:
        self._observers = observers

    def answered(self, question: str, answer: Answer) -> None:
        for observer in self._observers:
            observer.answered(question, answer)

    def failed(self, question: str, error: BaseException | None) -> None:
        for observer in self._observers:
            observer.failed(question, error)


def _generation_of(engine: Answers) -> Callable[[], float]:
    def generation() -> float:
        try:
            return engine.generation
        except FootnoteError:
            return math.nan

    return generation

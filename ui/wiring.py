"""Wires the services of one server: admission control, library, tokens, limits and metrics."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from index.errors import FootnoteError
from rag.retrieval.cross_encoder import LoadedModels
from rag.settings import Settings
from rag.types import Answer, Answers
from ui.observability.logs import QuestionLog
from ui.observability.metrics import Metrics
from ui.observability.tracing import Tracing
from ui.service.admission import AdmissionControl, Limits, Observer, streamed
from ui.service.answer_options import OptionsPolicy
from ui.service.background_sync import BackgroundSync, FirstIndex
from ui.service.collections import CollectionAccess, Collections
from ui.service.library import Library
from ui.service.settings import ServiceSettings
from ui.service.shared.database import SharedDatabase, database_of
from ui.service.shared.limits import LimitStorage
from ui.service.tokens import RateLimit, Tokens, tokens_of

_UPLOADS_OFF = "documents can't be added or deleted here; set FOOTNOTE_UPLOADS=true to allow it"
_FOLLOWS = "documents are added and deleted where this index is published"
_READ_ONLY = "Your token may read; to add or delete documents, log in with one that may write."
_AT_ONCE = {"quotes": 16, "llm": 4}


@dataclass(frozen=True, slots=True)
class Service:
    """The services that all interfaces share; `tokens` is None where no token is required.

    `access` has the answers and libraries for a caller, and `answers` those of all. `apart` is the
    same for what the page asks by itself: one at a time, in no reader's place, and not counted.
    `models` are those of the engine, None for an engine without any. `database` is the one that
    servers share, if there is one.
    """

    engine: Answers
    answers: AdmissionControl
    access: CollectionAccess
    apart: CollectionAccess
    metrics: Metrics
    rate_limit: RateLimit
    tokens: Tokens | None
    upload_bytes: int
    options_policy: OptionsPolicy
    models: LoadedModels | None
    settings: ServiceSettings
    database: SharedDatabase | None = None


def make_service(
    engine: Answers,
    settings: Settings,
    wanted: ServiceSettings,
    tracing: Tracing | None = None,
    collections: Collections | None = None,
    first: FirstIndex | None = None,
) -> Service:
    """The services over an engine, that of the collections if there are some.

    `wanted` must be resolved by `ServiceSettings.for_host`. `first` is what is being indexed for
    the first time meanwhile.
    """
    metrics = Metrics()
    database = database_of(wanted)
    limits = Limits(
        at_once=wanted.answers_at_once or _AT_ONCE[settings.composer_name],
        waiting=wanted.queue,
        seconds=wanted.answer_seconds,
    )
    observer = _Observers((metrics, QuestionLog()))
    streaming = tracing.stream if tracing else streamed
    answers = AdmissionControl(engine, limits, observer, streaming)
    libraries = _libraries(answers, settings, wanted, collections, first or FirstIndex(()))
    access = CollectionAccess(answers, libraries, collections, _READ_ONLY)
    metrics.add_gauge("footnote_answers_running", "Answers being made", lambda: answers.running)
    metrics.add_gauge("footnote_answers_waiting", "Questions that wait", lambda: answers.waiting)
    metrics.add_gauge("footnote_generation", "Generation of the index", _generation_of(engine))
    metrics.add_gauge("footnote_sync_running", "Whether a sync runs", lambda: access.is_syncing)
    return Service(
        engine,
        answers,
        access,
        access.with_answers(AdmissionControl(engine, Limits(at_once=1))),
        metrics,
        RateLimit(wanted.requests_per_minute or 0, LimitStorage(wanted.limits)),
        tokens_of(settings.data, database) if wanted.require_token else None,
        settings.max_file_mb << 20,
        OptionsPolicy(settings),
        getattr(engine, "models", None),
        wanted,
        database,
    )


def _libraries(
    answers: AdmissionControl,
    settings: Settings,
    wanted: ServiceSettings,
    collections: Collections | None,
    first: FirstIndex,
) -> dict[str, Library]:
    """The library of each collection by name, or that of the one folder as ""."""
    closed = _FOLLOWS if wanted.follow else "" if wanted.uploads else _UPLOADS_OFF
    most = wanted.uploads_mb
    if collections is None:
        sync = BackgroundSync(settings, first.state)
        return {"": Library(settings, answers, closed, sync, most)}
    return {
        name: Library(
            collections.settings[name],
            answers.over(collections.alone(name)),
            closed,
            BackgroundSync(collections.settings[name], partial(first.state, name)),
            most,
        )
        for name in collections.names
    }


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

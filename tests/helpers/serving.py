"""What tests of the service share: an engine without an index, whose answers wait to be let go."""

from __future__ import annotations

import threading
from collections.abc import Generator, Sequence

from fastapi import APIRouter, FastAPI
from fastapi.testclient import TestClient

from index.catalog.reader import DocumentInfo
from index.types import Document, Hit
from rag.types import (
    Answer,
    Answers,
    AskOptions,
    Delta,
    Done,
    Event,
    Reason,
    Refusal,
    Retrieved,
    Turn,
)
from ui.http.auth import AuthMiddleware
from ui.service.admission import AdmissionControl
from ui.service.collections import CollectionAccess
from ui.service.tokens import RateLimit


def answer_to(question: str) -> Answer:
    """A refusal, which is an answer that needs no passage."""
    return Answer(
        question=question,
        query=question,
        text="No.",
        statements=(),
        citations=(),
        refusal=Refusal(Reason.NO_EVIDENCE, "No."),
        hits=(),
        composer="fake",
        stray=0,
        note="",
        seconds={"search": 0.25, "total": 0.5},
        fingerprint="fake",
    )


class FakeEngine:
    """Answers at once, or once `go` is set; `closed` counts streams that were left."""

    def __init__(self, waits: bool = False) -> None:
        self.go = threading.Event()
        if not waits:
            self.go.set()
        self.begun = threading.Semaphore(0)
        self.closed = threading.Semaphore(0)
        self.running = self.most = 0
        self._lock = threading.Lock()

    def stream(
        self, question: str, turns: Sequence[Turn] = (), options: AskOptions = AskOptions()
    ) -> Generator[Event, None, None]:
        self._count(1)
        try:
            yield Retrieved(question, ())
            self.begun.release()
            while not self.go.wait(0.01):
                yield Delta("word ")
            yield Done(answer_to(question))
        except GeneratorExit:
            self.closed.release()
            raise
        finally:
            self._count(-1)

    def _count(self, change: int) -> None:
        with self._lock:
            self.running += change
            self.most = max(self.most, self.running)

    def answer(
        self, question: str, turns: Sequence[Turn] = (), options: AskOptions = AskOptions()
    ) -> Answer:
        *_, done = self.stream(question, turns, options)
        assert isinstance(done, Done)
        return done.answer

    def search(
        self, query: str, k: int, turns: Sequence[Turn] = (), options: AskOptions = AskOptions()
    ) -> tuple[str, tuple[Hit, ...]]:
        return query, ()

    def documents(self) -> list[DocumentInfo]:
        return [DocumentInfo("a.md", "A", 1, None, 1, None, 0, ())]

    def document(self, path: str) -> Document:
        return Document(path, "A", "Words of a document.", "0" * 64)

    @property
    def generation(self) -> int:
        return 7

    def warm_up(self) -> None:
        pass

    def keep_up(self, stop: threading.Event) -> None:
        pass

    def close(self) -> None:
        pass


def one_folder(engine: Answers) -> CollectionAccess:
    """What routes are made over, for an engine of one folder."""
    return CollectionAccess(AdmissionControl(engine), {})


def client_over(router: APIRouter) -> TestClient:
    """A client of these routes alone, for callers without tokens."""
    app = FastAPI()
    app.include_router(router)
    app.add_middleware(AuthMiddleware, tokens=None, rate_limit=RateLimit(0))
    return TestClient(app)

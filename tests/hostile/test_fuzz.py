"""Requests made up from the interface's own description: each reply is one that it describes."""

from __future__ import annotations

from contextlib import nullcontext, suppress
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, reject, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from requests import RequestException
from schemathesis import GenerationMode
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from index.settings import load_settings
from index.sync.sync import sync
from rag.retrieval.cross_encoder import LoadedModels
from rag.settings import Settings
from tests.helpers.indexing import minilm
from tests.helpers.serving import FakeEngine
from ui.app import make_app
from ui.service.background_sync import BackgroundSync
from ui.service.settings import ServiceSettings

pytestmark = [pytest.mark.unit, pytest.mark.slow]
CHECKS = [
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
NAMES = (
    "Accept Accept-Encoding Authorization Content-Encoding Content-Length Content-Type Cookie"
    " Expect Host If-None-Match Last-Event-ID Origin Range Sec-Fetch-Mode Sec-Fetch-Site"
    " Traceparent Transfer-Encoding X-Forwarded-For X-Request-ID"
).split()
VALUES = st.one_of(
    st.sampled_from(["", "*", "*/*", "0", "-1", "9" * 30, "null", "gzip", "chunked", "cross-site"]),
    st.sampled_from(["text/event-stream", "application/json; charset=utf-16", "Bearer x", "::"]),
    st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=60),
    st.text(st.characters(min_codepoint=160, max_codepoint=255), max_size=9),
)
HEADERS = st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=5)


def operations(schema: Any) -> list[Any]:  # noqa: ANN401
    found = [each.ok() for each in schema.get_all_operations() if isinstance(each, Ok)]
    assert len(found) >= 10
    return found


def check(
    operation: Any,  # noqa: ANN401
    examples: int,
    headers: st.SearchStrategy[dict[str, str]],
    mode: GenerationMode = GenerationMode.POSITIVE,
) -> None:
    """Make requests of an operation; each reply must be one that is described."""

    @settings(max_examples=examples, suppress_health_check=list(HealthCheck))
    @given(case=operation.as_strategy(mode), more=headers)
    def call(case: Any, more: dict[str, str]) -> None:  # noqa: ANN401
        try:
            reply = case.call(headers=more)
        except (RequestException, ValueError):
            reject()  # what a client cannot send
        said = f"{case.method} {case.path} {more}: {reply.status_code}"
        assert reply.status_code < 500 or reply.status_code == 503, said
        case.validate_response(reply, checks=CHECKS)
        if reply.status_code >= 400:
            assert list(reply.json()) == ["error"], said

    call()


@pytest.mark.parametrize("headers", [st.just({}), HEADERS], ids=["plain", "headers"])
def test_requests_made_from_the_description_get_what_it_describes(
    tmp_path: Path, headers: st.SearchStrategy[dict[str, str]]
) -> None:
    wanted = load_settings(ServiceSettings, data=tmp_path, uploads=False).for_host("127.0.0.1")
    app = make_app(FakeEngine(), load_settings(Settings, data=tmp_path), ("*",), wanted)
    for operation in operations(schemathesis.openapi.from_asgi("/openapi.json", app)):
        check(operation, 25, headers)


@pytest.mark.full
@pytest.mark.parametrize("mode", GenerationMode, ids=lambda mode: mode.value)
def test_requests_right_and_wrong_with_odd_headers_get_what_is_described(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: GenerationMode
) -> None:
    # What is uploaded stays unread: thousands of syncs would tell nothing of the doors.
    monkeypatch.setattr(BackgroundSync, "request", lambda *_: None)
    corpus, data = tmp_path / "corpus", tmp_path / "data"
    corpus.mkdir()
    (corpus / "brief.md").write_text("Cairo hosted the talks.", encoding="utf-8")
    wanted = load_settings(ServiceSettings, data=data).for_host("127.0.0.1")
    engine, model = FakeEngine(), minilm()
    monkeypatch.setattr(engine, "models", LoadedModels(model), raising=False)
    sync(wanted, corpus, embedder=model)
    app = make_app(engine, load_settings(Settings, data=data), ("*",), wanted)
    tried, with_json = set[str](), set[str]()
    for operation in operations(schemathesis.openapi.from_asgi("/openapi.json", app)):
        if any(body.media_type == "application/json" for body in operation.body):
            with_json.add(operation.label)
        # What takes no input, or any, cannot be asked wrongly.
        with suppress(Unsatisfiable) if mode is GenerationMode.NEGATIVE else nullcontext():
            check(operation, 150, HEADERS, mode)
            tried.add(operation.label)
    assert len(with_json) == 6
    assert with_json <= tried
    assert len(tried) >= 6

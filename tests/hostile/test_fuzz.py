"""Requests made up from the interface's own description: none ends in a fault of the server."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.core.result import Ok

from index.settings import load_settings
from rag.settings import Settings
from tests.helpers.serving import FakeEngine
from ui.app import make_app
from ui.service.settings import ServiceSettings

pytestmark = [pytest.mark.unit, pytest.mark.slow]


def test_requests_made_from_the_description_are_no_fault_of_the_server(
    tmp_path: Path,
) -> None:
    wanted = load_settings(ServiceSettings, data=tmp_path, uploads=False).for_host("127.0.0.1")
    app = make_app(FakeEngine(), load_settings(Settings, data=tmp_path), ("*",), wanted)
    schema = schemathesis.openapi.from_asgi("/openapi.json", app)
    operations = [found.ok() for found in schema.get_all_operations() if isinstance(found, Ok)]
    assert len(operations) >= 10
    for operation in operations:

        @settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
        @given(case=operation.as_strategy())
        def call(case: Any) -> None:  # noqa: ANN401
            reply = case.call()
            assert reply.status_code < 500, f"{case.method} {case.path}"
            if reply.status_code >= 400:
                assert list(reply.json()) == ["error"], f"{case.method} {case.path}"

        call()

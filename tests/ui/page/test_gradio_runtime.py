"""Sessions of pages that were closed are forgotten, and tracebacks are logged without text."""

from __future__ import annotations

import asyncio
import logging
import sys
import traceback
from datetime import datetime, timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from gradio import queueing

from index.settings import load_settings
from rag.settings import Settings
from tests.helpers.serving import FakeEngine
from ui.app import make_app
from ui.page.gradio_runtime import PageSessions, log_tracebacks

pytestmark = pytest.mark.unit


def blocks(data: Path) -> Any:  # noqa: ANN401
    """Those of the page, as it is made for a server."""
    app = make_app(FakeEngine(), load_settings(Settings, data=data))
    page: Any = app.state.late["/"].make().app
    return page.get_blocks()


def test_sessions_of_closed_pages_are_forgotten_and_of_open_ones_kept(tmp_path: Path) -> None:
    sessions = PageSessions(blocks(tmp_path))
    holder = sessions._blocks.state_holder
    for name in ("open", "closed", "left"):
        holder[name].is_closed = name == "closed"
        sessions._blocks._queue.pending_messages_per_session[name] = asyncio.Queue()
    now = datetime.now()
    assert sessions.sweep(now) == 0
    assert sessions.sweep(now + timedelta(minutes=3)) == 1
    assert list(holder.session_data) == list(holder.time_last_used) == ["open", "left"]
    assert "closed" not in sessions._blocks._queue.pending_messages_per_session
    holder.time_last_used["open"] = now + timedelta(hours=3)
    assert sessions.sweep(now + timedelta(hours=3)) == 1
    assert list(holder.session_data) == ["open"]


def test_sessions_are_few_even_when_all_pages_stay_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ui.page.gradio_runtime._MOST_SESSIONS", 20)
    holder = blocks(tmp_path).state_holder
    for number in range(200):
        _ = holder[str(number)]
    assert len(holder.session_data) == len(holder.time_last_used) == 20


def test_traceback_that_gradio_prints_is_logged_without_text(
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    module = ModuleType("gradio.theirs")
    module.traceback = traceback  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "gradio.theirs", module)
    log_tracebacks()
    try:
        raise ValueError("who met in Paris?")
    except ValueError:
        with caplog.at_level(logging.ERROR):
            module.traceback.print_exc()
    assert capsys.readouterr().err == ""
    assert caplog.messages == ["the chat page could not handle an event"]
    assert module.traceback.format_exc
    assert vars(queueing)["traceback"] is not traceback

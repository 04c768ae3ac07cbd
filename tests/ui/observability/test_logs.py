"""Logs: one line each, without messages of exceptions, and never a secret."""

from __future__ import annotations

import json
import logging
import sys
import threading
import warnings
from collections.abc import Iterator
from typing import Any

import pytest

from index.settings import load_settings
from rag.settings import Settings
from ui.observability.logs import configure_logging, request_id, route_of, secrets_of

pytestmark = pytest.mark.unit

SECRETS = ("sk-hunter2", "pass word")


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    """The handlers of other tests stay theirs."""
    root, ours = logging.getLogger(), logging.getLogger("ui")
    handlers, levels = root.handlers[:], (root.level, ours.level)
    hooks = sys.excepthook, threading.excepthook
    yield
    sys.excepthook, threading.excepthook = hooks
    logging.captureWarnings(False)
    root.handlers[:] = handlers
    root.setLevel(levels[0])
    ours.setLevel(levels[1])


def fail() -> None:
    try:
        raise ValueError("the question was: who met sk-hunter2\nin Paris?")
    except ValueError as error:
        raise RuntimeError("http://user:pass word@host") from error


def test_exception_is_told_by_kind_and_place_alone(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging(SECRETS)
    try:
        fail()
    except RuntimeError:
        logging.getLogger("ui.http.sse").exception("the stream broke")
    line = capsys.readouterr().err
    assert line.startswith(
        "error: the stream broke: RuntimeError from ValueError in observability/test_logs.py:"
    )
    assert line.count("\n") == 1
    assert "Paris" not in line
    assert "host" not in line


def test_secrets_and_tokens_are_removed_from_every_line(
    capsys: pytest.CaptureFixture[str],
) -> None:
    for as_json in (False, True):
        configure_logging(SECRETS, as_json)
        logging.getLogger("ui.a").warning("GET %s?t=fn_%s with %s", "/a", "x" * 43, SECRETS[0])
        line = capsys.readouterr().err
        assert "GET /a?t=[removed] with [removed]" in line


def test_libraries_tell_no_text_of_what_they_work_on(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging()
    logging.getLogger("httpx").warning("GET %s", "/who-met-in-paris")
    logging.getLogger("asyncio").error("Task was never retrieved\nfuture: ValueError('Paris')")
    warnings.warn("an odd value:\nParis", stacklevel=1)
    lines = capsys.readouterr().err
    assert lines.count("\n") == 3
    assert "aris" not in lines
    assert lines.startswith("warning: GET %s\nerror: Task was never retrieved\nwarning: ")


def test_exception_of_a_thread_is_logged_without_its_message(
    capsys: pytest.CaptureFixture[str],
) -> None:
    configure_logging()
    thread = threading.Thread(target=fail)
    thread.start()
    thread.join()
    sys.excepthook(ValueError, ValueError("who met in Paris?"), None)
    first, second = capsys.readouterr().err.splitlines()
    assert first.startswith("error: an exception ended a thread: RuntimeError from ValueError in ")
    assert second == "error: an exception ended the program: ValueError in "


def test_json_lines_carry_the_request_and_facts(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging(as_json=True)
    before = request_id.set("mine")
    logging.getLogger("ui.observability.logs").info("question", extra={"fields": {"characters": 3}})
    logging.getLogger("httpx").info("GET /secret")
    request_id.reset(before)
    line: dict[str, Any] = json.loads(capsys.readouterr().err)
    assert line.pop("time")
    assert line == {
        "level": "info",
        "logger": "ui.observability.logs",
        "event": "question",
        "request": "mine",
        "characters": 3,
    }


def test_plain_logs_tell_what_went_wrong_alone(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging()
    logging.getLogger("ui.observability.logs").info("question")
    assert capsys.readouterr().err == ""


def test_secrets_are_the_key_and_what_the_address_holds() -> None:
    url = "http://me:p%40ss@127.0.0.1/v1"
    settings = load_settings(Settings, llm_url=url, llm_key="sk-1")
    assert set(secrets_of(settings)) == {"sk-1", "p%40ss", "p@ss"}
    assert secrets_of(load_settings(Settings)) == ()


@pytest.mark.parametrize(
    ("path", "route"),
    [
        ("/", "/"),
        ("/v1/ask", "/v1/ask"),
        ("/v1/documents/secret/plan.md", "/v1/documents"),
        ("/documents/secret.md", "/documents"),
        ("/v1/secret", "/v1/…"),
        ("/v1", "/v1/…"),
        ("/secret", "/…"),
        ("/gradio_api/heartbeat/secret", "/gradio_api"),
    ],
)
def test_route_is_one_of_a_few(path: str, route: str) -> None:
    assert route_of(path) == route

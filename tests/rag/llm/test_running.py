"""LLM servers that run on this machine: found, offered, and not trusted."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from pytest_socket import enable_socket

from index.settings import load_settings
from rag.llm.running import USUAL_PORTS, RunningServer, offered_servers, running_servers
from rag.settings import Settings
from tests.helpers.fake_llm import FakeLLM

pytestmark = pytest.mark.unit


@pytest.fixture(autouse=True)
def _loopback(_no_sockets: None) -> None:
    enable_socket()


@pytest.fixture
def server() -> Iterator[FakeLLM]:
    made = FakeLLM([])
    yield made
    made.close()


def found(server: FakeLLM, told: Any) -> tuple[RunningServer, ...]:  # noqa: ANN401
    server.facts["/v1/models"] = told
    return running_servers([int(server.host.rpartition(":")[2])])


def models(*names: str) -> dict[str, list[dict[str, str]]]:
    return {"data": [{"id": name} for name in names]}


def test_running_server_is_named_with_its_models_and_the_command_that_uses_it(
    server: FakeLLM,
) -> None:
    (one,) = found(server, models("llama3.1:8b", "nomic-embed-text", "b", "c", "d"))
    assert one == RunningServer(
        "An LLM server", f"http://{server.host}/v1", ("llama3.1:8b", "b", "c", "d")
    )
    assert one.sentence == "An LLM server runs on this machine with llama3.1:8b, b, c and 1 more"
    assert one.command == f"footnote llm --use http://{server.host}/v1 --model llama3.1:8b"


@pytest.mark.parametrize(
    "told",
    [
        None,
        [],
        {"data": "no list"},
        {"data": [{}]},
        models(),
        models("footnote"),
        models("nomic-embed-text"),
        models("x; rm -rf ~", "a\nb", "\x1b[31m", "$(reboot)", "y" * 130),
        models(*["long" * 20] * 10_000),
    ],
)
def test_running_server_that_is_none_or_says_odd_things_is_left_out(
    server: FakeLLM, told: object
) -> None:
    assert found(server, told) == ()


def test_running_servers_are_none_where_nothing_listens() -> None:
    assert running_servers([1]) == ()


def test_running_servers_are_offered_only_where_no_choice_was_made(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    one = RunningServer("Ollama", "http://127.0.0.1:11434/v1", ("m",))
    monkeypatch.setattr("rag.llm.running.running_servers", lambda: (one,))
    assert offered_servers(load_settings(Settings)) == (one,)
    for given in ({"llm_url": "http://127.0.0.1:1/v1"}, {"composer": "quotes"}):
        assert offered_servers(load_settings(Settings, **given)) == ()


def test_usual_ports_are_those_of_four_programs() -> None:
    assert sorted(USUAL_PORTS) == [1234, 8000, 8080, 11434]

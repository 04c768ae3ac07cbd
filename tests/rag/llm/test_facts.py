"""What servers tell about their models, and the profile and budget that follow."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from rag.llm.client import OpenAICompatibleLLM
from rag.llm.facts import ModelFacts, Profile, ask_facts, parameters_in

pytestmark = pytest.mark.unit

URL = "http://llm.test/v1"


def told(answers: dict[str, Any], model: str = "m") -> ModelFacts:
    """The facts from a server that answers so by path, and 404 for any other one."""

    def answer(request: httpx.Request) -> httpx.Response:
        found = answers.get(request.url.path)
        return httpx.Response(200, json=found) if found is not None else httpx.Response(404)

    return ask_facts(httpx.Client(transport=httpx.MockTransport(answer)), URL, model)


def models(**entry: Any) -> dict[str, Any]:
    return {"data": [{"id": "other", "context_window": 512}, {"id": "m", **entry}]}


@pytest.mark.parametrize(
    ("answers", "window", "parameters"),
    [
        ({}, 0, 0),
        ({"/v1/models": models()}, 0, 0),
        ({"/v1/models": models(max_model_len=32768)}, 32768, 0),
        ({"/v1/models": models(context_length=8192)}, 8192, 0),
        ({"/v1/models": models(max_context_length=9000, loaded_context_length=4096)}, 4096, 0),
        ({"/v1/models": models(context_window="8192")}, 0, 0),
        ({"/v1/models": models(context_window=-1)}, 0, 0),
        ({"/v1/models": ["m"]}, 0, 0),
        (
            {
                "/v1/models": models(owned_by="llamacpp", meta={"n_params": 1.5e9, "n_ctx": 9999}),
                "/props": {"default_generation_settings": {"n_ctx": 8192}},
            },
            8192,
            1.5e9,
        ),
        (
            {
                "/v1/models": models(owned_by="library"),
                "/api/show": {
                    "details": {"parameter_size": "8.0B"},
                    "model_info": {"llama.context_length": 131072},
                },
            },
            4096,
            8e9,
        ),
        (
            {
                "/v1/models": models(owned_by="library"),
                "/api/show": {"parameters": "temperature 0\nnum_ctx 16384"},
            },
            16384,
            0,
        ),
        ({"/v1/models": models(owned_by="library")}, 0, 0),
    ],
)
def test_facts_are_what_each_kind_of_server_tells(
    answers: dict[str, Any], window: int, parameters: float
) -> None:
    assert told(answers) == ModelFacts("m", window, parameters)


def test_facts_without_a_model_are_those_of_the_first_one() -> None:
    assert told({"/v1/models": models()}, "") == ModelFacts("other", 512)


def test_facts_of_a_server_that_never_ends_are_none() -> None:
    def answer(_: httpx.Request) -> httpx.Response:
        return httpx.Response(200, content=b" " * 2_000_000)

    client = httpx.Client(transport=httpx.MockTransport(answer))
    assert ask_facts(client, URL, "m") == ModelFacts("m")


@pytest.mark.parametrize(
    ("name", "parameters", "profile"),
    [
        ("SmolLM2-135M-Instruct-Q4_K_M", 135e6, Profile.SMALL),
        ("qwen2.5-coder-1.5b-instruct", 1.5e9, Profile.SMALL),
        ("qwen2.5:0.5b", 0.5e9, Profile.SMALL),
        ("llama3.2_3B", 3e9, Profile.CAPABLE),
        ("gpt-4o-mini", 0, Profile.CAPABLE),
        ("mixtral-8x7b", 0, Profile.CAPABLE),
        ("claude-sonnet-4-5", 0, Profile.CAPABLE),
        ("", 0, Profile.CAPABLE),
    ],
)
def test_profile_is_small_only_for_what_is_known_to_be(
    name: str, parameters: float, profile: Profile
) -> None:
    assert parameters_in(name) == parameters
    assert ModelFacts(name).profile is profile


@pytest.mark.parametrize(
    ("window", "small", "capable"),
    [
        (0, 1500, 2500),
        (256, 200, 200),
        (2048, 1024, 1126),
        (4096, 1500, 2252),
        (10**6, 1500, 10000),
    ],
)
def test_budget_follows_from_the_window(window: int, small: int, capable: int) -> None:
    facts = ModelFacts("m", window)
    assert (facts.budget(Profile.SMALL), facts.budget(Profile.CAPABLE)) == (small, capable)


def test_model_of_a_server_that_is_busy_is_what_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    told = [ModelFacts("qwen2.5-1.5b"), ModelFacts(), ModelFacts("llama-8b")]
    monkeypatch.setattr("rag.llm.client.ask_facts", lambda *_: told.pop(0))
    monkeypatch.setattr("rag.llm.client._ASK_AGAIN_SECONDS", -1)
    llm = OpenAICompatibleLLM("http://stub.invalid/v1", "")
    assert [llm.facts().name for _ in range(3)] == ["qwen2.5-1.5b", "qwen2.5-1.5b", "llama-8b"]


def test_model_of_a_server_that_is_busy_at_first_is_small_until_it_tells(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told = [ModelFacts(is_busy=True), ModelFacts(is_busy=True), ModelFacts("llama-8b", 8192, 8e9)]
    monkeypatch.setattr("rag.llm.client.ask_facts", lambda *_: told.pop(0))
    monkeypatch.setattr("rag.llm.client._BUSY_AGAIN_SECONDS", -1)
    llm = OpenAICompatibleLLM("http://stub.invalid/v1", "")
    profiles = [llm.facts().profile for _ in range(4)]
    assert profiles == [Profile.SMALL, Profile.SMALL, Profile.CAPABLE, Profile.CAPABLE]
    assert told == []


def test_model_of_a_busy_server_is_what_its_name_says() -> None:
    assert ModelFacts("llama3.2:8b", is_busy=True).profile is Profile.CAPABLE
    assert ModelFacts("qwen2.5:0.5b", is_busy=True).profile is Profile.SMALL


@pytest.mark.parametrize("path", ["/v1/models", "/props"])
@pytest.mark.parametrize(
    "fault", [503, 429, httpx.ReadTimeout("slow"), httpx.ConnectError("starts")]
)
def test_facts_of_a_server_that_has_no_time_are_told_apart_from_none(
    fault: int | httpx.TransportError, path: str
) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path != path:
            return httpx.Response(200, json=models(owned_by="llamacpp"))
        if isinstance(fault, int):
            return httpx.Response(fault)
        raise fault

    client = httpx.Client(transport=httpx.MockTransport(answer))
    assert ask_facts(client, URL, "m") == ModelFacts("m", is_busy=True)

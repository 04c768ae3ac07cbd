"""The contract of an LLM over every implementation, and settings that name none."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest
from llama_index.core.base.llms.types import CompletionResponse, CompletionResponseGen, LLMMetadata
from llama_index.core.llms import CustomLLM
from pydantic import Field
from pytest_socket import enable_socket

from index.errors import ConfigError
from index.settings import load_settings
from index.types import Hit, Passage
from rag.composition.base import ComposerInput, draft_of
from rag.composition.generative import LLMComposer
from rag.followups.llm_rewrite import Rewriter
from rag.llm.base import LLM, ChatMessage
from rag.llm.errors import LLMError
from rag.llm.providers import make_llm
from rag.settings import Settings
from rag.types import Turn
from tests.helpers.fake_llm import fails, starting, streams

pytestmark = pytest.mark.unit

CHAT = [ChatMessage("system", "Be brief."), ChatMessage("user", "Who led?")]
KEY = "sk-secret-4711"
PASSAGE = Passage("p", "a.md", "", "", "Egypt led the talks.", 0, 20, None, "d")


class Canned(CustomLLM):
    """Gives these pieces, and raises what is named after them."""

    model: str = "canned"
    api_key: str = ""
    pieces: list[str] = Field(default_factory=list)
    breaks: bool = False

    @property
    def metadata(self) -> LLMMetadata:
        return LLMMetadata(model_name=self.model)

    def complete(self, prompt: str, formatted: bool = False, **_: Any) -> CompletionResponse:
        raise NotImplementedError

    def stream_complete(
        self,
        prompt: str,
        formatted: bool = False,
        **_: Any,
    ) -> CompletionResponseGen:
        def responses() -> CompletionResponseGen:
            for piece in self.pieces:
                yield CompletionResponse(text=piece, delta=piece)
            if self.breaks:
                raise RuntimeError(f"no such thing, says the owner of {self.api_key}")

        return responses()


Make = Callable[..., LLM]


@pytest.fixture(params=["server", "class"])
def make(request: pytest.FixtureRequest, _no_sockets: None) -> Iterator[Make]:
    """Makes an LLM that replies with pieces, and breaks after them if it is told to."""
    enable_socket()

    def by_class(pieces: Sequence[str], breaks: bool = False) -> LLM:
        options = {"pieces": list(pieces), "breaks": breaks}
        return make_llm(plugged(options, llm_key=KEY), backoff=())

    with starting() as start:

        def by_server(pieces: Sequence[str], breaks: bool = False) -> LLM:
            reply = streams(*pieces, finish=None if breaks else "stop")
            server = start(fails(500) if breaks and not pieces else reply)
            settings = load_settings(Settings, llm_url=server.url, llm_model="m", llm_key=KEY)
            return make_llm(settings, backoff=())

        yield by_server if request.param == "server" else by_class


def plugged(options: dict[str, object], **settings: object) -> Settings:
    path = f"{__name__}:Canned"
    sys.modules.setdefault(__name__, sys.modules[Canned.__module__])
    return load_settings(Settings, llm_class=path, llm_options=options, **settings)


def test_llm_streams_its_pieces(make: Make) -> None:
    llm = make(["Egypt ", "led."])
    assert list(llm.stream(CHAT)) == ["Egypt ", "led."]
    assert llm.name.startswith("The LLM ")


def test_llm_that_breaks_off_raises_after_its_pieces(make: Make) -> None:
    llm, pieces = make(["Egypt "], breaks=True), list[str]()
    with pytest.raises(LLMError, match=r"^The LLM .+ (broke off in the middle|failed)") as raised:
        pieces.extend(llm.stream(CHAT))
    assert KEY not in str(raised.value) + raised.value.for_log


@pytest.mark.parametrize("breaks", [False, True])
def test_llm_without_a_word_raises_with_its_name(make: Make, breaks: bool) -> None:
    llm = make([], breaks)
    with pytest.raises(LLMError, match=r"returned no answer|failed") as raised:
        list(llm.stream(CHAT))
    assert str(raised.value).startswith(llm.name)


def test_llm_whose_reader_leaves_ends_without_an_error(make: Make) -> None:
    stream = make(["One. ", "Two."]).stream(CHAT)
    assert next(stream) == "One. "
    stream.close()
    assert list(stream) == []


def test_llm_class_composes_answers_and_rewrites_follow_ups() -> None:
    settings = plugged({"pieces": ["Egypt led ", "the talks [1]."]})
    assert settings.composer_name == "llm"
    draft = draft_of(
        LLMComposer(settings).compose(ComposerInput("Who?", (Hit(PASSAGE, 1, 1),), ()))
    )
    (claim,) = draft.claims
    assert (claim.text, [quote.text for quote in claim.quotes]) == (
        "Egypt led the talks.",
        ["Egypt led the talks."],
    )
    rewriter = Rewriter(plugged({"pieces": ["Who led ", "the talks?"]}))
    assert rewriter.rewrite("Who led them?", [Turn("The talks?", "In Cairo.")]) == (
        "Who led the talks?"
    )


def test_llm_class_gets_model_and_key_of_the_settings() -> None:
    llm = make_llm(plugged({}, llm_model="small", llm_key=KEY))
    inner: Canned = vars(llm)["_llm"]
    assert (inner.model, inner.api_key) == ("small", KEY)
    other = make_llm(plugged({"model": "large"}, llm_model="small"))
    assert vars(other)["_llm"].model == "large"


def test_llm_class_of_llama_index_is_taken() -> None:
    settings = load_settings(Settings, llm_class="llama_index.core.llms.mock:MockLLM")
    assert "Who led?" in "".join(make_llm(settings).stream(CHAT))


@pytest.mark.parametrize(
    ("path", "sentence"),
    [
        ("Ollama", r"'Ollama' is not the import path of a llama-index LLM class, like .*:Ollama"),
        ("json:loads", r"'json:loads' is not the import path of a llama-index LLM class"),
        ("json:", r"'json:' is not the import path"),
        (
            "llama_index.llms.no_such:Thing",
            r"cannot be imported: .*; run: pip install llama-index-llms-no-such \(set in "
            r"FOOTNOTE_LLM_CLASS\)",
        ),
        ("no_such_module:Thing", r"cannot be imported: .*; install the package that holds it"),
    ],
)
def test_llm_class_that_is_none_is_refused_with_what_to_do(path: str, sentence: str) -> None:
    with pytest.raises(ConfigError, match=f"setting 'llm_class' is wrong: .*{sentence}"):
        make_llm(load_settings(Settings, llm_class=path))


@pytest.mark.parametrize(
    ("options", "sentence"),
    [({"pieces": 3}, r"Canned does not take it: pieces: "), ({"breaks": KEY}, "breaks: ")],
)
def test_llm_options_that_do_not_fit_are_refused(options: dict[str, object], sentence: str) -> None:
    with pytest.raises(ConfigError, match=f"'llm_options' is wrong: .*{sentence}") as raised:
        make_llm(plugged(options, llm_key=KEY))
    assert KEY not in str(raised.value)


def test_llm_options_come_from_the_environment_and_their_secrets_go_nowhere(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("FOOTNOTE_LLM_OPTIONS", '{"model": "m", "api_key": "sk-1"}')
    settings = load_settings(Settings, llm_class="a:B", llm_url="http://u:pw@h/v1", llm_key=KEY)
    assert settings.llm_options == {"model": "m", "api_key": "sk-1"}
    assert settings.secrets == (KEY, "pw", "sk-1")
    assert settings.model_dump()["llm_options"] == {"api_key": "…", "model": "m"}
    assert "sk-1" not in settings.model_dump_json()

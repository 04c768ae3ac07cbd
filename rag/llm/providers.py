"""The LLM that the settings name: an OpenAI-compatible server, or any llama-index LLM class."""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from index.errors import ConfigError, first_line
from rag.llm.base import BACKOFF_SECONDS, LLM, MOST_CHARACTERS, ChatMessage, ThreadedLLM
from rag.llm.client import OpenAICompatibleLLM
from rag.llm.errors import LLMError
from rag.llm.facts import ModelFacts
from rag.llm.transfer import Transfer
from rag.settings import Settings

if TYPE_CHECKING:
    from llama_index.core.llms import LLM as LlamaIndexBase

_EXAMPLE = "llama_index.llms.ollama:Ollama"
_ROOM = "llama_index.llms."


def make_llm(
    settings: Settings,
    seconds: float | None = None,
    backoff: Sequence[float] = BACKOFF_SECONDS,
) -> LLM:
    """The LLM of the settings, which replies within `seconds`, else within those of the settings.

    Raises ConfigError that names the setting at fault and, if one is missing, the package.
    """
    seconds = settings.llm_seconds if seconds is None else seconds
    key = settings.llm_key.get_secret_value()
    if not settings.llm_class:
        return OpenAICompatibleLLM(settings.llm_url, settings.llm_model, key, seconds, backoff)
    llm = _instance(settings.llm_class, settings.llm_options, settings.llm_model, key)
    return LlamaIndexLLM(llm, seconds, backoff)


class LlamaIndexLLM(ThreadedLLM):
    """An LLM of any llama-index class. Its call ends with its next piece when it is cancelled."""

    def __init__(
        self, llm: LlamaIndexBase, seconds: float, backoff: Sequence[float] = BACKOFF_SECONDS
    ) -> None:
        super().__init__(f"The LLM {type(llm).__name__}", seconds, backoff)
        self._llm = llm

    def facts(self) -> ModelFacts:
        """What the class says about its model."""
        try:
            told = self._llm.metadata
            return ModelFacts(str(told.model_name), max(0, int(told.context_window)))
        except Exception:  # some classes ask a server, or know their own models alone
            return ModelFacts()

    def _error(self, error: Exception) -> LLMError:
        """The message may quote the question or the key, so only the type is shown."""
        if isinstance(error, LLMError):
            return error
        return LLMError(
            f"{self.name} failed ({type(error).__name__})",
            "try again later",
            fix="check FOOTNOTE_LLM_CLASS and FOOTNOTE_LLM_OPTIONS",
        )

    def _reply(self, messages: Sequence[ChatMessage], transfer: Transfer) -> Iterator[str]:
        from llama_index.core.llms import ChatMessage as LlamaIndexMessage

        chat = [LlamaIndexMessage(role=message.role, content=message.text) for message in messages]
        length = 0
        for response in self._llm.stream_chat(chat):
            piece = (response.delta or "")[: MOST_CHARACTERS - length]
            length += len(piece)
            yield piece
            if length >= MOST_CHARACTERS:
                raise LLMError(f"{self.name} came to the limit of its answer's length")
        if not length:
            raise LLMError(
                f"{self.name} returned no answer",
                "try again",
                fix="lower FOOTNOTE_LLM_CONTEXT_TOKENS",
                too_long=True,
            )


def _instance(path: str, options: Mapping[str, object], model: str, key: str) -> LlamaIndexBase:
    """An LLM of the class with this import path; model and key are passed if it has them."""
    kind = _class(path)
    given = {"model": model, "api_key": key}
    known = {name: value for name, value in given.items() if value and name in kind.model_fields}
    try:
        llm: LlamaIndexBase = kind(**{**known, **options})
        return llm
    except ValidationError as error:
        first = error.errors(include_input=False)[0]
        reason = f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
    except Exception as error:  # classes check their options, and for servers, in many ways
        reason = first_line(error)
    reason = reason.replace(key, "…") if key else reason
    raise ConfigError(
        f"setting 'llm_options' is wrong: {kind.__name__} does not take it: {reason} "
        "(set in FOOTNOTE_LLM_OPTIONS)"
    )


def _class(path: str) -> type[Any]:
    """The llama-index LLM class with this import path. Raises ConfigError."""
    module, _, name = path.partition(":")
    try:
        kind = getattr(importlib.import_module(module), name, None) if module and name else None
    except ImportError as error:
        raise ConfigError(
            f"setting 'llm_class' is wrong: {path!r} cannot be imported: {error}; "
            f"{_installation(module)} (set in FOOTNOTE_LLM_CLASS)"
        ) from None
    from llama_index.core.llms import LLM as LlamaIndexBase

    if isinstance(kind, type) and issubclass(kind, LlamaIndexBase):
        return kind
    raise ConfigError(
        f"setting 'llm_class' is wrong: {path!r} is not the import path of a llama-index LLM "
        f"class, like {_EXAMPLE} (set in FOOTNOTE_LLM_CLASS)"
    )


def _installation(module: str) -> str:
    """How to install what holds a module."""
    if not module.startswith(_ROOM):
        return "install the package that holds it"
    package = module.removeprefix(_ROOM).partition(".")[0].replace("_", "-")
    return f"run: pip install llama-index-llms-{package}"

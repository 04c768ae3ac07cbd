"""What a server says about its model: its size and how much it can read at once.

Asked once, of servers that speak OpenAI's protocol: `/v1/models` first, and where that names
llama.cpp or Ollama as the owner, of what these offer besides. A server that tells nothing is as
good as any; one that is too busy to say anything is asked again. Nothing here raises.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import httpx


class Profile(StrEnum):
    """How much a model can be asked to do. A small one (two billion parameters or fewer) forgets
    long instructions and continues its prompt; what isn't known to be small is capable.
    """

    SMALL = "small"
    CAPABLE = "capable"


_SECONDS = 3.0
# What a server or the proxy before it says while it is busy, or not there yet.
_BUSY = frozenset({408, 425, 429, 500, 502, 503, 504})
_MOST_BYTES = 1_000_000
# Names for the context window, by server: vLLM, OpenRouter and Together, LM Studio and Mistral,
# Groq, llama.cpp.
_WINDOWS = (
    "max_model_len",
    "context_length",
    "loaded_context_length",
    "max_context_length",
    "context_window",
    "n_ctx",
)
# Ollama cuts a prompt silently at this many tokens, whatever its model could read.
_OLLAMA_WINDOW = 4096
_FEWEST, _MOST = 256, 10_000_000
# Models of at most so many parameters are small.
_SMALL = 2e9
_SIZE = re.compile(r"(?<![\w.])(\d+(?:\.\d+)?)\s*([bm])(?![a-z0-9])", re.IGNORECASE)
_NUM_CTX = re.compile(r"\bnum_ctx\s+(\d+)")
# Tokens of passages, where nothing tells how much a model can read; and at most.
_UNKNOWN_BUDGET = {Profile.SMALL: 1500, Profile.CAPABLE: 2500}
_MOST_BUDGET = {Profile.SMALL: 1500, Profile.CAPABLE: 10_000}
# What is left for instructions, earlier turns and the answer.
_RESERVED = {Profile.SMALL: 0.5, Profile.CAPABLE: 0.45}
_LEAST_BUDGET = 200


class _ServerBusyError(Exception):
    """A server says nothing for now."""


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """The model's name, its context window in tokens and its parameters; 0 for unknown.

    `is_busy` tells that the server was asked and had no time to answer.
    """

    name: str = ""
    window: int = 0
    parameters: float = 0.0
    is_busy: bool = False

    @property
    def profile(self) -> Profile:
        """Small if the server or the model's name says so, and while neither could: any model
        follows the short prompt, and its excerpts fit into any window.
        """
        size = self.parameters or parameters_in(self.name)
        if size:
            return Profile.SMALL if size <= _SMALL else Profile.CAPABLE
        return Profile.SMALL if self.is_busy else Profile.CAPABLE

    def budget(self, profile: Profile) -> int:
        """Tokens of passages for a prompt."""
        if not self.window:
            return _UNKNOWN_BUDGET[profile]
        room = int(self.window * (1 - _RESERVED[profile]))
        return max(_LEAST_BUDGET, min(room, _MOST_BUDGET[profile]))


def parameters_in(name: str) -> float:
    """The number of parameters in a model's name ("qwen2.5-1.5b-instruct"), or 0."""
    found = _SIZE.search(name.replace("_", "-"))
    if not found:
        return 0.0
    return float(found[1]) * (1e9 if found[2].lower() == "b" else 1e6)


def ask_facts(client: httpx.Client, url: str, model: str) -> ModelFacts:
    """What the server at `url`, which ends in /v1, says about a model, or about its first one."""
    try:
        return _told(client, url, model)
    except _ServerBusyError:
        return ModelFacts(model, is_busy=True)


def _told(client: httpx.Client, url: str, model: str) -> ModelFacts:
    listed = _json(client, "GET", f"{url.rstrip('/')}/models")
    entries = [entry for entry in _list(listed, "data") if isinstance(entry, dict)]
    entry = next((one for one in entries if one.get("id") == model), None)
    if entry is None and not model and entries:
        entry = entries[0]
    name = model or str((entry or {}).get("id", ""))
    if entry is None:
        return ModelFacts(name)
    facts = _merged(name, entry)
    owner, root = str(entry.get("owned_by", "")), url.rstrip("/").removesuffix("/v1")
    if owner == "llamacpp":
        told = _json(client, "GET", f"{root}/props")
        return _merged(name, _dict(told, "default_generation_settings"), told, facts=facts)
    if owner == "library":
        return _of_ollama(_json(client, "POST", f"{root}/api/show", {"model": name}), name)
    return facts


def _of_ollama(shown: Mapping[str, Any], name: str) -> ModelFacts:
    size = parameters_in(str(_dict(shown, "details").get("parameter_size", "")))
    told = [
        value
        for key, value in _dict(shown, "model_info").items()
        if key.endswith(".context_length") and isinstance(value, int)
    ]
    chosen = _NUM_CTX.search(str(shown.get("parameters", "")))
    window = int(chosen[1]) if chosen else min([_OLLAMA_WINDOW, *told])
    return ModelFacts(name, _window(window) if shown else 0, size)


def _merged(name: str, *told: Mapping[str, Any], facts: ModelFacts = ModelFacts()) -> ModelFacts:
    """The first window and size that are told; what is known already is kept."""
    window, parameters = 0, facts.parameters
    for each in told:
        for source in (each, _dict(each, "meta")):
            window = window or next(filter(None, (_window(source.get(k)) for k in _WINDOWS)), 0)
            count = source.get("n_params")
            if not parameters and isinstance(count, int | float) and count > 0:
                parameters = float(count)
    return ModelFacts(name, window or facts.window, parameters)


def _window(value: object) -> int:
    return value if isinstance(value, int) and _FEWEST <= value <= _MOST else 0


def _json(client: httpx.Client, method: str, url: str, body: object = None) -> Mapping[str, Any]:
    """The JSON object at an address, an empty one for whatever is none. Raises _ServerBusyError
    where nothing is said in time.
    """
    import json

    import httpx

    try:
        with client.stream(method, url, json=body, timeout=_SECONDS) as reply:
            if reply.status_code in _BUSY:
                raise _ServerBusyError
            if not reply.is_success:
                return {}
            told = json.loads(b"".join(_limited(reply)))
    except (_ServerBusyError, httpx.TimeoutException, httpx.ConnectError):
        raise _ServerBusyError from None
    except Exception:  # a server can make its client's parser raise anything
        return {}
    return told if isinstance(told, dict) else {}


def _limited(reply: httpx.Response) -> Iterator[bytes]:
    total = 0
    for chunk in reply.iter_bytes():
        total += len(chunk)
        if total > _MOST_BYTES:
            raise ValueError("far more than facts")
        yield chunk


def _dict(told: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = told.get(key)
    return value if isinstance(value, dict) else {}


def _list(told: Mapping[str, Any], key: str) -> list[Any]:
    value = told.get(key)
    return value if isinstance(value, list) else []

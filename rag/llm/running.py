"""LLM servers that run on this machine already, on the ports that they usually listen on.

They are offered, never used unasked. Whatever listens there is a stranger: what it says is read up
to a limit, and a name that is no plain name is left out.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable
from dataclasses import dataclass

from rag.settings import Settings

# Ollama, LM Studio, llama.cpp and vLLM, by the ports of their documentation.
USUAL_PORTS = {11434: "Ollama", 1234: "LM Studio", 8080: "llama.cpp", 8000: "vLLM"}
_SECONDS = 0.5
_MOST_BYTES = 200_000
_MOST_MODELS = 20
_MODEL = re.compile(r"[\w][\w.:/@+-]{0,119}")
_OWN = "footnote"
# Models that embed or rerank cannot write.
_NO_WRITER = re.compile(r"embed|rerank|bge-|minilm", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class RunningServer:
    """A server of OpenAI's protocol on this machine, by its usual name, and its models."""

    name: str
    url: str
    models: tuple[str, ...]

    @property
    def command(self) -> str:
        """The command that has answers written by its first model."""
        return shlex.join(["footnote", "llm", "--use", self.url, "--model", self.models[0]])

    @property
    def sentence(self) -> str:
        """What runs, in a sentence."""
        named = ", ".join(self.models[:3])
        more = f" and {len(self.models) - 3} more" if len(self.models) > 3 else ""
        return f"{self.name} runs on this machine with {named}{more}"


def offered_servers(settings: Settings) -> tuple[RunningServer, ...]:
    """The servers that could write, where the settings name no LLM and do not ask for quotes."""
    return () if settings.has_llm or settings.composer == "quotes" else running_servers()


def running_servers(ports: Iterable[int] = tuple(USUAL_PORTS)) -> tuple[RunningServer, ...]:
    """The servers that answer on these ports of the loopback address, with a model that writes."""
    found = []
    for port in ports:
        url = f"http://127.0.0.1:{port}/v1"
        if models := _models(url):
            found.append(RunningServer(USUAL_PORTS.get(port, "An LLM server"), url, models))
    return tuple(found)


def _models(url: str) -> tuple[str, ...]:
    """The models that a server names, () for whatever is no such server."""
    import httpx

    try:
        with (
            httpx.Client(trust_env=False, timeout=_SECONDS, follow_redirects=False) as http,
            http.stream("GET", f"{url}/models") as reply,
        ):
            if not reply.is_success:
                return ()
            body = b""
            for chunk in reply.iter_bytes():
                body += chunk
                if len(body) > _MOST_BYTES:
                    return ()
        return _named(body)
    except Exception:  # a stranger can make its client raise anything
        return ()


def _named(body: bytes) -> tuple[str, ...]:
    import json

    names = [str(entry["id"]) for entry in json.loads(body)["data"]]
    plain = [name for name in names if _MODEL.fullmatch(name) and not _NO_WRITER.search(name)]
    return () if _OWN in plain else tuple(plain[:_MOST_MODELS])

"""The client of OpenAI-compatible servers, over llama-index's LLM class.

Every error of a server becomes an LLMError that names the setting to change.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import SplitResult, unquote, urlsplit

from index.errors import ConfigError
from rag.llm.base import BACKOFF_SECONDS, MOST_CHARACTERS, ChatMessage, ThreadedLLM
from rag.llm.errors import LLMError, llm_error
from rag.llm.facts import ModelFacts, ask_facts
from rag.llm.transfer import Transfer, trusted_certificates

_CONNECT_SECONDS = 5.0
_READ_MARGIN_SECONDS = 2.0
_MOST_TOKENS = 1500
# llama-index wants a number; the server judges for itself what is too long.
_CONTEXT_WINDOW = 1_000_000
# Why a reply is not the whole of an answer, by the server's own word for it.
_UNFINISHED = {
    "length": "came to the limit of its answer's length",
    "content_filter": "withheld its answer or the rest of it",
    "refusal": "refuses to answer this",
}
_NO_KEY = "none"
_ASK_AGAIN_SECONDS = 300.0
# Of a server that was busy: soon, but not by each of the questions that wait for it.
_BUSY_AGAIN_SECONDS = 5.0
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


class OpenAICompatibleLLM(ThreadedLLM):
    """An LLM behind the URL of an OpenAI-compatible server."""

    def __init__(
        self,
        url: str,
        model: str = "",
        key: str = "",
        seconds: float = 120,
        backoff: Sequence[float] = BACKOFF_SECONDS,
    ) -> None:
        """Without a model, the server's first one is taken. Raises ConfigError for a bad URL.

        `seconds` limits one reply; `backoff` holds the seconds before each further attempt.
        """
        try:
            parts = urlsplit(url.strip())
            port = parts.port
        except ValueError:
            parts, port = urlsplit(""), None
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ConfigError(
                "setting 'llm_url' is wrong: it must be the address of an OpenAI-compatible "
                "server, like http://127.0.0.1:11434/v1 (set in FOOTNOTE_LLM_URL)"
            )
        host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
        self.host = f"{host}:{port}" if port else host
        super().__init__(f"The LLM at {self.host}", seconds, backoff)
        # httpx writes addresses into its log, so a password must not stay in this one.
        self._url = parts._replace(netloc=self.host).geturl()
        self._login = _login(parts)
        self._local = parts.hostname in _LOOPBACK
        self._model = model
        self._key = key
        self._facts: tuple[ModelFacts, float] | None = None

    def facts(self) -> ModelFacts:
        """What the server says about its model. One that says nothing is asked again later."""
        known = self._facts
        if known and (known[0].window or known[0].parameters or time.monotonic() < known[1]):
            return known[0]
        import httpx

        with httpx.Client(
            auth=self._login,
            verify=trusted_certificates(),
            headers={"Authorization": f"Bearer {self._key}"} if self._key else {},
            follow_redirects=False,
            trust_env=not self._local,
        ) as http:
            found = ask_facts(http, self._url, self._model)
        wait = _BUSY_AGAIN_SECONDS if found.is_busy else _ASK_AGAIN_SECONDS
        if known and (found.is_busy or not found.name) and not known[0].is_busy:
            found = known[0]  # a server that is busy is what it was
        self._facts = (found, time.monotonic() + wait)
        return found

    def _load(self) -> None:
        """Import what a call needs; importing this module must stay quick."""
        import httpcore  # noqa: F401
        import llama_index.llms.openai_like  # noqa: F401
        import openai.resources.chat.completions  # noqa: F401

    def _error(self, error: Exception) -> LLMError:
        return llm_error(error, self.host, self._model, self._key)

    def _reply(self, messages: Sequence[ChatMessage], transfer: Transfer) -> Iterator[str]:
        """One attempt. An empty piece is a sign of life: the model reads or thinks."""
        import httpx
        import openai
        from llama_index.core.base.llms.types import ChatMessage as LlamaIndexMessage
        from llama_index.llms.openai_like import OpenAILike

        # The wait for a piece ends first, and says so; this only frees the thread.
        read = self._silence + _READ_MARGIN_SECONDS
        timeout = httpx.Timeout(read, connect=_CONNECT_SECONDS, pool=_CONNECT_SECONDS)
        with httpx.Client(
            timeout=timeout,
            auth=self._login,
            verify=trusted_certificates(),
            headers={"Accept-Encoding": "identity"},
            follow_redirects=False,  # the key goes to the host that the user named and no other
            trust_env=not self._local,  # a proxy cannot reach this machine's own ports
            event_hooks={"request": [transfer.watch], "response": [transfer.limit]},
        ) as http:
            # A key that is empty would be replaced by the environment's OPENAI_API_KEY.
            client = openai.OpenAI(
                api_key=self._key or _NO_KEY,
                base_url=self._url,
                max_retries=0,
                timeout=timeout,
                http_client=http,
            )
            llm = OpenAILike(
                model=self._named_model(client),
                api_base=self._url,
                api_key=self._key or _NO_KEY,
                is_chat_model=True,
                context_window=_CONTEXT_WINDOW,
                max_tokens=_MOST_TOKENS,
                temperature=0.0,
                max_retries=0,
                openai_client=client,
            )
            chat = [
                LlamaIndexMessage(role=message.role, content=message.text) for message in messages
            ]
            yield from self._pieces(llm.stream_chat(chat), transfer)

    def _pieces(self, responses: Any, transfer: Transfer) -> Iterator[str]:  # noqa: ANN401
        """The texts of a chat's responses. Raises LLMError unless the model came to its end."""
        length, reason = 0, ""
        for response in responses:
            choice = response.raw.choices[0] if response.raw.choices else None
            if choice and reason != "refusal":
                refuses = getattr(choice.delta, "refusal", None)
                reason = "refusal" if refuses else choice.finish_reason or reason
            piece = (response.delta or "")[: MOST_CHARACTERS - length]
            length += len(piece)
            yield piece
            if length >= MOST_CHARACTERS:
                reason = "length"
                break
        if reason in _UNFINISHED:
            raise LLMError(f"{self.name} {_UNFINISHED[reason]}")
        if length and not reason:
            raise LLMError(f"{self.name} broke off in the middle", "try again")
        if not length:
            raise self._nothing(transfer.kind)

    def _nothing(self, kind: str) -> LLMError:
        """The error of a reply without words; some servers give one when the prompt is too long."""
        if kind.endswith("event-stream"):
            return LLMError(
                f"{self.name} returned no answer",
                "try again",
                fix="lower FOOTNOTE_LLM_CONTEXT_TOKENS",
                too_long=True,
            )
        return LLMError(
            f"{self.name} returned no answer (its reply is {kind})",
            fix="check FOOTNOTE_LLM_URL, which should end in /v1",
        )

    def _named_model(self, client: Any) -> str:  # noqa: ANN401
        """The model of the settings, else the first that the server offers."""
        if not self._model:
            offered = client.models.list().data
            if not offered:
                raise LLMError(f"{self.name} offers no model", fix="set FOOTNOTE_LLM_MODEL")
            self._model = str(offered[0].id)
        return self._model


def _login(parts: SplitResult) -> tuple[str, str] | None:
    """The name and password of an address, if it has them."""
    if parts.username is None:
        return None
    return unquote(parts.username), unquote(parts.password or "")

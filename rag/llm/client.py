"""A client for any OpenAI-compatible server, over llama-index's LLM class.

Every fault of a server becomes an LLMError, and a line of the log that names the setting to change.
Calls run in a thread of their own: so deadlines hold whatever the server sends or holds back, a
reader that goes away frees the server at once, and llama-index's tracing stays in one context.
"""

from __future__ import annotations

import contextlib
import contextvars
import logging
import queue
import threading
import time
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import SplitResult, unquote, urlsplit

from index.errors import ConfigError
from rag.llm.call import READER, Call, trusted
from rag.llm.errors import LLMError, fault_of
from rag.settings import Settings

log = logging.getLogger(__name__)

_CONNECT_SECONDS = 5.0
# A model on a small machine reads a long prompt for a while, so the wait for its first sign of
# life is a share of the whole time limit and grows with it.
_SILENCE_SHARE = 0.5
_BACKOFF_SECONDS = (0.5, 1.0)
_MOST_TOKENS = 1500
_MOST_CHARACTERS = 20_000
# llama-index wants a number; the server judges for itself what is too long.
_CONTEXT_WINDOW = 1_000_000
# Why a reply is not the whole of an answer, by the server's own word for it.
_UNFINISHED = {
    "length": "came to the limit of its answer's length",
    "content_filter": "withheld its answer or the rest of it",
    "refusal": "refuses to answer this",
}
_NO_KEY = "none"
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a chat."""

    role: Literal["system", "user", "assistant"]
    text: str


class LLM:
    """An LLM behind a URL; `stream` may be called from several threads at once."""

    def __init__(
        self,
        url: str,
        model: str = "",
        key: str = "",
        seconds: float = 120,
        backoff: Sequence[float] = _BACKOFF_SECONDS,
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
        # httpx writes addresses into its log, so a password must not stay in this one.
        self._url = parts._replace(netloc=self.host).geturl()
        self._login = _login(parts)
        self._local = parts.hostname in _LOOPBACK
        self._model = model
        self._key = key
        self._seconds = seconds
        self._silence = seconds * _SILENCE_SHARE
        self._backoff = tuple(backoff)

    @classmethod
    def of(cls, settings: Settings) -> LLM:
        """The LLM that the settings name. Raises ConfigError when they name none."""
        key = settings.llm_key.get_secret_value()
        return cls(settings.llm_url, settings.llm_model, key, settings.llm_seconds)

    def stream(self, messages: Sequence[Message]) -> Generator[str, None, None]:
        """Pieces of the LLM's reply as they come, none of them empty.

        Raises LLMError, also after some pieces: then the reply is not complete.
        """
        _load_libraries()  # takes seconds once, which are not the server's fault
        call = Call(self.host, time.monotonic() + self._seconds)
        context = contextvars.copy_context()
        thread = threading.Thread(
            target=context.run, args=(self._pump, messages, call), name="llm", daemon=True
        )
        reader = READER.get(None)
        try:
            with reader.on_cancel(call.leave) if reader else contextlib.nullcontext():
                thread.start()
                while (item := call.next(self._silence)) is not None:
                    if isinstance(item, LLMError):
                        raise item if call.left else _logged(item)
                    if item:
                        yield item
        except queue.Empty:
            fact = "did not finish within" if call.over else "has said nothing for"
            limit = self._seconds if call.over else self._silence
            fault = LLMError(
                f"The LLM at {self.host} {fact} {limit:g} s",
                "try again",
                mend="raise FOOTNOTE_LLM_SECONDS",
            )
            raise _logged(fault) from None
        finally:
            call.abort()

    def _pump(self, messages: Sequence[Message], call: Call) -> None:
        """Put the reply's pieces, then None or an LLMError; retries only before the first piece."""
        for backoff in (*self._backoff, None):
            started = False
            try:
                for piece in self._reply(messages, call):
                    started = started or bool(piece)
                    call.put(piece)
                    if call.aborted.is_set():
                        return
                call.put(None)
                return
            except Exception as error:  # a server can make its client's parser raise anything
                fault = fault_of(error, self.host, self._model, self._key)
            if started or not fault.retryable or backoff is None:
                break
            wait = backoff if fault.wait is None else fault.wait
            if wait >= min(call.remaining(), self._silence):
                break
            call.put("")  # the server has spoken, if only to say that it is busy
            if call.aborted.wait(wait):
                break
        call.put(fault)

    def _reply(self, messages: Sequence[Message], call: Call) -> Iterator[str]:
        """One attempt. An empty piece is a sign of life: the model reads or thinks."""
        import httpx
        import openai
        from llama_index.core.base.llms.types import ChatMessage
        from llama_index.llms.openai_like import OpenAILike

        timeout = httpx.Timeout(self._silence, connect=_CONNECT_SECONDS, pool=_CONNECT_SECONDS)
        with httpx.Client(
            timeout=timeout,
            auth=self._login,
            verify=trusted(),
            headers={"Accept-Encoding": "identity"},
            follow_redirects=False,  # the key goes to the host that the user named and no other
            trust_env=not self._local,  # a proxy cannot reach this machine's own ports
            event_hooks={"request": [call.watch], "response": [call.limit]},
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
            chat = [ChatMessage(role=message.role, content=message.text) for message in messages]
            yield from self._pieces(llm.stream_chat(chat), call)

    def _pieces(self, responses: Any, call: Call) -> Iterator[str]:  # noqa: ANN401
        """The texts of a chat's responses. Raises LLMError unless the model came to its end."""
        length, reason = 0, ""
        for response in responses:
            choice = response.raw.choices[0] if response.raw.choices else None
            if choice and reason != "refusal":
                refuses = getattr(choice.delta, "refusal", None)
                reason = "refusal" if refuses else choice.finish_reason or reason
            piece = (response.delta or "")[: _MOST_CHARACTERS - length]
            length += len(piece)
            yield piece
            if length >= _MOST_CHARACTERS:
                reason = "length"
                break
        if reason in _UNFINISHED:
            raise LLMError(f"The LLM at {self.host} {_UNFINISHED[reason]}")
        if length and not reason:
            raise LLMError(f"The LLM at {self.host} broke off in the middle", "try again")
        if not length:
            raise self._nothing(call.kind)

    def _nothing(self, kind: str) -> LLMError:
        """The fault of a reply without words; some servers give one when the prompt is too long."""
        if kind.endswith("event-stream"):
            return LLMError(
                f"The LLM at {self.host} returned no answer",
                "try again",
                mend="lower FOOTNOTE_LLM_CONTEXT_TOKENS",
                too_long=True,
            )
        return LLMError(
            f"The LLM at {self.host} returned no answer (its reply is {kind})",
            mend="check FOOTNOTE_LLM_URL, which should end in /v1",
        )

    def _named_model(self, client: Any) -> str:  # noqa: ANN401
        """The model of the settings, else the first that the server offers."""
        if not self._model:
            offered = client.models.list().data
            if not offered:
                raise LLMError(
                    f"The LLM at {self.host} offers no model", mend="set FOOTNOTE_LLM_MODEL"
                )
            self._model = str(offered[0].id)
        return self._model


def _logged(fault: LLMError) -> LLMError:
    """A fault that who runs Footnote has been told of; a terminal shows the line as well."""
    log.warning("%s", fault.for_log)
    return fault


def _load_libraries() -> None:
    """Import what a call needs; importing this module must stay quick for the quotes composer."""
    import httpcore  # noqa: F401
    import llama_index.llms.openai_like  # noqa: F401
    import openai.resources.chat.completions  # noqa: F401


def _login(parts: SplitResult) -> tuple[str, str] | None:
    """The name and password of an address, if it has them."""
    if parts.username is None:
        return None
    return unquote(parts.username), unquote(parts.password or "")

"""A client for any OpenAI-compatible server, over llama-index's LLM class.

Every fault of a server becomes an LLMError that names the host, the fact and the setting to change.
Calls run in a thread of their own: so deadlines hold whatever the server sends or holds back, a
reader that goes away frees the server at once, and llama-index's tracing stays in one context.
"""

from __future__ import annotations

import contextlib
import contextvars
import queue
import socket
import threading
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlsplit

from index.errors import ConfigError
from rag.llm_faults import LLMError, fault_of
from rag.settings import Settings

if TYPE_CHECKING:
    import httpx

_CONNECT_SECONDS = 5.0
# A model on a small machine reads a long prompt for a while, so the wait for its first sign of
# life is a share of the whole time limit and grows with it.
_SILENCE_SHARE = 0.5
_BACKOFF_SECONDS = (0.5, 1.0)
_MOST_TOKENS = 1500
_MOST_CHARACTERS = 20_000
# llama-index wants a number; the server judges for itself what is too long.
_CONTEXT_WINDOW = 1_000_000
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
        self._url = url.strip()
        self._local = parts.hostname in _LOOPBACK
        self._model = model
        self._key = key
        self._seconds = seconds
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
        call = _Call(time.monotonic() + self._seconds)
        context = contextvars.copy_context()
        threading.Thread(
            target=context.run, args=(self._pump, messages, call), name="llm", daemon=True
        ).start()
        silence = self._seconds * _SILENCE_SHARE
        try:
            while True:
                item = call.next(silence)
                if item is None:
                    return
                if isinstance(item, LLMError):
                    raise item
                if item:
                    yield item
        except queue.Empty:
            fact = "did not finish within" if call.over else "has said nothing for"
            limit = self._seconds if call.over else silence
            raise LLMError(
                f"The LLM at {self.host} {fact} {limit:g} s: "
                "try again, or raise FOOTNOTE_LLM_SECONDS."
            ) from None
        finally:
            call.abort()

    def _pump(self, messages: Sequence[Message], call: _Call) -> None:
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
            wait = fault.wait if fault.wait is not None else backoff
            if started or not fault.retryable or backoff is None or wait is None:
                break
            if wait >= call.remaining() or call.aborted.wait(wait):
                break
        call.put(fault)

    def _reply(self, messages: Sequence[Message], call: _Call) -> Iterator[str]:
        """One attempt. An empty piece is a sign of life: the model reads or thinks."""
        import httpx
        import openai
        from llama_index.core.base.llms.types import ChatMessage
        from llama_index.llms.openai_like import OpenAILike

        timeout = httpx.Timeout(
            self._seconds * _SILENCE_SHARE, connect=_CONNECT_SECONDS, pool=_CONNECT_SECONDS
        )
        with httpx.Client(
            timeout=timeout,
            follow_redirects=False,  # the key goes to the host that the user named and no other
            trust_env=not self._local,  # a proxy cannot reach this machine's own ports
            event_hooks={"request": [call.watch], "response": [call.note_kind]},
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

    def _pieces(self, responses: Any, call: _Call) -> Iterator[str]:  # noqa: ANN401
        """The texts of a chat's responses. Raises LLMError unless the model came to its end."""
        length, reason = 0, ""
        for response in responses:
            choices = response.raw.choices
            reason = (choices and choices[0].finish_reason) or reason
            length += len(response.delta or "")
            yield response.delta or ""
            if length > _MOST_CHARACTERS:
                reason = "length"
                break
        if reason == "length":
            raise LLMError(f"The LLM at {self.host} came to the limit of its answer's length.")
        if reason == "content_filter":
            raise LLMError(f"The LLM at {self.host} withheld the rest of its answer.")
        if length and not reason:
            raise LLMError(f"The LLM at {self.host} broke off in the middle: try again.")
        if not length:
            raise self._nothing(call.kind)

    def _nothing(self, kind: str) -> LLMError:
        """The fault of a reply without words; some servers give one when the prompt is too long."""
        streamed = kind.endswith("event-stream")
        advice = (
            "try again, or lower FOOTNOTE_LLM_CONTEXT_TOKENS"
            if streamed
            else "check FOOTNOTE_LLM_URL, which should end in /v1"
        )
        said = "" if streamed else f" (its reply is {kind})"
        return LLMError(
            f"The LLM at {self.host} returned no answer{said}: {advice}.", too_long=streamed
        )

    def _named_model(self, client: Any) -> str:  # noqa: ANN401
        """The model of the settings, else the first that the server offers."""
        if not self._model:
            offered = client.models.list().data
            if not offered:
                raise LLMError(f"The LLM at {self.host} offers no model: set FOOTNOTE_LLM_MODEL.")
            self._model = str(offered[0].id)
        return self._model


def _load_libraries() -> None:
    """Import what a call needs; importing this module must stay quick for the quotes composer."""
    import httpcore  # noqa: F401
    import llama_index.llms.openai_like  # noqa: F401
    import openai.resources.chat.completions  # noqa: F401


class _Call:
    """One call under way: the pieces on their way to the reader, and the means to end it."""

    def __init__(self, deadline: float) -> None:
        self.aborted = threading.Event()
        self.kind = "text/event-stream"
        self.over = False
        self._deadline = deadline
        self._pieces: queue.Queue[str | LLMError | None] = queue.Queue()
        self._socket: socket.socket | None = None

    def put(self, piece: str | LLMError | None) -> None:
        self._pieces.put(piece)

    def next(self, silence: float) -> str | LLMError | None:
        """The next piece. Raises queue.Empty after that many seconds, or when time is over."""
        remaining = self.remaining()
        self.over = remaining <= silence
        return self._pieces.get(timeout=max(0.0, min(silence, remaining)))

    def remaining(self) -> float:
        return self._deadline - time.monotonic()

    def watch(self, request: httpx.Request) -> None:
        """Remember the socket of a request, for `abort`."""
        trace: Callable[[str, dict[str, Any]], None] = self._keep_socket
        request.extensions["trace"] = trace

    def _keep_socket(self, event: str, info: dict[str, Any]) -> None:
        if event in ("connection.connect_tcp.complete", "connection.start_tls.complete"):
            self._socket = info["return_value"].get_extra_info("socket")
            if self.aborted.is_set():
                self.abort()

    def note_kind(self, response: httpx.Response) -> None:
        """Remember what the server says that it sent."""
        self.kind = response.headers.get("content-type", "of no type").partition(";")[0][:40]

    def abort(self) -> None:
        """End the call from another thread; a read that waits for the server returns at once."""
        self.aborted.set()
        if self._socket:
            with contextlib.suppress(OSError):  # already closed: the call is at its end anyway
                self._socket.shutdown(socket.SHUT_RDWR)

"""One call of an LLM under way: its pieces, its deadline, its limits, and the means to end it."""

from __future__ import annotations

import contextlib
import queue
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from typing import TYPE_CHECKING, Any

from rag.llm.errors import LLMError

if TYPE_CHECKING:
    import ssl

    import httpx

_MOST_BYTES = 16_000_000
# openai's reader copies an event anew for each of its lines: one of a million empty lines would
# keep it busy for minutes. Servers send a token or a few per event.
_MOST_BYTES_OF_EVENT = 250_000
_BLANK_LINES = (b"\n\n", b"\r\r", b"\r\n\r\n")


class Call:
    """The pieces on their way from the thread that reads to the one that asked."""

    def __init__(self, host: str, deadline: float) -> None:
        self.aborted = threading.Event()
        self.kind = "text/event-stream"
        self.over = self.left = False
        self._host = host
        self._deadline = deadline
        self._pieces: queue.Queue[str | LLMError | None] = queue.Queue()
        self._socket: socket.socket | None = None

    def put(self, piece: str | LLMError | None) -> None:
        """Hand over a piece, an empty one as a sign of life, None at the end, or a fault."""
        self._pieces.put(piece)

    def next(self, silence: float) -> str | LLMError | None:
        """The next piece. Raises queue.Empty after that many seconds, or when time is over."""
        remaining = self.remaining()
        self.over = remaining <= silence
        return self._pieces.get(timeout=max(0.0, min(silence, remaining)))

    def remaining(self) -> float:
        """Seconds until the deadline."""
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

    def limit(self, response: httpx.Response) -> None:
        """Remember what the server says that it sent, and read no more of it than is sensible.

        Raises LLMError for a compressed reply: none was asked for, and it may grow a thousandfold.
        """
        self.kind = response.headers.get("content-type", "of no type").partition(";")[0][:40]
        if response.headers.get("content-encoding", "identity").strip().lower() != "identity":
            raise LLMError(
                f"The LLM at {self._host} sent a compressed reply, which was not asked for",
                mend="check FOOTNOTE_LLM_URL",
            )
        chat = response.request.method == "POST" and response.is_success
        stream = response.stream
        response.stream = _limited(stream, self._chunks(stream, chat))

    def _chunks(self, stream: Any, chat: bool) -> Iterator[bytes]:  # noqa: ANN401
        total = pending = 0
        tail = b""
        for chunk in stream:
            total += len(chunk)
            joined = tail + chunk
            blank = max(map(joined.rfind, _BLANK_LINES))
            pending = len(joined) - blank if blank >= 0 else pending + len(chunk)
            tail = joined[-3:]
            if total > _MOST_BYTES or (chat and pending > _MOST_BYTES_OF_EVENT):
                raise LLMError(f"The LLM at {self._host} sent far more than an answer")
            yield chunk

    def leave(self) -> None:
        """End the call, and the wait for its next piece: nobody reads it any more."""
        self.left = True
        self.put(LLMError(f"Nobody waits for the LLM at {self._host} any more"))
        self.abort()

    def abort(self) -> None:
        """End the call from another thread; a read that waits for the server returns at once."""
        self.aborted.set()
        if self._socket:
            with contextlib.suppress(OSError):  # already closed: the call is at its end anyway
                self._socket.shutdown(socket.SHUT_RDWR)


def _limited(stream: Any, chunks: Iterator[bytes]) -> httpx.SyncByteStream:  # noqa: ANN401
    """A response's stream that gives these chunks and closes as it would."""
    import httpx

    class Limited(httpx.SyncByteStream):
        def __iter__(self) -> Iterator[bytes]:
            return chunks

        def close(self) -> None:
            stream.close()

    return Limited()


@cache
def trusted() -> ssl.SSLContext:
    """The certificates to trust, read once: that takes 50 ms, a new client's all but whole time."""
    import httpx

    return httpx.create_ssl_context()


class Reader:
    """Whoever an answer is made for, until they leave."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._left = False
        self._told: list[Callable[[], None]] = []

    @property
    def left(self) -> bool:
        """Whether they have left."""
        return self._left

    def leave(self) -> None:
        """Leave, from any thread, and tell what waits on their behalf."""
        with self._lock:
            self._left = True
            told = self._told[:]
        for tell in told:
            tell()

    @contextmanager
    def on_cancel(self, tell: Callable[[], None]) -> Iterator[None]:
        """Call this when they leave before the end of the block, at once if they have already.

        It is called on the thread of whoever makes them leave, and must not wait.
        """
        with self._lock:
            self._told.append(tell)
            left = self._left
        try:
            if left:
                tell()
            yield
        finally:
            with self._lock:
                self._told.remove(tell)


# Not set where an answer is made for a caller who stays. It goes past the steps of an answer, of
# which the call of an LLM alone may wait long.
READER: ContextVar[Reader] = ContextVar("reader")

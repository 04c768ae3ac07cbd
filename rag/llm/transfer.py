"""The transfer of one reply of an LLM: its pieces, its deadline, its limits, and its abort."""

from __future__ import annotations

import contextlib
import queue
import socket
import threading
import time
from collections.abc import Callable, Iterator
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


class Transfer:
    """The pieces of a reply on their way from the thread that reads to the one that asked.

    `name` is the LLM's, as in LLM.name.
    """

    def __init__(self, name: str, deadline: float) -> None:
        self.aborted = threading.Event()
        self.kind = "text/event-stream"
        self.is_late = self.cancelled = False
        self._name = name
        self._deadline = deadline
        self._pieces: queue.Queue[str | LLMError | None] = queue.Queue()
        self._socket: socket.socket | None = None

    def put(self, piece: str | LLMError | None) -> None:
        """Hand over a piece, an empty one as a sign of life, None at the end, or an error."""
        self._pieces.put(piece)

    def next(self, silence: float) -> str | LLMError | None:
        """The next piece. Raises queue.Empty after `silence` seconds, or at the deadline."""
        remaining = self.remaining()
        self.is_late = remaining <= silence
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
                f"{self._name} sent a compressed reply, which was not asked for",
                fix="check FOOTNOTE_LLM_URL",
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
                raise LLMError(f"{self._name} sent far more than an answer")
            yield chunk

    def cancel(self) -> None:
        """End the transfer, and the wait for its next piece: nobody reads it any more."""
        self.cancelled = True
        self.put(LLMError(f"{self._name} was cut off, since its answer was cancelled"))
        self.abort()

    def abort(self) -> None:
        """End the transfer from any thread; a read that waits for the server returns at once."""
        self.aborted.set()
        if self._socket:
            with contextlib.suppress(OSError):  # already closed: the transfer is at its end anyway
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
def trusted_certificates() -> ssl.SSLContext:
    """The trusted certificates, read once: that takes 50 ms, nearly all of a new client's time."""
    import httpx

    return httpx.create_ssl_context()

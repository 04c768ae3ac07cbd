"""What every LLM has in common: its interface, deadlines, retries and cancellation.

A reply is read in a thread of its own: so deadlines hold whatever the LLM sends or holds back, a
cancelled answer frees the server at once, and llama-index's tracing stays in one context.
"""

from __future__ import annotations

import contextlib
import contextvars
import logging
import queue
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from rag.cancellation import CANCELLATION
from rag.llm.errors import LLMError
from rag.llm.facts import ModelFacts
from rag.llm.transfer import Transfer

log = logging.getLogger(__name__)

# A model on a small machine reads a long prompt for a while, so the wait for its first sign of
# life is a share of the whole time limit and grows with it.
_SILENCE_SHARE = 0.5
BACKOFF_SECONDS = (0.5, 1.0)
MOST_CHARACTERS = 20_000  # of one reply


@dataclass(frozen=True, slots=True)
class ChatMessage:
    """One message of a chat."""

    role: Literal["system", "user", "assistant"]
    text: str


class LLM(Protocol):
    """An LLM that replies to a chat."""

    @property
    def name(self) -> str:
        """The subject of a sentence about it, like "The LLM at 127.0.0.1:11434"."""
        ...

    def facts(self) -> ModelFacts:
        """What is known about the model; the first call may ask its server. Never raises."""
        ...

    def stream(self, messages: Sequence[ChatMessage]) -> Generator[str, None, None]:
        """Pieces of the reply as they come, none of them empty; called from several threads.

        Raises LLMError, also after some pieces: then the reply is not complete.
        """
        ...


class ThreadedLLM(ABC):
    """An LLM whose replies are read in threads; subclasses say how one attempt goes.

    `seconds` limits one reply; `backoff` holds the seconds before each further attempt.
    """

    def __init__(
        self, name: str, seconds: float, backoff: Sequence[float] = BACKOFF_SECONDS
    ) -> None:
        self.name = name
        self._seconds = seconds
        self._silence = seconds * _SILENCE_SHARE
        self._backoff = tuple(backoff)

    @abstractmethod
    def _reply(self, messages: Sequence[ChatMessage], transfer: Transfer) -> Iterator[str]:
        """Pieces of one attempt; an empty one is a sign of life. May raise any error."""

    @abstractmethod
    def _error(self, error: Exception) -> LLMError:
        """The LLMError for whatever an attempt raised."""

    def facts(self) -> ModelFacts:
        """What is known about the model: nothing, unless a subclass knows."""
        return ModelFacts()

    def _load(self) -> None:  # noqa: B027
        """Import what a reply needs; nothing, unless a subclass does."""

    def stream(self, messages: Sequence[ChatMessage]) -> Generator[str, None, None]:
        """Pieces of the LLM's reply as they come, none of them empty.

        Raises LLMError, also after some pieces: then the reply is not complete.
        """
        self._load()  # takes seconds once, which are not the server's
        transfer = Transfer(self.name, time.monotonic() + self._seconds)
        context = contextvars.copy_context()
        thread = threading.Thread(
            target=context.run, args=(self._pump, messages, transfer), name="llm", daemon=True
        )
        cancellation = CANCELLATION.get(None)
        try:
            with (
                cancellation.on_cancel(transfer.cancel)
                if cancellation
                else contextlib.nullcontext()
            ):
                thread.start()
                while (item := transfer.next(self._silence)) is not None:
                    if isinstance(item, LLMError):
                        raise item if transfer.cancelled else _logged(item)
                    if item:
                        yield item
        except queue.Empty:
            fact = "did not finish within" if transfer.is_late else "has said nothing for"
            limit = self._seconds if transfer.is_late else self._silence
            error = LLMError(
                f"{self.name} {fact} {limit:g} s",
                "try again",
                fix="raise FOOTNOTE_LLM_SECONDS",
            )
            raise _logged(error) from None
        finally:
            transfer.abort()

    def _pump(self, messages: Sequence[ChatMessage], transfer: Transfer) -> None:
        """Put the reply's pieces, then None or an LLMError; retries only before the first piece."""
        for backoff in (*self._backoff, None):
            started = False
            try:
                for piece in self._reply(messages, transfer):
                    started = started or bool(piece)
                    transfer.put(piece)
                    if transfer.aborted.is_set():
                        return
                transfer.put(None)
                return
            except Exception as raised:  # a server can make its client's parser raise anything
                error = self._error(raised)
            if started or not error.retryable or backoff is None:
                break
            wait = backoff if error.wait is None else error.wait
            if wait >= min(transfer.remaining(), self._silence):
                break
            transfer.put("")  # the server has spoken, if only to say that it is busy
            if transfer.aborted.wait(wait):
                break
        transfer.put(error)


def _logged(error: LLMError) -> LLMError:
    """The error, after a line of the log that names the setting to change."""
    log.warning("%s", error.for_log)
    return error

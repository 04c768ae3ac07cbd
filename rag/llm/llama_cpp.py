"""llama.cpp's OpenAI-compatible server: what it is started with, and whether it answers."""

from __future__ import annotations

import http.client
import socket
import subprocess
import time
from pathlib import Path

START_SECONDS = 300.0
_POLL_SECONDS = 0.1


def free_port() -> int:
    """A port of this machine that nothing listens at."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


def options(model: Path, port: int, threads: int, window: int) -> list[str]:
    """The arguments of the server for a GGUF file; `window` is the model's context in tokens."""
    return [
        *("--model", str(model), "--model_alias", model.stem),
        *("--host", "127.0.0.1", "--port", str(port), "--n_ctx", str(window)),
        *("--n_threads", str(threads), "--n_threads_batch", str(threads)),
        *("--logits_all", "False"),  # its default reserves room for the scores of every token
        *("--interrupt_requests", "False"),  # its default cuts an answer when a second one starts
    ]


def comes_up(child: subprocess.Popen[bytes], port: int) -> bool:
    """Wait until a server answers; False if it ends before, or takes longer than START_SECONDS."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and child.poll() is None:
        if _answers(port):
            return True
        time.sleep(_POLL_SECONDS)
    return False


def _answers(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        connection.request("GET", "/v1/models")
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()

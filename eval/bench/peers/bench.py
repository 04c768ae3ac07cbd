"""How soon a folder is searchable and a question is answered, beside other libraries."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from eval.bench.ask import questions_of
from eval.bench.processes import ROOT
from eval.bench.timing import Figure, make_corpus
from index.embedding.model_files import folder_of
from index.errors import ConfigError
from index.settings import IndexSettings, load_settings

_OWN = "footnote"
_PEERS = ("llama_index", "langchain", "txtai", "haystack")
_PACKAGES = (
    "txtai",
    "haystack-ai",
    "chroma-haystack",
    "sentence-transformers-haystack",
    "langchain-chroma",
    "langchain-huggingface",
    "langchain-text-splitters",
    "llama-index-core",
    "llama-index-embeddings-huggingface",
    "llama-index-vector-stores-chroma",
)
# Of these the peers have the versions that Footnote has.
_SAME = ("torch", "transformers", "sentence-transformers", "chromadb", "tokenizers", "numpy")
_FILES, _QUESTIONS = 240, 51


def bench(corpus: Path | None, times: int, say: Callable[[str], None]) -> Iterator[list[Figure]]:
    """Figures of Footnote and of each peer on a folder of text files, 240 made ones without one.

    The peers have an environment of their own in a cache folder, which the first run installs.
    """
    python = _environment(say)
    with TemporaryDirectory(prefix="footnote-bench-") as name:
        folder = Path(name)
        if corpus is None:
            make_corpus(corpus := folder / "corpus", _FILES, 1)
        questions = questions_of(corpus, _QUESTIONS)
        found = dict[str, list[dict[str, Any]]]()
        for number in range(times):
            for system in (_OWN, *_PEERS):
                say(f"{system}, {number + 1} of {times}")
                interpreter = sys.executable if system == _OWN else str(python)
                data = folder / f"{system}{number}"
                cost = _run(interpreter, system, corpus, data, questions)
                found.setdefault(system, []).append(cost)
        files = sum(path.is_file() for path in corpus.rglob("*"))
        yield _figures("searchable", f"{files} files", found, _built, "s")
        yield _figures("CPU until then", f"{files} files", found, _cpu, "s")
        yield _figures("a question", f"{files} files", found, _asked, "ms")


def _built(cost: dict[str, Any]) -> float:
    return float(cost["built"])


def _cpu(cost: dict[str, Any]) -> float:
    return float(cost["cpu"])


def _asked(cost: dict[str, Any]) -> float:
    return float(1000 * median(cost["asked"]))


def _figures(
    what: str,
    among: str,
    found: dict[str, list[dict[str, Any]]],
    value_of: Callable[[dict[str, Any]], float],
    unit: str,
) -> list[Figure]:
    values = {name: median(map(value_of, costs)) for name, costs in found.items()}
    own = values.pop(_OWN)
    peers = [
        Figure(f"{what}, {among}: {name}", value, unit, f"{value / own:.2f} x Footnote's")
        for name, value in values.items()
    ]
    fastest = min(values.values())
    return [
        Figure(f"{what}, {among}: {_OWN}", own, unit),
        *peers,
        Figure(f"as fast as the fastest peer, {among}", fastest / own, "x"),
    ]


def _run(
    python: str, system: str, corpus: Path, data: Path, questions: Sequence[str]
) -> dict[str, Any]:
    """What indexing and asking took one system, in a process of its own."""
    settings = load_settings(IndexSettings, data=data)
    script = Path(__file__).with_name("systems.py")
    model = str(folder_of("minilm"))
    done = subprocess.run(
        [python, str(script), system, str(corpus), str(data), model, str(settings.passage_tokens)],
        input="\n".join(questions),
        # Each imports its own environment, and Footnote this checkout.
        env={**os.environ, "PYTHONPATH": str(ROOT) if system == _OWN else ""},
        stdout=subprocess.PIPE,
        check=True,
        text=True,
    )
    cost: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return cost


def _environment(say: Callable[[str], None]) -> Path:
    """The interpreter that has the peers, installed at the first use."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = cache / "footnote" / "bench-peers"
    python, mark = folder / "bin" / "python", folder / "installed"
    if mark.is_file() and mark.read_text(encoding="utf-8") == "\n".join(_PACKAGES):
        return python
    say(f"installing {len(_PACKAGES)} packages in {folder}, once")
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    listed = subprocess.run(
        [sys.executable, "-m", "pip", "freeze"], stdout=subprocess.PIPE, check=True, text=True
    ).stdout.splitlines()
    same = [line.partition("+")[0] for line in listed if line.partition("==")[0] in _SAME]
    try:
        subprocess.run([str(python), "-m", "pip", "install", "-q", *_PACKAGES, *same], check=True)
    except subprocess.CalledProcessError:
        raise ConfigError("the peers could not be installed; see what pip says above") from None
    mark.write_text("\n".join(_PACKAGES), encoding="utf-8")
    return python

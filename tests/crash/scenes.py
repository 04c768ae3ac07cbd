"""Corpora with a change to come, and what an index of them must hold before and after it."""

from __future__ import annotations

import random
import shutil
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest

from index.embedding.embedder import Embedder, Progress
from index.errors import FootnoteError
from index.settings import IndexSettings, load_settings
from index.sync.sync import sync
from index.types import Content, Embedded, Vectors
from tests.crash.faults import in_child
from tests.crash.look import Held, flaws, look, wrong_vectors
from tests.crash.quick import speed_up
from tests.helpers.indexing import minilm, write

Files = dict[str, str | bytes]

_DIMENSION = 16
_WORDS = "amber birch cedar daisy ember fern grove hazel iris jade kelp lotus moss nettle".split()


class FakeEmbedder(Embedder):
    """Unit vectors that follow from the texts; a word is a token."""

    fingerprint = "fake-1"
    embedded = 0
    dimension = _DIMENSION
    max_tokens = 256

    @staticmethod
    def counter(texts: Sequence[str]) -> list[int]:
        return [len(text.split()) for text in texts]

    def load(self) -> None:
        pass

    def embed_query(self, text: str) -> Vectors:
        seed = int.from_bytes(sha256(text.encode()).digest()[:8], "big")
        vector = np.random.default_rng(seed).standard_normal(_DIMENSION)
        return (vector / np.linalg.norm(vector)).astype(np.float32)

    def embed_passages(self, texts: Sequence[str], done: Progress | None = None) -> Vectors:
        self.embedded += len(texts)
        if done:
            done(len(texts))
        return np.stack([self.embed_query(text) for text in texts])

    def embed_contents(self, contents: Sequence[Content], done: Progress | None = None) -> Embedded:
        vectors = self.embed_passages([content.embedding_text for content in contents], done)
        inside = [self.embed_query(content.text)[None] for content in contents]
        return Embedded(vectors, inside)


def share_embedder(name: str) -> Embedder:
    """Have every Embedder of this process and its forks be one that is loaded: fake or minilm."""
    embedder = FakeEmbedder("fake") if name == "fake" else minilm()
    embedder.load()
    patch = pytest.MonkeyPatch()
    patch.setattr(Embedder, "__new__", lambda *_: embedder)
    patch.setattr("tests.helpers.indexing.minilm", lambda: embedder)
    return embedder


def warm_up(folder: Path) -> None:
    """Import what syncs and readers import, so that forks need not.

    Which modules these are, a child tells that does both: Chroma must not be opened before a fork.
    """
    corpus, data = folder / "corpus", folder / "data"
    replace_files(corpus, {"warm.md": section(0)})

    def modules() -> list[str]:
        quick_sync(data, corpus)
        look(data)
        return sorted(sys.modules)

    for name in sorted(set(in_child(modules).value or ()) - sys.modules.keys()):
        with suppress(ImportError):  # some are made by others
            import_module(name)
    shutil.rmtree(folder)


# --- files


def section(seed: int | str) -> str:
    """A heading and a paragraph of its own word, which follow from a seed."""
    chance = random.Random(f"section {seed}")
    words = " ".join(chance.choice(_WORDS) for _ in range(12))
    return f"## Part {seed}\n\nword{seed} {words}.\n\n"


def _file(number: int, sections: int) -> str:
    shared = f"## Terms\n\nThe terms of all are alike {number % 3}.\n\n"
    return shared + "".join(section(f"{number}x{part}") for part in range(sections))


def small() -> Files:
    """12 files of 60 passages, of which 9 read the same as another."""
    return {f"d{n % 3}/file{n:02}.md": _file(n, 4) for n in range(12)}


def large() -> Files:
    """Past 1,000 keys Chroma writes its graph to files; these are 1,903."""
    return {f"big{n:02}.md": _file(n, 50) for n in range(38)}


def vast() -> Files:
    """Past 10,000 keys Chroma is told to write its graph seldom; these are 11,253."""
    return {f"vast{n:03}.md": _file(n, 50) for n in range(225)}


def added(extra: int) -> Files:
    return {f"d1/new{n}.md": _file(100 + n, extra) for n in range(3)}


def mixed(before: Files, extra: int) -> Files:
    """Three files added, two edited, one renamed, one copied, one broken, one removed.

    Less than a quarter of the keys go, so that the followers are changed, not made anew.
    """
    after, paths = before | added(extra), sorted(before)
    after[paths[0]] = str(after[paths[0]]).replace("word", "changed", 1)
    after[paths[1]] = str(after[paths[1]]) + section("more")
    after["renamed.md"] = after.pop(paths[2])
    after["copied.md"] = after[paths[3]]
    after[paths[4]] = b"\0"
    del after[paths[5]]
    return after


# --- indexes


@dataclass(frozen=True, slots=True)
class Scene:
    """An index and a corpus that has changed since; `before` is None if nothing was indexed.

    `data` is where the index is copied from. A sync reads the corpus and never changes it.
    `names` are those in the data folder of an index made from scratch. `is_broken` says that its
    followers cannot be opened. A sync that takes more than `most_seconds` hangs.
    """

    name: str
    corpus: Path
    data: Path
    before: Held | None
    after: Held
    names: frozenset[str]
    rebuild: bool = False
    is_broken: bool = False
    most_seconds: float = 60


@dataclass(frozen=True, slots=True)
class Synced:
    """What a sync said: how many texts it embedded, or its error and the exit code of that."""

    embedded: int = 0
    error: str = ""
    exit_code: int = 0


def run_sync(data: Path, corpus: Path, rebuild: bool = False) -> Synced:
    """One sync in this process; other errors than Footnote's own are raised."""
    settings = load_settings(IndexSettings, data=data)
    try:
        report = sync(settings, corpus, force=True, rebuild=rebuild)
    except FootnoteError as error:
        return Synced(error=str(error), exit_code=error.exit_code)
    return Synced(report.embedded)


def quick_sync(data: Path, corpus: Path, rebuild: bool = False) -> Synced:
    """The same, without new interpreters."""
    speed_up()
    return run_sync(data, corpus, rebuild)


def make_scene(folder: Path, name: str, before: Files | None, after: Files) -> Scene:
    """Index a corpus, if there is one, then change it; also index it from scratch."""
    corpus, data, scratch = folder / "corpus", folder / "data", folder / "scratch"
    held = None
    if before is None:
        data.mkdir(parents=True)
    else:
        replace_files(corpus, before)
        held = _built(data, corpus)
    if held and before == after:
        return Scene(name, corpus, data, held, held, top_names(data))
    replace_files(corpus, after)
    wanted = _built(scratch, corpus)
    return Scene(name, corpus, data, held, wanted, top_names(scratch))


def _built(data: Path, corpus: Path) -> Held:
    """An index from scratch, checked against the embedder."""

    def build() -> Synced:
        return quick_sync(data, corpus)

    def check() -> Held | None:
        held = look(data)
        assert held
        assert not wrong_vectors(held, Embedder("shared"))
        return held

    synced, seen = in_child(build, 300), in_child(check, 300)
    if synced.how != "done" or seen.value is None or flaws(seen.value, [seen.value]):
        sys.exit(f"no index to start from: {synced.how} {seen.how}\n{synced.errors}{seen.errors}")
    return seen.value


def replace_files(corpus: Path, files: Mapping[str, str | bytes]) -> None:
    """Have a folder hold these files and no others; unchanged ones keep their times."""
    for path in [path for path in corpus.rglob("*") if path.is_file()]:
        if path.relative_to(corpus).as_posix() not in files:
            path.unlink()
    for name, content in files.items():
        data = content if isinstance(content, bytes) else content.encode()
        if not (corpus / name).is_file() or (corpus / name).read_bytes() != data:
            write(corpus, {name: data})


def top_names(data: Path) -> frozenset[str]:
    """What lies in a data folder, but for SQLite's own working files."""
    return frozenset(p.name for p in data.iterdir() if not p.name.endswith(("-shm", "-wal")))

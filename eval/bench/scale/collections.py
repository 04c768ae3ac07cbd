"""Memory of ten collections in one process, beside that of one."""

from __future__ import annotations

import multiprocessing
import os
import random
import shutil
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory

from eval.bench.index import FakeEmbedder
from eval.bench.timing import Figure, make_corpus
from index.joined import JoinedIndex
from index.settings import load_settings
from index.snapshots import Index
from index.sync.sync import sync
from rag.composition.extractive import QuotesComposer
from rag.engine import Engine
from rag.settings import Settings

_COLLECTIONS = 10
_PARAGRAPHS = 10
_QUESTIONS = 100


def bench(passages: int, say: Callable[[str], None]) -> Iterator[list[Figure]]:
    """Collections of so many made passages, each asked questions by itself and all together."""
    with TemporaryDirectory(prefix="footnote-bench-") as name:
        first, corpus = Path(name) / "0", Path(name) / "corpus"
        say(f"{_COLLECTIONS} collections of {passages} passages, {_QUESTIONS} questions to each")
        make_corpus(corpus, max(1, passages // _PARAGRAPHS), _PARAGRAPHS)
        sync(load_settings(Settings, data=first), corpus, embedder=FakeEmbedder("minilm"))
        folders = [first, *(first.with_name(str(n)) for n in range(1, _COLLECTIONS))]
        for folder in folders[1:]:
            shutil.copytree(first, folder)
        asked = _questions(corpus)
        one, many = _megabytes(folders[:1], asked), _megabytes(folders, asked)
        each = (many - one) / (_COLLECTIONS - 1)
        yield [
            Figure("memory of one collection", one, "MB"),
            Figure(f"memory of {_COLLECTIONS} collections", many, "MB", f"{many / one:.2f} times"),
            Figure("each further collection", each, "MB"),
        ]


def _megabytes(folders: Sequence[Path], asked: Sequence[str]) -> float:
    """Resident memory of a process of its own that answers from these collections."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        return pool.submit(measure, folders, asked).result()


def measure(folders: Sequence[Path], asked: Sequence[str]) -> float:
    """Megabytes that this process holds once it has answered from each collection and from all."""
    embedder = FakeEmbedder("minilm")
    each = {
        folder.name: Index(load_settings(Settings, data=folder, refuse_below=0), embedder)
        for folder in folders
    }
    settings = next(iter(each.values())).settings
    assert isinstance(settings, Settings)
    whole = Engine(settings, JoinedIndex(each), QuotesComposer(settings.sentences))
    for name, index in each.items():
        alone = whole.over(JoinedIndex({name: index}))
        for question in asked:
            alone.answer(question)
    for question in asked:
        whole.answer(question)
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def _questions(corpus: Path) -> list[str]:
    """Questions of words that stand near each other in the corpus, the same ones each time."""
    chance, paths = random.Random(0), sorted(corpus.rglob("*.txt"))
    texts = (chance.choice(paths).read_text(encoding="utf-8").split() for _ in range(_QUESTIONS))
    return [f"What is {' '.join(words[30:39])}?".lower() for words in texts]

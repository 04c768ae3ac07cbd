"""Indexing time against the bare model, a bare directory walk and llama-index."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from eval.bench.timing import Figure, make_corpus, paired
from eval.runs.session import peak_memory_mb
from index.catalog.reader import Catalog
from index.embedding.embedder import Embedder
from index.embedding.model_files import folder_of
from index.embedding.sentence_transformer import SentenceTransformerEncoder
from index.errors import ConfigError
from index.settings import IndexSettings, load_settings
from index.sync.sync import SyncReport, sync
from index.types import Content, Embedded, Vectors

# Files' times are set back, since a sync compares the bytes of those written a moment ago.
_LONG_AGO = 1_000_000_000
_WALK_FILES = 10_000
_PARAGRAPHS = 10


class FakeEmbedder(Embedder):
    """Random unit vectors seeded by a text's digest, so that embedding takes no time."""

    def __init__(self, model: str) -> None:
        super().__init__(model)
        self.__dict__["fingerprint"] = "made-up"

    def embed_contents(
        self, contents: Sequence[Content], done: Callable[[int], None] | None = None
    ) -> Embedded:
        """One vector per passage and per sentence, the same each time."""
        texts = [content.embedding_text for content in contents]
        inside = [
            np.stack([self._draw(text[start:end]) for start, end in content.sentence_spans])
            for content, text in zip(contents, texts, strict=True)
        ]
        if done:
            done(len(texts))
        return Embedded(np.stack([self._draw(text) for text in texts]), inside)

    def _draw(self, text: str) -> Vectors:
        seed = int.from_bytes(sha256(text.encode()).digest()[:8])
        vector = np.random.default_rng(seed).normal(size=384)
        return np.asarray(vector / np.linalg.norm(vector), dtype=np.float32)


def bench(
    corpus: Path | None, passages: int, times: int, say: Callable[[str], None]
) -> Iterator[list[Figure]]:
    """Figures of indexing, section by section.

    `corpus` is embedded for those of the model; None makes one of `passages` passages. The others
    use synthetic files and fake vectors.
    """
    with TemporaryDirectory(prefix="footnote-bench-") as name:
        folder = Path(name)
        if corpus is None:
            corpus = folder / "corpus"
            make_corpus(corpus, max(1, passages // _PARAGRAPHS), _PARAGRAPHS)
        say("the bare model and llama-index on the same files")
        yield _versus_others(corpus, folder, times)
        say(f"a walk over {_WALK_FILES} unchanged files")
        yield _versus_walk(folder, times)
        for count in (passages, 10 * passages):
            say(f"one changed file among {count} passages")
            yield _one_change(folder, count)


# --- embedding


def _versus_others(corpus: Path, folder: Path, times: int) -> list[Figure]:
    runs = [0]

    def fresh() -> IndexSettings:
        runs[0] += 1
        return load_settings(IndexSettings, data=folder / f"run{runs[0]}", embedding_model="minilm")

    report = sync(fresh(), corpus)
    if not report.passages:
        raise ConfigError(f"{corpus} holds no document that can be read; name a folder that does")
    with_catalog = Catalog.read(folder / "run1")
    keys = with_catalog.keys()
    contents = with_catalog.contents(keys).values()
    texts = sorted((content.embedding_text for content in contents), key=len)
    with_catalog.close()
    model = SentenceTransformerEncoder(folder_of("minilm"), "minilm")
    bare = paired(lambda: sync(fresh(), corpus), lambda: model.encode_passages(texts), times)
    rate = len(texts) / min(bare.thing)
    figures = [
        Figure("passages a second", rate, "1/s", f"{report.passages} passages, all of the sync"),
        Figure("share of the bare model", 1 / bare.ratio, "x", "sentence-transformers' encode"),
    ]
    if find_spec("llama_index.vector_stores.chroma") is None:
        return figures
    passage_tokens = fresh().passage_tokens
    other = paired(
        lambda: sync(fresh(), corpus),
        lambda: _build_with_llama_index(corpus, folder / f"other{runs[0]}", passage_tokens),
        times,
    )
    ratio = 1 / other.ratio
    return [*figures, Figure("as fast as llama-index", ratio, "x", "VectorStoreIndex on Chroma")]


def _build_with_llama_index(corpus: Path, data: Path, passage_tokens: int) -> None:
    """The yardstick: read a folder's text files, split, embed and store them.

    The splitter's passages are as long as ours and do not overlap, which is the least work; all
    other settings are those that a user gets.
    """
    import chromadb
    from chromadb.config import Settings
    from llama_index.core import SimpleDirectoryReader, StorageContext, VectorStoreIndex
    from llama_index.core.node_parser import SentenceSplitter
    from llama_index.embeddings.huggingface import HuggingFaceEmbedding
    from llama_index.vector_stores.chroma import ChromaVectorStore

    # It counts with a tokenizer that it carries, and must not look for another.
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    model = HuggingFaceEmbedding(model_name=str(Embedder("minilm").folder), device="cpu")
    client = chromadb.PersistentClient(str(data), settings=Settings(anonymized_telemetry=False))
    store = ChromaVectorStore(chroma_collection=client.create_collection("yardstick"))
    VectorStoreIndex.from_documents(
        SimpleDirectoryReader(str(corpus), recursive=True).load_data(),
        storage_context=StorageContext.from_defaults(vector_store=store),
        embed_model=model,
        transformations=[SentenceSplitter(chunk_size=passage_tokens, chunk_overlap=0)],
    )


# --- looking


def _versus_walk(folder: Path, times: int) -> list[Figure]:
    corpus = folder / "many"
    _make_many(corpus)
    settings = load_settings(IndexSettings, data=folder / "many-index")
    sync(settings, corpus, embedder=FakeEmbedder("minilm"))
    pair = paired(
        lambda: sync(settings, corpus, embedder=FakeEmbedder("minilm")),
        lambda: _walk(corpus),
        3 * times,
    )
    detail = f"{_WALK_FILES} files, {min(pair.thing):.3f} s"
    return [Figure("unchanged sync to a walk with stat", pair.ratio, "x", detail)]


def _make_many(corpus: Path) -> None:
    for number in range(_WALK_FILES):
        path = corpus / f"{number // 100:03}" / f"{number:05}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"The text of file {number % 50}.\n", encoding="utf-8")
        os.utime(path, (_LONG_AGO, _LONG_AGO))


def _walk(corpus: Path) -> int:
    """Bytes below a folder, as a bare walk finds them."""
    paths = (os.path.join(top, name) for top, _, names in os.walk(corpus) for name in names)  # noqa: PTH118
    return sum(os.stat(path).st_size for path in paths)  # noqa: PTH116


# --- one change, and memory


def _one_change(folder: Path, count: int) -> list[Figure]:
    """Seconds of a sync after one file of many was changed, and the memory of both syncs, each in
    a process of its own.
    """
    corpus, data = folder / f"corpus{count}", folder / f"index{count}"
    make_corpus(corpus, max(1, count // _PARAGRAPHS), _PARAGRAPHS)
    _, first_peak = _sync_in_process(corpus, data)
    changed = min(corpus.rglob("*.txt"))
    changed.write_text("Another text.\n\n" + changed.read_text(encoding="utf-8"), encoding="utf-8")
    stages, peak = _sync_in_process(corpus, data)
    shutil.rmtree(data)
    shutil.rmtree(corpus)
    longest = sorted(stages.items(), key=lambda item: -item[1])
    goes = ", ".join(f"{name} {seconds:.2f}" for name, seconds in longest if name != "total")
    among = f"among {count} passages"
    return [
        Figure(f"one changed file {among}", stages["total"], "s", goes),
        Figure(f"peak memory of that sync {among}", peak, "MB"),
        Figure(f"peak memory of the first sync {among}", first_peak, "MB"),
    ]


def _sync_in_process(corpus: Path, data: Path) -> tuple[dict[str, float], float]:
    """Sync in another process; seconds of its stages, and its peak memory in megabytes."""
    command = [sys.executable, "-m", "eval.bench.index", str(corpus), str(data)]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True)
    stages, peak = json.loads(done.stdout)
    return stages, peak


def main() -> None:
    """Sync the folders named in the arguments with made-up vectors; print what it cost."""
    corpus, data = map(Path, sys.argv[1:])
    settings = load_settings(IndexSettings, data=data)
    report: SyncReport = sync(settings, corpus, embedder=FakeEmbedder("minilm"))
    sys.stdout.write(json.dumps([report.seconds, peak_memory_mb()]))


if __name__ == "__main__":
    main()

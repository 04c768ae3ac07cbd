"""What tests of syncs and readers share: one loaded model, folders, the whole of an index."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from functools import cache
from hashlib import sha256
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import pytest

from index.catalog.reader import Catalog
from index.catalog.writer import CatalogWriter
from index.embedding.embedder import Embedder
from index.engines.generations import Generations
from index.formats.base import Unreadable
from index.formats.registry import parse
from index.settings import IndexSettings, load_settings
from index.snapshots import Index
from index.sync.sync import SyncReport, sync
from index.sync.walk import walk
from index.text.splitter import split
from index.types import Document, Passage


@cache
def minilm() -> Embedder:
    """MiniLM, loaded once for all tests."""
    return Embedder("minilm")


@contextmanager
def sharing_minilm() -> Iterator[None]:
    """Have syncs and readers use the one that is loaded; other models are theirs to load."""

    def embedder(name: str) -> Embedder:
        return minilm() if name == "minilm" else Embedder(name)

    with pytest.MonkeyPatch.context() as patch:
        for place in ("index.sync.sync.Embedder", "index.snapshots.Embedder"):
            patch.setattr(place, embedder)
        yield


def settings_for(data: Path, **given: object) -> IndexSettings:
    return load_settings(IndexSettings, data=data, **given)


def write(corpus: Path, files: Mapping[str, str | bytes], time: int | None = None) -> None:
    for path, content in files.items():
        (corpus / path).parent.mkdir(parents=True, exist_ok=True)
        (corpus / path).write_bytes(content if isinstance(content, bytes) else content.encode())
        if time is not None:
            os.utime(corpus / path, ns=(time, time))


class Place:
    """A corpus and its index in one folder, to be changed."""

    def __init__(self, folder: Path) -> None:
        self.corpus, self.data = folder / "corpus", folder / "data"

    def copy(self, folder: Path) -> Place:
        """The same in another folder, as if the index had always been there."""
        place = Place(folder)
        shutil.copytree(self.corpus, place.corpus)
        shutil.copytree(self.data, place.data)
        catalog = CatalogWriter.create(place.data)
        catalog.set_meta("corpus", os.path.realpath(place.corpus))
        catalog.close()
        return place

    def sync(
        self,
        corpus: Path | None = None,
        force: bool = False,
        dry_run: bool = False,
        rebuild: bool = False,
    ) -> SyncReport:
        return sync(
            settings_for(self.data),
            corpus or self.corpus,
            force=force,
            dry_run=dry_run,
            rebuild=rebuild,
        )

    def found(self, query: str) -> list[str]:
        """Documents whose passages share words with a query, best first."""
        index = Index(settings_for(self.data))
        with index.lease() as snapshot:
            keys = [key for key, _ in snapshot.search_words(query, 5)]
            texts = snapshot.texts(keys)
        index.close()
        return [passage.document for key in keys for passage in texts[key].passages]

    def state(self) -> dict[str, bytes]:
        """Every file of the index but the lock and SQLite's own working files."""
        files = (path for path in self.data.rglob("*") if path.is_file())
        return {
            str(f): f.read_bytes() for f in files if not f.name.endswith(("lock", "-shm", "-wal"))
        }

    def generations(self) -> list[str]:
        """Numbers of the generations whose files are there."""
        return sorted(path.name[:6] for path in (self.data / "generations").iterdir())


def wanted(corpus: Path, limit: int = 180) -> tuple[dict[str, Document | None], list[Passage]]:
    """Documents (None for those that cannot be read) and passages, made straight from the files."""
    documents, passages = dict[str, Document | None](), list[Passage]()
    entries, failures = walk(corpus)
    documents.update({failure.path: None for failure in failures})
    for entry in entries:
        data = (corpus / entry.path).read_bytes()
        try:
            read = parse(entry.path, data)
        except Unreadable:
            documents[entry.path] = None
            continue
        title, digest = read.title or PurePosixPath(entry.path).stem, sha256(data).hexdigest()
        documents[entry.path] = document = Document(
            entry.path,
            title,
            read.text,
            digest,
            read.headings,
            read.page_starts,
            read.hidden,
            read.notes,
        )
        passages += split(document, minilm().count_tokens, limit)
    return documents, passages


def held(data: Path) -> tuple[dict[str, Document | None], list[Passage]]:
    """What an index holds, after a check that its vectors and its stores agree with it."""
    catalog = Catalog.read(data)
    documents = {info.path: catalog.document(info.path) for info in catalog.documents()}
    passages = [p for path in documents for p in catalog.passages_in(path)]
    keys = {passage.key for passage in passages}
    stored = catalog.vectors(minilm().fingerprint, sorted(keys))
    assert set(catalog.keys()) == stored.keys() == keys
    generations = Generations.of(settings_for(data))
    folder = generations.current(catalog)
    assert folder
    for engine in generations.engines.stores():
        with closing(engine.open(folder)) as store:
            assert store.keys() == keys
    catalog.close()
    return documents, passages


def assert_in_line(data: Path, corpus: Path) -> None:
    """The index is what one built from scratch would be, vectors and all."""
    documents, passages = held(data)
    expected_documents, expected_passages = wanted(corpus)
    assert documents == expected_documents
    assert sorted(passages, key=_order) == sorted(expected_passages, key=_order)
    catalog = Catalog.read(data)
    stored = catalog.vectors(minilm().fingerprint, [p.key for p in passages])
    catalog.close()
    texts = {p.key: p.embedding_text for p in passages}
    vectors = minilm().embed_passages([texts[key] for key in stored])
    for key, vector in zip(stored, vectors, strict=True):
        assert np.allclose(stored[key], vector, atol=1e-5)


def _order(passage: Passage) -> tuple[str, int]:
    return passage.document, passage.start


_TINY: dict[str, Any] = {
    "hidden_size": 16,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "intermediate_size": 16,
    "max_position_embeddings": 128,
}


def tiny_model(folder: Path, window: int) -> Path:
    """A sentence-transformers model of a few kilobytes with random weights, saved in a folder."""
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.models import Pooling, Transformer
    from transformers import AutoTokenizer, BertConfig, BertModel

    tokenizer = AutoTokenizer.from_pretrained(str(minilm().folder))
    parts = folder / "parts"
    BertModel(BertConfig(vocab_size=len(tokenizer), **_TINY)).save_pretrained(str(parts))
    tokenizer.save_pretrained(str(parts))
    words = Transformer(str(parts), max_seq_length=window)
    SentenceTransformer(modules=[words, Pooling(16)], device="cpu").save(str(folder))
    shutil.rmtree(parts)
    return folder


def tiny_cross_encoder(folder: Path, *labels: str) -> str:
    """A cross-encoder of a few kilobytes with random weights and these labels."""
    from transformers import AutoTokenizer, BertConfig, BertForSequenceClassification

    tokenizer = AutoTokenizer.from_pretrained(str(minilm().folder))
    config = BertConfig(vocab_size=len(tokenizer), id2label=dict(enumerate(labels)), **_TINY)
    BertForSequenceClassification(config).save_pretrained(str(folder))
    tokenizer.save_pretrained(str(folder))
    return str(folder)

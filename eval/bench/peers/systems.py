"""One library indexes a folder and is asked: `python systems.py NAME CORPUS DATA MODEL TOKENS`.

It is run by the interpreter that has the library, as a file: nothing of Footnote is imported but
for Footnote itself. Imports come before the clock. Prints JSON: seconds until the folder is
searchable, with a first search, CPU seconds, and the seconds of each later search.
"""

from __future__ import annotations

import json
import os
import resource
import sys
from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from typing import Any, NamedTuple

_HITS = 10


class Peer(NamedTuple):
    """How a folder is indexed, and what is found for a question then."""

    build: Callable[[], object]
    search: Callable[[str], object]


def footnote(corpus: Path, data: Path, _: str, __: int) -> Peer:
    """Footnote: the search is a whole answer, quoted and checked."""
    import onnxruntime  # noqa: F401
    import tokenizers  # noqa: F401

    from index.engines.base import load_engines
    from index.settings import load_settings
    from index.sync.sync import sync
    from rag.engine import build as engine_of
    from rag.settings import Settings

    settings = load_settings(Settings, data=data)
    for store in load_engines(settings).stores():
        store.preload()
    engine = engine_of(settings)
    # As with the others, one model embeds documents and questions.
    return Peer(lambda: sync(settings, corpus, embedder=engine.models.embedder), engine.answer)


def llama_index(corpus: Path, data: Path, model: str, tokens: int) -> Peer:
    """llama-index: SimpleDirectoryReader, SentenceSplitter and VectorStoreIndex on Chroma."""
    import chromadb
    from llama_index.core import SimpleDirectoryReader, StorageContext, VectorStoreIndex
    from llama_index.core.node_parser import SentenceSplitter
    from llama_index.embeddings.huggingface import HuggingFaceEmbedding
    from llama_index.vector_stores.chroma import ChromaVectorStore

    made: dict[str, Any] = {}

    def build() -> None:
        embedding = HuggingFaceEmbedding(model_name=model, device="cpu")
        client = chromadb.PersistentClient(str(data))
        store = ChromaVectorStore(chroma_collection=client.create_collection("peer"))
        found = VectorStoreIndex.from_documents(
            SimpleDirectoryReader(str(corpus), recursive=True).load_data(),
            storage_context=StorageContext.from_defaults(vector_store=store),
            embed_model=embedding,
            transformations=[SentenceSplitter(chunk_size=tokens, chunk_overlap=0)],
        )
        made["retriever"] = found.as_retriever(similarity_top_k=_HITS)

    return Peer(build, lambda question: made["retriever"].retrieve(question))


def langchain(corpus: Path, data: Path, model: str, tokens: int) -> Peer:
    """LangChain: text files, RecursiveCharacterTextSplitter and Chroma."""
    from langchain_chroma import Chroma
    from langchain_core.documents import Document
    from langchain_huggingface import HuggingFaceEmbeddings
    from langchain_text_splitters import RecursiveCharacterTextSplitter
    from transformers import AutoTokenizer

    made: dict[str, Any] = {}

    def build() -> None:
        splitter = RecursiveCharacterTextSplitter.from_huggingface_tokenizer(
            AutoTokenizer.from_pretrained(model), chunk_size=tokens, chunk_overlap=0
        )
        documents = [
            Document(path.read_text(encoding="utf-8"), metadata={"source": str(path)})
            for path in _texts(corpus)
        ]
        embedding = HuggingFaceEmbeddings(model_name=model, model_kwargs={"device": "cpu"})
        made["store"] = Chroma.from_documents(
            splitter.split_documents(documents), embedding, persist_directory=str(data)
        )

    return Peer(build, lambda question: made["store"].similarity_search(question, k=_HITS))


def txtai(corpus: Path, data: Path, model: str, _: int) -> Peer:
    """txtai: Embeddings with their contents; each file is one text, which the model cuts off."""
    from txtai import Embeddings

    found = Embeddings(path=model, content=True, gpu=False)

    def build() -> None:
        found.index((str(path), path.read_text(encoding="utf-8")) for path in _texts(corpus))
        found.save(str(data))

    return Peer(build, lambda question: found.search(question, _HITS))


def haystack(corpus: Path, data: Path, model: str, tokens: int) -> Peer:
    """haystack: converter, DocumentSplitter, embedder and writer in a pipeline, on Chroma."""
    from haystack import Pipeline
    from haystack.components.converters import TextFileToDocument
    from haystack.components.preprocessors import DocumentSplitter
    from haystack.components.writers import DocumentWriter
    from haystack_integrations.components.retrievers.chroma import ChromaEmbeddingRetriever
    from haystack_integrations.document_stores.chroma import ChromaDocumentStore

    document_embedder, text_embedder = _haystack_embedders()
    made: dict[str, Any] = {}

    def build() -> None:
        store = ChromaDocumentStore(persist_path=str(data))
        indexing, asking = Pipeline(), Pipeline()
        # A word is 1.3 tokens or so.
        words = round(tokens / 1.3)
        for name, part in (
            ("read", TextFileToDocument()),
            ("split", DocumentSplitter(split_by="word", split_length=words, split_overlap=0)),
            ("embed", document_embedder(model=model, progress_bar=False)),
            ("write", DocumentWriter(store)),
        ):
            indexing.add_component(name, part)
        for one, other in (("read", "split"), ("split", "embed"), ("embed", "write")):
            indexing.connect(one, other)
        indexing.run({"read": {"sources": list(_texts(corpus))}})
        asking.add_component("embed", text_embedder(model=model, progress_bar=False))
        asking.add_component("find", ChromaEmbeddingRetriever(store, top_k=_HITS))
        asking.connect("embed.embedding", "find.query_embedding")
        made["asking"] = asking

    return Peer(build, lambda question: made["asking"].run({"embed": {"text": question}}))


def _haystack_embedders() -> tuple[Any, Any]:
    """Both embedders, which moved to a package of their own."""
    try:
        from haystack_integrations.components.embedders import sentence_transformers as found
    except ImportError:
        from haystack.components import embedders as found
    return (
        found.SentenceTransformersDocumentEmbedder,
        found.SentenceTransformersTextEmbedder,
    )


SYSTEMS = {each.__name__: each for each in (footnote, llama_index, langchain, txtai, haystack)}


def _texts(corpus: Path) -> list[Path]:
    return sorted(path for path in corpus.rglob("*") if path.is_file())


def main() -> None:
    """Index and ask; print what it took. The questions are the lines of standard input."""
    name, corpus, data, model, tokens = sys.argv[1:]
    os.environ.update(HF_HUB_OFFLINE="1", ANONYMIZED_TELEMETRY="False", TQDM_DISABLE="1")
    os.environ["HAYSTACK_TELEMETRY_ENABLED"] = "False"
    questions = sys.stdin.read().splitlines()
    peer = SYSTEMS[name](Path(corpus), Path(data), model, int(tokens))
    before, began = _cpu(), perf_counter()
    peer.build()
    peer.search(questions[0])
    taken, cpu = perf_counter() - began, _cpu() - before
    each = []
    for question in questions[1:]:
        began = perf_counter()
        peer.search(question)
        each.append(perf_counter() - began)
    # Some of them print on their own.
    sys.stdout.write(f"\n{json.dumps({'built': taken, 'cpu': cpu, 'asked': each})}\n")


def _cpu() -> float:
    both = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in both)


if __name__ == "__main__":
    main()

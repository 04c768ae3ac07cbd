"""The yardstick: llama-index's own way from a folder to a Chroma store, with the same model."""

from __future__ import annotations

import os
from pathlib import Path

import chromadb
from chromadb.config import Settings
from llama_index.core import SimpleDirectoryReader, StorageContext, VectorStoreIndex
from llama_index.core.node_parser import SentenceSplitter
from llama_index.embeddings.huggingface import HuggingFaceEmbedding
from llama_index.vector_stores.chroma import ChromaVectorStore

from index.embedding.embedder import Embedder


def build(corpus: Path, data: Path, passage_tokens: int) -> None:
    """Read a folder's text files, split, embed and store them.

    The splitter's passages are as long as ours and do not overlap, which is the least work; all
    other settings are those that a user gets.
    """
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

"""The yardstick: llama-index as its documentation starts, with the same model behind it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eval.bench.llm.model import use_readers
from index.embedding.embedder import Embedder
from rag.citations.declining import declines
from rag.citations.markers import read_markers

_TOP = 4
_SECONDS = 3600.0
_EMPTY = "Empty Response"


@dataclass(frozen=True, slots=True)
class StockReply:
    """What the query engine returned, and whether it says that there is no answer."""

    text: str
    refused: bool


class StockEngine:
    """SimpleDirectoryReader, SentenceSplitter, the four best nodes, the default query engine.

    The embedding model is Footnote's own, so that what differs is all the rest.
    """

    def __init__(self, corpus: Path, url: str, window: int, cache: Path) -> None:
        use_readers(cache)
        os.environ.setdefault("HF_HUB_OFFLINE", "1")
        from llama_index.core import SimpleDirectoryReader, VectorStoreIndex
        from llama_index.core.node_parser import SentenceSplitter
        from llama_index.embeddings.huggingface import HuggingFaceEmbedding
        from llama_index.llms.openai_like import OpenAILike

        model = HuggingFaceEmbedding(model_name=str(Embedder("minilm").folder), device="cpu")
        llm = OpenAILike(
            model="default",
            api_base=url,
            api_key="none",
            is_chat_model=True,
            context_window=window,
            max_tokens=512,
            temperature=0.0,
            max_retries=0,
            timeout=_SECONDS,
        )
        documents = SimpleDirectoryReader(str(corpus), recursive=True).load_data()
        index = VectorStoreIndex.from_documents(
            documents, embed_model=model, transformations=[SentenceSplitter()]
        )
        self._engine: Any = index.as_query_engine(llm=llm, similarity_top_k=_TOP)

    def answer(self, question: str) -> StockReply:
        """One question; it knows of no conversation."""
        text = str(self._engine.query(question)).strip()
        statements, _ = read_markers(text, 0)
        refused = text == _EMPTY or not statements or declines(statements[0])
        return StockReply(text, refused)

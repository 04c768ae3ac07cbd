"""The engine as a llama-index retriever and query engine, for agents, tools and evaluators."""

from __future__ import annotations

import asyncio

from llama_index.core.base.base_query_engine import BaseQueryEngine
from llama_index.core.base.base_retriever import BaseRetriever
from llama_index.core.base.response.schema import Response
from llama_index.core.callbacks import CallbackManager
from llama_index.core.prompts.mixin import PromptMixinType
from llama_index.core.schema import NodeWithScore, QueryBundle, TextNode

from index.types import Hit
from rag.engine import Engine
from rag.schema import AnswerBody


class PassageRetriever(BaseRetriever):
    """Finds the k best passages, by the same ranking as an answer's."""

    def __init__(self, engine: Engine, k: int = 8) -> None:
        super().__init__(callback_manager=CallbackManager())
        self._engine = engine
        self._k = k

    def _retrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        _, hits = self._engine.search(query_bundle.query_str, self._k)
        return [node_of(hit) for hit in hits]


class CitedQueryEngine(BaseQueryEngine):
    """Answers with checked citations; `metadata` holds the whole answer as JSON-ready values.

    The text of a refusal is its message, and `metadata["refusal"]` is set then.
    """

    def __init__(self, engine: Engine) -> None:
        super().__init__(callback_manager=CallbackManager())
        self._engine = engine

    def _query(self, query_bundle: QueryBundle) -> Response:
        answer = self._engine.answer(query_bundle.query_str)
        return Response(
            response=answer.text,
            source_nodes=[node_of(hit) for hit in answer.hits],
            metadata=AnswerBody.of(answer).model_dump(mode="json"),
        )

    async def _aquery(self, query_bundle: QueryBundle) -> Response:
        return await asyncio.to_thread(self._query, query_bundle)

    def _get_prompt_modules(self) -> PromptMixinType:
        return {}


def node_of(hit: Hit) -> NodeWithScore:
    """A hit as a llama-index node whose offsets are those of its document."""
    passage = hit.passage
    node = TextNode(
        id_=passage.id,
        text=passage.text,
        start_char_idx=passage.start,
        end_char_idx=passage.end,
        metadata={
            "document": passage.document,
            "title": passage.title,
            "heading": passage.heading,
            "page": passage.page,
        },
    )
    return NodeWithScore(node=node, score=hit.score)

"""Routes for the models that are loaded: embeddings as OpenAI has them, and reranking."""

from __future__ import annotations

import base64
from typing import Annotated, Any, Literal

import numpy as np
from anyio.to_thread import run_sync
from fastapi import APIRouter
from pydantic import BaseModel, Field, StringConstraints

from rag.retrieval.cross_encoder import LoadedModels
from ui.http.openai_routes import OpenAIRoute
from ui.http.openai_schema import OpenAIErrorBody

MAX_TEXTS = 128
TEXT_CHARACTERS = 8_000
Text = Annotated[str, StringConstraints(min_length=1, max_length=TEXT_CHARACTERS)]
_ERRORS: dict[int | str, dict[str, Any]] = {
    400: {"model": OpenAIErrorBody, "description": "The request breaks a rule or a limit"}
}


class EmbeddingsRequest(BaseModel):
    """Texts to embed; the model's name is accepted as it is, since one model is loaded."""

    input: Text | Annotated[list[Text], Field(min_length=1, max_length=MAX_TEXTS)]
    model: str = ""
    encoding_format: Literal["float", "base64"] = "float"

    @property
    def texts(self) -> list[str]:
        """The texts, also if there is one alone."""
        return [self.input] if isinstance(self.input, str) else self.input


class Embedding(BaseModel):
    """The unit vector of a text; as base64, little-endian floats of four bytes."""

    object: Literal["embedding"] = "embedding"
    index: int
    embedding: list[float] | str


class TokensRead(BaseModel):
    """How many tokens were read."""

    prompt_tokens: int
    total_tokens: int


class EmbeddingsBody(BaseModel):
    """The vectors in the order of the texts."""

    object: Literal["list"] = "list"
    data: list[Embedding]
    model: str
    usage: TokensRead


class RerankRequest(BaseModel):
    """A query and the texts to order by it."""

    query: Text
    documents: list[Text] = Field(min_length=1, max_length=MAX_TEXTS)
    model: str = ""
    top_n: int | None = Field(default=None, ge=1)
    return_documents: bool = False


class RankedText(BaseModel):
    """A text of the request by its place there, and how well it fits the query."""

    index: int
    relevance_score: float
    document: str | None = None


class RerankBody(BaseModel):
    """The texts, best first."""

    model: str
    results: list[RankedText]


def model_routes(models: LoadedModels | None) -> APIRouter:
    """The routes of the models; none without models."""
    router = APIRouter(prefix="/v1", route_class=OpenAIRoute, tags=["Models"])
    if models is None:
        return router
    name = models.name

    @router.post("/embeddings", responses=_ERRORS)
    async def embeddings(body: EmbeddingsRequest) -> EmbeddingsBody:
        """Embed texts with the model that the passages are embedded with."""
        vectors = (await run_sync(models.embed, body.texts)).astype("<f4")
        data = [
            Embedding(
                index=at,
                embedding=vector.tolist()
                if body.encoding_format == "float"
                else base64.b64encode(vector.tobytes()).decode(),
            )
            for at, vector in enumerate(vectors)
        ]
        tokens = sum(models.count_tokens(body.texts))
        usage = TokensRead(prompt_tokens=tokens, total_tokens=tokens)
        return EmbeddingsBody(data=data, model=name, usage=usage)

    @router.post("/rerank", responses=_ERRORS)
    async def rerank(body: RerankRequest) -> RerankBody:
        """Order texts by how well they fit a query."""
        scores = await run_sync(models.relevance, body.query, body.documents)
        order = np.argsort(-np.asarray(scores), kind="stable")[: body.top_n]
        results = [
            RankedText(
                index=int(at),
                relevance_score=scores[at],
                document=body.documents[at] if body.return_documents else None,
            )
            for at in order
        ]
        return RerankBody(model=name, results=results)

    return router

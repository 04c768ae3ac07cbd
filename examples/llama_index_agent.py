"""Footnote as a tool of a llama-index agent: python examples/llama_index_agent.py QUESTION

Needs FOOTNOTE_LLM_URL and FOOTNOTE_LLM_MODEL, and an index (`footnote index FOLDER`).
"""

from __future__ import annotations

import asyncio
import sys
from contextlib import closing

from llama_index.core.agent.workflow import ReActAgent
from llama_index.core.tools import QueryEngineTool
from llama_index.llms.openai_like import OpenAILike

from index.settings import load_settings
from rag.engine import build
from rag.llama_index_adapter import CitedQueryEngine
from rag.settings import Settings


async def ask(question: str, settings: Settings) -> str:
    """What an agent says that may look into the documents as often as it wants."""
    llm = OpenAILike(
        model=settings.llm_model,
        api_base=settings.llm_url,
        api_key=settings.llm_key.get_secret_value() or "none",
        is_chat_model=True,
    )
    # The tool quotes; the agent writes.
    with closing(build(settings.model_copy(update={"composer": "quotes"}))) as engine:
        tool = QueryEngineTool.from_defaults(
            CitedQueryEngine(engine),
            name="documents",
            description="Answers a question from the documents, with a quote for each statement.",
        )
        return str(await ReActAgent(tools=[tool], llm=llm).run(question))


def main() -> None:
    if len(sys.argv) != 2:
        sys.exit("usage: python examples/llama_index_agent.py QUESTION")
    settings = load_settings(Settings)
    if not settings.llm_url or not settings.llm_model:
        sys.exit("set FOOTNOTE_LLM_URL and FOOTNOTE_LLM_MODEL to an OpenAI-compatible server")
    print(asyncio.run(ask(sys.argv[1], settings)))


if __name__ == "__main__":
    main()

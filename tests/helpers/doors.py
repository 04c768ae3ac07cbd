"""One question through each door: the page, JSON, events, OpenAI's protocol, MCP, the terminal."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import openai
from click.testing import CliRunner
from mcp import Client
from openai.types.chat import ChatCompletionMessageParam

from rag.engine import Engine
from rag.schema import AnswerBody
from rag.types import Turn
from tests.helpers.indexing import sharing_minilm
from tests.helpers.inert import events_of
from ui.cli import main
from ui.page.exchanges import stream_exchange
from ui.service.history import Exchange

SAME = ("query", "text", "statements", "citations", "refusal", "confidence")
SOURCES = ("\n\nSources:\n", "\n\nNearest passages:\n")


@dataclass(frozen=True, slots=True)
class Said:
    """An answer as a door gave it: what all doors must give alike, and what its client keeps."""

    question: str
    facts: dict[str, Any]
    kept: Any = None

    @property
    def turn(self) -> Turn | None:
        """What a client that keeps its own turns sends with a follow-up."""
        if self.facts["refusal"]:
            return None
        return Turn(self.question, self.facts["text"])


Door = Callable[[str, Sequence[Said]], Said]


def of_body(question: str, body: dict[str, Any], kept: object = None) -> Said:
    facts = {name: body[name] for name in SAME}
    # Only doors to other programs add the address of a citation.
    facts["citations"] = [
        {name: value for name, value in each.items() if name != "url"} for each in body["citations"]
    ]
    return Said(question, facts, kept)


def sent(question: str, past: Sequence[Said]) -> dict[str, Any]:
    """A question and its turns as `/v1/ask` and the tool `ask` take them."""
    turns = [said.turn for said in past if said.turn]
    return {
        "question": question,
        "turns": [{"question": turn.question, "answer": turn.answer} for turn in turns],
    }


def by_page(engine: Engine, question: str, past: Sequence[Said]) -> Said:
    exchanges = [said.kept for said in past]
    *_, last = stream_exchange(engine, Exchange(f"t{len(past)}", question), exchanges)
    assert last.answer, last.fault
    return of_body(question, AnswerBody.of(last.answer).model_dump(mode="json"), last)


def by_json(address: str, question: str, past: Sequence[Said]) -> Said:
    reply = httpx.post(f"{address}/v1/ask", json=sent(question, past), timeout=60)
    return of_body(question, reply.raise_for_status().json())


def by_events(address: str, question: str, past: Sequence[Said]) -> Said:
    accept = {"Accept": "text/event-stream"}
    reply = httpx.post(f"{address}/v1/ask", json=sent(question, past), headers=accept, timeout=60)
    *_, (name, body) = events_of(reply.raise_for_status().text)
    assert name == "done"
    return of_body(question, body)


def by_openai(client: openai.OpenAI, question: str, past: Sequence[Said]) -> Said:
    """Streamed and not; the conversation goes back as it came."""
    messages: list[ChatCompletionMessageParam] = []
    for said in past:
        messages.append({"role": "user", "content": said.question})
        messages.append({"role": "assistant", "content": said.kept})
    messages.append({"role": "user", "content": question})
    reply = client.chat.completions.create(model="footnote", messages=messages)
    with client.chat.completions.stream(model="footnote", messages=messages) as chunks:
        streamed = chunks.get_final_completion()
    assert streamed.choices[0].message.content == reply.choices[0].message.content
    assert streamed.model_extra == reply.model_extra
    content = str(reply.choices[0].message.content)
    text = next(content.partition(foot)[0] for foot in SOURCES if foot in content)
    return of_body(question, {"text": text, **(reply.model_extra or {})}, content)


def by_mcp(address: str, question: str, past: Sequence[Said]) -> Said:
    async def ask() -> Any:  # noqa: ANN401
        async with Client(f"{address}/mcp") as client:
            return await client.call_tool("ask", sent(question, past))

    result = asyncio.run(ask())
    body = result.structured_content
    assert result.content[0].text.startswith(body["text"])
    return of_body(question, body)


def by_terminal(data: Path, question: str, past: Sequence[Said]) -> Said:
    turns = [said.turn for said in past if said.turn]
    options = [word for turn in turns for word in ("--turn", turn.question, turn.answer)]
    words = ["--data", str(data), "ask", *options, question, "--json"]
    with sharing_minilm():
        result = CliRunner().invoke(main, words)
    assert result.exit_code == 0, result.output
    return of_body(question, json.loads(result.stdout))


def shown_by_terminal(data: Path, question: str) -> str:
    """The answer's text as `footnote ask` prints it, without what follows it."""
    with sharing_minilm():
        result = CliRunner().invoke(main, ["--data", str(data), "ask", question])
    assert result.exit_code == 0, result.output
    return result.stdout.partition("\n\n[1] ")[0]


def streamed_by_events(address: str, question: str) -> str:
    """The text of an answer as it appears while it is written."""
    accept, body = {"Accept": "text/event-stream"}, {"question": question}
    reply = httpx.post(f"{address}/v1/ask", json=body, headers=accept, timeout=60)
    found = events_of(reply.raise_for_status().text)
    return "".join(event["text"] for name, event in found if name == "delta")

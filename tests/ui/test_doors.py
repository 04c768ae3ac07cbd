"""One engine, six doors: the page, JSON, events, OpenAI's protocol, MCP and the terminal agree."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import openai
import pytest
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

pytestmark = [pytest.mark.model, pytest.mark.slow]

GOLD = Path(__file__).parents[2] / "eval" / "gold" / "seeds.jsonl"
SAME = ("query", "text", "statements", "citations", "refusal", "confidence")
SOURCES = ("\n\nSources:\n", "\n\nNearest passages:\n")
FOLLOW_UPS, REFUSALS, OTHERS = 6, 6, 18


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


@pytest.fixture(scope="module")
def doors(seeds_data: Path, seeds_server: str, engine: Engine) -> dict[str, Door]:
    """The doors of one real server, and those that need none, over the same index."""
    client = openai.OpenAI(base_url=f"{seeds_server}/v1", api_key="none")
    return {
        "page": partial(by_page, engine),
        "json": partial(by_json, seeds_server),
        "events": partial(by_events, seeds_server),
        "openai": partial(by_openai, client),
        "mcp": partial(by_mcp, seeds_server),
        "terminal": partial(by_terminal, seeds_data),
    }


def gold() -> list[dict[str, Any]]:
    """Thirty questions of the gold set: the first follow-ups, the last that have no answer."""
    items = [json.loads(line) for line in GOLD.read_text(encoding="utf-8").splitlines()]
    follow_ups = [item for item in items if item["turns"]][:FOLLOW_UPS]
    alone = [item for item in items if not item["turns"]]
    refusals = [item for item in alone if not item["answerable"]][-REFUSALS:]
    others = [item for item in alone if item["answerable"]][::2][:OTHERS]
    return [*others, *refusals, *follow_ups]


def kind_of(item: dict[str, Any]) -> str:
    return "follow-up" if item["turns"] else "answered" if item["answerable"] else "refused"


@pytest.mark.sample(2, by="family")
@pytest.mark.parametrize(
    "item", [pytest.param(item, id=f"{kind_of(item)} {n}") for n, item in enumerate(gold(), 1)]
)
def test_doors_give_the_same_text_citations_and_verdicts(
    doors: dict[str, Door], item: dict[str, Any]
) -> None:
    questions = [*(turn["question"] for turn in item["turns"]), item["question"]]
    found = {}
    for name, door in doors.items():
        past: list[Said] = []
        for question in questions:
            past.append(door(question, past))
        found[name] = [said.facts for said in past]
    expected = found["page"]
    assert found == dict.fromkeys(found, expected)
    assert bool(expected[-1]["citations"]) is not bool(expected[-1]["refusal"])


def test_questions_are_thirty_of_every_kind() -> None:
    items = gold()
    assert len({item["id"] for item in items}) == 30
    kinds = Counter((item["answerable"], bool(item["turns"])) for item in items)
    assert kinds == {(True, False): OTHERS, (False, False): REFUSALS, (True, True): FOLLOW_UPS}


def test_questions_are_answered_and_refused(doors: dict[str, Door]) -> None:
    found = [doors["json"](item["question"], []) for item in gold() if not item["turns"]]
    refusals = sum(bool(said.facts["refusal"]) for said in found)
    assert REFUSALS / 2 <= refusals <= len(found) / 2


def test_follow_ups_lean_on_what_the_door_said_before(doors: dict[str, Door]) -> None:
    (item,) = [item for item in gold() if item["question"] == "Who led it?"]
    for door in doors.values():
        first = door(item["turns"][0]["question"], [])
        alone, after = door(item["question"], []), door(item["question"], [first])
        assert after.facts["query"] != alone.facts["query"]
        assert "Egypt" in after.facts["text"]

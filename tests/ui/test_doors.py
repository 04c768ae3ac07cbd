"""One engine, six doors: the page, JSON, events, OpenAI's protocol, MCP and the terminal agree."""

from __future__ import annotations

import json
from collections import Counter
from functools import partial
from pathlib import Path
from typing import Any

import openai
import pytest

from rag.engine import Engine
from tests.helpers.doors import (
    Door,
    Said,
    by_events,
    by_json,
    by_mcp,
    by_openai,
    by_page,
    by_terminal,
)

pytestmark = [pytest.mark.model, pytest.mark.slow]

GOLD = Path(__file__).parents[2] / "eval" / "gold" / "seeds.jsonl"
FOLLOW_UPS, REFUSALS, OTHERS = 6, 6, 18


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

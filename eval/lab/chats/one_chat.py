"""A folder's questions asked as one conversation in random orders, against each asked alone.

Every question is asked after all questions before it, with the answers that were given; one that
brings its own turns is asked with these at the end. A topic that is carried over wrongly shows as
an answer that is worse than when asked alone.

Run as `python -m eval.lab.chats.one_chat FOLDER`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

import click

from eval.console import PATH, say
from eval.datasets.corpus import own_index, update
from eval.datasets.gold import GoldCollector, GoldItem, json_lines, read_text
from eval.measures.registry import meets_want
from index.console import json_option, print_json
from index.settings import load_settings
from rag.engine import build
from rag.settings import Settings
from rag.types import Answer, Turn

if TYPE_CHECKING:
    from eval.datasets.gold import GoldSet

QUESTIONS, DOCUMENTS = "questions.jsonl", "documents"
_ORDERS = 3

Ask = Callable[[str, Sequence[Turn]], Answer]


@dataclass(frozen=True, slots=True)
class ChatOrder:
    """A random order: the number of right answers in it, the ids of questions that are right only
    when asked alone, and of those right only in the conversation.
    """

    seed: int
    right: int
    worse: tuple[str, ...]
    better: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class OneChatReport:
    """The number of questions, of right answers when each is asked alone, and the orders."""

    questions: int
    alone: int
    orders: tuple[ChatOrder, ...]


def read_questions(folder: Path) -> GoldSet:
    """The questions of a folder that say what is wanted. Raises ConfigError.

    Lines may have `not` for `must_not`, and numbers for ids.
    """
    path = folder / QUESTIONS
    found = GoldCollector(path.name)
    for place, line in json_lines(read_text(path), found):
        found.add(place, _gold_line(line) if isinstance(line, dict) else line)
    return found.gold_set()


def _gold_line(line: Mapping[str, object]) -> dict[str, object]:
    named = {"must_not" if name == "not" else name: value for name, value in line.items()}
    return {**named, "id": str(line.get("id", ""))}


def compare(items: Sequence[GoldItem], ask: Ask, orders: int = _ORDERS) -> OneChatReport:
    """Ask every item alone, then all of them in one conversation in each random order."""
    alone = {item.id: meets_want(item, ask(item.question, item.turns)) for item in items}
    return OneChatReport(
        len(items),
        sum(alone.values()),
        tuple(_ordered(items, ask, alone, seed) for seed in range(orders)),
    )


def _ordered(
    items: Sequence[GoldItem], ask: Ask, alone: Mapping[str, bool], seed: int
) -> ChatOrder:
    turns, right = list[Turn](), dict[str, bool]()
    for item in Random(seed).sample(items, len(items)):
        turns += item.turns
        answer = ask(item.question, tuple(turns))
        right[item.id] = meets_want(item, answer)
        turns.append(Turn(item.question, answer.text))
    return ChatOrder(
        seed,
        sum(right.values()),
        tuple(item.id for item in items if alone[item.id] and not right[item.id]),
        tuple(item.id for item in items if right[item.id] and not alone[item.id]),
    )


def lines(report: OneChatReport) -> list[str]:
    """The report as lines of text."""
    return [
        f"{report.questions} questions; right when each is asked alone: {report.alone}",
        *(
            f"order {order.seed}: right {order.right}, worse {_ids(order.worse)}, "
            f"better {_ids(order.better)}"
            for order in report.orders
        ),
    ]


def _ids(ids: Sequence[str]) -> str:
    return f"{len(ids)} ({', '.join(ids)})" if ids else "0"


@click.command("one-chat")
@click.argument("folder", type=PATH)
@click.option("--orders", type=click.IntRange(min=1), default=_ORDERS, show_default=True)
@json_option
def one_chat(folder: Path, orders: int, as_json: bool) -> None:
    """Ask the questions of FOLDER alone and in one conversation.

    FOLDER has documents/ and questions.jsonl, whose questions say what is wanted.
    """
    gold = read_questions(folder)
    own = own_index(gold, folder / QUESTIONS, folder / DOCUMENTS, load_settings(Settings))
    assert own is not None
    say("indexing what changed")
    update(own)
    engine = build(own.settings)
    try:
        say(f"asking {len(gold.items)} questions alone and in {orders} orders")
        report = compare([item for item in gold.items if item.want], engine.answer, orders)
    finally:
        engine.close()
    if as_json:
        print_json(asdict(report))
    else:
        click.echo("\n".join(lines(report)))


if __name__ == "__main__":
    one_chat()

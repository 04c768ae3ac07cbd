"""Questions asked alone and in one conversation."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from eval.datasets.gold import GoldItem
from eval.lab.chats.one_chat import ChatOrder, OneChatReport, compare, lines, read_questions
from rag.types import Answer, Turn
from tests.helpers.serving import answer_to

pytestmark = pytest.mark.unit


def replied(question: str) -> Answer:
    return Answer(
        question=question,
        query=question,
        text=f"Reply to {question}",
        statements=(),
        citations=(),
        refusal=None,
        hits=(),
        composer="quotes",
    )


def test_compare_names_questions_that_are_worse_after_others() -> None:
    items = [
        GoldItem.model_validate({"id": name, "question": name, "want": "reply", "must": [name]})
        for name in ("a", "b", "c")
    ]

    def ask(question: str, turns: Sequence[Turn]) -> Answer:
        return answer_to(question) if question == "b" and turns else replied(question)

    report = compare(items, ask, orders=3)
    assert (report.questions, report.alone) == (3, 3)
    assert [order.seed for order in report.orders] == [0, 1, 2]
    assert {order.worse for order in report.orders} <= {("b",), ()}
    assert ("b",) in {order.worse for order in report.orders}
    assert all(order.right == 3 - len(order.worse) for order in report.orders)


def test_compare_passes_all_earlier_turns_and_the_item_s_own_last() -> None:
    own = {"question": "Who?", "answer": "She."}
    items = [
        GoldItem.model_validate({"id": "a", "question": "a", "want": "reply"}),
        GoldItem.model_validate({"id": "b", "question": "b", "want": "reply", "turns": [own]}),
    ]
    asked: list[tuple[str, list[str]]] = []

    def ask(question: str, turns: Sequence[Turn]) -> Answer:
        asked.append((question, [turn.question for turn in turns]))
        return replied(question)

    compare(items, ask, orders=1)
    assert asked[:2] == [("a", []), ("b", ["Who?"])]
    assert asked[2:] in (
        [("a", []), ("b", ["a", "Who?"])],
        [("b", ["Who?"]), ("a", ["Who?", "b"])],
    )


def test_read_questions_takes_not_for_must_not_and_numbers_for_ids(tmp_path: Path) -> None:
    (tmp_path / "questions.jsonl").write_text(
        '{"id": 1, "question": "Q?", "want": "answer", "must": ["a"], "not": ["b"], "turns": []}\n',
        encoding="utf-8",
    )
    (item,) = read_questions(tmp_path).items
    assert (item.id, item.must, item.must_not) == ("1", ("a",), ("b",))


def test_lines_give_right_answers_and_what_changed() -> None:
    order = ChatOrder(0, 2, ("b",), ())
    assert lines(OneChatReport(3, 3, (order,))) == [
        "3 questions; right when each is asked alone: 3",
        "order 0: right 2, worse 1 (b), better 0",
    ]

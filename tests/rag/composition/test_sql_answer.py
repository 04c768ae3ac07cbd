"""A figure by a statement of the LLM: executed, shown, cited; told once what failed."""

from __future__ import annotations

from collections.abc import Generator, Sequence

import pytest

from index.tables.typed import typed
from index.types import Hit, Passage
from rag.composition.base import ComposerInput
from rag.composition.sql_answer import sql_draft
from rag.llm.base import ChatMessage
from rag.llm.facts import ModelFacts
from rag.types import Computed
from tests.rag.tables.build import markdown

pytestmark = pytest.mark.unit

ORDERS = markdown(
    "orders.csv",
    ("order", "customer", "total"),
    [("1", "Cale", "10"), ("2", "Brack", "20"), ("3", "Cale", "30")],
    "Orders",
)
PASSAGE = Passage("p", "orders.csv", "Orders", "", ORDERS.text, 0, len(ORDERS.text), None, "d")
GOOD = "SELECT sum(total) FROM t1 WHERE customer = 'Cale'"


class Scripted:
    """Replies in order; keeps what it was asked."""

    name = "The LLM"

    def __init__(self, *replies: str) -> None:
        self.replies = list(replies)
        self.asked = list[Sequence[ChatMessage]]()

    def facts(self) -> ModelFacts:
        return ModelFacts()

    def stream(self, messages: Sequence[ChatMessage]) -> Generator[str, None, None]:
        self.asked.append(messages)
        yield self.replies.pop(0)


def evidence(question: str) -> ComposerInput:
    return ComposerInput(
        question,
        (Hit(PASSAGE, 1.0, 1),),
        (),
        passages_in=lambda _: [PASSAGE],
        tables_in=lambda *_: ORDERS.tables,
        typed_tables=lambda: typed(ORDERS),
    )


QUESTION = "How much did Cale pay?"


def test_statement_is_executed_shown_and_cited_to_its_rows() -> None:
    draft = sql_draft(evidence(QUESTION), Scripted(f"```sql\n{GOOD};\n```"))
    assert draft
    assert draft.computed == Computed("40", 2, GOOD)
    (claim,) = draft.claims
    assert (claim.text, claim.computed) == ("Orders: sum(total): 40.", True)
    assert [quote.text for quote in claim.quotes] == ["| 1 | Cale | 10 |", "| 3 | Cale | 30 |"]


def test_statement_that_fails_is_told_to_the_llm_once() -> None:
    llm = Scripted("SELECT sum(paid) FROM t1", GOOD)
    draft = sql_draft(evidence(QUESTION), llm)
    assert draft
    assert draft.computed == Computed("40", 2, GOOD)
    assert llm.asked[1][-1].text == (
        "It failed: no such column: paid. Write the statement again, mended."
    )
    again = Scripted("SELECT sum(paid) FROM t1", "DROP TABLE t1", "SELECT 1")
    assert sql_draft(evidence(QUESTION), again) is None
    assert len(again.asked) == 2 - ("SELECT" not in again.asked[1][-2].text)


@pytest.mark.parametrize("reply", ["NONE", "I do not know."])
def test_reply_without_a_statement_leaves_the_question_to_the_passages(reply: str) -> None:
    assert sql_draft(evidence(QUESTION), Scripted(reply)) is None


def test_question_for_no_figure_asks_nothing() -> None:
    assert sql_draft(evidence("Why did Cale pay?"), Scripted()) is None

"""What leads to statements goes with them, and rows are checked cell by cell."""

from __future__ import annotations

import pytest

from index.types import Hit, Passage
from rag.citations.labelling import LabelledAnswer, label
from rag.composition.base import whole_excerpts
from rag.composition.llm_reply import parse_draft

pytestmark = pytest.mark.unit

TEXT = (
    "| City | Opened | Desks |\n|---|---|---|\n| Lisbon | 2014 | 85 |\n| Hamburg | 2017 | 140 |\n\n"
    "Dogs are allowed in Lisbon. The headquarters are in Hamburg. Trains are paid for. "
    "Submit receipts within 30 days."
)
HITS = [Hit(Passage("p", "a.md", "Offices", "", TEXT, 0, len(TEXT), None, "d"), 1.0, 1)]


def answered(reply: str, question: str = "Compare the offices.") -> LabelledAnswer:
    return label(parse_draft(reply, whole_excerpts(HITS), question=question), strict=True)


COMPARED = "| | Lisbon | Hamburg |\n|---|---|---|\n| Opened | {} | {} |\n| Desks | {} | {} |"


def test_row_of_values_of_several_rows_is_supported_and_cites_each() -> None:
    shown = answered(COMPARED.format("2014 [1]", "2017 [1]", "85 [1]", "140 [1]"))
    assert [one.text for one in shown.statements] == ["Opened | 2014 | 2017", "Desks | 85 | 140"]
    assert [one.citations for one in shown.statements] == [(1, 2), (1, 2)]
    assert [one.quote.text for one in shown.citations] == [
        "| Lisbon | 2014 | 85 |",
        "| Hamburg | 2017 | 140 |",
    ]


@pytest.mark.parametrize(
    "values",
    [
        ("2017 [1]", "2014 [1]", "85 [1]", "140 [1]"),
        ("85 [1]", "140 [1]", "85 [1]", "140 [1]"),
        ("2014 [1]", "2018 [1]", "85 [1]", "140 [1]"),
    ],
)
def test_row_with_a_value_of_another_row_or_column_is_not_shown(values: tuple[str, ...]) -> None:
    assert [one.text for one in answered(COMPARED.format(*values)).statements] == [
        "Desks | 85 | 140"
    ]


def test_item_that_leads_to_others_stands_with_them_and_is_no_statement() -> None:
    reply = "- Getting there:\n  - Trains are paid for [1].\n- On site\n  - Norway paid [1].\n"
    shown = answered(reply)
    assert shown.text == "- Getting there:\n  - Trains are paid for. [1]"
    assert len(shown.statements) == 1


def test_item_that_says_something_is_a_statement_of_its_own() -> None:
    reply = "- Dogs cost 99 euros:\n  - Trains are paid for [1].\n"
    assert answered(reply).text == "- Trains are paid for. [1]"


def test_heading_in_bold_stays_at_its_paragraph() -> None:
    reply = "**Travel costs.** Trains are paid for [1]. Norway paid 12 euros [1]."
    assert answered(reply).text == "**Travel costs.** Trains are paid for. [1]"
    assert (
        answered("**Up to 99 euros.** Trains are paid for [1].").text == "Trains are paid for. [1]"
    )


def test_sentence_before_a_lead_in_keeps_its_citation() -> None:
    reply = (
        "Trains are paid for [1]. These two rules apply:\n\n- Dogs are allowed in Lisbon [1].\n"
        "- Submit receipts within 30 days [1].\n"
    )
    assert answered(reply).text == (
        "Trains are paid for. [1] These two rules apply:\n\n- Dogs are allowed in Lisbon. [2]\n"
        "- Submit receipts within 30 days. [3]"
    )


def test_lead_in_with_a_citation_is_a_statement_if_it_is_backed() -> None:
    reply = "The headquarters are in Hamburg [1]:\n\n- Dogs are allowed in Lisbon [1].\n"
    assert [one.citations for one in answered(reply).statements] == [(1,), (2,)]
    reply = "There is more to tell about cats and dogs [1]:\n\n- Dogs are allowed in Lisbon [1].\n"
    assert answered(reply).text == (
        "There is more to tell about cats and dogs:\n\n- Dogs are allowed in Lisbon. [1]"
    )

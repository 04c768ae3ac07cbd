"""Plans, figures and sentences where words alone tell what is meant; no model is asked."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from index.tables.typed import TypedTable, typed
from index.types import Vectors
from rag.tables.plan import answer, plan
from rag.tables.reading.lexicon import CachedEmbed
from rag.tables.reading.operators import Aggregate
from tests.rag.tables.build import document, markdown

pytestmark = pytest.mark.unit

YEARS = [("2022", "18.4", "142"), ("2023", "22.9", "171"), ("2024", "27.3", "205")]
TEAMS = [("Reds", "6", "20"), ("Blues", "5", "18"), ("Greens", "5", "16"), ("Total", "16", "54")]
STOCK = [("Pump", "349", "120"), ("Pump XL", "589", "44"), ("Filter", "33", "0")]


def _nothing(texts: Sequence[str]) -> Vectors:
    return np.zeros((len(texts), 1), dtype=np.float32)


def _tables() -> tuple[TypedTable, ...]:
    documents = [
        document("figures.pdf", ("Year", "Revenue (M EUR)", "Employees"), YEARS, "Annual figures"),
        markdown("league.md", ("Team", "Won", "Points"), TEAMS, "League"),
        document("stock.xlsx", ("Product", "Unit price EUR", "Stock"), STOCK, "", "Prices"),
    ]
    return tuple(table for one in documents for table in typed(one))


@pytest.mark.parametrize(
    ("question", "sentence"),
    [
        ("What was the revenue in 2024?", "Revenue is 27.3 M EUR where Year is 2024."),
        ("How many employees were there in 2023?", "Employees is 171 where Year is 2023."),
        (
            "How much did revenue grow from 2023 to 2024?",
            "The Revenue changed by 4.4 M EUR (+19.2 %): 2023: 22.9 M EUR; 2024: 27.3 M EUR.",
        ),
        (
            "In which years was revenue over 20 million euros?",
            "2 of 3 rows of “Annual figures” where Revenue is over 20 million euros: 2023, 2024.",
        ),
        (
            "What is the total number of points?",
            "The sum of Points is 54, over all 3 rows of “League”.",
        ),
        ("How many teams are there?", "3 rows of “League”."),
        (
            "Which teams have more than 17 points?",
            "2 of 3 rows of “League” where Points is over 17 points: Reds, Blues.",
        ),
        ("Who won the most points?", None),
        ("Which product is out of stock?", "Product is Filter where Stock is 0."),
        ("How much is the Pump XL?", "Unit price is 589 EUR where Product is “Pump XL”."),
        (
            "Which is cheaper, Pump or Pump XL?",
            "Pump has the lower Unit price, by 240 EUR: Pump: 349 EUR; Pump XL: 589 EUR.",
        ),
        (
            "Compare Reds and Greens",
            "Reds and Greens differ in Won (6; 5), Points (20; 16).",
        ),
        ("What was the revenue in 2025?", None),
        ("What was the revenue per employee in 2024?", None),
        ("Which product is not out of date?", None),
        ("What does the Pump weigh?", None),
    ],
)
def test_answer_over_three_tables_is_the_figure_and_its_rows_or_none(
    question: str, sentence: str | None
) -> None:
    found = answer(question, _tables(), _nothing)
    assert (found.wording.sentence if found else None) == sentence


def test_answer_over_many_rows_shows_ten_and_tells_the_count() -> None:
    rows = [(str(5000 + at), "Cale Marine" if at % 3 else "Brixen GmbH") for at in range(60)]
    (table,) = typed(document("orders.csv", ("order_id", "customer"), rows))
    found = answer("How many orders did Cale Marine place?", [table], _nothing)
    assert found is not None
    assert (
        found.wording.sentence == "40 of 60 rows of “orders.csv” where customer is “Cale Marine”."
    )
    assert found.wording.note == "10 of 40 rows shown"
    assert len(found.result.rows) == 40
    assert found.wording.markdown.splitlines()[:3] == [
        "| order_id | customer |",
        "| --- | --- |",
        "| 5001 | Cale Marine |",
    ]


def test_answer_over_german_numbers_writes_them_so() -> None:
    rows = [("Bohrer", "1.250,00"), ("Akku", "79,50")]
    (table,) = typed(document("preise.csv", ("Artikel", "Preis (€)"), rows))
    found = answer("What is the total Preis?", [table], _nothing)
    assert found is not None
    assert found.result.figure == "1.329,50 €"


def test_answer_of_a_sum_tells_rows_without_a_figure() -> None:
    rows = [("a", "5"), ("b", "n/a"), ("c", "7")]
    (table,) = typed(document("x.csv", ("Item", "Weight (kg)"), rows))
    found = answer("What is the total weight?", [table], _nothing)
    assert found is not None
    assert found.result.skipped == 1
    assert found.wording.sentence == (
        "The sum of Weight is 12 kg, over 2 of 3 rows of “x.csv”; 1 more has no figure."
    )


def test_plan_for_an_extreme_prefers_the_table_with_one_row_for_each_of_what_is_asked() -> None:
    orders = [("1", "Pump", "698"), ("2", "Filter", "33"), ("3", "Pump", "349")]
    bought = typed(document("orders.csv", ("order_id", "Product", "Total EUR"), orders))
    tables = (*bought, *(table for table in _tables() if table.document == "stock.xlsx"))
    found = plan("Which product is the cheapest?", tables, _nothing)
    assert found is not None
    assert (found.table.document, found.aggregate) == ("stock.xlsx", Aggregate.MIN)


def test_plan_where_two_tables_answer_alike_is_none() -> None:
    first = typed(document("a.xlsx", ("Name", "Phone"), [("Ann", "123"), ("Bo", "124")]))
    second = typed(document("b.xlsx", ("Name", "Phone"), [("Ann", "987"), ("Cy", "985")]))
    assert plan("What is the phone of Ann?", [*first, *second], _nothing) is None
    again = typed(document("c.xlsx", ("Name", "Phone"), [("Ann", "123"), ("Bo", "124")]))
    found = plan("What is the phone of Ann?", [*first, *again], _nothing)
    assert found is not None
    assert (found.table.document, found.aggregate) == ("a.xlsx", Aggregate.LOOKUP)


def test_cached_embed_embeds_each_text_once() -> None:
    asked = list[str]()

    def embed(texts: Sequence[str]) -> Vectors:
        asked.extend(texts)
        return _nothing(texts)

    cached = CachedEmbed(embed)
    assert cached(["a", "b", "a"]).shape == (3, 1)
    assert cached(["b", "c"]).shape == (2, 1)
    assert asked == ["a", "b", "c"]


def test_plan_of_products_goes_by_the_list_of_them_and_not_by_orders() -> None:
    orders = [("5001", "Harbor pump", "20"), ("5002", "Filter", "33"), ("5003", "Filter", "66")]
    prices = [("A1", "Harbor pump", "349"), ("A2", "Harbor pump XL", "589"), ("C1", "Filter", "33")]
    tables = (
        *typed(document("orders.csv", ("order_id", "product", "total_eur"), orders, "Orders")),
        *typed(document("prices.xlsx", ("SKU", "Product", "Unit price EUR"), prices, "", "Prices")),
    )
    found = plan("Which is the cheapest pump?", tables, _nothing)
    assert found is not None
    assert found.table.document == "prices.xlsx"

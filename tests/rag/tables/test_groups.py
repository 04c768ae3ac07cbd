"""Figures per group, the group with most, ranks, and shares, over one table of orders."""

from __future__ import annotations

from functools import cache

import pytest

from index.embedding.embedder import Embedder
from index.embedding.model_files import BUILT_IN
from index.tables.typed import typed
from rag.tables.plan import TableAnswer, answer
from rag.tables.reading.lexicon import CachedEmbed
from tests.rag.tables.build import document

pytestmark = pytest.mark.model

COLUMNS = ("order", "date", "customer", "region", "quantity", "total (EUR)")
ORDERS = (
    ("A1", "2025-01-04", "Brandt", "North", "5", "100"),
    ("A2", "2025-01-20", "Castor", "South", "2", "300"),
    ("A3", "2025-02-02", "Brandt", "South", "9", "250"),
    ("A4", "2025-02-14", "Delgado", "North", "1", "50"),
    ("A5", "2025-02-28", "Brandt", "North", "4", "200"),
    ("A6", "2025-03-09", "Castor", "East", "3", "700"),
)


@cache
def _embed() -> CachedEmbed:
    return CachedEmbed(Embedder(BUILT_IN).embed_queries)


def _ask(question: str) -> TableAnswer | None:
    return answer(question, typed(document("orders.csv", COLUMNS, ORDERS, "Orders")), _embed())


@pytest.mark.parametrize(
    ("question", "values"),
    [
        ("How many orders per customer?", ("Brandt: 3", "Castor: 2", "Delgado: 1")),
        ("How many orders were there in each region?", ("North: 3", "South: 2", "East: 1")),
        ("What is the total by region?", ("North: 350 EUR", "South: 550 EUR", "East: 700 EUR")),
        ("Total quantity per customer", ("Brandt: 18", "Castor: 5", "Delgado: 1")),
        ("What is the average quantity per region?", ("North: 3.3", "South: 5.5", "East: 3.0")),
        ("How many orders per month?", ("2025-01: 2", "2025-02: 3", "2025-03: 1")),
        ("Number of orders from Brandt per month", ("2025-01: 1", "2025-02: 2")),
    ],
)
def test_figures_per_group_are_computed_in_the_order_of_the_table(
    question: str, values: tuple[str, ...]
) -> None:
    found = _ask(question)
    assert found
    assert found.result.values == values
    assert all(value in found.wording.sentence for value in values)


@pytest.mark.parametrize(
    ("question", "figure", "rows"),
    [
        ("Which customer placed the most orders?", "Brandt: 3", (0, 2, 4)),
        ("Which region has the fewest orders?", "East: 1", (5,)),
        ("Which customer has the most quantity?", "Brandt: 18", (0, 2, 4)),
        ("Which month had the most orders?", "2025-02: 3", (2, 3, 4)),
    ],
)
def test_group_with_most_or_fewest_is_found(
    question: str, figure: str, rows: tuple[int, ...]
) -> None:
    found = _ask(question)
    assert found
    assert (found.result.figure, found.result.rows) == (figure, rows)


@pytest.mark.parametrize(
    ("question", "figure", "rows"),
    [
        ("Which order has the second highest total?", "300 EUR", (1,)),
        ("Which order has the third largest quantity?", "4", (4,)),
        ("What is the second lowest total?", "100 EUR", (0,)),
    ],
)
def test_rank_of_a_superlative_is_found(question: str, figure: str, rows: tuple[int, ...]) -> None:
    found = _ask(question)
    assert found
    assert (found.result.figure, found.result.rows) == (figure, rows)
    assert any(word in found.wording.sentence for word in ("second", "third"))


@pytest.mark.parametrize(
    ("question", "figure"),
    [
        ("What percentage of orders are from Brandt?", "50.0 %"),
        ("What share of the orders went to the South?", "33.3 %"),
        ("What percent of the quantity was ordered by Castor?", "20.8 %"),
    ],
)
def test_shares_are_computed(question: str, figure: str) -> None:
    found = _ask(question)
    assert found
    assert found.result.figure == figure


@pytest.mark.parametrize(
    "question",
    [
        "How many orders per supplier?",
        "Which supplier has the most orders?",
        "What percentage of orders were returned?",
        "Which customer complained the most?",
        "How many orders per customer were cancelled?",
    ],
)
def test_groups_that_the_table_does_not_have_are_left_alone(question: str) -> None:
    found = _ask(question)
    assert found is None, found.wording.sentence


@pytest.mark.parametrize(
    ("question", "values"),
    [
        ("Which customers do we have?", "Brandt, Castor, Delgado"),
        ("Which regions are there?", "North, South, East"),
        ("What customers do you have?", "Brandt, Castor, Delgado"),
    ],
)
def test_values_of_a_column_of_names_are_listed_once_each(question: str, values: str) -> None:
    found = _ask(question)
    assert found
    assert values in found.wording.sentence


def test_values_of_a_column_are_not_listed_where_rows_are_asked_for() -> None:
    found = _ask("Which orders do we have?")
    assert found is None or "Brandt, Castor, Delgado" not in found.wording.sentence

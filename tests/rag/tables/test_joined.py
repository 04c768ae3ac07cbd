"""Questions that two tables answer together: orders of products, and the products' prices."""

from __future__ import annotations

from functools import cache

import pytest

from index.embedding.embedder import Embedder
from index.embedding.model_files import BUILT_IN
from index.tables.typed import TypedTable, typed
from rag.tables.joined import joined_tables
from rag.tables.plan import answer
from rag.tables.reading.lexicon import CachedEmbed
from tests.rag.tables.build import document, markdown

pytestmark = pytest.mark.model

ORDERS = (
    ("P-1", "2026-02-03", "Ostra", "Oak table", "2", "paid"),
    ("P-2", "2026-02-20", "Menzel", "Stool", "9", "open"),
    ("P-3", "2026-03-11", "Ostra", "Stool", "4", "paid"),
    ("P-4", "2026-04-01", "Varga", "Shelf", "2", "paid"),
)
GOODS = (
    ("Oak table", "Tables", "310.00", "28", "1"),
    ("Stool", "Seats", "45.50", "4", "4"),
    ("Shelf", "Storage", "89.00", "11", "1"),
    ("Bench", "Seats", "120.00", "15", "1"),
)


@cache
def _world() -> tuple[tuple[TypedTable, ...], CachedEmbed]:
    documents = [
        document("orders.csv", ("Order", "Date", "Customer", "Item", "Quantity", "Status"), ORDERS),
        markdown(
            "goods.md",
            ("Item", "Category", "Price (EUR)", "Weight (kg)", "Minimum order"),
            GOODS,
            "Price list",
        ),
    ]
    tables = tuple(table for document in documents for table in typed(document))
    return tables, CachedEmbed(Embedder(BUILT_IN).embed_queries)


@pytest.mark.parametrize(
    ("question", "sentence", "hint"),
    [
        (
            "How many orders of seats are paid?",
            "1 of 4 rows of “orders.csv” with “Price list” where Category is “Seats” and Status is "
            "“paid”.",
            "",
        ),
        (
            "What was the value of order P-3?",
            "Quantity × Price is 182.00 EUR where Order is “P-3”.",
            "“value” was read as “Quantity × Price (EUR)”",
        ),
        (
            "What is the average order value?",
            "The average of Quantity × Price is 347.38 EUR, over all 4 rows of “orders.csv” with "
            "“Price list”.",
            "“value” was read as “Quantity × Price (EUR)”",
        ),
        (
            "What is the total revenue per customer?",
            "The sum of Quantity × Price by Customer: Ostra: 802.00 EUR, Menzel: 409.50 EUR, "
            "Varga: 178.00 EUR (all 4 rows of “orders.csv” with “Price list”).",
            "“revenue” was read as “Quantity × Price (EUR)”",
        ),
        (
            "How heavy is order P-1?",
            "Weight is 28 kg where Order is “P-1”.",
            "“Weight (kg)” is that of one row of “Price list”",
        ),
        (
            "Which item sold the most?",
            "The Item with the most Quantity is Stool: 13, from “orders.csv”.",
            "“most” was read as “Quantity”",
        ),
    ],
)
def test_answer_over_two_tables_says_the_figure_and_how_it_was_read(
    question: str, sentence: str, hint: str
) -> None:
    found = answer(question, *_world())
    assert found is not None
    assert found.wording.sentence == sentence
    assert hint in found.wording.hint
    assert found.is_open == bool(hint)


def test_things_sold_are_summed_by_the_only_measure_and_no_rows_are_counted() -> None:
    found = answer("How many stools were sold?", *_world())
    assert found is not None
    assert found.wording.sentence == (
        "The sum of Quantity is 13, over 2 of 4 rows of “orders.csv” where Item is “Stool”."
    )
    assert found.is_open


def test_sum_of_what_another_table_tells_of_one_thing_is_not_computed() -> None:
    assert answer("What is the total weight of all orders?", *_world()) is None


def test_joined_tables_carry_the_columns_and_rows_of_the_other() -> None:
    (joined,) = joined_tables(_world()[0])
    assert [column.label for column in joined.columns[6:]] == [
        "Category", "Price", "Weight", "Minimum order", "Quantity × Price",
    ]  # fmt: skip
    assert joined.columns[-1].values == (620.0, 409.5, 182.0, 178.0)
    assert [rows for _, rows in joined.parts] == [(0, 1, 2, 3), (0, 1, 1, 2)]


def test_tables_without_shared_names_of_rows_are_not_joined() -> None:
    other = typed(document("staff.csv", ("Name", "Hours"), (("Ann", "38"), ("Bo", "20"))))
    assert joined_tables((_world()[0][0], *other)) == []

"""Questions whose words name nothing in a table: read by what its cells are, and said so."""

from __future__ import annotations

from functools import cache

import pytest

from index.embedding.embedder import Embedder
from index.embedding.model_files import BUILT_IN
from index.tables.typed import TypedTable, typed
from rag.tables.plan import TableAnswer, answer
from rag.tables.reading.lexicon import CachedEmbed
from tests.rag.tables.build import document

pytestmark = pytest.mark.model

METERS = (
    ("02.01.2025", "Halle 1", "820,5", "14,0", "246,15"),
    ("02.01.2025", "Halle 2", "610,0", "8,5", "183,00"),
    ("03.02.2025", "Halle 1", "790,0", "13,2", "1.237,00"),
    ("03.02.2025", "Kantine", "205,5", "21,4", "61,65"),
)
SALES = (
    ("S-1", "2026-01-09", "Reed & Son", "Kettle", "4"),
    ("S-2", "2026-04-17", "Ostra", "Toaster", "9"),
    ("S-3", "2026-07-02", "Reed & Son", "Kettle", "7"),
)
GOODS = (("Kettle", "31.00", "5", "2"), ("Toaster", "44.50", "0", "12"))
STAFF = (("Uta Lenz", "2024-03-01", "38"), ("Jan Rohde", "2025-08-15", "20"))
WORKS = (("Januar", "1.200", "850"), ("Februar", "1.340", "790"))
MACHINES = (("Presse", "2011", "2026-03-02"), ("Fräse", "2019", "2025-08-30"))
YARDS = (("Lund", "310", "355"), ("Turku", "420", "399"))


@cache
def _world() -> tuple[tuple[TypedTable, ...], CachedEmbed]:
    documents = [
        document(
            "zaehler.csv", ("Datum", "Ort", "Strom (kWh)", "Wasser (m³)", "Kosten (€)"), METERS
        ),
        document("sales.csv", ("Order", "Date", "Customer", "Product", "Quantity"), SALES),
        document("goods.csv", ("Product", "Price (EUR)", "Stock", "Minimum order"), GOODS),
        document("staff.csv", ("Name", "Start date", "Hours per week"), STAFF),
        document("werke.csv", ("Monat", "Werk Nord", "Werk Süd"), WORKS, "Produktion"),
        document("machines.csv", ("Machine", "Built", "Last service"), MACHINES),
        document("yards.csv", ("Yard", "Boats 2024", "Boats 2025"), YARDS),
    ]
    tables = tuple(table for document in documents for table in typed(document))
    return tables, CachedEmbed(Embedder(BUILT_IN).embed_queries)


def _ask(question: str) -> TableAnswer:
    found = answer(question, *_world())
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("question", "sentence"),
    [
        ("Which machine is the most powerful?", "The highest Power is 60 kW: Press B."),
        ("Which is the most profitable machine?", "The highest Profit is 12000 EUR: Press A."),
        ("Which machine is the least efficient?", "The lowest Efficiency is 71 %: Press A."),
    ],
)
def test_most_with_an_adjective_goes_by_the_column_that_it_means(
    question: str, sentence: str
) -> None:
    columns = ("Machine", "Hall", "Power (kW)", "Risk class", "Efficiency (%)", "Profit (EUR)")
    rows = (
        ("Press A", "North", "45", "3", "71", "12000"),
        ("Press B", "South", "60", "2", "78", "9800"),
    )
    found = answer(question, typed(document("m.csv", columns, rows)), _world()[1])
    assert found is not None
    assert found.wording.sentence == sentence


@pytest.mark.parametrize(
    ("question", "sentence", "hint"),
    [
        (
            "How much electricity did Halle 1 use in total?",
            "The sum of Strom is 1.610,5 kWh, over 2 of 4 rows of “zaehler.csv” where Ort is "
            "“Halle 1”.",
            "“electricity” was read as “Strom (kWh)”",
        ),
        (
            "How much water did the Kantine use in February?",
            "Wasser is 21,4 m³ where Ort is “Kantine” and Datum is in February.",
            "“water” was read as “Wasser (m³)”",
        ),
        (
            "Costs per place?",
            "The sum of Kosten by Ort: Halle 1: 1.483,15 €, Halle 2: 183,00 €, Kantine: 61,65 € "
            "(all 4 rows of “zaehler.csv”).",
            "“place” was read as “Ort”",
        ),
        (
            "What was the production of Werk Süd in total?",
            "The sum of Werk Süd is 1640, over all 2 rows of “Produktion”.",
            "“production” was read as “",
        ),
        (
            "Which order is the largest?",
            "The highest Quantity is 9: S-2.",
            "“largest” was read as “Quantity”",
        ),
        (
            "Who joined in 2025?",
            "Name is Jan Rohde where Start date is in 2025.",
            "“joined” was read as “Start date”",
        ),
    ],
)
def test_answer_read_by_a_guess_is_open_and_says_how_it_was_read(
    question: str, sentence: str, hint: str
) -> None:
    found = _ask(question)
    assert found.wording.sentence == sentence
    assert hint in found.wording.hint
    assert found.is_open


@pytest.mark.parametrize(
    ("question", "sentence"),
    [
        (
            "How many orders came in the first half of 2026?",
            "2 of 3 rows of “sales.csv” where Date is in first half of 2026.",
        ),
        (
            "What quantity was sold between January 2026 and May 2026?",
            "Quantity in 2 of 3 rows of “sales.csv” where Date is between January 2026 and "
            "May 2026: 4, 9; together 13.",
        ),
        (
            "How many more boats did Lund make in 2025 than in 2024?",
            "The change is 45 (+14.5 %), over 1 of 2 rows of “yards.csv” where Yard is “Lund”: "
            "Boats 2024: 310; Boats 2025: 355.",
        ),
        (
            "By how much did boats fall from 2024 to 2025 in Turku?",
            "The change is -21 (-5.0 %), over 1 of 2 rows of “yards.csv” where Yard is “Turku”: "
            "Boats 2024: 420; Boats 2025: 399.",
        ),
    ],
)
def test_answer_of_a_span_or_two_periods_says_the_figure(question: str, sentence: str) -> None:
    found = _ask(question)
    assert found.wording.sentence == sentence
    assert (found.is_open, found.wording.hint) == (False, "")


@pytest.mark.parametrize(
    "question",
    ["List all offices", "Which vaccine has the highest dose?", "How many helicopters are there?"],
)
def test_answer_where_no_word_is_of_a_table_is_none(question: str) -> None:
    found = answer(question, *_world())
    assert found is None, found.wording.sentence


def test_oldest_of_rows_with_a_year_and_a_date_goes_by_when_they_were_built() -> None:
    found = _ask("Which machine is the oldest?")
    assert found.wording.sentence == "The lowest Built is 2011: Presse."

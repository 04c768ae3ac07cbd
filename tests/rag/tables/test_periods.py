"""Questions over tables with periods or products for columns, and over what is in stock."""

from __future__ import annotations

from functools import cache

import pytest

from index.embedding.embedder import Embedder
from index.embedding.model_files import BUILT_IN
from index.tables.typed import TypedTable, typed
from rag.tables.plan import answer
from rag.tables.reading.lexicon import CachedEmbed
from tests.rag.tables.build import document, markdown, ruled_pdf

pytestmark = pytest.mark.model

YEARS = (
    ("Income (EUR million)", "12.5", "14.0", "13.2"),
    ("Boats built", "310", "355", "340"),
    ("Profit (EUR million)", "0.8", "1.2", "0.3"),
)
GUESTS = (("Lund", "410", "520", "880"), ("Turku", "300", "290", "605"))
PLANS = (("Storage", "5 GB", "50 GB"), ("Price per month", "EUR 4", "EUR 11"))
LAMPS = (
    ("Orb small", "Vik", "24.50", "0", "paper"),
    ("Orb large", "Vik", "39.00", "12", "paper"),
    ("Reed", "Sund", "61.00", "3", "none"),
    ("Lantern", "Vik", "18.00", "0", "none"),
)
HOSTELS = (("Lund", "1994", "Ada"), ("Turku", "1987", "Olli"))


@cache
def _world() -> tuple[tuple[TypedTable, ...], CachedEmbed]:
    documents = [
        ruled_pdf("report.pdf", ("", "2021", "2022", "2023"), YEARS, "Yard report 2023"),
        markdown("guests.md", ("Hostel", "Q1", "Q2", "Q3"), GUESTS, "Guests"),
        markdown("plans.md", ("", "Basic", "Pro"), PLANS, "Plans"),
        document("lamps.csv", ("lamp", "maker", "price_eur", "stock", "shade"), LAMPS),
        document("hostels.csv", ("hostel", "opened", "warden"), HOSTELS),
    ]
    tables = tuple(table for document in documents for table in typed(document))
    return tables, CachedEmbed(Embedder(BUILT_IN).embed_queries)


@pytest.mark.parametrize(
    ("question", "sentence"),
    [
        ("How many boats were built in 2022?", "Boats built is 355 where Year is 2022."),
        (
            "By how much did profit fall from 2022 to 2023?",
            "The Profit changed by -0.9 EUR million (-75.0 %): 2022: 1.2 EUR million; "
            "2023: 0.3 EUR million.",
        ),
        ("In which year was income lowest?", "The lowest Income is 12.5 EUR million: Year 2021."),
        (
            "What was the average income?",
            "The average of Income is 13.2 EUR million, over all 3 columns of “Yard report 2023”.",
        ),
        ("How many guests did Turku have in Q2?", "Q2 is 290 where Hostel is “Turku”."),
        (
            "How many guests came to Lund in total?",
            "The sum of Lund is 1810, over all 3 columns of “Guests”.",
        ),
        (
            "How many guests were there in Q3 altogether?",
            "The sum of Q3 is 1485, over all 2 rows of “Guests”.",
        ),
        ("In which quarter did Turku have the fewest guests?", "The lowest Turku is 290: Q2."),
        ("Which hostel had the most guests in Q1?", "The highest Q1 is 410: Lund."),
        (
            "Which lamps are sold out?",
            "2 of 4 rows of “lamps.csv” where stock is 0: Orb small, Lantern.",
        ),
        (
            "Which lamps are available?",
            "2 of 4 rows of “lamps.csv” where stock is over 0: Orb large, Reed.",
        ),
        (
            "Which orb is more expensive?",
            "The highest price where lamp has “orb” is 39.00 EUR: Orb large.",
        ),
        (
            "How many lamps are in stock?",
            "The sum of stock is 15, over 2 of 4 rows of “lamps.csv” where stock is over 0.",
        ),
        (
            "How many orbs are left?",
            "The sum of stock is 12, over 1 of 4 rows of “lamps.csv” where lamp has “orbs” and "
            "stock is over 0.",
        ),
        (
            "Which maker is most common?",
            "The maker with the most rows is Vik: 3, from “lamps.csv”.",
        ),
        (
            "Which lamp has no shade?",
            "2 of 4 rows of “lamps.csv” where shade is “none”: Reed, Lantern.",
        ),
        ("Which hostel is the oldest?", "The lowest opened is 1987: Turku."),
        (
            "What do all lamps cost together?",
            "The sum of price is 142.50 EUR, over all 4 rows of “lamps.csv”.",
        ),
    ],
)
def test_answer_over_periods_and_stock_says_the_figure(question: str, sentence: str) -> None:
    found = answer(question, *_world())
    assert found is not None
    assert found.wording.sentence == sentence


@pytest.mark.parametrize(
    "question",
    [
        "How many rooms does Lund have in Q2?",
        "How many boats were built in 2019?",
        "Which lamp is more expensive than the Reed?",
        "What is the cheapest boat?",
    ],
)
def test_answer_over_periods_computes_nothing_that_the_table_lacks(question: str) -> None:
    found = answer(question, *_world())
    assert found is None or "Reed" in found.wording.sentence

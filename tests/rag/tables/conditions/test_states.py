"""Yes and no in tables: marks beside empty cells, what is lacking, what is so now."""

from __future__ import annotations

from functools import cache

import pytest

from index.embedding.embedder import Embedder
from index.embedding.model_files import BUILT_IN
from index.tables.typed import TypedTable, typed
from rag.tables.plan import answer
from rag.tables.reading.lexicon import CachedEmbed
from tests.rag.tables.build import document, markdown

pytestmark = pytest.mark.model

SHIFTS = (
    ("1", "Mill Lane", "Ada Berg", "8"),
    ("2", "Mill Lane", "Ivo Kral", "10"),
    ("3", "Weir Street", "Ada Berg", "6"),
)
ROOMS = (
    ("Tern", "1", "94", "yes", "no"),
    ("Skua", "2", "99", "yes", "yes"),
    ("Plover", "1", "58", "no", "yes"),
)
ALLERGENS = (
    ("Rye loaf", "x", "-", "traces"),
    ("Brownie", "-", "x", "x"),
    ("Carrot cake", "x", "x", "-"),
)
LIFTS = (("North", "TRUE", "4"), ("South", "FALSE", "6"), ("West", "TRUE", "9"))
TERMS = (
    ("A", "Town", "3.50", "3"),
    ("B", "Suburbs", "5.00", "7"),
    ("C", "Villages", "8.50", "14"),
)


@cache
def _world() -> tuple[tuple[TypedTable, ...], CachedEmbed]:
    documents = [
        markdown("allergens.md", ("Product", "Gluten", "Soya", "Nuts"), ALLERGENS, "Allergens"),
        document("lifts.csv", ("Lift", "In service", "Seats"), LIFTS),
        document("shifts.csv", ("Shift", "Shop", "Employee", "Hours"), SHIFTS),
        document("rooms.csv", ("Room", "Floor", "Rate (EUR)", "Sea view", "Balcony"), ROOMS),
        document("zones.csv", ("Zone", "Area", "Fee (GBP)", "Days notice"), TERMS),
    ]
    tables = tuple(table for document in documents for table in typed(document))
    return tables, CachedEmbed(Embedder(BUILT_IN).embed_queries)


@pytest.mark.parametrize(
    ("question", "sentence"),
    [
        (
            "Which products contain soya?",
            "2 of 3 rows of “Allergens” where Soya is x: Brownie, Carrot cake.",
        ),
        ("Which products are without gluten?", "Product is Brownie where Gluten is -."),
        ("Rooms without a balcony", "Room is Tern where Balcony is no."),
        ("Which lift is out of service?", "Lift is South where In service is FALSE."),
        ("Which lifts are not in service right now?", "Lift is South where In service is FALSE."),
        (
            "What is the difference between zone A and zone C?",
            "A and C differ in Area (Town; Villages), Fee (3.50; 8.50), Days notice (3; 14).",
        ),
        (
            "Which zones need more than a week of notice?",
            "Zone is C where Days notice is over a week.",
        ),
        (
            "Which zones need less than two weeks of notice?",
            "2 of 3 rows of “zones.csv” where Days notice is under two weeks: A, B.",
        ),
        ("Does the carrot cake contain nuts?", "Nuts is - where Product is “Carrot cake”."),
        ("Is the Tern the cheapest room?", "The lowest Rate is 58 EUR: Plover."),
        (
            "Which rooms are on the first floor?",
            "2 of 3 rows of “rooms.csv” where Floor is 1: Tern, Plover.",
        ),
        (
            "Which floor has the most rooms?",
            "The Floor with the most rows is 1: 2, from “rooms.csv”.",
        ),
        (
            "Who worked the most hours?",
            "The Employee with the most Hours is Ada Berg: 14, from “shifts.csv”.",
        ),
    ],
)
def test_question_over_yes_no_and_letters_is_computed(question: str, sentence: str) -> None:
    found = answer(question, *_world())
    assert found
    assert (found.wording.sentence, found.is_open) == (sentence, False)


@pytest.mark.parametrize(
    "question",
    [
        "Which rooms have a sea view or a balcony?",
        "Which lifts need a service?",
        "How many lifts were sold?",
        "And for terns?",
    ],
)
def test_question_that_no_plan_tells_is_not_computed(question: str) -> None:
    found = answer(question, *_world())
    assert found is None or found.is_open, found.wording.sentence

"""Kinds of things with how many there are of each, prices by season, days with times, and dates."""

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

INSTRUMENTS = (
    ("Violin", "4", "40", "110", "50", "12", "2027-03-31"),
    ("CelloMax", "6", "65", "180", "80", "5", "2026-09-30"),
    ("Flute", "4", "30", "85", "40", "9", "2026-12-31"),
    ("Harp", "8", "120", "320", "200", "2", "2028-01-31"),
    ("Trumpet", "5", "35", "95", "40", "7", "2027-06-30"),
)
WALKS = (
    ("Dune walk", "Tuesday", "10:00", "Els", "Dutch", "25", "6"),
    ("Harbour stroll", "Friday", "14:30", "Marc", "French", "12", "8"),
    ("Night safari", "Saturday", "22:00", "Els", "Dutch", "10", "15"),
    ("Old town tour", "Sunday", "11:00", "Jan", "English", "40", "5"),
    ("Bird watch", "Sunday", "06:30", "Jan", "Dutch", "15", "7"),
)
SPENDING = (
    ("Costumes", "21000", "24000", "26500"),
    ("Planning and stage", "64000", "70000", "71000"),
    ("Wages", "310000", "335000", "342000"),
    ("Advertising", "18000", "17500", "16000"),
    ("Total", "413000", "446500", "455500"),
)
SPONSORS = (
    ("Kroon Bakery", "3,000", "2,500"),
    ("Delta Bank", "10,000", "8,000"),
    ("Bike Shop Wim", "1,500", "0"),
)


@cache
def _world() -> tuple[tuple[TypedTable, ...], CachedEmbed]:
    instruments = (
        "Instrument", "Grade", "Half term", "Full year", "Deposit", "Number owned", "Insured until",
    )  # fmt: skip
    walks = ("Walk", "Day", "Time", "Guide", "Language", "Seats", "Fee")
    documents = [
        document("hire.csv", instruments, INSTRUMENTS, "Instrument hire", caption="Instruments"),
        document("walks.csv", walks, WALKS),
        document("budget.xlsx", ("Section", "2021", "2024", "2025"), SPENDING, caption="Spending"),
        markdown("sponsors.md", ("Company", "Asked (EUR)", "Given (EUR)"), SPONSORS, "Sponsors"),
    ]
    tables = tuple(table for document in documents for table in typed(document))
    return tables, CachedEmbed(Embedder(BUILT_IN).embed_queries)


@pytest.mark.parametrize(
    ("question", "sentence"),
    [
        (
            "How many instruments are there altogether?",
            "5 rows of “Instruments”; the sum of Number owned is 35.",
        ),
        ("How many violins are there?", "Number owned is 12 where Instrument is “Violin”."),
        (
            "How many instruments are owned?",
            "The sum of Number owned is 35, over all 5 rows of “Instruments”.",
        ),
        (
            "What is the difference between half term and full year for the harp?",
            "The difference is 200, over 1 of 5 rows of “Instruments” where Instrument is “Harp”: "
            "Half term: 120; Full year: 320.",
        ),
        (
            "How much dearer is the full year than the half term for the CelloMax?",
            "The difference is 115, over 1 of 5 rows of “Instruments” where Instrument is "
            "“CelloMax”: Full year: 180; Half term: 65.",
        ),
        (
            "By how much has spending on costumes gone up between 2021 and 2025?",
            "The change is 5500 (+26.2 %), over 1 of 4 rows of “Spending” where Section is "
            "“Costumes”: 2021: 21,000; 2025: 26,500.",
        ),
        (
            "How much has the expenditure on wages gone up between 2024 and 2025?",
            "The change is 7000 (+2.1 %), over 1 of 4 rows of “Spending” where Section is "
            "“Wages”: 2024: 335,000; 2025: 342,000.",
        ),
        (
            "How much money was given by all the companies together?",
            "The sum of Given is 10,500 EUR, over all 3 rows of “Sponsors”.",
        ),
        (
            "When is the dune walk?",
            "Day is Tuesday and Time is 10:00 where Walk is “Dune walk”.",
        ),
        (
            "Which tours are spoken in French?",
            "Walk is Harbour stroll where Language is “French”.",
        ),
    ],
)
def test_answer_over_kinds_of_things_says_the_figure(question: str, sentence: str) -> None:
    found = answer(question, *_world())
    assert found is not None
    assert found.wording.sentence == sentence
    assert not found.wording.hint


def test_answer_for_when_something_ends_tells_how_its_verb_was_read() -> None:
    found = answer("When does the insurance of the flute run out?", *_world())
    assert found is not None
    assert found.wording.sentence == "Insured until is 2026-12-31 where Instrument is “Flute”."
    assert "“run” was read as “Insured until”" in found.wording.hint


@pytest.mark.parametrize(
    "question",
    [
        "How much did the sponsors give in total?",
        "What is planned for 2025?",
        "Which walks are postponed on Sunday?",
    ],
)
def test_answer_with_a_word_that_no_column_is_near_to_is_none(question: str) -> None:
    found = answer(question, *_world())
    assert found is None, found.wording.sentence

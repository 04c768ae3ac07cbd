"""Ways of asking that the sixty questions lack, over tables with short names of columns."""

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

ROUTES = (
    ("coast", "120", "48.5", "95", "Gull 2.1"),
    ("coast", "120", "48.5", "110", "Gull 2.0"),
    ("ridge", "45", "31.0", "140", "Gull 2.1"),
    ("ridge", "45", "31.0", "150", "Gull 2.0"),
)
COURSES = (
    ("A1", "Pottery class", "Crafts", "35,00", "90", "pottery@school.example"),
    ("A2", "Weaving", "Crafts", "28,00", "60", "weaving@school.example"),
    ("B1", "Spanish for beginners", "Languages", "52,00", "45", "spanish@school.example"),
    ("B2", "Dutch evening course", "Languages", "47,50", "60", "dutch@school.example"),
)
VISITORS = (("Q1", "1,200", "14"), ("Q2", "1,950", "9"), ("Q3", "2,410", "11"))
PEOPLE = (
    ("Ada Moreno", "director", "Prado Hall", "Ada Moreno led the last round of the talks in Rome."),
    ("Tom Reyes", "guide", "North Wing", "Tom Reyes wrote the booklet that every visitor gets."),
)
BILLS = (
    ("R-1", "Aurora", "2025-03-31", "300", "yes", "9"),
    ("R-2", "Basalt", "2025-04-02", "855", "no", "0"),
    ("R-3", "Aurora", "2025-06-30", "300", "no", "4"),
    ("R-4", "Cedar", "2025-06-30", "0", "yes", "2"),
)
CHARGES = (
    ("more than 60 days before arrival", "no charge"),
    ("60 to 29 days before arrival", "30 percent"),
    ("28 to 8 days before arrival", "60 percent"),
    ("7 days or less before arrival", "90 percent"),
)
OPTIONS = (("`retries`", "3", "How often a transfer is tried"), ("`colour`", "auto", "Of text"))


@cache
def _world() -> tuple[tuple[TypedTable, ...], CachedEmbed]:
    documents = [
        document("runs.csv", ("route", "stops", "length_km", "first_trip_min", "vehicle"), ROUTES),
        document(
            "courses.csv",
            ("code", "course", "field", "price_eur", "duration_min", "email"),
            COURSES,
        ),
        markdown(
            "visitors-2024.md", ("Quarter", "Visitors", "Complaints"), VISITORS, "Visitors 2024"
        ),
        document("people.csv", ("name", "role", "place", "part"), PEOPLE),
        document("bills.csv", ("bill", "project", "date", "amount_eur", "paid", "pages"), BILLS),
        markdown("leaving.md", ("Cancellation", "Charge"), CHARGES, "Cancellation"),
        markdown("options.md", ("Key", "Default", "Meaning"), OPTIONS, "Configuration"),
    ]
    tables = tuple(table for document in documents for table in typed(document))
    return tables, CachedEmbed(Embedder(BUILT_IN).embed_queries)


@pytest.mark.parametrize(
    ("question", "sentence"),
    [
        (
            "How many visitors were there in 2024 in total?",
            "The sum of Visitors is 5,560, over all 3 rows of “Visitors 2024”.",
        ),
        (
            "How many visitors came in 2024?",
            "The sum of Visitors is 5,560, over all 3 rows of “Visitors 2024”.",
        ),
        (
            "How many complaints were there in the second quarter?",
            "Complaints is 9 where Quarter is “Q2”.",
        ),
        (
            "How long did the first trip take on average with Gull 2.1?",
            "The average of first trip is 117.5 min, over 2 of 4 rows of “runs.csv” where vehicle "
            "is “Gull 2.1”.",
        ),
        (
            "What is the fastest first trip on the coast route?",
            "The lowest first trip where route is “coast” is 95 min: coast.",
        ),
        (
            "What is the sum of the unpaid bills?",
            "The sum of amount is 1155 EUR, over 2 of 4 rows of “bills.csv” where paid is no.",
        ),
        (
            "How much was billed for Aurora?",
            "Amount is 300 EUR in each of 2 rows where project is “Aurora”; together 600 EUR.",
        ),
        ("Which bill has no pages?", "Bill is R-2 where pages is 0."),
        (
            "Which crafts cost less than 30 euros?",
            "Course is Weaving where field is “Crafts” and price is under 30 euros.",
        ),
        ("Which bills are free?", "Bill is R-4 where amount is 0."),
        (
            "How much is the charge 10 days before arrival?",
            "Charge is 60 percent where Cancellation is “28 to 8 days before arrival”.",
        ),
        (
            "What is the charge 90 days before arrival?",
            "Charge is no charge where Cancellation is “more than 60 days before arrival”.",
        ),
        ("How many stops does the coast route have?", "Stops is 120 where route is “coast”."),
        (
            "How many crafts classes are offered?",
            "2 of 4 rows of “courses.csv” where field is “Crafts”.",
        ),
        (
            "Which courses take 60 minutes?",
            "2 of 4 rows of “courses.csv” where duration is 60 minutes: Weaving, Dutch evening "
            "course.",
        ),
        (
            "What is the e-mail address of Weaving?",
            "Email is weaving@school.example where course is “Weaving”.",
        ),
        (
            "How much is Weaving and how long does it take?",
            "Price is 28,00 EUR and duration is 60 min where course is “Weaving”.",
        ),
    ],
)
def test_answer_over_a_table_says_the_figure(question: str, sentence: str) -> None:
    found = answer(question, *_world())
    assert found is not None
    assert found.wording.sentence == sentence


@pytest.mark.parametrize(
    "question",
    [
        "Who is the leader of Tom Reyes?",
        "Who led it?",
        "How old is Ada Moreno?",
        "What does the retries setting do?",
        "What is the retries setting for?",
        "What is the price of the Italian course?",
        "Is there a cafeteria in Prado Hall?",
        "How many visitors came in 2023?",
        "How much is Weaving and who teaches it?",
        "How many days would the first phase last?",
    ],
)
def test_answer_without_a_column_or_value_for_what_is_asked_is_none(question: str) -> None:
    found = answer(question, *_world())
    assert found is None, found.wording.sentence


SHOWS = (
    ("2026-02-01", "Puppets", "Barn", "80"),
    ("2026-03-01", "Night walk", "Barn", "140"),
    ("2026-04-01", "Puppets", "Meadow", "95"),
)


def test_answer_over_rows_named_by_a_date_says_their_words_too() -> None:
    tables = tuple(typed(document("shows.csv", ("date", "show", "place", "guests"), SHOWS)))
    found = answer("What was the highest number of guests?", tables, _world()[1])
    assert found is not None
    assert found.wording.sentence == "The highest guests is 140: 2026-03-01, Night walk."

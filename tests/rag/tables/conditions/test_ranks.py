"""Who won, came second or had the first place, over results of races and the list of boats."""

from __future__ import annotations

from functools import cache

import pytest

from index.embedding.embedder import Embedder
from index.embedding.model_files import BUILT_IN
from index.tables.typed import TypedTable, typed
from rag.tables.plan import TableAnswer, answer
from rag.tables.reading.lexicon import CachedEmbed
from tests.rag.tables.build import document, markdown

pytestmark = pytest.mark.model

RESULTS = (
    ("2026-05-02", "Long Lake", "Heron", "2", "41.20"),
    ("2026-05-02", "Long Lake", "Teal", "1", "40.95"),
    ("2026-05-04", "River Cup", "Heron", "1", "39.50"),
    ("2026-05-04", "River Cup", "Wigeon", "3", "42.10"),
    ("2026-05-05", "Long Lake", "Heron", "1", "40.01"),
    ("2026-05-05", "Long Lake", "Teal", "2", "40.70"),
)
BOATS = (
    ("Heron", "Single", "2004", "2026-01-12", "Red", "900"),
    ("Teal", "Double", "1991", "2026-02-20", "Green", "450"),
    ("Wigeon", "Single", "2019", "2025-11-03", "Red", "1,800"),
    ("Grebe", "Quad", "2011", "2026-02-01", "Blue", "2,100"),
)
COLOURS = (("Red", "experts", "club boats"), ("Green", "all", "heavy boats"), ("Blue", "", "fast"))


@cache
def _world() -> tuple[tuple[TypedTable, ...], CachedEmbed]:
    names = ("Name", "Class", "Built", "Last service", "Clearance", "Insured value (GBP)")
    documents = [
        document("results.csv", ("date", "race", "boat", "place", "fee_gbp"), RESULTS),
        document("list.csv", names, BOATS, "Boats"),
        markdown("booking.md", ("Clearance", "Who", "Boats"), COLOURS, "Clearance colours"),
    ]
    tables = tuple(table for document in documents for table in typed(document))
    return tables, CachedEmbed(Embedder(BUILT_IN).embed_queries)


def _ask(question: str) -> TableAnswer | None:
    return answer(question, *_world())


@pytest.mark.parametrize(
    ("question", "sentence"),
    [
        (
            "Which boats won at Long Lake?",
            "Boat in 2 of 6 rows of “results.csv” where place is 1 and race is “Long Lake”: Teal, "
            "Heron.",
        ),
        (
            "How many wins does Heron have?",
            "2 of 6 rows of “results.csv” where place is 1 and boat is “Heron”.",
        ),
        (
            "How often did Teal come second?",
            "1 of 6 rows of “results.csv” where boat is “Teal” and place is 2.",
        ),
        (
            "Number of first places in the results",
            "3 of 6 rows of “results.csv” where place is 1.",
        ),
        (
            "How many wins did Heron have that week?",
            "2 of 6 rows of “results.csv” where place is 1 and boat is “Heron”.",
        ),
        ("Which is the oldest boat?", "The lowest Built is 1991: Teal."),
        ("Which is the newest boat?", "The highest Built is 2019: Wigeon."),
        (
            "whats the total insured value of all our boats",
            "The sum of Insured value is 5,250 GBP, over all 4 rows of “Boats”.",
        ),
        (
            "Show all boats with red clearance",
            "2 of 4 rows of “Boats” where Clearance is “Red”: Heron, Wigeon.",
        ),
        (
            "Who came third at the River Cup?",
            "Boat is Wigeon where place is 3 and race is “River Cup”.",
        ),
        (
            "What are the singles called?",
            "2 of 4 rows of “Boats” where Class is “Single”: Heron, Wigeon.",
        ),
        ("Boats built before 2000", "Name is Teal where Built is under 2000."),
    ],
)
def test_question_over_results_and_boats_is_computed(question: str, sentence: str) -> None:
    found = _ask(question)
    assert found
    assert (found.wording.sentence, found.is_open) == (sentence, False)


@pytest.mark.parametrize(
    "question",
    [
        "Which boats capsized at Long Lake?",
        "How many singles does the neighbour own?",
        "Which boats came last at Long Lake?",
    ],
)
def test_question_with_a_word_that_no_table_has_is_not_computed_with_certainty(
    question: str,
) -> None:
    found = _ask(question)
    assert found is None or found.is_open


def test_owner_of_what_is_counted_is_told_and_narrows_nothing() -> None:
    found = _ask("How many singles does the club own?")
    assert found
    assert found.wording.sentence == "2 of 4 rows of “Boats” where Class is “Single”."
    assert "“club” was read as who has all rows" in found.wording.hint


def test_count_goes_over_the_table_of_what_is_counted_or_over_none() -> None:
    found = _ask("How many boats does the booking have?")
    assert found is None or found.result.plan.table.title == "Boats"

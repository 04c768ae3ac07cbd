"""Units of area and others in two words, months from one to another, and the main amount."""

from __future__ import annotations

from functools import cache

import pytest

from index.embedding.embedder import Embedder
from index.embedding.model_files import BUILT_IN
from index.tables.typed import typed
from index.tables.units import Unit, unit_of
from rag.tables.plan import answer
from rag.tables.reading.lexicon import CachedEmbed
from tests.rag.tables.build import document

pytestmark = pytest.mark.model

STORES = (
    ("S1", "54", "12", "486", "92"),
    ("S2", "71", "30", "632", "118"),
    ("S3", "36", "9", "341", "120"),
)
STORE_COLUMNS = ("store", "area_sqm", "weight_kg", "rent_gbp", "service_charge_gbp")
VISITS = (
    ("2025-03", "22", "4"),
    ("2025-04", "31", "6"),
    ("2025-05", "40", "7"),
    ("2025-06", "5", "1"),
    ("2025-07", "300", "9"),
)


@cache
def _embed() -> CachedEmbed:
    return CachedEmbed(Embedder(BUILT_IN).embed_queries)


def _said(
    question: str, name: str, columns: tuple[str, ...], rows: tuple[tuple[str, ...], ...]
) -> str:
    found = answer(question, typed(document(f"{name}.csv", columns, rows, name)), _embed())
    return found.wording.sentence if found else ""


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ("How many square metres does S1 have?", "Area is 54 sqm where store is “S1”."),
        ("How many sqm has S2?", "Area is 71 sqm where store is “S2”."),
        (
            "How many square metres do all stores have in total?",
            "The sum of area is 161 sqm, over all 3 rows of “Stores”.",
        ),
        (
            "Which is bigger, S1 or S2?",
            "S2 has the higher area, by 17 sqm: S1: 54 sqm; S2: 71 sqm.",
        ),
        ("Which store is the smallest?", "The lowest area is 36 sqm: S3."),
        (
            "Which stores are larger than 50 square metres?",
            "2 of 3 rows of “Stores” where area is over 50 square metres: S1, S2.",
        ),
    ],
)
def test_sizes_are_told_by_the_column_of_areas(question: str, said: str) -> None:
    assert _said(question, "Stores", STORE_COLUMNS, STORES) == said


def test_cheapest_of_several_columns_of_money_goes_by_the_one_that_comes_to_most() -> None:
    said = _said("Which store is the cheapest?", "Stores", STORE_COLUMNS, STORES)
    assert "The lowest rent is 341 GBP: S3" in said


@pytest.mark.parametrize(
    ("question", "figure"),
    [
        ("How many visitors came from March to June?", "98"),
        ("How many visitors came from April to May?", "71"),
        ("How many visitors came between April and June?", "76"),
        ("How many visitors came from April 2025 until May 2025?", "71"),
    ],
)
def test_months_from_one_to_another_are_all_counted(question: str, figure: str) -> None:
    said = _said(question, "Visits", ("month", "visitors", "groups"), VISITS)
    assert f"The sum of visitors is {figure}," in said


@pytest.mark.parametrize(
    ("text", "unit"),
    [
        ("metres", Unit("length", "meter")),
        ("square metres", Unit("area", "square-meter")),
        ("sqm", Unit("area", "square-meter")),
        ("litres", Unit("volume", "liter")),
        ("lbs", Unit("mass", "pound")),
    ],
)
def test_unit_of_knows_british_spelling_and_plain_signs(text: str, unit: Unit) -> None:
    assert unit_of(text) == unit

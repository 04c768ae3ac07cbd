"""Two rows held against each other, also by several prices and by parts of their names."""

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

TRIPS = (
    ("Seal island", "24.00", "18.00", "2.5"),
    ("Two-bay cruise", "42.00", "35.00", "4.5"),
    ("Three-bay cruise", "57.00", "46.50", "6"),
)
LOAVES = (("Rye loaf", "750", "4.20"), ("Country loaf", "800", "4.60"), ("Roll", "60", "0.90"))


@cache
def _world() -> tuple[tuple[TypedTable, ...], CachedEmbed]:
    documents = [
        markdown("trips.md", ("Trip", "Standard EUR", "Members EUR", "Length (h)"), TRIPS, "Trips"),
        document("loaves.csv", ("Product", "Weight g", "Price GBP"), LOAVES),
    ]
    tables = tuple(table for document in documents for table in typed(document))
    return tables, CachedEmbed(Embedder(BUILT_IN).embed_queries)


@pytest.mark.parametrize(
    ("question", "sentence"),
    [
        (
            "How much more is the three bay cruise than the two bay one?",
            "Three-bay cruise has the higher Standard, by 15.00 EUR: Three-bay cruise: 57.00 EUR; "
            "Two-bay cruise: 42.00 EUR. Three-bay cruise has the higher Members, by 11.50 EUR: "
            "Three-bay cruise: 46.50 EUR; Two-bay cruise: 35.00 EUR.",
        ),
        (
            "How much does Seal island cost?",
            "Standard is 24.00 EUR and Members is 18.00 EUR where Trip is “Seal island”.",
        ),
        (
            "What is the most expensive thing on the list of trips?",
            "The highest Standard is 57.00 EUR: Three-bay cruise (46.50).",
        ),
        (
            "Which one is heavier, the rye loaf or the country loaf?",
            "Country loaf has the higher Weight g, by 50: Rye loaf: 750; Country loaf: 800.",
        ),
        (
            "What are the trips called?",
            "All 3 rows of “Trips”: Seal island, Two-bay cruise, Three-bay cruise.",
        ),
        (
            "Seal island vs two-bay cruise",
            "Seal island and Two-bay cruise differ in Standard (24.00; 42.00), Members "
            "(18.00; 35.00), Length (2.5; 4.5).",
        ),
        (
            "Which of the two is heavier, the rye loaf or the roll?",
            "Rye loaf has the higher Weight g, by 690: Rye loaf: 750; Roll: 60.",
        ),
        (
            "What do members pay for Seal island?",
            "Members is 18.00 EUR where Trip is “Seal island”.",
        ),
    ],
)
def test_question_over_prices_and_weights_is_computed(question: str, sentence: str) -> None:
    found = answer(question, *_world())
    assert found
    assert (found.wording.sentence, found.is_open) == (sentence, False)


def test_payer_whom_no_price_is_called_after_is_told_every_price() -> None:
    found = answer("What do local customers pay for Seal island?", *_world())
    assert found is not None
    assert found.wording.sentence == (
        "Standard is 24.00 EUR and Members is 18.00 EUR where Trip is “Seal island”."
    )
    assert (
        "which of “Standard EUR” and “Members EUR” is for “local customers”" in found.wording.hint
    )

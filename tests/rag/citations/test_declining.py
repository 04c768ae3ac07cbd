"""What a reply says that the documents don't state, told from what it states."""

from __future__ import annotations

import pytest

from rag.citations.declining import declines, says_absent, split_absent
from rag.citations.markers import MarkedStatement, read_markers

pytestmark = pytest.mark.unit


def only(text: str) -> MarkedStatement:
    (statement,), _ = read_markers(text, 9)
    return statement


@pytest.mark.parametrize(
    ("text", "said", "missing"),
    [
        (
            "The documents state the fee of 22 euros [1]; they do not state who pays it.",
            "The documents state the fee of 22 euros.",
            "The documents do not state who pays it.",
        ),
        (
            "The pump weighs 12 kg [1], but the documents don't mention its price.",
            "The pump weighs 12 kg.",
            "The documents don't mention its price.",
        ),
        (
            "Die Dokumente nennen 12 kg [1]; sie nennen den Preis nicht.",
            "Die Dokumente nennen 12 kg.",
            "Die Dokumente nennen den Preis nicht.",
        ),
        (
            "Les documents indiquent 12 kg [1], mais ils ne mentionnent pas le prix.",
            "Les documents indiquent 12 kg.",
            "Les documents ne mentionnent pas le prix.",
        ),
        (
            "Los documentos indican 12 kg [1], pero no mencionan el precio.",
            "Los documentos indican 12 kg.",
            "Los documentos no mencionan el precio.",
        ),
    ],
)
def test_statement_of_two_clauses_is_split_at_what_is_missing(
    text: str, said: str, missing: str
) -> None:
    parts = split_absent(only(text))
    assert parts is not None
    assert [(one.text, one.labels) for one in parts] == [(said, (1,)), (missing, ())]
    assert says_absent(parts[1])
    assert declines(parts[1])


@pytest.mark.parametrize(
    "text",
    [
        "Employees get 27 days [1], but they do not include public holidays.",
        "The fee is 22 euros [1]; they do not pay it.",
        "The documents state the fee, but they do not state who pays it.",
        "The documents state the fee of 22 euros [1].",
    ],
)
def test_statement_whose_clauses_are_of_the_matter_stays_whole(text: str) -> None:
    assert split_absent(only(text)) is None

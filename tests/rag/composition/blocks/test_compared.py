"""Two things that have a document each, compared by the tables of their properties."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from index.settings import load_settings
from index.sync.sync import sync
from rag.engine import Engine, build
from rag.settings import Settings
from tests.helpers.indexing import sharing_minilm, write

pytestmark = pytest.mark.model

OTTER = """# Otter 300 printer

Thank you for choosing the Otter.

## Data

| Property | Value |
|---|---|
| Weight | 14 kg |
| Pages a minute | 28 |
| Paper tray | 250 sheets |
| Noise | 49 dB |

## Cleaning

Switch the Otter off and let it cool down before the drum is cleaned.
"""
MARTEN = """# Marten printer - data sheet

| | |
|---|---|
| weight | 9 kg |
| pages a minute | 19 |
| paper tray | 100 sheets |
| warranty | 2 years |

The Marten is made for small offices.
"""
FILES: dict[str, str | bytes] = {
    "otter.md": OTTER,
    "marten.md": MARTEN,
    "rules.md": "# House rules\n\nPaper is ordered by the front desk on Mondays.\n",
}


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    folder = tmp_path_factory.mktemp("compared")
    write(folder / "corpus", FILES)
    with sharing_minilm():
        settings = load_settings(Settings, data=folder / "data")
        sync(settings, folder / "corpus")
        running = build(settings)
        yield running
        running.close()


@pytest.mark.parametrize(
    "question",
    [
        "Compare the Marten and the Otter",
        "What is the difference between the Marten and the Otter?",
        "marten vs otter",
    ],
)
def test_comparison_of_two_documents_shows_both_tables_in_the_questions_order(
    engine: Engine, question: str
) -> None:
    text = engine.answer(question).text
    assert text.startswith("**Marten printer - data sheet**\n\n|")
    marten, _, otter = text.partition("**Otter 300 printer**")
    for row in ("9 kg", "19", "100 sheets", "2 years"):
        assert f" {row} [" in marten
    for row in ("14 kg", "28", "250 sheets", "49 dB"):
        assert f" {row} [" in otter


def test_comparison_by_a_property_shows_its_row_of_both(engine: Engine) -> None:
    text = engine.answer("Compare the paper tray of the Otter and the Marten").text
    assert "250 sheets" in text
    assert "100 sheets" in text
    assert "kg" not in text


def test_comparison_by_what_no_table_tells_is_answered_from_the_texts(engine: Engine) -> None:
    text = engine.answer("Compare how the Otter and the Marten are cleaned").text
    assert "**Marten printer - data sheet**\n\n|" not in text
    assert "let it cool down" in text

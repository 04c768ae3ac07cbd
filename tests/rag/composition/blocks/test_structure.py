"""What of a document's structure is only the frame of what stands around it."""

from __future__ import annotations

import pytest

from index.types import Document, Table, TableRow
from rag.composition.blocks.structure import Structure, Structures

pytestmark = pytest.mark.unit

TEXT = "Plan Price\n\nPlan: Solo; Price: 6\n\nPlan: Team; Price: 24\n\nAll prices are in dollars."


def structure() -> Structure:
    solo, team = TEXT.index("Plan: Solo"), TEXT.index("Plan: Team")
    rows = [
        TableRow(start, start + len(line), ((start + 6, start + 10), (start + 19, start + 20)))
        for start, line in ((solo, "Plan: Solo; Price: 6"), (team, "Plan: Team; Price: 24"))
    ]
    table = Table(("Plan", "Price"), tuple(rows))
    return Structures().of(Document("a.pdf", "", TEXT, "d", tables=(table,)))


def test_a_line_of_the_columns_names_above_their_table_says_nothing() -> None:
    made = structure()
    assert made.names_columns(0)
    assert [made.says_nothing(number) for number in range(len(made.blocks))] == [True, False, False]

"""Values in the row and column that a statement names, also where both are exchanged."""

from __future__ import annotations

import pytest

from index.types import Passage
from rag.verification.table_facts import is_contradicted, value_quote

pytestmark = pytest.mark.unit

TEXT = (
    "The offices:\n\n| City | Opened | Desks (2024) | Office manager |\n|---|---|:-:|---|\n"
    "| Lisbon | 2014 | 85 | Inês Duarte |\n| Hamburg | 2017 | 1,140 | Jonas Petersen |\n\n"
    "| City | Opened |\n|---|---|\n| Porto | 2020 |\n"
)
PASSAGE = Passage("p", "a.md", "A", "", TEXT, 100, 100 + len(TEXT), None, "d")


@pytest.mark.parametrize(
    ("row", "column", "value", "line"),
    [
        ("Lisbon", "Opened", "2014", "| Lisbon | 2014 | 85 | Inês Duarte |"),
        ("Opened", "Hamburg", "2017", "| Hamburg | 2017 | 1,140 | Jonas Petersen |"),
        ("desks", "**Lisbon**", "85", "| Lisbon | 2014 | 85 | Inês Duarte |"),
        ("Desks", "Hamburg", "1140", "| Hamburg | 2017 | 1,140 | Jonas Petersen |"),
        ("Porto", "Opened", "2020", "| Porto | 2020 |"),
        ("Hamburg", "Founded in", "2017", "| Hamburg | 2017 | 1,140 | Jonas Petersen |"),
        ("Lisbon", "Opened", "2017", ""),
        ("Lisbon", "Desks", "2014", ""),
        ("Opened", "Porto", "2014", ""),
        ("Porto", "Desks", "85", ""),
        ("Hamburg", "Founded in", "2014", ""),
        ("City", "Opened", "2014", ""),
        ("Lisbon", "", "2014", "| Lisbon | 2014 | 85 | Inês Duarte |"),
        ("", "Opened", "2014", ""),
    ],
)
def test_value_is_quoted_from_its_row_and_column(
    row: str, column: str, value: str, line: str
) -> None:
    found = value_quote(row, column, value, [PASSAGE])
    assert (found.text if found else "") == line


def test_value_is_contradicted_where_tables_have_another_one() -> None:
    assert is_contradicted("Lisbon", "Opened", "2017", [PASSAGE])
    assert is_contradicted("Opened", "Lisbon", "85", [PASSAGE])
    assert not is_contradicted("Lisbon", "Opened", "2014", [PASSAGE])
    assert not is_contradicted("Vienna", "Opened", "2014", [PASSAGE])

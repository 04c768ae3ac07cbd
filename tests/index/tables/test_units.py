"""Units: which may be compared, and how many of one the other is."""

from __future__ import annotations

import pytest

from index.tables.units import unit_of

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("one", "other", "times"),
    [
        ("hours", "min", 60.0),
        ("minutes", "hours", 1 / 60),
        ("days", "hours", 24.0),
        ("kg", "grams", 1000.0),
        ("cm", "meters", 0.01),
        ("EUR", "euros", 1.0),
        ("EUR", "USD", 0.0),
        ("kg", "meters", 0.0),
    ],
)
def test_unit_times_another_is_how_many_of_it_one_is(one: str, other: str, times: float) -> None:
    first, second = unit_of(one), unit_of(other)
    assert first is not None
    assert second is not None
    assert first.fits(second) == (times > 0 and first.dimension == second.dimension)
    assert (first.times(second) if first.dimension == second.dimension else 0.0) == times

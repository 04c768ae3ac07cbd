"""A round of each kind that may lose something; `make rounds` has two hundred."""

from __future__ import annotations

import pytest

from tests.browser.rounds import rounds

pytestmark = [pytest.mark.browser, pytest.mark.full]


def test_rounds_lose_no_exchange_and_no_file() -> None:
    made = rounds(4)
    assert made.lost == []
    assert sorted(made.done.values()) == [1, 1, 1, 1]

"""Numbers in either notation, with currencies, units and scales."""

from __future__ import annotations

import pytest

from index.tables.numbers import Amount, decimal_mark, read_amount
from index.tables.units import Measure, Unit, split_name

pytestmark = pytest.mark.unit

EURO, KILO = Unit("money", "EUR"), Unit("mass", "kilogram")


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("EUR 40", Amount(40.0, 0, EURO)),
        ("40 €", Amount(40.0, 0, EURO)),
        ("1.212.438,50", Amount(1212438.5, 2, None, True)),
        ("12 %", Amount(12.0, 0, Unit("concentr", "percent"))),
        ("27.3 million", Amount(27.3e6)),
        ("27.3m EUR", Amount(27.3e6, 0, EURO)),
        ("-3.5", Amount(-3.5, 1)),
        ("(1,200)", Amount(-1200.0, 0, None, True)),
        ("$2,640.75", Amount(2640.75, 2, Unit("money", "USD"), True)),
        ("1 240 kg", Amount(1240.0, 0, KILO, True)),
        ("1'200.50", Amount(1200.5, 2, None, True)),
        ("0", Amount(0.0)),
    ],
)
def test_read_amount_of_a_number_gives_its_value_and_unit(text: str, amount: Amount) -> None:
    assert read_amount(text) == amount


@pytest.mark.parametrize(
    "text", ["", "n/a", "A100", "S-2201", "0170 111", "+49 40 123", "10-20", "five", "12 apples"]
)
def test_read_amount_of_a_code_or_words_gives_none(text: str) -> None:
    assert read_amount(text) is None


def test_read_amount_where_three_digits_follow_a_mark_goes_by_the_column() -> None:
    assert read_amount("1.234", ".") == Amount(1.234, 3)
    assert read_amount("1.234", ",") == Amount(1234.0, 0, None, True)
    assert decimal_mark(["1.234", "12,50"]) == ","
    assert decimal_mark(["1.234", "12.5"]) == "."
    assert decimal_mark(["1.234", "17"]) == ""


@pytest.mark.parametrize(
    ("name", "label", "measure"),
    [
        ("Price (EUR)", "Price", Measure("EUR", EURO)),
        ("total_eur", "total", Measure("EUR", EURO)),
        ("Revenue (M EUR)", "Revenue", Measure("M EUR", EURO, 1e6)),
        ("Revenue (EUR m)", "Revenue", Measure("EUR m", EURO, 1e6)),
        ("Weight [kg]", "Weight", Measure("kg", KILO)),
        ("Unit price EUR", "Unit price", Measure("EUR", EURO)),
        ("Price in €", "Price", Measure("€", EURO)),
        ("Hours per day", "Hours per day", None),
        ("Name (first)", "Name (first)", None),
        ("see all", "see all", None),
    ],
)
def test_split_name_parts_a_unit_from_a_column(
    name: str, label: str, measure: Measure | None
) -> None:
    assert split_name(name) == (label, measure)

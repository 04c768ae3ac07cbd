from __future__ import annotations

import pytest

from index.types import Document
from rag.suggestions.tables import questions_over
from rag.suggestions.types import QuestionKind, SuggestedQuestion
from tests.helpers.documents import document_of

pytestmark = pytest.mark.unit

OFFICES = b"""# Offices

| City | Opened | Desks | Office manager |
|---|---|---|---|
| Lisbon | 2014 | 85 | Ines Duarte |
| Hamburg | 2017 | 140 | Jonas Petersen |
| Krakow | 2021 | 60 | Ewa Nowak |
"""
PRICES = b"""product,unit price EUR,stock
Harbor pump,349,120
Harbor pump XL,589,44
Tide valve,27.5,2300
Gale filter,33,0
"""
ORDERS = b"""order_id,date,customer,product,quantity,total_eur
5000,2025-10-28,Cale,Gale filter,9,3141
5001,2025-08-16,Dunholm,Tide valve,32,11168
5002,2025-01-27,Dunholm,Tide valve,2,100.5
5003,2025-01-28,Cale,Tide valve,7,10
"""
FIGURES = b"""Year,Revenue (M EUR),Employees
2022,18.4,142
2023,22.9,171
2024,27.3,205
"""


YEARS = b"""# Report

| | 2023 | 2024 |
|---|---|---|
| Revenue (M EUR) | 22.9 | 27.3 |
| Employees | 171 | 205 |
"""


def asked(document: Document) -> dict[str, SuggestedQuestion]:
    return {one.question: one for one in questions_over(document)}


def test_table_of_years_is_asked_about_by_year() -> None:
    found = asked(document_of("report.md", YEARS))
    assert found["How many employees were there in 2023?"].answers == ("171",)
    assert found["In which year was the revenue highest?"].answers == ("2024",)
    assert not any("2023 of" in question or "highest 2023" in question for question in found)


def test_rows_with_names_are_looked_up_counted_and_compared() -> None:
    found = asked(document_of("offices.md", OFFICES))
    answers = {question: one.answers for question, one in found.items() if one.answers}
    assert answers["Which city has the most desks?"] == ("Hamburg",)
    assert answers["Which city has the fewest desks?"] == ("Krakow",)
    assert answers["How many desks are there in total?"] == ("285",)
    assert answers["Which has more desks, Lisbon or Hamburg?"] == ("Hamburg",)
    lookups = [one for one in found.values() if one.kind is QuestionKind.TABLE]
    assert {one.question: one.answers for one in lookups} == {
        "When was Hamburg opened?": ("2017",),
        "How many desks does Lisbon have?": ("85",),
        "Who is the office manager for Krakow?": ("Ewa Nowak",),
    }
    assert lookups[0].quotes == ("| Hamburg | 2017 | 140 | Jonas Petersen |",)
    assert found["List all offices"].must == ("Lisbon", "Hamburg", "Krakow")
    more = found["Which cities have more than 80 desks?"]
    assert (more.must, more.must_not) == (("Lisbon", "Hamburg"), ("Krakow",))


def test_products_are_asked_for_prices_and_stock() -> None:
    found = asked(document_of("prices.csv", PRICES))
    assert found["Which product is the most expensive?"].answers == ("Harbor pump XL",)
    assert found["Which product is the cheapest?"].answers == ("Tide valve",)
    cheaper = found["Which is cheaper, the Harbor pump or the Harbor pump XL?"]
    assert cheaper.answers == ("Harbor pump",)
    gone = found["Which product is out of stock?"]
    assert (gone.must, gone.kind) == (("Gale filter",), QuestionKind.TABLE_FILTER)
    assert "Harbor pump" in gone.must_not
    costs = [one for question, one in found.items() if question.startswith("How much is the ")]
    assert costs
    assert all(one.answers for one in costs)


def test_rows_with_numbers_of_their_own_are_counted_and_added_up() -> None:
    found = asked(document_of("orders.csv", ORDERS))
    answers = {question: one.answers for question, one in found.items()}
    assert answers["How many orders did Cale place?"] == ("2",)
    assert answers["How many orders are there for the Tide valve?"] == ("3",)
    assert answers["What is the total quantity of all orders?"] == ("50",)
    assert answers["What is the total of all orders?"] == ("14419.5", "14,419.5")
    assert answers["What is the total of all orders by Dunholm?"] == ("11268.5", "11,268.5")
    assert answers["Which order has the highest total?"] == ("5001",)


def test_rows_that_are_years_are_asked_for_growth() -> None:
    found = asked(document_of("figures.csv", FIGURES))
    answers = {question: one.answers for question, one in found.items()}
    assert answers["How much did revenue grow from 2023 to 2024?"] == ("4.4",)
    assert answers["How much did the number of employees grow from 2023 to 2024?"] == ("34",)
    assert answers["In which year was the revenue highest?"] == ("2024",)
    assert answers["How many employees were there in 2022?"] == ("142",)


def test_table_whose_rows_have_no_names_is_left_alone() -> None:
    assert asked(document_of("a.csv", b"x,y\n1.5,2\n1.5,3\n2.5,2\n")) == {}

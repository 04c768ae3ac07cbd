"""What is counted, rows or the things that they tell a number of, and what rows come to."""

from __future__ import annotations

from functools import cache

import pytest

from index.embedding.embedder import Embedder
from index.embedding.model_files import BUILT_IN
from index.tables.typed import TypedTable, typed
from rag.tables.plan import TableAnswer, answer
from rag.tables.reading.lexicon import CachedEmbed
from tests.rag.tables.build import document, markdown

pytestmark = pytest.mark.model

PURCHASES = (
    ("P-1", "2025-01-09", "Mill", "Desk lamp", "Lumen", "4", "20.50", "82.00", "A. Roe", "kept"),
    ("P-2", "2025-01-16", "Mill", "Stool", "Oakley", "2", "35.00", "70.00", "A. Roe", "returned"),
    ("P-3", "2025-02-06", "Yard", "Desk lamp", "Lumen", "6", "20.50", "123.00", "B. Fox", "kept"),
    ("P-4", "2025-03-01", "Yard", "Shelf", "Oakley", "1", "90.00", "90.00", "B. Fox", "on hold"),
    ("P-5", "2025-03-11", "Yard", "Stool", "Oakley", "3", "35.00", "105.00", "B. Fox", "kept"),
)  # fmt: skip
BIKES = (
    ("25-1", "2025-01-07", "Harbour Bikes", "Heron", "3", "sold"),
    ("25-2", "2025-01-10", "Trail Bikes", "Wren", "2", "sold"),
    ("25-3", "2025-01-13", "Trail Bikes", "Heron", "5", "open"),
    ("25-4", "2025-02-13", "Lark Cycles", "Wren", "1", "open"),
)
TOOLS = (
    ("T1", "Drill press", "Mill", "2019-05-02", "1400", "2026-01-10"),
    ("T2", "Band saw", "Yard", "2018-03-04", "2100", "2026-02-01"),
    ("T3", "Treatment bath", "Yard", "2022-08-09", "800", "2025-12-01"),
    ("T4", "Treatment oven", "Mill", "2023-08-09", "950", "2025-12-01"),
)
PRICES = ("Code", "Treatment", "Minutes", "Single", "Pack")
TREATMENTS = (
    ("W1", "Waxing short", "30", "36.00", "165.00"),
    ("W2", "Waxing long", "60", "58.00", "270.00"),
    ("W3", "Oiling", "45", "14.00", "60.00"),
)
STAFF = (("Manager", "Bea Sutton", "202"), ("Clerk", "Tom Hay", "220"), ("Guard", "Al Dean", "231"))
DELIVERY = (
    ("Canoe, model Tern", "4", "640", "2560"),
    ("Canoe, model Gannet", "2", "890", "1780"),
    ("Paddle", "12", "38", "456"),
)
LICENCES = (("Meridian", "650", "628", "148"), ("CadForge", "40", "31", "1920"))
STAYS = (("Q1", "2310", "1120"), ("Q2", "2455", "1198"), ("Q3", "2190", "1042"))
ACTIONS = (("Bea", "Order the lamps", "1 May"), ("Tom", "Mend the door", "2 May"))


@cache
def _world() -> tuple[tuple[TypedTable, ...], CachedEmbed]:
    documents = [
        document(
            "purchases-2025.csv",
            ("purchase", "date", "site", "item", "supplier", "qty", "unit_price", "total",
             "purchased_by", "status"),
            PURCHASES,
        ),
        document("orders.csv", ("order_no", "date", "dealer", "model", "qty", "status"), BIKES),
        document("tools.csv", ("tool", "item", "site", "bought", "price_gbp", "service"), TOOLS),
        markdown("prices.md", PRICES, TREATMENTS, "List"),
        markdown("staff.md", ("Role", "Name", "Ext."), STAFF, "Who is who"),
        markdown(
            "letter.md",
            ("Item", "Quantity", "Unit price (euros)", "Total (euros)"),
            DELIVERY,
            "Your order: delivery of canoes and change of prices",
        ),
        markdown(
            "licences.md",
            ("Software", "Seats bought", "Seats used", "Price per seat (EUR)"),
            LICENCES,
            "Licences",
        ),
        markdown("stays.md", ("Quarter", "Admissions", "Operations"), STAYS, "Hospital stays"),
        markdown("minutes.md", ("Who", "What", "By"), ACTIONS, "Actions"),
    ]  # fmt: skip
    tables = tuple(table for document in documents for table in typed(document))
    return tables, CachedEmbed(Embedder(BUILT_IN).embed_queries)


def _ask(question: str) -> TableAnswer | None:
    return answer(question, *_world())


def _figure(question: str) -> str | None:
    found = _ask(question)
    assert found
    assert not found.is_open
    return found.result.figure


@pytest.mark.parametrize(
    ("question", "figure"),
    [
        ("How many purchases came from the Yard?", "3"),
        ("How many purchases did the Mill make?", "2"),
        ("How many orders did Trail Bikes place?", "2"),
    ],
)
def test_rows_are_counted_where_the_question_names_what_they_are(
    question: str, figure: str
) -> None:
    assert _figure(question) == figure


@pytest.mark.parametrize(
    ("question", "figure"),
    [
        ("How many desk lamps were purchased?", "10"),
        ("How many Herons were ordered in total?", "8"),
        ("How many bikes has Trail Bikes ordered so far, all in all?", "7"),
        ("How many stools did the Yard buy?", "3"),
    ],
)
def test_things_are_added_up_by_the_column_of_how_many_a_row_is_about(
    question: str, figure: str
) -> None:
    assert _figure(question) == figure


def test_two_months_are_alternatives() -> None:
    assert _figure("How many purchases were there in January and February?") == "3"
    assert _figure("How many desk lamps were purchased in January or February 2025?") == "10"


def test_plural_is_no_value_that_has_only_its_stem() -> None:
    columns = ("order", "date", "category", "qty")
    rows = (("1", "2025-01-02", "clinical", "3"), ("2", "2025-01-09", "office", "4"))
    tables = typed(document("orders.csv", columns, rows))
    found = answer("How many clinics do we have?", tables, _world()[1])
    assert found is None or found.is_open


def test_things_of_no_row_are_none() -> None:
    found = _ask("How many stools did the Mill buy in March 2025?")
    assert found
    assert found.result.figure == "0"


def test_word_of_a_long_title_chooses_the_rows_that_are_so() -> None:
    assert _figure("How many canoes were ordered?") == "6"


def test_how_many_cost_so_much_adds_up_no_money() -> None:
    assert _figure("How many tools cost over 900 pounds?") == "3"


def test_word_of_two_columns_that_are_parted_by_another_names_none_of_them() -> None:
    assert _figure("How many seats are used in total?") == "659"
    found = _ask("How many seats are there in total?")
    assert found is None or found.is_open


def test_mean_per_row_is_that_over_all_rows() -> None:
    assert _figure("How many operations were there on average per quarter?") == "1,120.0"


def test_average_of_rows_that_are_worth_money_is_of_that() -> None:
    assert _figure("What is the average value of a tool?") == "1,312.5 GBP"


def test_things_of_a_row_on_average_are_the_mean_of_how_many_it_is_about() -> None:
    assert _figure("How many lamps are there in a purchase on average?") == "5.0"


@pytest.mark.parametrize(
    ("question", "figure"),
    [
        ("How much money went on stools, all purchases added up?", "175.00"),
        ("What does a purchase of desk lamps cost us on average?", "102.50"),
        ("How much did we spend on desk lamps in total?", "205.00"),
    ],
)
def test_money_of_rows_is_what_they_come_to_and_no_price_of_one(question: str, figure: str) -> None:
    assert _figure(question) == figure


def test_word_of_several_dealers_names_counts_things_and_chooses_no_dealer() -> None:
    assert _figure("How many bikes are open?") == "6"
    assert _figure("Which dealer ordered the most bikes?") == "Trail Bikes: 7"


def test_most_things_are_those_of_most_pieces() -> None:
    assert _figure("Which site purchased the most desk lamps?") == "Yard: 6"


def test_money_that_was_spent_is_that_of_all_rows() -> None:
    assert _figure("How much did we spend at Oakley?") == "265.00"
    assert _figure("How much did the Mill spend in January 2025?") == "152.00"


def test_one_row_altogether_is_what_it_comes_to() -> None:
    assert _figure("What did the paddles cost altogether?") == "456 euros"


def test_figures_that_a_word_may_name_are_all_told_of_one_row() -> None:
    found = _ask("How many seats does Meridian have?")
    assert found
    assert "Seats bought is 650 and Seats used is 628" in found.wording.sentence


def test_plural_that_all_stands_before_is_no_row_that_has_it_as_a_part() -> None:
    found = _ask("How much are all metal drills together?")
    assert found is None or found.is_open


def test_price_of_a_thing_is_looked_up_where_the_list_of_prices_has_it() -> None:
    prices = markdown(
        "list.md", ("Product", "Unit price (EUR)"), (("Lamp", "20"), ("Stool", "35")), "Prices 2025"
    )
    sales = document(
        "sales.csv",
        ("sale", "date", "product", "number", "total_eur"),
        (("S1", "2025-01-02", "Lamp", "2", "38"), ("S2", "2025-01-03", "Lamp", "1", "20")),
    )
    found = answer("What is the price of a lamp?", (*typed(prices), *typed(sales)), _world()[1])
    assert found
    assert found.result.figure == "20 EUR"


def test_dearest_row_is_the_one_that_comes_to_most() -> None:
    found = _ask("Which purchase was the most expensive?")
    assert found
    assert found.result.values == ("123.00",)


@pytest.mark.parametrize(
    "question", ["Which purchase cost the most?", "Which purchase was the dearest?"]
)
def test_row_that_cost_most_is_not_that_of_the_dearest_thing(question: str) -> None:
    found = _ask(question)
    assert found
    assert found.result.values == ("123.00",)


def test_price_that_many_rows_have_differently_is_doubted() -> None:
    columns = ("part", "description", "fits", "price_gbp")
    rows = [(f"P{at}", f"Part {name}", "Heron", f"{at}.50") for at, name in enumerate("abcdef", 1)]
    tables = typed(document("parts.csv", columns, (*rows, ("P9", "Part z", "Wren", "3.10"))))
    found = answer("What's the price of the Heron?", tables, _world()[1])
    assert found is None or found.is_open


def test_prices_of_one_are_not_added_up() -> None:
    found = _ask("How much is the unit price of all canoes in total?")
    assert found is None or "together" not in found.wording.sentence


def test_word_for_rows_of_one_table_chooses_no_row_of_another() -> None:
    found = _ask("What was our biggest purchase?")
    assert found
    assert found.result.plan.table.document == "purchases-2025.csv"


def test_price_of_one_is_averaged_where_it_is_named() -> None:
    assert _figure("What is the average unit price of the desk lamps?") == "20.50"


@pytest.mark.parametrize(
    "question",
    [
        "Which supplier do we purchase from most often and how many purchases is that?",
        "Which supplier has the most purchases, and how many is that?",
    ],
)
def test_group_with_most_tells_the_number_that_a_second_clause_asks_for(question: str) -> None:
    assert _figure(question) == "Oakley: 3"


def test_cheapest_of_a_kind_is_that_of_the_table_which_calls_its_rows_so() -> None:
    found = _ask("What's the cheapest treatment you offer?")
    assert found
    assert found.result.values == ("14.00",)


def test_hour_is_a_value_of_a_column_of_minutes() -> None:
    assert _figure("How much is an hour of waxing?") == "58.00"
    assert _figure("What does half an hour of waxing cost?") == "36.00"


def test_hour_is_no_value_where_no_column_has_it() -> None:
    found = _ask("Which treatment lasts an hour and a half?")
    assert found is None or found.is_open


@pytest.mark.parametrize(
    ("question", "rows"),
    [
        ("What tools did we buy before 2020?", (0, 1)),
        ("Which tools at the Yard did we purchase before 2020?", (1,)),
        ("Which tools have to be serviced before 2026?", (2, 3)),
    ],
)
def test_date_is_of_the_column_that_the_verb_means(question: str, rows: tuple[int, ...]) -> None:
    found = _ask(question)
    assert found
    assert not found.is_open
    assert found.result.rows == rows


def test_what_was_done_asks_for_the_rows_by_its_date() -> None:
    columns = ("tool", "item", "site", "bought", "price_gbp", "service")
    tables = typed(document("tools.csv", columns, TOOLS))
    found = answer("What did we buy for the Mill after 2020?", tables, _world()[1])
    assert found
    assert found.result.values == ("T4",)


def test_column_with_a_short_name_is_found_by_the_long_one() -> None:
    assert _figure("what's Bea Sutton's extension") == "202"


@pytest.mark.parametrize(
    ("question", "item"),
    [
        ("Which purchases were sent back?", "P-2"),
        ("Which of our purchases have been sent back?", "P-2"),
    ],
)
def test_state_in_other_words_is_a_guess_that_is_told(question: str, item: str) -> None:
    found = _ask(question)
    assert found
    assert found.is_open
    assert found.result.values == (item,)
    assert "“sent back” was read as “returned”" in found.wording.hint


def test_state_in_other_words_may_be_denied() -> None:
    found = _ask("Which purchases were not sent back yet?")
    assert found
    assert found.result.values == ("P-1", "P-3", "P-4", "P-5")


@pytest.mark.parametrize("question", ["Which purchases were painted?", "Which purchases are late?"])
def test_word_that_means_no_value_chooses_no_rows(question: str) -> None:
    found = _ask(question)
    assert found is None or not found.result.plan.filters

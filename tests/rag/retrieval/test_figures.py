"""Figures of a question are whole words and whole dates."""

from __future__ import annotations

import pytest

from index.tables.dates import Moment
from rag.retrieval.figures import Figures, figures_in, words_with_digit

pytestmark = pytest.mark.unit


def test_figures_in_a_question_are_words_with_digits_and_dates() -> None:
    assert figures_in("Is T-103 of 17 March 2025 in version 3.1?") == Figures(
        frozenset({"t-103", "3.1"}), frozenset({Moment(2025, 3, 17)})
    )
    assert not figures_in("Who met whom?")


@pytest.mark.parametrize(
    ("text", "held"),
    [
        ("Meeting of 17 March 2025", 1),
        ("2025-03-17: agreed", 1),
        ("The 17th of March", 1),
        ("Meeting of 3 March 2025", 0),
        ("Meeting of 17 March 2024", 0),
        ("17 people met in March 2025", 0),
    ],
)
def test_figures_within_a_text_hold_a_date_as_one(text: str, held: int) -> None:
    assert len(figures_in("What was decided on 17 March 2025?").within(text)) == held


def test_figures_within_texts_are_those_of_any_of_them() -> None:
    figures = figures_in("What did 3.1 change in rule 7?")
    assert figures.within("3.1 (June)", "rule 7 went") == figures
    assert figures.within("3.12", "rule 71").words == frozenset()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Rule 7, paragraph 3.1: see T-103/a_2 or x_9.", {"7", "3.1", "t-103/a_2", "9"}),
        ("no figure", set()),
        ("_.5 and -5 and a-b-c-d", {".5", "5"}),
        ("三月10日的会议", {"三月10日的会议"}),
        ("from 10:30\tto 11-12\u3000at 1,5", {"10:30", "11-12", "1,5"}),
    ],
)
def test_words_with_a_digit_are_whole_with_signs_inside(text: str, words: set[str]) -> None:
    assert words_with_digit(text) == words


@pytest.mark.parametrize(
    ("question", "identifiers"),
    [
        ("How does NO_PROXY work?", {"no_proxy"}),
        ("What does __init__ of AsyncClient take?", {"__init__", "asyncclient"}),
        ("Where is footnote.toml kept?", {"footnote.toml"}),
        ("What do --json and -v print?", {"--json", "-v"}),
        ("Is the well-known U.S. law, e.g. this one, up-to-date?", set()),
    ],
)
def test_figures_in_a_question_are_identifiers_too(question: str, identifiers: set[str]) -> None:
    assert figures_in(question).identifiers == identifiers


def test_figures_within_a_text_hold_an_identifier_as_a_whole() -> None:
    figures = figures_in("How does NO_PROXY work?")
    assert len(figures.within("Set `NO_PROXY` to a host.")) == 1
    assert len(figures.within("Set XNO_PROXY, NO_PROXY_ALL or no proxy.")) == 0
    assert not figures - figures

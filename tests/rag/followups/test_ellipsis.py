"""Follow-ups that only name something new, put into the question before them."""

from __future__ import annotations

import pytest

from rag.followups.ellipsis import resolve_ellipsis

pytestmark = pytest.mark.unit


def unasked(text: str) -> float:
    """For questions with one place for the new name: which fits best is not asked."""
    raise AssertionError(text)


@pytest.mark.parametrize(
    ("before", "question", "whole"),
    [
        ("Who is the director of Mossad?", "And the CIA?", "Who is the director of the CIA?"),
        ("Who is the director of the CIA?", "and MI6?", "Who is the director of MI6?"),
        ("Who leads Mossad?", "What about the U.S. Navy?", "Who leads the U.S. Navy?"),
        ("Where did David Barnea go?", "And William Burns?", "Where did William Burns go?"),
        ("Did Hamas accept?", "But what of Israel, then?", "Did Israel accept?"),
        ("Egypt proposed what?", "And Qatar?", "Qatar proposed what?"),
        ("When did talks in Cairo start?", "How about in Doha?", "When did talks in Doha start?"),
        ("Who won the prize in 2019?", "And in 2021?", "Who won the prize in 2021?"),
        ("Who won the prize?", "And in 2021?", "Who won the prize in 2021?"),
        ("When did Hamas meet?", "And in Doha?", "When did Hamas meet in Doha?"),
        ("What is in Phase 1?", "And Phase 2?", "What is in Phase 2?"),
        ("What is in chapter 2 of Emma?", "And chapter 3?", "What is in chapter 3 of Emma?"),
        ("What did the Qatari side say?", "And the Thai side?", "What did the Thai side say?"),
        ("Who is Prime Minister of Egypt?", "And of Qatar?", "Who is Prime Minister of Qatar?"),
        ("¿Quién dirige el Mossad?", "¿Y la CIA?", "¿Quién dirige la CIA?"),
        ("Qui dirige le Mossad ?", "Et la CIA ?", "Qui dirige la CIA ?"),
        ("Wer leitet den Mossad?", "Und die CIA?", "Wer leitet die CIA?"),
    ],
)
def test_completed_puts_the_new_name_in_the_place_of_the_old_one(
    before: str, question: str, whole: str
) -> None:
    assert resolve_ellipsis(question, before, unasked) == whole


@pytest.mark.parametrize(
    ("before", "question"),
    [
        ("Who leads Mossad?", "And who leads the CIA?"),
        ("Who leads Mossad?", "And then?"),
        ("Who leads Mossad?", "And the budget?"),
        ("Who leads Mossad?", "And Mossad?"),
        ("Who leads Mossad?", "And Egypt wants that?"),
        ("Who leads Mossad?", "The CIA?"),
        ("Who leads Mossad?", "And version 3?"),
        ("How old is he?", "And the CIA?"),
        ("Who?", "And the CIA?"),
        ("How many skills can I create?", "What about Hebrew?"),
        ("", "And the CIA?"),
        ("谁领导摩萨德？", "那么中央情报局呢？"),
    ],
)
def test_completed_of_any_other_follow_up_is_nothing(before: str, question: str) -> None:
    assert resolve_ellipsis(question, before, unasked) == ""


def test_completed_takes_the_place_that_fits_the_documents_best() -> None:
    nearest = {
        "Did Israel agree to the Cairo proposal?": 0.7,
        "Did Hamas agree to Israel proposal?": 0.6,
    }
    asked = resolve_ellipsis(
        "And Israel?", "Did Hamas agree to the Cairo proposal?", nearest.__getitem__
    )
    assert asked == "Did Israel agree to the Cairo proposal?"


def test_completed_takes_a_name_with_of_for_one_or_two() -> None:
    seen: list[str] = []

    def fit(text: str) -> float:
        seen.append(text)
        return -float(len(text))

    asked = resolve_ellipsis("And the Fed?", "Who is governor of the Bank of England?", fit)
    assert asked == "Who is governor of the Fed?"
    assert seen == [
        "Who is governor of the Fed?",
        "Who is governor of the Fed of England?",
        "Who is governor of the Bank of the Fed?",
    ]


def test_completed_replaces_the_old_name_wherever_it_stands() -> None:
    before = "What did Hamas say of prisoners that Hamas holds?"
    assert resolve_ellipsis("And Israel?", before, lambda text: text.count("Israel")) == (
        "What did Israel say of prisoners that Israel holds?"
    )

"""Follow-ups: what is searched for when a question leans on the turn before."""

import pytest

from rag.answers import Turn
from rag.condense import condense, points_back

pytestmark = pytest.mark.unit

TURN = Turn("Who is the director of Mossad?", "David Barnea is the director of Mossad.")


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("Where did he go?", True),
        ("And in Paris?", True),
        ("What about Egypt?", True),
        ("Why?", True),
        ("Which city hosted the latest round of talks?", False),
    ],
)
def test_points_back_sees_pronouns_and_openings(question: str, expected: bool) -> None:
    assert points_back(question) is expected


def test_condense_without_turns_returns_the_question() -> None:
    assert condense("  Where did he go? ", []) == "Where did he go?"


def test_condense_of_a_question_that_stands_alone_returns_it() -> None:
    question = "Which city hosted the latest round of talks?"
    assert condense(question, [TURN]) == question


def test_condense_of_a_follow_up_brings_the_question_and_the_names_before_it() -> None:
    assert condense("Where did he go?", [TURN]) == (
        "Who is the director of Mossad? David Barnea Where did he go?"
    )


def test_condense_of_a_chain_reaches_the_question_that_stood_alone() -> None:
    turns = [TURN, Turn("Where did he go?", "He went to Paris.")]
    condensed = condense("And why?", turns)
    assert condensed.startswith("Who is the director of Mossad?")
    assert "Paris" in condensed
    assert condensed.endswith("And why?")

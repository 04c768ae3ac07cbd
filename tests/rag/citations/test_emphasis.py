"""Bold and italics: out of a reply for the checks, back into what is shown."""

from __future__ import annotations

import pytest

from rag.citations.emphasis import Emphasised, with_emphasis, without_emphasis
from rag.citations.markers import read_markers

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("text", "plain", "found"),
    [
        ("It is **27 days**.", "It is 27 days.", (Emphasised("27 days", "**", "is"),)),
        (
            "It is *so* __now__.",
            "It is so now.",
            (Emphasised("so", "*", "is"), Emphasised("now", "**", "so")),
        ),
        ("**27 days [1]** a year", "27 days [1] a year", (Emphasised("27 days", "**"),)),
        ("2*3*4 is 2 * 12", "2*3*4 is 2 * 12", ()),
        ("Call `a**b**c` now", "Call `a**b**c` now", ()),
        ("```\nx = a**b**c\n```", "```\nx = a**b**c\n```", ()),
        ("* one\n* two", "* one\n* two", ()),
        ("**never closed", "**never closed", ()),
    ],
)
def test_without_emphasis_keeps_words_code_and_products(
    text: str, plain: str, found: tuple[Emphasised, ...]
) -> None:
    assert without_emphasis(text) == (plain, found)


def test_with_emphasis_goes_on_after_what_was_found() -> None:
    emphasised = (Emphasised("day", "**", "a"), Emphasised("gone", "*"), Emphasised("days", "**"))
    assert with_emphasis("days of a day", emphasised) == ("days of a **day**", 1)
    assert with_emphasis("days", emphasised[1:]) == ("**days**", 2)
    assert with_emphasis("nothing", emphasised) == ("nothing", 0)


def test_with_emphasis_wants_the_same_word_before() -> None:
    emphasised = (Emphasised("Hamburg", "**", "in"),)
    assert with_emphasis("Lisbon and Hamburg", emphasised) == ("Lisbon and Hamburg", 0)
    assert with_emphasis("Lisbon, Hamburg, in Hamburg", emphasised) == (
        "Lisbon, Hamburg, in **Hamburg**",
        1,
    )


def test_statements_are_plain_and_written_with_their_emphasis() -> None:
    reply = "**Leave.** It is **27 days** [1]. - \n- *Up* to 5 days [2]\n\n| **A** | b [1] |"
    statements, stray = read_markers(reply, 2)
    assert stray == 0
    assert [(one.text, one.written) for one in statements] == [
        ("Leave.", "**Leave.**"),
        ("It is 27 days.", "It is **27 days**."),
        ("Up to 5 days", "*Up* to 5 days"),
        ("| A | b |", "| **A** | b |"),
    ]

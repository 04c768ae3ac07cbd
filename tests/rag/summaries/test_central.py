"""Central sentences: spread over sections, in order, without boilerplate."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from index.types import Passage
from rag.summaries.central import SummarySentence, central_sentences
from rag.types import Quote

pytestmark = pytest.mark.unit


def sentences(*rows: tuple[str, Sequence[float], int]) -> list[SummarySentence]:
    """Sentences with their directions and sections; the first of a section opens it."""
    made, seen = list[SummarySentence](), set[int]()
    for place, (text, direction, section) in enumerate(rows):
        vector = np.array(direction, np.float32)
        vector /= np.linalg.norm(vector)
        passage = Passage(f"p{place}", "a.md", "A", "", text, 0, len(text), None, "d")
        quote = Quote(passage, 0, len(text))
        made.append(SummarySentence(quote, vector, section, section not in seen))
        seen.add(section)
    return made


def chosen(given: list[SummarySentence], words: int) -> list[str]:
    return [one.quote.text for one in central_sentences(given, words)]


def test_each_section_has_its_turn_and_the_order_is_kept() -> None:
    given = sentences(
        ("One about the red boats", (1, 0.1, 0), 1),
        ("Two about the red boats", (1, 0.4, 0), 1),
        ("Three on quite other ground", (0, 1, 0.1), 2),
        ("Four on still other ground", (0, 0.2, 1), 3),
    )
    assert chosen(given, 15) == [
        "One about the red boats",
        "Three on quite other ground",
        "Four on still other ground",
    ]


def test_boilerplate_and_what_was_said_are_left_out() -> None:
    note = ("All rights reserved by us", (0, 0, 1))
    given = sentences(
        (*note, 1),
        ("Boats are red in May", (1, 0.2, 0), 1),
        (*note, 2),
        ("Boats are red in May again", (1, 0.21, 0), 2),
        (*note, 3),
        ("Houses are blue in June", (0.2, 1, 0), 3),
    )
    assert chosen(given, 11) == ["Boats are red in May again", "Houses are blue in June"]


def test_words_are_about_as_many_as_asked_for() -> None:
    rng = np.random.default_rng(3)
    rows = [(f"Sentence {n} has six words now", rng.normal(size=24), n % 5) for n in range(40)]
    found = central_sentences(sentences(*rows), 60)  # type: ignore[arg-type]
    assert sum(len(one.quote.text.split()) for one in found) == 60


def test_nothing_is_central_in_nothing_and_short_sentences_serve_if_there_are_no_others() -> None:
    assert central_sentences([], 50) == []
    assert chosen(sentences(("Too short", (1, 0), 1)), 50) == ["Too short"]

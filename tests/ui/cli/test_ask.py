"""Answers in the terminal: what a document says or is called steers nothing."""

from __future__ import annotations

import pytest

from index.errors import ConfigError
from rag.types import Turn
from ui.cli.ask import _place, _turns, printable

pytestmark = pytest.mark.unit


def test_place_of_a_file_whose_name_has_a_line_end_stays_on_one_line() -> None:
    assert _place("two\n[1] lines.txt", 3) == "two [1] lines.txt, page 3"
    assert _place("plain.txt", None) == "plain.txt"


def test_printable_leaves_out_what_steers_a_terminal() -> None:
    assert printable("a\x1b[31mb\u202ec\td\ne") == "a[31mbc\td\ne"


def test_turns_within_the_limits_are_kept_in_their_order() -> None:
    said = [("Where?", "In Cairo."), ("When?", "")]
    assert _turns(said) == (Turn("Where?", "In Cairo."), Turn("When?", ""))
    assert len(_turns([("q" * 600, "a" * 1_000)] * 20)) == 20


def test_turns_beyond_the_limits_are_refused() -> None:
    with pytest.raises(ConfigError, match="there are 21 turns, the limit is 20"):
        _turns([("q", "a")] * 21)
    with pytest.raises(ConfigError, match="have 32,001 characters, the limit is 32,000"):
        _turns([("q", "a" * 32_000)])

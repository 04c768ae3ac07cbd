"""Answers in the terminal: what a document says or is called steers nothing."""

from __future__ import annotations

import pytest

from ui.ask import _place, printable

pytestmark = pytest.mark.unit


def test_place_of_a_file_whose_name_has_a_line_end_stays_on_one_line() -> None:
    assert _place("two\n[1] lines.txt", 3) == "two [1] lines.txt, page 3"
    assert _place("plain.txt", None) == "plain.txt"


def test_printable_leaves_out_what_steers_a_terminal() -> None:
    assert printable("a\x1b[31mb\u202ec\td\ne") == "a[31mbc\td\ne"

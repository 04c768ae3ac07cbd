"""A conversation on the page, and its answer that can be told that it is not wanted any more."""

from __future__ import annotations

from pathlib import Path

import pytest

from ui.page.exchanges import KEPT, Runs, Talk
from ui.service.answer_options import AnswerOptions
from ui.service.history import FILE_NAME, Exchange, History

pytestmark = pytest.mark.unit

USUAL = AnswerOptions("quotes", 8, False)
STEPS = [Exchange("t1", "q", text="a" * length) for length in range(5)]


def test_follow_gives_every_step_of_an_answer_that_is_wanted() -> None:
    assert list(Runs().follow("page", STEPS)) == STEPS


def test_halt_ends_the_answer_of_its_page_alone() -> None:
    runs = Runs()
    mine, other = runs.follow("mine", STEPS), runs.follow("other", STEPS)
    assert (next(mine), next(other)) == (STEPS[0], STEPS[0])
    runs.halt("mine")
    assert list(mine) == []
    assert list(other) == STEPS[1:]


def test_halt_before_an_answer_has_begun_or_after_it_does_nothing() -> None:
    runs = Runs()
    runs.halt("page")
    assert list(runs.follow("page", STEPS)) == STEPS
    runs.halt("page")
    assert list(runs.follow("page", STEPS)) == STEPS


def test_answer_that_ends_late_leaves_the_next_one_of_its_page_to_be_halted() -> None:
    runs = Runs()
    old, new = runs.follow("page", STEPS), runs.follow("page", STEPS)
    next(old), next(new)
    assert list(old) == STEPS[1:]
    runs.halt("page")
    assert list(new) == []


def test_talk_shows_the_latest_exchanges_and_none_if_they_cannot_be_read(tmp_path: Path) -> None:
    talk = Talk("a" * 32, History(tmp_path), USUAL)
    for number in range(KEPT + 2):
        talk.kept.keep(talk.id, Exchange(f"t{number}", "q", fault="Stopped."))
    shown = talk.exchanges()
    assert (len(shown), shown[0].key) == (KEPT, "t2")
    (tmp_path / FILE_NAME).write_bytes(b"no database, but long enough to be taken for one" * 9)
    assert talk.exchanges() == ()

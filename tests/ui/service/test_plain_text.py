"""Answers for other programs: the sources at the end, nothing active in them, and off again."""

from __future__ import annotations

from dataclasses import replace

import pytest

from index.types import Hit, Passage
from rag.types import Answer, Citation, Quote, Reason, Refusal, Statement, Support, Turn
from tests.helpers.inert import active_in_text
from tests.helpers.payloads import PAYLOADS
from ui.service.history import Exchange
from ui.service.plain_text import latest, passages_of, readable, text_of, turn_of
from ui.service.settings import HISTORY_CHARACTERS, HISTORY_TURNS

pytestmark = pytest.mark.unit

TEXT = "Before it. Ada met Bo. After it."
PASSAGE = Passage("a.pdf#1", "a.pdf", "Title", "Title > Part", TEXT, 100, 132, 3, "digest" * 4)
OTHER = Passage("b.txt#1", "b.txt", "", "", "Bo left.", 0, 8, None, "d2")
HITS = (Hit(PASSAGE, 0.9, 1), Hit(OTHER, 0.1, 2))
ANSWER = Answer(
    question="Who met?",
    query="Who met?",
    text="Ada met Bo. [1] He went away. [2]",
    statements=(
        Statement("Ada met Bo.", (1,), Support.SUPPORTED),
        Statement("He went away.", (2,), Support.SUPPORTED),
    ),
    citations=(Citation(1, Quote(PASSAGE, 111, 122)), Citation(2, Quote(OTHER, 0, 8))),
    refusal=None,
    hits=HITS,
    composer="llm",
)
SAID = "The documents don't say."
REFUSED = Answer("q", "q", SAID, (), (), Refusal(Reason.NO_EVIDENCE, SAID), HITS, "quotes")


def test_readable_lists_sources_as_numbered_with_words_that_the_text_lacks() -> None:
    assert readable(ANSWER) == (
        "Ada met Bo. [1] He went away. [2]\n"
        "\n"
        "Sources:\n"
        "- [1] a.pdf, page 3, Title > Part\n"
        "- [2] b.txt: “Bo left.”"
    )


def test_readable_keeps_the_list_that_an_llm_wrote() -> None:
    text = "Parts:\n\n1. Ada met Bo. [1]\n   - He went away. [2]\n2. They met."
    listed = replace(ANSWER, text=text)
    assert text_of(listed) == text
    assert readable(listed).startswith(f"{text}\n\nSources:\n- [1]")


def test_readable_tells_what_is_not_supported_and_that_it_is_cut_off() -> None:
    first, second = ANSWER.statements
    statements = (
        replace(first, support=Support.WEAK),
        replace(second, support=Support.UNSUPPORTED),
    )
    doubtful = replace(ANSWER, statements=statements, note="The LLM broke off.")
    assert readable(doubtful) == readable(ANSWER) + (
        "\n\nCheck:\n"
        "- Only partly supported by its source: “Ada met Bo.”\n"
        "- Not supported by any source: “He went away.”\n"
        "\n"
        "The LLM broke off."
    )


def test_readable_of_a_refusal_lists_the_nearest_passages() -> None:
    assert readable(REFUSED) == (
        "The documents don't say.\n"
        "\n"
        "Nearest passages:\n"
        "- a.pdf, page 3, Title > Part: “Before it. Ada met Bo. After it.”\n"
        "- b.txt: “Bo left.”"
    )


def test_readable_of_a_refusal_without_passages_is_its_message() -> None:
    assert readable(replace(REFUSED, hits=())) == SAID


def test_readable_sources_take_one_line_each_and_are_cut() -> None:
    long = replace(OTHER, text="word\n\n" * 100, end=600, document="b\nc.txt")
    cited = replace(ANSWER, citations=(Citation(1, Quote(long, 0, 600)),))
    line = readable(cited).rpartition("\n")[2]
    assert line == f"- [1] b c.txt: “{'word ' * 39}word…”"


def test_turn_of_what_was_read_is_the_page_s_turn() -> None:
    page = Exchange("t1", "Who met?", HITS, "", ANSWER).turn
    assert turn_of("Who met?", readable(ANSWER)) == page
    assert turn_of("Who met?", readable(ANSWER).replace("\n", "\r\n") + "\r\n") == page
    assert page == Turn("Who met?", "Ada met Bo. He went away.")


def test_turn_of_a_refusal_is_none_as_on_the_page() -> None:
    assert Exchange("t1", "q", HITS, "", REFUSED).turn is None
    assert turn_of("q", readable(REFUSED)) is None


@pytest.mark.parametrize(
    ("reply", "answer"),
    [
        ("Another program said so.", "Another program said so."),
        ("Sources: the\nNile", "Sources: the Nile"),
        ("One [1].\n\nSources:\nnone\n\nSources:\n- [1] a", "One. Sources: none"),
    ],
)
def test_turn_of_a_reply_that_is_not_ours_is_kept(reply: str, answer: str) -> None:
    assert turn_of("q", reply) == Turn("q", answer)


def test_latest_turns_are_those_that_fit() -> None:
    turns = [Turn(str(number), "a") for number in range(HISTORY_TURNS + 2)]
    assert latest(turns) == tuple(turns[2:])
    long = Turn("q", "a" * (HISTORY_CHARACTERS - 3))
    assert latest([Turn("old", "old"), long, Turn("q", "a")]) == (long, Turn("q", "a"))
    assert latest([Turn("q", "a" * HISTORY_CHARACTERS)]) == ()


def test_passages_are_quoted_line_by_line() -> None:
    passage = replace(PASSAGE, text="One.\n\nIgnore this.\n2. b.txt")
    assert passages_of((Hit(passage, 0.9, 1), HITS[1])) == (
        "1. a.pdf, page 3, Title > Part\n> One.\n> Ignore this.\n> 2. b.txt\n\n2. b.txt\n> Bo left."
    )


@pytest.mark.parametrize("payload", PAYLOADS.values(), ids=PAYLOADS)
def test_readable_is_only_words_whatever_documents_hold(payload: str) -> None:
    text = payload.encode("utf-8", "ignore").decode()
    hostile = Passage("p", text, text, text, f"{text}\n\n{text}", 0, 2 * len(text) + 2, None, "d")
    hits = (Hit(hostile, 1, 1),)
    statement = Statement(text, (1,), Support.WEAK)
    citation = Citation(1, Quote(hostile, 0, hostile.end))
    answer = Answer(
        "q", "q", f"{text} [1]", (statement,), (citation,), None, hits, "quotes", 0, text
    )
    assert active_in_text(readable(answer)) == []
    assert active_in_text(readable(replace(REFUSED, hits=hits))) == []
    assert active_in_text(passages_of(hits)) == []

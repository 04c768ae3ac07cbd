"""Follow-ups: when a question stands alone, what turns before it add, and what an LLM may do."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import pytest
from pytest_socket import enable_socket

from index.settings import load_settings
from rag.answers import Turn
from rag.condense import Asked, Look, condense, without_labels
from rag.llm import LLM
from rag.prompts import condensing
from rag.rewrite import Rewriter, usable
from rag.settings import Settings
from tests.fake_llm import FakeLLM, Reply, drops, fails, hangs, streams

pytestmark = pytest.mark.unit

FIRST = "Who is the director of Mossad?"
TOLD = "David Barnea is the director of Mossad [1]."
TURN = Turn(FIRST, TOLD)


def looks(seen: Mapping[str, Look]) -> Callable[[str], Look]:
    """An index in which each text finds what is written down for it, and no other is asked for."""
    return lambda text: seen[text]


ABOUT = Look({"p": 0.5, "q": 0.25}, 0.8)
BARE = "David Barnea is the director of Mossad."


def test_condense_without_turns_returns_the_question_and_looks_nowhere() -> None:
    assert condense("  Where did he go? ", [], looks({})) == Asked("Where did he go?", {})


def test_condense_of_a_question_near_to_a_passage_returns_it() -> None:
    question = "Which city hosted the latest round of talks?"
    told = Look({"p": 1.0, "q": 0.4, "r": 0.3}, 0.9)
    asked = condense(
        question, [TURN], looks({FIRST: ABOUT, BARE: told, question: Look({"r": 1.0}, 0.5)})
    )
    assert asked.query == question
    assert asked.bias == pytest.approx({"p": 0.2 - 0.15, "q": 0.1 - 0.15 * 0.4})


def test_condense_of_a_question_near_to_nothing_brings_the_one_before_it() -> None:
    both = f"{FIRST} Where did he go?"
    asked = condense(
        "Where did he go?",
        [Turn(FIRST, "")],
        looks({FIRST: ABOUT, "Where did he go?": Look({"r": 1.0}, 0.3), both: Look({"p": 1.0}, 1)}),
    )
    assert asked.query == both
    assert asked.bias == pytest.approx({"p": 0.2, "q": 0.1, "r": 0.0})


def test_condense_of_a_question_in_between_weighs_it_and_the_two_together() -> None:
    both = f"{FIRST} Where did he go?"
    alone, together = Look({"p": 0.2, "r": 1.0}, 0.35), Look({"p": 1.0, "r": 0.4}, 0.9)
    asked = condense(
        "Where did he go?",
        [Turn(FIRST, "")],
        looks({FIRST: Look({}, 0.8), "Where did he go?": alone, both: together}),
    )
    # Leaning by three quarters: a quarter of the question's own score, the rest of the two's.
    assert together.scores["p"] + asked.bias["p"] == pytest.approx(0.25 * 0.2 + 0.75 * 1.0)
    assert together.scores["r"] + asked.bias["r"] == pytest.approx(0.25 * 1.0 + 0.75 * 0.4)


def test_condense_takes_an_llm_s_form_and_keeps_what_the_turns_are_about() -> None:
    written = "Where did David Barnea go?"
    asked = condense("Where did he go?", [Turn(FIRST, "")], looks({FIRST: ABOUT}), written)
    assert asked.query == written
    assert dict(asked.bias) == pytest.approx({"p": 0.2, "q": 0.1})


def test_condense_looks_at_the_last_turns_only() -> None:
    turns = [Turn(f"question {place}", "") for place in range(9)]
    seen: list[str] = []

    def look(text: str) -> Look:
        seen.append(text)
        return Look({}, 1.0)

    condense("What now?", turns, look)
    assert seen == [*(f"question {place}" for place in range(4, 9)), "What now?"]


def test_condense_finds_what_was_told_without_labels_and_at_most_a_thousand_characters() -> None:
    seen: list[str] = []

    def look(text: str) -> Look:
        seen.append(text)
        return Look({}, 1.0)

    condense("What now?", [Turn("", "Word [2]. " * 200)], look)
    assert seen[0] == ("Word. " * 200)[:1000].strip()


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        ("It is so [1].", "It is so."),
        ("It is so. [1][2] And so [3, 4].", "It is so. And so."),
        ("It is [^1] so 【2】", "It is so"),
        ("In [brackets] and f[i]", "In [brackets] and f[i]"),
    ],
)
def test_without_labels_leaves_the_words(answer: str, text: str) -> None:
    assert without_labels(answer) == text


def test_condensing_sends_earlier_turns_without_labels() -> None:
    messages = condensing("Where did he go?", [TURN])
    assert [message.role for message in messages] == ["system", "user", "assistant", "user"]
    assert messages[2].text == BARE
    assert messages[3].text == "Last question: Where did he go?\nRewritten:"


@pytest.mark.parametrize(
    ("reply", "kept"),
    [
        ("Where did David Barnea go?", "Where did David Barnea go?"),
        (' "Where did David Barnea go?" ', "Where did David Barnea go?"),
        ("Where is the director?\nIt is in Paris.", ""),
        ("x" * 201, ""),
        ("Mossad " * 29, ""),
        ("How may I help you?", ""),
        ("What is it?", ""),
        ("", ""),
    ],
)
def test_usable_reply_is_one_short_line_about_the_conversation(reply: str, kept: str) -> None:
    assert usable(reply, "Where did he go?", [TURN]) == kept


@pytest.fixture
def rewriter() -> Iterator[Callable[[Reply], Rewriter]]:
    """A rewriter whose LLM gives one reply, and has two seconds for its first word."""
    fakes: list[FakeLLM] = []

    def make(reply: Reply) -> Rewriter:
        enable_socket()
        fakes.append(FakeLLM([reply]))
        llm = LLM(fakes[-1].url, "m", seconds=4.0, backoff=())
        return Rewriter(load_settings(Settings), llm)

    yield make
    for fake in fakes:
        fake.close()


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        pytest.param(streams("Where did ", "David Barnea go?"), "Where did David Barnea go?"),
        pytest.param(
            streams("<think>He is Barnea.</think>", "Where did Barnea go?"), "Where did Barnea go?"
        ),
        pytest.param(streams("Where did Barnea go?", finish="length"), "", id="cut"),
        pytest.param(streams("One.\nTwo about Mossad."), "", id="lines"),
        pytest.param(fails(500), "", id="fails"),
        pytest.param(drops, "", id="drops"),
        pytest.param(hangs(), "", id="hangs"),
    ],
)
def test_rewrite_gives_the_llm_s_line_or_nothing(
    rewriter: Callable[[Reply], Rewriter], reply: Reply, expected: str
) -> None:
    assert rewriter(reply).rewrite("Where did he go?", [TURN]) == expected

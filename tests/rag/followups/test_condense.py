"""Follow-ups: when a question stands alone, what turns before it add, and what an LLM may do."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import pytest
from pytest_socket import enable_socket

from index.settings import load_settings
from rag.followups.condense import (
    CondensedQuery,
    FollowUpWeights,
    condense,
    without_labels,
)
from rag.followups.llm_rewrite import Rewriter, valid_rewrite
from rag.llm.client import OpenAICompatibleLLM
from rag.llm.prompts import rewrite_messages
from rag.retrieval.hybrid import ScoreProbe
from rag.settings import Settings
from rag.types import Turn
from tests.helpers.fake_llm import FakeLLM, Reply, drops, fails, hangs, streams

pytestmark = pytest.mark.unit

FIRST = "Who is the director of Mossad?"
TOLD = "David Barnea is the director of Mossad [1]."
TURN = Turn(FIRST, TOLD)


def looks(seen: Mapping[str, ScoreProbe]) -> Callable[[str], ScoreProbe]:
    """An index in which each text finds what is written down for it, and no other is asked for."""
    return lambda text: seen[text]


BARE = "David Barnea is the director of Mossad."
WHERE = "Where did he go?"
BOTH = f"{FIRST} {WHERE}"
WEIGHTS = FollowUpWeights(standalone_cosine=0.5, dependent_cosine=0.3, repetition_penalty=0.2)


def condensed(
    seen: Mapping[str, ScoreProbe], question: str, *turns: Turn, written: str = ""
) -> CondensedQuery:
    return condense(question, turns, looks(seen), written, WEIGHTS)


def test_condense_without_turns_returns_the_question_and_looks_nowhere() -> None:
    assert condensed({}, f"  {WHERE} ") == CondensedQuery(WHERE, WHERE, {})


def test_condense_of_a_question_near_to_a_passage_returns_it() -> None:
    told = ScoreProbe({"p": 1.0, "q": 0.4, "r": 0.3}, 0.9)
    question = "Which city hosted the latest round of talks?"
    asked = condensed({BARE: told, question: ScoreProbe({"r": 1.0}, 0.5)}, question, TURN)
    assert (asked.query, asked.question) == (question, question)
    assert asked.bias == pytest.approx({"p": -0.2, "q": -0.08})


def test_condense_of_a_question_near_to_nothing_brings_the_one_before_it() -> None:
    seen = {WHERE: ScoreProbe({"r": 1.0}, 0.3), BOTH: ScoreProbe({"p": 1.0}, 1.0)}
    asked = condensed(seen, WHERE, Turn(FIRST, ""))
    assert (asked.query, asked.question) == (BOTH, WHERE)
    assert asked.bias == pytest.approx({"p": 0.0, "r": 0.0})


@pytest.mark.parametrize(
    ("nearest", "query", "share"), [(0.35, BOTH, 0.75), (0.38, BOTH, 0.6), (0.45, WHERE, 0.25)]
)
def test_condense_searches_for_what_counts_for_more_and_shifts_to_the_mixed_scores(
    nearest: float, query: str, share: float
) -> None:
    alone, together = (
        ScoreProbe({"p": 0.2, "r": 1.0}, nearest),
        ScoreProbe({"p": 1.0, "r": 0.4}, 0.9),
    )
    asked = condensed({WHERE: alone, BOTH: together}, WHERE, Turn(FIRST, ""))
    searched = together if query == BOTH else alone
    assert asked.query == query
    for key in ("p", "r"):
        mixed = (1 - share) * alone.scores[key] + share * together.scores[key]
        assert searched.scores[key] + asked.bias[key] == pytest.approx(mixed)


def test_condense_of_a_new_name_asks_the_question_before_about_it() -> None:
    asked = condensed({}, "And the CIA?", Turn(FIRST, ""))
    assert asked == CondensedQuery(
        "Who is the director of the CIA?", "Who is the director of the CIA?", {}
    )


def test_condense_leans_on_what_the_question_before_stood_for() -> None:
    both = "Who is the director of the CIA? When was he chosen?"
    seen = {"When was he chosen?": ScoreProbe({}, 0.2), both: ScoreProbe({}, 0.9)}
    turns = [Turn(FIRST, ""), Turn("And the CIA?", "")]
    assert condensed(seen, "When was he chosen?", *turns).query == both


def test_condense_takes_an_llm_s_form_and_lets_what_was_told_give_way() -> None:
    written = "Where did David Barnea go?"
    asked = condensed({BARE: ScoreProbe({"p": 1.0}, 0.9)}, WHERE, TURN, written=written)
    assert asked == CondensedQuery(written, written, {"p": -0.2})


def test_condense_looks_at_the_last_turns_only() -> None:
    turns = [Turn("", f"answer {place}") for place in range(9)]
    seen: list[str] = []

    def look(text: str) -> ScoreProbe:
        seen.append(text)
        return ScoreProbe({}, 1.0)

    condense("What now?", turns, look)
    assert seen == [*(f"answer {place}" for place in range(4, 9)), "What now?"]


def test_condense_finds_what_was_told_without_labels_and_at_most_a_thousand_characters() -> None:
    seen: list[str] = []

    def look(text: str) -> ScoreProbe:
        seen.append(text)
        return ScoreProbe({}, 1.0)

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
    messages = rewrite_messages("Where did he go?", [TURN])
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
    assert valid_rewrite(reply, "Where did he go?", [TURN]) == kept


@pytest.fixture
def rewriter() -> Iterator[Callable[[Reply], Rewriter]]:
    """A rewriter whose LLM gives one reply, and has two seconds for its first word."""
    fakes: list[FakeLLM] = []

    def make(reply: Reply) -> Rewriter:
        enable_socket()
        fakes.append(FakeLLM([reply]))
        llm = OpenAICompatibleLLM(fakes[-1].url, "m", seconds=4.0, backoff=())
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


def test_condense_takes_an_answer_as_told_however_a_door_showed_it() -> None:
    looked = list[str]()

    def look(text: str) -> ScoreProbe:
        looked.append(text)
        return ScoreProbe({}, 0.9)

    shown = "| host | role |\n| --- | --- |\n| ada | build [1] |\n\nIt is fast. [2]"
    for answer in (shown, "host role\nada build  It is fast."):
        condense("And now?", [Turn("Which host?", answer)], look)
    assert looked.count("host role ada build It is fast.") == 2

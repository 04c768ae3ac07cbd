"""Condensing follow-ups without an LLM, and their validated rewriting by one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import pytest
from pytest_socket import enable_socket

from index.settings import load_settings
from rag.followups.condense import (
    CondensedQuery,
    FollowUpWeights,
    condense,
    resolve_ellipsis,
    surely_depends,
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
TURN = Turn(FIRST, "David Barnea is the director of Mossad [1].")
WITHOUT_LABELS = "David Barnea is the director of Mossad."
LAST = "Where did he go?"
BOTH = f"{FIRST} {LAST}"
RULES = "Which offices does Contoso have in Spain?"
WEIGHTS = FollowUpWeights(standalone_cosine=0.6, dependent_cosine=0.4, dependence=0.3)


def condensed(
    probes: Mapping[str, ScoreProbe], question: str, *turns: Turn, rewritten: str = ""
) -> CondensedQuery:
    """Condense over an index that has a probe for these texts and raises KeyError for others."""
    return condense(question, turns, probes.__getitem__, rewritten, WEIGHTS)


def test_condense_without_turns_returns_the_question_and_probes_nothing() -> None:
    assert condensed({}, f"  {LAST} ") == CondensedQuery(LAST, LAST, {})


@pytest.mark.parametrize("cosine", [0.6, 0.9])
def test_condense_of_a_new_topic_near_to_a_passage_returns_it_unbiased(cosine: float) -> None:
    question = "What is the hotel limit per night?"
    asked = condensed({question: ScoreProbe({"r": 1.0}, cosine)}, question, TURN)
    assert asked == CondensedQuery(question, question, {})


def test_condense_of_a_pronoun_near_to_nothing_searches_for_both_questions() -> None:
    assert condensed({LAST: ScoreProbe({"p": 0.2}, 0.39)}, LAST, TURN) == CondensedQuery(BOTH, LAST)


@pytest.mark.parametrize(
    ("cosine", "question"),
    [(0.4, "Where did the director go?"), (0.1, "What limits a hotel's rate?")],
)
def test_condense_of_any_other_question_shifts_passages_alone(cosine: float, question: str) -> None:
    both = f"{FIRST} {question}"
    alone, joined = ScoreProbe({"p": 0.2, "r": 1.0}, cosine), ScoreProbe({"p": 1.0, "s": 0.4}, 0.9)
    asked = condensed({question: alone, both: joined}, question, TURN)
    assert (asked.query, asked.question) == (question, question)
    assert asked.bias == pytest.approx({"p": 0.45 * 0.8, "r": -0.45, "s": 0.45 * 0.4})


@pytest.mark.parametrize("question", [LAST, "what about by bike?", "and on foot?"])
def test_condense_of_what_surely_points_back_searches_for_both_near_to_a_passage(
    question: str,
) -> None:
    both = f"{FIRST} {question}"
    asked = condensed({question: ScoreProbe({"p": 0.2}, 0.59)}, question, TURN)
    assert asked == CondensedQuery(both, question)
    assert not asked.yields_to(0.9, 0.2)


@pytest.mark.parametrize("question", ["And pests?", "and the pool?", "When is the pool open?"])
def test_question_with_a_subject_of_its_own_does_not_surely_point_back(question: str) -> None:
    assert not surely_depends(question)


@pytest.mark.parametrize(
    ("asked", "alone", "together", "yields"),
    [
        pytest.param(CondensedQuery("b", RULES), 0.5, 0.5, True, id="as sure alone"),
        pytest.param(CondensedQuery("b", RULES), 0.8, 0.9, True, id="sure alone"),
        pytest.param(CondensedQuery("b", RULES), 0.3, 0.6, False, id="joined"),
        pytest.param(CondensedQuery("b", "And pests?"), 0.9, 0.8, True, id="a topic"),
        pytest.param(CondensedQuery("b", "And pests?"), 0.9, 0.95, False, id="a thing of before"),
        pytest.param(CondensedQuery(RULES, RULES, {"p": 0.1}), 0.3, 0.6, True, id="refused"),
        pytest.param(CondensedQuery(RULES, RULES, {"p": 0.1}), 0.5, 0.6, False, id="mixed"),
        pytest.param(CondensedQuery(BOTH, LAST), 0.9, 0.2, False, id="points back"),
    ],
)
def test_condensed_query_yields_to_the_question_alone_that_is_answered(
    asked: CondensedQuery, alone: float, together: float, yields: bool
) -> None:
    assert asked.uses_previous
    assert asked.yields_to(alone, together) is yields


def test_condensed_query_of_the_question_alone_uses_no_previous_one() -> None:
    assert not CondensedQuery(LAST, LAST).uses_previous


def test_condense_of_an_elliptic_question_asks_the_previous_one_about_the_new_name() -> None:
    query = "Who is the director of CIA?"
    assert condensed({}, "And the CIA?", TURN) == CondensedQuery(query, query, {})


def test_condense_joins_to_the_resolved_form_of_an_elliptic_previous_question() -> None:
    question = "When was he chosen?"
    both = f"Who is the director of CIA? {question}"
    probes = {question: ScoreProbe({}, 0.2), both: ScoreProbe({}, 0.9)}
    assert condensed(probes, question, TURN, Turn("And the CIA?", "")).query == both


def test_condense_with_a_rewritten_question_takes_it() -> None:
    rewritten = "Where did David Barnea go?"
    assert condensed({}, LAST, TURN, rewritten=rewritten) == CondensedQuery(rewritten, rewritten)


def test_condense_after_an_empty_question_returns_the_last() -> None:
    assert condensed({LAST: ScoreProbe({}, 0.1)}, LAST, Turn("", "So.")) == CondensedQuery(
        LAST, LAST
    )


def unscored(text: str) -> float:
    """For questions with one candidate, which is not scored."""
    raise AssertionError(text)


@pytest.mark.parametrize(
    ("previous", "question", "resolved"),
    [
        ("Who manages the Hamburg office?", "And in Lisbon?", "Who manages the Lisbon office?"),
        ("Who is the director of Mossad?", "And the CIA?", "Who is the director of CIA?"),
        ("Who leads Mossad?", "What about the U.S. Navy?", "Who leads U.S. Navy?"),
        ("Where did David Barnea go?", "And William Burns?", "Where did William Burns go?"),
        ("Egypt proposed what?", "And Qatar?", "Qatar proposed what?"),
        ("Who won the prize in 2019?", "And in 2021?", "Who won the prize in 2021?"),
        (
            "What is the rent in high season?",
            "And in low season?",
            "What is the rent in low season?",
        ),
        (
            "When does the autumn term end?",
            "And the spring term?",
            "When does the spring term end?",
        ),
        ("When was version 3.1 released?", "And 3.2?", "When was version 3.2 released?"),
        ("What is in chapter 2 of Emma?", "And chapter 3?", "What is in chapter 3 of Emma?"),
        ("¿Quién dirige el Mossad?", "¿Y la CIA?", "¿Quién dirige el CIA?"),
        ("Wer leitet den Mossad?", "Und die CIA?", "Wer leitet den CIA?"),
    ],
)
def test_resolve_ellipsis_of_a_new_name_puts_it_in_place_of_the_old_one(
    previous: str, question: str, resolved: str
) -> None:
    assert resolve_ellipsis(question, previous, unscored) == resolved


@pytest.mark.parametrize(
    ("previous", "question"),
    [
        ("Who leads Mossad?", "And who leads the CIA?"),
        ("Who leads Mossad?", "And who is Barnea?"),
        ("What kind of ceasefire does Hamas want?", "And what does Israel want?"),
        ("Who leads Mossad?", "Who is Barnea?"),
        ("Who leads Mossad?", "And then?"),
        ("Who leads Mossad?", "And Mossad?"),
        ("Who leads Mossad?", "And Egypt wants that?"),
        ("Who leads Mossad?", "The CIA?"),
        ("Who leads Mossad?", "And version 3?"),
        ("How old is he?", "And the CIA?"),
        ("How many skills can I create?", "What about Hebrew?"),
        ("", "And the CIA?"),
        ("谁领导摩萨德？", "那么中央情报局呢？"),
    ],
)
def test_resolve_ellipsis_of_any_other_question_is_empty(previous: str, question: str) -> None:
    assert resolve_ellipsis(question, previous, unscored) == ""


def test_resolve_ellipsis_with_several_names_takes_the_best_candidate() -> None:
    scores = {
        "How do I install Docker on Ubuntu?": 0.4,
        "How do I install Kestrel on Docker?": 0.7,
    }
    resolved = resolve_ellipsis(
        "And in Docker?", "How do I install Kestrel on Ubuntu?", scores.__getitem__
    )
    assert resolved == "How do I install Kestrel on Docker?"


def test_condensing_sends_earlier_turns_without_labels() -> None:
    messages = rewrite_messages("Where did he go?", [TURN])
    assert [message.role for message in messages] == ["system", "user", "assistant", "user"]
    assert messages[2].text == WITHOUT_LABELS
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

"""What to ask next: near by what was cited, answered, and not said yet."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from index.errors import UnknownDocument
from index.types import Document, Hit, Passage
from rag.suggestions.follow_ups import CitedSpan, cited_in, follow_ups
from rag.types import Answer, AskOptions, Citation, Quote, Reason, Refusal, Statement, Support, Turn
from tests.helpers.documents import document_of
from tests.helpers.serving import FakeEngine

pytestmark = pytest.mark.unit

FAQ = """# Visitors

## When may I visit a patient?

Visits are from two to six.

## Is there parking?

Yes, behind the house.

## May I bring a dog along?

Dogs stay outside, guide dogs come in.

## Where is the kiosk?

The kiosk stands beside the lift.

## Who waters the plants at night?

Nobody does.
"""
VISITS = "Visits are from two to six."


class Clinic(FakeEngine):
    """Answers a question of the FAQ with its line, and notes what it was asked and how."""

    def __init__(self, support: Support = Support.SUPPORTED) -> None:
        super().__init__()
        self.support = support
        self.asked: list[tuple[str, Sequence[Turn], AskOptions]] = []

    def document(self, path: str) -> Document:
        if path != "faq.md":
            raise UnknownDocument(f"no document {path!r}")
        return document_of(path, FAQ)

    def answer(
        self, question: str, turns: Sequence[Turn] = (), options: AskOptions = AskOptions()
    ) -> Answer:
        self.asked.append((question, turns, options))
        line = FAQ.partition(question)[2].strip().partition("\n")[0]
        refusal = Refusal(Reason.NO_EVIDENCE, "No.") if "plants" in question else None
        start = FAQ.index(line)
        held = Passage("p", "faq.md", "", "", FAQ, 0, len(FAQ), None, "d")
        return Answer(
            question,
            question,
            f"{line} [1]",
            (Statement(line, (1,), self.support),),
            (Citation(1, Quote(held, start, start + len(line))),),
            refusal,
            (Hit(held, 0.5, 1),),
            "quotes",
        )


def span_of(words: str) -> CitedSpan:
    return CitedSpan("faq.md", FAQ.index(words), FAQ.index(words) + len(words))


ASKED = Turn("When may I visit a patient?", VISITS)


def test_follow_ups_are_the_next_questions_that_are_answered_in_this_conversation() -> None:
    engine = Clinic()
    found = follow_ups(engine, [ASKED], [span_of(VISITS)], AskOptions("llm", 4))
    assert found == [
        "Where is the kiosk?",
        "Is there parking?",
        "May I bring a dog along?",
    ]
    assert [question for question, _, _ in engine.asked] == [
        "Where is the kiosk?",  # people ask what is so rather than whether it is
        "Who waters the plants at night?",  # refused
        "Is there parking?",
        "May I bring a dog along?",
    ]
    assert {tuple(turns) for _, turns, _ in engine.asked} == {(ASKED,)}
    assert {options for _, _, options in engine.asked} == {AskOptions("quotes", 4)}


def test_follow_ups_leave_out_what_was_asked_or_said() -> None:
    turns = [ASKED, Turn("Is parking there?", "Yes, behind the house.")]
    found = follow_ups(Clinic(), turns, [span_of("Yes, behind the house.")], most=1)
    assert found == ["Where is the kiosk?"]


def test_follow_ups_that_are_not_backed_are_not_shown() -> None:
    assert follow_ups(Clinic(Support.WEAK), [ASKED], [span_of(VISITS)]) == []


def test_follow_ups_give_way_to_who_waits_for_an_answer() -> None:
    engine = Clinic()
    free = iter([True, False])
    found = follow_ups(engine, [ASKED], [span_of(VISITS)], may_go_on=lambda: next(free))
    assert found == ["Where is the kiosk?"]
    assert len(engine.asked) == 1


def test_follow_ups_of_nothing_cited_are_none_and_of_an_unknown_document_a_fault() -> None:
    assert follow_ups(Clinic(), [ASKED], []) == []
    with pytest.raises(UnknownDocument, match=r"no document 'gone\.md'"):
        follow_ups(Clinic(), [ASKED], [CitedSpan("gone.md", 0, 5)])


def test_cited_spans_are_those_of_an_answer() -> None:
    answer = Clinic().answer("Where is the kiosk?")
    assert cited_in(answer) == (span_of("The kiosk stands beside the lift."),)

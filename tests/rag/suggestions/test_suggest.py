from __future__ import annotations

import pytest

from rag.suggestions.suggest import chosen, suggested
from tests.helpers.documents import document_of

pytestmark = pytest.mark.unit

LEAVE = b"""# Leave

## How long is sick leave paid?

Six weeks.

## How to request leave

1. Open the portal.
2. Enter the days.

The probation period is six months.
"""
TABLE = b"""City,Desks
Lisbon,85
Hamburg,140
"""


def test_suggested_puts_the_questions_of_the_document_first_and_each_once() -> None:
    questions = [one.question for one in suggested(document_of("leave.md", LEAVE))]
    assert questions[0] == "How long is sick leave paid?"
    assert "How do I request leave?" in questions
    assert "How long is the probation period?" in questions
    assert len(questions) == len(set(questions))


def test_suggested_of_a_document_in_another_language_are_its_own_questions_alone() -> None:
    text = (
        "# Urlaub\n\n## Wie viele Tage Urlaub habe ich?\n\nJeder hat 27 Tage im Jahr.\n\n"
        "## Krankheit\n\nDas ist nicht mit dem Urlaub zu verwechseln, und es ist nicht so.\n"
    )
    questions = [one.question for one in suggested(document_of("urlaub.md", text.encode()))]
    assert questions == ["Wie viele Tage Urlaub habe ich?"]


def test_chosen_are_spread_over_documents_and_kinds() -> None:
    documents = [document_of("leave.md", LEAVE), document_of("cities.csv", TABLE)]
    found = chosen(documents, 4)
    assert [one.document for one in found].count("leave.md") == 2
    assert len({one.kind for one in found}) == 4
    assert found == chosen(documents, 4)


def test_chosen_are_no_more_than_there_are_and_none_twice() -> None:
    documents = [document_of(path, LEAVE) for path in ("a.md", "b.md")]
    questions = [one.question for one in chosen(documents, 100)]
    assert len(questions) == len(set(questions))
    assert chosen([], 5) == []

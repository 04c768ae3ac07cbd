"""A conversation as Markdown: what was said and its sources, and nothing of it active."""

from __future__ import annotations

from dataclasses import replace

import pytest

from rag.answers import Reason, Refusal
from tests.inert import active_in_text
from tests.payloads import PAYLOADS
from tests.test_history import ANSWER, FIRST, PASSAGE
from ui.conversation import Exchange
from ui.export import as_markdown, file_name

pytestmark = pytest.mark.unit


def test_markdown_has_questions_answers_and_their_quoted_words() -> None:
    refusal = Refusal(Reason.NO_EVIDENCE, "The documents don't say.")
    refused = replace(ANSWER, statements=(), citations=(), refusal=refusal)
    exchanges = [
        FIRST,
        Exchange("t2", "Why?", answer=refused),
        Exchange("t3", "When?", text="In", fault="Stopped."),
    ]
    assert as_markdown("Talks", exchanges) == (
        "# Talks\n\n"
        "## Who met?\n\nAda met Bo. [1]\n\nSources:\n\n1. A, a.pdf, page 2: “Ada met Bo.”\n\n"
        "## Why?\n\n*The documents don't say.*\n\n"
        "## When?\n\nIn\n\n*Stopped.*\n"
    )


@pytest.mark.parametrize("payload", PAYLOADS.values(), ids=PAYLOADS)
def test_markdown_of_a_hostile_document_is_only_words(payload: str) -> None:
    passage = replace(PASSAGE, title=payload, document=payload, text=payload, start=0)
    statement = replace(ANSWER.statements[0], text=payload)
    quote = replace(ANSWER.citations[0].quote, passage=passage, start=0, end=len(payload))
    answer = replace(
        ANSWER, statements=(statement,), citations=(replace(ANSWER.citations[0], quote=quote),)
    )
    exchange = Exchange("t1", payload, answer=answer)
    fault = Exchange("t2", payload, text=payload, fault=payload)
    text = as_markdown(payload, [exchange, fault])
    for joiner in "\u200c\u200d\u200e\u200f\u2061":  # scripts are written with them
        text = text.replace(joiner, "")
    assert active_in_text(text) == []


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("Who met in Paris?", "who-met-in-paris.md"),
        ("../../etc/passwd", "etc-passwd.md"),
        ("???", "conversation.md"),
        ("x" * 99, "x" * 60 + ".md"),
    ],
)
def test_file_name_of_a_title_is_plain(title: str, name: str) -> None:
    assert file_name(title) == name

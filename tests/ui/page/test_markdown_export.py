"""A conversation as Markdown: what was said and its sources, and nothing of it active."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from markdown_it import MarkdownIt

from rag.citations.labelling import LabelledAnswer, label
from rag.composition.table_rows import QuotedRow, claims_of
from rag.types import Draft, Reason, Refusal
from tests.helpers.inert import active_in_text
from tests.helpers.payloads import PAYLOADS
from tests.rag.composition.test_table_rows import TICKETS, passage, quoted
from tests.ui.service.test_history import ANSWER, FIRST, PASSAGE
from ui.page.markdown_export import as_markdown, file_name
from ui.service.history import Exchange

pytestmark = pytest.mark.unit

TABLE = passage(TICKETS)


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


def told(found: LabelledAnswer) -> str:
    """The exported answer that was made of rows, without its sources."""
    answer = replace(
        ANSWER, text=found.text, statements=found.statements, citations=found.citations
    )
    text = as_markdown("Desk", [Exchange("t1", "Which tickets are open?", answer=answer)])
    return text.split("open?\n\n")[1].split("\n\nSources:")[0]


def test_markdown_has_the_table_of_an_answer_made_of_rows() -> None:
    found = quoted("Which tickets are open?", "T-1", TABLE)
    assert told(found) == found.text
    both = quoted("Which tickets are open?", "T-1", passage("T-1, * is known.", "a.txt"), TABLE)
    assert told(both) == both.text.replace("*", "\\*")
    back = quoted("Which tickets are open?", "T-1", TABLE, passage("T-1 is known.", "a.txt"))
    assert told(back) == back.text
    html = MarkdownIt("commonmark").enable("table").render(told(found))
    assert re.findall("<t[hd]>(.*)</t[hd]>", html) == [
        *("ticket", "title", "status"),
        *("T-1", "Printer jams. It is red", "open [1]"),
        *("T-3", "No picture | no sound", "open [2]"),
    ]


def test_markdown_has_the_list_that_an_llm_wrote() -> None:
    text = "Parts:\n\n1. Ada met Bo. [1]\n   - In Rome.\n2. They left."
    answer = replace(ANSWER, text=text, composer="llm")
    exported = as_markdown("Talks", [Exchange("t1", "Who met?", answer=answer)])
    assert exported.startswith(f"# Talks\n\n## Who met?\n\n{text}\n\nSources:\n\n1. A, a.pdf")


@pytest.mark.parametrize("payload", PAYLOADS.values(), ids=PAYLOADS)
def test_markdown_of_a_table_of_hostile_cells_is_only_words(payload: str) -> None:
    quote = ANSWER.citations[0].quote
    rows = [QuotedRow(quote, (payload, "note"), (name, payload), ("notes",)) for name in ("a", "b")]
    found = label(Draft(tuple(claims_of(rows))), strict=False)
    text = told(found)
    assert text.count("\n") == 3
    for joiner in "\u200c\u200d\u200e\u200f\u2061":
        text = text.replace(joiner, "")
    assert active_in_text(text) == []


@pytest.mark.parametrize("payload", PAYLOADS.values(), ids=PAYLOADS)
def test_markdown_of_a_hostile_document_is_only_words(payload: str) -> None:
    passage = replace(PASSAGE, title=payload, document=payload, text=payload, start=0)
    statement = replace(ANSWER.statements[0], text=payload)
    quote = replace(ANSWER.citations[0].quote, passage=passage, start=0, end=len(payload))
    answer = replace(
        ANSWER,
        text=f"{payload} [1]",
        statements=(statement,),
        citations=(replace(ANSWER.citations[0], quote=quote),),
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

"""Replies and computed answers through every interface."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner
from fastapi.testclient import TestClient

from index.settings import load_settings
from rag.engine import Engine
from rag.settings import Settings
from rag.types import Computed
from tests.ui.service.test_history import ANSWER
from ui.app import make_app
from ui.cli import main
from ui.page.html_conversation import exchange_html
from ui.page.markdown_export import as_markdown
from ui.page.source_cards import sources_html
from ui.service.history import Exchange
from ui.service.plain_text import Checked, readable
from ui.viewer.safe_html import answer_html

REPLY = replace(
    ANSWER,
    text="There are 2 documents: 2 PDFs.\n\n- a.pdf: A_b_c\n- b.pdf",
    statements=(),
    citations=(),
    hits=(),
    is_reply=True,
)
LISTED = replace(
    ANSWER,
    text="**Kit:** Bring *these*: [1]\n\n1. Boots [2]\n   - dry [3]\n\n```\na  = <b>\n```\n [1]",
)


@pytest.mark.unit
def test_reply_on_the_page_has_no_sources_and_no_word_on_support() -> None:
    exchange = Exchange("t1", "Which documents?", (), "", REPLY)
    html = exchange_html(exchange)
    assert "backed" not in html
    assert html.count("<li>") == 2
    assert "A_b_c" in html
    assert "The words that an answer rests on" in sources_html([exchange])


@pytest.mark.unit
def test_reply_as_plain_text_and_markdown_keeps_its_list_and_has_no_sources() -> None:
    assert readable(REPLY) == REPLY.text
    exported = as_markdown("Talk", [Exchange("t1", "Which documents?", (), "", REPLY)])
    assert exported == f"# Talk\n\n## Which documents?\n\n{REPLY.text}\n".replace("_", "\\_")


@pytest.mark.unit
def test_markdown_keeps_headings_lists_and_code_and_escapes_the_rest() -> None:
    exported = as_markdown("Talk", [Exchange("t1", "Kit?", (), "", LISTED)])
    assert exported.split("Kit?\n\n")[1].split("\n\nSources:")[0] == (
        "**Kit:** Bring \\*these\\*: [1]\n\n1. Boots [2]\n   - dry \\[3\\]\n\n"
        "```\na  = <b>\n```\n\n[1]"
    ).replace("\\[3\\]", "[3]")


@pytest.mark.unit
def test_markdown_of_code_that_closes_its_own_fence_is_escaped() -> None:
    answer = replace(ANSWER, text="```\na\n ```\n<b>\n```\n [1]")
    exported = as_markdown("Talk", [Exchange("t1", "Kit?", (), "", answer)])
    assert "<b>" not in exported.replace("\\<b\\>", "")


@pytest.mark.unit
def test_page_shows_headings_lists_and_code_of_an_answer_from_a_pdf() -> None:
    html = answer_html(LISTED, "t1")
    assert "<strong>Kit:</strong> Bring *these*:" in html
    assert html.count("<li>") == 2
    assert "<pre><code>a  = &lt;b&gt;\n</code></pre>" in html


@pytest.mark.unit
def test_checked_fields_tell_the_kind_and_what_was_computed() -> None:
    computed = replace(ANSWER, computed=Computed("15", 15, "count of rows"))
    assert Checked.facts(REPLY)["kind"] == "reply"
    assert Checked.facts(computed)["kind"] == "answer"
    assert Checked.facts(computed)["computed"] == {
        "figure": "15",
        "rows": 15,
        "expression": "count of rows",
    }


@pytest.mark.model
def test_greeting_over_http_is_a_reply_in_both_protocols(engine: Engine) -> None:
    app = make_app(engine, load_settings(Settings))
    client = TestClient(app, base_url="http://127.0.0.1")
    body = client.post("/v1/ask", json={"question": "Hello!"}).json()
    assert (body["kind"], body["refusal"], body["citations"]) == ("reply", None, [])
    chat = {"model": "footnote", "messages": [{"role": "user", "content": "Hello!"}]}
    reply = client.post("/v1/chat/completions", json=chat).json()
    choice = reply["choices"][0]
    assert (choice["message"]["content"], choice["finish_reason"]) == (body["text"], "stop")
    assert reply["kind"] == "reply"


@pytest.mark.model
def test_greeting_in_the_terminal_is_a_reply_without_sources(seeds_data: Path) -> None:
    done = CliRunner().invoke(main, ["--data", str(seeds_data), "ask", "Hello!"])
    assert done.exit_code == 0
    assert done.output.startswith("Hello! Ask me anything about the documents: there are 6 doc")
    assert "[1]" not in done.output

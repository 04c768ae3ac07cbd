"""The chat page's HTML: what each state of an answer shows, and what a follow-up is given."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from index.types import Hit, Passage
from rag.types import Answer, Citation, Quote, Reason, Refusal, Statement, Support, Turn
from ui.page.exchanges import previous_turns
from ui.page.html_conversation import exchange_html
from ui.page.source_cards import sources_html
from ui.service.history import Exchange
from ui.service.settings import HISTORY_CHARACTERS, HISTORY_TURNS

pytestmark = pytest.mark.unit

TEXT = "Before it. Ada met Bo. After it."
PASSAGE = Passage("a.pdf#1", "a.pdf", "Title", "Title > Part", TEXT, 100, 132, 3, "digest" * 4)
OTHER = Passage("b.txt#1", "b.txt", "", "", "Nothing of it.", 0, 14, None, "d2")
HITS = (Hit(PASSAGE, 0.9, 1), Hit(OTHER, 0.1, 2))
ANSWER = Answer(
    question="Who met?",
    query="Who met?",
    text="Ada met Bo. [1]",
    statements=(Statement("Ada met Bo.", (1,), Support.SUPPORTED),),
    citations=(Citation(1, Quote(PASSAGE, 111, 122)),),
    refusal=None,
    hits=HITS,
    composer="quotes",
    seconds={"total": 0.04},
)


def refused(reason: Reason, message: str, note: str = "") -> Exchange:
    refusal = Refusal(reason, message)
    answer = Answer("q", "q", message, (), (), refusal, HITS, "llm", note=note)
    return Exchange("t1", "q", HITS, "", answer)


def test_sources_mark_the_quoted_words_and_lead_to_the_document() -> None:
    html = sources_html([Exchange("t1", "Who met?", HITS, "", ANSWER)])
    assert re.findall(r"<mark>(.*?)</mark>", html) == ["Ada met Bo."]
    assert "/documents/a.pdf?start=111&amp;end=122&amp;digest=digestdigestdige#quote" in html
    assert "a.pdf · page 3 · Part" in html
    assert "1 further passage read" in html


def test_sources_of_the_last_answer_are_shown_and_earlier_ones_wait() -> None:
    exchanges = [Exchange(f"t{n}", "q", HITS, "", ANSWER) for n in (1, 2)]
    html = sources_html(exchanges)
    assert 'data-turn="t1" hidden' in html
    assert 'data-turn="t2">' in html


def test_sources_before_any_passage_say_what_will_be_there() -> None:
    assert sources_html([Exchange("t1", "q", fault="busy")]) == (
        '<p class="none">The words that an answer rests on are shown here.</p>'
    )


def test_answer_says_how_well_it_is_backed_and_how_long_it_took() -> None:
    html = exchange_html(Exchange("t1", "Who met?", HITS, "", ANSWER))
    assert "1 statement, backed by its source · under 0.1 s" in html
    assert "Searched for" not in html


def test_answer_tells_what_was_searched_for_besides_and_what_is_left_out() -> None:
    answer = replace(ANSWER, searched=("<b>who paid",), left_out=2)
    html = exchange_html(Exchange("t1", "Who met?", HITS, "", answer))
    assert "Searched again for “&lt;b&gt;who paid”" in html
    assert "2 statements left out, not backed by a source" in html


WRITTEN = "Ada met **Bo** [1]. Ada paid 99 euros [1].\n\n- They met before it [1].\n"


def withdrawn_from(html: str) -> list[str]:
    return re.findall(r"<del>(.*?)</del>", html)


def test_statement_that_was_written_and_taken_away_is_struck_through() -> None:
    answer = replace(ANSWER, composer="llm", left_out=2)
    html = exchange_html(Exchange("t1", "Who met?", HITS, WRITTEN, answer))
    assert withdrawn_from(html) == ["Ada paid 99 euros.", "They met before it."]
    assert "2 statements withdrawn, not backed by the documents" in html
    assert "left out" not in html
    assert '<details class="withdrawn" open>' in html


def test_statement_that_is_only_written_otherwise_is_not_withdrawn() -> None:
    text = "**Ada met Bo** [3]. The documents state that Ada met Bo [1]; they do not state when."
    shown = "Ada met Bo. [1] The documents state that Ada met Bo. [1]\n\nThey do not state when."
    answer = replace(ANSWER, composer="llm", text=shown)
    assert withdrawn_from(exchange_html(Exchange("t1", "Who met?", HITS, text, answer))) == []
    listed = "1. **Costs**\n   - Ada met Bo [1].\n2. **Trains**\n   - Ada paid 99 euros [1].\n"
    shown = "1. **Costs**\n   - Ada met Bo. [1]"
    exchange = Exchange("t1", "Who met?", HITS, listed, replace(answer, text=shown))
    assert withdrawn_from(exchange_html(exchange)) == ["Ada paid 99 euros."]
    quoted = Exchange("t1", "Who met?", HITS, WRITTEN, ANSWER)
    assert withdrawn_from(exchange_html(quoted)) == []


def test_refusal_shows_what_was_written_before_it() -> None:
    exchange = replace(refused(Reason.UNSUPPORTED, "Nothing backs it."), text=WRITTEN)
    html = exchange_html(exchange)
    assert "Nothing backs it." in html
    assert len(withdrawn_from(html)) == 3
    declined = replace(exchange, text="The documents do not answer this.")
    assert withdrawn_from(exchange_html(declined)) == []


def test_refusal_points_to_the_nearest_passages() -> None:
    exchange = refused(Reason.NO_EVIDENCE, "No answer.")
    assert "No answer." in exchange_html(exchange)
    assert "nearest passages" in exchange_html(exchange)
    assert "<h2>Nearest passages</h2>" in sources_html([exchange])


def test_refusal_because_of_the_llm_says_its_reason_once() -> None:
    said = "The LLM at 127.0.0.1:1 did not answer."
    assert exchange_html(refused(Reason.UNAVAILABLE, said, said)).count(said) == 1


def test_fault_keeps_what_was_written_and_shows_its_sentence_as_text() -> None:
    html = exchange_html(Exchange("t1", "q", HITS, "Half an <b>answer</b>", fault="<i>busy</i>"))
    assert "Half an &lt;b&gt;answer&lt;/b&gt;" in html
    assert "&lt;i&gt;busy&lt;/i&gt;" in html


def test_waiting_says_how_many_passages_of_how_many_documents_are_read() -> None:
    assert "Searching the documents" in exchange_html(Exchange("t1", "q"))
    assert "Reading 2 passages of 2 documents" in exchange_html(Exchange("t1", "q", HITS))


def test_previous_turns_gives_answers_without_markers_and_leaves_refusals_out() -> None:
    exchanges = (Exchange("t1", "Who met?", HITS, "", ANSWER), refused(Reason.DECLINED, "No."))
    assert previous_turns(exchanges) == (Turn("Who met?", "Ada met Bo."),)


def test_previous_turns_keeps_the_latest_turns_that_fit() -> None:
    many = tuple(Exchange(f"t{n}", f"q{n}", HITS, "", ANSWER) for n in range(30))
    assert [turn.question for turn in previous_turns(many)] == [f"q{n}" for n in range(10, 30)]
    assert len(previous_turns(many)) == HISTORY_TURNS
    long = (Exchange("t1", "x" * HISTORY_CHARACTERS, HITS, "", ANSWER), *many[:2])
    assert [turn.question for turn in previous_turns(long)] == ["q0", "q1"]

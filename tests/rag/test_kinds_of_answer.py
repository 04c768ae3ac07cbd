"""Kinds of answers through the engine: replies, computed figures, summaries, mended spelling."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from index.settings import load_settings
from index.sync.sync import sync
from rag.engine import Engine, build
from rag.schema import AnswerBody
from rag.settings import Settings
from rag.types import Support
from tests.helpers.indexing import sharing_minilm, write

pytestmark = pytest.mark.model

NOTE = "Harbour Ltd keeps these pages for its own staff and for nobody else at all."
FILES: dict[str, str | bytes] = {
    "handbook.md": f"""# Employee handbook

{NOTE}

## Vacation

Everyone has 28 days of vacation in a year. Vacation is requested in the portal.

## Guests

Badges for guests are printed at the gate. Can guests stay for lunch?

### Answer

Yes, in the canteen, as long as there is room.

## Documents to apply

To apply you need a passport and a letter of reference.
""",
    "changelog.md": f"""# Changelog

{NOTE}

## 3.2 (4 March 2025)

The export now keeps the order of columns. Searching got twice as fast. Badges can be printed.

## 3.1 (9 January 2025)

The login page remembers the last user. A crash on empty files is gone.
""",
    "fish.md": f"""# Zeppelin care

{NOTE}

The zeppelin is washed on Mondays. Zeppelins rest in the hangar at night.
""",
    "hangar.md": f"""# Hangar figures

{NOTE}

| | 2023 | 2024 |
|---|---|---|
| Income (EUR million) | 2.4 | 3.0 |
| Visitors | 900 | 1300 |
""",
    "board.md": f"""# Board meeting, 4 May 2025

{NOTE}

The lease was renewed for ten years. The gate gets a new lamp.
""",
    "stock.csv": "article,price,stock\nKite,12,0\nBall,4,9\nRope,7,3\n",
    "orders.csv": "order,customer,total\n"
    + "".join(f"O-{n},{'Cale' if n % 2 else 'Dorn'},{n * 10}\n" for n in range(1, 31)),
}


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    folder = tmp_path_factory.mktemp("office")
    write(folder / "docs", FILES)
    settings = load_settings(Settings, data=folder / "data")
    with sharing_minilm():
        sync(settings, folder / "docs")
        engine = build(settings)
        yield engine
        engine.close()


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ("Hello!", "Hello! Ask me anything"),
        ("Thanks a lot!", "You're welcome."),
        ("Who are you?", "I answer questions from your documents"),
        ("Which documents do you have?", "There are 7 documents: 5 Markdown files, 2 CSV tables."),
        ("Which documents are about zeppelins?", "These documents fit best:\n\n- fish.md"),
    ],
)
def test_reply_cites_nothing_and_is_no_refusal(office: Engine, question: str, said: str) -> None:
    body = AnswerBody.of(office.answer(question))
    assert (body.kind, body.refusal, body.computed) == ("reply", None, None)
    assert (body.statements, body.citations, body.passages) == ([], [], [])
    assert body.text.startswith(said)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("lunch", "Yes, in the canteen"),
        ("lease", "renewed for ten years"),
        ("portal", "requested in the portal"),
    ],
)
def test_words_of_a_search_are_searched_for_and_no_small_talk(
    office: Engine, words: str, said: str
) -> None:
    answer = office.answer(words)
    assert (answer.kind, said in answer.text) == ("answer", True)
    assert office.answer("teleporter").refusal is not None


def test_question_about_documents_in_the_documents_is_answered(office: Engine) -> None:
    answer = office.answer("What documents do I need to apply?")
    assert answer.kind == "answer"
    assert "passport" in answer.text


def test_writing_says_what_is_missing_and_shows_what_it_would_rest_on(office: Engine) -> None:
    answer = office.answer("Write an e-mail to my boss about my vacation")
    assert answer.kind == "answer"
    assert answer.text.startswith("Writing or translating needs a language model")
    assert "28 days" in answer.text
    assert all(f"[{citation.label}]" in answer.text for citation in answer.citations)


def test_computed_answer_has_figure_rows_and_expression(office: Engine) -> None:
    body = AnswerBody.of(office.answer("How many orders does customer Cale have?"))
    assert body.kind == "answer"
    assert body.computed
    assert (body.computed.figure, body.computed.rows) == ("15", 15)
    assert "Cale" in body.computed.expression
    assert {statement.support for statement in body.statements} == {Support.SUPPORTED}
    assert body.text.count("O-") == 10
    assert "15" in body.statements[0].text
    assert "10 of 15" in body.text or "first 10" in body.text


def test_sum_is_computed_over_all_rows_and_not_those_shown(office: Engine) -> None:
    body = AnswerBody.of(office.answer("What is the sum of total for customer Dorn?"))
    assert body.computed
    assert body.computed.rows == 15
    assert body.computed.figure.replace(",", "") == "2400"


def test_figure_that_is_not_certain_is_refused_or_told_with_its_rows(office: Engine) -> None:
    answer = office.answer("Which year had the happiest visitors?")
    assert answer.computed is None
    told = ("may not answer", "No figure could be computed")
    assert answer.refusal or any(sentence in answer.text for sentence in told)


def test_confidence_of_a_figure_is_that_of_its_computation(office: Engine) -> None:
    answer = office.answer("What is the average total for customer Dorn?")
    assert answer.computed is not None
    assert answer.confidence == pytest.approx(0.97)


@pytest.mark.parametrize(
    ("question", "first"),
    [
        ("Where are badges printed?", "handbook.md"),
        ("In which version can badges be printed?", "changelog.md"),
    ],
)
def test_history_comes_first_only_where_it_is_asked_for(
    office: Engine, question: str, first: str
) -> None:
    assert office.answer(question).hits[0].passage.document == first


def test_version_that_is_asked_for_is_told_by_its_heading(office: Engine) -> None:
    assert "**3.2 (4 March 2025):**" in office.answer("Which version is twice as fast?").text


def test_question_that_the_documents_ask_is_answered_by_what_follows(office: Engine) -> None:
    assert "Yes, in the canteen" in office.answer("Can guests stay for lunch?").text


def test_question_that_sounds_like_one_to_footnote_is_put_to_the_documents(office: Engine) -> None:
    assert office.answer("Can you help me with a badge?").kind != "reply"


def test_question_that_sounds_like_one_for_documents_is_computed(office: Engine) -> None:
    assert office.answer("Which articles are sold out?").text.startswith("Article is Kite where")


def test_day_that_a_heading_tells_is_quoted_with_it(office: Engine) -> None:
    assert "**Board meeting, 4 May 2025:**" in office.answer("When was the board meeting?").text


def test_question_of_two_parts_is_answered_in_both(office: Engine) -> None:
    answer = office.answer("How many days of vacation are there and when is the zeppelin washed?")
    assert "28 days" in answer.text
    assert "Mondays" in answer.text
    assert {c.passage.document for c in answer.citations} == {"handbook.md", "fish.md"}


def test_question_for_a_version_is_answered_by_the_section_below_it(office: Engine) -> None:
    answer = office.answer("What is new in 3.1?")
    assert "The login page remembers the last user. [1]" in answer.text
    assert "A crash on empty files is gone. [2]" in answer.text
    assert "3.2" not in answer.text
    assert "column" not in answer.text


def test_table_of_years_is_computed_over_and_cited_by_its_row(office: Engine) -> None:
    answer = office.answer("By how much did the income of the hangar grow from 2023 to 2024?")
    assert answer.computed
    assert "0.6" in answer.computed.figure
    assert "| Income (EUR million) | 2.4  | 3.0 [1] [2] |" in answer.text
    assert "Visitors" not in answer.text


def test_summary_of_a_named_document_has_its_sections_in_order(office: Engine) -> None:
    answer = office.answer("Summarise the employee handbook")
    assert {c.passage.document for c in answer.citations} == {"handbook.md"}
    starts = [citation.quote.start for citation in answer.citations]
    assert starts == sorted(starts)
    assert "**Vacation:**" in answer.text
    assert "**Documents to apply:**" in answer.text


def test_summary_of_a_section_by_the_date_in_its_heading_is_of_it_alone(office: Engine) -> None:
    answer = office.answer("Summarise the changes of 4 March 2025 in the changelog")
    assert "order of columns" in answer.text
    assert "login page" not in answer.text


def test_summary_of_the_folder_has_each_document_by_its_title(office: Engine) -> None:
    answer = office.answer("Summarise everything")
    titles = ("Changelog", "Zeppelin care", "Employee handbook")
    places = [answer.text.find(f"**{title}:**") for title in titles]
    assert -1 not in places
    assert places == sorted(places)
    assert answer.note == ""


def test_misspelt_question_is_searched_for_as_mended_in_answers_and_searches(
    office: Engine,
) -> None:
    asked = "where is the zepelin washed?"
    mended = "where is the zeppelin washed?"
    answer = office.answer(asked)
    assert (answer.question, answer.query) == (asked, mended)
    assert "The zeppelin is washed on Mondays." in answer.text
    assert office.search(asked, 1)[0] == mended


def test_vacation_is_no_misspelt_word_in_a_folder_without_it(tmp_path: Path) -> None:
    write(tmp_path / "docs", {"a.md": "# Cooking\n\nA vacuum pump and a vocation help cooks."})
    settings = load_settings(Settings, data=tmp_path / "data")
    with sharing_minilm():
        sync(settings, tmp_path / "docs")
        engine = build(settings)
        assert engine.answer("how much vacation is there?").query == "how much vacation is there?"
        engine.close()

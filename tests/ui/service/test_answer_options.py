"""Options of an answer: what may be chosen, and how it is shown."""

from __future__ import annotations

import re
from pathlib import Path

import lxml.html
import pytest

from index.filtered import Filters
from index.settings import load_settings
from rag.settings import Settings
from rag.types import AskOptions
from ui.page.html_panels import choice_html, options_form_html, options_summary_html, scope_html
from ui.service.answer_options import AnswerOptions, OptionsPolicy, OptionUnavailable

QUOTES = AnswerOptions("quotes", 8, False)
DEAD = "http://127.0.0.1:9/v1"


def policy(data: Path, **settings: object) -> OptionsPolicy:
    return OptionsPolicy(load_settings(Settings, data=data, **settings))


@pytest.mark.unit
@pytest.mark.parametrize(
    ("wanted", "options"),
    [
        ({}, AnswerOptions("quotes", 8, False)),
        ({"composer": "llm", "passages": 5, "strict": True}, AnswerOptions("quotes", 5, True)),
        (
            {"composer": "rm -rf", "passages": "12", "strict": "true"},
            AnswerOptions("quotes", 12, False),
        ),
        ({"passages": 0}, AnswerOptions("quotes", 1, False)),
        ({"passages": 10**6}, AnswerOptions("quotes", 20, False)),
        ({"passages": True}, AnswerOptions("quotes", 8, False)),
        ({"passages": "9" * 5000}, AnswerOptions("quotes", 20, False)),
        ({"passages": None, "strict": None}, AnswerOptions("quotes", 8, False)),
        (
            {"filters": {"documents": ["a.md"], "types": "md", "x": ["y"]}, "collections": ["hr"]},
            AnswerOptions("quotes", 8, False, Filters(("a.md",)), ("hr",)),
        ),
        ({"filters": ["a.md"], "collections": "hr"}, AnswerOptions("quotes", 8, False)),
    ],
)
def test_allowed_without_an_llm_is_the_nearest_that_quotes(
    tmp_path: Path, wanted: dict[str, object], options: AnswerOptions
) -> None:
    assert policy(tmp_path).nearest(wanted) == options


@pytest.mark.unit
def test_allowed_with_an_llm_lets_a_conversation_choose(tmp_path: Path) -> None:
    known = policy(tmp_path, llm_url=DEAD, strict=True, passages=30)
    assert known.default == AnswerOptions("llm", 30, True)
    assert known.nearest({"composer": "quotes", "strict": False}) == AnswerOptions(
        "quotes", 30, False
    )
    assert known.nearest({"composer": "llm", "passages": 99}) == AnswerOptions("llm", 30, True)


@pytest.mark.unit
@pytest.mark.parametrize(
    "options", [AskOptions(), AskOptions("quotes", None, False), AskOptions("llm", 30)]
)
def test_check_leaves_options_that_the_settings_allow(tmp_path: Path, options: AskOptions) -> None:
    assert policy(tmp_path, llm_url=DEAD, strict=True, passages=30).check(options) is options


@pytest.mark.unit
def test_check_of_what_the_settings_do_not_allow_raises(tmp_path: Path) -> None:
    with pytest.raises(OptionUnavailable, match=r"settings\.composer: this server has no LLM"):
        policy(tmp_path).check(AskOptions("llm"))
    with pytest.raises(OptionUnavailable, match=r"settings\.passages: at most 30 are taken here"):
        policy(tmp_path, passages=30).check(AskOptions(passages=31))


@pytest.mark.unit
def test_form_without_an_llm_offers_the_number_of_passages_alone(tmp_path: Path) -> None:
    known = policy(tmp_path)
    form = lxml.html.fromstring(options_form_html(known))
    (field,) = form.xpath(".//input")
    assert [field.get(name) for name in ("name", "min", "max", "value")] == [
        "passages", "1", "20", "8",
    ]  # fmt: skip
    assert "Quotes · 8 passages" in options_summary_html(known.default, known)


@pytest.mark.unit
def test_form_with_an_llm_offers_composers_and_strictness(tmp_path: Path) -> None:
    known = policy(tmp_path, llm_url=DEAD, llm_model="<b>small</b>")
    options = AnswerOptions("llm", 1, True)
    form = lxml.html.fromstring(options_form_html(known))
    chosen = [field.get("value") or field.get("name") for field in form.xpath(".//input[@checked]")]
    assert chosen == ["llm"]  # the default; the page shows its own choice
    assert not form.xpath(".//b")
    assert "Written by &lt;b&gt;small&lt;/b&gt; · 1 passage · strict" in options_summary_html(
        options, known
    )
    assert "strict" not in options_summary_html(AnswerOptions("quotes", 1, True), known)


@pytest.mark.unit
def test_scope_offers_collections_folders_and_types() -> None:
    html = scope_html(("hr", "it"), ["hr/<b>/1.md", "hr/b/c/2.PDF", "it/3"])
    assert re.findall(r'<option value="(.*?)"', html) == [
        "", "hr", "it", "", "folders:hr/&lt;b&gt;", "folders:hr/b", "folders:hr/b/c",
        "types:.md", "types:.pdf",
    ]  # fmt: skip
    assert "<select" not in scope_html((), ["1.md", "2.md"])


@pytest.mark.unit
def test_choice_of_a_page_comes_back_as_it_was_sent(tmp_path: Path) -> None:
    known = policy(tmp_path, llm_url=DEAD)
    options = AnswerOptions("llm", 3, True, Filters(('a "b".md',), ("x",)), ("hr",))
    sent = lxml.html.fromstring(choice_html(options))
    assert known.chosen(sent.get("data-choice")) == options
    assert choice_html(options) != choice_html(options)

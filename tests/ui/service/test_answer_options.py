"""Options of an answer: what may be chosen, and how it is shown."""

from __future__ import annotations

from pathlib import Path

import lxml.html
import pytest

from index.settings import load_settings
from rag.settings import Settings
from rag.types import AskOptions
from ui.page.html_panels import form_html, gist_html
from ui.service.answer_options import Manner, Manners, NotOffered

DEAD = "http://127.0.0.1:9/v1"


def manners(data: Path, **settings: object) -> Manners:
    return Manners(load_settings(Settings, data=data, **settings))


@pytest.mark.unit
@pytest.mark.parametrize(
    ("wanted", "manner"),
    [
        ({}, Manner("quotes", 8, False)),
        ({"composer": "llm", "passages": 5, "strict": True}, Manner("quotes", 5, True)),
        ({"composer": "rm -rf", "passages": "12", "strict": "true"}, Manner("quotes", 12, False)),
        ({"passages": 0}, Manner("quotes", 1, False)),
        ({"passages": 10**6}, Manner("quotes", 20, False)),
        ({"passages": True}, Manner("quotes", 8, False)),
        ({"passages": "9" * 5000}, Manner("quotes", 20, False)),
        ({"passages": None, "strict": None}, Manner("quotes", 8, False)),
    ],
)
def test_allowed_without_an_llm_is_the_nearest_that_quotes(
    tmp_path: Path, wanted: dict[str, object], manner: Manner
) -> None:
    assert manners(tmp_path).allowed(wanted) == manner


@pytest.mark.unit
def test_allowed_with_an_llm_lets_a_conversation_choose(tmp_path: Path) -> None:
    known = manners(tmp_path, llm_url=DEAD, strict=True, passages=30)
    assert known.usual == Manner("llm", 30, True)
    assert known.allowed({"composer": "quotes", "strict": False}) == Manner("quotes", 30, False)
    assert known.allowed({"composer": "llm", "passages": 99}) == Manner("llm", 30, True)


@pytest.mark.unit
@pytest.mark.parametrize(
    "options", [AskOptions(), AskOptions("quotes", None, False), AskOptions("llm", 30)]
)
def test_check_leaves_options_that_the_settings_allow(tmp_path: Path, options: AskOptions) -> None:
    assert manners(tmp_path, llm_url=DEAD, strict=True, passages=30).check(options) is options


@pytest.mark.unit
def test_check_of_what_the_settings_do_not_allow_raises(tmp_path: Path) -> None:
    with pytest.raises(NotOffered, match=r"settings\.composer: this server has no LLM"):
        manners(tmp_path).check(AskOptions("llm"))
    with pytest.raises(NotOffered, match=r"settings\.passages: at most 30 are taken here"):
        manners(tmp_path, passages=30).check(AskOptions(passages=31))


@pytest.mark.unit
def test_form_without_an_llm_offers_the_number_of_passages_alone(tmp_path: Path) -> None:
    known = manners(tmp_path)
    form = lxml.html.fromstring(form_html(known.usual, known))
    (field,) = form.xpath(".//input")
    assert [field.get(name) for name in ("name", "min", "max", "value")] == [
        "passages", "1", "20", "8",
    ]  # fmt: skip
    assert "Quotes · 8 passages" in gist_html(known.usual, known)


@pytest.mark.unit
def test_form_with_an_llm_shows_what_was_chosen(tmp_path: Path) -> None:
    known = manners(tmp_path, llm_url=DEAD, llm_model="<b>small</b>")
    manner = Manner("llm", 1, True)
    form = lxml.html.fromstring(form_html(manner, known))
    chosen = [field.get("value") or field.get("name") for field in form.xpath(".//input[@checked]")]
    assert chosen == ["llm", "strict"]
    assert not form.xpath(".//b")
    assert "Written by &lt;b&gt;small&lt;/b&gt; · 1 passage · strict" in gist_html(manner, known)
    assert "strict" not in gist_html(Manner("quotes", 1, True), known)

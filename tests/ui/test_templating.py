"""HTML templates: every value is escaped and loses hidden characters."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from jinja2 import UndefinedError
from markupsafe import Markup

import ui
from ui.templating import escape_text, quantity, render, strip_hidden, url_path

pytestmark = pytest.mark.unit

TEMPLATES = Path(ui.__file__).parent / "templates"


def test_render_escapes_text_and_strips_hidden_characters() -> None:
    html = render("page/error.html", message="<b>\u202e&\"'\x00</b>\r\nx\ue000")
    assert html == ('<p class="fault" role="status">&lt;b&gt;&amp;&quot;&#x27;&lt;/b&gt;\nx</p>')


def test_render_escapes_text_within_quotes_of_an_attribute() -> None:
    html = render("page/download.html", name='" onclick="x', text="${a} {{ b }}")
    assert html == '<i data-save="&quot; onclick=&quot;x" data-text="${a} {{ b }}"></i>'


def test_render_keeps_what_is_html_already() -> None:
    html = render("page/error.html", message=Markup("<b>x</b>"))
    assert html == '<p class="fault" role="status"><b>x</b></p>'
    assert render("page/error.html", message=html).count("<p") == 2


def test_render_without_a_value_raises() -> None:
    with pytest.raises(UndefinedError, match="'message' is undefined"):
        render("page/error.html")


def test_render_leaves_out_line_breaks_of_the_template() -> None:
    assert render("page/summary.html", progress="", documents=1, passages=1_200) == (
        '<p>1 document<span class="detail"> · 1,200 passages</span></p>'
    )


@pytest.mark.parametrize(
    "path", sorted(TEMPLATES.rglob("*.html")), ids=lambda path: str(path.relative_to(TEMPLATES))
)
def test_template_turns_escaping_off_nowhere(path: Path) -> None:
    source = path.read_text(encoding="utf-8")
    expressions = re.findall(r"\{[{%](.*?)[}%]\}", source, re.DOTALL)
    assert expressions
    for expression in expressions:
        assert not re.search(r"\|\s*(safe|escape|e|forceescape|tojson|xmlattr)\b", expression)
        assert "autoescape" not in expression
    assert not re.search(r"=\s*\{\{", source)  # a value without quotes around it
    assert "<script" not in source


def test_escape_text_of_a_surrogate_is_text_that_can_be_sent() -> None:
    assert escape_text("a\ud800<") == "a&lt;"


def test_strip_hidden_keeps_newlines_and_tabs() -> None:
    assert strip_hidden("a\r\nb\rc\td\x0b\u200b") == "a\nb\nc\td"


def test_url_path_keeps_slashes_and_quotes_the_rest() -> None:
    assert url_path('a b/"ä\ud800".md') == "a%20b/%22%C3%A4%3F%22.md"


def test_quantity_has_its_noun_in_the_plural_unless_it_is_one() -> None:
    assert [quantity(number, "page") for number in (0, 1, 2_000)] == [
        "0 pages",
        "1 page",
        "2,000 pages",
    ]

"""What documents and LLMs write is shown as data: no markup, no links, no hidden characters."""

from __future__ import annotations

import re
from html import unescape
from html.parser import HTMLParser

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from index.types import Passage
from rag.types import Answer, Citation, Quote, Statement, Support
from ui.templating import escape_text, strip_hidden
from ui.viewer.safe_html import answer_html, excerpt, highlight, prose_html

pytestmark = pytest.mark.unit

TAGS = set(
    (
        "p br strong em code pre ul ol li h4 hr table thead tbody tr th td blockquote a span div"
    ).split()
)
ATTACKS = [
    "![x](http://evil.example/?q=1)",
    "![x][r]\n\n[r]: http://evil.example",
    "[click](http://evil.example)",
    "[click](javascript:alert(1))",
    "<http://evil.example> http://evil.example www.evil.example",
    '<img src=x onerror="alert(1)"><svg onload=alert(1)>',
    "<script>alert(1)</script><style>*{}</style><iframe src=//evil.example></iframe>",
    '[1](http://evil.example "t")',
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "`<b>`\n\n```html\n<script>\n```",
    "# <b>x</b>\n\n|<i>|\n|-|\n|<u>|",
    "[a]: <javascript:alert(1)>\n[a]",
    "x\x00\x1b[31m\u202ey\u200b\U000e0041",
]


class Reader(HTMLParser):
    """Collects what a browser would make of a piece of HTML."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: list[tuple[str, str]] = []
        self.words = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes += [(name, value or "") for name, value in attrs]

    def handle_data(self, data: str) -> None:
        self.words += data


def read(html: str) -> Reader:
    reader = Reader()
    reader.feed(str(html))
    return reader


def is_harmless(html: str) -> bool:
    reader = read(html)
    return reader.tags <= TAGS and all(
        (name == "href" and re.fullmatch(r"#t1-c\d+", value))
        or (
            name == "class"
            and re.fullmatch(
                r"marker|marker pending|scroll|cites|visually-hidden|language-.*", value, re.S
            )
        )
        or (name == "id" and re.fullmatch(r"t1-m\d+", value))
        or (name == "start" and value.isdigit())
        or (name == "style" and re.fullmatch(r"text-align:(left|right|center)", value))
        or name in {"data-turn", "aria-label"}
        for name, value in reader.attributes
    )


@pytest.mark.parametrize("attack", ATTACKS)
@pytest.mark.parametrize("markdown", [True, False])
def test_prose_html_of_an_attack_at_every_cut_has_no_link_but_ours(
    attack: str, markdown: bool
) -> None:
    for end in range(len(attack) + 1):
        assert is_harmless(prose_html(attack[:end], markdown, "t1", [1]))


@given(st.text(st.sampled_from("[]()!<>`*_#|-:/\\&;\n 1ahref\"'\u202e\ue000")), st.booleans())
@example("<a href=x>", True)
def test_prose_html_of_any_text_has_no_link_but_ours(text: str, markdown: bool) -> None:
    assert is_harmless(prose_html(text, markdown, "t1", [1]))


@given(st.text())
def test_escape_text_of_any_text_reads_as_the_text_itself(text: str) -> None:
    assert unescape(escape_text(text)) == strip_hidden(text)
    assert not set('<>"') & set(escape_text(text))


@given(st.text(), st.lists(st.tuples(st.integers(-3, 40), st.integers(-3, 40)), max_size=4))
def test_highlight_of_any_spans_keeps_every_character(
    text: str, spans: list[tuple[int, int]]
) -> None:
    reader = read(highlight(text, spans).replace("\r", ""))
    assert reader.words == strip_hidden(text)
    assert reader.tags <= {"mark"}


def test_highlight_of_a_span_marks_exactly_its_characters() -> None:
    assert highlight("a < b and c", [(0, 5)], "q") == (
        '<mark id="q" tabindex="-1">a &lt; b</mark> and c'
    )


def test_strip_hidden_removes_what_reorders_or_hides_and_keeps_joiners() -> None:
    assert strip_hidden("a\u202eb\u200bc\x1b[0m\r\nd\u200de\tf") == "abc[0m\nd\u200de\tf"


def test_prose_html_of_markdown_keeps_lists_tables_and_emphasis() -> None:
    html = prose_html("**Bold** and *it*\n\n- one\n- two\n\n|a|b|\n|-|-|\n|1|2|", True)
    assert "<strong>Bold</strong> and <em>it</em>" in html
    assert html.count("<li>") == 2
    assert html.count("<td>") == 2


def test_prose_html_of_plain_text_shows_signs_of_markdown_as_they_are() -> None:
    assert prose_html("__init__ is *not* bold\nnext", False) == (
        "<p>__init__ is *not* bold<br>\nnext</p>\n"
    )


def test_prose_html_of_a_link_keeps_its_words_and_drops_its_address() -> None:
    assert (
        prose_html("See [the guide](http://x.example) now.", True) == "<p>See the guide now.</p>\n"
    )


def test_prose_html_links_known_labels_and_leaves_others_as_text() -> None:
    html = prose_html("One [1] two [7].", True, "t1", [1])
    assert html.count("<a ") == 1
    assert 'href="#t1-c1"' in html
    assert "[7]" in html


def test_prose_html_without_a_turn_shows_markers_that_lead_nowhere() -> None:
    assert "<a " not in prose_html("One [1]", True)


def test_excerpt_cuts_between_words_and_keeps_the_span() -> None:
    text = "alpha beta gamma delta epsilon"
    first, last = excerpt(text, 11, 16, margin=7)
    assert text[first:last] == "beta gamma delta"


def answer(text: str, statements: tuple[Statement, ...], composer: str = "quotes") -> Answer:
    passage = Passage("a#1", "a.txt", "A", "", "words that are cited", 0, 20, None, "d")
    citations = tuple(
        Citation(label, Quote(passage, 0, 5))
        for label in sorted({label for s in statements for label in s.citations})
    )
    return Answer("q", "q", text, statements, citations, None, (), composer)


def test_answer_html_says_which_statements_lack_support() -> None:
    statements = (
        Statement("All good.", (1,), Support.SUPPORTED),
        Statement("Half good.", (2,), Support.WEAK),
        Statement("Not good.", (), Support.UNSUPPORTED),
    )
    html = answer_html(answer("All good. [1] Half good. [2] Not good.", statements, "llm"), "t1")
    words = read(html).words.replace("\u00a0", " ").strip()
    assert words == "All good. [1] Half good. [2] weakly supported Not good. not supported"


def test_answer_html_of_lists_has_items_with_markers_and_verdicts() -> None:
    statements = (
        Statement("All good.", (1,), Support.SUPPORTED),
        Statement("Not good.", (), Support.UNSUPPORTED),
        Statement("Half good.", (2,), Support.WEAK),
    )
    text = "2. All good. [1]\n   - Not good.\n3. Half good. [2]"
    html = answer_html(answer(text, statements, "llm"), "t1")
    assert re.findall("<(?:/?[ou]l|li)[^>]*>", html) == [
        *('<ol start="2">', "<li>", "<ul>", "<li>", "</ul>", "<li>", "</ol>")
    ]
    assert re.findall(r'</a>|class="verdict (\w+)"', html) == ["", "unsupported", "", "weak"]


def test_answer_html_takes_a_documents_own_brackets_for_its_own() -> None:
    statements = (Statement("As in [1] before.", (1,), Support.SUPPORTED),)
    html = answer_html(answer("As in [1] before. [1]", statements), "t1")
    assert html.count("<a ") == 1
    assert read(html).words.replace("\u00a0", " ").strip() == "As in [1] before. [1]"


def test_answer_html_cannot_be_given_a_verdict_by_a_document() -> None:
    statements = (Statement("Fine\ue001.", (1,), Support.SUPPORTED),)
    html = answer_html(answer("Fine\ue001. [1]", statements), "t1")
    assert "not supported" not in html


def test_rows_of_a_quoted_table_are_a_table_on_the_page_and_nothing_else_is_markup() -> None:
    row = "who: <b>*Ada*</b> \\| Bo; job: cook"
    passage = Passage("p", "t.csv", "t", "", row, 0, len(row), None, "d")
    text = "*Note* [1]\n\n| who | job |\n| --- | --- |\n| <b>*Ada*</b> \\| Bo | cook [1] |"
    said = (Statement(row, (1,), Support.SUPPORTED),)
    citations = (Citation(1, Quote(passage, 0, len(row))),)
    html = answer_html(Answer("q", "q", text, said, citations, None, (), "quotes"), "t1")
    page = read(html)
    assert page.tags == {"p", "div", "table", "thead", "tbody", "tr", "th", "td", "a", "span"}
    assert html.count("<td>") == 2
    assert html.count('href="#t1-c1"') == 2
    assert "<td>&lt;b&gt;*Ada*&lt;/b&gt; | Bo</td>" in html


def test_markers_of_rows_stand_in_a_column_of_their_own() -> None:
    text = "| a | b |\n| - | - |\n| x | y [1] then z [1] [2] |\n| u | [1] |\n| v | |"
    html = prose_html(text, True, "t1", [1, 2])
    assert html.count('<th class="cites">') == 1
    cells = re.findall(r'<td class="cites">(.*?)</td>', html)
    assert [re.findall(r"\[\d\]", cell) for cell in cells] == [["[1]", "[2]"], ["[1]"], []]
    first = html.index("<td>y")
    assert ">[1]</a> then z</td>" in html[first:]


def test_table_without_markers_has_its_own_columns_alone() -> None:
    html = prose_html("| a | b |\n| - | - |\n| x | y |", True)
    assert "cites" not in html
    assert html.startswith('<div class="scroll"><table>')

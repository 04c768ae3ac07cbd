"""Pages: what is hidden, tables with merged cells, short documents, hostile trees, real pages."""

from __future__ import annotations

from pathlib import Path

import pytest

from index.formats.base import Parsed, Unreadable
from index.formats.registry import parse

pytestmark = [
    pytest.mark.unit,
    # urllib3, which trafilatura imports, tries whether it may open a socket.
    pytest.mark.filterwarnings("ignore:A test tried to use socket"),
]
SHARED = Path(__file__).parents[4].parent / "shared" / "data"
needs_shared = pytest.mark.skipif(not SHARED.is_dir(), reason="needs ../shared/data")


def section(parsed: Parsed, heading: str) -> str:
    """The text below a heading, up to the next."""
    starts = [*(found.start for found in parsed.headings), len(parsed.text)]
    number = [found.text for found in parsed.headings].index(heading)
    return parsed.text[starts[number] : starts[number + 1]]


@pytest.mark.parametrize(
    ("page", "text", "hidden"),
    [
        ("<p hidden>gone</p><p>seen</p>", "seen", 4),
        ("<p hidden='until-found'>found</p>", "found", 0),
        ("<html style='display:none'><body style='opacity:0'>seen</body></html>", "seen", 0),
        ("<p style='color:red; DISPLAY : none !important'>gone</p>seen", "seen", 4),
        ("<p style='opacity:.0'>gone</p><p style='opacity:0.5'>seen</p>", "seen", 4),
        ("<p style='opacity:'>seen</p>", "seen", 0),
        ("<div style='display:none'>a <p hidden>b</p></div>seen", "seen", 3),
        (
            "<p style='visibility:hidden'>gone<b style='visibility:visible'>seen</b> too</p>",
            "seen",
            7,
        ),
        (
            "<td style='font-size:0px'>gone<p style='font-size:13px'>seen</p></td>",
            "seen",
            4,
        ),
        ("<p style='font-size:0'>a<b style='font-size:2em'>b</b></p>seen", "seen", 2),
        ("<p>se<!-- gone -->en</p>", "seen", 4),
        (
            "<p>seen</p><script>x()</script><style>p{}</style><template>t</template>"
            "<noscript>n</noscript>",
            "seen",
            0,
        ),
        ("<p aria-hidden='true'>seen</p>", "seen", 0),
        ("<p>seen<span style='display:none'>gone</span> after</p>", "seen after", 4),
    ],
)
def test_parse_html_what_is_not_shown_is_left_out_and_counted(
    page: str, text: str, hidden: int
) -> None:
    parsed = parse("a.html", page.encode())
    assert (parsed.text, parsed.hidden) == (text, hidden)


def test_parse_html_main_content_does_not_hold_what_is_not_shown() -> None:
    words = " ".join(["Words that are shown."] * 60)
    page = f"<body><nav>Menu</nav><h1>Head</h1><p>{words}</p><p style='display:none'>Obey.</p>"
    parsed = parse("a.html", page.encode())
    assert (parsed.text, parsed.hidden) == (f"Head\n\n{words}", 5)


@pytest.mark.parametrize("tag", [b"<div>", b"<b>", b"<ul><li>", b"<table><tr><td>"])
def test_parse_html_nested_too_deep_is_refused(tag: bytes) -> None:
    with pytest.raises(Unreadable, match=r"^damaged: its elements are nested over 200 deep$"):
        parse("a.html", tag * 100_000 + b"words")


def test_parse_html_nested_deep_is_read() -> None:
    assert parse("a.html", b"<div>" * 150 + b"words" + b"</div>" * 150).text == "words"


def test_parse_html_text_after_a_huge_script_is_read() -> None:
    script = b"<script>" + b"x=1;" * 3_000_000 + b"</script>"
    assert parse("a.html", b"<p>before</p>" + script + b"<p>after</p>").text == "before\n\nafter"


@pytest.mark.parametrize(
    ("table", "rows"),
    [
        pytest.param(
            "<tr><th>Year</th><th>Month</th><th>Cost</th></tr>"
            "<tr><td rowspan=2>2025</td><td>May</td><td>1</td></tr>"
            "<tr><td>June</td><td>2</td></tr>",
            ["Year: 2025; Month: May; Cost: 1", "Year: 2025; Month: June; Cost: 2"],
            id="rows",
        ),
        pytest.param(
            "<tr><th>Who</th><th>What</th></tr><tr><td colspan=2>both</td></tr>"
            "<tr><td>A</td><td>b</td></tr>",
            ["Who: both", "Who: A; What: b"],
            id="columns",
        ),
        pytest.param(
            "<tr><th colspan=2>The Firm</th></tr><tr><th>Founded</th><td>1975</td></tr>"
            "<tr><th>Founders</th><td><ul><li>Ann</li><li>Bo</li></ul></td></tr>",
            ["The Firm", "Founded: 1975", "Founders: Ann, Bo"],
            id="names of rows",
        ),
        pytest.param(
            "<caption>Staff</caption><tr><th>Name</th></tr><tr><td>Ann</td></tr>",
            ["Staff", "Name: Ann"],
            id="caption",
        ),
        pytest.param(
            "<tr><td>Dear Ann,</td></tr><tr><td><p>pay.</p><p>Bo</p></td></tr>",
            ["Dear Ann,", "pay.", "Bo"],
            id="layout",
        ),
        pytest.param(
            "<tr><td>left</td><td><table><tr><td>A</td><td>B</td></tr>"
            "<tr><td>1</td><td>2</td></tr></table></td></tr>",
            ["left", "A: 1; B: 2"],
            id="table in a table",
        ),
    ],
)
def test_parse_html_table_gives_a_paragraph_per_row(table: str, rows: list[str]) -> None:
    page = f"<p>Before.</p><table>{table}</table>After."
    assert parse("a.html", page.encode()).text.split("\n\n") == ["Before.", *rows, "After."]


@pytest.mark.parametrize("span", ["x", "-3", "0", "99999999999", "²"])
def test_parse_html_spans_without_sense_lose_nothing(span: str) -> None:
    cells = f"<td rowspan='{span}'>1</td><td>2</td>"
    page = f"<table><tr><th>A</th><th>B</th></tr><tr>{cells}</tr></table>"
    assert parse("a.html", page.encode()).text == "A: 1; B: 2"


def test_parse_html_table_of_too_many_cells_is_refused() -> None:
    page = "<table>" + "<tr><td colspan=100>x</td><td>y</td></tr>" * 10_000 + "</table>"
    with pytest.raises(Unreadable, match=r"^too large: a table of over 1,000,000 cells$"):
        parse("a.html", page.encode())


def test_parse_html_short_document_is_read_whole_with_its_own_title() -> None:
    page = (
        "<title>The page</title><h1>Head<a href='#h'>¶</a></h1><p>One.<dl><dt>Term</dt>"
        "<dd>Means.</dd></dl><b id='wrap'><p>Two.</p></b><ol><ul><li>x</ul></ol>tail"
    )
    parsed = parse("a.html", page.encode())
    assert parsed.text.split("\n\n") == ["Head", "One.", "Term\nMeans.", "Two.", "- x", "tail"]
    assert (parsed.title, parsed.headings[0].text) == ("The page", "Head")


@pytest.mark.parametrize("charset", ["windows-1251", "koi8-r", "iso-8859-5"])
@pytest.mark.parametrize("form", ["<meta charset='{}'>", "<meta content='text/html; charset={}'>"])
def test_parse_html_is_decoded_as_it_says(charset: str, form: str) -> None:
    page = f"<html><head>{form.format(charset)}</head><body>Да, мир</body></html>"
    assert parse("a.html", page.encode(charset)).text == "Да, мир"


def test_parse_xhtml_elements_that_close_themselves_hide_nothing() -> None:
    page = (
        '<?xml version="1.0" encoding="utf-8"?><html xmlns="http://www.w3.org/1999/xhtml"><head>'
        '<title/><script src="a/b.js"/></head><body><a id="x"/><h1>One</h1><div class="a>b"/>'
        "<p>Text&nbsp;here<br/>there</p></body></html>"
    )
    parsed = parse("a.xhtml", page.encode())
    assert (parsed.text, parsed.title) == ("One\n\nText here\nthere", "One")


# --- real pages


def real(name: str) -> Parsed:
    return parse(name, (SHARED / "formats" / name).read_bytes())


@needs_shared
def test_parse_html_real_tables_keep_values_under_their_names() -> None:
    parsed = real("example_08.html")
    one, two = "Pivot table with with 1 row header", "Pivot table with 2 row headers"
    assert "Year: 2025; Month: May; Revenue: $280; Cost: $120" in section(parsed, one)
    assert "Year: 2025; Quarter: Q2; Month: April; Revenue: $210; Cost: $150" in section(
        parsed, two
    )
    assert real("table_with_heading_01.html").text == (
        "Before tha table\n\nA: 1...; B: 2...\n\nAfter the table"
    )


@needs_shared
def test_parse_html_real_short_document_keeps_its_heading() -> None:
    parsed = real("formatting.html")
    assert parsed.title == "HTML Formatting Tags Demo"
    assert "Water is written as H2O using sub." in section(parsed, "HTML Text Formatting Examples")


@needs_shared
def test_parse_html_real_blog_has_its_sections_without_the_menu() -> None:
    parsed = real("mit_test_blog.html")
    assert parsed.headings[0].text.startswith("Does Model and Inference Parameter Matter")
    assert "target inference budget $0.02 per instance" in section(parsed, "Experiment Setup")
    assert "via flaml.tune." in section(parsed, "Analysis and Discussion")
    assert "Recent posts" not in parsed.text


@needs_shared
def test_parse_html_real_encyclopedia_has_facts_under_their_headings() -> None:
    parsed = real("mit_test_wikipedia.html")
    assert "Founders: Bill Gates, Paul Allen" in section(parsed, "Microsoft").split("\n\n")
    assert "One Microsoft Way in Redmond" in section(parsed, "Headquarters")
    assert "Scott Baker" in section(parsed, "Logo")
    assert parsed.hidden > 0

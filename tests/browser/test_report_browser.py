"""The report of runs in a real Chromium: what a person sees, types and presses, and no requests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, ViewportSize, expect

from eval.report.html import render
from tests.eval.report.test_html import DECLINED, FAILED, REFUSED, WRONG, record, run_of
from tests.helpers.payloads import PAYLOADS
from tests.helpers.screenshot import chromium

pytestmark = pytest.mark.browser

DESK = ViewportSize(width=1240, height=900)
PHONE = ViewportSize(width=360, height=740)
UGLY = "x" * 400


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report of two runs, with every payload somewhere in it."""
    folder = tmp_path_factory.mktemp("report")
    ordinary = [record(), *(record(**one) for one in (WRONG, REFUSED, DECLINED, FAILED))]
    long = record(id=UGLY, question=UGLY, answer=UGLY, statements=None, tags=[UGLY[:90]])
    passage, citation = record()["passages"][0], record()["citations"][0]
    hostile = [
        record(
            id=name,
            question=payload,
            tags=["hostile"],
            gold=[payload],
            statements=[{"text": payload, "citations": [1], "support": payload}],
            passages=[{**passage, "document": payload, "heading": payload, "text": payload}],
            citations=[{**citation, "document": payload, "quote": payload}],
        )
        for name, payload in PAYLOADS.items()
        if "\ud800" not in payload
    ]
    runs = [
        run_of(folder, record(**{**WRONG, "id": "q1"}), name="first"),
        run_of(folder, *ordinary, long, *hostile, name="second"),
    ]
    path = folder / "report.html"
    path.write_text(render(runs), encoding="utf-8")
    return path


class Watched:
    """A page of the report, and what it asked of the network and told the console."""

    def __init__(self, page: Page, file: Path) -> None:
        self.page = page
        self.strangers: list[str] = []
        self.complaints: list[str] = []
        own = file.as_uri()
        page.on("request", lambda request: self._hear_request(request.url, own))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", lambda said: self.complaints.append(said.text))
        page.on("dialog", lambda dialog: self.complaints.append(dialog.message))
        page.goto(own)

    def _hear_request(self, url: str, own: str) -> None:
        if url.partition("#")[0] != own and not url.startswith("data:"):
            self.strangers.append(url)


@pytest.fixture
def watched(browser: Browser, file: Path) -> Iterator[Watched]:
    context = browser.new_context(viewport=DESK)
    yield Watched(context.new_page(), file)
    context.close()


def test_report_with_hostile_words_asks_nothing_of_anyone_and_runs_nothing(
    watched: Watched,
) -> None:
    page = watched.page
    page.evaluate("for (const one of document.querySelectorAll('details')) one.open = true")
    page.wait_for_timeout(500)
    assert (watched.strangers, watched.complaints) == ([], [])
    assert page.title() == "g.jsonl · Footnote report"
    assert page.locator("img, iframe, object, embed, form, video, audio, script[src]").count() == 0


def test_report_policy_stops_a_script_that_is_not_its_own(watched: Watched) -> None:
    ran = watched.page.evaluate(
        "() => { const one = document.createElement('script'); one.textContent = 'window.ran = 1';"
        " document.body.append(one); return window.ran }"
    )
    assert ran is None
    assert any("Content Security Policy" in one for one in watched.complaints)


def test_report_plots_are_drawn(watched: Watched) -> None:
    plots = watched.page.locator("#plots svg")
    expect(plots).to_have_count(3)
    for plot in plots.all():
        box = plot.bounding_box()
        assert box is not None
        assert box["width"] > 300
        assert box["height"] > 200
    expect(plots.nth(0).locator("polyline")).to_have_count(1)
    expect(plots.nth(2).get_by_text("search and fuse")).to_be_visible()
    expect(watched.page.locator("#head svg").first.locator("rect")).to_have_count(5)


def test_report_uses_its_own_typefaces(watched: Watched) -> None:
    loaded = watched.page.evaluate(
        "document.fonts.ready.then(fonts => "
        "[...fonts].map(one => `${one.family} ${one.weight}: ${one.status}`))"
    )
    assert sorted(one.replace('"', "") for one in loaded) == [
        "Footnote Sans 400: loaded",
        "Footnote Sans 600 900: loaded",
        "Footnote Serif 400: loaded",
        "Footnote Serif 600 900: loaded",
    ]


def test_report_question_opens_to_its_marked_words_by_keyboard(watched: Watched) -> None:
    page = watched.page
    question = page.locator("details.question.wrong").first
    question.locator("summary").first.focus()
    page.keyboard.press("Enter")
    expect(question.locator("mark u").first).to_have_text("forty minutes.")
    expect(question.locator("mark u").first).to_be_visible()


def test_report_is_filtered_by_words_outcome_and_tag(watched: Watched) -> None:
    page = watched.page
    shown = page.locator("details.question:visible")
    page.keyboard.press("/")
    page.keyboard.type("timeouterror")
    expect(shown).to_have_count(1)
    expect(shown).to_have_class("question failed")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="wrong").click()
    expect(shown).to_have_count(1)
    expect(page.locator("#count")).to_contain_text("1 of ")
    page.get_by_role("button", name="wrong").click()
    page.get_by_label("Tag", exact=True).select_option("hostile")
    expect(shown).to_have_count(len([one for one in PAYLOADS.values() if "\ud800" not in one]))


def test_report_fixed_question_is_named(watched: Watched) -> None:
    fixed = watched.page.locator("#flips .fixed details")
    expect(fixed).to_have_count(1)
    expect(fixed.locator("summary")).to_contain_text("How long does the ferry take?")


def test_report_without_scripts_shows_all_and_no_dead_controls(
    browser: Browser, file: Path
) -> None:
    context = browser.new_context(viewport=DESK, java_script_enabled=False)
    page = context.new_page()
    page.goto(file.as_uri())
    expect(page.locator("#filter")).to_be_hidden()
    first = page.locator("details.question").first
    first.locator("summary").first.click()
    expect(first.locator(".body")).to_be_visible()
    context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_report_fits_a_phone_and_follows_its_colours(
    browser: Browser, file: Path, scheme: str
) -> None:
    context = browser.new_context(
        viewport=PHONE, color_scheme="dark" if scheme == "dark" else "light"
    )
    page = context.new_page()
    page.goto(file.as_uri())
    page.evaluate("for (const one of document.querySelectorAll('details')) one.open = true")
    assert page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]
    paper = page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
    assert paper == {"light": "rgb(250, 247, 241)", "dark": "rgb(24, 22, 20)"}[scheme]
    context.close()

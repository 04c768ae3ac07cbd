"""The same payloads in a real Chromium, which reads HTML in its own way and does act on it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Dialog, Page, Route

from rag.composition.extractive import QuotesComposer
from rag.types import Delta
from tests.helpers.inert import active_in_page
from tests.helpers.payloads import FAMILIES
from tests.helpers.screenshot import chromium
from tests.hostile.test_injection import (
    AFTER,
    ALL_CUTS,
    BEFORE,
    HITS,
    QUESTION,
    composer,
    done,
    events,
    held,
    hit,
    page,
)
from ui.page.html_conversation import exchange_html
from ui.service.history import Exchange

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


@pytest.fixture
def acts(browser: Browser) -> Iterator[tuple[Page, list[str]]]:
    """An empty page without any protection, and what it asked for or said aloud."""
    blank, done_ = browser.new_page(), list[str]()

    def refuse(route: Route) -> None:
        done_.append(route.request.url)
        route.abort()

    def hear(dialog: Dialog) -> None:
        done_.append(dialog.message)
        dialog.dismiss()

    blank.route("**/*", refuse)
    blank.on("dialog", hear)
    blank.on("popup", lambda popup: done_.append(popup.url))
    yield blank, done_
    blank.close()


def shown(payload: str) -> Iterator[str]:
    """What the page shows of a payload: as it comes in, as an LLM's answer, as a quotation."""
    text = ""
    step = 1 if len(payload) <= ALL_CUTS else 500
    pieces = [payload[start : start + step] for start in range(0, len(payload), step)]
    for event in events(composer([BEFORE, *pieces, AFTER])):
        if isinstance(event, Delta):
            text += event.text
            yield exchange_html(Exchange("t1", QUESTION, HITS, text))
    yield page(done(events(composer([BEFORE + payload + AFTER]))))
    hits = (hit(f"{held(payload)} It is so.", 1), HITS[1])
    yield page(done(events(QuotesComposer(3), hits)))


@pytest.mark.sample(5)
@pytest.mark.parametrize("family", FAMILIES)
def test_injected_payload_makes_a_browser_do_nothing(
    acts: tuple[Page, list[str]], family: str
) -> None:
    blank, acted = acts
    for payload in FAMILIES[family]:
        html = "".join(shown(payload))
        blank.set_content(f"<!doctype html><body>{html}</body>")
        assert active_in_page(str(blank.evaluate("document.body.innerHTML"))) == []
        blank.evaluate("html => { document.body.innerHTML = html }", html)
    blank.wait_for_timeout(100)
    assert acted == []


def test_checks_of_a_page_that_acts_find_it(acts: tuple[Page, list[str]]) -> None:
    blank, acted = acts
    blank.set_content("<img src=https://evil.example/1><script>alert('said')</script>")
    blank.evaluate(
        "html => { document.body.innerHTML = html }", "<img src=x onerror=alert('heard')>"
    )
    blank.wait_for_timeout(100)
    assert {"https://evil.example/1", "said"} <= set(acted)

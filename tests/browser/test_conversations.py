"""Conversations in a real Chromium, on a desk and on a phone: chosen documents, edited questions,
search, two tabs, and an answer that is copied.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.browser.test_browser import HOSTAGES, PARIS, document_of, is_in_view
from tests.helpers.screenshot import ask, chromium

pytestmark = [pytest.mark.browser, pytest.mark.sample(1)]
expect.set_options(timeout=30_000)  # on a busy machine

TABLE = "Compare Qatar and Egypt"
SIZES = {"desk": (1440, 900), "phone": (390, 844)}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


@pytest.fixture(params=SIZES)
def page(browser: Browser, seeds_server: str, request: pytest.FixtureRequest) -> Iterator[Page]:
    """The page on a desk, and on a phone."""
    width, height = SIZES[request.param]
    context = browser.new_context(
        viewport={"width": width, "height": height},
        has_touch=width < 600,
        permissions=["clipboard-read", "clipboard-write"],
    )
    page = context.new_page()
    opened(page, seeds_server)
    yield page
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    context.close()


def opened(page: Page, address: str) -> None:
    page.goto(address)
    page.locator("#documents .documents").wait_for(state="attached")
    page.locator("#options-summary button").wait_for()


def open_conversations(page: Page) -> None:
    """The list of conversations waits behind a button on a phone."""
    if page.locator("#top .menu").is_visible():
        page.locator("#top .menu").click()
    expect(page.locator("#find input")).to_be_visible()


def holding(page: Page, words: str) -> list[Route]:
    """Events of the page that hold these words do not arrive; they are put into the list."""
    held = list[Route]()

    def handle(route: Route) -> None:
        if words in (route.request.post_data or ""):
            held.append(route)
        else:
            route.continue_()

    page.route("**/queue/join*", handle)
    return held


def sources(page: Page) -> set[str]:
    """The kinds of the files that the last answer cites or comes near."""
    links = page.locator("#sources a.open").evaluate_all("all => all.map(each => each.pathname)")
    return {link.rpartition(".")[2] for link in links}


def test_kind_of_files_is_chosen_over_the_box_and_kept_with_the_conversation(page: Page) -> None:
    page.get_by_label("Ask only some documents").select_option(".csv")
    chip = page.locator("#scope .chip")
    expect(chip).to_have_text(".csv")
    expect(page.locator("#ask textarea")).to_be_visible()
    ask(page, PARIS)
    assert sources(page) == {"csv"}
    page.reload()
    expect(chip).to_have_text(".csv")
    page.get_by_role("button", name="Ask not only .csv").click()
    expect(chip).to_have_count(0)
    ask(page, HOSTAGES)
    assert "pdf" in sources(page)


def test_question_goes_by_the_chips_that_are_shown_though_the_server_has_not_heard_of_them(
    page: Page,
) -> None:
    held = holding(page, '"changed"')
    page.get_by_label("Ask only some documents").select_option(".csv")
    expect(page.locator("#scope .chip")).to_have_text(".csv")
    ask(page, PARIS)
    assert sources(page) == {"csv"}
    page.get_by_role("button", name="Ask not only .csv").click()
    expect(page.locator("#scope .chip")).to_have_count(0)
    ask(page, HOSTAGES)
    assert "pdf" in sources(page)
    assert len(held) == 2
    page.unroute_all()
    page.reload()
    expect(page.locator("#current .question")).to_have_text(HOSTAGES)
    expect(page.locator("#scope .chip")).to_have_count(0)


def test_settings_changed_quickly_stay_whatever_the_server_hears_of_first(page: Page) -> None:
    ask(page, PARIS)
    button, slider = page.locator("#options-summary button"), page.locator("#options-form input")
    held = holding(page, '"number":1,')
    button.click()
    slider.focus()
    page.keyboard.press("Home")
    page.keyboard.press("ArrowRight")
    expect(button).to_contain_text("Quotes · 2 passages")
    with page.expect_response(re.compile("queue/join")):
        held.pop().continue_()
    page.keyboard.press("ArrowRight")
    expect(button).to_contain_text("Quotes · 3 passages")
    expect(slider).to_have_value("3")
    page.keyboard.press("Escape")
    ask(page, HOSTAGES)
    page.reload()
    expect(button).to_contain_text("Quotes · 3 passages")
    expect(slider).to_have_value("3")


def test_one_document_is_asked_alone_from_the_list_of_documents(page: Page) -> None:
    page.get_by_role("tab", name="Documents").click()
    page.locator("#documents li:has-text('terms.pdf')").get_by_role("button", name="Ask").click()
    suggested = page.locator("#chat .suggestions.about")
    expect(suggested.locator("li button").first).to_be_visible(timeout=60_000)
    suggested.get_by_role("button", name="Ask only this").click()
    expect(page.locator("#scope .chip")).to_have_text("terms.pdf")
    expect(page.locator("#ask textarea")).to_be_focused()
    ask(page, HOSTAGES)
    assert sources(page) == {"pdf"}


def test_guide_of_a_document_leads_into_it_and_asks_it_alone(page: Page) -> None:
    page.get_by_role("tab", name="Documents").click()
    page.locator("#documents a.open:has-text('disputes.html')").click()
    document = document_of(page)
    expect(document.locator(".guide .facts")).to_contain_text("words · changed on")
    entries = page.evaluate("history.length")
    document.locator(".guide ol a").last.click()
    document.locator(".guide .key a").first.click()
    quote = document.locator("mark#quote")
    expect(quote).to_be_visible()
    assert is_in_view(quote)
    assert page.evaluate("history.length") == entries
    page.locator("#panel .only").click()
    expect(page.locator("#panel")).to_be_hidden()
    expect(page.locator("#scope .chip")).to_have_text("disputes.html")
    page.goto(page.url.partition("?")[0] + "documents/terms.pdf")
    page.get_by_role("link", name="Ask only this").click()
    expect(page.locator("#scope .chip")).to_have_text("terms.pdf")
    expect(page).not_to_have_url(re.compile("only="))


def test_guide_of_a_pdf_leads_to_its_marked_words_on_the_page(page: Page) -> None:
    page.get_by_role("tab", name="Documents").click()
    page.locator("#documents a.open:has-text('terms.pdf')").click()
    document = document_of(page)
    facts = document.locator(".guide .facts")
    expect(facts).to_have_text(
        re.compile(r"^[\d.]+ kB · 2 pages · [\d,]+ words · changed on \d{1,2} \w+ \d{4}$"),
        timeout=60_000,
    )
    document.locator(".guide .key a").first.click()
    expect(document.locator("rect#quote")).to_be_visible(timeout=60_000)
    assert is_in_view(document.locator("rect#quote"))
    page.locator("#panel .only").click()
    expect(page.locator("#scope .chip")).to_have_text("terms.pdf")
    expect(page.locator("#ask textarea")).to_be_focused()


@pytest.mark.parametrize("size", SIZES)
def test_cited_words_are_in_view_on_a_first_visit_once_fonts_have_come(
    browser: Browser, seeds_server: str, size: str
) -> None:
    width, height = SIZES[size]
    page = browser.new_page(viewport={"width": width, "height": height})
    waiting = list[Route]()
    page.route("**/*.woff2*", lambda route: waiting.append(route))
    opened(page, seeds_server)
    ask(page, PARIS)
    page.locator("#t1-m1").click()
    quote = document_of(page).locator("mark#quote")
    expect(quote).to_be_visible()
    assert waiting
    # As lines do that are longer in the font that comes.
    document_of(page).locator("body").evaluate(
        "e => { e.style.paddingTop = '2000px'; e.ownerDocument.defaultView.scrollTo(0, 0) }"
    )
    assert not is_in_view(quote)
    while waiting:
        waiting.pop().continue_()
        page.wait_for_timeout(50)
    page.wait_for_function(
        "() => { const { top, bottom } = document.querySelector('#panel iframe').contentDocument"
        ".getElementById('quote').getBoundingClientRect(); "
        "return top >= 0 && bottom <= innerHeight }"
    )
    page.close()


def test_question_is_edited_in_a_conversation_of_its_own_and_the_old_one_stays(page: Page) -> None:
    ask(page, HOSTAGES)
    ask(page, PARIS)
    before = page.url
    page.locator("#past").get_by_role("button", name="Edit").click()
    box = page.locator("#confirm input")
    expect(box).to_have_value(HOSTAGES)
    box.fill(TABLE)
    box.press("Enter")
    expect(page.locator("#current .exchange.done .question")).to_have_text(TABLE)
    expect(page.locator("#past .exchange")).to_have_count(0)
    expect(page).not_to_have_url(before)
    page.go_back()
    expect(page.locator("#current .question")).to_have_text(PARIS)
    expect(page.locator("#past .question")).to_have_text(HOSTAGES)


def test_conversation_is_found_by_words_of_its_answer(page: Page) -> None:
    ask(page, TABLE)
    page.get_by_role("button", name="New chat").click()
    open_conversations(page)
    page.locator("#find input").fill("deal directly with Hamas envoys")
    found = page.locator("#chats .found .chat")
    expect(found.first).to_have_text(TABLE)
    page.locator("#find input").fill("nobody ever said this")
    expect(page.locator("#chats .none")).to_have_text("None holds “nobody ever said this”.")
    page.locator("#find input").fill("Qatar and Egypt")
    found.first.click()
    expect(page.locator("#current .question")).to_have_text(TABLE)


def test_conversations_that_were_found_stay_while_an_answer_comes(page: Page) -> None:
    ask(page, TABLE)
    page.get_by_role("button", name="New chat").click()
    open_conversations(page)
    found, box = page.locator("#chats .found .chat"), page.locator("#find input")
    box.fill("Qatar and Egypt")
    expect(found.first).to_have_text(TABLE)
    if page.locator("#top .menu").is_visible():
        page.locator("#top .menu").click()
    ask(page, HOSTAGES)
    open_conversations(page)
    expect(found.first).to_have_text(TABLE)
    expect(page.locator("#chats .chat").get_by_text(HOSTAGES, exact=True)).to_have_count(0)
    box.fill("")
    expect(page.locator("#chats .chat").first).to_have_text(HOSTAGES)


def test_conversations_are_those_of_the_last_words_whatever_is_found_first(page: Page) -> None:
    ask(page, TABLE)
    open_conversations(page)
    box = page.locator("#find input")
    held = holding(page, '"words":"nobody')
    with page.expect_request(re.compile("queue/join")):
        box.fill("nobody ever said this")
    box.fill("Qatar and Egypt")
    expect(page.locator("#chats .found .chat").first).to_have_text(TABLE)
    with page.expect_request(lambda request: "Qatar" in (request.post_data or "")):
        held.pop().continue_()  # its list comes last, and is not the one that is asked for
    expect(page.locator("#chats .found .chat").first).to_have_text(TABLE)


def test_two_tabs_on_one_conversation_keep_both_exchanges(page: Page) -> None:
    ask(page, PARIS)
    other = page.context.new_page()
    other.goto(page.url)
    expect(other.locator("#current .question")).to_have_text(PARIS)
    ask(page, HOSTAGES)
    ask(other, TABLE)
    expect(other.locator("#past .question")).to_have_text([PARIS, HOSTAGES])
    page.reload()
    expect(page.locator("#current .question")).to_have_text(TABLE)
    expect(page.locator("#past .question")).to_have_text([PARIS, HOSTAGES])


def test_table_is_copied_as_markdown_and_as_html(page: Page) -> None:
    ask(page, TABLE)
    page.get_by_role("button", name="Copy").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    kinds = page.evaluate(
        "async () => { const [item] = await navigator.clipboard.read(); return Object.fromEntries("
        "await Promise.all(item.types.map(async t => [t, await (await item.getType(t)).text()]))) }"
    )
    assert "| name | kind | role | part in the talks |\n| - | - | - | - |\n" in kinds["text/plain"]
    assert "<table" in kinds["text/html"]
    assert kinds["text/html"].count("<tr>") == 3
    assert "#t1" not in kinds["text/html"]


def test_answer_is_followed_by_questions_that_are_answered_as_well(page: Page) -> None:
    ask(page, TABLE)
    offered = page.locator("#suggestions .next li button")
    expect(offered.first).to_be_visible()
    questions = offered.all_inner_texts()
    assert 0 < len(questions) <= 3
    assert TABLE not in questions
    offered.first.click()
    expect(page.locator("#past .question")).to_have_text(TABLE)
    expect(page.locator("#current .exchange.done .question")).to_have_text(questions[0])
    expect(page.locator("#current a.marker").first).to_be_visible()
    page.get_by_role("button", name="New chat").click()
    expect(page.locator("#suggestions .next")).to_have_count(0)


def test_source_closes_by_its_cross_by_escape_and_by_the_way_back(page: Page) -> None:
    ask(page, PARIS)
    panel, marker = page.locator("#panel"), page.locator("#t1-m1")
    for close in (
        page.locator("#panel .close").click,
        lambda: page.keyboard.press("Escape"),
        page.go_back,
    ):
        marker.click()
        quote = document_of(page).locator("mark#quote")
        expect(quote).to_be_visible()
        assert is_in_view(quote)
        close()
        expect(panel).to_be_hidden()
        expect(page.locator("#current .question")).to_have_text(PARIS)

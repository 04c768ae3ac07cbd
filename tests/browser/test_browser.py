"""The chat page in a real Chromium, on a desk and on a phone: what a person sees, clicks and
presses.
"""

from __future__ import annotations

import json
import re
import shutil
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Literal
from urllib.request import Request, urlopen

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    FilePayload,
    FrameLocator,
    Locator,
    Page,
    ViewportSize,
    expect,
)

from index.catalog.writer import writer_lock
from index.settings import load_settings
from index.sync.sync import sync
from rag.settings import Settings
from tests.conftest import SEEDS
from tests.helpers.screenshot import ask, chromium, serving

pytestmark = [pytest.mark.browser, pytest.mark.sample(1)]
expect.set_options(timeout=30_000)  # on a busy machine

PARIS = "Who met in Paris?"
HOSTAGES = "How many hostages remain in Gaza?"
OWLS = "# Owls of the barn\n\n## Their names\n\nTwo owls live in the barn behind the mill.\n"
NORWAY = "What is the capital of Norway?"
DESK = ViewportSize(width=1440, height=900)
SIZES = {"desk": DESK, "phone": ViewportSize(width=390, height=844)}
TITLE = "The <b>gate</b> ${6-7} {{value}}"
NASTY = (
    f"= {TITLE}\n\n"
    "The north gate opens at nine <img src=x onerror=\"document.title='owned'\">"
    "<script>document.title='owned'</script> ![p](http://evil.example/p.png) every morning.\n"
)
ATTACK = (
    "The north gate opens at nine every morning [1]. "
    "![p](http://evil.example/?q=1) <img src=http://evil.example/2> "
    "[click](http://evil.example/3) <script>document.title='owned'</script> "
)


class Watched:
    """A page, and what it asked of the network and told the console."""

    def __init__(self, page: Page, address: str) -> None:
        self.page = page
        self.address = address
        self.requests: list[str] = []
        self.complaints: list[str] = []
        page.on("request", lambda request: self.requests.append(request.url))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", self._hear)

    def _hear(self, said: ConsoleMessage) -> None:
        if said.type in {"error", "warning"}:
            self.complaints.append(said.text)

    def open(self) -> Page:
        self.page.goto(self.address)
        self.page.locator("#documents .documents").wait_for()
        return self.page

    def strangers(self) -> list[str]:
        """Requests that went anywhere but to the page's own server."""
        own = (self.address + "/", "data:", "blob:")
        return [url for url in self.requests if not url.startswith(own)]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder over a copy of the seeds, which tests add to and delete from."""
    folder = tmp_path_factory.mktemp("page")
    shutil.copytree(SEEDS, folder / "corpus")
    sync(load_settings(Settings, data=folder / "data"), folder / "corpus")
    return folder / "data"


@pytest.fixture(scope="module")
def address(data: Path) -> Iterator[str]:
    with serving(data) as running:
        yield running


def on(browser: Browser, size: str) -> BrowserContext:
    """A window of a size, or a phone's screen."""
    return browser.new_context(viewport=SIZES[size], has_touch=size == "phone")


@pytest.fixture(params=SIZES)
def watched(browser: Browser, address: str, request: pytest.FixtureRequest) -> Iterator[Watched]:
    context = on(browser, request.param)
    page = context.new_page()
    yield Watched(page, address)
    assert page.evaluate("document.documentElement.scrollWidth") <= SIZES[request.param]["width"]
    context.close()


@pytest.fixture
def page(watched: Watched) -> Page:
    return watched.open()


class SlowLLM:
    """An OpenAI-compatible server that writes a text word by word, and notes who hangs up."""

    def __init__(self, text: str, seconds: float) -> None:
        self.words = re.findall(r"\S+\s*", text)
        self.seconds = seconds
        self.hung_up = threading.Event()
        slow = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["Content-Length"]))
                self.send_response(200)
                self.send_header("Content-Type", "text/event-stream")
                self.end_headers()
                try:
                    for word in slow.words:
                        self.write({"role": "assistant", "content": word}, None)
                        time.sleep(slow.seconds)
                    self.write({}, "stop")
                    self.wfile.write(b"data: [DONE]\n\n")
                except OSError:
                    slow.hung_up.set()

            def write(self, delta: dict[str, str], reason: str | None) -> None:
                choice = {"index": 0, "delta": delta, "finish_reason": reason}
                chunk = {
                    "id": "1",
                    "object": "chat.completion.chunk",
                    "created": 1,
                    "model": "slow",
                    "choices": [choice],
                }
                self.wfile.write(f"data: {json.dumps(chunk)}\n\n".encode())
                self.wfile.flush()

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/v1"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture(scope="module")
def llm() -> Iterator[SlowLLM]:
    slow = SlowLLM(ATTACK * 3, 0.1)
    yield slow
    slow.server.shutdown()


@pytest.fixture(scope="module")
def nasty_address(tmp_path_factory: pytest.TempPathFactory, llm: SlowLLM) -> Iterator[str]:
    """A server over a hostile document, with an LLM that writes what an attacker would."""
    folder = tmp_path_factory.mktemp("nasty")
    (folder / "corpus").mkdir()
    (folder / "corpus" / "gate ${6-7}.adoc").write_text(NASTY, encoding="utf-8")
    sync(load_settings(Settings, data=folder / "data"), folder / "corpus")
    settings = {"FOOTNOTE_LLM_URL": llm.url, "FOOTNOTE_LLM_MODEL": "slow"}
    with serving(folder / "data", settings) as running:
        yield running


@pytest.fixture(params=SIZES)
def nasty(
    browser: Browser, nasty_address: str, request: pytest.FixtureRequest
) -> Iterator[Watched]:
    context = on(browser, request.param)
    yield Watched(context.new_page(), nasty_address)
    context.close()


def citations_of(address: str, question: str) -> list[dict[str, object]]:
    body = json.dumps({"question": question}).encode()
    request = Request(address + "/v1/ask", body, {"Content-Type": "application/json"})
    with urlopen(request) as reply:
        citations: list[dict[str, object]] = json.load(reply)["citations"]
    return citations


def document_of(page: Page) -> FrameLocator:
    """The document that is shown beside the answer."""
    return page.frame_locator("#panel iframe")


def serious_faults(page: Page) -> list[str]:
    """What axe-core finds of impact `serious` or worse: its rule, and where."""
    found = Axe().run(page).response["violations"]
    return [
        f"{fault['id']}: {node['html'][:200]}"
        for fault in found
        if fault["impact"] in {"serious", "critical"}
        for node in fault["nodes"]
    ]


def settled(page: Page) -> None:
    """Wait until nothing fades any more: until then its colours are others."""
    page.wait_for_function("document.getAnimations().every(each => each.playState !== 'running')")


def open_conversations(page: Page) -> None:
    """The list of conversations waits behind a button on a phone."""
    if page.locator("#top .menu").is_visible():
        page.locator("#top .menu").click()
    expect(page.locator("#chats .chat").first).to_be_visible()


def is_in_view(locator: Locator) -> bool:
    seen: bool = locator.evaluate(
        "e => { const r = e.getBoundingClientRect(); "
        "return r.top >= 0 && r.top < innerHeight && r.bottom > 0; }"
    )
    return seen


def test_fresh_page_says_what_is_indexed_and_offers_questions(page: Page) -> None:
    expect(page.locator("#summary p")).to_have_text(re.compile(r"6 documents · \d+ passages"))
    expect(page.locator("#documents .documents li")).to_have_count(6)
    expect(page.locator("#ask textarea")).to_be_focused()
    expect(page.locator("#chat .suggestions button").first).to_be_visible(timeout=60_000)
    page.reload()  # they are known now, and what follows takes them away no more
    page.locator("#chat .suggestions button").first.wait_for()
    page.wait_for_timeout(1_500)
    page.locator("#chat .suggestions button").first.click()
    expect(page.locator("#current .exchange.done a.marker").first).to_be_visible(timeout=60_000)
    expect(page.locator("#current .refusal")).to_have_count(0)
    expect(page.locator("#chat .suggestions:not(.next)")).to_have_count(0)


def test_question_is_answered_with_markers_and_their_sources(page: Page, address: str) -> None:
    ask(page, PARIS)
    answer = page.locator("#current .answer")
    for name in ("David Barnea", "William J. Burns", "Mohammed bin Abdulrahman Al Thani"):
        expect(answer).to_contain_text(name)
    citations = citations_of(address, PARIS)
    assert citations
    expect(answer.locator("a.marker")).to_have_count(len(citations))
    marks = page.locator("#sources .card:not(.uncited) mark")
    assert marks.all_inner_texts() == [citation["quote"] for citation in citations]
    expect(page.locator("#ask textarea")).to_have_value("")


def test_marker_opens_the_text_with_its_words_marked_and_escape_leads_back(page: Page) -> None:
    ask(page, PARIS)
    marker = page.locator("#t1-m1")
    marker.focus()
    page.keyboard.press("Enter")
    quote = document_of(page).locator("mark#quote")
    expect(quote).to_have_text(page.locator("#t1-c1 mark").inner_text())
    expect(page.locator("#panel h2")).to_be_focused()
    assert is_in_view(quote)
    page.keyboard.press("Escape")
    expect(page.locator("#panel")).to_be_hidden()
    expect(marker).to_be_focused()


def test_marker_of_a_pdf_opens_its_page_as_a_picture_with_the_words_marked(page: Page) -> None:
    ask(page, HOSTAGES)
    page.locator("#t1-m1").click()
    document = document_of(page)
    expect(document.locator("rect#quote")).to_be_visible(timeout=60_000)
    picture = document.locator("img")
    expect(picture).to_have_attribute(
        "alt", re.compile("Page 1 of terms.pdf. The marked words: .*more than 120 hostages")
    )
    loaded = "e => e.decode().then(() => e.naturalWidth)"
    assert picture.evaluate(loaded) > 1000
    first = document.locator("rect#quote").bounding_box()
    page.keyboard.press("ArrowRight")
    expect(page.locator("#panel .count")).to_have_text("Citation 2 of 2")
    expect(document.locator("img")).to_have_attribute("alt", re.compile("about a quarter"))
    expect(document.locator("rect#quote")).to_be_visible()
    assert document.locator("rect#quote").bounding_box() != first
    expect(page.locator("#t1-m2")).to_have_class(re.compile("chosen"))
    page.locator("#panel .previous").click()
    expect(page.locator("#panel .count")).to_have_text("Citation 1 of 2")
    expect(page.locator("#panel .previous")).to_be_disabled()
    page.locator("#panel .close").click()
    expect(page.locator("#t1-m1")).to_be_focused()


def test_marker_of_a_table_opens_the_row_under_its_header(page: Page) -> None:
    ask(page, "What part did Mossad take?")
    page.locator('#sources .card:has-text("who-is-who.csv") a.open').first.click()
    document = document_of(page)
    expect(document.locator("th")).to_have_text(["name", "kind", "role", "part in the talks"])
    row = document.locator("tr.cited")
    expect(row).to_have_count(1)
    expect(row.locator("mark")).to_have_count(4)
    assert is_in_view(row.locator("mark").first)


def test_what_no_document_says_is_refused_with_the_nearest_passages(page: Page) -> None:
    ask(page, NORWAY)
    expect(page.locator("#current .refusal")).to_contain_text("don't seem to answer this question")
    expect(page.locator("#current a.marker")).to_have_count(0)
    expect(page.locator("#sources h2")).to_have_text("Nearest passages")
    page.locator("#sources .card.uncited a.open").first.click()
    expect(document_of(page).locator("#quote")).to_be_visible(timeout=60_000)


def test_follow_up_shows_what_was_searched_for_and_the_earlier_sources_come_back(
    page: Page,
) -> None:
    ask(page, PARIS)
    ask(page, "And how long did they last?")
    expect(page.locator("#current .facts")).to_contain_text("Searched for")
    expect(page.locator("#past .exchange")).to_have_count(1)
    assert is_in_view(page.locator("#current .answer"))
    page.locator("#t1-m1").click()
    expect(document_of(page).locator("mark#quote")).to_contain_text("David Barnea")


def test_settings_are_changed_by_keyboard_and_stay_with_the_conversation(page: Page) -> None:
    button, form = page.locator("#options-summary button"), page.locator("#options-form")
    expect(button).to_contain_text("Quotes · 8 passages")
    button.focus()
    page.keyboard.press("Enter")
    expect(form).to_be_visible()
    expect(button).to_have_attribute("aria-expanded", "true")
    page.keyboard.press("Tab")
    expect(form.get_by_label("Passages to answer from")).to_be_focused()
    page.keyboard.press("Home")
    page.keyboard.press("ArrowRight")
    expect(button).to_contain_text("Quotes · 2 passages")
    expect(form).to_be_visible()
    page.keyboard.press("Escape")
    expect(form).to_be_hidden()
    expect(button).to_be_focused()
    ask(page, PARIS)
    expect(page.locator("#sources .card")).to_have_count(2)
    page.reload()
    expect(button).to_contain_text("Quotes · 2 passages")
    page.get_by_role("button", name="Ask again").click()
    expect(page.locator("#current .exchange.done")).to_be_visible()
    expect(page.locator("#sources .card")).to_have_count(2)
    page.get_by_role("button", name="New chat").click()
    expect(button).to_contain_text("Quotes · 8 passages")
    expect(page.locator("#options-form [type=range]")).to_have_value("8")
    expect(page.locator("#options-form output")).to_have_text("8")


def test_conversation_is_found_after_a_reload_and_can_be_renamed_rated_saved_and_deleted(
    page: Page, data: Path
) -> None:
    ask(page, PARIS)
    page.locator("#current .thumb.down").click()
    page.locator("#current .reasons").get_by_role("button", name="Incomplete").click()
    expect(page.locator("#current .thanks")).to_have_text("Noted: Incomplete")
    rated = json.loads((data / "feedback.jsonl").read_text().splitlines()[-1])
    assert (rated["question"], rated["rating"], rated["reason"]) == (PARIS, "down", "Incomplete")
    assert rated["citations"][0]["document"] == "brief.md"

    page.reload()
    expect(page.locator("#current .question")).to_have_text(PARIS, timeout=30_000)
    expect(page.locator("#current .thanks")).to_be_visible()
    open_conversations(page)
    current = page.locator("#chats li:has([aria-current])")
    current.get_by_role("button", name="Rename").click()
    page.locator("#confirm input").fill("The weekend")
    page.keyboard.press("Enter")
    expect(current.locator(".chat")).to_have_text("The weekend")
    with page.expect_download() as saving:
        current.get_by_role("button", name="Export").click()
    assert saving.value.suggested_filename == "the-weekend.md"
    saved = Path(saving.value.path()).read_text(encoding="utf-8")
    assert f"# The weekend\n\n## {PARIS}\n\nDavid Barnea" in saved
    assert "1. Diplomats try to restart Israel-Hamas ceasefire talks, brief.md: “David" in saved

    page.get_by_role("button", name="New chat").click()
    expect(page.locator("#current .welcome")).to_be_visible()
    expect(page).not_to_have_url(re.compile("chat="))
    open_conversations(page)
    page.get_by_role("button", name="The weekend", exact=True).click()
    expect(page.locator("#current .question")).to_have_text(PARIS)
    open_conversations(page)
    current.get_by_role("button", name="Delete").click()
    page.locator("#confirm .yes").click()
    expect(page.get_by_role("button", name="The weekend", exact=True)).to_have_count(0)
    expect(page.locator("#current .welcome")).to_be_visible()


def test_document_is_uploaded_asked_about_and_deleted_and_its_answer_says_so(page: Page) -> None:
    page.locator("#files").set_input_files(
        {"name": "owls.md", "mimeType": "text/markdown", "buffer": OWLS.encode()}
    )
    expect(page.locator("#uploads li.indexed")).to_have_count(1, timeout=300_000)
    expect(page.locator("#chat .suggestions.about button").first).to_be_visible(timeout=60_000)
    ask(page, "How many owls live in the barn behind the mill?")
    expect(page.locator("#current .answer")).to_contain_text("Two owls live in the barn")
    expect(page.locator("#uploads li")).to_have_count(0)

    page.get_by_role("tab", name="Documents").click()
    page.get_by_role("button", name="Delete Owls of the barn").click()
    expect(page.get_by_role("button", name="Cancel")).to_be_focused()
    page.locator("#confirm .yes").click()
    expect(page.locator("#documents .documents")).not_to_contain_text("owls.md", timeout=300_000)
    page.reload()
    expect(page.locator("#current .outdated")).to_contain_text("owls.md is not indexed any more")
    page.locator("#current a.marker").first.click()
    expect(page.locator("#panel .kept")).to_contain_text("Two owls live in the barn")


def test_upload_of_a_name_that_is_there_asks_and_replaces_nothing_unasked(
    page: Page, data: Path
) -> None:
    corpus = data.parent / "corpus"
    kept = (corpus / "brief.md").read_bytes()
    upload: FilePayload = {"name": "brief.md", "mimeType": "text/markdown", "buffer": OWLS.encode()}
    with writer_lock(data):  # so that what is sent is not indexed for other tests
        page.locator("#files").set_input_files([upload])
        expect(page.locator("#confirm")).to_contain_text("“brief.md” is in the folder already")
        page.get_by_role("button", name="Cancel").click()
        expect(page.locator("#uploads li")).to_have_count(0)
        assert (corpus / "brief.md").read_bytes() == kept
        page.locator("#files").set_input_files([upload])
        expect(page.get_by_role("button", name="Keep both")).to_be_focused()
        page.keyboard.press("Enter")
        expect(page.locator("#uploads .title")).to_have_text("brief (2).md")
        assert (corpus / "brief.md").read_bytes() == kept
        assert (corpus / "brief (2).md").read_text(encoding="utf-8") == OWLS
        (corpus / "brief (2).md").unlink()
        page.locator("#files").set_input_files([upload])
        page.get_by_role("button", name="Replace", exact=True).click()
        expect(page.locator("#uploads .title")).to_have_text(["brief (2).md", "brief.md"])
        expect(page.locator("#uploads li.taken")).to_have_count(2)
        assert (corpus / "brief.md").read_text(encoding="utf-8") == OWLS
        (corpus / "brief.md").write_bytes(kept)


def test_question_over_the_limit_is_told_before_it_is_sent(page: Page) -> None:
    box = page.locator("#ask textarea")
    box.fill("a" * 4_012)
    expect(page.locator("#limit p")).to_have_text("12 characters too long to be asked")
    box.press("Enter")
    page.wait_for_timeout(500)
    expect(page.locator(".exchange")).to_have_count(0)
    expect(box).to_have_value("a" * 4_012)
    box.fill("a" * 4_000)
    expect(page.locator("#limit p")).to_be_hidden()


def test_way_back_leads_from_a_source_to_the_conversation_and_on_to_the_one_before(
    page: Page,
) -> None:
    ask(page, PARIS)
    page.locator("#t1-m1").click()
    expect(page.locator("#panel")).to_have_js_property("open", True)
    page.go_back()
    expect(page.locator("#panel")).to_be_hidden()
    expect(page.locator("#current .question")).to_have_text(PARIS)
    page.go_forward()
    expect(page.locator("#panel")).to_have_js_property("open", True)
    page.locator("#panel .close").click()
    expect(page.locator("#panel")).to_be_hidden()
    page.go_back()
    expect(page.locator("#current .welcome")).to_be_visible()
    page.go_forward()
    expect(page.locator("#current .question")).to_have_text(PARIS)


def test_file_that_is_dropped_anywhere_on_the_page_is_uploaded(page: Page, data: Path) -> None:
    dropped = page.evaluate_handle(
        "text => { const data = new DataTransfer(); "
        "data.items.add(new File([text], 'moths.md', { type: 'text/markdown' })); return data }",
        OWLS,
    )
    with writer_lock(data):  # so that it is not indexed for other tests
        page.locator("#chat").dispatch_event("dragover", {"dataTransfer": dropped})
        expect(page.locator("#side")).to_have_class(re.compile("dropping"))
        page.locator("#chat").dispatch_event("drop", {"dataTransfer": dropped})
        expect(page.locator("#uploads li.taken .title")).to_have_text("moths.md")
        expect(page.locator("#side")).not_to_have_class(re.compile("dropping"))
        file = data.parent / "corpus" / "moths.md"
        assert file.read_text(encoding="utf-8") == OWLS
        file.unlink()


def test_upload_is_taken_back_before_it_is_indexed(page: Page, data: Path) -> None:
    with writer_lock(data):  # so that its sync waits
        page.locator("#files").set_input_files(
            {"name": "bats.md", "mimeType": "text/markdown", "buffer": OWLS.encode()}
        )
        expect(page.locator("#documents .waiting")).to_contain_text(
            "Not indexed yet", timeout=60_000
        )
        page.get_by_role("button", name="Delete bats.md").click()
        page.locator("#confirm .yes").click()
        expect(page.locator("#documents .waiting")).to_have_count(0, timeout=60_000)
    expect(page.locator("#uploads li")).to_have_count(0, timeout=300_000)
    assert not (data.parent / "corpus" / "bats.md").exists()


@pytest.mark.parametrize("words", ["", "   "])
def test_blank_question_asks_nothing_and_the_page_stays(page: Page, words: str) -> None:
    ask(page, PARIS)
    page.locator("#ask textarea").fill(words)
    page.keyboard.press("Enter")
    page.wait_for_timeout(1_500)
    expect(page.locator(".exchange .question")).to_have_text(PARIS)
    expect(page.locator("#documents .documents li")).to_have_count(6)
    expect(page.locator("#options-summary button")).to_be_attached()


def test_page_asks_nothing_of_other_servers_and_complains_of_nothing(watched: Watched) -> None:
    page = watched.open()
    ask(page, PARIS)
    page.locator("#t1-m1").click()
    document_of(page).locator("mark#quote").wait_for()
    page.keyboard.press("Escape")  # on a phone the source covers the box
    ask(page, NORWAY)
    page.wait_for_timeout(500)
    assert watched.requests
    assert watched.strangers() == []
    assert watched.complaints == []


def test_page_and_document_use_our_fonts(page: Page, address: str) -> None:
    for url in (address, f"{address}/documents/brief.md"):
        page.goto(url)
        page.locator("h1").first.wait_for()
        used = page.evaluate(
            "document.fonts.ready.then(all => [...all].filter(font => font.status !== 'unloaded')"
            ".map(font => `${font.family} ${font.status}`.replaceAll('\"', '')))"
        )
        assert set(used) == {"Footnote Sans loaded", "Footnote Serif loaded"}


@pytest.mark.parametrize("width", [1440, 390])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_page_has_no_serious_faults_for_those_who_use_other_means(
    browser: Browser, address: str, scheme: Literal["light", "dark"], width: int
) -> None:
    context = browser.new_context(
        viewport={"width": width, "height": 900}, color_scheme=scheme, has_touch=width < 600
    )
    page = Watched(context.new_page(), address).open()
    assert serious_faults(page) == []
    page.locator("#options-summary button").click()
    page.locator("#options-form").wait_for()
    settled(page)
    assert serious_faults(page) == []
    ask(page, PARIS)
    page.locator("#current .thumb.down").click()
    page.locator("#current .reasons").wait_for()
    assert serious_faults(page) == []
    page.locator("#t1-m1").click()
    document_of(page).locator("mark#quote").wait_for()
    settled(page)
    assert serious_faults(page) == []
    context.close()


@pytest.mark.parametrize(
    ("scheme", "least", "most"), [("light", 230, 255), ("dark", 0, 45)], ids=["light", "dark"]
)
@pytest.mark.sample(2)
def test_page_follows_the_colours_of_the_system(
    browser: Browser, address: str, tmp_path: Path, scheme: str, least: int, most: int
) -> None:
    context = browser.new_context(viewport=DESK, color_scheme=scheme)  # type: ignore[arg-type]
    page = Watched(context.new_page(), address).open()
    ask(page, PARIS)
    colour = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert all(least <= int(part) <= most for part in re.findall(r"\d+", colour)[:3])
    assert len(page.screenshot(path=tmp_path / "page.png")) > 20_000
    context.close()


def test_page_fits_a_phone_at_200_percent(browser: Browser, address: str) -> None:
    page = browser.new_page(viewport={"width": 195, "height": 422}, has_touch=True)
    Watched(page, address).open()
    for question in (HOSTAGES, "Compare Qatar and Egypt"):
        ask(page, question)
        assert page.evaluate("document.documentElement.scrollWidth") == 195
    page.locator("#t1-m1").click()
    expect(document_of(page).locator("rect#quote")).to_be_visible(timeout=60_000)
    close = page.locator("#panel .close").bounding_box()
    assert close
    assert close["x"] + close["width"] <= 195
    page.locator("#panel .close").click()
    page.get_by_role("button", name="New chat").click()
    expect(page.locator("#current .welcome")).to_be_visible()
    page.close()


@pytest.mark.parametrize("width", [320, 390, 768])
def test_page_fits_a_narrow_screen_and_sources_open_over_it(
    browser: Browser, address: str, width: int
) -> None:
    context = browser.new_context(viewport={"width": width, "height": 844}, has_touch=True)
    page = Watched(context.new_page(), address).open()
    ask(page, PARIS)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.locator("#t1-m1").click()
    expect(page.locator("#panel")).to_have_js_property("open", True)
    quote = document_of(page).locator("mark#quote")
    expect(quote).to_be_visible()
    assert is_in_view(quote)
    panel = page.locator("#panel").bounding_box()
    assert panel
    assert panel["width"] == width
    page.locator("#panel h2, #panel .place").evaluate_all(
        "all => all.forEach(each => { each.textContent = 'a_very_long_name_'.repeat(20) })"
    )
    close = page.locator("#panel .close").bounding_box()
    assert close
    assert close["x"] + close["width"] <= width
    page.mouse.click(width / 2, 20)  # beside it
    expect(page.locator("#panel")).to_be_hidden()
    page.locator("#t1-m1").click()
    page.locator("#panel .close").click()
    expect(page.locator("#t1-m1")).to_be_focused()
    page.locator("#top .menu").click()
    expect(page.locator("#chats .chat").first).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("#chats")).to_be_hidden()
    box, side = page.locator("#ask").bounding_box(), page.locator("#side").bounding_box()
    assert box
    assert side
    assert side["y"] >= box["y"] + box["height"] - 1
    context.close()


def test_answer_of_an_llm_is_streamed_and_can_be_stopped(
    nasty: Watched, llm: SlowLLM, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(llm, "seconds", 1.0)  # not done before it is stopped
    page = nasty.open()
    page.locator("#ask textarea").fill("When does the north gate open?")
    page.keyboard.press("Enter")
    running = page.locator("#current .exchange.running .answer")
    expect(running).to_contain_text("north gate opens at nine", timeout=30_000)
    expect(page.locator("#sources h2")).to_have_text("Passages found")
    llm.hung_up.clear()
    page.get_by_role("button", name="Stop").click()
    expect(page.locator("#current .exchange.fault .fault")).to_have_text("Stopped.")
    expect(page.locator("#current .answer")).to_contain_text("north gate opens")
    assert llm.hung_up.wait(10)
    expect(page.get_by_role("button", name="Ask", exact=True)).to_be_visible()


def test_answer_goes_on_while_its_page_is_reloaded_and_is_there_when_done(nasty: Watched) -> None:
    page = nasty.open()
    page.locator("#ask textarea").fill("When does the north gate open?")
    page.keyboard.press("Enter")
    expect(page.locator("#current .exchange.running .answer")).to_contain_text("north gate")
    page.reload()
    expect(page.locator("#current .exchange.running")).to_have_count(1)
    expect(page.get_by_role("button", name="Stop")).to_be_visible()
    expect(page.locator("#current .exchange.done .answer")).to_contain_text(
        "north gate opens at nine", timeout=60_000
    )
    page.reload()
    expect(page.locator("#current .exchange.done")).to_have_count(1)


def test_page_that_lost_its_server_comes_back_with_what_was_written(page: Page) -> None:
    ask(page, PARIS)
    page.context.set_offline(True)
    page.locator("#ask textarea").fill(HOSTAGES)
    page.keyboard.press("Enter")
    expect(page.get_by_text("Connection to the server was lost")).to_be_visible()
    with page.expect_navigation(timeout=60_000):
        page.context.set_offline(False)
    expect(page.locator("#current .question")).to_have_text(PARIS)
    expect(page.locator("#ask textarea")).to_have_value(HOSTAGES)
    expect(page.locator("#options-summary button")).to_be_visible()
    page.locator("#ask textarea").press("Enter")
    expect(page.locator("#current .exchange.done .question")).to_have_text(HOSTAGES)
    page.reload()
    expect(page.locator("#current .question")).to_have_text(HOSTAGES)
    expect(page.locator("#ask textarea")).to_have_value("")


def test_conversation_that_wants_quotes_has_them_where_an_llm_is_set(nasty: Watched) -> None:
    page = nasty.open()
    expect(page.locator("#options-summary button")).to_contain_text("Written by slow · 8 passages")
    page.locator("#options-summary button").click()
    expect(page.get_by_label("Leave out what no passage backs")).to_be_visible()
    page.get_by_label("Quotes").check()
    expect(page.get_by_label("Leave out what no passage backs")).to_be_hidden()
    expect(page.locator("#options-summary button")).to_contain_text("Quotes · 8 passages")
    page.keyboard.press("Escape")
    expect(page.locator("#options-form")).to_be_hidden()
    ask(page, "When does the north gate open?")
    expect(page.locator("#current .facts")).to_contain_text("1 statement, backed by its source")
    expect(page.locator("#current .answer")).not_to_contain_text("click")


@pytest.mark.full
def test_answer_whose_llm_is_dead_says_so_and_can_be_quoted_instead(
    browser: Browser, seeds_data: Path
) -> None:
    with serving(seeds_data, {"FOOTNOTE_LLM_URL": "http://127.0.0.1:9/v1"}) as address:
        page = Watched(browser.new_page(), address).open()
        ask(page, PARIS)
        expect(page.locator("#current .refusal")).to_contain_text("cannot be reached")
        expect(page.locator("#sources h2")).to_have_text("Nearest passages")
        page.get_by_role("button", name="Quote instead").click()
        expect(page.locator("#current .answer")).to_contain_text("David Barnea")
        expect(page.locator("#options-summary button")).to_contain_text("Quotes · 8 passages")
        page.close()


def test_what_a_hostile_document_and_llm_write_stays_text(nasty: Watched) -> None:
    page = nasty.open()
    expect(page.locator("#documents .documents .title")).to_have_text(
        "The <b>gate</b> ${6-7} {{value}}"
    )
    question = (
        "When does the north gate open? <img src=x onerror=\"document.title='owned'\"> ${6-7}"
    )
    ask(page, question)
    expect(page.locator("#current .question")).to_have_text(question)
    expect(page.locator("#current .answer")).to_contain_text("north gate opens at nine")
    expect(
        page.locator("#current .answer img, #current .answer script, #sources img")
    ).to_have_count(0)
    hrefs = page.locator("#current .answer a").evaluate_all(
        "all => all.map(a => a.getAttribute('href'))"
    )
    assert hrefs
    assert all(re.fullmatch(r"#t1-c\d+", href) for href in hrefs)
    assert page.title() == "Footnote"
    page.locator("#current a.marker").first.click()
    document_of(page).locator("mark").first.wait_for()
    assert document_of(page).locator("main img, script").count() == 0
    with page.context.expect_page() as opened:
        page.locator("#panel .whole").click()
    opened.value.locator("mark").first.wait_for()
    assert opened.value.locator("main img, script").count() == 0
    assert nasty.strangers() == []
    assert nasty.complaints == []

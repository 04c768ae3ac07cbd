"""The chat page in a real Chromium: what a person sees, clicks and presses."""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.request import Request, urlopen

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Locator, Page, ViewportSize, expect

from index.settings import load_settings
from index.sync import sync
from rag.engine import Engine
from rag.settings import Settings
from tests.screenshot import ask, chromium, serving

pytestmark = pytest.mark.browser

PARIS = "Who met in Paris?"
NORWAY = "What is the capital of Norway?"
DESK = ViewportSize(width=1280, height=860)
TITLE = "The <b>gate</b> ${6-7} {{value}}"
NASTY = (
    f"# {TITLE}\n\n"
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
        self.page.locator("#sources .documents").wait_for()
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
def address(seeds_data: Path) -> Iterator[str]:
    with serving(seeds_data) as running:
        yield running


@pytest.fixture
def watched(browser: Browser, address: str) -> Iterator[Watched]:
    context = browser.new_context(viewport=DESK)
    yield Watched(context.new_page(), address)
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
    (folder / "corpus" / "gate ${6-7}.md").write_text(NASTY, encoding="utf-8")
    sync(load_settings(Settings, data=folder / "data"), folder / "corpus")
    settings = {"FOOTNOTE_LLM_URL": llm.url, "FOOTNOTE_LLM_MODEL": "slow"}
    with serving(folder / "data", settings) as running:
        yield running


@pytest.fixture
def nasty(browser: Browser, nasty_address: str) -> Iterator[Watched]:
    context = browser.new_context(viewport=DESK)
    yield Watched(context.new_page(), nasty_address)
    context.close()


def citations_of(address: str, question: str) -> list[dict[str, object]]:
    body = json.dumps({"question": question}).encode()
    request = Request(address + "/v1/ask", body, {"Content-Type": "application/json"})
    with urlopen(request) as reply:
        citations: list[dict[str, object]] = json.load(reply)["citations"]
    return citations


def is_in_view(locator: Locator) -> bool:
    seen: bool = locator.evaluate(
        "e => { const r = e.getBoundingClientRect(); "
        "return r.top >= 0 && r.top < innerHeight && r.bottom > 0; }"
    )
    return seen


def test_fresh_page_says_what_is_indexed_and_offers_questions(page: Page, engine: Engine) -> None:
    passages = sum(info.passages for info in engine.documents())
    expect(page.locator("#summary")).to_have_text(f"6 documents · {passages} passages")
    expect(page.locator("#sources .documents li")).to_have_count(6)
    expect(page.locator("#examples button:visible")).to_have_count(4)
    expect(page.locator("#ask textarea")).to_be_focused()


def test_question_is_answered_with_markers_and_their_sources(page: Page, address: str) -> None:
    ask(page, PARIS)
    answer = page.locator("#now .answer")
    for name in ("David Barnea", "William J. Burns", "Mohammed bin Abdulrahman Al Thani"):
        expect(answer).to_contain_text(name)
    citations = citations_of(address, PARIS)
    assert citations
    expect(answer.locator("a.marker")).to_have_count(len(citations))
    marks = page.locator("#sources .card:not(.uncited) mark")
    assert marks.all_inner_texts() == [citation["quote"] for citation in citations]
    expect(page.locator("#ask textarea")).to_have_value("")


def test_marker_leads_to_its_quoted_words_and_back(page: Page) -> None:
    ask(page, PARIS)
    marker = page.locator("#t1-m1")
    marker.click()
    card = page.locator("#t1-c1")
    expect(card).to_be_focused()
    expect(card).to_have_class(re.compile("chosen"))
    assert is_in_view(card.locator("mark"))
    card.locator("a.back").click()
    expect(marker).to_be_focused()


def test_marker_is_reached_and_followed_by_keyboard(page: Page) -> None:
    ask(page, PARIS)
    page.locator("#top button").focus()
    page.keyboard.press("Tab")
    expect(page.locator("#t1-m1")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#t1-c1")).to_be_focused()


def test_card_opens_the_document_at_the_marked_words(page: Page, watched: Watched) -> None:
    ask(page, "How many hostages remain in Gaza?")
    quoted = page.locator("#t1-c1 mark").inner_text()
    with page.context.expect_page() as opened:
        page.locator("#t1-c1 a.open").click()
    document = opened.value
    mark = document.locator("mark#quote")
    mark.wait_for()
    assert mark.inner_text() == quoted
    assert is_in_view(mark)
    assert document.locator("script").count() == 0
    assert watched.complaints == []


def test_what_no_document_says_is_refused_with_the_nearest_passages(page: Page) -> None:
    ask(page, NORWAY)
    expect(page.locator("#now .refusal")).to_contain_text("don't seem to answer this question")
    expect(page.locator("#now a.marker")).to_have_count(0)
    expect(page.locator("#sources h2")).to_have_text("Nearest passages")
    assert page.locator("#sources .card.uncited").count() > 0


def test_follow_up_is_searched_as_a_question_of_its_own(page: Page) -> None:
    ask(page, PARIS)
    ask(page, "When were those talks held?")
    expect(page.locator("#now .foot")).to_contain_text("Searched for")
    expect(page.locator("#past .exchange")).to_have_count(1)


def test_marker_of_an_earlier_answer_brings_its_sources_back(page: Page) -> None:
    ask(page, PARIS)
    ask(page, "How many hostages remain in Gaza?")
    expect(page.locator("#sources .sources:visible .asked")).to_have_text(
        "How many hostages remain in Gaza?"
    )
    page.locator("#t1-m1").click()
    expect(page.locator("#sources .sources:visible .asked")).to_have_text(PARIS)
    expect(page.locator("#t1-c1")).to_be_focused()


def test_newest_answer_is_in_view_above_the_question_box(page: Page) -> None:
    for question in (PARIS, NORWAY, "How many hostages remain in Gaza?", "Who led the talks?"):
        ask(page, question)
    page.wait_for_timeout(300)
    newest = page.locator("#now .exchange").bounding_box()
    box = page.locator("#ask").bounding_box()
    assert newest
    assert box
    assert newest["y"] + newest["height"] <= box["y"] + 1
    assert is_in_view(page.locator("#now .question"))


def test_example_is_asked_by_a_click(page: Page) -> None:
    page.get_by_role("button", name=PARIS).click()
    expect(page.locator("#now .exchange.done .question")).to_have_text(PARIS)
    expect(page.locator("#examples")).to_be_hidden()


def test_new_chat_starts_empty_and_forgets_the_turns(page: Page) -> None:
    ask(page, PARIS)
    page.get_by_role("button", name="New chat").click()
    expect(page.locator("#now .welcome")).to_be_visible()
    expect(page.locator(".exchange")).to_have_count(0)
    expect(page.locator("#sources .documents")).to_be_visible()
    ask(page, PARIS)
    expect(page.locator("#past .exchange")).to_have_count(0)


def test_blank_question_asks_nothing(page: Page) -> None:
    page.locator("#ask textarea").fill("   ")
    page.keyboard.press("Enter")
    page.wait_for_timeout(500)
    expect(page.locator(".exchange")).to_have_count(0)


def test_page_asks_nothing_of_other_servers_and_complains_of_nothing(watched: Watched) -> None:
    page = watched.open()
    ask(page, PARIS)
    page.locator("#t1-m1").click()
    ask(page, NORWAY)
    page.wait_for_timeout(500)
    assert watched.requests
    assert watched.strangers() == []
    assert watched.complaints == []


@pytest.mark.parametrize(
    ("scheme", "least", "most"), [("light", 230, 255), ("dark", 0, 45)], ids=["light", "dark"]
)
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


@pytest.mark.parametrize("width", [320, 390, 768])
def test_page_fits_a_narrow_screen_with_the_sources_below(
    browser: Browser, address: str, width: int
) -> None:
    context = browser.new_context(viewport={"width": width, "height": 844}, has_touch=True)
    page = Watched(context.new_page(), address).open()
    ask(page, PARIS)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.locator("#t1-m1").click()
    expect(page.locator("#t1-c1")).to_be_focused()
    page.wait_for_timeout(800)
    assert is_in_view(page.locator("#t1-c1 mark"))
    box, side = page.locator("#ask").bounding_box(), page.locator("#side").bounding_box()
    assert box
    assert side
    assert side["y"] >= box["y"] + box["height"] - 1
    context.close()


def test_answer_of_an_llm_is_streamed_and_can_be_stopped(nasty: Watched, llm: SlowLLM) -> None:
    page = nasty.open()
    page.locator("#ask textarea").fill("When does the north gate open?")
    page.keyboard.press("Enter")
    running = page.locator("#now .exchange.running .answer")
    expect(running).to_contain_text("north gate opens at nine", timeout=30_000)
    expect(page.locator("#sources h2")).to_have_text("Passages found")
    llm.hung_up.clear()
    page.get_by_role("button", name="Stop").click()
    expect(page.locator("#now .exchange.fault .fault")).to_have_text("Stopped.")
    expect(page.locator("#now .answer")).to_contain_text("north gate opens")
    assert llm.hung_up.wait(10)
    expect(page.get_by_role("button", name="Ask", exact=True)).to_be_visible()


def test_what_a_hostile_document_and_llm_write_stays_text(nasty: Watched) -> None:
    page = nasty.open()
    expect(page.locator("#sources .documents .title")).to_have_text(
        "The <b>gate</b> ${6-7} {{value}}"
    )
    question = (
        "When does the north gate open? <img src=x onerror=\"document.title='owned'\"> ${6-7}"
    )
    ask(page, question)
    expect(page.locator("#now .question")).to_have_text(question)
    expect(page.locator("#now .answer")).to_contain_text("north gate opens at nine")
    expect(page.locator("#now .answer img, #now .answer script, #sources img")).to_have_count(0)
    hrefs = page.locator("#now .answer a").evaluate_all(
        "all => all.map(a => a.getAttribute('href'))"
    )
    assert hrefs
    assert all(re.fullmatch(r"#t1-c\d+", href) for href in hrefs)
    assert page.title() == "Footnote"
    with page.context.expect_page() as opened:
        page.locator("#t1-c1 a.open").click()
    opened.value.locator("mark").first.wait_for()
    assert opened.value.locator("main img, script").count() == 0
    assert nasty.strangers() == []
    assert nasty.complaints == []

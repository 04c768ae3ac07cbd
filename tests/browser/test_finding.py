"""Finding one's way in a real Chromium, on a desk and on a phone: collections, folders, names of
documents, wide tables, spelling, lists, and a page that is there before its documents are read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from index.settings import load_settings
from index.sync.sync import sync
from rag.settings import Settings
from tests.browser.test_conversations import SIZES, opened
from tests.helpers.held_store import first_index_held
from tests.helpers.screenshot import ask, chromium, serving
from ui.service.collections import data_of

pytestmark = [pytest.mark.browser, pytest.mark.sample(1)]
expect.set_options(timeout=30_000)  # on a busy machine

BERTHS = "How much is a berth a night?"
COLUMNS = ("boat", "owner", "length", "beam", "draught", "engine", "insurer", "home port", "built")
BOATS = (
    ("Alder", "Marguerite Oyelaran", "11.4 m", "3.6 m", "1.9 m", "Volvo Penta D2-40 diesel"),
    ("Birch", "Konstantin Abernathy", "9.8 m", "3.2 m", "1.6 m", "Yanmar 3YM30 diesel"),
)
REST = ("Northern Mutual Marine", "Lower Havenbrook", "1998")
FILES = {
    "harbor/fees/berths.md": "# Berths\n\nA berth costs 31 crowns a night, water included.\n",
    "harbor/fees/boats.csv": "\n".join([",".join(COLUMNS), *(",".join(b + REST) for b in BOATS)]),
    "harbor/rules/mooring.md": (
        "# Mooring\n\n## How do I moor a boat?\n\nDo this in order:\n\n"
        "1. Call the harbour office on channel 12.\n2. Put out four fenders on each side.\n"
        "3. Make fast bow and stern with two lines.\n4. Switch off the engine.\n"
    ),
    "town/bus.md": "# Bus\n\nThe bus to the harbour leaves every twenty minutes.\n",
    "town/night.md": "# Night\n\nA night bus costs 4 crowns, a berth on the night train 60.\n",
    **{f"town/street{n}.md": f"# Street {n}\n\nStreet {n} has {n + 2} lamps.\n" for n in range(11)},
}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server of two collections; tests change nothing there."""
    folder = tmp_path_factory.mktemp("finding")
    for path, text in FILES.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8")
    for name in ("harbor", "town"):
        settings = load_settings(Settings, data=data_of(folder / "data", name))
        sync(settings, folder / name)
    with serving(folder / "data") as running:
        yield running


@pytest.fixture(params=SIZES)
def blank(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Page]:
    """A page that has not been anywhere, on a desk and on a phone."""
    width, height = SIZES[request.param]
    page = browser.new_page(viewport={"width": width, "height": height}, has_touch=width < 600)
    yield page
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.close()


@pytest.fixture
def page(blank: Page, address: str) -> Page:
    opened(blank, address)
    return blank


def sources(page: Page) -> set[str]:
    """The documents that the last answer cites or comes near."""
    links = page.locator("#sources .sources:not([hidden]) a.open").evaluate_all(
        "all => all.map(each => each.pathname)"
    )
    return {link.removeprefix("/documents/") for link in links}


def test_collection_is_chosen_over_the_box_and_kept_with_the_conversation(page: Page) -> None:
    chosen = page.get_by_label("Collection to ask")
    ask(page, BERTHS)
    assert {path.partition("/")[0] for path in sources(page)} == {"harbor", "town"}
    chosen.select_option("town")
    expect(page.locator("#documents .documents li")).to_have_count(13)
    ask(page, "How much is a berth on a train?")
    assert {path.partition("/")[0] for path in sources(page)} == {"town"}
    page.reload()
    expect(chosen).to_have_value("town")
    page.get_by_role("button", name="New chat").click()
    expect(chosen).to_have_value("")


def test_folder_is_chosen_over_the_box_and_taken_back(page: Page) -> None:
    page.get_by_label("Ask only some documents").select_option("harbor/fees")
    chip = page.locator("#scope .chip")
    expect(chip).to_have_text("harbor/fees")
    ask(page, BERTHS)
    assert sources(page) <= {"harbor/fees/berths.md", "harbor/fees/boats.csv"}
    page.get_by_role("button", name="Ask not only harbor/fees").click()
    expect(chip).to_have_count(0)


def test_question_that_a_folder_does_not_answer_goes_to_all_documents_by_a_click(
    page: Page,
) -> None:
    page.get_by_label("Ask only some documents").select_option("harbor/rules")
    ask(page, BERTHS)
    expect(page.locator("#current .refusal")).to_contain_text(
        "The question went only to what was chosen: harbor/rules."
    )
    page.get_by_role("button", name="Ask all documents").click()
    expect(page.locator("#current .exchange.done .answer")).to_contain_text("31 crowns")
    expect(page.locator("#scope .chip")).to_have_count(0)
    expect(page.get_by_role("button", name="Ask all documents")).to_have_count(0)


def test_chips_of_another_collection_go_with_it_and_a_refusal_names_the_one_that_was_asked(
    page: Page,
) -> None:
    chosen, only = (
        page.get_by_label("Collection to ask"),
        page.get_by_label("Ask only some documents"),
    )
    only.select_option("harbor/fees")
    only.select_option(".md")
    chips = page.locator("#scope .chip")
    expect(chips).to_have_text(["harbor/fees", ".md"])
    chosen.select_option("town")
    expect(chips).to_have_text([".md"])
    page.get_by_role("button", name="Ask not only .md").click()
    ask(page, "How do I moor a boat?")
    expect(page.locator("#current .refusal")).to_contain_text(
        "The question went only to what was chosen: town."
    )
    page.get_by_role("button", name="Ask all documents").click()
    expect(page.locator("#current .exchange.done .answer")).to_contain_text("four fenders")
    expect(chosen).to_have_value("")


def test_documents_are_found_by_a_part_of_their_names(page: Page) -> None:
    page.get_by_role("tab", name="Documents").click()
    page.get_by_label("Filter documents").fill("BOAT")
    shown = page.locator("#documents .documents > ul > li:visible")
    expect(shown).to_have_count(1)
    expect(shown).to_contain_text("harbor/fees/boats.csv")


def test_wide_table_keeps_its_markers_in_sight_and_says_that_it_scrolls(page: Page) -> None:
    ask(page, "Compare Alder and Birch")
    tables = page.get_by_role("region", name="Table, scrolls sideways")
    table, source = tables.and_(page.locator(".scroll")), tables.and_(page.locator(".grid"))
    expect(table.locator("tbody tr")).to_have_count(2)
    for each in (table, source):
        told = each.evaluate("e => getComputedStyle(e, '::after').content")
        assert told == '"Scroll the table sideways for all of its columns →"'
    inside = (
        "e => { const box = e.closest('.scroll').getBoundingClientRect(); "
        "const { left, right } = e.getBoundingClientRect(); "
        "return left >= box.left && right <= Math.min(box.right, innerWidth) + 1 }"
    )
    for marker in table.locator("a.marker").all():
        assert marker.evaluate(inside)
    table.focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_function("document.querySelector('#chat .scroll').scrollLeft > 0")
    assert table.locator("a.marker").first.evaluate(inside)
    expect(page.locator("#sources .card table")).to_have_count(1)
    expect(page.locator("#sources .card tr.cited")).to_have_count(2)


def test_spelling_that_was_mended_is_told(page: Page) -> None:
    ask(page, "How much is a brerth a night?")
    expect(page.locator("#current .facts")).to_contain_text(re.compile("Searched for “.*berth"))


def test_list_has_one_card_with_all_of_its_quotes_marked(page: Page) -> None:
    ask(page, "How do I moor a boat?")
    expect(page.locator("#current .answer li")).to_have_count(4)
    cards = page.locator("#sources .card:not(.joined, .uncited)")
    expect(cards).to_have_count(1)
    marks = cards.locator("mark")
    assert "Put out four fenders on each side." in " ".join(marks.all_inner_texts())
    last = page.locator("#current a.marker").last
    label = last.inner_text().strip("[]")
    last.click()
    expect(page.locator("#panel .label")).to_have_text(label)
    expect(page.frame_locator("#panel iframe").locator("mark#quote")).to_be_visible()


@pytest.mark.full
def test_page_is_there_while_its_documents_are_read_and_notices_the_end(
    blank: Page, tmp_path: Path
) -> None:
    (tmp_path / "corpus").mkdir()
    (tmp_path / "corpus" / "berths.md").write_text(FILES["harbor/fees/berths.md"], "utf-8")
    (tmp_path / "corpus" / "bus.txt").write_text("The bus leaves at nine.", "utf-8")
    with first_index_held(tmp_path, str(tmp_path / "corpus")) as server:
        opened(blank, server.address)
        expect(blank.locator("#summary p")).to_have_text("Indexing 2 of 2 passages…")
        told = blank.locator("#suggestions .first")
        expect(told).to_contain_text("Questions can be asked once your documents are read")
        ask(blank, BERTHS)
        expect(blank.locator("#current p.fault")).to_contain_text(
            "The documents are being read for the first time (2 of 2 passages indexed)"
        )
        server.let_go()
        expect(blank.locator("#summary p")).to_contain_text("2 documents")
        expect(blank.get_by_label("Ask only some documents")).to_be_visible()
        blank.get_by_role("button", name="Ask again").click()
        expect(blank.locator("#current .exchange.done .answer")).to_contain_text("31 crowns")
        blank.get_by_role("button", name="New chat").click()
        expect(blank.locator("#suggestions .first")).to_have_count(0)


def test_page_part_changed_by_its_own_watcher_is_looked_at_once(page: Page) -> None:
    """A watcher that hears what it writes itself keeps the page from ever answering again."""
    called = page.evaluate(
        """async () => {
            const part = document.querySelector("#download");
            const text = part.appendChild(document.createElement("p"));
            let called = 0;
            window.footnote.watch("download", () => {
                called += 1;
                if (called < 100) text.textContent = "its own";
            });
            const counts = [];
            for (const change of ["first", "second"]) {
                text.textContent = change;
                await new Promise((resolve) => setTimeout(resolve, 50));
                counts.push(called);
            }
            return counts;
        }"""
    )
    assert called == [1, 2]

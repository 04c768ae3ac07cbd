"""What a page loses in use: python -m tests.browser.rounds --rounds 200

Each round does one thing that may lose something, in a real Chromium over a copy of the seeds: two
tabs ask in one conversation, a page is reloaded in mid-answer, a file is sent whose name is taken,
the browser is killed in mid-answer. Then all questions that were shown must be in their
conversation with their answers, and every file in the folder must hold what it should. Leaves with
1 if anything was lost. Only what is killed is a browser of its own: the pages of the others share
one, whose cache saves most of what a page costs.
"""

from __future__ import annotations

import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import click
from playwright.sync_api import (
    Browser,
    BrowserContext,
    Error,
    FilePayload,
    Page,
    Playwright,
    sync_playwright,
)

from index.catalog.writer import writer_lock
from index.settings import load_settings
from index.sync.sync import sync
from rag.settings import Settings
from tests.conftest import SEEDS
from tests.helpers.screenshot import QUIET, ask, serving

QUESTIONS = ("Who met in Paris?", "How many hostages remain in Gaza?", "Compare Qatar and Egypt")
NAME = "note.md"
_WAIT_MS = 60_000


class Rounds:
    """Rounds over one server; `lost` names what was lost in which round."""

    def __init__(
        self, playwright: Playwright, address: str, corpus: Path, chance: random.Random
    ) -> None:
        self._playwright = playwright
        self._context = _launched(playwright).new_context()
        self._address = address
        self._corpus = corpus
        self._chance = chance
        self._files = dict[str, bytes]()
        self._kinds: tuple[Callable[[int], None], ...] = (
            self.two_tabs,
            self.reload_in_mid_answer,
            self.upload_of_a_name_that_is_taken,
            self.killed_browser,
        )
        self.lost = list[str]()
        self.done = Counter[str]()
        self._put(b"The first note.\n")

    def run(self, number: int) -> None:
        """One round; each kind has its turn."""
        kind = self._kinds[number % len(self._kinds)]
        kind(number)
        for page in self._context.pages:
            page.close()
        self._check_files(number)
        self.done[kind.__name__] += 1

    def two_tabs(self, number: int) -> None:
        """Both ask in one conversation, at once."""
        one = self._opened(self._context)
        first, second, third = self._chance.sample(QUESTIONS, 3)
        ask(one, first)
        other = self._context.new_page()
        other.goto(one.url)
        other.locator("#current .exchange").wait_for()
        self._send(one, second)
        self._send(other, third)
        _shown(one, second)
        _shown(other, third)
        self._check(one.url, {first, second, third}, number)

    def reload_in_mid_answer(self, number: int) -> None:
        """The page is reloaded at any moment once the question is shown."""
        page = self._opened(self._context)
        question = self._chance.choice(QUESTIONS)
        self._send(page, question)
        _shown(page, question)
        page.wait_for_timeout(self._chance.uniform(0, 300))
        address = page.url
        page.reload()
        self._check(address, {question}, number)

    def upload_of_a_name_that_is_taken(self, number: int) -> None:
        """The file is replaced, kept beside the one that is there, or not sent after all."""
        page = self._opened(self._context)
        content = f"Note of round {number}.\n".encode()
        choice = self._chance.choice(("Replace", "Keep both", "Cancel"))
        upload: FilePayload = {"name": NAME, "mimeType": "text/markdown", "buffer": content}
        page.locator("#files").set_input_files([upload])
        page.locator("#confirm").get_by_role("button", name=choice, exact=True).click()
        if choice == "Cancel":
            page.locator("#uploads li").wait_for(state="detached")
            return
        page.locator("#uploads li.taken").wait_for()
        name = page.locator("#uploads .title").inner_text()
        if (name == NAME) != (choice == "Replace"):
            self.lost.append(f"round {number}: {choice} made {name}")
        self._files[name] = content

    def killed_browser(self, number: int) -> None:
        """The browser ends at any moment once the question is shown; the answer goes on."""
        browser = _launched(self._playwright)
        page = self._opened(browser.new_context())
        question = self._chance.choice(QUESTIONS)
        self._send(page, question)
        _shown(page, question)
        page.wait_for_timeout(self._chance.uniform(0, 300))
        address = page.url
        with suppress(Error):
            browser.new_browser_cdp_session().send("Browser.crash")
        with suppress(Error):  # it was killed
            browser.close()
        self._check(address, {question}, number)

    def _opened(self, context: BrowserContext) -> Page:
        page = context.new_page()
        page.set_default_timeout(_WAIT_MS)
        page.goto(self._address)
        page.locator("#options-summary button").wait_for()
        page.locator("#documents .documents").wait_for(state="attached")
        return page

    def _send(self, page: Page, question: str) -> None:
        page.locator("#ask textarea").fill(question)
        page.locator("#ask textarea").press("Enter")

    def _check(self, address: str, asked: set[str], number: int) -> None:
        """All questions are in the conversation, with their answers, for a page that opens it."""
        page = self._context.new_page()
        page.set_default_timeout(_WAIT_MS)
        until = time.monotonic() + _WAIT_MS / 1000
        found = set[str]()
        while found != asked and time.monotonic() < until:
            page.goto(address)
            page.locator("#options-summary button").wait_for()
            with suppress(Error):
                page.locator("#current .exchange.done").wait_for(timeout=5_000)
            found = set(page.locator(".exchange.done .question").all_inner_texts())
        self.lost += [f"round {number}: {question}" for question in sorted(asked - found)]

    def _check_files(self, number: int) -> None:
        for name, content in self._files.items():
            path = self._corpus / name
            if not path.exists() or path.read_bytes() != content:
                self.lost.append(f"round {number}: the file {name}")
        for path in SEEDS.iterdir():
            if path.is_file() and (self._corpus / path.name).read_bytes() != path.read_bytes():
                self.lost.append(f"round {number}: the file {path.name}")

    def _put(self, content: bytes) -> None:
        (self._corpus / NAME).write_bytes(content)
        self._files[NAME] = content


def _launched(playwright: Playwright) -> Browser:
    return playwright.chromium.launch(executable_path=shutil.which("chromium"), args=list(QUIET))


def _shown(page: Page, question: str) -> None:
    """Wait until the page shows a question as asked, and names its conversation."""
    page.locator(".exchange .question").get_by_text(question, exact=True).wait_for()
    page.wait_for_url("**/?chat=*")


def rounds(count: int, seed: int = 1) -> Rounds:
    """So many rounds over a server of their own, whose files are not indexed meanwhile."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        shutil.copytree(SEEDS, folder / "corpus")
        sync(load_settings(Settings, data=folder / "data"), folder / "corpus")
        with (
            serving(folder / "data") as address,
            writer_lock(folder / "data"),
            sync_playwright() as playwright,
        ):
            made = Rounds(playwright, address, folder / "corpus", random.Random(seed))
            for number in range(count):
                made.run(number)
                click.echo(f"\r{number + 1} of {count}, lost: {len(made.lost)}", nl=False, err=True)
        click.echo(err=True)
    return made


@click.command()
@click.option("--rounds", "count", default=200, show_default=True, type=click.IntRange(1))
@click.option("--seed", default=1, show_default=True)
def main(count: int, seed: int) -> None:
    """Print what was done, and what was lost."""
    made = rounds(count, seed)
    for kind, times in sorted(made.done.items()):
        click.echo(f"{kind.replace('_', ' '):34}{times:5}")
    click.echo(f"{'lost':34}{len(made.lost):5}")
    for each in made.lost:
        click.echo(each)
    sys.exit(bool(made.lost))


if __name__ == "__main__":
    main()

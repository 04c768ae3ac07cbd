"""Open WebUI, unchanged, with Footnote as its model, in a real Chromium.

It needs an installation of its own: python -m venv DIR; DIR/bin/pip install open-webui; then
OPEN_WEBUI=DIR/bin/open-webui pytest tests/browser/test_open_webui.py. OPEN_WEBUI_PICTURE=OUT.png
keeps a picture of the conversation.
"""

from __future__ import annotations

import os
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.helpers.screenshot import chromium

PROGRAM = os.environ.get("OPEN_WEBUI", "")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.full,
    pytest.mark.skipif(not PROGRAM, reason="OPEN_WEBUI names no installation"),
]
PARIS = "Who met in Paris?"
START_SECONDS = 600


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@pytest.fixture(scope="module")
def open_webui(seeds_server: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of an Open WebUI without accounts, whose one connection is Footnote."""
    folder, port = tmp_path_factory.mktemp("open-webui"), free_port()
    settings = {
        "DATA_DIR": str(folder),
        "WEBUI_AUTH": "False",
        "ENABLE_OLLAMA_API": "False",
        "OPENAI_API_BASE_URL": f"{seeds_server}/v1",
        "OPENAI_API_KEY": "none",
        "RAG_EMBEDDING_ENGINE": "openai",
        "OFFLINE_MODE": "True",
        "ENABLE_VERSION_UPDATE_CHECK": "False",
    }
    command = [PROGRAM, "serve", "--host", "127.0.0.1", "--port", str(port)]
    address = f"http://127.0.0.1:{port}"
    with (folder / "log").open("w") as log:
        server = subprocess.Popen(
            command, cwd=folder, env={**os.environ, **settings}, stdout=log, stderr=log
        )
        try:
            for _ in range(START_SECONDS):
                if is_up(address):
                    break
                if server.poll() is not None:
                    pytest.fail(f"Open WebUI ended:\n{(folder / 'log').read_text()[-2000:]}")
                time.sleep(1)
            yield address
        finally:
            server.terminate()
            server.wait(timeout=60)


def is_up(address: str) -> bool:
    try:
        return httpx.get(f"{address}/health").is_success
    except httpx.HTTPError:
        return False


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


def ask(page: Page, question: str) -> None:
    """Write a question into its box, and send it."""
    page.locator("#chat-input").click()
    page.keyboard.type(question)
    page.keyboard.press("Enter")


def test_open_webui_chats_streams_names_suggests_and_opens_the_passage(
    browser: Browser, open_webui: str, seeds_server: str
) -> None:
    page = browser.new_context(viewport={"width": 1440, "height": 900}).new_page()
    page.set_default_timeout(120_000)
    expect.set_options(timeout=120_000)
    page.goto(open_webui)
    page.get_by_role("button", name="Let's Go").click()
    ask(page, PARIS)
    expect(page.get_by_text("1 Source")).to_be_visible()
    expect(page.get_by_text("Follow up", exact=True)).to_be_visible()
    expect(page).to_have_title(f"{PARIS} / Open WebUI")
    chip = page.get_by_role("button", name="Diplomats try").first
    expect(chip).to_be_visible()
    link = page.locator(f'a[href^="{seeds_server}/documents/brief.md?start="]').first
    with page.context.expect_page() as opened:
        link.click()
    passage = opened.value
    expect(passage.locator("mark#quote")).to_contain_text("met in Paris for preliminary talks.")
    passage.close()
    chip.click()
    shown = page.get_by_role("dialog").locator("a").first
    with page.context.expect_page() as opened:
        shown.click()
    expect(opened.value.locator("mark#quote")).to_be_in_viewport()
    opened.value.close()
    page.keyboard.press("Escape")
    ask(page, "What did Egypt do?")
    expect(page.get_by_text("Follow up", exact=True)).to_have_count(1)
    expect(page.locator(f'a[href^="{seeds_server}/documents/"]').nth(1)).to_be_visible()
    if picture := os.environ.get("OPEN_WEBUI_PICTURE"):
        page.wait_for_timeout(5_000)
        page.screenshot(path=Path(picture))

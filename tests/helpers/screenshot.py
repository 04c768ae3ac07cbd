"""Pictures of the product: python tests/helpers/screenshot.py chat|report OUT.png

Also what the browser tests share: a server in a process of its own, Chromium, and its end.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright
from playwright.sync_api import TimeoutError as NotYet

ROOT = Path(__file__).resolve().parents[2]
FOOTNOTE = (sys.executable, "-c", "from ui.cli import main; main()")
QUESTION = "Who met in Paris?"
OURS = f"--started-by-footnote={os.getpid()}"  # tells our Chromium from others
QUIET = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
).split()


@contextmanager
def serving(
    data: Path, settings: Mapping[str, str] | None = None, checkout: Path | None = None
) -> Iterator[str]:
    """`footnote serve` over a data folder on a free port; yields its address once it is ready.

    `settings` are FOOTNOTE_* variables; another `checkout` runs its own code.
    Raises RuntimeError if the server does not come up.
    """
    server = subprocess.Popen(
        [*FOOTNOTE, "--data", str(data), "serve", "--port", "0"],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, **(settings or {})},
        cwd=checkout,
    )
    try:
        assert server.stdout
        ready = server.stdout.readline()
        if "http://" not in ready:
            raise RuntimeError(f"the server did not start: {ready!r}, exit code {server.poll()}")
        yield "http://" + ready.partition("http://")[2].split()[0]
    finally:
        server.terminate()
        server.wait(timeout=30)


@contextmanager
def chromium() -> Iterator[Browser]:
    """The system's Chromium, or the one that Playwright has, without a window."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=[*QUIET, OURS]
        )
        yield browser
        browser.close()


def kill_chromium() -> None:
    """End every Chromium that this process started; calls to it that wait raise an Error.

    Playwright's own time limits do not end a call to a page whose scripts never end.
    """
    subprocess.run(["pkill", "-KILL", "-f", "--", OURS], check=False)


def ask(page: Page, question: str) -> None:
    """Ask on the chat page and wait for the checked answer."""
    box = page.locator("#ask textarea")
    box.fill(question)
    asked = page.locator("#current .exchange").filter(
        has=page.get_by_role("heading", name=question, exact=True)
    )
    # On a busy machine Enter may come while the answer before is being finished, and is not heard;
    # once it is, the box is empty, and another changes nothing.
    for _ in range(6):
        box.press("Enter")
        with suppress(NotYet):
            asked.wait_for(state="attached", timeout=10_000)
            break
    asked.and_(page.locator(":not(.running)")).wait_for(timeout=60_000)


def chat(folder: Path, out: str) -> None:
    """The chat page after a question over the seeds."""
    data = folder / "data"
    subprocess.run([*FOOTNOTE, "--data", str(data), "index", str(ROOT / "seeds")], check=True)
    with serving(data) as address, chromium() as browser:
        page = browser.new_page(viewport={"width": 1440, "height": 760}, device_scale_factor=1.5)
        page.goto(address)
        ask(page, QUESTION)
        page.locator("a.marker").first.click()
        page.frame_locator("#panel iframe").locator("#quote").wait_for()
        page.mouse.move(0, 0)
        page.wait_for_timeout(800)
        page.screenshot(path=out)


def report(folder: Path, out: str) -> None:
    """The report of a run over the seeds: its head, scores and plots."""
    run = folder / "run"
    gold = ("eval/gold/seeds.jsonl", "--corpus", "seeds", "--out", str(run))
    footnote = (*FOOTNOTE, "--data", str(folder / "data"), "eval")
    subprocess.run([*footnote, "run", *gold], check=True, cwd=ROOT)
    subprocess.run([*footnote, "report", str(run)], check=True, cwd=ROOT)
    with chromium() as browser:
        page = browser.new_page(viewport={"width": 1200, "height": 900})
        page.goto((run / "report.html").as_uri())
        plots = page.locator("#plots").bounding_box()
        assert plots
        height = plots["y"] + plots["height"] + 32
        page.screenshot(
            path=out, full_page=True, clip={"x": 0, "y": 0, "width": 1200, "height": height}
        )


def main() -> None:
    """Make one picture."""
    pictures = {"chat": chat, "report": report}
    if len(sys.argv) != 3 or sys.argv[1] not in pictures:
        sys.exit("usage: python tests/helpers/screenshot.py chat|report OUT.png")
    with tempfile.TemporaryDirectory() as folder:
        pictures[sys.argv[1]](Path(folder), sys.argv[2])


if __name__ == "__main__":
    main()

"""What the chat page costs to open, beside a bare Gradio page: python tests/helpers/first_load.py

With --against CHECKOUT, beside the page of another checkout of this repository in its place (one
from before the package was called footnote-qa wants the metadata of a package `footnote` in it).

Both are opened in turn in a browser without a cache. Printed are the requests, the kilobytes as
they came over the network, and the seconds until a question can be written; the page's are also
printed for a second visit, with the browser's cache.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from time import perf_counter

import click
from playwright.sync_api import Browser, BrowserContext

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.helpers.screenshot import FOOTNOTE, ROOT, chromium, serving

_QUIET_MS = 1_000
BARE = """
import socket, gradio, uvicorn
from fastapi import FastAPI
with gradio.Blocks(analytics_enabled=False) as page:
    gradio.Textbox()
listener = socket.create_server(("127.0.0.1", 0))
print(f"http://127.0.0.1:{listener.getsockname()[1]}", flush=True)
app = gradio.mount_gradio_app(FastAPI(), page, "/", ssr_mode=False)
uvicorn.Server(uvicorn.Config(app, log_level="error")).run([listener])
"""


@dataclass(frozen=True, slots=True)
class Visit:
    """How a page was opened; `seconds` until its box took what was typed."""

    requests: int
    kilobytes: float
    seconds: float


@contextmanager
def bare() -> Iterator[str]:
    """A Gradio page with one textbox; yields its address."""
    server = subprocess.Popen([sys.executable, "-c", BARE], stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout
        yield server.stdout.readline().strip()
    finally:
        server.terminate()
        server.wait(timeout=30)


@contextmanager
def page_of(checkout: Path) -> Iterator[str]:
    """The chat page of a checkout over its seeds; yields its address."""
    given = os.environ | {"PYTHONPATH": str(checkout)}
    with tempfile.TemporaryDirectory() as folder:
        footnote = [*FOOTNOTE, "--data", str(Path(folder) / "data")]
        index = [*footnote, "index", str(checkout / "seeds")]
        subprocess.run(index, check=True, stdout=subprocess.DEVNULL, env=given, cwd=checkout)
        with serving(Path(folder) / "data", {"PYTHONPATH": str(checkout)}, checkout) as address:
            yield address


def visit(context: BrowserContext, address: str) -> Visit:
    """Open a page and write into its box; then wait until nothing more is loaded."""
    page = context.new_page()
    network = context.new_cdp_session(page)
    network.send("Network.enable")
    came = list[float]()
    network.on("Network.loadingFinished", lambda event: came.append(event["encodedDataLength"]))
    began = perf_counter()
    page.goto(address, wait_until="commit")
    box = page.locator("textarea").first
    box.fill("Who?")
    while box.input_value() != "Who?":  # a page that is still being built may empty it
        box.fill("Who?")
    seconds = perf_counter() - began
    seen = -1
    while len(came) > seen:  # a stream stays open, so the network is never idle
        seen = len(came)
        page.wait_for_timeout(_QUIET_MS)
    page.close()
    # What comes from the cache has no length.
    return Visit(sum(size > 0 for size in came), sum(came) / 1000, seconds)


def fresh(browser: Browser, address: str) -> Visit:
    """A visit without a cache."""
    context = browser.new_context()
    try:
        return visit(context, address)
    finally:
        context.close()


def measure(browser: Browser, page: str, other: str, visits: int) -> Iterator[tuple[str, Visit]]:
    """A page's first visits, the other page's, and further ones of the same browser."""
    for _ in range(visits):
        yield "other", fresh(browser, other)
        yield "page", fresh(browser, page)
    context = browser.new_context()
    for number in range(visits + 1):
        again = visit(context, page)
        if number:
            yield "again", again
    context.close()


@click.command()
@click.option("--against", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--visits", "count", default=5, show_default=True, type=click.IntRange(1))
def main(against: Path | None, count: int) -> None:
    """Print the medians, and the page's as multiples of the other page's."""
    beside = page_of(against.resolve()) if against else bare()
    with page_of(ROOT) as page, beside as other, chromium() as browser:
        visits = list(measure(browser, page, other, count))
    rows = {
        name: [
            median(getattr(visit, fact) for kind, visit in visits if kind == name)
            for fact in ("requests", "kilobytes", "seconds")
        ]
        for name in ("other", "page", "again")
    }
    click.echo(f"{'':12}{'requests':>10}{'kB':>8}{'seconds':>9}   as multiples of the other")
    for name, figures in rows.items():
        ratios = " ".join(f"{a / b:.2f}" for a, b in zip(figures, rows["other"], strict=True))
        click.echo(f"{name:12}{figures[0]:10.0f}{figures[1]:8.0f}{figures[2]:9.2f}   {ratios}")


if __name__ == "__main__":
    main()

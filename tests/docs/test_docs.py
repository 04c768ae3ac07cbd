"""The pages of docs/: their shell blocks are run as they stand, and their links lead somewhere."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.helpers.screenshot import ROOT, serving

pytestmark = [pytest.mark.model, pytest.mark.slow]

PAGES = ("using", "http", "operating", "evaluating")
COSTLY = pytest.mark.full  # its one block asks all the questions, again and again
# How a block says that it is not run, and why; readers see it too.
NOT_RUN = "# Not run by the tests: "
FEW = "--limit 9"
HERE = "http://127.0.0.1:7860"


def blocks(page: str) -> list[str]:
    text = (ROOT / "docs" / f"{page}.md").read_text(encoding="utf-8")
    return re.findall(r"^```sh\n(.*?)^```", text, re.DOTALL | re.MULTILINE)


def run_here(pages: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """The blocks that are run, with their pages."""
    for page in pages:
        yield from ((page, block) for block in blocks(page) if not block.startswith(NOT_RUN))


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as a reader has it after `make run`: the program, the seeds, and their index."""
    folder = tmp_path_factory.mktemp("docs")
    shutil.copytree(ROOT / "seeds", folder / "seeds")
    shutil.copytree(ROOT / "eval" / "gold", folder / "eval" / "gold")
    (folder / ".venv" / "bin").mkdir(parents=True)
    for name in ("footnote", "python"):
        ours = f"{sys.executable} -m ui" if name == "footnote" else sys.executable
        program = folder / ".venv" / "bin" / name
        program.write_text(f'#!/bin/sh\nPYTHONPATH={ROOT} exec {ours} "$@"\n', encoding="utf-8")
        program.chmod(0o755)
    subprocess.run([folder / ".venv/bin/footnote", "index", "seeds"], cwd=folder, check=True)
    return folder


@pytest.fixture(scope="module")
def address(desk: Path) -> Iterator[str]:
    with serving(desk / ".footnote") as address:
        yield address


def bash(block: str, desk: Path) -> str:
    """What a block prints, each of its commands having gone well."""
    done = subprocess.run(
        ["bash", "-e", "-u", "-o", "pipefail", "-c", block],
        cwd=desk,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.sample(1, by="family")
@pytest.mark.parametrize(
    ("page", "block"),
    [
        pytest.param(
            page, block, id=f"{page} {number}", marks=COSTLY if page == "evaluating" else ()
        )
        for page in PAGES
        for number, (_, block) in enumerate(run_here((page,)), start=1)
    ],
)
def test_block_of_a_page_works(page: str, block: str, desk: Path, address: str) -> None:
    if block.rstrip().endswith("footnote serve"):
        serves(f"{block.rstrip()} --port 0", desk)
        return
    assert block.count(HERE) == block.count("curl ")
    # All of the questions are asked where they count: by the gate.
    block = block.replace(
        "seeds.jsonl --corpus seeds --out", f"seeds.jsonl {FEW} --corpus seeds --out"
    )
    printed = bash(block.replace(HERE, address), desk)
    assert printed.strip()
    assert '{"error"' not in printed


def serves(command: str, desk: Path) -> None:
    """Start a server that prints its address, and stop it."""
    server = subprocess.Popen(
        ["bash", "-c", f"exec env {command}"], cwd=desk, stdout=subprocess.PIPE, text=True
    )
    assert server.stdout
    shown = ""
    for line in server.stdout:
        shown += line
        if "http://" in line:
            server.terminate()
    server.wait(timeout=30)
    assert "Footnote is ready on http://" in shown


def test_blocks_that_are_not_run_say_why() -> None:
    told = [b.splitlines()[0] for page in PAGES for b in blocks(page) if b.startswith("#")]
    assert told
    assert all(line.startswith(NOT_RUN) and line.endswith(".") for line in told)
    assert all(any(True for _ in run_here((page,))) for page in PAGES)


@pytest.mark.parametrize(
    "page", ["README.md", *sorted(f"docs/{p.name}" for p in ROOT.glob("docs/*.md"))]
)
def test_links_between_pages_lead_somewhere(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    for target in re.findall(r"\]\((?!http)([^)#]*)(?:#[^)]*)?\)", text):
        assert ((ROOT / page).parent / target).exists(), target


def test_readme_leads_to_a_page_for_each_purpose() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for page in (*PAGES, "index", "answering", "openai-and-mcp"):
        assert f"(docs/{page}.md)" in readme

"""The README: its commands are run as they stand, so that they stay true."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.model

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
COMMANDS = [
    line
    for block in re.findall(r"```sh\n(.*?)```", README, re.DOTALL)
    for line in block.strip().splitlines()
]
PORT = 7860


def ours(prefix: str) -> list[str]:
    return [line for line in COMMANDS if line.startswith(prefix)]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with the seeds, made by the README's own way of indexing."""
    folder = tmp_path_factory.mktemp("readme") / "data"
    run(".venv/bin/footnote index seeds", folder)
    return folder


def run(command: str, data: Path) -> subprocess.CompletedProcess[str]:
    """One line of the README, with this interpreter and a data folder of the test's own."""
    words = shlex.split(command)
    program = [sys.executable, "-m", "ui"] if words[0].endswith("footnote") else [words[0]]
    return subprocess.run(
        [*program, *words[1:]],
        cwd=ROOT,
        capture_output=True,
        text=True,
        env={**os.environ, "FOOTNOTE_DATA": str(data)},
        check=True,
    )


# Those with --data name a folder of the reader's own; the tests of the terminal cover them.
@pytest.mark.sample(3)
@pytest.mark.parametrize(
    "command", [line for line in ours(".venv/bin/footnote ") if "--data" not in line]
)
def test_readme_command_line_works(command: str, data: Path, tmp_path: Path) -> None:
    if " eval run " in command:
        command += f" --limit 3 --out {tmp_path / 'run'}"
    assert run(command, data).stdout.strip()


def test_readme_names_a_command_of_each_kind() -> None:
    kinds = {line.split()[1] for line in ours(".venv/bin/footnote ")} - {"--data"}
    assert kinds == {"ask", "search", "index", "doctor", "eval"}
    assert COMMANDS[:2] == ["make run", "make test"]


@pytest.mark.parametrize("command", ours("curl "))
def test_readme_curl_works(command: str, seeds_server: str, data: Path) -> None:
    output = run(command.replace(f"http://127.0.0.1:{PORT}", seeds_server), data).stdout
    if "text/event-stream" in command:
        events = re.findall(r"^event: (\w+)", output, re.MULTILINE)
        assert (events[0], events[-1]) == ("retrieved", "done")
        assert "Egypt" in output
    else:
        assert "error" not in json.loads(output)


def test_readme_make_targets_exist() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in set(re.findall(r"\bmake ([a-z-]+)", README)):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


def test_readme_settings_are_those_of_the_product() -> None:
    from rag.settings import Settings

    table = README.split("| setting |")[1].split("\n\n")[0]
    named = set(re.findall(r"`(\w+)`(?=[^|]*\|[^|]*\|[^|]*\|$)", table, re.MULTILINE))
    assert named <= Settings.model_fields.keys()
    assert {"data", "embedding_model", "llm_url", "strict"} <= named

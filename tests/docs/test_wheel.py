"""The wheel, installed outside the checkout: what is in it, and that it does all that users do."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path
from urllib.request import urlopen

import pytest

pytestmark = [pytest.mark.model, pytest.mark.full]

ROOT = Path(__file__).parents[2]
PACKAGES = ("index", "rag", "ui", "eval")
QUESTION = "Who met in Paris?"


def run(*command: str | Path, cwd: Path) -> str:
    """The standard output of a command that knows nothing of the checkout."""
    names = ("PYTHONPATH", "VIRTUAL_ENV", "FOOTNOTE_DATA")
    given = {name: value for name, value in os.environ.items() if name not in names}
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, env=given, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel of a copy of the packages, so that nothing is written into the checkout."""
    source, out = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    for name in (*PACKAGES, "tests"):
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / name, source / name, ignore=ignored)
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    pip = (sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "--no-index")
    run(*pip, "--wheel-dir", out, source, cwd=out)
    (made,) = out.glob("*.whl")
    return made


@pytest.fixture(scope="module")
def desk(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheel in an environment of its own, documents, gold and an index.

    Its dependencies are those of this environment, whose editable install is not among them.
    """
    folder = tmp_path_factory.mktemp("desk")
    run(sys.executable, "-m", "venv", "--without-pip", folder / "venv", cwd=folder)
    python = folder / "venv" / "bin" / "python"
    (site,) = (folder / "venv" / "lib").glob("python*/site-packages")
    shared = sysconfig.get_paths()["purelib"]
    (site / "shared.pth").write_text(f"{shared}\n", encoding="utf-8")
    pip = (sys.executable, "-m", "pip", "--python", python, "install", "--no-deps", "--no-index")
    run(*pip, wheel, cwd=folder)
    shutil.copytree(ROOT / "seeds", folder / "seeds")
    run(folder / "venv/bin/footnote", "index", "seeds", cwd=folder)
    return folder


def test_wheel_holds_the_packages_and_their_data_and_nothing_else(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.partition("/")[0] for name in names if ".dist-info/" not in name} == {*PACKAGES}
    strays = ("eval/lab/", "eval/bench/", "tests/", "test_")
    assert [name for name in names if name.startswith(strays) or "/test_" in name] == []
    data = [
        path.relative_to(ROOT).as_posix()
        for package in PACKAGES
        for path in (ROOT / package).rglob("*")
        if path.is_file() and path.suffix not in {".py", ".pyc"}
    ]
    # Baselines are the gate's of this repository.
    expected = {
        name
        for name in data
        if not name.endswith("baseline.json") and not name.startswith(("eval/lab/", "eval/bench/"))
    }
    assert {name for name in names if not name.endswith(".py") and ".dist-info/" not in name} == (
        expected
    )


def test_wheel_runs_from_its_own_environment(desk: Path) -> None:
    code = "import eval, index, rag, ui; print(*(m.__file__ for m in (eval, index, rag, ui)))"
    files = run(desk / "venv/bin/python", "-c", code, cwd=desk).split()
    assert len(files) == 4
    assert all(file.startswith(f"{desk}/venv/") for file in files)
    assert run(desk / "venv/bin/footnote", "--version", cwd=desk).startswith("footnote, version ")


def test_wheel_asks(desk: Path) -> None:
    answer = json.loads(run(desk / "venv/bin/footnote", "ask", QUESTION, "--json", cwd=desk))
    assert "David Barnea" in answer["text"]
    assert answer["citations"][0]["document"] == "brief.md"


def test_wheel_evaluates(desk: Path) -> None:
    lines = (ROOT / "eval" / "gold" / "seeds.jsonl").read_text("utf-8").splitlines(keepends=True)
    (desk / "gold.jsonl").write_text("".join(lines[:5]), encoding="utf-8")
    footnote = desk / "venv/bin/footnote"
    run(footnote, "eval", "run", "gold.jsonl", "--corpus", "seeds", "--out", "run", cwd=desk)
    summary = json.loads((desk / "run" / "summary.json").read_text(encoding="utf-8"))
    assert summary["failed"] == []
    run(footnote, "eval", "report", "run", cwd=desk)
    assert "Footnote report" in (desk / "run" / "report.html").read_text(encoding="utf-8")


def test_wheel_serves_its_page_with_styles_scripts_and_fonts(desk: Path) -> None:
    command = [str(desk / "venv/bin/footnote"), "serve", "--port", "0"]
    given = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    server = subprocess.Popen(command, cwd=desk, stdout=subprocess.PIPE, text=True, env=given)
    try:
        assert server.stdout
        ready = server.stdout.readline()
        address = ready.partition("http://")[2].split()[0]
        page = urlopen(f"http://{address}/").read().decode()
        assert "Footnote" in page
        document = urlopen(f"http://{address}/documents/brief.md").read().decode()
        assert "Paris" in document
        for found in set(re.findall(r'href="(/page/[^"]+)"', page + document)):
            assert urlopen(f"http://{address}{found}").status == 200
    finally:
        server.terminate()
        server.wait()


def test_wheel_names_the_checkout_for_a_command_of_the_repository(desk: Path) -> None:
    command = [str(desk / "venv/bin/footnote"), "eval", "ablate", "gold.jsonl"]
    done = subprocess.run(command, cwd=desk, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "footnote eval ablate is part of Footnote's repository" in done.stderr

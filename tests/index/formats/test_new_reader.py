"""A reader is one module and one entry: a toy one is added to a copy of the code, for real."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.model, pytest.mark.full]

ROOT = Path(__file__).parents[3]
MODULE = '''"""Notes of a program, as far as this test needs them."""

from index.formats.base import Parsed


def parse_note(data: bytes) -> Parsed:
    """The subject as the title, and the body."""
    subject, _, body = data.decode().partition("|")
    return Parsed(body, title=subject)
'''
ENTRY = '    ".note": Reader("index.formats.note:parse_note"),\n'
BEFORE = "READERS: Mapping[str, Reader] = {\n"


def footnote(code: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run the program that is in a folder."""
    return subprocess.run(
        [sys.executable, "-m", "ui", "--data", str(code / "data"), *words],
        cwd=code,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(code)},
        check=False,
    )


def test_new_reader_is_one_module_and_one_entry_and_reads_what_was_refused(tmp_path: Path) -> None:
    for package in ("index", "rag", "ui", "eval"):
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / package, tmp_path / package, ignore=ignored)
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    (corpus / "gate.note").write_bytes(b"The north gate|The north gate opens at nine.")
    (corpus / "mill.txt").write_text("The mill stands by the river.", encoding="utf-8")
    refused = footnote(tmp_path, "index", "corpus", "--json")
    assert refused.returncode == 3, refused.stderr
    assert json.loads(refused.stdout)["failed"] == [
        {"path": "gate.note", "reason": "format .note is not read"}
    ]

    (tmp_path / "index" / "formats" / "note.py").write_text(MODULE, encoding="utf-8")
    registry = tmp_path / "index" / "formats" / "registry.py"
    text = registry.read_text(encoding="utf-8")
    assert text.count(BEFORE) == 1
    registry.write_text(text.replace(BEFORE, BEFORE + ENTRY), encoding="utf-8")

    done = footnote(tmp_path, "index", "corpus", "--json")
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert (report["failed"], report["embedded"], report["unchanged"]) == ([], 1, 1)
    found = footnote(tmp_path, "search", "When does the north gate open?", "-k", "1", "--json")
    (passage,) = json.loads(found.stdout)["passages"]
    assert (passage["document"], passage["text"]) == ("gate.note", "The north gate opens at nine.")

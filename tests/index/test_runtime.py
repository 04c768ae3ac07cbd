"""How a program ends: with its exit code and its output, whatever its threads do."""

from __future__ import annotations

import pathlib
import subprocess
import sys

import pytest

LATER = """
import atexit, sys, threading, time
from index.runtime import run_program
def main():
    atexit.register(print, "registered later")
    threading.Thread(target=lambda: (time.sleep(0.1), print("waited for"))).start()
    threading.Thread(target=time.sleep, args=(60,), daemon=True).start()
    END
run_program(main)
"""
UNWRITTEN = """
import sys
from index.runtime import run_program
sys.stdout = open(1, "w", closefd=False)  # with a buffer, whatever PYTHONUNBUFFERED says
run_program(lambda: sys.stdout.write("an answer"))
"""
LOADING = """
import threading
from index.embedding.model_files import BUILT_IN, folder_of
from index.embedding.onnx_encoder import OnnxEncoder
from index.runtime import run_program
loaded = threading.Event()
def load():
    while True:
        OnnxEncoder(folder_of(BUILT_IN)).encode_queries(["a question"])
        loaded.set()
def main():
    for _ in range(4):
        threading.Thread(target=load, daemon=True).start()
    loaded.wait()
run_program(main)
"""


def _run(program: str, output: int = subprocess.PIPE) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", program]
    return subprocess.run(command, stdout=output, stderr=subprocess.PIPE, text=True, check=False)


@pytest.mark.parametrize(
    ("end", "code", "said"),
    [
        ("pass", 0, ""),
        ("sys.exit()", 0, ""),
        ("sys.exit(3)", 3, ""),
        ("sys.exit('no such folder')", 1, "no such folder"),
        ("raise OSError('a full disk')", 1, "OSError: a full disk"),
    ],
)
def test_program_ends_with_its_code_once_its_own_threads_and_handlers_are_done(
    end: str, code: int, said: str
) -> None:
    done = _run(LATER.replace("END", end))
    assert (done.returncode, done.stdout) == (code, "waited for\nregistered later\n")
    assert done.stderr.strip().split("\n")[-1] == said


def test_program_whose_output_cannot_be_written_says_so_by_its_code() -> None:
    with pathlib.Path("/dev/full").open("w", encoding="utf-8") as full:
        assert _run(UNWRITTEN, full.fileno()).returncode == 120


@pytest.mark.model
def test_program_ends_quietly_while_threads_load_a_model() -> None:
    done = _run(LOADING)
    assert (done.returncode, done.stderr) == (0, "")

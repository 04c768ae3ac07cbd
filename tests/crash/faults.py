"""Faults below one folder, and children that meet them: the shim's controls, forks, time limits."""

from __future__ import annotations

import ctypes
import mmap
import os
import pickle
import select
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

MODES = ("off", "count", "kill", "torn", "full")
_FOLDER = "CRASH_FOLDER"
_CONTROL = "CRASH_CONTROL"
_LAYOUT = struct.Struct("<qqq1024s1024s")
_SUBREAPER = 36  # PR_SET_CHILD_SUBREAPER of prctl(2)
T = TypeVar("T")


def start() -> Path:
    """Run this program again with the shim preloaded, once; the folder for its files.

    Exits with a sentence where there is no C compiler.
    """
    if _FOLDER in os.environ:
        ctypes.CDLL(None).prctl(_SUBREAPER, 1, 0, 0, 0)
        return Path(os.environ[_FOLDER])
    # A kill loses nothing that was written, so memory does as well as a disk, and is quicker.
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    folder = Path(tempfile.mkdtemp(prefix="footnote-crash-", dir=memory)).resolve()
    given = {name: value for name, value in os.environ.items() if "FOOTNOTE_" not in name}
    # A fork with live OpenMP threads can hang.
    given |= {_FOLDER: str(folder), "OMP_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false"}
    try:
        (folder / "control").write_bytes(bytes(_LAYOUT.size))
        given |= {_CONTROL: str(folder / "control"), "LD_PRELOAD": str(_compile(folder))}
        again = [sys.executable, *sys.orig_argv[1:]]
        sys.exit(subprocess.run(again, env=given, check=False).returncode)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _compile(folder: Path) -> Path:
    compiler = shutil.which("cc")
    if compiler is None:
        sys.exit("no C compiler (cc) is installed, so no faults can be injected")
    made = folder / "shim.so"
    source = Path(__file__).with_name("shim.c")
    options = ("-O1", "-shared", "-fPIC", "-o")
    subprocess.run([compiler, *options, str(made), str(source), "-ldl"], check=True)
    return made


class Shim:
    """The controls of the shim, which all processes share."""

    def __init__(self) -> None:
        with Path(os.environ[_CONTROL]).open("r+b") as file:
            self._memory = mmap.mmap(file.fileno(), 0)

    def arm(self, mode: str, at: int, folder: Path) -> None:
        """From now on count calls below a folder; at call `at` (from 1) the fault happens."""
        values = (0, at, MODES.index(mode), os.fsencode(folder), b"")
        self._memory[: _LAYOUT.size] = _LAYOUT.pack(*values)

    def disarm(self) -> tuple[int, str]:
        """Count no more; how many calls there were, and which one failed first ("" if none)."""
        count, _, _, _, fault = _LAYOUT.unpack(self._memory[: _LAYOUT.size])
        self.arm("off", 0, Path())
        return count, fault.rstrip(b"\0").decode(errors="replace")


@dataclass(frozen=True, slots=True)
class Ended(Generic[T]):
    """How a child ended: "done" with a value, "raised", "killed by signal N" or "hung"."""

    how: str
    value: T | None
    seconds: float
    errors: str


def in_child(work: Callable[[], T], seconds: float = 60) -> Ended[T]:
    """Do something in a forked child that leads its own process group; wait until all are gone."""
    started = time.perf_counter()
    reading, writing = os.pipe()
    errors = os.memfd_create("errors")
    child = os.fork()
    if not child:
        os.close(reading)
        _work(work, writing, errors)
    os.close(writing)
    with open(reading, "rb") as results:  # noqa: PTH123 a file descriptor, not a path
        sent, hung = _read(results.fileno(), started + seconds)
    status = _end(child, hung, started + seconds)
    os.lseek(errors, 0, os.SEEK_SET)
    said = os.read(errors, 1 << 20).decode(errors="replace")
    os.close(errors)
    how, value = pickle.loads(sent) if sent else ("ended silently", None)
    if hung or status is None:
        how = "hung"
    elif os.WIFSIGNALED(status):
        how = f"killed by signal {os.WTERMSIG(status)}"
    return Ended(how, value, time.perf_counter() - started, said)


def _read(file: int, until: float) -> tuple[bytes, bool]:
    sent = b""
    while True:
        left = max(0.0, until - time.perf_counter())
        if not select.select([file], [], [], left)[0]:
            return b"", True
        block = os.read(file, 1 << 20)
        if not block:
            return sent, False
        sent += block


def _end(child: int, hung: bool, until: float) -> int | None:
    """Wait for a child and end what is left of its process group; its status, None if it hung."""
    process = os.pidfd_open(child)
    if not hung:
        left = max(0.0, until - time.perf_counter())
        hung = not select.select([process], [], [], left)[0]
    os.close(process)
    with suppress(ProcessLookupError):
        os.killpg(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    # What it leaves falls to us, and may hold locks until it is gone.
    with suppress(ChildProcessError):
        while True:
            os.waitpid(-child, 0)
    return None if hung else status


def _work(work: Callable[[], T], results: int, errors: int) -> None:
    os.setpgid(0, 0)
    os.dup2(errors, 1)
    os.dup2(errors, 2)
    try:
        sent: tuple[str, T | None] = ("done", work())
    except BaseException:
        traceback.print_exc()
        sent = ("raised", None)
    sys.stderr.flush()
    data = pickle.dumps(sent)
    while data:
        data = data[os.write(results, data) :]
    os._exit(0)

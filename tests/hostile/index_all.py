"""Index hostile files beside good ones: python -m tests.hostile.index_all

Prints what became of each, and the most memory that the command and each of its readers held;
fails where a file is not told of with its reason, a good one is missing, or the command held a
gigabyte.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from index.sync.parse_worker import CRASHED, OUT_OF_MEMORY
from tests.hostile.more_files import FILES
from tests.hostile.test_bad_files import BAD, GOOD, HOSTILE, LISTED, ODD, fill

LIMIT_MB = 1_000
# Files of the tests that change or go away while they are read; here they are ordinary ones.
_ORDINARY = {"gone.txt", "changed.txt", "odd/socket.txt"}


def make(corpus: Path) -> dict[str, str | None]:
    """Write the files; the reason of each that is not read, "" if it is, None if either may be."""
    corpus.mkdir()
    fill(corpus)
    for name, (data, _) in FILES.items():
        (corpus / name).parent.mkdir(exist_ok=True)
        (corpus / name).write_bytes(data())
    wanted: dict[str, str | None] = {name: "" for name in (*GOOD, *ODD)}
    wanted |= {name: reason for name, (_, reason) in (BAD | FILES).items()} | LISTED
    wanted |= dict.fromkeys(HOSTILE)
    return {name: reason for name, reason in wanted.items() if name not in _ORDINARY}


def peaks(process: subprocess.Popen[str]) -> tuple[int, int]:
    """The most MB that a process held until it ended, and the most that one of its children did."""
    own = children = 0
    while process.poll() is None:
        own = max(own, _peak(process.pid))
        children = max([children, *map(_peak, _children(process.pid))])
        time.sleep(0.05)
    return own, children


def _peak(pid: int) -> int:
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines():
            if line.startswith("VmHWM"):
                return int(line.split()[1]) >> 10
    return 0


def _children(pid: int) -> Iterator[int]:
    with suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            yield from map(int, (task / "children").read_text(encoding="ascii").split())


def main() -> None:
    """Index, print, and tell by the exit code whether all is as it should be."""
    with tempfile.TemporaryDirectory() as folder:
        corpus, began = Path(folder, "corpus"), time.monotonic()
        wanted = make(corpus)
        index = ("-m", "ui", "--data", str(Path(folder, "data")), "index", str(corpus), "--json")
        with (Path(folder) / "report").open("w+", encoding="utf-8") as report:
            command = [sys.executable, *index]
            process = subprocess.Popen(command, stdout=report, stderr=subprocess.PIPE, text=True)
            own, readers = peaks(process)
            report.seek(0)
            told = json.load(report)
    reasons = {failure["path"]: failure["reason"] for failure in told["failed"]}
    wrong = 0
    for name, reason in wanted.items():
        found = reasons.get(name, "")
        is_right = found == reason if reason is not None else found not in (CRASHED, OUT_OF_MEMORY)
        wrong += not is_right
        if name not in GOOD:
            note = "" if is_right else f"   WRONG, expected {reason!r}"
            print(f"{name!r:<42.42} {found or 'read'}{note}")  # noqa: T201
    missing = [name for name in GOOD if name in reasons]
    kept = not wrong and not missing and own < LIMIT_MB
    print(  # noqa: T201
        f"{len(wanted) - len(GOOD)} hostile files and {len(GOOD)} good ones, of which "
        f"{len(GOOD) - len(missing)} are indexed; {wrong} reasons are wrong. The command held "
        f"{own} MB at most, a reader {readers} MB; {time.monotonic() - began:.0f} s: "
        f"{'ok' if kept else 'BROKEN'}"
    )
    sys.exit(0 if kept else 1)


if __name__ == "__main__":
    main()

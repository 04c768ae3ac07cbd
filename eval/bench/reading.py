"""Processor time and peak memory of reading large files, beside another checkout's code."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from eval.bench.made_files import large_files
from eval.bench.timing import Figure
from index.errors import ConfigError, StoreError

_ROOT = Path(__file__).parents[2]
_SMALL = 0.001
# Runs in a process of its own, by the code of the checkout it starts in. A small file of the same
# format goes first, since loading the libraries is no part of reading.
_READ = """
import json, sys, time
from pathlib import Path
from index.formats.registry import parse
small, large = map(Path, sys.argv[1:])
parse(small.name, small.read_bytes())
data = large.read_bytes()
began = time.process_time()
text = parse(large.name, data).text
took = time.process_time() - began
lines = Path("/proc/self/status").read_text().splitlines()
peak = next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:"))
print(json.dumps([took, peak / 1024, len(text)]))
"""


@dataclass(frozen=True, slots=True)
class _Read:
    """Seconds of processor time, peak megabytes of the process, characters read."""

    seconds: float
    megabytes: float
    characters: int


def bench(
    against: Path | None, times: int, say: Callable[[str], None], share: float = 1
) -> Iterator[list[Figure]]:
    """Read made files, each in new processes; in turn with the code in the folder `against`.

    Raises ConfigError if there is no such code.
    """
    # Without it, Python would take the code that is installed, and compare it with itself.
    if against and not (against / "index" / "formats" / "registry.py").is_file():
        raise ConfigError(f"{against} is no checkout of Footnote; give --against another folder")
    with TemporaryDirectory(prefix="footnote-bench-") as folder:
        small = large_files(_SMALL)
        for (name, (ending, make)), (_, tiny) in zip(
            large_files(share).items(), small.values(), strict=True
        ):
            say(name)
            paths = Path(folder) / f"small{ending}", Path(folder) / f"large{ending}"
            for path, content in zip(paths, (tiny(), make()), strict=True):
                path.write_bytes(content)
            own, others = list[_Read](), list[_Read]()
            for _ in range(times):
                own.append(_read(_ROOT, *paths))
                if against:
                    others.append(_read(against, *paths))
            yield list(_figures(name, own, others))


def _read(checkout: Path, *files: Path) -> _Read:
    environment = os.environ | {"PYTHONPATH": str(checkout.resolve())}
    command = [sys.executable, "-c", _READ, *map(str, files)]
    done = subprocess.run(
        command, cwd=checkout, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        said = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
        raise StoreError(f"the code in {checkout} does not read {files[-1].name}: {said}")
    return _Read(*json.loads(done.stdout))


def _figures(name: str, own: list[_Read], others: list[_Read]) -> Iterator[Figure]:
    """The median of each; where there are others, how many times theirs it is, pair by pair."""
    seconds = median(read.seconds for read in own)
    megabytes = median(read.megabytes for read in own)
    yield Figure(f"{name}: time", seconds, "s", f"{own[0].characters:,} characters")
    yield Figure(f"{name}: memory", megabytes, "MB")
    if others:
        slower = median(a.seconds / b.seconds for a, b in zip(own, others, strict=True))
        larger = median(a.megabytes / b.megabytes for a, b in zip(own, others, strict=True))
        theirs = median(read.seconds for read in others), median(r.megabytes for r in others)
        yield Figure(f"{name}: time, to the other", slower, "x", f"{theirs[0]:.2f} s")
        yield Figure(f"{name}: memory, to the other", larger, "x", f"{theirs[1]:.0f} MB")

"""Fail a pipeline when answers got worse: python examples/evaluate_in_ci.py GOLD FOLDER OUT

The first run writes the baseline, which belongs in the repository; the runs after it compare with
it. OUT gets `junit.xml` for the pipeline's list of tests and `comment.md` for the change. The exit
code is the gate's: 0 as good as the baseline, 1 worse, 2 the baseline does not fit.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path


def gate(gold: Path, folder: Path, out: Path) -> int:
    """Run the gate over a gold set and a folder of documents; its exit code."""
    out.mkdir(parents=True, exist_ok=True)
    baseline = out / "baseline.json"
    command = [sys.executable, "-m", "ui", "--data", str(out / "data"), "eval", "gate", str(gold)]
    command += ["--corpus", str(folder), "--baseline", str(baseline)]
    if baseline.exists():
        command += ["--junit", str(out / "junit.xml"), "--markdown", str(out / "comment.md")]
    else:
        command += ["--update"]
    return subprocess.run(command, check=False).returncode


def main() -> None:
    if len(sys.argv) != 4:
        sys.exit("usage: python examples/evaluate_in_ci.py GOLD FOLDER OUT")
    gold, folder, out = map(Path, sys.argv[1:])
    sys.exit(gate(gold, folder, out))


if __name__ == "__main__":
    main()

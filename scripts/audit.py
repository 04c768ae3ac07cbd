"""Asks a database of known faults for what the image installs: `make audit`.

Leaves with 0 if there are none, 1 if there are, which are printed, and 2 if the database could not
be reached, so that nothing was looked up.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TOOL = ROOT / ".tools" / "bin" / "pip-audit"
_NOT_REACHED = 2


def audit(tool: Path, lock: Path) -> int:
    """Print what is known of the packages of a lock; the exit code."""
    options = ("--require-hashes", "--disable-pip", "--progress-spinner", "off", "--timeout", "15")
    done = subprocess.run(
        [tool, *options, "--requirement", lock], capture_output=True, text=True, check=False
    )
    last = "".join(done.stderr.strip().splitlines()[-1:])
    print(done.stdout.strip() or last)  # noqa: T201
    # It leaves with 1 for faults that are known, which it lists, and for its own errors alike.
    if done.returncode and not done.stdout:
        print("There is no network, or no database: nothing was audited.")  # noqa: T201
        return _NOT_REACHED
    return done.returncode


def main() -> None:
    """Audit the lock of the image."""
    sys.exit(audit(TOOL, ROOT / "requirements.lock"))


if __name__ == "__main__":
    main()

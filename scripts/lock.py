"""Writes requirements.lock: what the image installs, each file by its digest.

Run it as `make lock`, for Linux on x86-64 and Python 3.11, which the image has. pip says what it
would install, from the indexes that it is set to; nothing is installed.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
LOCK = ROOT / "requirements.lock"
# What the image has, and what builds Footnote's own wheel there.
WANTED = (f"{ROOT}[ocr,otel]", "setuptools>=77")
_HEAD = """\
# What the image installs (Linux on x86-64, Python 3.11), written by `make lock`.
"""


def report(wanted: Iterable[str]) -> dict[str, Any]:
    """What pip would install into an empty environment. Raises CalledProcessError."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "report.json")
        command = [sys.executable, "-m", "pip", "install", "--dry-run", "--ignore-installed"]
        command += ["--quiet", "--constraint", str(ROOT / "constraints.txt")]
        subprocess.run([*command, "--report", str(file), *wanted], check=True)
        found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        return found


def lines(install: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """A line for each package but Footnote itself, in order of their names.

    Raises ValueError for a package whose digest pip does not tell.
    """
    for item in sorted(install, key=lambda item: _name(item["metadata"]["name"])):
        name, version = _name(item["metadata"]["name"]), item["metadata"]["version"]
        if name == "footnote-qa":
            continue
        digest = item["download_info"].get("archive_info", {}).get("hashes", {}).get("sha256")
        if not digest:
            raise ValueError(f"there is no digest of {name} {version}")
        yield f"{name}=={version} --hash=sha256:{digest}\n"


def _name(name: str) -> str:
    """A package's name as indexes compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def main() -> None:
    """Write the file anew."""
    found = list(lines(report(WANTED)["install"]))
    LOCK.write_text(_HEAD + "".join(found), encoding="utf-8")
    print(f"{len(found)} packages in {LOCK.name}")  # noqa: T201


if __name__ == "__main__":
    main()

"""Installs packages with pip and says meanwhile what it does: python scripts/install.py ARGUMENTS

Needs nothing but Python. `python scripts/install.py --port 7860` only tells whether a port is free.
"""

from __future__ import annotations

import re
import socket
import subprocess
import sys
from collections import deque
from contextlib import suppress

_SAID_AT_THE_END = 25
_LARGE_MB = 20
_SIZE = re.compile(r"\s*Downloading (?P<name>[^-\s]+)\S* \((?P<size>[\d.]+) (?P<unit>[kMG])B\)")
_MEGABYTES = {"k": 1e-3, "M": 1, "G": 1e3}


def main(arguments: list[str]) -> int:
    """Run what the arguments ask for; the exit code."""
    if arguments[:1] == ["--port"]:
        return look_at(int(arguments[1]))
    return install(arguments)


def say(line: str) -> None:
    """Print a line at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def look_at(port: int) -> int:
    """Tell if a port of this machine is taken, and name one that is not."""
    if is_free(port):
        return 0
    other = next((each for each in range(port + 1, min(port + 50, 65536)) if is_free(each)), 0)
    say(f"footnote: port {port} is in use; run: make run PORT={other or 'ANOTHER'}")
    return 2


def is_free(port: int) -> bool:
    """Whether a server can listen on a port of the loopback address."""
    with socket.socket() as found, suppress(OSError):
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        found.bind(("127.0.0.1", port))
        return True
    return False


def install(arguments: list[str]) -> int:
    """Run pip; a line for each package that it gets, and what it said last if it fails."""
    command = [sys.executable, "-m", "pip", "install", "--disable-pip-version-check"]
    command += ["--progress-bar", "off", *arguments]
    last, count = deque[str](maxlen=_SAID_AT_THE_END), 0
    say("Installing what Footnote needs; the first time takes some minutes.")
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as pip:
        assert pip.stdout
        for line in pip.stdout:
            last.append(line)
            count += line.startswith("Collecting ")
            if told := step(line, count):
                say(told)
    if pip.returncode:
        sys.stderr.write("".join(last))
    return pip.returncode


def step(line: str, count: int) -> str:
    """What a line of pip's is told as, "" for nothing; `count` packages are looked up so far."""
    if line.startswith("Collecting "):
        return f"{count:>4}  {re.split(r'[<>=!~; (]', line.split()[1])[0]}"
    if found := _SIZE.match(line):
        size = float(found["size"]) * _MEGABYTES[found["unit"]]
        return f"      getting {found['name']}, {size:,.0f} MB" if size >= _LARGE_MB else ""
    if line.startswith("Installing collected packages:"):
        return f"Unpacking {line.count(',') + 1} packages, which takes a minute or two."
    return ""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

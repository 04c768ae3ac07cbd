"""Footnote's commands as processes of their own: what each costs, and servers to be asked."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from time import perf_counter, sleep

from index.errors import StoreError

ROOT = Path(__file__).parents[2]
_POLL_SECONDS = 0.05
_SECONDS = 120.0


@dataclass(frozen=True, slots=True)
class Cost:
    """CPU seconds and peak memory (MB) of a process that has ended."""

    cpu: float
    peak: float


@dataclass(frozen=True, slots=True)
class Checkout:
    """A checkout of Footnote whose commands are run with this interpreter, and a data folder."""

    root: Path
    data: Path
    settings: Mapping[str, str]

    def run(self, *words: str) -> bytes:
        """Run a command to its end; its standard output."""
        return subprocess.run(
            self._command(words),
            cwd=self.root,  # its modules come first
            env=self._environment(),
            check=True,
            stdout=subprocess.PIPE,
        ).stdout

    def cost(self, *words: str) -> Cost:
        """Run a command to its end; what it cost, with the processes that it waited for."""
        process = subprocess.Popen(
            self._command(words),
            cwd=self.root,
            env=self._environment(),
            stdout=subprocess.DEVNULL,
        )
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise StoreError(f"footnote {words[0]} ended with {process.returncode}")
        return Cost(usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)

    @contextmanager
    def serving(self, *words: str) -> Iterator[Server]:
        """Serve until the block ends; the server has printed its address."""
        began = perf_counter()
        command = self._command(("serve", "--port", "0", *words))
        with subprocess.Popen(
            command,
            cwd=self.root,
            env=self._environment(),
            stdout=subprocess.PIPE,
            text=True,
        ) as process:
            line = process.stdout.readline() if process.stdout else ""
            address = line.partition("http://")[2].partition(" ")[0].strip()
            try:
                if not address:
                    raise StoreError("the server did not start; run: footnote serve")
                yield Server(address, process.pid, began)
            finally:
                process.terminate()

    def _command(self, words: Sequence[str]) -> list[str]:
        return [sys.executable, "-m", "ui", "--data", str(self.data), *words]

    def _environment(self) -> dict[str, str]:
        return {**os.environ, "PYTHONPATH": str(self.root), **self.settings}


@dataclass(frozen=True, slots=True)
class Server:
    """A server that runs: its address, its process, and when it was started."""

    address: str
    pid: int
    began: float

    def get(self, path: str) -> tuple[int, bytes]:
        """Status and body; 0 if there is no answer."""
        connection = HTTPConnection(self.address, timeout=60)
        try:
            connection.request("GET", path)
            response = connection.getresponse()
            return response.status, response.read()
        except (OSError, HTTPException):
            return 0, b""
        finally:
            connection.close()

    def ask(self, question: str) -> int:
        """The status of an answer; 0 if there is none."""
        connection = HTTPConnection(self.address, timeout=60)
        try:
            body = json.dumps({"question": question})
            connection.request("POST", "/v1/ask", body, {"Content-Type": "application/json"})
            response = connection.getresponse()
            response.read()
        except (OSError, HTTPException):
            return 0
        else:
            return response.status
        finally:
            connection.close()

    def ready_seconds(self) -> float:
        """Seconds from its start until `/readyz` says that it is; waits for that."""
        while perf_counter() - self.began < _SECONDS:
            if self.get("/readyz")[0] == 200:
                return perf_counter() - self.began
            sleep(_POLL_SECONDS)
        raise StoreError("the server did not become ready; run: footnote serve")

    def generation(self) -> int:
        """The generation that it answers from; 0 if it does not say."""
        status, body = self.get("/readyz")
        return int(json.loads(body)["generation"]) if status == 200 else 0

    def cpu(self) -> float:
        """CPU seconds that it has used."""
        fields = (
            Path(f"/proc/{self.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        )
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def resident(self) -> float:
        """Its memory in MB, without what it shares with others through files."""
        lines = Path(f"/proc/{self.pid}/status").read_text(encoding="ascii").splitlines()
        values = dict(line.split(":", 1) for line in lines)
        return int(values["VmRSS"].split()[0]) / 1024

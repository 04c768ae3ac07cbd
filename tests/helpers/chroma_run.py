"""A real Chroma server on this machine, which can be killed, stopped and started again."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

from tests.helpers.s3 import free_port, wait_for


class ChromaServer:
    """`chroma run` over a folder; it keeps its port when it is started again."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, free_port()
        self.address = f"http://127.0.0.1:{self.port}"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, and wait until it listens."""
        program = Path(sys.executable).with_name("chroma")
        self._process = subprocess.Popen(
            [program, "run", "--path", self.folder, "--port", str(self.port)],
            cwd=self.folder.parent,  # its configuration is none of the current folder's
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        wait_for(self.port, self._process)

    def kill(self) -> None:
        """Kill it where it is."""
        if self._process:
            self._process.kill()
            self._process.wait()
            self._process = None

    def pause(self) -> None:
        """Have it accept connections and say nothing."""
        if self._process:
            self._process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        """End the pause."""
        if self._process:
            self._process.send_signal(signal.SIGCONT)

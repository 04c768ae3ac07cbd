"""A vector store that holds up the first index, and a server that is in that state.

Set as `FOOTNOTE_VECTOR_STORE`; it waits, with all files read, until the file that HELD_BY names is
gone. With words in that file, the index fails instead, and says them.
"""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from index.engines.chroma_store import ChromaStore
from index.errors import StoreError
from tests.helpers.screenshot import FOOTNOTE, ROOT

_NAME = "tests.helpers.held_store:HeldStore"


class HeldStore(ChromaStore):
    """As ChromaStore, whose stores are made once they may."""

    @staticmethod
    def build(generation: Path) -> None:
        held = Path(os.environ.get("HELD_BY", ""))
        while held.is_file():
            if words := held.read_text(encoding="utf-8"):
                raise StoreError(words)
            time.sleep(0.02)
        ChromaStore.build(generation)


@dataclass(frozen=True)
class HeldServer:
    """A server whose first index goes on when it is let go; `said` gives what it prints."""

    address: str
    process: subprocess.Popen[str]
    said: IO[str]
    held: Path

    def let_go(self) -> list[str]:
        """Let the index go on; what is said, to the line that says that questions are answered."""
        self.held.unlink()
        lines = [self.said.readline()]
        while lines[-1] and " is ready on " not in lines[-1]:
            lines.append(self.said.readline())
        return lines

    def fail(self, words: str) -> tuple[int, str]:
        """Have the index fail with these words; the server's exit code and errors."""
        aside = self.held.with_suffix(".words")
        aside.write_text(words, encoding="utf-8")
        aside.replace(self.held)
        _, errors = self.process.communicate(timeout=60)
        return self.process.returncode, errors


@contextmanager
def first_index_held(folder: Path, *served: str) -> Iterator[HeldServer]:
    """A server with its data in a folder, in the middle of the first index of what it serves."""
    held = folder / "held"
    held.touch()
    environment = {**os.environ, "FOOTNOTE_VECTOR_STORE": _NAME, "HELD_BY": str(held)}
    with subprocess.Popen(
        [*FOOTNOTE, "--data", str(folder / "data"), "serve", *served, "--port", "0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
        cwd=ROOT,
    ) as process:
        assert process.stdout
        try:
            line = next((line for line in process.stdout if "Footnote is on " in line), "")
            assert line, "the server did not begin"
            yield HeldServer(line.split()[3].rstrip(";"), process, process.stdout, held)
        finally:
            process.terminate()

"""Drawn pages of PDFs, kept in files within a quota, for as long as the index is the same."""

from __future__ import annotations

import os
import shutil
import threading
from collections import OrderedDict
from contextlib import suppress
from pathlib import Path

FOLDER = "drawn"
_QUOTA_BYTES = 200 << 20
_IN_MEMORY = 16


class PageCache:
    """PNGs by name in a folder, which is emptied first; in memory, and few, if it can't be used.

    Nothing of a document that was deleted stays: `begin` empties it for each new generation.
    """

    def __init__(self, data: Path, quota: int = _QUOTA_BYTES) -> None:
        self._folder = data / FOLDER
        self._quota = quota
        self._lock = threading.Lock()
        self._generation: int | None = None
        self._sizes = OrderedDict[str, int]()
        self._in_memory = OrderedDict[str, bytes]()

    def begin(self, generation: int) -> bool:
        """Empty the cache if it was filled from another generation of the index; whether it was."""
        with self._lock:
            if generation == self._generation:
                return False
            self._generation = generation
            self._sizes.clear()
            self._in_memory.clear()
            shutil.rmtree(self._folder, ignore_errors=True)
            return True

    def get(self, name: str) -> bytes | None:
        """A PNG, None if it is not kept."""
        with self._lock:
            if name in self._in_memory:
                return self._in_memory[name]
            if name not in self._sizes:
                return None
            self._sizes.move_to_end(name)
        try:
            return (self._folder / name).read_bytes()
        except OSError:  # another server on the same folder has emptied it
            with self._lock:
                self._sizes.pop(name, None)
            return None

    def put(self, name: str, png: bytes) -> None:
        """Keep a PNG; those used longest ago go where the quota is reached."""
        with self._lock:
            if not self._write(name, png):
                self._in_memory[name] = png
                while len(self._in_memory) > _IN_MEMORY:
                    self._in_memory.popitem(last=False)
                return
            self._sizes[name] = len(png)
            while sum(self._sizes.values()) > self._quota:
                oldest, _ = self._sizes.popitem(last=False)
                with suppress(OSError):
                    (self._folder / oldest).unlink(missing_ok=True)

    def _write(self, name: str, png: bytes) -> bool:
        temporary = self._folder / f".{name}-{os.getpid()}"
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            temporary.write_bytes(png)
            temporary.replace(self._folder / name)
        except OSError:
            with suppress(OSError):
                temporary.unlink(missing_ok=True)
            return False
        return True

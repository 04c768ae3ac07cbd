"""A folder indexed by a process of its own while a server starts, or already answers."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib import import_module
from pathlib import Path

from index.engines.chroma_store import preload
from index.errors import FootnoteError
from index.settings import IndexSettings
from ui.index_folder import PARTIAL
from ui.resync import corpus_of

_LOOK_SECONDS = 0.1


@contextmanager
def indexing(folder: Path, settings: IndexSettings) -> Iterator[None]:
    """`footnote index FOLDER` beside what is done here.

    If the folder is indexed already, it is brought up to date meanwhile; else its first index is
    waited for. If that fails, the program ends with its exit code: it has said why.
    """
    command = [sys.executable, "-m", "ui", "--data", str(settings.data), "index", str(folder)]
    known = _is_indexed(folder, settings)
    with subprocess.Popen(command) as process:
        try:
            if not known:
                # What a server imports takes as long as what an index imports.
                import_module("ui.app")
                preload()
                while process.returncode is None and not _is_indexed(folder, settings):
                    with suppress(subprocess.TimeoutExpired):
                        process.wait(_LOOK_SECONDS)
                if process.returncode not in (None, 0, PARTIAL):
                    sys.exit(process.returncode)
            yield
        finally:
            process.terminate()


def _is_indexed(folder: Path, settings: IndexSettings) -> bool:
    with suppress(FootnoteError, OSError):
        return corpus_of(settings).samefile(folder)
    return False

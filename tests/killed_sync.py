"""Run as `python tests/killed_sync.py DATA CORPUS`: each line read names a moment of a sync.

A forked child syncs and kills itself at that moment, as kill -9 would, or may write no file of over
150 kB, as if the disk were full; its exit code is printed. All share slow imports and the model.
"""

from __future__ import annotations

import os
import resource
import signal
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent.parent))

from index import generations, intake, sync
from index.catalog_writer import CatalogWriter
from index.errors import FootnoteError
from index.lexical import LexicalFollower
from index.settings import IndexSettings, load_settings
from tests.indexing import minilm


def die(*_: object, **__: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def progress(moment: str) -> intake.Progress:
    return lambda stage, *_: die() if stage == moment else None


def arm(moment: str) -> None:
    """Have this process die at a moment that no progress is told of."""
    patch, set_meta = pytest.MonkeyPatch(), CatalogWriter.set_meta

    def die_before_commit(catalog: CatalogWriter, name: str, value: str) -> None:
        set_meta(catalog, name, value)
        if name == "generation":
            die()

    if moment == "followers":  # Chroma's is written, Tantivy's is not
        patch.setattr(LexicalFollower, "apply", die)
    elif moment == "commit":
        patch.setattr(CatalogWriter, "set_meta", die_before_commit)
    elif moment == "sweep":
        patch.setattr(generations, "sweep", die)
    elif moment == "disk full":
        resource.setrlimit(resource.RLIMIT_FSIZE, (150_000, 150_000))


def main() -> None:
    data, corpus = (Path(argument) for argument in sys.argv[1:])
    _ = minilm().max_tokens  # loads it
    pytest.MonkeyPatch().setattr(sync, "Embedder", lambda _: minilm())
    for line in sys.stdin:
        child = os.fork()
        if not child:
            moment = line.strip()
            arm(moment)
            settings = load_settings(IndexSettings, data=data)
            try:
                sync.sync(settings, corpus, progress=progress(moment))
            except FootnoteError as error:
                os._exit(error.exit_code)
            os._exit(0)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()

"""Whether the sync after a fault put everything right."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from index.engines.generations import FOLDER
from tests.crash.faults import Ended, in_child
from tests.crash.look import Flaw, Held, flaws, look
from tests.crash.scenes import Synced, top_names

# Folders of a run, generations, Chroma's and Tantivy's files.
_NAME = re.compile(r"/\S*/footnote-crash-\w+|\d{6}-[0-9a-f]{8}|[0-9a-f]{32}|[0-9a-f-]{36}|\.tmp\w+")


def after_recovery(
    data: Path, again: Ended[Synced], expected: Held, names: frozenset[str], missing: int
) -> Iterator[Flaw]:
    """What is wrong after a sync that should have made an index what is expected.

    `names` may be in the data folder; `missing` texts had no vector before the sync.
    """
    if again.how != "done" or again.value is None or again.value.error:
        said = again.value.error if again.value else last_line(again.errors)
        yield "unreadable", f"the next sync {again.how}: {said}"
        return
    seen = in_child(lambda: look(data))
    if seen.how != "done":
        yield "unreadable", f"after the next sync {seen.how}: {last_line(seen.errors)}"
    else:
        yield from flaws(seen.value, [expected])
    if again.value.embedded > missing:
        yield "again", f"{again.value.embedded} texts were embedded, {missing} had no vector"
    if strays := top_names(data) - names:
        yield "left", f"{sorted(strays)} lie about"
    if (folders := len(list((data / FOLDER).iterdir()))) != 1:
        yield "left", f"{folders} generations lie about"


def general(text: str) -> str:
    """The text without names that are other ones in each run."""
    return _NAME.sub("*", text)


def last_line(errors: str) -> str:
    """The end of what a process said."""
    return (errors.strip().splitlines() or ["without a word"])[-1][:300]

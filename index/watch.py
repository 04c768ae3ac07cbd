"""Follow a folder: which changes are worth a sync, and when to look without one."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from threading import Event

# Changes are told as they come; this often it is seen whether to look without one.
_TICK_MS = 1000
# A look this many ticks after the last, whatever was told: network drives tell nothing.
_LOOK_ANYWAY = 300
# Editors write a file in several steps.
_SETTLED_MS = 800


def changes(corpus: Path, leave_out: Path, stop: Event) -> Iterator[None]:
    """Yield once for each batch of changes below a folder, and now and then without one: first when
    watching has begun, since what changed before that is not told.

    Changes of hidden files and inside the folder `leave_out` are passed over.
    """
    from watchfiles import Change, watch

    # Told as they are, with links resolved.
    root, left_out = os.path.realpath(corpus), os.path.realpath(leave_out)

    def counts(_: Change, path: str) -> bool:
        inside = os.path.relpath(path, root)
        hidden = any(part.startswith(".") and part != ".." for part in Path(inside).parts)
        return not hidden and not path.startswith(left_out + os.sep)

    ticks = _LOOK_ANYWAY
    for found in watch(
        root,
        watch_filter=counts,
        debounce=_SETTLED_MS,
        step=_SETTLED_MS // 2,
        stop_event=stop,
        rust_timeout=_TICK_MS,
        yield_on_timeout=True,
        raise_interrupt=True,
    ):
        ticks += 1
        if found or ticks > _LOOK_ANYWAY:
            ticks = 0
            yield

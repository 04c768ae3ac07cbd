"""The documents panel as HTML: what is indexed, what failed and why, and how far a sync is."""

from __future__ import annotations

from markupsafe import Markup

from index.formats.registry import READERS
from ui.service.background_sync import SyncState
from ui.service.library import LibraryState
from ui.templating import render
from ui.viewer.document import document_url

# A browser is slow with more; the rest can be asked about all the same.
_LISTED = 500
_FILTERED = 12  # from so many on there is a box to filter them
_STAGES = {
    "waiting": "Waiting for another run of the index",
    "starting": "Starting to index",
    "reading": "Reading",
    "embedding": "Indexing",
}


def shelf_html(state: LibraryState) -> Markup:
    """The whole panel. Files can be dropped on it if the folder can be changed."""
    usable = [info for info in state.documents if not info.failure]
    return render(
        "page/documents.html",
        usable=usable,
        failed=[info for info in state.documents if info.failure],
        waiting=state.waiting,
        listed=_LISTED,
        has_filter=len(usable) >= _FILTERED,
        closed=state.closed,
        accept=" ".join(sorted(kind for kind in READERS if kind.startswith("."))),
        is_running=state.sync.running,
        sync_error=state.sync.error,
        progress=_progress(state.sync),
        document_url=document_url,
    )


def summary_html(state: LibraryState) -> Markup:
    """How much is indexed, in a line."""
    usable = [info for info in state.documents if not info.failure]
    passages = sum(info.passages for info in usable)
    return render("page/summary.html", documents=len(usable), passages=passages)


def _progress(sync: SyncState) -> str:
    stage = _STAGES.get(sync.stage, "Indexing")
    return f"{stage} {sync.done:,} of {sync.total:,}" if sync.total else stage

"""The documents panel as HTML: what is indexed, what failed and why, and what goes on."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote

from index.catalog.reader import DocumentInfo
from index.formats.registry import READERS
from ui.page.html_conversation import count
from ui.service.background_sync import SyncState
from ui.service.library import LibraryState
from ui.viewer.document import document_url
from ui.viewer.safe_html import safe

# A browser is slow with more; the rest can be asked about all the same.
_LISTED = 500
_FILTERED = 12  # from so many on there is a box to filter them
_STAGES = {
    "waiting": "Waiting for another run of the index",
    "starting": "Starting to index",
    "reading": "Reading",
    "embedding": "Indexing",
}


def shelf_html(state: LibraryState) -> str:
    """All of the panel. Files can be dropped on it if the folder can be changed."""
    usable = [info for info in state.documents if not info.failure]
    failed = [info for info in state.documents if info.failure]
    running = "running" if state.sync.running else "idle"
    accept = " ".join(sorted(kind for kind in READERS if kind.startswith(".")))
    adding = (
        f'<p class="closed">{safe(state.closed)}</p>'
        if state.closed
        else f'<button type="button" class="pick" data-accept="{accept}">Add documents</button>'
    )
    return (
        f'<section class="documents {running}"><header><h2 class="unseen">Documents</h2>'
        f"{adding}</header>"
        f"{_sync(state.sync)}{_waiting(state.waiting)}"
        f"{_failures(failed, deletable=not state.closed)}"
        f"{_list(usable[:_LISTED], deletable=not state.closed)}{_more(len(usable))}</section>"
    )


def summary_html(state: LibraryState) -> str:
    """How much is indexed, in a line."""
    usable = [info for info in state.documents if not info.failure]
    passages = sum(info.passages for info in usable)
    return (
        f"<p>{count(len(usable), 'document')}"
        f'<span class="detail"> · {count(passages, "passage")}</span></p>'
    )


def _sync(sync: SyncState) -> str:
    if sync.running:
        stage = _STAGES.get(sync.stage, "Indexing")
        how_far = f" {sync.done:,} of {sync.total:,}" if sync.total else ""
        waits = f" ({safe(sync.error)})" if sync.error else ""
        return f'<p class="sync" role="status">{stage}{how_far}…{waits}</p>'
    return f'<p class="fault" role="status">{safe(sync.error)}</p>' if sync.error else ""


def _waiting(names: Sequence[str]) -> str:
    items = "".join(_unread(name, "Not indexed yet", deletable=True) for name in names[:_LISTED])
    return f'<ul class="waiting" aria-label="Waiting to be indexed">{items}</ul>' if items else ""


def _failures(failed: Sequence[DocumentInfo], deletable: bool) -> str:
    if not failed:
        return ""
    items = "".join(_unread(info.path, info.failure or "", deletable) for info in failed[:_LISTED])
    noun = f"{count(len(failed), 'file')} could not be read"
    return f'<details class="failed"><summary>{noun}</summary><ul>{items}</ul></details>'


def _list(documents: Sequence[DocumentInfo], deletable: bool) -> str:
    if not documents:
        return '<p class="none">Nothing is indexed yet.</p>'
    items = "".join(_item(info, deletable) for info in documents)
    box = (
        '<input type="search" class="filter" aria-label="Filter documents" placeholder="Filter">'
        if len(documents) >= _FILTERED
        else ""
    )
    return f"{box}<ul>{items}</ul>"


def _unread(path: str, why: str, deletable: bool) -> str:
    """A file that holds nothing to read or to ask about."""
    return (
        f'<li><span class="open"><span class="title" dir="auto">{safe(path)}</span>'
        f'<span class="path">{safe(why)}</span></span>'
        f'<span class="acts">{_delete(path, safe(path)) if deletable else ""}</span></li>'
    )


def _item(info: DocumentInfo, deletable: bool) -> str:
    """A document: its name, which opens it, what it holds, and what can be done with it."""
    name = safe(info.title or info.path)
    pages = [count(info.pages, "page")] if info.pages else []
    facts = " · ".join([safe(info.path), *pages])
    notes = f'<span class="path">{safe("; ".join(info.notes))}</span>' if info.notes else ""
    delete = _delete(info.path, name) if deletable else ""
    return (
        f'<li><a class="open" target="_blank" rel="noopener" '
        f'href="{safe(document_url(info.path))}"><span class="title" dir="auto">{name}</span>'
        f'<span class="path">{facts}</span>{notes}</a><span class="acts">'
        f"{_button('about', info.path, f'Ask about {name}', 'Ask')}{delete}</span></li>"
    )


def _delete(path: str, name: str) -> str:
    return _button("discard", path, f"Delete {name}", "Delete")


def _button(act: str, path: str, label: str, words: str) -> str:
    document = quote(path, safe="/", errors="replace")
    return (
        f'<button type="button" data-act="{act}" data-document="{document}" '
        f'aria-label="{label}">{words}</button>'
    )


def _more(usable: int) -> str:
    if usable <= _LISTED:
        return ""
    return f'<p class="none">and {usable - _LISTED:,} more, which are answered from as well</p>'

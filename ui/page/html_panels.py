"""What is around the conversation, as HTML: lists, buttons, the answer options, the documents."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from itertools import count, groupby
from pathlib import PurePosixPath

from markupsafe import Markup

from index.formats.registry import READERS
from rag.types import Reason
from ui.service.answer_options import MAX_FILTERS, AnswerOptions, OptionsPolicy
from ui.service.background_sync import SyncState
from ui.service.history import Chat, Exchange
from ui.service.library import LibraryState
from ui.service.links import document_url
from ui.templating import quantity, render

_RATINGS = {"up": "Good answer", "down": "Bad answer"}
# The most common reasons, of answers and of refusals; each is a click.
_REASONS = {
    "up": (("Right and complete", "Good source"), ("The documents do not say",)),
    "down": (("Wrong", "Incomplete", "Wrong source"), ("The documents do say",)),
}

_numbers = count(1)
# A browser is slow with more; the rest can be asked about all the same.
_LISTED = 500
_FILTERED = 12  # from so many on there is a box to filter them
_STAGES = {
    "waiting": "Waiting for another run of the index",
    "starting": "Starting to index",
    "reading": "Reading",
    "embedding": "Indexing",
}


def chats_html(chats: Sequence[Chat], current: str, now: datetime, words: str = "") -> Markup:
    """The conversations by day, newest first, the current one marked; those found for words."""
    days = groupby(chats, lambda chat: _day(datetime.fromtimestamp(chat.updated), now))
    return render(
        "page/chats.html",
        days=[(day, list(group)) for day, group in days],
        current=current,
        words=words,
    )


def suggestions_html(questions: Sequence[str], about: str = "", path: str = "") -> Markup:
    """Questions to ask with a click; `about` names the document of that path if they are about one.

    Then there is a button to ask this document alone.
    """
    return _suggestions(questions, about, path)


def follow_ups_html(questions: Sequence[str], chat: str, turn: str) -> Markup:
    """Questions to ask after a turn of a conversation; "" if there are none."""
    if not questions:
        return Markup()
    return _suggestions(questions, chat=chat, turn=turn)


def _suggestions(
    questions: Sequence[str], about: str = "", path: str = "", chat: str = "", turn: str = ""
) -> Markup:
    return render(
        "page/suggestions.html",
        questions=questions,
        document=about,
        path=path,
        chat=chat,
        turn=turn,
    )


def actions_html(exchange: Exchange, is_last: bool, options: AnswerOptions | None = None) -> Markup:
    """An answer's buttons: to rate it, to copy it, and to ask again if it is the last one.

    Where an LLM is not available, there is one to have a quoted answer instead; where only some
    documents were asked, and do not answer, one to ask them all.
    """
    if exchange.running:
        return Markup()
    refusal = exchange.answer.refusal if exchange.answer else None
    return render(
        "page/actions.html",
        exchange=exchange,
        is_last=is_last,
        can_quote=refusal is not None and refusal.reason is Reason.UNAVAILABLE,
        can_widen=(refusal is not None or bool(exchange.fault)) and _is_narrow(options),
        ratings=_RATINGS,
        reasons=_REASONS[exchange.rating][refusal is not None] if exchange.rating else (),
    )


def _is_narrow(options: AnswerOptions | None) -> bool:
    return options is not None and bool(options.filters or options.collections)


def options_summary_html(options: AnswerOptions, policy: OptionsPolicy) -> Markup:
    """The options in a few words, on the button that opens their form."""
    facts = ["Quotes" if options.composer == "quotes" else f"Written by {policy.llm_name}"]
    facts.append(quantity(options.passages, "passage"))
    if options.strict and options.composer == "llm":
        facts.append("strict")
    return render("page/options_summary.html", facts=" · ".join(facts))


def choice_html(options: AnswerOptions) -> Markup:
    """The options that a page begins with; from then on it has them, and sends them along.

    No two are alike: Gradio would not show the page one that it has had before.
    """
    return render("page/choice.html", choice=json.dumps(asdict(options)), number=next(_numbers))


def scope_html(collections: Sequence[str], paths: Sequence[str]) -> Markup:
    """What can be asked by itself, over the box: collections, folders and types.

    The page shows beside them what is chosen.
    """
    folders, types = _folders(paths) - set(collections), {PurePosixPath(p).suffix for p in paths}
    offered = (
        ("Folders", "folders", folders),
        ("Types", "types", {each.lower() for each in types if each} if len(types) > 1 else set()),
    )
    choices = [
        (label, kind, sorted(values)[:MAX_FILTERS]) for label, kind, values in offered if values
    ]
    return render("page/scope.html", collections=collections, choices=choices)


def _folders(paths: Sequence[str]) -> set[str]:
    """The folders that hold documents, or folders with some."""
    found = {str(parent) for path in paths for parent in PurePosixPath(path).parents}
    return found - {"."}


def options_form_html(policy: OptionsPolicy) -> Markup:
    """The form, with the defaults; a change of any of its fields holds at once. Without an LLM
    there is no choice of composers, and nothing to be strict about: quotes are always backed.
    """
    composers = (
        ("quotes", "Quotes", "The documents’ own sentences, word for word"),
        ("llm", f"Written by {policy.llm_name}", "Each sentence checked against the documents"),
    )
    return render(
        "page/options_form.html",
        options=policy.default,
        writer=policy.llm_name,
        composers=composers,
        most_passages=policy.max_passages,
    )


def documents_html(state: LibraryState) -> Markup:
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
        folder=state.folder,
        accept=" ".join(sorted(kind for kind in READERS if kind.startswith("."))),
        is_running=state.sync.running,
        is_first=state.sync.first,
        sync_error=state.sync.error,
        progress=_progress(state.sync),
        document_url=document_url,
    )


def summary_html(state: LibraryState) -> Markup:
    """How much is indexed, in a line."""
    usable = [info for info in state.documents if not info.failure]
    passages = sum(info.passages for info in usable)
    return render(
        "page/summary.html",
        documents=len(usable),
        passages=passages,
        progress=_progress(state.sync) if state.sync.first else "",
    )


def first_index_html(sync: SyncState) -> Markup:
    """What an empty page says while the documents are read for the first time."""
    return render("page/first_index.html", progress=_progress(sync))


def _day(when: datetime, now: datetime) -> str:
    days = (now.date() - when.date()).days
    if days <= 0:
        return "Today"
    if days == 1:
        return "Yesterday"
    return when.strftime("%A") if days < 7 else when.strftime("%-d %B %Y")


def _progress(sync: SyncState) -> str:
    stage = _STAGES.get(sync.stage, "Indexing")
    unit = " files" if sync.stage == "reading" else " passages" if sync.stage == "embedding" else ""
    return f"{stage} {sync.done:,} of {sync.total:,}{unit}" if sync.total else stage

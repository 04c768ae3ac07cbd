"""The chat page's conversation as HTML, and what the page holds besides it."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from itertools import pairwise

from markupsafe import Markup

from rag.citations.declining import declines
from rag.citations.markers import read_markers
from rag.llm.running import RunningServer
from rag.settings import Settings
from rag.types import Answer, Support
from ui.service.history import Exchange
from ui.templating import quantity, render
from ui.viewer.safe_html import MARKER, answer_html, prose_html

_MOST_LABELS = 999
# A statement of which less is left has been withdrawn.
_SHOWN_SHARE = 0.7


def exchange_html(exchange: Exchange) -> Markup:
    """One question with its answer, as far as it has come."""
    answer = exchange.answer
    message = answer.refusal.message if answer and answer.refusal else ""
    return render(
        "page/exchange.html",
        exchange=exchange,
        answer=answer,
        status="running" if exchange.running else "fault" if exchange.fault else "done",
        prose=_prose(exchange),
        waiting=_waiting(exchange),
        note=answer.note if answer and answer.note != message else "",
        withdrawn=withdrawn(exchange),
        changes="; ".join(f"{path} {change}" for path, change in exchange.outdated.items()),
        facts=" · ".join(_facts(answer, bool(exchange.text))) if answer else "",
    )


def withdrawn(exchange: Exchange) -> tuple[str, ...]:
    """Statements that an LLM's answer showed while it was written and has no more: what nothing
    backs, in strict mode or of a small model, and all of what became a refusal.
    """
    answer = exchange.answer
    if answer is None or answer.composer == "quotes" or not exchange.text:
        return ()
    shown = _pairs("" if answer.refusal else answer.text)
    written, _ = read_markers(exchange.text, _MOST_LABELS)
    return tuple(
        one.text
        for one in written
        if not declines(one) and not (one.leads and not one.labels)
        if not _is_shown(one.text, shown)
    )


def _is_shown(statement: str, shown: Collection[str]) -> bool:
    """Whether most of a statement's words follow one another in what is shown, too."""
    pairs = _pairs(statement) - set(_words(statement)) or set(_words(statement))
    return bool(shown) and sum(pair in shown for pair in pairs) >= _SHOWN_SHARE * len(pairs)


def _pairs(text: str) -> set[str]:
    """The words of a text, and each two that follow one another."""
    words = _words(text)
    return {*words, *map(" ".join, pairwise(words))}


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", MARKER.sub(" ", text).casefold())


def _prose(exchange: Exchange) -> Markup:
    answer = exchange.answer
    if answer is None or exchange.fault:
        return prose_html(exchange.text, markdown=True) if exchange.text else Markup()
    return Markup() if answer.refusal else answer_html(answer, exchange.key)


def _waiting(exchange: Exchange) -> str:
    if not exchange.hits:
        return "Searching the documents…"
    if exchange.reading:
        part, of = exchange.reading
        return f"Reading part {part} of {of}…"
    documents = len({hit.passage.document for hit in exchange.hits})
    passages = quantity(len(exchange.hits), "passage")
    return f"Reading {passages} of {quantity(documents, 'document')}…"


def _facts(answer: Answer, was_followed: bool) -> Iterator[str]:
    """What was searched for, how well the answer is backed, and how long it took; how much strict
    mode leaves out, where nobody saw it being written.
    """
    if answer.query.strip() != answer.question.strip():
        yield f"Searched for “{answer.query}”"
    for query in answer.searched:
        yield f"Searched again for “{query}”"
    if answer.refusal:
        return
    if total := len(answer.statements):
        backed = sum(each.support is Support.SUPPORTED for each in answer.statements)
        each = "backed by its source" if total == 1 else "each backed by its source"
        support = each if backed == total else f"{backed} fully backed"
        yield f"{quantity(total, 'statement')}, {support}"
    if answer.left_out and not was_followed:
        yield f"{quantity(answer.left_out, 'statement')} left out, not backed by a source"
    seconds = answer.seconds.get("total")
    if seconds is not None:
        yield f"{seconds:.1f} s" if seconds >= 0.1 else "under 0.1 s"


STOPPED = "Stopped."
INTERRUPTED = "The server was stopped before this was answered; ask again."
# The browser's equivalent of `chat_id_html`, from the page's URL.
CHAT_ID_FROM_URL = """
() => `<i data-chat="${new URLSearchParams(location.search).get("chat") ?? ""}"></i>`
"""
_CHAT_ID = re.compile(r'data-chat="([0-9a-f]{32})"')


def chat_id_html(chat: str) -> Markup:
    """The conversation's id, as the page holds it."""
    return render("page/chat_id.html", chat=chat)


def parse_chat_id(html: str) -> str:
    """The id that the page holds, "" if it is not a valid one."""
    found = _CHAT_ID.search(html or "")
    return found[1] if found else ""


def download_html(name: str, text: str) -> Markup:
    """A text for the browser to save under a name."""
    return render("page/download.html", name=name, text=text)


def error_html(error: Exception) -> Markup:
    """A sentence on what went wrong."""
    return render("page/error.html", message=str(error))


def welcome_html(settings: Settings, offered: Sequence[RunningServer] = ()) -> Markup:
    """What an empty page says: how answers come about, and which LLM servers could write them."""
    writer = "" if settings.composer_name == "quotes" else settings.llm_model or "an LLM"
    return render("page/welcome.html", writer=writer, offered=offered)

"""The list of kept conversations, and what can be done with an answer, as HTML."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import groupby

from rag.types import Reason
from ui.page.html_conversation import Exchange, count
from ui.service.answer_options import Manner, Manners
from ui.service.history import Chat
from ui.viewer.safe_html import safe

# What readers say most, of answers and of refusals; each is a click.
_REASONS = {
    "up": (("Right and complete", "Good source"), ("The documents do not say",)),
    "down": (("Wrong", "Incomplete", "Wrong source"), ("The documents do say",)),
}


def chats_html(chats: Sequence[Chat], current: str, now: datetime) -> str:
    """The conversations by day, newest first, the current one marked."""
    if not chats:
        return (
            '<nav class="chats" aria-label="Conversations"><h2>Conversations</h2>'
            '<p class="none">They are kept here.</p></nav>'
        )
    days = groupby(chats, lambda chat: _day(datetime.fromtimestamp(chat.updated), now))
    lists = "".join(
        f"<h3>{day}</h3><ul>{''.join(_chat(chat, current) for chat in group)}</ul>"
        for day, group in days
    )
    return f'<nav class="chats" aria-label="Conversations"><h2>Conversations</h2>{lists}</nav>'


def offers_html(questions: Sequence[str], about: str = "") -> str:
    """Questions to ask with a click; `about` names the document that they are about."""
    heading = f'<h3>About <span dir="auto">{safe(about)}</span></h3>' if about else ""
    buttons = "".join(
        f'<li><button type="button" data-act="pose" data-question="{safe(question)}" '
        f'dir="auto">{safe(question)}</button></li>'
        for question in questions
    )
    kind = "offers about" if about else "offers"
    return f'<section class="{kind}">{heading}<ul>{buttons}</ul></section>'


def acts_html(exchange: Exchange, is_last: bool) -> str:
    """What can be done with an answer: rate it, copy it, and ask again if it is the last one."""
    if exchange.running:
        return ""
    answered = exchange.answer is not None
    ratings = "".join(_rating(exchange, rating) for rating in _REASONS) if answered else ""
    copy = '<button type="button" class="copy">Copy</button>' if answered else ""
    again = _again(exchange) if is_last else ""
    form = _reasons(exchange) if exchange.rating else ""
    return (
        f'<div class="acts" data-turn="{exchange.key}">'
        f'<div class="bar">{ratings}{copy}{again}</div>{form}</div>'
    )


def _again(exchange: Exchange) -> str:
    """The way to another answer; to one that needs no LLM where that cannot be had."""
    refusal = exchange.answer.refusal if exchange.answer else None
    unavailable = refusal is not None and refusal.reason is Reason.UNAVAILABLE
    quote = '<button type="button" data-act="again" data-composer="quotes">Quote instead</button>'
    again = '<button type="button" data-act="again">Ask again</button>'
    return again + (quote if unavailable else "")


def _chat(chat: Chat, current: str) -> str:
    title = safe(chat.title)
    here = ' aria-current="true"' if chat.id == current else ""
    return (
        f'<li><button type="button" class="chat" data-act="choose" data-chat="{chat.id}"{here} '
        f'dir="auto">{title}</button><span class="acts">'
        f'<button type="button" data-act="retitle" data-chat="{chat.id}" data-title="{title}" '
        f'aria-label="Rename {title}">Rename</button>'
        f'<button type="button" data-act="export" data-chat="{chat.id}" '
        f'aria-label="Export {title}">Export</button>'
        f'<button type="button" data-act="forget" data-chat="{chat.id}" data-title="{title}" '
        f'aria-label="Delete {title}">Delete</button></span></li>'
    )


def _day(when: datetime, now: datetime) -> str:
    days = (now.date() - when.date()).days
    if days <= 0:
        return "Today"
    if days == 1:
        return "Yesterday"
    return when.strftime("%A") if days < 7 else when.strftime("%-d %B %Y")


def _rating(exchange: Exchange, rating: str) -> str:
    pressed = "true" if exchange.rating == rating else "false"
    words = {"up": "Good answer", "down": "Bad answer"}[rating]
    return (
        f'<button type="button" class="thumb {rating}" data-act="rate" data-rating="{rating}" '
        f'data-turn="{exchange.key}" aria-pressed="{pressed}" aria-label="{words}" '
        f'title="{words}"></button>'
    )


def _reasons(exchange: Exchange) -> str:
    """Why an answer is good or bad: a click, or words; once said, thanks."""
    if exchange.reason:
        return f'<p class="thanks" role="status">Noted: {safe(exchange.reason)}</p>'
    key, refused = exchange.key, bool(exchange.answer and exchange.answer.refusal)
    buttons = "".join(
        f'<button type="button" data-act="explain" data-turn="{key}" data-reason="{reason}">'
        f"{reason}</button>"
        for reason in _REASONS[exchange.rating][refused]
    )
    return (
        f'<form class="why" data-act="explain" data-turn="{key}"><span class="bar">{buttons}</span>'
        '<input name="reason" maxlength="1000" aria-label="Why" placeholder="Why? (optional)">'
        '<button type="submit">Send</button></form>'
    )


def gist_html(manner: Manner, manners: Manners) -> str:
    """The settings in a few words, on the button that opens their form."""
    parts = ["Quotes" if manner.composer == "quotes" else f"Written by {safe(manners.writer)}"]
    parts.append(count(manner.passages, "passage"))
    if manner.strict and manner.composer == "llm":
        parts.append("strict")
    return (
        '<button type="button" class="gist" aria-expanded="false" aria-controls="manner">'
        f'<span class="unseen">Settings of this conversation: </span>{" · ".join(parts)}</button>'
    )


def form_html(manner: Manner, manners: Manners) -> str:
    """The form; a change of any of its fields holds at once. Without an LLM there is no choice
    of composers, and nothing to be strict about: quotes are always backed.
    """
    most = manners.most_passages
    writing = _writing(manner, safe(manners.writer)) if manners.writer else ""
    return (
        '<form id="manner" aria-label="Settings of this conversation" hidden>'
        f'{writing}<label class="many"><span>Passages to answer from</span>'
        f'<input type="range" name="passages" min="1" max="{most}" value="{manner.passages}">'
        f"<output>{manner.passages}</output></label></form>"
    )


def _writing(manner: Manner, writer: str) -> str:
    kinds = {
        "quotes": ("Quotes", "The documents’ own sentences, word for word"),
        "llm": (f"Written by {writer}", "Each sentence checked against the documents"),
    }
    choices = "".join(
        f'<label><input type="radio" name="composer" value="{name}"'
        f"{_checked(name == manner.composer)}><span>{title}<small>{meaning}</small></span></label>"
        for name, (title, meaning) in kinds.items()
    )
    return (
        f"<fieldset><legend>Answers</legend>{choices}</fieldset>"
        f'<label class="strict"><input type="checkbox" name="strict"{_checked(manner.strict)}>'
        "<span>Leave out what no passage backs</span></label>"
    )


def _checked(is_checked: bool) -> str:
    return " checked" if is_checked else ""

"""Small pieces of the chat page's HTML that stand alone."""

from __future__ import annotations

import re

from rag.settings import Settings
from ui.render import safe

STOPPED = "Stopped."
NO_SOURCES = '<p class="none">The words that an answer rests on are shown here.</p>'
# What `where_html` gives, made by the browser from the page's address.
WHERE_FROM_ADDRESS = """
() => `<i data-chat="${new URLSearchParams(location.search).get("chat") ?? ""}"></i>`
"""
_CHAT = re.compile(r'data-chat="([0-9a-f]{32})"')


def where_html(chat: str) -> str:
    """The conversation's id, as the page holds it."""
    return f'<i data-chat="{chat}"></i>'


def chat_id(where: str) -> str:
    """The id that the page holds, "" if it is no id of ours."""
    found = _CHAT.search(where or "")
    return found[1] if found else ""


def mail_html(name: str, text: str) -> str:
    """A text for the browser to save under a name."""
    return f'<i data-save="{safe(name)}" data-text="{safe(text)}"></i>'


def fault_html(error: Exception) -> str:
    """A sentence on what went wrong."""
    return f'<p class="fault" role="status">{safe(str(error))}</p>'


def welcome_html(settings: Settings) -> str:
    """What an empty page says: how answers come about."""
    if settings.composer_name == "quotes":
        manner = "Answers are quoted word for word from your documents"
    else:
        writer = settings.llm_model or "an LLM"
        manner = f"Answers are written by {writer} and checked against your documents"
    return (
        '<section class="welcome"><h2>Ask your documents</h2>'
        f"<p>{safe(manner)}, and every sentence leads to the words it rests on. What the "
        "documents do not say is not answered.</p></section>"
    )

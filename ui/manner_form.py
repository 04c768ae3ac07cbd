"""The settings of a conversation as HTML: a line that tells them, and the form that it opens."""

from __future__ import annotations

from ui.conversation import count
from ui.manners import Manner, Manners
from ui.render import safe


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

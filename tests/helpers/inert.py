"""Checks that an output is only words: nothing in it that a browser or a terminal would act on."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterator
from typing import Any

import lxml.html
from markdown_it import MarkdownIt

_TAGS = frozenset(
    (
        "p br strong em code pre ul ol li h2 h4 hr table thead tbody tr th td blockquote a span "
        "article section div mark header footer details summary button nav h3 del"
    ).split()
)
# Values that the page's own code writes, by attribute. `class="language-…"` is Markdown's word for
# what a fence says of its code.
_ATTRIBUTES = {
    "href": r"#t1-[cm]\d+|/documents/[\w%.~/-]+(?:\?start=\d+&end=\d+&digest=\w*#quote)?",
    "class": r"[a-z -]+|language-[^\x00-\x20]+",
    "id": r"t1(?:-[cm]\d+)?",
    "style": r"text-align:(?:left|right|center)",
    "start": r"\d+",
    "dir": "auto|ltr",
    "data-turn": "t1",
    "data-label": r"\d+",
    "tabindex": "-1|0",
    "title": r"The cited words back this only in part\.|No passage that was found backs this\.|"
    "Good answer|Bad answer|"
    "Change the question and ask it in a conversation that goes on from here",
    "target": "_blank",
    "rel": "noopener",
    "role": "status",
    "hidden": "",
    "open": "",
    "type": "button",
    "data-action": "[a-z_]+",
    "data-document": r"[\w%.~/-]*",
    "data-chat": "[0-9a-f]{32}",
    "data-accept": r"[. a-z0-9]+",
    "data-rating": "up|down",
    "data-kind": "documents|folders|types",
    "data-on": "true|false",
    "data-everything": "true",
    "aria-pressed": "true|false",
    "aria-current": "true",
    # Words, which are read as words.
    "aria-label": r"(?s:.*)",
    "data-title": r"(?s:.*)",
    "data-value": r"(?s:.*)",
    "data-question": r"(?s:.*)",
    "data-words": r"(?s:.*)",
}
_ACTIVE = frozenset(
    (
        "a img image picture script style link meta base iframe frame object embed form input "
        "button video audio source svg math template body html noscript textarea title"
    ).split()
)
_BOLD = re.compile(r"\x1b\[1m([^\x1b]*)\x1b\[0m")


def active_in_page(html: str) -> list[str]:
    """What stands in a piece of the page besides words, our tags and the links that we make."""
    found = [repr(char) for char in html if _is_unseen(char, joiners=True)]
    for element in _elements(html):
        if not isinstance(element.tag, str) or element.tag not in _TAGS:
            found.append(f"<{element.tag}>")
            continue
        for name, value in element.items():
            if name not in _ATTRIBUTES or not re.fullmatch(_ATTRIBUTES[name], value):
                found.append(f"<{element.tag} {name}={value!r}>")
    return found


def active_in_text(text: str) -> list[str]:
    """What a client that takes an answer's text for Markdown with HTML in it would act on."""
    found = [repr(char) for char in text if _is_unseen(char, joiners=False)]
    html = MarkdownIt("commonmark", {"html": True}).enable("table").render(text)
    for element in _elements(f"<div>{html}</div>"):
        if not isinstance(element.tag, str):
            found.append("comment")
        elif element.tag in _ACTIVE or any(name.startswith("on") for name in element.attrib):
            found.append(f"<{element.tag}>")
    return found


def active_in_terminal(output: str) -> list[str]:
    """Characters of a coloured output that steer a terminal, but for our own bold type."""
    plain = _BOLD.sub(r"\1", output)
    return [repr(char) for char in plain if not char.isprintable() and char not in "\n\t"]


def events_of(body: str) -> list[tuple[str, Any]]:
    """The events that a reader of event streams sees, by the rules of the HTML standard."""
    events, name, data = list[tuple[str, Any]](), "", list[str]()
    for line in re.split(r"\r\n|\n|\r", body):
        field, _, value = line.partition(":")
        if not line and data:
            events.append((name, json.loads("\n".join(data))))
            name, data = "", []
        elif field == "event":
            name = value.removeprefix(" ")
        elif field == "data":
            data.append(value.removeprefix(" "))
        else:
            assert not line, f"a line that is not ours: {line!r}"
    return events


def _elements(html: str) -> Iterator[Any]:
    yield from lxml.html.fragment_fromstring(html, create_parent="div").iter()


def _is_unseen(char: str, joiners: bool) -> bool:
    """Control characters, and those that hide or reorder; the page keeps joiners and marks."""
    kept = "\n\t\u200c\u200d\u200e\u200f\u2061" if joiners else "\n\t"
    return unicodedata.category(char) in {"Cc", "Cf", "Cs"} and char not in kept

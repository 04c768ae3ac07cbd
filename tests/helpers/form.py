"""The form of an answer, from Markdown or from the page: what a reader sees of its structure."""

from __future__ import annotations

import re
from typing import Any

import lxml.html
from markdown_it import MarkdownIt

Form = dict[str, list[Any]]
_MARKER = re.compile(r"\s*\[\d{1,3}\]")
_WORD = re.compile(r"[\w$@.,-]*\w")


def form_of_markdown(text: str) -> Form:
    """The form of Markdown."""
    parser = MarkdownIt("commonmark", {"html": False, "breaks": True}).enable("table")
    return form_of_html(parser.render(text))


def form_of_html(html: str) -> Form:
    """The words of headings, paragraphs, items (with their depth and whether they are numbered),
    cells by row, code and bold or slanted words, each in order, without the markers of citations.
    """
    root = lxml.html.fragment_fromstring(html, create_parent="div")
    answer = root.find_class("answer")
    root = answer[0] if answer else root
    for name in ("cites", "visually-hidden", "note", "facts", "verdict"):
        for each in root.find_class(name):
            each.drop_tree()
    for each in [*root.iter("p")]:
        bold = each.find("strong")
        if bold is not None and bold.text_content().strip() == each.text_content().strip():
            each.tag, bold.tag = "h4", "span"  # as good as a heading
    items = [
        (
            sum(each.tag in {"ul", "ol"} for each in item.iterancestors()),
            "numbered" if item.getparent().tag == "ol" else "bullet",
            _words(_own_text(item)),
        )
        for item in root.iter("li")
    ]
    rows = [
        [_words(cell.text_content()) for cell in row.iter("td", "th")] for row in root.iter("tr")
    ]
    return {
        "items": items,
        "rows": [row[: len(row) - (not row[-1] and len(row) > 1)] for row in rows],
        "headings": [_words(each.text_content()) for each in root.iter("h1", "h2", "h3", "h4")],
        "paragraphs": [
            words
            for each in root.iter("p")
            if each.getparent().tag != "li" and (words := _words(each.text_content()))
        ],
        "code": [_words(each.text_content()) for each in root.iter("code")],
        "bold": [_words(each.text_content()) for each in root.iter("strong")],
        "slanted": [_words(each.text_content()) for each in root.iter("em")],
    }


def _own_text(item: Any) -> str:  # noqa: ANN401
    """The text of an item without that of the lists in it."""
    return "".join(
        [
            item.text or "",
            *(
                ("" if child.tag in {"ul", "ol"} else child.text_content()) + (child.tail or "")
                for child in item
            ),
        ]
    )


def _words(text: str) -> str:
    return " ".join(_WORD.findall(_MARKER.sub("", text))).casefold()

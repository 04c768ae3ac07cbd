"""The guide of a document: what it is, what it says in a few sentences, and its outline."""

from __future__ import annotations

import math
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime

from markupsafe import Markup

from index.catalog.reader import DocumentInfo
from index.errors import FootnoteError
from index.filtered import Filters
from index.types import Document, Span, omissions
from rag.types import Answers, AskOptions
from ui.service.links import QUOTE_ID, document_url
from ui.templating import escape_text, quantity, url_path
from ui.viewer.document import DocumentGuide, GuideLink, heading_anchor, part_of

_HEADINGS = 200  # an outline with more is no help
_SENTENCES = 5
# To summarise a document, all of it is read into blocks: a second and 150 MB for 2.8 million
# characters, which a look at one of its parts must not cost.
_MOST_CHARACTERS = 1_000_000
_UNITS = ("bytes", "kB", "MB", "GB")


def guide_of(
    document: Document, info: DocumentInfo | None, key: Sequence[Span], panel: bool = False
) -> DocumentGuide:
    """The guide, whose links stay in the panel if it is shown there; `key` are key sentences."""
    headings = [
        heading
        for heading in document.headings
        if heading.text.strip() and (heading.start or heading.text != document.title)
    ]
    highest = min((heading.level for heading in headings), default=1)
    return DocumentGuide(
        list(_facts(document, info)),
        omissions(document.hidden, document.notes),
        [GuideLink(_quote_url(document, span, panel), _line(document, span)) for span in key],
        [
            GuideLink(
                _heading_url(document, heading.start, panel),
                escape_text(" ".join(heading.text.split())),
                min(heading.level - highest + 1, 4),
            )
            for heading in headings[:_HEADINGS]
        ],
        max(0, len(headings) - _HEADINGS),
        f"/?only={url_path(document.path)}",
    )


def key_sentences(answers: Answers, document: Document) -> list[Span]:
    """The sentences that say most of a document, as a summary of it quotes them; [] if none can
    be had now, and for a document of over a million characters.
    """
    if len(document.text) > _MOST_CHARACTERS:
        return []
    name = document.path.rpartition("/")[2]
    alone = AskOptions("quotes", filters=Filters((document.path,)))
    with suppress(FootnoteError):
        answer = answers.answer(f"Summarise the document {name}", options=alone)
        quotes = [citation.quote for citation in answer.citations]
        spans = [(quote.start, quote.end) for quote in quotes]
        return [] if answer.refusal else list(dict.fromkeys(spans))[:_SENTENCES]
    return []


def info_of(answers: Answers, path: str) -> DocumentInfo | None:
    """What the index knows of a file; None if it cannot be told now."""
    with suppress(FootnoteError):
        return next((info for info in answers.documents() if info.path == path), None)
    return None


def _facts(document: Document, info: DocumentInfo | None) -> list[str]:
    facts = list[str]()
    if info:
        facts.append(size_of(info.size))
    if document.page_starts:
        facts.append(quantity(len(document.page_starts), "page"))
    if len(document.text) <= _MOST_CHARACTERS:
        facts.append(quantity(len(document.text.split()), "word"))
    if info and info.mtime:
        changed = datetime.fromtimestamp(info.mtime / 1e9, UTC)
        facts.append(f"changed on {changed:%-d %B %Y}")
    return facts


def size_of(count: int) -> str:
    """Bytes as people say them: "840 bytes", "12 kB", "3.4 MB"."""
    power = min(int(math.log(count, 1000)), len(_UNITS) - 1) if count >= 1000 else 0
    value = count / 1000**power
    return (
        f"{value:.1f} {_UNITS[power]}"
        if power > 1 and value < 10
        else f"{value:.0f} {_UNITS[power]}"
    )


def _line(document: Document, span: Span) -> Markup:
    return escape_text(" ".join(document.text[slice(*span)].split()))


def _quote_url(document: Document, span: Span, panel: bool) -> str:
    url = document_url(document.path, *span, document.digest)
    return url.replace("?", "?panel=1&", 1) if panel else url


def _heading_url(document: Document, start: int, panel: bool) -> str:
    """Where a heading is: on the page that is shown, on another part, or on a page of a PDF."""
    anchor, url = f"#{heading_anchor(start)}", document_url(document.path)
    if panel and document.page_starts and document.path.lower().endswith(".pdf"):
        page = sum(place <= start for place in document.page_starts)
        return f"{url}?panel=1&page={max(1, page)}"
    part = part_of(document.text, start)
    if part == 1:
        return f"{url}?panel=1{anchor}" if panel else f"{url}{anchor}"
    if panel:
        return f"{url}?panel=1&start={start}&end={start + 1}#{QUOTE_ID}"
    return f"{url}?part={part}{anchor}"

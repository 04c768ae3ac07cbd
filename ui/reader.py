"""The page that shows one whole document with the quoted words marked."""

from itertools import pairwise
from urllib.parse import quote

from index.passages import Document, Heading
from ui.render import marked, safe

QUOTE_ID = "quote"


def document_url(path: str, start: int = 0, end: int = 0, digest: str = "") -> str:
    """Address of a document's page; with start < end it leads to those characters, marked.

    The digest is that of the document as it was quoted, so the page can tell of a change.
    """
    url = "/documents/" + quote(path, safe="/", errors="replace")
    if start >= end:
        return url
    return f"{url}?start={start}&end={end}&digest={digest[:16]}#{QUOTE_ID}"


def document_page(document: Document, start: int = 0, end: int = 0, digest: str = "") -> str:
    """A whole page of HTML, without scripts; characters start to end marked if 0 <= start < end.

    A digest other than the document's own means that the quoted words may have moved: then
    nothing is marked and the page says so.
    """
    changed = bool(digest) and not document.digest.startswith(digest)
    span = (start, end) if 0 <= start < end <= len(document.text) and not changed else None
    notice = (
        '<p class="notice" role="status">This document has changed since it was quoted, so the '
        "quoted words are not marked. Ask again for an answer from the document as it is now.</p>"
        if changed
        else ""
    )
    title = safe(document.title or document.path)
    header = f'<h1 dir="auto">{title}</h1><p class="path">{safe(document.path)}</p>'
    return _page(title, f'{header}{notice}<main dir="auto">{_body(document, span)}</main>')


def fault_page(message: str) -> str:
    """A whole page of HTML that says why a document cannot be shown."""
    return _page("No document", f'<h1>No document</h1><p class="notice">{safe(message)}</p>')


def _page(title: str, body: str) -> str:
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="color-scheme" content="light dark">'
        f"<title>{title} · Footnote</title>"
        '<link rel="icon" href="/page/icon.svg" type="image/svg+xml">'
        '<link rel="stylesheet" href="/page/fonts.css">'
        '<link rel="stylesheet" href="/page/document.css"></head>'
        f'<body><a class="home" href="/">Footnote</a>{body}</body></html>'
    )


def _body(document: Document, span: tuple[int, int] | None) -> str:
    """The document's text in order, cut where a page or a heading starts, with the span marked."""
    text, (first, last) = document.text, span or (0, 0)
    pages = {start: number for number, start in enumerate(document.page_starts, start=1)}
    headings = {heading.start: heading for heading in document.headings}
    line_ends = (text.find("\n", start) % (len(text) + 1) for start in headings)
    cuts = sorted({0, len(text), *pages, *headings, *line_ends})
    pieces, anchor = [], QUOTE_ID
    for start, end in pairwise(cuts):
        if start in pages:
            pieces.append(f'<p class="page" id="page-{pages[start]}">Page {pages[start]}</p>')
        inside = max(first, start) - start, min(last, end) - start
        if inside[0] < inside[1]:
            pieces.append(_block(marked(text[start:end], [inside], anchor), headings.get(start)))
            anchor = ""
        elif start in headings:
            if start or headings[start].text != document.title:  # the title is there already
                pieces.append(_block(safe(headings[start].text), headings[start]))
        else:
            pieces.append(_block(safe(text[start:end]), None))
    return "".join(pieces)


def _block(html: str, heading: Heading | None) -> str:
    """A heading, or a run of text whose white space stays as it is."""
    if not html.strip():
        return ""
    if heading:
        tag = f"h{min(heading.level + 1, 6)}"
        return f"<{tag}>{html.strip()}</{tag}>"
    return f'<div class="text">{html.strip(chr(10))}</div>'

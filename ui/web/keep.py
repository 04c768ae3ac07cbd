"""A page of the web as a file of the folder: HTML that carries its address in its title."""

from __future__ import annotations

import re
from contextlib import suppress
from hashlib import sha256
from urllib.parse import unquote, urlsplit

import lxml.html
from lxml.etree import ParserError

from ui.web.fetch import NotFetched, WebPage

_NAME_CHARACTERS = 80
_ADDRESS = "footnote-address"


def file_name(url: str) -> str:
    """A file's name for an address; the same address has the same one."""
    parts = urlsplit(url)
    words = re.sub(r"[^\w.-]+", "-", f"{parts.hostname}{unquote(parts.path)}").strip("-._")
    digest = sha256(url.encode()).hexdigest()[:8]
    return f"{words[:_NAME_CHARACTERS].strip('-._')}-{digest}.html"


def as_file(page: WebPage) -> bytes:
    """The page's HTML with its address in the title, by which every answer cites it.

    Raises NotFetched for a page without content.
    """
    data, encoding = _decoded(page)
    try:
        parser = lxml.html.HTMLParser(encoding=encoding)
        root = lxml.html.document_fromstring(data, parser=parser)
    except (ParserError, LookupError, ValueError):
        raise NotFetched(f"{page.url} holds nothing to read") from None
    head = root.find("head")
    if head is None:
        head = lxml.html.Element("head")
        root.insert(0, head)
    titles = root.findall(".//head/title")
    title = " ".join((titles[0].text_content() if titles else "").split())
    for each in titles:
        each.getparent().remove(each)
    for name in ("og:title", "twitter:title"):  # which readers of pages prefer
        for each in root.xpath("//meta[@property=$name or @name=$name]", name=name):
            each.getparent().remove(each)
    for each in root.xpath("//meta[@charset or @http-equiv]"):
        each.getparent().remove(each)
    said = lxml.html.Element("title")
    said.text = f"{title} · {page.url}" if title else page.url
    address = lxml.html.Element("meta", name=_ADDRESS, content=page.url)
    head.insert(0, lxml.html.Element("meta", charset="utf-8"))
    head.insert(1, said)
    head.insert(2, address)
    html: bytes = lxml.html.tostring(root, encoding="utf-8", doctype="<!doctype html>")
    return html


def _decoded(page: WebPage) -> tuple[bytes, str | None]:
    """The page's bytes and their encoding, None where the page itself has to tell it."""
    for encoding in filter(None, (page.encoding, "utf-8")):
        with suppress(LookupError, UnicodeDecodeError):
            return page.data.decode(encoding).encode("utf-8"), "utf-8"
    return page.data, None

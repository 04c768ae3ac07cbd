"""URLs that open a document with the quoted words marked: on the page, and for other programs."""

from __future__ import annotations

from dataclasses import dataclass

from index.types import Passage
from rag.types import Citation
from ui.templating import url_path

QUOTE_ID = "quote"


def document_url(path: str, start: int = 0, end: int = 0, digest: str = "") -> str:
    """URL of a document's page; with start < end it leads to those characters, marked.

    The digest is that of the document as it was quoted, so the page can tell of a change.
    """
    url = f"/documents/{url_path(path)}"
    if start >= end:
        return url
    return f"{url}?start={start}&end={end}&digest={digest[:16]}#{QUOTE_ID}"


@dataclass(frozen=True, slots=True)
class Links:
    """Whole URLs below the address by which readers reach the server, "" if none is known."""

    base: str = ""

    @classmethod
    def known(cls, public_url: str, asked_at: str = "") -> Links:
        """Links below the address that is set, else below the one that a program asked at."""
        return cls((public_url or asked_at).rstrip("/"))

    def document(self, path: str) -> str:
        """URL of a document, or ""."""
        return self.base and self.base + document_url(path)

    def passage(self, passage: Passage) -> str:
        """URL of a passage, or ""."""
        return self._marked(passage, passage.start, passage.end)

    def citation(self, citation: Citation) -> str:
        """URL of the quoted words, or ""."""
        quote = citation.quote
        return self._marked(quote.passage, quote.start, quote.end)

    def _marked(self, passage: Passage, start: int, end: int) -> str:
        return self.base and self.base + document_url(passage.document, start, end, passage.digest)


NO_LINKS = Links()

"""Documents as the index keeps them, read from the bytes of a file."""

from __future__ import annotations

from hashlib import sha256

from index.formats.registry import parse
from index.types import Document


def document_of(path: str, data: bytes | str) -> Document:
    """The document that a file of this name and content becomes."""
    data = data.encode() if isinstance(data, str) else data
    read = parse(path, data)
    return Document(
        path=path,
        title=read.title,
        text=read.text,
        digest=sha256(data).hexdigest(),
        headings=read.headings,
        page_starts=read.page_starts,
        tables=read.tables,
    )

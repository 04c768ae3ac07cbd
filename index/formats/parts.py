"""Several texts to one: the chapters of a book, cells of a notebook, a message and its files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from index.formats.parsed import Parsed
from index.passages import Heading


def joined(parts: Sequence[Parsed], title: str = "") -> Parsed:
    """One text of several, with blank lines between; the first heading is the title if none is."""
    texts, headings, position = list[str](), list[Heading](), 0
    for part in parts:
        if not part.text.strip():
            continue
        texts.append(part.text)
        headings += (replace(found, start=position + found.start) for found in part.headings)
        position += len(part.text) + 2
    return Parsed(
        "\n\n".join(texts),
        title or (headings[0].text if headings else ""),
        tuple(headings),
        hidden=sum(part.hidden for part in parts),
        notes=tuple(note for part in parts for note in part.notes),
    )


def below(heading: str, part: Parsed) -> Parsed:
    """A text below a heading of level 1, its own headings each one deeper."""
    line = " ".join(heading.split())
    own = Heading(0, 1, line)
    shifted = (
        replace(found, start=found.start + len(line) + 2, level=found.level + 1)
        for found in part.headings
    )
    return replace(part, text=f"{line}\n\n{part.text}", headings=(own, *shifted), page_starts=())

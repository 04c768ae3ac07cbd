"""Characters that no reader sees: they carry hidden words, and part those that are searched for."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from index.formats.base import Parsed
from index.types import Table

# Classes of characters for regular expressions. UNSEEN are control characters, marks that reorder
# or hide text, and halves of characters; white space and what joins letters stays.
UNSEEN = (
    "\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u00ad\u061c\u200b\u202a-\u202e\u2060-\u2069\ufeff"
    "\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e007f"
)
# Control characters, Unicode's Default_Ignorable_Code_Point, and halves of characters: some of them
# are meant where they stand.
SUSPECT = (
    "\x00-\x08\x0b\x0e-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f"
    "\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff\ud800-\udfff"
)
# Word's line end, the next line of mainframes, and what parts records: words stand on both sides.
_BREAKS = "\x0b\x1c-\x1f\x85"

_EMOJI = "#*0-9\u00a9\u00ae\u203c-\u3299\U0001f000-\U0001faff"
_HAN = "\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_MONGOLIAN = "\u1800-\u180a\u1810-\u18af"
_JAMO = "\u1100-\u11ff\ua960-\ua97f\ud7b0-\ud7ff"
# Arabic, Syriac, N'Ko, those of India and Sri Lanka, Myanmar, Khmer, Mongolian: letters join.
_JOINING = (
    "\u0620-\u065f\u066e-\u06d5\u06df-\u06ff\u0700-\u07ff\u08a0-\u08ff\u0900-\u0dff"
    "\u1000-\u109f\u1780-\u17b3\u17b6-\u17dd\ufb50-\ufdff\ufe70-\ufefc"
) + _MONGOLIAN
# The flags of England, Scotland and Wales are spelled in tag characters.
_FLAGS = "|".join(
    "".join(chr(0xE0000 + ord(letter)) for letter in name) for name in ("gbeng", "gbsct", "gbwls")
)
# What changes how the character before it looks: one such is seen, more of them are not.
_MEANT = "|".join(
    (
        rf"(?<=[{_JOINING}])[\u200c\u200d]",
        rf"(?:(?<=[{_EMOJI}])|(?<=[{_EMOJI}]\ufe0f))\u200d(?=[{_EMOJI}])",
        rf"(?<=[{_EMOJI}{_HAN}{_MONGOLIAN}\u1000-\u109f\ua840-\ua877])[\ufe00-\ufe0f]",
        rf"(?<=[{_HAN}])[\U000e0100-\U000e01ef]",
        rf"(?<=[{_MONGOLIAN}])[\u180b-\u180f]",
        rf"(?<=[{_JAMO}])[\u115f\u1160]|[\u115f\u1160](?=[{_JAMO}])",
        rf"(?<=\U0001f3f4)(?:{_FLAGS})\U000e007f",
    )
)
_SUSPECTS = re.compile(f"[{SUSPECT}]+")
_INVISIBLE = re.compile(f"(?P<meant>{_MEANT})|(?P<breaks>[{_BREAKS}]+)|[{SUSPECT}]")
_KEPT = re.compile(f"{_MEANT}|[{_BREAKS}]")


def without_invisible(parsed: Parsed) -> Parsed:
    """The same document without characters that no reader sees, which `hidden` then counts.

    Headings, page starts and tables stay on their words. Joiners, variation selectors and the like
    stay where they change how a letter or an emoji looks; control characters that part words become
    line ends. Gives the same object if there is nothing to do.
    """
    words = (parsed.title, *(heading.text for heading in parsed.headings), *parsed.notes)
    words += tuple(name for table in parsed.tables for name in (*table.columns, table.caption))
    if not _SUSPECTS.search(parsed.text) and not any(map(_SUSPECTS.search, words)):
        return parsed
    text, position = _clean_with_positions(parsed.text)
    cleaned = replace(
        parsed,
        text=text,
        title=_clean(parsed.title),
        headings=tuple(
            replace(heading, start=position(heading.start), text=_clean(heading.text))
            for heading in parsed.headings
        ),
        page_starts=tuple(map(position, parsed.page_starts)),
        hidden=parsed.hidden + len(parsed.text) - len(text),
        notes=tuple(map(_clean, parsed.notes)),
        tables=tuple(_clean_tables(parsed.tables, position)),
    )
    return parsed if cleaned == parsed else cleaned


def _clean_tables(tables: Sequence[Table], position: Callable[[int], int]) -> Iterator[Table]:
    """Tables whose text was cleaned; cells that are empty now are None, rows without any go."""
    for table in tables:
        moved = table.mapped(position)
        cells = [tuple(c if c and c[0] < c[1] else None for c in row.cells) for row in moved.rows]
        rows = tuple(
            replace(row, cells=own) for row, own in zip(moved.rows, cells, strict=True) if any(own)
        )
        if rows:
            columns = tuple(map(_clean, table.columns))
            yield replace(moved, columns=columns, rows=rows, caption=_clean(table.caption))


def _clean_with_positions(text: str) -> tuple[str, Callable[[int], int]]:
    """The text without such characters, and where in it a position of the text is."""
    ends, removed, total = list[int](), list[int](), 0
    for found in (_INVISIBLE if _KEPT.search(text) else _SUSPECTS).finditer(text):
        gone = len(found[0]) - len(_kept(found) if found.re is _INVISIBLE else "")
        if gone:
            total += gone
            ends.append(found.end())
            removed.append(total)

    def position(at: int) -> int:
        place = bisect_right(ends, at)
        before = removed[place - 1] if place else 0
        if place < len(ends):
            # Inside of a run that was removed, it is where the run was.
            run = removed[place] - before
            before += max(0, at - (ends[place] - run))
        return at - before

    return _clean(text), position


def _clean(text: str) -> str:
    # Where nothing is to be kept, no function is called: 20 million such take 5 s, not 9.
    return _INVISIBLE.sub(_kept, text) if _KEPT.search(text) else _SUSPECTS.sub("", text)


def _kept(found: re.Match[str]) -> str:
    if found["breaks"]:
        return "\n" * len(found["breaks"])
    return found["meant"] or ""

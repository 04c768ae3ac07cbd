"""Scores what a reader gives against what it should: characters, cells, headings, notes."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

from eval.reading.expected import SUFFIX, Cell, ExpectedReading, read_expected
from index.errors import ConfigError
from index.formats.base import Parsed, Unreadable
from index.formats.registry import file_kind, parse
from index.types import Span, Table

# A text this near to what is expected has all of its words in order.
RIGHT = 0.995
_SHOWN = 40
# What is left of a table in Markdown without its rows.
_FRAME = re.compile(r"[|:\s-]*\n?")


@dataclass(frozen=True, slots=True)
class ReadingScore:
    """How much of a file was read rightly, each 0..1; None where nothing of a kind is expected.

    `faults` says what is wrong, and is empty where all is right.
    """

    name: str
    characters: float | None
    cells: float | None
    headings: float | None
    faults: tuple[str, ...] = ()

    @property
    def right(self) -> bool:
        """Whether nothing is wrong."""
        return not self.faults

    @property
    def kind(self) -> str:
        """The format, by its ending."""
        return file_kind(self.name)


@dataclass(frozen=True, slots=True)
class KindScore:
    """Means of the files of one format, and how many of them are right."""

    kind: str
    files: int
    right: int
    characters: float | None
    cells: float | None
    headings: float | None


def score_folder(folder: Path) -> list[ReadingScore]:
    """Read every file of a folder that has an expected text beside it, in order of their names.

    Raises ConfigError if there is none, or one stands beside no file.
    """
    found = list[ReadingScore]()
    for path in sorted(folder.rglob(f"*{SUFFIX}")):
        name = path.relative_to(folder).as_posix().removesuffix(SUFFIX)
        if not (folder / name).is_file():
            raise ConfigError(f"{path} stands beside no file {name}")
        found.append(score_file(name, (folder / name).read_bytes(), read_expected(path)))
    if not found:
        raise ConfigError(f"{folder} has no file with what it should give beside it (*{SUFFIX})")
    return found


def score_file(name: str, data: bytes, expected: ExpectedReading) -> ReadingScore:
    """Read a file's bytes and compare; whatever a reader raises is scored as no text."""
    try:
        read = parse(name, data)
    except Unreadable as error:
        if expected.unreadable and expected.unreadable in str(error):
            return ReadingScore(name, None, None, None)
        return _nothing(name, expected, f"not read: {error}")
    except Exception as error:  # as a sync does, which goes on with the next file
        return _nothing(name, expected, f"not read: {type(error).__name__}")
    if expected.unreadable:
        return _nothing(name, expected, "read, though it should not be")
    return _compared(name, read, expected)


def by_kind(scores: Sequence[ReadingScore]) -> list[KindScore]:
    """Means per format in alphabetical order, and of all of them as the kind "all"."""
    kinds = sorted({one.kind for one in scores})
    groups = [(kind, [one for one in scores if one.kind == kind]) for kind in kinds]
    return [_kind_score(kind, group) for kind, group in [*groups, ("all", list(scores))]]


def _kind_score(kind: str, scores: Sequence[ReadingScore]) -> KindScore:
    return KindScore(
        kind,
        len(scores),
        sum(one.right for one in scores),
        _mean([one.characters for one in scores]),
        _mean([one.cells for one in scores]),
        _mean([one.headings for one in scores]),
    )


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return fmean(known) if known else None


def _nothing(name: str, expected: ExpectedReading, fault: str) -> ReadingScore:
    return ReadingScore(
        name,
        0.0 if expected.text else None,
        0.0 if expected.cells else None,
        0.0 if expected.headings else None,
        (fault,),
    )


def _compared(name: str, read: Parsed, expected: ExpectedReading) -> ReadingScore:
    from rapidfuzz.distance import Levenshtein

    prose, cells = _prose(read), _cells(read)
    characters = Levenshtein.normalized_similarity(prose, expected.text)
    headings = [(heading.level, " ".join(heading.text.split())) for heading in read.headings]
    faults = [_difference(prose, expected.text)] if characters < RIGHT else []
    faults += _missing("cell", expected.cells, cells)
    faults += _missing("heading", expected.headings, headings)
    everything = " ".join((read.title, read.text))
    if expected.title not in ("", read.title):
        faults.append(f"title {read.title!r}")
    faults += (f"no note of {note!r}" for note in expected.notes if not _noted(note, read))
    faults += (f"{words!r} is in the text" for words in expected.never if words in everything)
    return ReadingScore(
        name,
        characters if expected.text or not expected.cells else None,
        _agreement(expected.cells, cells),
        _agreement(set(expected.headings), set(headings)),
        tuple(faults),
    )


def _noted(note: str, read: Parsed) -> bool:
    return any(note.lower() in given.lower() for given in read.notes)


def _agreement(expected: Collection[object], found: Collection[object]) -> float | None:
    """The share of both that is in both (F1); None where there is neither."""
    common = len(set(expected) & set(found))
    return 2 * common / (len(expected) + len(found)) if expected or found else None


def _missing(noun: str, expected: Collection[object], found: Collection[object]) -> Iterator[str]:
    lost, added = set(expected) - set(found), set(found) - set(expected)
    for verb, which in (("lacks", lost), ("has", added)):
        if which:
            first = min(which, key=repr)
            yield f"{verb} {len(which)} {noun}{'s' if len(which) > 1 else ''}, such as {first!r}"


def _difference(read: str, expected: str) -> str:
    """Where a text first differs from what is expected."""
    pairs = enumerate(zip(read, expected, strict=False))
    length = min(len(read), len(expected))
    at = next((at for at, (one, other) in pairs if one != other), length)
    start = max(at - _SHOWN // 2, 0)
    return f"reads {read[start : at + _SHOWN]!r} for {expected[start : at + _SHOWN]!r}"


def _prose(read: Parsed) -> str:
    """The text but for its tables: their rows, and the lines that name their columns.

    Headings are their words, without the marks of Markdown and its kin.
    """
    left, position = list[str](), 0
    places = [(span, "") for span in _table_spans(read.tables)]
    for heading in read.headings:
        end = read.text.find("\n", heading.start)
        line = (heading.start, len(read.text) if end < 0 else end)
        places.append((line, heading.text))
    for (start, end), words in sorted(places):
        if start >= position:
            # What stands in no text, so that a heading is not taken for names of columns.
            left += read.text[position:start], words and f"\0{words}"
            position = end
    left.append(read.text[position:])
    names = {" ".join(filter(None, table.columns)) for table in read.tables}
    lines = (
        line
        for line in "\n".join(left).splitlines()
        if line.strip() not in names and not (read.tables and _FRAME.fullmatch(line))
    )
    return " ".join(" ".join(lines).replace("\0", "").split())


def _table_spans(tables: Sequence[Table]) -> Iterator[Span]:
    for table in tables:
        if table.header:
            yield table.header
        yield from ((row.start, row.end) for row in table.rows)


def _cells(read: Parsed) -> set[Cell]:
    found = set[Cell]()
    for table in read.tables:
        for row in table.rows:
            texts = [
                " ".join(read.text[slice(*cell)].split()) if cell else "" for cell in row.cells
            ]
            first = next(filter(None, texts), "")
            found |= {
                (first, " ".join(name.split()), cell)
                for name, cell in zip(table.columns, texts, strict=False)
                if cell
            }
    return found

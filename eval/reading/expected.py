"""What should be read in a file: a text beside it, `NAME.expected`, that a person can write.

    title: Fees of the harbour
    note: 1 formula is left out
    never: DRAFT
    ---
    # Fees

    Boats pay by their length.

    | Length | Fee |
    |--------|-----|
    | 6 m    | 22  |

What stands above the line of hyphens is optional. `note` is a part of a note that the reader must
give, `never` words that must not be in the text, `unreadable` a part of the reason why the file
gives no text. Below it are paragraphs, headings by their depth, and tables whose first line names
the columns; `\\|` is a stroke within a cell.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from index.errors import ConfigError

SUFFIX = ".expected"
_RULE = re.compile(r"-{3,}\s*$", re.MULTILINE)
_FACT = re.compile(r"(title|note|never|unreadable): (.*)")
_HEADING = re.compile(r"(#{1,6}) (.*)")
_CELL_END = re.compile(r"(?<!\\)\|")
_UNDER_NAMES = re.compile(r"\|[\s|:-]*")

# A cell with the name of its column and the first cell of its row.
Cell = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class ExpectedReading:
    """What a file should give; without `title`, any will do, and `unreadable` is "" for text."""

    text: str
    headings: tuple[tuple[int, str], ...] = ()
    cells: frozenset[Cell] = frozenset()
    title: str = ""
    notes: tuple[str, ...] = ()
    never: tuple[str, ...] = ()
    unreadable: str = ""


def read_expected(path: Path) -> ExpectedReading:
    """Read the text beside a file. Raises ConfigError with the line that is not understood."""
    try:
        return parse_expected(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}") from None
    except ValueError as error:
        raise ConfigError(f"{path}: {error}") from None


def parse_expected(text: str) -> ExpectedReading:
    """The same of its text. Raises ValueError with the line that is not understood."""
    head, facts = _RULE.search(text), dict[str, list[str]]()
    for line in text[: head.start()].splitlines() if head else ():
        fact = _FACT.fullmatch(line)
        if fact:
            facts.setdefault(fact[1], []).append(fact[2].strip())
        elif line.strip():
            raise ValueError(f"{line!r} is none of title, note, never, unreadable")
    prose, headings, cells = list[str](), list[tuple[int, str]](), set[Cell]()
    lines = text[head.end() if head else 0 :].splitlines()
    for is_table, group in groupby(lines, key=lambda line: line.startswith("|")):
        if is_table:
            cells.update(_cells(list(group)))
            continue
        for line in group:
            if heading := _HEADING.fullmatch(line):
                headings.append((len(heading[1]), heading[2].strip()))
                line = heading[2]
            prose.append(line)
    return ExpectedReading(
        " ".join(" ".join(prose).split()),
        tuple(headings),
        frozenset(cells),
        "".join(facts.get("title", [])),
        tuple(facts.get("note", [])),
        tuple(facts.get("never", [])),
        "".join(facts.get("unreadable", [])),
    )


def _cells(lines: list[str]) -> Iterator[Cell]:
    names, *rows = [_split(line) for line in lines if not _UNDER_NAMES.fullmatch(line)]
    for row in rows:
        if len(row) != len(names):
            raise ValueError(f"the row {' | '.join(row)!r} has not {len(names)} cells")
        first = next(filter(None, row), "")
        yield from ((first, name, cell) for name, cell in zip(names, row, strict=True) if cell)


def _split(line: str) -> list[str]:
    cells = _CELL_END.split(line.strip().removeprefix("|").removesuffix("|"))
    return [" ".join(cell.replace("\\|", "|").split()) for cell in cells]

"""Columns that only white space parts: tables without rules, and text in columns side by side."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from statistics import fmean

from index.formats.pdf.page_items import PageTable, is_value, names_columns
from index.formats.pdf.words import PdfWord, WordLine, has_gap

# White between columns that runs down several lines, in type heights; a space is about 0.3.
_GUTTER = 0.45
# Lines of a table are not further apart than so many type heights, nor more than so many times
# as far as those before.
_STEP_HEIGHTS = 4.0
_STEPS = 2.2
_SAME_STEP = 1.25
_LEAST_ROWS = 3
_CELL_CHARACTERS = 40
# Columns of text have so many characters a line, in so many lines.
_TEXT_CHARACTERS = 20
_TEXT_LINES = 4
_MARK = re.compile(r"[^\w\s]|\(?\w{1,3}[.)]|\(\w{1,3}\)")
_LEADERS = re.compile(r"(?:\. ?){4,}|…")
_HYPHEN = re.compile(r"[^\W\d_]-$")

Column = tuple[float, float]


def with_columns(lines: Sequence[WordLine]) -> list[WordLine | PageTable]:
    """Lines in reading order with their aligned tables; columns of text one after the other."""
    found, at = list[WordLine | PageTable](), 0
    while at < len(lines):
        end = _run_end(lines, at) if has_gap(lines[at]) else at + 1
        run = lines[at:end]
        columns = _columns(run)
        if _is_text(run, columns):
            found += _one_after_other(run, columns)
            at = end
        elif (table := _table(run := _trimmed(run, columns), columns)) is not None:
            found.append(table)
            at += len(run)
        else:
            found.append(lines[at])
            at += 1
    return found


def _run_end(lines: Sequence[WordLine], start: int) -> int:
    """Where the lines end that have the same columns as the one at the start."""
    columns, end, step = _columns(lines[start : start + 1]), start + 1, 0.0
    while end < len(lines):
        line, last = lines[end], lines[end - 1]
        most = _SAME_STEP if not has_gap(line) else _STEPS
        near = 0 < line.top - last.top <= min(_STEP_HEIGHTS * last.size, most * (step or 1e9))
        wider = _columns(lines[start : end + 1])
        too_few = len(wider) < (2 if end - start < _LEAST_ROWS else len(columns))
        if not near or too_few or not 0.9 < line.size / last.size < 1.12:
            break
        if not has_gap(line) and (end - start < 2 or len(wider) != len(columns)):
            break
        columns, step, end = wider, max(step, line.top - last.top), end + 1
    return end


def _columns(lines: Sequence[WordLine]) -> list[Column]:
    """From where to where each column goes: no word of the lines stands between two of them."""
    least = _GUTTER * max(line.size for line in lines)
    columns = list[Column]()
    for left, right in sorted((word.left, word.right) for line in lines for word in line.words):
        if columns and left - columns[-1][1] < least:
            columns[-1] = columns[-1][0], max(columns[-1][1], right)
        else:
            columns.append((left, right))
    return columns


def _cells(line: WordLine, columns: Sequence[Column]) -> list[list[PdfWord]]:
    return [
        [word for word in line.words if left <= word.left and word.right <= right]
        for left, right in columns
    ]


def _joined(words: Sequence[PdfWord]) -> str:
    return " ".join(word.text for word in words)


# --- text in columns


def _is_text(run: Sequence[WordLine], columns: Sequence[Column]) -> bool:
    if len(run) < _TEXT_LINES or not 2 <= len(columns) <= 3:
        return False
    rows = [[_joined(cell) for cell in _cells(line, columns)] for line in run]
    for column in zip(*rows, strict=True):
        text = [cell for cell in column if cell]
        # What is a line of a column stands in each line up to the end of the column.
        whole = all(column[: len(text)]) and len(text) >= _TEXT_LINES
        if not whole or fmean(map(len, text)) < _TEXT_CHARACTERS:
            return False
    return True


def _one_after_other(run: Sequence[WordLine], columns: Sequence[Column]) -> Iterator[WordLine]:
    for at in range(len(columns)):
        for line in run:
            words = tuple(_cells(line, columns)[at])
            if words == line.words or (words and words[-1] == line.words[-1]):
                yield replace(line, words=words)
            elif words:
                yield _ended(line, words)


def _ended(line: WordLine, words: tuple[PdfWord, ...]) -> WordLine:
    """The first words of a line as a line of their own, whose last word may be divided."""
    last = words[-1]
    if not _HYPHEN.search(last.text):
        return replace(line, words=words, bottom=last.base, divided=False)
    cut = (*words[:-1], replace(last, text=last.text[:-1]))
    return replace(line, words=cut, bottom=last.base, divided=True)


# --- tables


def _trimmed(run: Sequence[WordLine], columns: Sequence[Column]) -> Sequence[WordLine]:
    """Lines without the last ones that only stand below the first column."""
    end = len(run)
    while end > 1 and not has_gap(run[end - 1]) and _cells(run[end - 1], columns)[0]:
        end -= 1
    return run[:end]


def _table(run: Sequence[WordLine], columns: Sequence[Column]) -> PageTable | None:
    if len(columns) < 2 or len(run) < 2 or any(_LEADERS.search(line.text) for line in run):
        return None
    rows, bold = _rows(run, columns)
    cells = [cell for row in rows for cell in row if cell]
    firsts = [row[0] for row in rows if row[0]]
    marks = bool(firsts) and all(map(_MARK.fullmatch, firsts))
    if marks or fmean(map(len, cells)) > _CELL_CHARACTERS:
        return None
    has_names = names_columns(rows, bold)
    if len(rows) < _LEAST_ROWS and not (has_names and len(columns) >= _LEAST_ROWS):
        return None
    if not has_names and not all(any(map(is_value, row[1:])) for row in rows):
        return None
    return PageTable(
        run[0].top,
        run[-1].top,
        run[0].size,
        rows[0] if has_names else (),
        tuple(rows[has_names:]),
    )


def _rows(
    lines: Sequence[WordLine], columns: Sequence[Column]
) -> tuple[list[tuple[str, ...]], list[bool]]:
    """Rows of cells, and whether each is bold; the further lines of a row's cells belong to it."""
    steps = [after.top - line.top for line, after in pairwise(lines)]
    near = (min(steps) + max(steps)) / 2 if min(steps) < 0.8 * max(steps) else 0.0
    rows, bold = list[list[str]](), list[bool]()
    for line, step in zip(lines, [0.0, *steps], strict=True):
        cells = [_joined(cell) for cell in _cells(line, columns)]
        goes_on = step <= near and (not cells[0] or not has_gap(line))
        if rows and goes_on:
            pairs = zip(rows[-1], cells, strict=True)
            rows[-1] = [f"{above} {below}".strip() for above, below in pairs]
        else:
            rows.append(cells)
            bold.append(line.bold)
    return [tuple(row) for row in rows], bold

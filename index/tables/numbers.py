"""Numbers in cells and questions, with their currency, unit or scale, in either notation."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from index.tables.units import MONEY, Unit, measure_of

_NUMBER = r"\d+(?:[.,'’\u00a0\u202f ]\d+)*"
_CELL = re.compile(
    rf"(?P<minus>[-−–+(]?)\s*(?P<before>[^\d\s+−(-][^\d+−(-]{{0,15}}?)?\s*(?P<inner>[-−]?)"
    rf"(?P<number>{_NUMBER})\s*(?P<after>[^\d]{{0,40}}?)\)?"
)
_GROUPS = re.compile(r"\d{1,3}(?:(?:[.]\d{3})+|(?:,\d{3})+|(?:['’\u00a0\u202f ]\d{3})+)")
_SPACES = str.maketrans("", "", "'’\u00a0\u202f ")


@dataclass(frozen=True, slots=True)
class Amount:
    """A number as it is written: its value, decimals, unit, and whether thousands are parted."""

    value: float
    decimals: int = 0
    unit: Unit | None = None
    grouped: bool = False


def decimal_mark(texts: Iterable[str]) -> str:
    """The decimal mark that numbers of a column show, "." or ","; "" if they do not tell."""
    votes = {".": 0, ",": 0}
    for text in texts:
        for number in re.findall(r"\d[\d.,]*\d", text):
            mark = _own_mark(number)
            if mark:
                votes[mark] += 1
    return max(votes, key=votes.__getitem__) if any(votes.values()) else ""


def _own_mark(number: str) -> str:
    """The decimal mark of a number, "" if it could be either or has none."""
    marks = [mark for mark in number if mark in ".,"]
    if not marks:
        return ""
    other = "," if marks[-1] == "." else "."
    if len(set(marks)) == 2:
        return marks[-1] if marks.count(marks[-1]) == 1 else ""
    if len(marks) > 1:
        return other if _GROUPS.fullmatch(number) else ""
    whole, _, part = number.partition(marks[0])
    ambiguous = len(part) == 3 and len(whole) <= 3 and whole.lstrip("0")
    return "" if ambiguous else marks[0]


def read_amount(text: str, mark: str = ".") -> Amount | None:
    """What a cell says if all of it is a number, with a sign, currency, unit or scale or without.

    `mark` is the decimal mark where the number could have either. A number that starts with a
    zero, as codes and telephone numbers do, is none.
    """
    match = _CELL.fullmatch(text.strip())
    if not match:
        return None
    parsed = parse_number(match["number"], mark)
    before, after = (match["before"] or "").strip(), (match["after"] or "").strip()
    attached = _attached(f"{before} {after}")
    if parsed is None or attached is None:
        return None
    unit, scale = attached
    if before and not (unit and unit.dimension == MONEY):
        return None
    value = parsed.value * scale
    negative = match["minus"] in set("-−–") | {"("} or bool(match["inner"])
    decimals = parsed.decimals if scale == 1 else 0
    return Amount(-value if negative else value, decimals, unit, parsed.grouped)


def _attached(words: str) -> tuple[Unit | None, float] | None:
    """The unit and scale of the words around a number; None if they are something else."""
    measure = measure_of(words)
    if measure:
        return measure.unit, measure.scale
    return None if words.strip() else (None, 1.0)


def parse_number(number: str, mark: str = ".") -> Amount | None:
    """The value of digits with marks between them; None if the marks stand as in no number."""
    number = number.strip()
    if len(number) > 1 and number[0] == "0" and number[1].isdigit():
        return None
    if re.search(r"['’\u00a0\u202f ]", number):
        whole = re.split("[.,]", number, maxsplit=1)[0]
        if not _GROUPS.fullmatch(whole):
            return None
    plain = number.translate(_SPACES)
    decimal = _own_mark(plain) or mark or "."
    grouping = "," if decimal == "." else "."
    whole, _, part = plain.partition(decimal)
    if grouping in whole and not _GROUPS.fullmatch(whole):
        return None
    if (not part.isdigit() and part) or grouping in part:
        return None
    value = float(f"{whole.replace(grouping, '')}.{part or 0}")
    return Amount(value, len(part), None, grouping in whole or plain != number)

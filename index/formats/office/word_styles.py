"""Styles and numbering of a Word document: what is a heading, hidden or an item, its number."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from index.formats.markup import list_mark

if TYPE_CHECKING:
    from lxml.etree import _Element

_WORD = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_HEADING = re.compile(r"heading ([1-9])$", re.IGNORECASE)
_PLACE = re.compile(r"%([1-9])")
_LEVELS = 9
# An item is indented by so much for each list that it stands in.
INDENT = 3
_OFF = ("0", "false", "off", "none")
# The formats of numbers, by the names that HTML has for them.
_STYLES = {"lowerLetter": "a", "upperLetter": "A", "lowerRoman": "i", "upperRoman": "I"}

# Which list a paragraph is an item of, and how deep, from 0.
Item = tuple[str, int]


def w(name: str) -> str:
    """A name of WordprocessingML as lxml writes it."""
    return _WORD + name


def value(element: _Element | None, path: str) -> str | None:
    """The w:val of an element below another; None if there is none, "" without a value."""
    found = None if element is None else element.find("/".join(map(w, path.split("/"))))
    return None if found is None else found.get(w("val"), "")


def is_on(element: _Element | None, path: str) -> bool | None:
    """Whether a switch is on; None if it is not there."""
    found = value(element, path)
    return None if found is None else found not in _OFF


@dataclass(frozen=True, slots=True)
class Style:
    """What a style says itself or has from those that it is based on."""

    name: str = ""
    level: int = 0
    is_hidden: bool = False
    is_raised: bool = False
    item: Item | None = None

    @property
    def is_title(self) -> bool:
        """Whether it is the style of a document's title."""
        return _names_title(self.name)


class Styles:
    """The styles of a document by their id."""

    def __init__(self, root: _Element | None) -> None:
        elements = [] if root is None else root.findall(w("style"))
        self._elements = {element.get(w("styleId"), ""): element for element in elements}
        self._known: dict[str, Style] = {"": Style()}

    def get(self, name: str) -> Style:
        """The style of an id; one that says nothing if there is none."""
        if name not in self._known:
            # A style that is based on itself is based on nothing.
            self._known[name] = Style()
            self._known[name] = self._read(self._elements.get(name))
        return self._known[name]

    def _read(self, element: _Element | None) -> Style:
        if element is None:
            return Style()
        base = self.get(value(element, "basedOn") or "")
        name = value(element, "name") or ""
        hidden = is_on(element, "rPr/vanish")
        raised = value(element, "rPr/vertAlign")
        return Style(
            name,
            _named_level(name) or outline_level(element.find(w("pPr"))) or base.level,
            base.is_hidden if hidden is None else hidden,
            base.is_raised if raised is None else raised == "superscript",
            item_of(element.find(w("pPr")), base.item),
        )

    @cached_property
    def has_hidden(self) -> bool:
        """Whether any style hides text."""
        return any(self.get(name).is_hidden for name in self._elements)


def _names_title(style: str) -> bool:
    return style.lower() == "title"


def _named_level(name: str) -> int:
    if _names_title(name):
        return 1
    heading = _HEADING.match(name)
    return min(int(heading[1]), 6) if heading else 0


def outline_level(properties: _Element | None) -> int:
    """The level of a heading by the outline, from 1; 0 if it is none."""
    level = value(properties, "outlineLvl") or ""
    return min(int(level) + 1, 6) if level.isdecimal() and int(level) < _LEVELS else 0


def item_of(properties: _Element | None, otherwise: Item | None) -> Item | None:
    """The list that a paragraph or a style is an item of; `otherwise` if it does not say."""
    number, level = value(properties, "numPr/numId"), value(properties, "numPr/ilvl")
    depth = int(level) if level and level.isdecimal() else otherwise[1] if otherwise else 0
    if number is None:
        return (otherwise[0], depth) if otherwise else None
    return None if number == "0" else (number, min(depth, _LEVELS - 1))


@dataclass(frozen=True, slots=True)
class _WordLevel:
    """How the items of a list are marked at one depth."""

    start: int = 1
    style: str = "decimal"
    pattern: str = ""


@dataclass
class Numbering:
    """Numbers the items of lists as they come; `root` is the document's numbering part."""

    root: _Element | None
    _counts: dict[str, list[int]] = field(default_factory=dict)
    _restarted: set[str] = field(default_factory=set)

    def mark(self, item: Item) -> str:
        """The mark of the next item: "- ", "3. ", "2.2 ", or "" where none is shown."""
        number, depth = item
        levels = self._levels.get(number)
        if levels is None:
            return "- "
        shared = self._shared[number]
        counts = self._counts.setdefault(shared, [])
        if number not in self._restarted and number in self._overrides:
            counts.clear()
        self._restarted.add(number)
        del counts[depth + 1 :]
        while len(counts) <= depth:
            counts.append(levels.get(len(counts), _WordLevel()).start - (len(counts) == depth))
        counts[depth] += 1
        return _written(levels, depth, counts)

    @cached_property
    def _shared(self) -> dict[str, str]:
        """The lists that lists share their count with."""
        return {
            each.get(w("numId"), ""): value(each, "abstractNumId") or "" for each in self._each()
        }

    @cached_property
    def _overrides(self) -> set[str]:
        """The lists that start anew."""
        path = f"{w('lvlOverride')}/{w('startOverride')}"
        return {each.get(w("numId"), "") for each in self._each() if each.find(path) is not None}

    @cached_property
    def _levels(self) -> dict[str, Mapping[int, _WordLevel]]:
        abstract = {}
        for each in () if self.root is None else self.root.findall(w("abstractNum")):
            levels = dict(map(_level, each.findall(w("lvl"))))
            abstract[each.get(w("abstractNumId"), "")] = levels
        found = dict[str, Mapping[int, _WordLevel]]()
        for each in self._each():
            own = dict(map(_level, each.findall(f"{w('lvlOverride')}/{w('lvl')}")))
            name = value(each, "abstractNumId") or ""
            if name in abstract:
                found[each.get(w("numId"), "")] = abstract[name] | own
        return found

    def _each(self) -> Iterator[_Element]:
        yield from () if self.root is None else self.root.findall(w("num"))


def _level(element: _Element) -> tuple[int, _WordLevel]:
    depth, start = element.get(w("ilvl"), "0"), value(element, "start") or ""
    level = _WordLevel(
        int(start) if start.isdecimal() else 1,
        value(element, "numFmt") or "decimal",
        value(element, "lvlText") or "",
    )
    return int(depth) if depth.isdecimal() else 0, level


def _written(levels: Mapping[int, _WordLevel], depth: int, counts: list[int]) -> str:
    level = levels.get(depth, _WordLevel())
    if level.style in ("bullet", "none") or not level.pattern:
        return "- " if level.style == "bullet" else ""

    def number(place: re.Match[str]) -> str:
        at = int(place[1]) - 1
        if at >= len(counts):
            return ""
        style = _STYLES.get(levels.get(at, _WordLevel()).style, "1")
        return list_mark(counts[at], style).rstrip(" .)")

    mark = _PLACE.sub(number, level.pattern).strip()
    return f"{mark} " if mark else ""

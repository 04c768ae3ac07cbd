"""The words of a paragraph in Word: runs, raised marks, symbols and formulas."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import TYPE_CHECKING

from index.formats.markup import lowered, raised
from index.formats.office.word_styles import Styles, is_on, value, w

if TYPE_CHECKING:
    from lxml.etree import _Element

_MATH = "{http://schemas.openxmlformats.org/officeDocument/2006/math}"
_MARKS = {w("br"): "\n", w("cr"): "\n", w("tab"): "\t", w("noBreakHyphen"): "-"}
# Symbol fonts have signs of their own at these places; check boxes are the most used.
_SYMBOLS = {
    "F06F": "☐", "F0A8": "☐", "F071": "☐", "F0FD": "☒", "F0FE": "☑", "F078": "☒", "F052": "☑",
    "F0FC": "✓", "F0FB": "✗", "F0B7": "•", "F0A7": "▪", "F0E0": "→", "F0D8": "➢", "F0B0": "°",
}  # fmt: skip
_SIGNS = frozenset({w("sym"), w("checkBox")})
# What is in a paragraph but not of its line.
_APART = frozenset({w("pPr"), w("rPr"), w("txbxContent"), w("pict"), w("instrText"), w("delText")})


def paragraph_words(paragraph: _Element, styles: Styles) -> str:
    """The text of a paragraph without its text boxes, formulas in a line."""
    text = ""
    for look, pieces in groupby(_pieces(paragraph, styles), key=lambda piece: piece[1]):
        words = "".join(piece for piece, _ in pieces)
        if look == "superscript":
            words = raised(words)
        text += lowered(text, words) if look == "subscript" else words
    return text


def _pieces(element: _Element, styles: Styles, look: str = "") -> Iterator[tuple[str, str]]:
    """Texts, each with how it is set: superscript, subscript, or ""."""
    for child in element.iterchildren("*"):
        if child.tag in _APART:
            continue
        if child.tag == w("t"):
            yield child.text or "", look
        elif child.tag in _MARKS:
            yield _MARKS[child.tag], look
        elif child.tag in _SIGNS:
            yield _sign(child), look
        elif child.tag == _MATH + "oMath":
            yield formula(child), ""
        elif child.tag == w("r"):
            yield from _pieces(child, styles, _look(child, styles))
        else:
            yield from _pieces(child, styles, look)


def _sign(element: _Element) -> str:
    """A sign of a symbol font, or a form's check box as Word had them before content controls."""
    if element.tag == w("sym"):
        return _SYMBOLS.get(element.get(w("char"), "").upper(), "")
    now = is_on(element, "checked")
    return "☒" if (is_on(element, "default") if now is None else now) else "☐"


def _look(run: _Element, styles: Styles) -> str:
    own = value(run, "rPr/vertAlign")
    if own is None:
        is_raised = styles.get(value(run, "rPr/rStyle") or "").is_raised
        return "superscript" if is_raised else ""
    return own if own in ("superscript", "subscript") else ""


def formula(element: _Element) -> str:
    """A formula of Office in one line: (Q·H)/η, x², √(2)."""
    return "".join(map(_term, element.iterchildren("*")))


def _term(element: _Element) -> str:
    kind = element.tag.removeprefix(_MATH)
    parts = {child.tag.removeprefix(_MATH): formula(child) for child in element.iterchildren("*")}
    base = parts.get("e", "")
    if kind == "r":
        return "".join(text.text or "" for text in element.iter(_MATH + "t"))
    if kind == "f":
        return f"{_grouped(parts.get('num', ''))}/{_grouped(parts.get('den', ''))}"
    if kind in ("sSup", "sSub", "sSubSup"):
        below = parts.get("sub", "")
        below = f"_{_grouped(below)}" if below else ""
        return f"{_grouped(base)}{below}{_power(parts.get('sup', ''))}"
    if kind == "rad":
        return f"{_power(parts.get('deg', ''))}√{_under(base)}"
    if kind == "d":
        inside = ", ".join(formula(child) for child in element.findall(_MATH + "e"))
        return f"({inside})"
    if kind == "nary":
        below, above = parts.get("sub", ""), parts.get("sup", "")
        return f"{_operator(element)}{f'[{below}..{above}]' if below or above else ''} {base}"
    return formula(element)


def _operator(element: _Element) -> str:
    sign = element.find(f"{_MATH}naryPr/{_MATH}chr")
    return "∫" if sign is None else sign.get(_MATH + "val", "∫")


def _power(text: str) -> str:
    sign = raised(text)
    return sign if sign != text or not text else f"^{_grouped(text)}"


def _grouped(text: str) -> str:
    """In brackets if it is more than one term."""
    is_single = all(char.isalnum() or char in ".,_" for char in text)
    return text if is_single or (text[:1] == "(" and text[-1:] == ")") else f"({text})"


def _under(text: str) -> str:
    """What stands under a root: in brackets unless it is a number or a single sign."""
    is_one = len(text) == 1 or text.replace(".", "").isdecimal()
    return text if is_one or (text[:1] == "(" and text[-1:] == ")") else f"({text})"

"""A small canvas for inline SVG; ElementTree escapes whatever is written on it."""

from __future__ import annotations

from collections.abc import Sequence
from xml.etree.ElementTree import Element, SubElement, tostring

from markupsafe import Markup

Point = tuple[float, float]


class Canvas:
    """A picture of a fixed size in pixels that scales with its place on the page.

    Looks come from the page's style sheet by `kind`, the class of a shape. `title` is what a
    screen reader says, and a shape's `tip` what a pointer that rests on it shows.
    """

    def __init__(self, width: float, height: float, title: str, kind: str = "plot") -> None:
        self._svg = Element(
            "svg",
            {
                "viewBox": f"0 0 {_number(width)} {_number(height)}",
                "class": kind,
                "role": "img",
                "aria-label": title,
            },
        )

    def line(self, start: Point, end: Point, kind: str) -> None:
        """A straight line."""
        self._add("line", kind, x1=start[0], y1=start[1], x2=end[0], y2=end[1])

    def path(self, points: Sequence[Point], kind: str) -> None:
        """Lines through points."""
        steps = " ".join(f"{_number(x)},{_number(y)}" for x, y in points)
        SubElement(self._svg, "polyline", {"class": kind, "points": steps})

    def area(self, points: Sequence[Point], kind: str) -> None:
        """The inside of a ring of points."""
        ring = " ".join(f"{_number(x)},{_number(y)}" for x, y in points)
        SubElement(self._svg, "polygon", {"class": kind, "points": ring})

    def box(
        self,
        corner: Point,
        width: float,
        height: float,
        kind: str,
        tip: str = "",
        round_: float = 0,
    ) -> None:
        """A rectangle from its upper left corner."""
        x, y = corner
        shape = self._add("rect", kind, x=x, y=y, width=width, height=height, rx=round_)
        _tip(shape, tip)

    def dot(self, at: Point, radius: float, kind: str, tip: str = "") -> None:
        """A filled circle."""
        _tip(self._add("circle", kind, cx=at[0], cy=at[1], r=radius), tip)

    def text(self, at: Point, words: str, kind: str = "label", anchor: str = "start") -> None:
        """Words on a line; `anchor` is start, middle or end."""
        shape = self._add("text", kind, x=at[0], y=at[1])
        shape.set("text-anchor", anchor)
        shape.text = words

    def markup(self) -> Markup:
        """The picture as HTML."""
        return Markup(tostring(self._svg, encoding="unicode"))

    def _add(self, tag: str, kind: str, **places: float) -> Element:
        values = {name: _number(value) for name, value in places.items()}
        return SubElement(self._svg, tag, {"class": kind, **values})


def _number(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")


def _tip(shape: Element, words: str) -> None:
    if words:
        SubElement(shape, "title").text = words

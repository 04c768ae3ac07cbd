"""Draws docs/architecture.svg: `python -m tests.helpers.house docs/architecture.svg`

The floors are import-linter's contracts in pyproject.toml, the sentences are the docstrings of the
packages and folders, and what a folder uses are its real imports.
"""

from __future__ import annotations

import ast
import sys
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from textwrap import wrap

ROOT = Path(__file__).parents[2]
PLACES = {"ui": (0, 0), "eval": (1, 0), "rag": (0, 1), "index": (1, 1)}  # column and row
COLOURS = {"ui": "#8a5a2b", "eval": "#4d6b3c", "rag": "#2f5d80", "index": "#6b4a7d"}

# In pixels.
WIDTH, MARGIN, GAP, PADDING, BETWEEN = 620, 20, 8, 14, 56
HEADER, LINE, NAME = 58, 14, 17
CHARACTER = 5.9  # a letter of the small text, at most


@dataclass(frozen=True, slots=True)
class Room:
    """A folder, or a module that stands beside the folders of its package."""

    name: str
    is_folder: bool
    summary: str
    uses: tuple[str, ...]

    def lines(self, width: float) -> list[tuple[str, str]]:
        """Its sentence and what it uses, broken at the width of its box: (style, text)."""
        limit = int((width - 16) / CHARACTER)
        texts = [("small", self.summary)] if self.is_folder or width > WIDTH / 3 else []
        if self.is_folder and self.uses:
            texts.append(("uses", f"uses {', '.join(self.uses)}"))
        return [(style, line) for style, text in texts for line in wrap(text, limit)]


def source_of(package: str, name: str) -> list[Path]:
    """The modules of a room."""
    folder = ROOT / package / name
    return sorted(folder.rglob("*.py")) if folder.is_dir() else [folder.with_suffix(".py")]


def summary_of(path: Path) -> str:
    """The first line of a module's docstring."""
    text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    return text.partition("\n")[0].replace("`", "")


def imported(paths: Sequence[Path]) -> Iterator[str]:
    """The modules that modules import anywhere in them."""
    for path in paths:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module:
                yield node.module
                yield from (f"{node.module}.{alias.name}" for alias in node.names)
            elif isinstance(node, ast.Import):
                yield from (alias.name for alias in node.names)


def floors_of(package: str) -> list[list[Room]]:
    """The rooms of a package, floor by floor from the top, as the contracts have them."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = project["tool"]["importlinter"]["contracts"]
    (layers,) = [each["layers"] for each in contracts if each.get("containers") == [package]]
    names = [layer.replace("|", ":").replace(" ", "").split(":") for layer in layers]
    folders = {name for floor in names for name in floor if (ROOT / package / name).is_dir()}
    return [[_room(package, name, folders) for name in floor] for floor in names]


def _room(package: str, name: str, folders: set[str]) -> Room:
    paths = source_of(package, name)
    parts = [module.split(".") for module in imported(paths)]
    used = {part[1] for part in parts if part[0] == package and len(part) > 1}
    uses = tuple(sorted((used & folders) - {name}))
    return Room(name, name in folders, summary_of(paths[0]), uses)


class Drawing:
    """Pieces of an SVG in the order in which they are drawn."""

    def __init__(self) -> None:
        self.pieces: list[str] = []

    def box(self, x: float, y: float, width: float, height: float, style: str) -> None:
        self.pieces.append(
            f'<rect x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" rx="5" {style}/>'
        )

    def text(self, x: float, y: float, kind: str, text: str, style: str = "") -> None:
        self.pieces.append(f'<text x="{x:g}" y="{y:g}" class="{kind}"{style}>{escape(text)}</text>')

    def arrow(self, path: str) -> None:
        self.pieces.append(f'<path d="{path}" class="arrow" marker-end="url(#head)"/>')


def row_height(rooms: Sequence[Room]) -> int:
    """Room for the longest text of a floor."""
    width = _box_width(rooms)
    return 12 + NAME + LINE * max(len(room.lines(width)) for room in rooms)


def _box_width(rooms: Sequence[Room]) -> float:
    return (WIDTH - 2 * PADDING - GAP * (len(rooms) - 1)) / len(rooms)


def panel_height(floors: Sequence[Sequence[Room]]) -> int:
    return HEADER + PADDING - GAP + sum(row_height(floor) + GAP for floor in floors)


def draw_package(
    drawing: Drawing, package: str, floors: Sequence[Sequence[Room]], x: int, y: int, height: int
) -> None:
    """A panel with the floors of a package."""
    colour = COLOURS[package]
    drawing.box(x, y, WIDTH, height, 'fill="#ffffff" stroke="#cfc9bd"')
    drawing.text(x + PADDING, y + 27, "package", f"{package}/", f' fill="{colour}"')
    drawing.text(x + PADDING, y + 46, "small", summary_of(ROOT / package / "__init__.py"))
    top = y + HEADER
    for floor in floors:
        width = _box_width(floor)
        for number, room in enumerate(floor):
            left = x + PADDING + number * (width + GAP)
            stroke = f'fill="#faf8f4" stroke="{colour}" stroke-opacity="0.45"'
            drawing.box(left, top, width, row_height(floor), stroke)
            name = f"{room.name}/" if room.is_folder else f"{room.name}.py"
            drawing.text(left + 8, top + NAME, "name", name)
            for line, (kind, text) in enumerate(room.lines(width), start=1):
                drawing.text(left + 8, top + NAME + 1 + LINE * line, kind, text)
        top += row_height(floor) + GAP


STYLE = """
text { font-family: system-ui, -apple-system, "Segoe UI", Helvetica, Arial, sans-serif;
       fill: #2b2a27; }
.package { font-size: 20px; font-weight: 650; }
.name { font-size: 13px; font-weight: 600; }
.small { font-size: 11px; fill: #56534c; }
.uses { font-size: 11px; font-style: italic; fill: #85817a; }
.arrow { stroke: #56534c; stroke-width: 2; fill: none; }
"""
HEAD = (
    '<marker id="head" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="7" markerHeight="7"'
    ' orient="auto"><path d="M0 0 10 5 0 10z" fill="#56534c"/></marker>'
)


def draw() -> str:
    """The picture of the house."""
    floors = {package: floors_of(package) for package in PLACES}
    heights = {package: panel_height(floors[package]) for package in PLACES}
    rows = [max(heights[p] for p in PLACES if PLACES[p][1] == row) for row in range(2)]
    tops = (MARGIN, MARGIN + rows[0] + BETWEEN)
    lefts = (MARGIN, MARGIN + WIDTH + BETWEEN)
    drawing = Drawing()
    for package, (column, row) in PLACES.items():
        draw_package(drawing, package, floors[package], lefts[column], tops[row], heights[package])
    down = (MARGIN + heights["ui"], tops[1] - 3)
    drawing.arrow(f"M{lefts[0] + 120} {down[0]}V{down[1]}")
    middle = tops[1] - BETWEEN // 2
    drawing.arrow(
        f"M{lefts[1] + 120} {MARGIN + heights['eval']}V{middle}H{lefts[0] + WIDTH - 120}V{down[1]}"
    )
    drawing.arrow(f"M{lefts[0] + WIDTH} {tops[1] + 30}H{lefts[1] - 3}")
    width, height = 2 * (MARGIN + WIDTH) + BETWEEN, tops[1] + rows[1] + MARGIN
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}"'
            f' width="{width}" height="{height}" role="img">',
            "<title>The four packages of Footnote and their floors</title>",
            f"<style>{STYLE}</style><defs>{HEAD}</defs>",
            f'<rect width="{width}" height="{height}" fill="#f4f1ea"/>',
            *drawing.pieces,
            "</svg>\n",
        ]
    )


def main() -> None:
    if len(sys.argv) != 2:
        sys.exit("usage: python -m tests.helpers.house OUT.svg")
    Path(sys.argv[1]).write_text(draw(), encoding="utf-8")


if __name__ == "__main__":
    main()

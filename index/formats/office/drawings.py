"""Charts, diagrams and text boxes of Office files to text, by what the file says they show."""

from __future__ import annotations

import io
import posixpath
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from index.formats.base import TextBlock
from index.formats.office.number_formats import shown
from index.formats.tables import table_blocks

if TYPE_CHECKING:
    from lxml.etree import _Element

_CHART = "{http://schemas.openxmlformats.org/drawingml/2006/chart}"
DRAWING = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
# Charts of two axes of values name what others call categories and values so.
_CATEGORIES = ("cat", "xVal")
_VALUES = ("val", "yVal", "bubbleSize")
_POINTS = 100_000


def chart_blocks(content: bytes) -> Iterator[TextBlock]:
    """The title of a chart, and for each category what its series say, whatever its kind."""
    root = _parsed(content)
    title = ""
    if (named := root.find(f"{_CHART}chart/{_CHART}title")) is not None:
        title = "".join(text.text or "" for text in named.iter(f"{DRAWING}t"))
        yield TextBlock(title)
    for plot in root.iterfind(f"{_CHART}chart/{_CHART}plotArea/*"):
        series = plot.findall(f"{_CHART}ser")
        if series:
            yield from table_blocks(_rows(series), title)


def _rows(series: list[_Element]) -> list[list[str]]:
    """A header with the names of series, and a row for each category."""
    categories, values = dict[int, str](), list[dict[int, str]]()
    for one in series:
        for name in _CATEGORIES:
            categories = _points(one.find(_CHART + name)) | categories
        found = (_points(one.find(_CHART + name)) for name in _VALUES)
        values.append(next((points for points in found if points), {}))
    names = [" ".join(_points(one.find(f"{_CHART}tx")).values()) for one in series]
    places = sorted({*categories, *(at for points in values for at in points)})
    rows = [[categories.get(at, ""), *(points.get(at, "") for points in values)] for at in places]
    return [["", *names], *rows]


def _points(element: _Element | None) -> dict[int, str]:
    """What a chart remembers of its cells, by their place."""
    if element is None:
        return {}
    points = dict[int, str]()
    for point in element.iter(f"{_CHART}pt"):
        at, text = int(point.get("idx", 0)), point.findtext(f"{_CHART}v") or ""
        # Categories of several levels stand the innermost first.
        points[at] = f"{_as_shown(text)} {points[at]}" if at in points else _as_shown(text)
        if len(points) > _POINTS:
            break
    alone = element.findtext(f"{_CHART}v")
    return points or ({0: alone} if alone else {})


def _as_shown(text: str) -> str:
    try:
        return shown(float(text)) if not text.isdecimal() else text
    except ValueError:
        return text


def diagram_blocks(content: bytes) -> Iterator[TextBlock]:
    """The texts of a diagram (SmartArt)."""
    for paragraph in _parsed(content).iter(f"{DRAWING}p"):
        yield TextBlock("".join(text.text or "" for text in paragraph.iter(f"{DRAWING}t")))


def _parsed(content: bytes) -> _Element:
    from lxml import etree

    return etree.fromstring(content, etree.XMLParser(resolve_entities=False, no_network=True))


# --- drawings over the cells of sheets

_OFFICE = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"


@dataclass(frozen=True, slots=True)
class SheetDrawings:
    """What is drawn over the cells of a sheet: texts of its boxes; how many charts and pictures."""

    texts: Sequence[str] = ()
    charts: int = 0
    pictures: int = 0


def sheet_drawings(data: bytes) -> dict[str, SheetDrawings]:
    """The drawings of a workbook's sheets by their names; sheets without any are left out."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        if not any(name.startswith("xl/drawings/drawing") for name in archive.namelist()):
            return {}
        sheets = _parsed(archive.read("xl/workbook.xml")).iter("{*}sheet")
        parts = _related(archive, "xl/workbook.xml")
        found = {
            sheet.get("name", ""): _drawings_of(archive, parts.get(sheet.get(f"{_OFFICE}id"), ""))
            for sheet in sheets
        }
    return {name: drawn for name, drawn in found.items() if drawn != SheetDrawings()}


def _drawings_of(archive: zipfile.ZipFile, sheet: str) -> SheetDrawings:
    paths = _related(archive, sheet).values() if sheet else ()
    roots = [_parsed(archive.read(path)) for path in paths if "/drawings/drawing" in path]
    boxes = [box for root in roots for box in root.iter("{*}txBody")]
    texts = ("\n".join(map(_text, box.iter(f"{DRAWING}p"))).strip() for box in boxes)
    return SheetDrawings(
        [text for text in texts if text],
        sum(1 for root in roots for _ in root.iter(f"{_CHART}chart")),
        sum(1 for root in roots for _ in root.iter("{*}pic")),
    )


def _text(paragraph: _Element) -> str:
    return "".join(text.text or "" for text in paragraph.iter(f"{DRAWING}t"))


def _related(archive: zipfile.ZipFile, path: str) -> dict[str, str]:
    """The parts that a part names, by the names it has for them; those not there are left out."""
    folder, _, name = path.rpartition("/")
    links = f"{folder}/_rels/{name}.rels"
    names = set(archive.namelist())
    if links not in names:
        return {}
    targets = (
        (
            link.get("Id", ""),
            posixpath.normpath(posixpath.join("/", folder, link.get("Target", ""))),
        )
        for link in _parsed(archive.read(links)).iterchildren("*")
        if link.get("TargetMode") != "External"
    )
    return {key: target[1:] for key, target in targets if target[1:] in names}

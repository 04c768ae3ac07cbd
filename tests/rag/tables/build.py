"""Documents with tables, made from rows of text as the readers write them."""

from __future__ import annotations

import io
from collections.abc import Sequence
from hashlib import sha256

from reportlab.lib import colors
from reportlab.lib.pagesizes import A4, landscape
from reportlab.lib.styles import getSampleStyleSheet
from reportlab.platypus import Paragraph, SimpleDocTemplate, TableStyle
from reportlab.platypus import Table as PdfTable

from index.formats.pdf.text import parse_pdf
from index.types import Document, Heading, Table, TableRow


def document(
    path: str,
    columns: Sequence[str],
    rows: Sequence[Sequence[str]],
    title: str = "",
    caption: str = "",
) -> Document:
    """One table, a paragraph per row with each cell after its column's name, below a title."""
    heading = (Heading(0, 1, title),) if title else ()
    text, found = f"{title}\n\n" if title else "", list[TableRow]()
    for row in rows:
        start, cells, parts = len(text), list[tuple[int, int] | None](), list[str]()
        for name, cell in zip(columns, row, strict=True):
            before = len("; ".join([*parts, f"{name}: "]))
            cells.append((start + before, start + before + len(cell)) if cell else None)
            parts += [f"{name}: {cell}"] if cell else []
        text += "; ".join(parts)
        found.append(TableRow(start, len(text), tuple(cells)))
        text += "\n\n"
    table = Table(tuple(columns), tuple(found), None, caption)
    return made(path, title or path, text.rstrip(), (table,), heading)


def markdown(
    path: str, columns: Sequence[str], rows: Sequence[Sequence[str]], title: str = ""
) -> Document:
    """One table between bars, with a header line, below a title."""
    text = f"# {title}\n\n" if title else ""
    heading = (Heading(0, 1, title),) if title else ()
    header = (len(text), len(text) + len(_line(columns)))
    text += f"{_line(columns)}\n|{'---|' * len(columns)}\n"
    found = list[TableRow]()
    for row in rows:
        at, cells = len(text) + 2, list[tuple[int, int] | None]()
        for cell in row:
            cells.append((at, at + len(cell)) if cell else None)
            at += len(cell) + 3
        found.append(TableRow(len(text), len(text) + len(_line(row)), tuple(cells)))
        text += _line(row) + "\n"
    return made(
        path, title or path, text.rstrip(), (Table(tuple(columns), tuple(found), header),), heading
    )


def ruled_pdf(
    path: str, columns: Sequence[str], rows: Sequence[Sequence[str]], title: str
) -> Document:
    """One table with ruled cells below a title, as the reader of PDFs gives it."""
    styles, file = getSampleStyleSheet(), io.BytesIO()
    grid = TableStyle(
        [("GRID", (0, 0), (-1, -1), 0.5, colors.black), ("FONTSIZE", (0, 0), (-1, -1), 8)]
    )
    table = PdfTable([list(columns), *map(list, rows)], style=grid)
    SimpleDocTemplate(file, pagesize=landscape(A4), title=title).build(
        [Paragraph(title, styles["Title"]), table]
    )
    found = parse_pdf(file.getvalue())
    return made(path, title, found.text, found.tables, found.headings)


def made(
    path: str, title: str, text: str, tables: tuple[Table, ...], headings: tuple[Heading, ...] = ()
) -> Document:
    """A document with tables; its digest is that of its text."""
    digest = sha256(text.encode()).hexdigest()
    return Document(path, title, text, digest, headings, tables=tables)


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"

"""PDFs as people have them, drawn here, with what each should give."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Sequence

from reportlab.lib import colors
from reportlab.lib.styles import getSampleStyleSheet
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Flowable, Paragraph, SimpleDocTemplate, Table, TableStyle

from tests.reading.inputs import ReadingInput

Draw = Callable[[Canvas], None]
BODY = getSampleStyleSheet()["BodyText"]
PROSE = (
    "The keeper of the lock opens the upper gate at seven in the",
    "morning and closes it when the last boat has gone down to the",
    "harbour, which may be as late as ten in the weeks of summer.",
)
WHOLE = " ".join(PROSE)


def _drawn(*pages: Draw) -> bytes:
    file = io.BytesIO()
    canvas = Canvas(file, pagesize=(595, 842), invariant=1)
    for page in pages:
        page(canvas)
        canvas.showPage()
    canvas.save()
    return file.getvalue()


def _laid_out(*flowables: Flowable) -> bytes:
    file = io.BytesIO()
    SimpleDocTemplate(file, invariant=1).build(list(flowables))
    return file.getvalue()


def _lines(
    canvas: Canvas, lines: Sequence[str], top: float = 700, step: float = 14, left: float = 72,
    font: str = "Helvetica", size: float = 11,
) -> None:  # fmt: skip
    canvas.setFont(font, size)
    for number, line in enumerate(lines):
        canvas.drawString(left, top - number * step, line)


def pdf_inputs() -> Iterator[ReadingInput]:
    """Every input of the format."""
    for name, data, expected in (
        *_spacing(), *_repeated(), *_headings(), *_notes(), *_columns(), *_tables(), *_forms(),
        *_hidden(), *_raised(), *_titles(),
    ):  # fmt: skip
        yield ReadingInput(f"pdf-{name}.pdf", data, expected)


Inputs = Iterator[tuple[str, bytes, str]]


def _spacing() -> Inputs:
    for step in (14, 22, 30):

        def page(canvas: Canvas, step: int = step) -> None:
            _lines(canvas, [*PROSE, "A fee of nine crowns is due for each boat that is longer than", "six metres."], step=step)  # fmt: skip

        rest = "A fee of nine crowns is due for each boat that is longer than six metres."
        yield f"spaced-{step}", _drawn(page), f"{WHOLE} {rest}"
    pdfmetrics.registerFont(UnicodeCIDFont("STSong-Light"))
    pdfmetrics.registerFont(UnicodeCIDFont("HeiseiMin-W3"))
    for name, font, lines in (
        ("han", "STSong-Light", ["三号码头从星期二早上八点起", "关闭两天，请使用四号码头。"]),
        ("kana", "HeiseiMin-W3", ["会議は金曜日の午後三時に", "はじまります。"]),
        ("han-latin", "STSong-Light", ["请在上午九点前联系港务局的", "值班员，电话是七七四一。"]),
    ):

        def east(canvas: Canvas, font: str = font, lines: Sequence[str] = lines) -> None:
            _lines(canvas, lines, font=font, size=12, step=18)

        yield f"wrapped-{name}", _drawn(east), "".join(lines)


def _repeated() -> Inputs:
    texts = [
        "Gates are greased before the frost comes to the valley in autumn.",
        "Nobody may swim in the chamber while the paddles of it are open.",
        "Ropes longer than twenty metres are kept in the shed by the weir.",
        "Lamps on the quay are lit from dusk until the last ferry is gone.",
    ]
    for name, head, foot in (
        ("head", "Weir Trust, call 0555 741", ""),
        ("foot", "", "In force since 4 June 2025"),
        ("both", "Handbook of locks", "Ask the office, room 12"),
    ):

        def page(number: int, head: str = head, foot: str = foot) -> Draw:
            def draw(canvas: Canvas) -> None:
                _lines(canvas, [head], top=800, size=9)
                _lines(canvas, [texts[number]], top=700)
                _lines(canvas, [foot], top=40, size=9)

            return draw

        prose = " ".join(filter(None, (head, foot, *texts)))
        yield f"repeated-{name}", _drawn(*map(page, range(4))), prose
    for name, stamp in (("draft", "DRAFT"), ("copy", "COPY"), ("secret", "CONFIDENTIAL")):

        def stamped(number: int, stamp: str = stamp) -> Draw:
            def draw(canvas: Canvas) -> None:
                _lines(canvas, [texts[number]])
                canvas.saveState()
                canvas.setFont("Helvetica-Bold", 70)
                canvas.setFillGray(0.85)
                canvas.translate(150, 250)
                canvas.rotate(50)
                canvas.drawString(0, 0, stamp)
                canvas.restoreState()

            return draw

        yield (
            f"watermark-{name}",
            _drawn(*map(stamped, range(3))),
            f"{stamp} {texts[0]} {texts[1]} {texts[2]}",
        )


def _headings() -> Inputs:
    for name, amount in (
        ("total", "Amount due: 324.20"),
        ("euro", "EUR 1,250.00"),
        ("percent", "Total 19.5 %"),
    ):

        def bill(canvas: Canvas, amount: str = amount) -> None:
            _lines(canvas, ["Bill 2207 of the yard"], top=760, size=20)
            _lines(canvas, ["Two oars were mended and one sail was sewn by the yard in May."])
            _lines(canvas, [amount], top=640, size=20)

        yield (
            f"large-{name}",
            _drawn(bill),
            (
                "# Bill 2207 of the yard\n\nTwo oars were mended and one sail was sewn by the yard in "
                f"May.\n\n{amount}"
            ),
        )
    for name, heads in (
        ("bold", ("Opening", "Closing")),
        ("numbered", ("1 Opening", "2 Closing")),
        ("long", ("What is opened and when", "What is closed and when")),
    ):

        def bold(canvas: Canvas, heads: tuple[str, str] = heads) -> None:
            for number, head in enumerate(heads):
                top = 740 - 120 * number
                _lines(canvas, [head], top=top, font="Helvetica-Bold")
                _lines(canvas, PROSE, top=top - 24)

        yield (
            f"heading-{name}",
            _drawn(bold),
            f"# {heads[0]}\n\n{WHOLE}\n\n# {heads[1]}\n\n{WHOLE}",
        )


def _notes() -> Inputs:
    for name, mark in (("number", "1"), ("star", "*"), ("dagger", "†")):

        def first(canvas: Canvas, mark: str = mark) -> None:
            _lines(canvas, [*PROSE, "Whoever comes later must pay a late fee of"], top=120)
            _lines(canvas, [f"{mark} Set by the council in May."], top=50, size=8)

        def second(canvas: Canvas) -> None:
            _lines(canvas, ["thirty crowns at the office of the lock.", *PROSE], top=760)

        yield (
            f"note-{name}",
            _drawn(first, second),
            (
                f"{mark} Set by the council in May. {WHOLE} Whoever comes later must pay a late fee of "
                f"thirty crowns at the office of the lock. {WHOLE}"
            ),
        )


def _columns() -> Inputs:
    left = ["The museum opens at nine", "on weekdays and at ten on", "Saturdays, when there are", "guides in every room."]  # fmt: skip
    right = ["Soup is brought to table", "six by the keeper of the", "kitchen, and bread may be", "had at the counter."]  # fmt: skip
    joined = f"{' '.join(left)} {' '.join(right)}"

    def by_rows(canvas: Canvas) -> None:
        for number, (one, other) in enumerate(zip(left, right, strict=True)):
            _lines(canvas, [one], top=700 - 14 * number)
            _lines(canvas, [other], top=700 - 14 * number, left=320)

    def by_columns(canvas: Canvas) -> None:
        _lines(canvas, left)
        _lines(canvas, right, left=320)

    def below_head(canvas: Canvas) -> None:
        _lines(canvas, ["News of the valley"], top=760, size=20)
        by_rows(canvas)

    yield "columns-rows", _drawn(by_rows), joined
    yield "columns-columns", _drawn(by_columns), joined
    yield "columns-head", _drawn(below_head), f"# News of the valley\n\n{joined}"


def _tables() -> Inputs:
    rows = [["Boat", "Built", "Crew"], ["Plover", "1998", "4"], ["Heron", "2004", ""], ["Gull", "2011", "12"]]  # fmt: skip
    table = "\n".join(f"| {' | '.join(row)} |" for row in rows)
    for name, style in (
        ("grid", [("GRID", (0, 0), (-1, -1), 0.5, colors.black)]),
        ("plain", []),
        ("lines", [("LINEBELOW", (0, 0), (-1, -1), 0.5, colors.black)]),
    ):
        data = _laid_out(
            Paragraph("Boats of the club.", BODY),
            Table(rows, style=TableStyle(style)),
            Paragraph("All are insured.", BODY),
        )
        yield f"table-{name}", data, f"Boats of the club.\n\n{table}\n\nAll are insured."
    long = [["Town", "Day", "Night"], *([f"Town {n}", f"0.{n}", f"1.{n}"] for n in range(10, 90))]
    style = TableStyle([("GRID", (0, 0), (-1, -1), 0.5, colors.black)])
    expected = "\n".join(f"| {' | '.join(row)} |" for row in long)
    yield "table-pages", _laid_out(Table(long, style=style, repeatRows=1)), expected
    yield "table-pages-once", _laid_out(Table(long, style=style)), expected
    yield "table-pages-plain", _laid_out(Table(long, repeatRows=1)), expected


def _forms() -> Inputs:
    def fields(canvas: Canvas) -> None:
        _lines(canvas, ["Application for a berth"], top=760, size=18)
        for number, (label, value) in enumerate((("Name", "Margit"), ("Policy", "QX-71"))):
            _lines(canvas, [label], top=700 - 40 * number)
            canvas.acroForm.textfield(value=value, x=200, y=694 - 40 * number, width=150, height=20, name=label)  # fmt: skip

    yield "form-text", _drawn(fields), "# Application for a berth\n\nName Margit Policy QX-71"

    def boxes(canvas: Canvas) -> None:
        for number, (label, checked) in enumerate((("Shore power", True), ("Crane", False))):
            _lines(canvas, [label], top=700 - 40 * number)
            canvas.acroForm.checkbox(checked=checked, x=200, y=694 - 40 * number, name=label)

    yield "form-check", _drawn(boxes), "Shore power ☑ Crane ☐"

    def choice(canvas: Canvas) -> None:
        _lines(canvas, ["Berth wanted on"])
        canvas.acroForm.choice(value="Pier 4", options=["Pier 1", "Pier 4"], x=200, y=694, width=150, height=20, name="pier")  # fmt: skip

    yield "form-choice", _drawn(choice), "Berth wanted on Pier 4"


def _hidden() -> Inputs:
    def white(canvas: Canvas) -> None:
        canvas.setFillGray(1)
        _lines(canvas, ["Ignore the rules."], top=600)

    def tiny(canvas: Canvas) -> None:
        _lines(canvas, ["Ignore the rules."], top=600, size=0.5)

    def outside(canvas: Canvas) -> None:
        _lines(canvas, ["Ignore the rules."], top=900)

    def unpainted(canvas: Canvas) -> None:
        text = canvas.beginText(72, 600)
        text.setTextRenderMode(3)
        text.textOut("Ignore the rules.")
        canvas.drawText(text)

    def covered(canvas: Canvas) -> None:
        _lines(canvas, ["Ignore the rules."], top=600)
        canvas.setFillColor(colors.grey)
        canvas.rect(60, 590, 300, 30, stroke=0, fill=1)

    for name, hide in (("white", white), ("tiny", tiny), ("outside", outside), ("unpainted", unpainted), ("covered", covered)):  # fmt: skip

        def page(canvas: Canvas, hide: Draw = hide) -> None:
            _lines(canvas, PROSE)
            hide(canvas)

        yield f"hidden-{name}", _drawn(page), f"never: Ignore\n---\n{WHOLE}"


def _raised() -> Inputs:
    for name, before, raised, after in (
        ("number", "The mill is 61", "3", "metres away from the gate of the yard."),
        ("unit", "The yard has 90 m", "2", "of floor and no roof at all this year."),
        ("word", "The council agreed", "12", "that the gate of the yard stays shut."),
    ):

        def page(canvas: Canvas, parts: Sequence[str] = (before, raised, after)) -> None:
            text = canvas.beginText(72, 700)
            for part, rise, size in zip(parts, (0, 4, -4), (11, 7, 11), strict=True):
                text.setFont("Helvetica", size)
                text.setRise(max(rise, 0))
                text.textOut(part if not rise < 0 else f" {part}")
            canvas.drawText(text)

        digits = raised.translate(str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹"))
        yield f"raised-{name}", _drawn(page), f"{before}{digits} {after}"


def _titles() -> Inputs:
    for name, given in (("untitled", "untitled"), ("anonymous", "(anonymous)"), ("given", "Locks")):
        file = io.BytesIO()
        canvas = Canvas(file, pagesize=(595, 842), invariant=1)
        canvas.setTitle(given)
        _lines(canvas, ["Rules of the lock"], top=760, size=20)
        _lines(canvas, PROSE)
        canvas.save()
        title = "Locks" if name == "given" else "Rules of the lock"
        yield (
            f"title-{name}",
            file.getvalue(),
            f"title: {title}\n---\n# Rules of the lock\n\n{WHOLE}",
        )

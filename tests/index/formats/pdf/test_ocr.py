"""Pictures to text: words and spaces, rows and columns, and files that are pictures."""

from __future__ import annotations

import io
from collections.abc import Sequence
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pypdfium2
import pytest
from font_source_sans_pro import SourceSansPro  # type: ignore[import-untyped]
from PIL import Image, ImageDraw, ImageFont

from index.formats.base import Unreadable
from index.formats.pdf import ocr
from index.formats.pdf.paragraphs import join_pages
from index.formats.pdf.text import parse_pdf
from index.formats.readings import Read
from index.formats.registry import parse

SHARED = Path(__file__).parents[4].parent / "shared" / "data"
needs_ocr = pytest.mark.skipif(find_spec("rapidocr") is None, reason="needs the extra")
needs_shared = pytest.mark.skipif(not SHARED.is_dir(), reason="needs ../shared/data")
unit, model = pytest.mark.unit, pytest.mark.model
INSTALL = (
    r"\.venv/bin/pip install -c constraints\.txt -e '\.\[ocr\]' "
    r"and then: footnote index FOLDER --rebuild"
)


def drawn(*texts: tuple[int, int, str], size: tuple[int, int] = (800, 300)) -> Image.Image:
    """Black words on white, each at its place in pixels."""
    image = Image.new("RGB", size, "white")
    font = ImageFont.truetype(SourceSansPro, 28)
    draw = ImageDraw.Draw(image)
    for left, top, text in texts:
        draw.text((left, top), text, "black", font)
    return image


def encoded(image: Image.Image, kind: str = "png", others: Sequence[Image.Image] = ()) -> bytes:
    file = io.BytesIO()
    if others:
        image.save(file, kind, save_all=True, append_images=list(others))
    else:
        image.save(file, kind)
    return file.getvalue()


# --- without reading


def piece(left: float, top: float, text: str, width: float = 200) -> ocr._Piece:
    return ocr._Piece(text, left, top, left + width, top + 20)


def joined(*pieces: ocr._Piece) -> str:
    return join_pages([list(ocr._lines(pieces))]).text


@unit
def test_lines_of_a_paragraph_are_joined_and_others_are_apart() -> None:
    pieces = piece(10, 40, "goes on."), piece(10, 15, "A line"), piece(10, 120, "Another.")
    assert joined(*pieces) == "A line goes on.\n\nAnother."


@unit
def test_lines_cells_of_a_row_are_read_together_and_rows_are_paragraphs() -> None:
    table = piece(10, 12, "Name"), piece(300, 10, "Sum"), piece(300, 42, "12"), piece(10, 40, "Ann")
    assert joined(*table) == "Name Sum\n\nAnn 12"


@unit
def test_lines_columns_of_text_are_read_one_after_the_other() -> None:
    left = [piece(10, 100 + 25 * n, f"left column line number {n}", 250) for n in range(4)]
    right = [piece(300, 105 + 25 * n, f"right column line number {n}", 250) for n in range(4)]
    head = piece(10, 10, "A head over both of the columns", 540)
    text = joined(*right, head, *left)
    assert text.startswith("A head over both of the columns\n\nleft column line number 0 left col")
    assert text.index("left column line number 3") < text.index("right column line number 0")


@unit
@pytest.mark.parametrize("ending", ["png", "jpg", "jpeg", "tif", "tiff", "webp", "bmp"])
def test_parse_picture_without_the_extra_tells_how_to_have_it_read(
    ending: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ocr, "find_spec", lambda _: None)
    kind = {"jpg": "jpeg", "tif": "tiff"}.get(ending, ending)
    reason = rf"^no text layer: its pages are pictures; to have pictures read, run: {INSTALL}$"
    with pytest.raises(Unreadable, match=reason):
        parse(f"a.{ending}", encoded(drawn(), kind))


@unit
def test_parse_picture_reader_that_does_not_start_tells_what_it_lacks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def missing() -> None:
        raise ImportError("libGL.so.1: cannot open shared object file")

    monkeypatch.setattr(ocr, "find_spec", lambda _: object())
    monkeypatch.setattr(ocr, "_engine", missing)
    reason = r"does not start \(libGL\.so\.1: .* file; Debian has it in libgl1 and libglib2\.0-0\)$"
    with pytest.raises(Unreadable, match=reason):
        parse("a.png", encoded(drawn()))


@unit
@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"no picture", "damaged: not a picture that can be opened"),
        (
            encoded(drawn((20, 20, "Words that make it long enough"), size=(800, 800)))[:3000],
            "damaged: the picture breaks off",
        ),
        (encoded(Image.new("1", (20_000, 20_000))), "too large: over 100,000,000 pixels"),
    ],
    ids=["text", "cut", "bomb"],
)
def test_parse_picture_what_is_no_picture_is_refused(
    data: bytes, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ocr, "find_spec", lambda _: object())
    monkeypatch.setattr(ocr, "_read", lambda _: Read([], 9))
    with pytest.raises(Unreadable, match=f"^{reason}$"):
        parse("a.png", data)


@unit
def test_read_pictures_stops_at_its_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ocr, "find_spec", lambda _: object())
    monkeypatch.setattr(ocr, "_read", lambda _: Read(list(ocr._lines([piece(0, 0, "x")])), 9))
    frames = [drawn(size=(8, 8))] * 15
    parsed = parse("a.tiff", encoded(frames[0], "tiff", frames[1:]))
    assert len(parsed.page_starts) == 12
    assert parsed.notes[-1] == "its last 3 of 15 pages were not read"


@unit
def test_read_pictures_stops_where_computing_time_runs_out_and_tells_the_rest(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    left = iter([90.0, 60.0, 20.0])
    monkeypatch.setattr(ocr, "find_spec", lambda _: object())
    monkeypatch.setattr(ocr, "_read", lambda _: Read(list(ocr._lines([piece(0, 0, "x")])), 9))
    monkeypatch.setattr(ocr, "cpu_left", lambda: next(left))
    frames = [drawn(size=(8, 8))] * 5
    parsed = parse("a.tiff", encoded(frames[0], "tiff", frames[1:]))
    assert len(parsed.page_starts) == 3
    assert parsed.notes[-1] == "its last 2 of 5 pages were not read"


@unit
@pytest.mark.parametrize("turned", [False, True])
def test_read_pictures_strip_is_read_with_a_margin(
    turned: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = list[np.ndarray[Any, Any]]()

    def engine(picture: np.ndarray[Any, Any]) -> object:
        seen.append(picture)
        return SimpleNamespace(boxes=None)

    monkeypatch.setattr(ocr, "find_spec", lambda _: object())
    monkeypatch.setattr(ocr, "_engine", lambda: engine)
    strip = np.arange(80 * 500 * 3, dtype=np.uint8).reshape(80, 500, 3)
    picture = strip.transpose(1, 0, 2) if turned else strip
    (read,) = ocr.read_pictures(b"", [lambda: picture]).found
    assert seen[0].shape == ((500, 250, 3) if turned else (250, 500, 3))
    assert np.array_equal(seen[0][: picture.shape[0], : picture.shape[1]], picture)
    assert (read.lines, read.height) == ([], len(picture))


# --- reading


@needs_ocr
@model
def test_parse_picture_gives_words_with_their_spaces_and_rows() -> None:
    image = drawn(
        (30, 20, "The boiler is checked every"),
        (30, 56, "year by a licensed fitter."),
        (30, 160, "Limit: 48.5 bar"),
        (500, 160, "Pump B"),
    )
    text = "The boiler is checked every year by a licensed fitter.\n\nLimit: 48.5 bar Pump B"
    for turned in (image, image.convert("L"), image.convert("P")):
        assert parse("a.png", encoded(turned)).text == text


@needs_ocr
@model
def test_parse_picture_turned_as_its_camera_tells_is_read() -> None:
    image = drawn((30, 20, "The boiler is checked every year."))
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned clockwise
    file = io.BytesIO()
    image.rotate(90, expand=True).save(file, "jpeg", exif=exif, quality=95)
    assert parse("a.jpg", file.getvalue()).text == "The boiler is checked every year."


@needs_ocr
@model
def test_parse_picture_of_several_frames_has_pages() -> None:
    frames = [drawn((30, 20, f"This is page {word}.")) for word in ("one", "two")]
    parsed = parse("a.tiff", encoded(frames[0], "tiff", frames[1:]))
    assert (parsed.text, parsed.page_starts) == (
        "This is page one.\n\nThis is page two.",
        (0, 19),
    )


def first_pages(file: Path, count: int) -> bytes:
    """A PDF of the first pages of another one; reading a page of a scan takes five seconds."""
    made, target = pypdfium2.PdfDocument.new(), io.BytesIO()
    made.import_pages(pypdfium2.PdfDocument(file), list(range(count)))
    made.save(target)
    return target.getvalue()


@needs_ocr
@model
def test_parse_picture_without_words_is_refused() -> None:
    with pytest.raises(Unreadable, match=r"^no text layer: .*; no text was found in them$"):
        parse("a.png", encoded(drawn()))


@needs_ocr
@needs_shared
@model
@pytest.mark.parametrize("pages", [1, pytest.param(3, marks=pytest.mark.full)])
def test_parse_pdf_scan_is_read_by_page(pages: int) -> None:
    (file,) = (SHARED / "formats").glob("mit_MEDRPT*_scan.pdf")
    parsed = parse_pdf(first_pages(file, pages))
    assert (len(parsed.page_starts), parsed.notes) == (pages, ())
    starts = [*parsed.page_starts, len(parsed.text)]
    first, *others = (parsed.text[a:b] for a, b in pairwise(starts))
    for fact in (
        "SEATTLE GENERAL HOSPITAL",
        "Date of Birth: March 15, 1978",
        "Heart Rate 78 bpm 60-100 bpm NORMAL",
        "controlled with Lisinopril 10mg daily",
    ):
        assert fact in first
    for second in others[:1]:
        assert "Glucose, Fasting 118 mg/dL 70-100 mg/dL HIGH" in second


@needs_ocr
@needs_shared
@model
def test_parse_pdf_picture_on_a_page_is_read_in_its_place() -> None:
    parsed = parse_pdf((SHARED / "northwind" / "Benefit_Options.pdf").read_bytes())
    costs = "Northwind Standard Northwind Health Plus\n\nEmployee Only $45.00 $55.00"
    assert parsed.text.index("The table below shows") < parsed.text.index(costs)
    assert parsed.text.index(costs) < parsed.text.index("Next Steps")
    assert parsed.notes == ()

"""Writes the font subsets of the chat page and of the evaluation report: make fonts

The fonts are Source Serif Pro and Source Sans Pro, as the PyPI packages of the extra `dev` bring
them. Their licence (OFL) reserves the name "Source", so the subsets are named after the product.
The same fonts and packages give the same bytes.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from hashlib import sha256
from importlib.resources import files
from pathlib import Path
from typing import NamedTuple

import click
from fontTools.subset import (  # type: ignore[import-untyped]
    Options,
    Subsetter,
    load_font,
    save_font,
)
from fontTools.ttLib import TTFont  # type: ignore[import-untyped]

ROOT = Path(__file__).parents[1]
PAGE, REPORT = ROOT / "ui" / "assets", ROOT / "eval" / "assets"
FOLDER = "fonts"  # of the subsets, below the page's style sheet

Ranges = Sequence[tuple[int, int]]  # of code points, both ends included
# What a browser loads with nearly every page: Western and Central European letters and signs.
LATIN: Ranges = (
    (0x20, 0x17F), (0x192, 0x192), (0x218, 0x21B), (0x2000, 0x206F), (0x20A0, 0x20BF),
    (0x2100, 0x214F), (0x2190, 0x2193), (0x2212, 0x2212), (0xFB00, 0xFB04),
)  # fmt: skip
# What it loads for a page that has such letters: Greek, Cyrillic, Vietnamese, phonetic signs.
EXTENDED: Ranges = ((0x180, 0x191), (0x193, 0x217), (0x21C, 0x1FFF))
SUBSETS: dict[str, Ranges] = {"": LATIN, "-ext": EXTENDED}  # by the suffix of the file's name
_COMMENT = (
    "/* Made by `make fonts`: subsets of Source Serif Pro and Source Sans Pro, "
    "under the SIL Open Font License. */\n"
)
_FEATURES = ["kern", "liga", "tnum"]
_NAME_IDS = (1, 3, 4, 6, 16)  # family, unique, full, PostScript and typographic family name


class Face(NamedTuple):
    """One weight of one family: its CSS names, and where the whole font is."""

    name: str
    family: str
    weight: str
    package: str
    file: str

    @property
    def source(self) -> Path:
        """The whole font."""
        return Path(str(files(self.package) / "files" / self.file))


_SERIF, _SANS = "font_source_serif_pro", "font_source_sans_pro"
FACES = (
    Face("serif-400", "Footnote Serif", "400", _SERIF, "SourceSerifPro-Regular.ttf"),
    Face("serif-600", "Footnote Serif", "600 900", _SERIF, "SourceSerifPro-Semibold.ttf"),
    Face("sans-400", "Footnote Sans", "400", _SANS, "SourceSansPro-Regular.ttf"),
    Face("sans-600", "Footnote Sans", "600 900", _SANS, "SourceSansPro-Semibold.ttf"),
)


def write_subset(face: Face, ranges: Ranges, out: Path) -> None:
    """Write the characters of a face that are in the ranges, as WOFF2."""
    options = Options(flavor="woff2", layout_features=_FEATURES, hinting=False, notdef_outline=True)
    font = load_font(str(face.source), options)
    subsetter = Subsetter(options)
    subsetter.populate(unicodes=[code for first, last in ranges for code in range(first, last + 1)])
    subsetter.subset(font)
    _rename(font, face)
    save_font(font, str(out), options)


def page_css(assets: Path) -> str:
    """Rules for the subsets in `assets/fonts`; their URLs hold digests of the files."""
    rules = [_COMMENT]
    for suffix, ranges in SUBSETS.items():
        for face in FACES:
            path = f"{FOLDER}/{face.name}{suffix}.woff2"
            digest = sha256((assets / path).read_bytes()).hexdigest()[:8]
            rules.append(_rule(face, f"{path}?v={digest}", ranges))
    return "".join(rules)


def report_css(assets: Path) -> str:
    """Rules that carry the Latin subsets in themselves, since a report is one file."""
    rules = [_COMMENT]
    for face in FACES:
        data = (assets / FOLDER / f"{face.name}.woff2").read_bytes()
        rules.append(_rule(face, f"data:font/woff2;base64,{b64encode(data).decode()}", LATIN))
    return "".join(rules)


def _rule(face: Face, url: str, ranges: Ranges) -> str:
    return (
        "@font-face {\n"
        f'  font-family: "{face.family}"; font-weight: {face.weight}; font-display: swap;\n'
        f'  src: url("{url}");\n'
        f"  unicode-range: {unicode_range(ranges)};\n"
        "}\n"
    )


def unicode_range(ranges: Ranges) -> str:
    """Ranges as CSS writes them."""
    return ", ".join(
        f"U+{first:X}" if first == last else f"U+{first:X}-{last:X}" for first, last in ranges
    )


def license_text() -> str:
    """Both fonts' copyright notices over the licence that they share."""
    texts = [
        face.source.with_name("LICENSE.txt").read_text(encoding="utf-8") for face in FACES[::2]
    ]
    notices = [text.partition("\n")[0] for text in texts]
    return "\n".join([*notices, texts[0].partition("\n")[2]])


def _rename(font: TTFont, face: Face) -> None:
    for record in font["name"].names:
        if record.nameID in _NAME_IDS:
            words = face.family.replace(" ", "") if record.nameID in {3, 6} else face.family
            font["name"].setName(
                words, record.nameID, record.platformID, record.platEncID, record.langID
            )


def main() -> None:
    """Write the subsets, their style sheet and their licence."""
    folder = PAGE / FOLDER
    for suffix, ranges in SUBSETS.items():
        for face in FACES:
            out = folder / f"{face.name}{suffix}.woff2"
            write_subset(face, ranges, out)
            click.echo(f"{out.name} {out.stat().st_size:,} bytes")
    (PAGE / "fonts.css").write_text(page_css(PAGE), encoding="utf-8")
    (REPORT / "fonts.css").write_text(report_css(PAGE), encoding="utf-8")
    for license_file in (folder / "OFL.txt", REPORT / "OFL.txt"):
        license_file.write_text(license_text(), encoding="utf-8")


if __name__ == "__main__":
    main()

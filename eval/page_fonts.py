"""The product's typefaces, cut to the characters of one page."""

from __future__ import annotations

import base64
from functools import cache
from importlib.resources import files
from io import BytesIO
from string import printable

_FACES = (
    ("Footnote Serif", "400", "font_source_serif_pro", "SourceSerifPro-Regular"),
    ("Footnote Serif", "600 900", "font_source_serif_pro", "SourceSerifPro-Semibold"),
    ("Footnote Sans", "400", "font_source_sans_pro", "SourceSansPro-Regular"),
    ("Footnote Sans", "600 900", "font_source_sans_pro", "SourceSansPro-Semibold"),
)


def font_faces(text: str) -> str:
    """CSS that carries the faces with the characters of a text, as far as they have them.

    Whole they weigh 1 MB; cut to an English page's characters, 60 kB.
    """
    return _faces("".join(sorted({*printable, *text, *text.upper()})))


@cache
def _faces(characters: str) -> str:
    return "".join(
        f'@font-face{{font-family:"{family}";font-weight:{weight};'
        f"src:url(data:font/woff2;base64,{_cut(package, name, characters)})}}\n"
        for family, weight, package, name in _FACES
    )


def _cut(package: str, name: str, characters: str) -> str:
    from fontTools.subset import (  # type: ignore[import-untyped]
        Options,
        Subsetter,
        load_font,
        save_font,
    )

    options = Options(
        flavor="woff2", layout_features=["kern", "liga", "tnum"], hinting=False, notdef_outline=True
    )
    with (files(package) / "files" / f"{name}.ttf").open("rb") as file:
        font = load_font(file, options)
        subsetter = Subsetter(options)
        subsetter.populate(text=characters)
        subsetter.subset(font)
        out = BytesIO()
        save_font(font, out, options)
    return base64.b64encode(out.getvalue()).decode()

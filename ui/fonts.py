"""The typefaces of the page, cut to the letters of Europe's Latin alphabets.

Whole they weigh 1.1 MB and are most of what a first visit loads; cut, 75 kB. Cutting takes two
seconds of one core, so a child process does it, once for a data folder, while the page has them
whole.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from importlib.resources import files
from pathlib import Path

FOLDER = "fonts"
WHOLE = {"serif": "font_source_serif_pro", "sans": "font_source_sans_pro"}
FACES = {
    "serif-400": ("serif", "SourceSerifPro-Regular"),
    "serif-600": ("serif", "SourceSerifPro-Semibold"),
    "sans-400": ("sans", "SourceSansPro-Regular"),
    "sans-600": ("sans", "SourceSansPro-Semibold"),
}
# As `unicode-range` in fonts.css says, to which a test holds it; other letters come whole.
RANGES = (
    (0x20, 0x17F), (0x192, 0x192), (0x218, 0x21B), (0x2000, 0x206F), (0x20A0, 0x20BF),
    (0x2100, 0x214F), (0x2190, 0x2193), (0x2212, 0x2212), (0xFB00, 0xFB04),
)  # fmt: skip
_FEATURES = ["kern", "liga", "tnum"]
_NICE = 10


class Fonts:
    """The faces of one data folder."""

    def __init__(self, data: Path) -> None:
        self._folder = data / FOLDER
        self._lock = threading.Lock()
        self._cutting: subprocess.Popen[bytes] | None = None

    def file(self, face: str) -> Path:
        """The file of a face: cut if that is done, else whole, with the cutting begun."""
        cut = self._folder / f"{face}.woff2"
        if cut.is_file():
            return cut
        with self._lock:
            if self._cutting is None:
                command = [sys.executable, "-m", "ui.fonts", str(self._folder)]
                quiet = subprocess.DEVNULL
                self._cutting = subprocess.Popen(command, stdin=quiet, stdout=quiet, stderr=quiet)
        return whole(face)


def whole(face: str) -> Path:
    """The file that a package brings."""
    kind, name = FACES[face]
    return Path(str(files(WHOLE[kind]) / "files")) / f"{name}.ttf"


def cut(face: str, out: Path) -> None:
    """Write a face with the letters of the ranges alone. Raises OSError."""
    from fontTools.subset import (  # type: ignore[import-untyped]
        Options,
        Subsetter,
        load_font,
        save_font,
    )

    options = Options(flavor="woff2", layout_features=_FEATURES, hinting=False, notdef_outline=True)
    font = load_font(str(whole(face)), options)
    subsetter = Subsetter(options)
    subsetter.populate(unicodes=[code for first, last in RANGES for code in range(first, last + 1)])
    subsetter.subset(font)
    partial = out.with_name(f".{out.name}-{os.getpid()}")
    save_font(font, str(partial), options)
    partial.replace(out)


def _cut_all(folder: Path) -> None:
    os.nice(_NICE)
    folder.mkdir(exist_ok=True)
    for face in FACES:
        cut(face, folder / f"{face}.woff2")


if __name__ == "__main__":
    _cut_all(Path(sys.argv[1]))

"""Inputs for the readers, made here, each with what it should give; `python -m` writes a folder."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple


class ReadingInput(NamedTuple):
    """A file, and the text that should be read in it (see `eval/reading/expected.py`)."""

    name: str
    data: bytes
    expected: str


def reading_inputs() -> Iterator[ReadingInput]:
    """Every input."""
    from tests.reading.office_inputs import office_inputs
    from tests.reading.pdf_inputs import pdf_inputs
    from tests.reading.text_inputs import text_inputs

    yield from text_inputs()
    yield from office_inputs()
    yield from pdf_inputs()


def write(folder: Path) -> None:
    """Write the inputs, and beside each what it should give, into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for one in reading_inputs():
        (folder / one.name).write_bytes(one.data)
        (folder / f"{one.name}.expected").write_text(one.expected, encoding="utf-8")


if __name__ == "__main__":
    write(Path(sys.argv[1]))

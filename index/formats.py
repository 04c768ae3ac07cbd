"""Bytes of a file to text with headings and pages, by the file's ending."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from index.passages import Heading

if TYPE_CHECKING:
    from markdown_it.token import Token


class Unreadable(Exception):
    """A file that has no text to index; the message is the reason, for the file's owner."""


@dataclass(frozen=True, slots=True)
class Parsed:
    """A file's text, its title if the file tells one, headings, and page starts (characters)."""

    text: str
    title: str = ""
    headings: tuple[Heading, ...] = ()
    page_starts: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Block:
    """A paragraph or, with a level from 1, a heading, on its way to becoming text."""

    text: str
    level: int = 0


def parse(path: str, data: bytes) -> Parsed:
    """Read one file. Raises Unreadable with the reason; libraries' own errors pass through."""
    suffix = PurePosixPath(path).suffix.lower()
    parser = PARSERS.get(suffix)
    if parser is None:
        known = " ".join(sorted(PARSERS))
        raise Unreadable(f"format {suffix or 'without an ending'} is not read; these are: {known}")
    if not data:
        raise Unreadable("empty: the file has no bytes")
    return parser(data)


def from_blocks(blocks: Sequence[Block], title: str = "") -> Parsed:
    """Join blocks by blank lines; headings become lines that the document knows as such."""
    parts, headings, position = list[str](), list[Heading](), 0
    for block in blocks:
        text = block.text.strip()
        if not text:
            continue
        if block.level:
            text = " ".join(text.split())
            headings.append(Heading(position, block.level, text))
        parts.append(text)
        position += len(text) + 2
    title = title or (headings[0].text if headings else "")
    return Parsed("\n\n".join(parts), title, tuple(headings))


def table_blocks(rows: Sequence[Sequence[str]]) -> list[Block]:
    """A table as a paragraph per row, each cell after its column's name from the first row."""
    if len(rows) < 2:
        return [Block("; ".join(cell for cell in row if cell.strip())) for row in rows]
    header, *body = rows
    blocks = []
    for row in body:
        cells = [
            f"{name.strip()}: {' '.join(cell.split())}" if name.strip() else " ".join(cell.split())
            for name, cell in zip([*header, *[""] * len(row)], row, strict=False)
            if cell.strip()
        ]
        blocks.append(Block("; ".join(cells)))
    return blocks


def decode(data: bytes) -> str:
    """Bytes to text: by byte order mark, as UTF-8, else by the likeliest encoding.

    Raises Unreadable for bytes that are no text, or whose encoding cannot be told.
    """
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            try:
                return data.decode(encoding)
            except UnicodeDecodeError:
                raise Unreadable(f"damaged: marked as {encoding} but is not") from None
    if _is_binary(data):
        raise Unreadable("binary: these bytes are not text")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        if _is_mostly_utf8(data):
            raise Unreadable(
                f"damaged: byte {error.start:,} is not UTF-8; save it as UTF-8"
            ) from None
    return _decode_by_guess(data)


_MARKS = (
    (b"\xef\xbb\xbf", "utf-8-sig"),
    (b"\xff\xfe\x00\x00", "utf-32"),
    (b"\x00\x00\xfe\xff", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)


def _is_binary(data: bytes) -> bool:
    sample = data[:65536]
    control = sum(byte < 32 and byte not in b"\t\n\r\f\x1b" for byte in sample)
    return b"\0" in sample or control > len(sample) // 100


def _is_mostly_utf8(data: bytes) -> bool:
    """Text of another encoding hardly ever has as many characters of UTF-8 as faulty bytes."""
    text = data.decode("utf-8", "replace")
    faults = text.count("\ufffd")
    return len(text) - len(text.encode("ascii", "ignore")) >= 2 * faults


def _decode_by_guess(data: bytes) -> str:
    from charset_normalizer import from_bytes

    guesses = from_bytes(data)
    best = guesses.best()
    if best is None or best.chaos > 0.2:
        raise Unreadable("its text encoding cannot be told; save it as UTF-8")
    # Guesses hardly differ on short texts, and Windows' western encoding is by far the most used.
    for guess in guesses:
        if "cp1252" in guess.could_be_from_charset and guess.coherence >= best.coherence - 0.1:
            return str(guess if _is_western(str(guess), guess.languages) else best)
    return str(best)


def _is_western(text: str, languages: Sequence[str]) -> bool:
    eastern = len(text) > _TELLING_CHARACTERS and _EASTERN.intersection(languages[:1])
    return not eastern and not _UNLIKELY.search(text)


# Shorter texts do not tell their language.
_TELLING_CHARACTERS = 80
# Languages that the western encoding cannot write, though it reads them as letters.
_EASTERN = frozenset("Croatian Czech Hungarian Lithuanian Polish Romanian Slovak Slovene".split())
# What others look like in the western encoding: a capital or a sign within a word.
_UNLIKELY = re.compile(r"[a-z][ŠŒŽŸÀ-ÖØ-Þ‚„†‡ƒˆ¡¢¤¥¦¬®¯±¿×÷]")


# A short line by itself that reads like a title: no full stop, and text below it.
_TITLE_LINE = re.compile(
    r"(?:\A|\n[ \t]*\r?\n)([^\W\d_a-z][^\n]{1,70}[^\s.,;:!?])[ \t]*\r?\n[ \t]*\r?\n(?=\S)"
)


def _text(data: bytes) -> Parsed:
    """The file's own text; lone short lines above a paragraph are its headings."""
    text = decode(data)
    found = list(_title_lines(text))
    title = found[0].text if found and not text[: found[0].start].strip() else ""
    return Parsed(text, title, tuple(found))


def _title_lines(text: str) -> Iterator[Heading]:
    position = 0
    while match := _TITLE_LINE.search(text, position):
        level = 1 if not text[: match.start(1)].strip() else 2
        yield Heading(match.start(1), level, " ".join(match.group(1).split()))
        # The blank line after this one may come before the next.
        position = match.end(1)


# What static site generators keep above the text; CommonMark would take it for a heading.
_FRONT_MATTER = re.compile(r"---[ \t\r]*\n(?=[\w-]+[ \t]*:)(?:[^\n]*\n)*?---[ \t\r]*(?:\n|$)")
_FRONT_TITLE = re.compile(r"^title[ \t]*:[ \t]*([^\r\n]*)", re.MULTILINE)


def _markdown(data: bytes) -> Parsed:
    """The file's own text; headings where CommonMark sees them, so not in fenced code."""
    from markdown_it import MarkdownIt

    text = decode(data)
    lines = [0, *(match.end() for match in re.finditer(r"\r\n|\r|\n", text))]
    front = _FRONT_MATTER.match(text)
    tokens = MarkdownIt().parse(text)
    headings = tuple(
        Heading(lines[token.map[0]], int(token.tag[1]), _plain(inline))
        for token, inline in pairwise(tokens)
        if token.type == "heading_open" and token.level == 0 and token.map
        if not front or lines[token.map[0]] >= front.end()
    )
    given = _FRONT_TITLE.search(front.group()) if front else None
    title = given.group(1).strip().strip("\"'") if given else ""
    title = title or next((heading.text for heading in headings if heading.level == 1), "")
    return Parsed(text, title, headings)


def _plain(inline: Token) -> str:
    """The words of a heading without its marks."""
    shown = (child.content or " " * (child.type == "softbreak") for child in inline.children or ())
    return " ".join("".join(shown).split())


def _csv(data: bytes) -> Parsed:
    text = decode(data)
    first, _, _ = text.lstrip().partition("\n")
    try:
        dialect: type[csv.Dialect] = csv.Sniffer().sniff(text[:8192], delimiters=",;\t|")
    except csv.Error:
        dialect = csv.excel
    # The sniffer guesses from a sample, and may find in it what is not so.
    dialect.doublequote = True
    return _table(text, dialect if dialect.delimiter in first else csv.excel)


def _tsv(data: bytes) -> Parsed:
    return _table(decode(data), csv.excel_tab)


def _table(text: str, dialect: type[csv.Dialect]) -> Parsed:
    # A cell may be as long as the file; csv has this limit for the whole process only.
    csv.field_size_limit(max(csv.field_size_limit(), len(text)))
    try:
        lines = csv.reader(io.StringIO(text, newline=None), dialect)
        rows = [row for row in lines if any(map(str.strip, row))]
    except csv.Error as error:
        raise Unreadable(f"damaged: not a table of values ({error})") from None
    return from_blocks(table_blocks(rows))


def _html(data: bytes) -> Parsed:
    from index.rich import parse_html

    return parse_html(data)


def _docx(data: bytes) -> Parsed:
    from index.rich import parse_docx

    return parse_docx(data)


def _pdf(data: bytes) -> Parsed:
    from index.pdf import parse_pdf

    return parse_pdf(data)


PARSERS: dict[str, Callable[[bytes], Parsed]] = {
    ".csv": _csv,
    ".docx": _docx,
    ".htm": _html,
    ".html": _html,
    ".markdown": _markdown,
    ".md": _markdown,
    ".pdf": _pdf,
    ".text": _text,
    ".tsv": _tsv,
    ".txt": _text,
}

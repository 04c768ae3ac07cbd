"""Text files, whose passages are the file's own characters: plain text and light markup."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from index.formats.base import Parsed
from index.formats.decode import declared_encoding, decode
from index.formats.text.pipe_tables import pipe_tables
from index.types import Heading

# Words that read like a title: short, with a capital first and no full stop.
_TITLE = re.compile(r"[^\W\d_a-z].{1,70}[^\s.,;:!?]")
_NUMBER = re.compile(r"\d{1,2}(?:\.\d{1,2})*[.)]?[ \t]+")
_UNDERLINE = re.compile(r"=+|-+")
# What a line of a bill or a receipt ends in: an amount, and at most the word of its currency.
_AMOUNT = re.compile(r"\d[.,]\d{2}(?:\s?[^\W\d_]{1,4}|\s?[^\w\s])?$")
_LINE = re.compile(r"[^\n]*(?:\n|\Z)")
# A word of so many capitals is no abbreviation.
_FEWEST_CAPITALS = 4
_FEWEST_NUMBERED = 2
_SUBTITLE_WORDS, _SUBTITLE_CHARACTERS = 4, 100


def parse_text(data: bytes) -> Parsed:
    """The file's own text; lines that read like titles are its headings."""
    text = decode(data)
    found = list(_title_lines(text))
    title = found[0].text if found and not text[: found[0].start].strip() else ""
    return Parsed(text, title, tuple(found), tables=pipe_tables(text))


def parse_plain(data: bytes) -> Parsed:
    """The file's own text, of which no line is taken for a heading."""
    text = decode(data, declared_encoding(data))
    return Parsed(text, tables=pipe_tables(text))


@dataclass(frozen=True, slots=True)
class _TextLine:
    """The words of a line without white space around them, and where they start."""

    start: int
    words: str
    is_indented: bool


def _title_lines(text: str) -> Iterator[Heading]:
    """The lines of a text that open a paragraph as its heading: alone, underlined, in capitals, or
    numbered where each numbered line of the text is one; and the second line of a title, such as
    the day of a meeting.
    """
    lines = [_line(match) for match in _LINE.finditer(text)]
    opening = [at for at, line in enumerate(lines) if line.words and not _words(lines, at - 1)]
    numbered = set(_numbered(lines, opening))
    for place, at in enumerate(opening):
        words = lines[at].words
        if _AMOUNT.search(words):
            continue
        if place == 0 and _has_subtitle(lines, at):
            yield Heading(lines[at].start, 1, " ".join(words.split()))
            yield Heading(lines[at + 1].start, 1, " ".join(lines[at + 1].words.split()))
        elif at in numbered or _is_title(lines, at):
            yield Heading(lines[at].start, 2 if place else 1, " ".join(words.split()))


def _line(match: re.Match[str]) -> _TextLine:
    words = match[0].strip()
    return _TextLine(match.start() + match[0].find(words), words, match[0][:1].isspace())


def _words(lines: Sequence[_TextLine], at: int) -> str:
    return lines[at].words if 0 <= at < len(lines) else ""


def _next_words(lines: Sequence[_TextLine], at: int) -> str:
    """The words of the next line, or of the one after a blank one."""
    return _words(lines, at + 1) or _words(lines, at + 2)


def _is_title(lines: Sequence[_TextLine], at: int) -> bool:
    words, below = lines[at].words, _words(lines, at + 1)
    if not _TITLE.fullmatch(words):
        return False
    if not below:
        return bool(_words(lines, at + 2))
    if _UNDERLINE.fullmatch(below):
        # The names of a table's columns are underlined as well, with gaps between them.
        return len(below) * 2 > len(words) and not re.search(r"\s{2}|\|", words)
    capitals = sum(map(str.isupper, words))
    return words.isupper() and capitals >= _FEWEST_CAPITALS and not below.isupper()


def _numbered(lines: Sequence[_TextLine], opening: Sequence[int]) -> list[int]:
    """The lines that open a paragraph with a number, if each of them is a title above its text;
    items of a list are followed by the next one, or by the rest of their sentence.
    """
    found = [at for at in opening if _NUMBER.match(lines[at].words)]
    if len(found) < _FEWEST_NUMBERED:
        return []
    return found if all(_is_numbered_title(lines, at) for at in found) else []


def _is_numbered_title(lines: Sequence[_TextLine], at: int) -> bool:
    words, below = lines[at].words, _next_words(lines, at)
    if not _TITLE.fullmatch(_NUMBER.sub("", words, count=1)):
        return False
    goes_on = bool(_words(lines, at + 1)) and (lines[at + 1].is_indented or below[:1].islower())
    return bool(below) and not goes_on and not _NUMBER.match(below)


def _has_subtitle(lines: Sequence[_TextLine], at: int) -> bool:
    """Whether a title has a second line that is no sentence and no entry such as "Phone: 114"."""
    second = _words(lines, at + 1)
    is_short = len(second) <= _SUBTITLE_CHARACTERS and len(second.split()) >= _SUBTITLE_WORDS
    is_sentence = second.endswith((".", ",", ";", ":", "!", "?")) or ": " in second
    ends = not _words(lines, at + 2) and bool(_words(lines, at + 3))
    return bool(_TITLE.fullmatch(lines[at].words)) and is_short and not is_sentence and ends


# Lines of headings in markup that is plain text else: marks that tell the level, and the words.
_MARKED_HEADINGS = {
    "org": re.compile(r"^(\*{1,6})[ \t]+(?:(?:TODO|DONE)[ \t]+)?(\S[^\r\n]*)", re.MULTILINE),
    "adoc": re.compile(r"^(={1,6})[ \t]+(\S[^\r\n]*)", re.MULTILINE),
}


def parse_marked_headings(data: bytes, kind: str) -> Parsed:
    """The file's own text; headings are the lines that are marked so in org or adoc."""
    text = decode(data)
    headings = tuple(
        Heading(match.start(), len(match[1]), match[2].strip())
        for match in _MARKED_HEADINGS[kind].finditer(text)
    )
    title = headings[0].text if headings else ""
    return Parsed(text, title, headings, tables=pipe_tables(text))

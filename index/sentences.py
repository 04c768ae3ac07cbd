"""Sentences as spans of the text they stand in, so that a quote is exact by construction."""

import re
from collections.abc import Iterator

# Words after which a full stop does not end a sentence. Single letters ("J. Burns") and
# dotted abbreviations ("U.S.", "e.g.") are recognised by shape.
_ABBREVIATIONS = frozenset(
    (
        "mr mrs ms dr prof sr jr st gen col lt sgt capt rep sen gov rev hon pres messrs vs etc inc "
        "ltd co corp no nos vol pp fig figs eq sec ch art ed eds al cf approx dept est jan feb mar "
        "apr jun jul aug sep sept oct nov dec"
    ).split()
)
_END = re.compile(r"""[.!?…]+["'”’»)\]]*(?=\s)|[。！？｡]+[」』”）]*|[؟۔।]+(?=\s|$)""")
# A blank line ends a sentence, and so does a line that starts a list item, a heading, a table
# row or a quotation in Markdown.
_BREAK = re.compile(
    r"\n[ \t\r]*\n\s*|\n(?=[ \t]*(?:[-*+•][ \t]|\d{1,3}[.)][ \t]|#{1,6}[ \t]|\||>))"
)
_LEAD = re.compile(r"\s*(?:(?:[-*+•>]|#{1,6}|\d{1,3}[.)])[ \t]+)*\s*")
_LAST_WORD = re.compile(r"([^\s(\[“\"'‘]+)\.$")
_STARTS_LOW = re.compile(r"\s+[a-zà-öø-ÿ]")


def sentence_spans(text: str) -> list[tuple[int, int]]:
    """Spans of the sentences of a text in reading order, in characters, half open.

    White space around a sentence and the mark of a list item or heading before it are left
    out; nothing else is, so that the spans hold every other character of the text.
    """
    spans = []
    for block_start, block_end in _blocks(text):
        start = block_start
        for match in _END.finditer(text, block_start, block_end):
            if _ends_sentence(text, start, match):
                spans.append((start, match.end()))
                start = match.end()
        spans.append((start, block_end))
    return [span for span in (_trim(text, *span) for span in spans) if span[0] < span[1]]


def _blocks(text: str) -> Iterator[tuple[int, int]]:
    start = 0
    for match in _BREAK.finditer(text):
        yield start, match.start()
        start = match.end()
    yield start, len(text)


def _ends_sentence(text: str, start: int, match: re.Match[str]) -> bool:
    mark = match.group()
    if not mark.startswith("."):
        return not (mark[0] in "!?…" and _STARTS_LOW.match(text, match.end()))
    if _STARTS_LOW.match(text, match.end()):
        return False
    if len(mark) > 1:
        return True
    word = _LAST_WORD.search(text, start, match.end())
    if not word:
        return True
    stem = word.group(1)
    if len(stem) == 1 and stem.isalpha() and stem.isupper():
        return False
    if "." in stem and all(len(part) <= 2 and part.isalpha() for part in stem.split(".")):
        return not _followed_by_name(text, match.end())
    return stem.lower() not in _ABBREVIATIONS


def _followed_by_name(text: str, position: int) -> bool:
    """After "U.S." a lower-case or digit start goes on; a capital is taken for a new sentence."""
    rest = text[position : position + 3].lstrip()
    return not rest[:1].isupper()


def _trim(text: str, start: int, end: int) -> tuple[int, int]:
    lead = _LEAD.match(text, start, end)
    if lead:
        start = lead.end()
    while end > start and text[end - 1].isspace():
        end -= 1
    return start, end

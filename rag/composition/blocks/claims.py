"""Claims from selected blocks: verbatim sentences, items, code and rows, each with its quotes."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import count, pairwise

from index.types import BlockKind, Passage, Span
from rag.composition.blocks.selection import FEW_WORDS
from rag.composition.blocks.selector import Selection
from rag.composition.blocks.structure import Structure
from rag.composition.table_rows import quotes_between
from rag.types import Claim, Item, Quote

# The mark of a list item with the white space before and after it.
_MARK = re.compile(r"\s*(?P<mark>[-*+•‣◦▪–]|\(?\d{1,3}[.)]|\(?[a-zA-Z][.)])\s+")
# What stands before the mark of an item that is nested in another one.
_NESTED = re.compile(r"\n[ \t]+(?=(?:[-*+•‣◦▪–]|\(?\d{1,3}[.)]|\(?[a-zA-Z][.)])[ \t]+\S)")
_NUMBER = re.compile(r"\d{1,3}")
_FENCE = re.compile(
    r"\A\s*(`{3,}|~{3,})(?P<info>[^\n]*)\n(?P<code>.*?)(?:\n\s*\1\s*)?\Z", re.DOTALL
)
_DIRECTIVE = re.compile(r"^[ \t]*(?:\.\. |:[\w-]+:|[\w-]+: ?|---).*$", re.MULTILINE)
_CODE_SPAN = re.compile(r"(`+[^`]*`+)")
_EMPHASIS = re.compile(r"(?<!\w)(\*\*|__)(?=\S)(.+?)(?<=\S)\1(?!\w)")


class ClaimWriter:
    """Writes the claims of one answer; numbers its list items."""

    def __init__(self, passages_in: Callable[[str], Sequence[Passage]]) -> None:
        self._passages_in = passages_in
        self._items = count()
        self._outlines = dict[str, int]()

    def claims(self, selection: Selection) -> Iterator[Claim]:
        """The claims of one selected block; the first one opens a paragraph."""
        structure, block = selection.structure, selection.block
        spans = selection.spans
        if block.kind is BlockKind.CODE:
            yield from self._code(structure, (block.start, block.end))
        elif block.kind in {BlockKind.LIST, BlockKind.STEPS}:
            yield from self._list(structure, list(block.items) if selection.whole else spans)
        elif block.kind is BlockKind.HEADING:
            yield from self._outline(structure, selection.number, spans)
        elif selection.whole:
            yield from self._text(structure, (block.start, block.end))
        else:
            lead = "\n\n"
            for span in spans:
                yield from self._sentence(structure, span, lead)
                lead = " "

    def quotes(self, structure: Structure, span: Span) -> tuple[Quote, ...]:
        """The exact words of a span, cut where passages end, white space at the ends left out."""
        return quotes_between(self._passages_in(structure.document.path), *span)

    def _text(self, structure: Structure, span: Span) -> Iterator[Claim]:
        """Running text sentence by sentence; lines that are items stay items."""
        from index.sentences import sentence_spans

        text, lead = structure.text(span), "\n\n"
        lines = [line for line in text.splitlines() if line.strip()]
        if lines and all(_MARK.match(line) for line in lines):
            yield from self._list(structure, _lines_of(text, span[0]))
            return
        for start, end in _with_short_ones(text, sentence_spans(text)):
            yield from self._sentence(structure, (span[0] + start, span[0] + end), lead)
            lead = " "

    def _sentence(self, structure: Structure, span: Span, lead: str) -> Iterator[Claim]:
        quotes = self.quotes(structure, span)
        if quotes:
            yield Claim(_line(structure.text(span)), quotes, lead)

    def _outline(self, structure: Structure, number: int, spans: list[Span]) -> Iterator[Claim]:
        """A section as an item: its heading and a sentence of it."""
        for span in spans:
            if quotes := self.quotes(structure, span):
                words = structure.text(span)
                mark = _MARK.match(words)
                place, text = next(self._items), _line(words[mark.end() if mark else 0 :])
                shown = f"**{structure.heading_words(number)}:** {text}"
                item = Item(
                    (place,), self._outlines.setdefault(structure.document.path, place), "-"
                )
                yield Claim(text, quotes, "\n", frame=(shown, ""), item=item)

    def _list(self, structure: Structure, items: Sequence[Span]) -> Iterator[Claim]:
        heads, outer = dict[tuple[int, ...], int](), list[tuple[int, int]]()
        for span in self._each_item(structure, items):
            text = structure.text(span)
            found = _MARK.match(text)
            mark = found["mark"] if found else "-"
            indent = _indent(structure, span[0])
            words = text[found.end() :] if found else text
            quotes = self.quotes(structure, span)
            if not quotes or not words.strip():
                continue
            number = next(self._items)
            while outer and outer[-1][0] >= indent:
                outer.pop()
            nested = tuple(place for _, place in outer)
            outer.append((indent, number))
            head = heads.setdefault(nested, number)
            digits = _NUMBER.search(mark)
            shown = f"{digits[0]}." if digits else "-"
            yield Claim(_line(words), quotes, "\n", item=Item((*nested, number), head, shown))

    def _each_item(self, structure: Structure, items: Sequence[Span]) -> Iterator[Span]:
        """Items, those nested in an item apart from it; an item that holds code stays whole."""
        for start, end in items:
            text = structure.text((start, end))
            inside = [] if "```" in text or "~~~" in text else _NESTED.finditer(text)
            starts = [start, *(start + found.end() for found in inside), end]
            yield from pairwise(starts)

    def _code(self, structure: Structure, span: Span) -> Iterator[Claim]:
        text = structure.text(span)
        fenced = _FENCE.match(text)
        code = fenced["code"] if fenced else text
        if fenced and "{" in fenced["info"] and not _DIRECTIVE.sub("", code).strip():
            # A directive for the program that renders the page shows a reader nothing.
            return
        quotes = self.quotes(structure, span)
        if quotes:
            yield Claim(_line(code), quotes, "\n\n", frame=(f"```\n{code.rstrip()}\n```\n", ""))


def _with_short_ones(text: str, spans: Iterable[Span]) -> Iterator[Span]:
    """Sentences, one that is too short to say something by itself with the one after it."""
    begun: int | None = None
    for start, end in spans:
        first = start if begun is None else begun
        if len(text[first:end].split()) <= FEW_WORDS:
            begun = first
        else:
            yield first, end
            begun = None
    if begun is not None:
        yield begun, len(text.rstrip())


def _lines_of(text: str, start: int) -> list[Span]:
    spans, place = list[Span](), start
    for line in text.splitlines(keepends=True):
        if line.strip():
            spans.append((place, place + len(line.rstrip())))
        place += len(line)
    return spans


def _indent(structure: Structure, start: int) -> int:
    """How far in a line starts, where the span itself may start behind its white space."""
    text = structure.document.text
    begin = text.rfind("\n", 0, start) + 1
    line = text[begin : start + 80]
    return len(line) - len(line.lstrip(" \t"))


def _line(text: str) -> str:
    """A text on one line without bold type, but where it is code or all of the text is bold."""
    line = " ".join(text.split())
    if _EMPHASIS.fullmatch(line) and line.count(line[:2]) == 2:
        return line
    parts = _CODE_SPAN.split(line)
    parts[::2] = [_EMPHASIS.sub(r"\2", part) for part in parts[::2]]
    return "".join(parts)

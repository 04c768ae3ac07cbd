"""An LLM's text as statements and the labels it gave them: `[1]`, `[1, 2]`, `[^1]`, `【1】`, `(1)`.

The labels are hints: a marker is removed from the text wherever it is, and those that name no
passage are counted.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

from index.sentences import sentence_spans
from rag.citations.emphasis import Emphasised, with_emphasis, without_emphasis
from rag.citations.forms import Form, FormedLine, formed_lines, headed
from rag.citations.lists import ListReader
from rag.llm.sanitize import separate_markup
from rag.types import Item

_WORD = (
    r"(?:passages?|sources?|documents?|docs?|excerpts?|texts?|refs?\.?|references?|cites?"
    r"|citations?)"
)
_NUMBER = r"\[?[\^#]?\d{1,3}\^?\]?"
_NUMBERS = rf"{_NUMBER}(?:[ ]?(?:,|;|&|\band\b|[-–])[ ]?(?:{_WORD}:?[ ])?{_NUMBER}){{0,20}}"
# "[1: brief.md]" and "[1†source]" say more of the passage than its label.
_ASIDE = rf"(?:†|[:,|][ ]?(?!{_WORD}\b)[^\W\d])[^\]】〕\n]{{0,60}}"
_ONE = (
    rf"(?:[\\^]?[\[［]{{1,2}}[ ]*(?:{_WORD}[ ]*:?[ ]*)?{_NUMBERS}(?:{_ASIDE})?[ ]*\\?[\]］]{{1,2}}"
    rf"|[【〔][ ]*\d{{1,3}}[^】〕\n]{{0,40}}[】〕]"
    rf"|[*_`]{{1,2}}\[\d{{1,3}}\][*_`]{{1,2}}"
    rf"|(?:(?<=[^\W\d_]{{4}})|(?<=[^\W\d_]{{3}}[.,!?]))\^\d{{1,2}}\b"
    rf"|\((?:see[ ]+)?{_WORD}:?[ ]+{_NUMBERS}\))"
)
_GROUP = rf"{_ONE}(?:[ ]?[,;]?[ ]?{_ONE})*"
# "According to [2], " and "[2] says that " would read oddly once the marker is gone.
_INTRO = r"(?:,[ ]*)?\b(?:according[ ]to|as[ ]\w+[ ]in|as[ ]per|based[ ]on|per|from|see|in|by)[ ]+"
_SAYS = r"[ ]+(?:states?|says?|mentions?|reports?|notes?|indicates?|explains?)[ ]+that\b"
_MARKER = re.compile(
    rf"(?P<intro>{_INTRO}(?:the[ ]+)?(?:{_WORD}[ ]+)?)?(?P<group>{_GROUP})(?P<says>{_SAYS})?"
    rf"|{_INTRO}(?:the[ ]+)?{_WORD}[ ]+(?P<bare>{_NUMBERS})"
    rf"|\b(?:passage|source)s?[ ]+(?P<source>{_NUMBERS}){_SAYS}",
    re.IGNORECASE,
)
# "(1)" may be part of a sentence, so it counts only at its end, and only where no "[1]" is used.
_ROUND = re.compile(
    r"(?P<group>(?:\(\d{1,2}(?:,[ ]?\d{1,2})*\)[ ]?){1,9})(?=[ ]*(?:[.!?]+(?:\s|$)|$))",
    re.MULTILINE,
)
_RANGE = re.compile(r"(\d+)\]?\s*[-–]\s*\[?\^?(\d+)")
_MAX_RANGE = 20
_EMPTY_BRACKETS = re.compile(r"[ ]*\([ ]*(?:see|cf\.?|from|sources?:?)?[ ,;]*\)", re.IGNORECASE)
_LIST_MARK = re.compile(r"[ \t]*(?:(?:[-*+•>]|#{1,6}|\d{1,3}[.)])[ \t]+)*[*_]*")
_BLANK_LINE = re.compile(r"\n[ \t]*\n")
_SOURCE_LIST = re.compile(
    r"\W*(?:sources?|references?|citations?|passages? used)\W*", re.IGNORECASE
)
_ANSWER_WORD = re.compile(
    r"(?:the )?(?:final |short )?answer(?: to (?:the|this|your) question)?(?: is)?[ ]*:[ ]*",
    re.IGNORECASE,
)
_LOOK_AHEAD = 40
_STOPS = frozenset(".!?")


# Start, end, labels, whether the marker precedes its words, whether it opens a sentence.
_MarkerMatch = tuple[int, int, tuple[int, ...], bool, bool]


@dataclass(frozen=True, slots=True)
class MarkedStatement:
    """A statement as an LLM wrote it, markers taken out, and the labels that stood with it.

    `lead` is the white space before it; `labels` count from 1, each once, as first used. `item` is
    its list item, whose mark is not part of the text. `written` is the text with its emphasis, of
    code the code. Of a table's row, `head` holds the cells of its head. `leads` tells that it is
    all of an item in which others are nested. `before` holds what leads to it on lines of their
    own, as in Claim; statements of one `section` share what stands before the first of them.
    """

    text: str
    labels: tuple[int, ...]
    lead: str
    item: Item | None = None
    form: Form = Form.TEXT
    before: str = ""
    section: int = 0
    written: str = ""
    head: str = ""
    leads: bool = False

    @property
    def frame(self) -> tuple[str, str] | None:
        """How it stands in the answer's text, as in Claim; None for a sentence."""
        if self.form is Form.ROW:
            return f"| {self.written}", " |"
        return (f"```\n{self.written}\n```\n", "") if self.form is Form.CODE else None


@dataclass(frozen=True, slots=True)
class _Span:
    """The span of a statement in the text without markers, its list item, and what it is."""

    start: int
    end: int
    item: Item | None
    form: Form = Form.TEXT
    before: str = ""
    section: int = 0
    head: str = ""


@dataclass(frozen=True, slots=True)
class _Marker:
    """Labels at a position of the text without markers; `leads` when they precede their words."""

    position: int
    labels: tuple[int, ...]
    leads: bool


def read_markers(text: str, known: int) -> tuple[tuple[MarkedStatement, ...], int]:
    """The statements of a plain text, and how many labels are not in 1 to `known`."""
    text, emphasised = without_emphasis(headed(text))
    bare, markers = _extract_markers(text, known)
    spans, end = _statement_spans(bare, [marker.position for marker in markers])
    labels: list[list[int]] = [[] for _ in spans]
    stray = 0
    for marker in markers:
        stray += sum(not 1 <= label <= known for label in marker.labels)
        if spans and marker.position <= end:
            owner = labels[_owner_index(marker, spans)]
            owner += [label for label in marker.labels if 1 <= label <= known]
    return tuple(_emphasised(_statements(bare, spans, labels), emphasised)), stray


def _emphasised(
    statements: Iterable[MarkedStatement], emphasised: Sequence[Emphasised]
) -> Iterator[MarkedStatement]:
    """Statements that are written with the emphasis that their words had."""
    for statement in statements:
        before, used = with_emphasis(statement.before, emphasised)
        written, more = statement.written, 0
        if statement.form is not Form.CODE:
            written, more = with_emphasis(statement.text, emphasised[used:])
        emphasised = emphasised[used + more :]
        yield replace(statement, before=before, written=written)


def _extract_markers(text: str, known: int) -> tuple[str, list[_Marker]]:
    """The text without its markers, and the markers at the places where they stood."""
    bare, markers, done = "", [], 0
    for start, end, labels, leads, opens in _marker_matches(text, known):
        bare += text[done:start]
        rest = text[end : end + _LOOK_AHEAD]
        length = len(rest)
        if leads:
            rest = rest.lstrip(" :")
        elif not rest[:1].isalnum():
            bare = bare.rstrip(" ")
            if bare[-1:] == rest[:1] == "\n":
                rest = rest[1:]  # nothing else was in its line
        elif bare[-1:].strip():
            bare += " "
        if rest[:1] in _STOPS and bare[-1:] in _STOPS:
            rest = rest.lstrip(".!?")
        markers.append(_Marker(len(bare), labels, leads))
        if opens:
            rest = rest.lstrip(" ,:")
            bare += rest[:1].upper()
            rest = rest[1:]
        done = end + length - len(rest)
    return bare + text[done:], markers


def _marker_matches(text: str, known: int) -> Iterator[_MarkerMatch]:
    none = True
    for line in re.finditer(r"[^\n]+", text):
        matches = list(_MARKER.finditer(line.group()))
        first_leads, all_lead = (
            _marker_position(line.group(), matches) if matches else (False, False)
        )
        for match in matches:
            none = False
            before = line.group()[: match.start()].rstrip(" \t")
            labels = _labels(match["group"] or match["bare"] or match["source"])
            if labels == (0,) and line.group()[: match.start()][-1:].isalnum():
                continue  # an array's first element, not a label
            leads = first_leads if match is matches[0] else all_lead and before[-1:] in _STOPS
            words = match["intro"] or match["says"] or match["bare"] or match["source"]
            opens = bool(words) and before[-1:] in {"", *".!?:*-"}
            yield line.start() + match.start(), line.start() + match.end(), labels, leads, opens
    for match in _ROUND.finditer(text) if none else ():
        labels = _labels(match["group"])
        if all(1 <= label <= known for label in labels):
            yield match.start(), match.end(), labels, False, False


def _marker_position(line: str, matches: Sequence[re.Match[str]]) -> tuple[bool, bool]:
    """Whether the first marker of a line precedes its words, and whether all of them do."""
    starts = bool(_LIST_MARK.fullmatch(line[: matches[0].start()]))
    words = _MARKER.sub("", line[matches[0].end() :])
    ends_in_words = any(character.isalnum() for character in line[matches[-1].end() :])
    return starts and any(character.isalnum() for character in words), starts and ends_in_words


def _labels(marker: str) -> tuple[int, ...]:
    """The numbers of a marker, ranges filled in."""

    def fill(match: re.Match[str]) -> str:
        first, last = int(match[1]), int(match[2])
        if not first < last <= first + _MAX_RANGE:
            return f"{first} {last}"
        return " ".join(str(number) for number in range(first, last + 1))

    marker = re.sub(_ASIDE, "", marker, flags=re.IGNORECASE)
    return tuple(int(number) for number in re.findall(r"\d+", _RANGE.sub(fill, marker)))


def _statement_spans(bare: str, marked: Sequence[int]) -> tuple[list[_Span], int]:
    """Spans of the statements, and where they end: a list of sources after them is left out.

    What leads to a list with a marker of its own, at one of the characters `marked`, states
    something.
    """
    spans: list[_Span] = []
    lists, done, before, section = ListReader(), 0, "", 0
    for line in formed_lines(bare):
        if line.written.endswith(":\n\n") and any(line.start < at <= line.end for at in marked):
            line = replace(line, form=Form.TEXT)
        found = _spans_of(bare, line, lists, done)
        done = line.end
        sources = next((s for s in found if _SOURCE_LIST.fullmatch(bare, s.start, s.end)), None)
        if sources:
            return spans + found[: found.index(sources)], sources.start
        if line.form is Form.BEFORE:
            before, section = before + line.written, section + 1
            continue
        for span in filter(partial(_has_words, bare), found):
            section += not before and bool(spans) and _ends(spans[-1], span)
            spans.append(replace(span, before=before, section=section))
            before = ""
    return spans, len(bare)


def _has_words(bare: str, span: _Span) -> bool:
    return any(character.isalnum() for character in bare[span.start : span.end])


def _ends(before: _Span, after: _Span) -> bool:
    """Whether a table, code or list ends between two spans."""
    return before.form is not after.form or (bool(before.item) and not after.item)


def _spans_of(bare: str, line: FormedLine, lists: ListReader, done: int) -> list[_Span]:
    """The spans of a line: its sentences, or itself."""
    if line.form is Form.TEXT:
        return _sentences_of(bare, line.start, line.end, lists, done)
    if line.form is Form.BEFORE:
        lists.item("# heading", after_blank=True)
    head = line.written if line.form is Form.ROW else ""
    return [_Span(line.start, line.end, None, line.form, head=head)]


def _sentences_of(bare: str, start: int, end: int, lists: ListReader, done: int) -> list[_Span]:
    """The sentences of a line of text, in their list item; `done` is where the last line ended."""
    text = bare[start:end]
    if lists.is_empty_item(text):
        return []
    blank = _BLANK_LINE.search(bare, done, start)
    number = lists.content_number(text)
    item = lists.item(text, after_blank=bool(blank))
    mark = _LIST_MARK.match(text)
    offset = start + (mark.end() if mark else 0)
    found = [_Span(offset + a, offset + b, item) for a, b in sentence_spans(bare[offset:end])]
    if number is not None and found:
        found[0] = replace(found[0], start=start + number)
    return found


def _owner_index(marker: _Marker, spans: list[_Span]) -> int:
    """Index of the statement that a marker belongs to."""
    if marker.leads:
        following = bisect_right(spans, marker.position, key=lambda span: span.end)
        return min(following, len(spans) - 1)
    return max(bisect_left(spans, marker.position, key=lambda span: span.start) - 1, 0)


def _statements(
    bare: str, spans: list[_Span], labels: list[list[int]]
) -> Iterator[MarkedStatement]:
    done, first = 0, True
    for place, (span, owned) in enumerate(zip(spans, labels, strict=True)):
        raw = bare[span.start : span.end]
        text = " ".join(_EMPTY_BRACKETS.sub("", raw).split())
        text = _ANSWER_WORD.sub("", text, count=1) if first else text
        if any(character.isalnum() for character in text):
            lead = "" if first else _leading_space(bare[done : span.start])
            text = separate_markup(text)
            yield MarkedStatement(
                text,
                tuple(dict.fromkeys(owned)),
                lead,
                span.item,
                span.form,
                separate_markup(span.before),
                span.section,
                raw if span.form is Form.CODE else text,
                span.head,
                _leads(place, spans),
            )
            first = False
        done = span.end


def _leads(place: int, spans: Sequence[_Span]) -> bool:
    """Whether a span is all of an item whose next span stands in an item nested in it."""
    item = spans[place].item
    before = spans[place - 1].item if place else None
    after = spans[place + 1].item if place + 1 < len(spans) else None
    if item is None or after is None or item == before:
        return False
    return item.path[-1] in after.path[:-1]


def _leading_space(gap: str) -> str:
    if _BLANK_LINE.search(gap):
        return "\n\n"
    return "\n" if "\n" in gap else " " if gap else ""

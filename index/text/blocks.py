"""Blocks of a document: its headings, paragraphs, lists, steps, code, tables, questions, messages.

The text is read line by line, once: time is linear in its length.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from heapq import merge
from operator import attrgetter

from index.formats.registry import Layout, layout_of
from index.sentences import sentence_spans
from index.text.line_blocks import scan
from index.types import Block, BlockKind, Document, Heading, Span, Table

# The line of a heading with its end, and the line of = or - that may underline it in Markdown.
HEADING_LINE = re.compile(r"[^\r\n]*(?:\r\n?|\n|$)(?: {0,3}(?:=+|-+)[ \t]*(?:\r\n?|\n|$))?")
_STEP_NUMBER = re.compile(r"[>\s]*\(?(\d{1,3})[.)]")
# What may stand between two steps and belong to the one before.
_REMARK_KINDS = frozenset({BlockKind.PARAGRAPH, BlockKind.CODE, BlockKind.LIST})
_REMARK_CHARACTERS = 600
_REMARKS = 2
_QUESTION_CHARACTERS = 200
# Numbered items of so many words on average, and of two sentences each, are no steps.
_CLAUSE_WORDS = 30
_QUESTION = re.compile(r"[^?？؟\r\n]*[^?？؟\s][?？؟]+[\"'”’»)\]*_]*")
_MARKED_QUESTION = re.compile(r"(?:\*\*|__)|(?:Q(?:uestion)?|Frage|F) ?\d*[:.)] ", re.IGNORECASE)
_LED = frozenset({BlockKind.LIST, BlockKind.STEPS, BlockKind.CODE, BlockKind.TABLE})


def blocks_of(document: Document) -> tuple[Block, ...]:
    """The blocks of a document in order of their start.

    Questions hold other blocks: the heading or paragraph that asks, and those that answer. No other
    block holds one, and every character but white space and heading lines is in exactly one of
    these.
    """
    text, layout = document.text, layout_of(document.path)
    leaves = list[Block]()
    for region in _regions(document):
        if isinstance(region, Block):
            leaves.append(region)
        elif layout is Layout.CODE:
            leaves += _stripped(text, BlockKind.CODE, *region)
        else:
            for block in _joined_steps(text, list(scan(text, region, layout))):
                leaves += _clauses(text, block)
    leaves, questions = _with_questions(text, leaves, layout)
    leaves = list(_with_leads(text, leaves))
    return tuple(merge(questions, leaves, key=lambda block: (block.start, -block.end)))


def _regions(document: Document) -> Iterator[Block | Span]:
    """Blocks that the reader of the file knows, headings and tables, and what is between them."""
    position = 0
    known: list[Heading | Table] = [*document.headings, *document.tables]
    for part in sorted(known, key=attrgetter("start")):
        if part.start < position:
            continue
        yield position, part.start
        if isinstance(part, Table):
            rows = tuple((row.start, row.end) for row in part.rows)
            yield Block(BlockKind.TABLE, part.start, part.end, items=rows)
            position = part.end
        else:
            line = HEADING_LINE.match(document.text, part.start)
            position = line.end() if line else part.start
            for block in _stripped(document.text, BlockKind.HEADING, part.start, position):
                yield replace(block, level=part.level)
    yield position, len(document.text)


def _stripped(text: str, kind: BlockKind, start: int, end: int) -> list[Block]:
    """A block without white space around it; none of white space alone."""
    inside = text[start:end]
    start += len(inside) - len(inside.lstrip())
    return [Block(kind, start, start + len(inside.strip()))] if inside.strip() else []


def _joined_steps(text: str, blocks: Sequence[Block]) -> list[Block]:
    """Steps that go on below a short remark as one block, the remark as part of its step."""
    joined = list[Block]()
    last_steps = -1  # where in `joined` the last steps are
    for block in blocks:
        if block.kind is not BlockKind.STEPS:
            joined.append(block)
            continue
        if last_steps >= 0 and _goes_on(text, joined[last_steps:], block):
            before = joined[last_steps]
            remark = (before.items[-1][0], joined[-1].end)
            items = (*before.items[:-1], remark, *block.items)
            joined[last_steps:] = [replace(before, end=block.end, items=items)]
        else:
            last_steps = len(joined)
            joined.append(block)
    return joined


def _clauses(text: str, block: Block) -> list[Block]:
    """The paragraphs of a contract, a rule or a by-law in place of steps, if that is what numbered
    items are: long, and of several sentences each.
    """
    items = [text[start:end] for start, end in block.items]
    is_long = sum(len(item.split()) for item in items) >= _CLAUSE_WORDS * len(items)
    if block.kind is not BlockKind.STEPS or not is_long:
        return [block]
    if any(len(sentence_spans(_STEP_NUMBER.sub("", item, count=1))) < 2 for item in items):
        return [block]
    ends = [*(start for start, _ in block.items[1:]), block.end]
    return [
        part
        for (start, _), end in zip(block.items, ends, strict=True)
        for part in _stripped(text, BlockKind.PARAGRAPH, start, end)
    ]


def _goes_on(text: str, before: Sequence[Block], steps: Block) -> bool:
    """Whether steps go on those that stand before a few other blocks."""
    earlier, *remarks = before
    if len(remarks) > _REMARKS or not all(block.kind in _REMARK_KINDS for block in remarks):
        return False
    if steps.start - earlier.end > _REMARK_CHARACTERS:
        return False
    return _number(text, steps.items[0]) == _number(text, earlier.items[-1]) + 1


def _number(text: str, item: Span) -> int:
    number = _STEP_NUMBER.match(text, *item)
    return int(number[1]) if number else -1


def _with_leads(text: str, leaves: Sequence[Block]) -> Iterator[Block]:
    """Lists, steps, code and tables with the sentence that stands right above them."""
    before: Block | None = None
    for block in leaves:
        if block.kind in _LED and before and before.kind is BlockKind.PARAGRAPH:
            spans = sentence_spans(text[before.start : before.end])
            start = before.start + spans[-1][0] if spans else before.start
            block = replace(block, lead=(start, before.end))
        yield block
        before = block


def _with_questions(
    text: str, leaves: Sequence[Block], layout: Layout
) -> tuple[list[Block], list[Block]]:
    """The leaves, and the questions among them with what answers each, in order."""
    whole, questions = list[Block](), list[Block]()
    section = list[Block]()
    for block in leaves:
        if block.kind is BlockKind.HEADING:
            whole += _answered(text, section, layout, questions)
            section = []
            whole.append(block)
        else:
            section.append(block)
    whole += _answered(text, section, layout, questions)
    questions += _under_headings(text, whole)
    return whole, sorted(questions, key=lambda block: (block.start, -block.end))


def _under_headings(text: str, leaves: Sequence[Block]) -> Iterator[Block]:
    """Headings that are questions, each with all below it."""
    open_questions = list[tuple[Block, list[Span]]]()
    end = Block(BlockKind.HEADING, len(text), len(text))
    for block in [*leaves, end]:
        if block.kind is not BlockKind.HEADING:
            for _, answers in open_questions:
                answers.append((block.start, block.end))
            continue
        while open_questions and open_questions[-1][0].level >= block.level:
            heading, answers = open_questions.pop()
            if answers:
                yield Block(BlockKind.QUESTION, heading.start, answers[-1][1], items=tuple(answers))
        if _is_question(text, (block.start, block.end)):
            open_questions.append((block, []))


def _is_question(text: str, line: Span) -> bool:
    return line[1] - line[0] <= _QUESTION_CHARACTERS and bool(_QUESTION.fullmatch(text, *line))


def _answered(
    text: str, section: Sequence[Block], layout: Layout, questions: list[Block]
) -> list[Block]:
    """A section whose questions are blocks of their own; adds each with its answer to the list."""
    lines = [_question_line(text, block) for block in section]
    is_faq = sum(map(bool, lines)) > 1
    whole, asked, answers = list[Block](), (0, 0), list[Span]()
    for block, line in zip(section, lines, strict=True):
        is_meant = line and (is_faq or _is_marked(text, block, line, layout))
        if line and is_meant:
            questions += _question(asked, answers)
            whole.append(Block(BlockKind.PARAGRAPH, *line))
            asked, answers = line, []
            rest = _stripped(text, BlockKind.PARAGRAPH, line[1], block.end)
        else:
            rest = [block]
        whole += rest
        answers += ((part.start, part.end) for part in rest)
    questions += _question(asked, answers)
    return whole


def _question(asked: Span, answers: Sequence[Span]) -> list[Block]:
    if asked[0] == asked[1] or not answers:
        return []
    return [Block(BlockKind.QUESTION, asked[0], answers[-1][1], items=tuple(answers))]


def _question_line(text: str, block: Block) -> Span | None:
    """The first line of a paragraph, if it is a question."""
    if block.kind is not BlockKind.PARAGRAPH:
        return None
    end = text.find("\n", block.start, block.end)
    line = (block.start, block.end if end < 0 else end)
    line = (line[0], line[0] + len(text[slice(*line)].rstrip()))
    return line if _is_question(text, line) else None


def _is_marked(text: str, block: Block, line: Span, layout: Layout) -> bool:
    """Whether a question is one of those that are answered: in bold, called so, or above a line
    that starts a new one on purpose.
    """
    is_above_line = line[1] < block.end and layout is Layout.PARAGRAPHS
    return is_above_line or bool(_MARKED_QUESTION.match(text, *line))

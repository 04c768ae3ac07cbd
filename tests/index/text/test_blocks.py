"""Blocks of documents: what each is, what introduces it, and no character in two or in none."""

from __future__ import annotations

import sys
from pathlib import Path
from types import FrameType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.formats.base import Unreadable
from index.formats.registry import READERS, file_kind, parse
from index.text.blocks import HEADING_LINE, blocks_of
from index.types import Block, BlockKind, Document, Heading

pytestmark = pytest.mark.unit
SHARED = Path(__file__).parents[3].parent / "shared" / "data"
SLOW = {".pdf", ".png", ".epub"}
FILES = sorted(
    path
    for folder in ("cases", "formats", "people")
    for path in SHARED.glob(f"{folder}/**/*.*")
    if file_kind(path.name) in READERS.keys() - SLOW
)


def document(text: str, path: str = "a.md") -> Document:
    parsed = parse(path, text.encode())
    return Document(path, "", parsed.text, "d", parsed.headings, tables=parsed.tables)


def told(text: str, path: str = "a.md") -> list[tuple[str, str]]:
    """Kind and text of each block."""
    found = document(text, path)
    return [(block.kind.value, found.text[block.start : block.end]) for block in blocks_of(found)]


def only(text: str, kind: BlockKind, path: str = "a.md") -> tuple[str, list[str]]:
    """Lead and items of the one block of a kind."""
    found = document(text, path)
    (block,) = (block for block in blocks_of(found) if block.kind is kind)
    lead = found.text[slice(*block.lead)] if block.lead else ""
    return lead, [found.text[start:end] for start, end in block.items]


def check(found: Document) -> None:
    """Every character but white space and heading lines is in exactly one leaf."""
    blocks = blocks_of(found)
    assert [block.start for block in blocks] == sorted(block.start for block in blocks)
    position = 0
    covered = bytearray(len(found.text))
    for heading in found.headings:
        line = HEADING_LINE.match(found.text, heading.start)
        assert line
        covered[heading.start : line.end()] = b"\1" * (line.end() - heading.start)
    for block in blocks:
        assert all(block.start <= start < end <= block.end for start, end in block.items)
        if block.kind is BlockKind.QUESTION:
            assert block.items
            continue
        assert position <= block.start < block.end
        assert not block.lead or 0 <= block.lead[0] < block.lead[1] <= block.start
        covered[block.start : block.end] = b"\1" * (block.end - block.start)
        position = block.end
    missed = [i for i, is_in in enumerate(covered) if not is_in and not found.text[i].isspace()]
    assert [found.text[i : i + 30] for i in missed[:3]] == []


PIECES = st.sampled_from(
    [
        *("# H\n", "## Why?\n", "T\n===\n", "Word. ", "Why is it? ", "\n", "\n\n", "  ", "    "),
        *(
            "- ",
            "* x\n",
            "1. ",
            "2) b\n",
            "(a) c\n",
            "> ",
            "```\n",
            "~~~py\n",
            "|a|b|\n|-|-|\n|c|d|\n",
        ),
        *("| a |", "10:15 Ana: hi\n", "**Q?**\n", "\t", "\r\n", "\u2028", "---\n", "<b>", "Ada:\n"),
    ]
)


@given(st.lists(PIECES, max_size=25).map("".join), st.sampled_from(["a.md", "a.txt", "a.html"]))
def test_blocks_of_random_text_hold_every_character_once(text: str, path: str) -> None:
    parsed = parse("a.md", text.encode()) if text else None
    if parsed:
        headings, tables = parsed.headings, parsed.tables
        check(Document(path, "", parsed.text, "d", headings, tables=tables))


@pytest.mark.skipif(not FILES, reason="needs ../shared/data")
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_blocks_of_real_files_hold_every_character_once(path: Path) -> None:
    try:
        parsed = parse(path.name, path.read_bytes())
    except (Unreadable, ValueError, KeyError):
        return
    headings = parsed.headings
    check(Document(path.name, "", parsed.text, "d", headings, tables=parsed.tables))


def test_blocks_of_markdown_are_what_they_look_like() -> None:
    text = (
        "# Head\n\nSome prose\nin two lines.\n\n```sh\nmake\n\nrun\n```\n\n    indented\n\n"
        "- one\n- two\n  - inner\n\n1. first\n2. second\n\n| a | b |\n|---|---|\n| 1 | 2 |\n"
    )
    assert told(text) == [
        ("heading", "# Head"),
        ("paragraph", "Some prose\nin two lines."),
        ("code", "```sh\nmake\n\nrun\n```"),
        ("code", "indented"),
        ("list", "- one\n- two\n  - inner"),
        ("steps", "1. first\n2. second"),
        ("table", "| a | b |\n|---|---|\n| 1 | 2 |"),
    ]


@pytest.mark.parametrize(
    ("text", "lead", "items"),
    [
        ("To request leave:\n1. Ask.\n2. Wait.", "To request leave:", ["1. Ask.", "2. Wait."]),
        (
            "It is easy. Here is how it goes.\n\n1. Ask.\n\n2. Wait.\n   Long.\n\n   Very.\n",
            "Here is how it goes.",
            ["1. Ask.", "2. Wait.\n   Long.\n\n   Very."],
        ),
        ("# H\n\n1. a\n\nRun:\n\n```\nx\n```\n\n2. b", "", ["1. a\n\nRun:\n\n```\nx\n```", "2. b"]),
        ("(a) one\n(b) two\nof it", "", ["(a) one", "(b) two\nof it"]),
        ("> Do:\n> 1. a\n> 2. b", "Do:", ["> 1. a", "> 2. b"]),
    ],
)  # fmt: skip
def test_steps_have_their_lead_and_whole_items(text: str, lead: str, items: list[str]) -> None:
    assert only(text, BlockKind.STEPS) == (lead, items)


def test_numbers_that_end_a_wrapped_line_are_no_steps() -> None:
    assert told("It rained on May\n14. It snowed.") == [
        ("paragraph", "It rained on May\n14. It snowed.")
    ]


def test_steps_that_start_again_are_two_lists() -> None:
    assert [kind for kind, _ in told("1. a\n2. b\n\n1. c\n2. d")] == ["steps", "steps"]


@pytest.mark.parametrize("kind", [BlockKind.LIST, BlockKind.CODE, BlockKind.TABLE])
def test_lists_code_and_tables_have_the_sentence_above_as_lead(kind: BlockKind) -> None:
    body = {"list": "- a\n- b", "code": "```\na\n```", "table": "|a|b|\n|-|-|\n|1|2|"}[kind.value]
    assert only(f"# Head\n\nIt rained. Use these\n\n{body}\n", kind)[0] == "Use these"
    assert only(f"# Head\n\n{body}\n", kind)[0] == ""


def test_a_question_heading_holds_what_follows_until_the_next() -> None:
    text = "## How long?\n\nA year.\n\n### More\n\n- Two.\n\n## Why?\n\nSo.\n\n## End\n\nBye."
    found = document(text)
    questions = [block for block in blocks_of(found) if block.kind is BlockKind.QUESTION]
    assert [found.text[block.start : block.end] for block in questions] == [
        "## How long?\n\nA year.\n\n### More\n\n- Two.",
        "## Why?\n\nSo.",
    ]
    assert [found.text[slice(*item)] for item in questions[0].items] == ["A year.", "- Two."]


@pytest.mark.parametrize(
    ("text", "path", "expected"),
    [
        ("**How long?**\n\nA year.", "a.md", ["A year."]),
        ("Q: How long?\nA: A year.", "a.txt", ["A: A year."]),
        ("<dl><dt>How long?<dd>A year.</dl>", "a.html", ["A year."]),
    ],
)
def test_a_marked_question_has_its_answer(text: str, path: str, expected: list[str]) -> None:
    assert only(text, BlockKind.QUESTION, path)[1] == expected


def test_questions_of_a_section_without_marks_are_questions_if_there_are_more() -> None:
    text = "How long?\n\nA year.\n\nHow much?\n\nTen.\n"
    assert [kind for kind, _ in told(text)].count("question") == 2
    assert [kind for kind, _ in told("How long?\n\nNobody knows.\n")] == ["paragraph"] * 2


def test_messages_of_a_chat_are_blocks_of_their_own() -> None:
    text = "12/03/2026, 10:15 - Ana: Who?\n[10:16:02 PM] Bo: Me\nand Cy\n2026-03-12T10:17 Cy: ok"
    assert told(text, "a.txt") == [
        ("message", "12/03/2026, 10:15 - Ana: Who?"),
        ("message", "[10:16:02 PM] Bo: Me\nand Cy"),
        ("message", "2026-03-12T10:17 Cy: ok"),
    ]
    assert told("10:15 is when it starts.", "a.txt")[0][0] == "paragraph"


def test_source_code_is_code_below_its_headings() -> None:
    text = "import os\n\n\ndef one():\n    return 1\n\n\ndef two():\n    return 2\n"
    assert [kind for kind, _ in told(text, "a.py")] == ["code"] * 3


def calls(text: str) -> int:
    """How many functions are called, also those of the interpreter, for a text."""
    found, count = document(text, "a.md"), 0

    def counted(frame: FrameType, event: str, argument: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(counted)
    try:
        blocks_of(found)
    finally:
        sys.setprofile(None)
    return count


@pytest.mark.parametrize(
    "text",
    [
        "```\nx\n\n", "~~~ a\n\n", "1. a\n\nb\n\n", "- a\n  - b\n\n", "Why?\n\nSo.\n\n",
        "# Why?\n\nSo.\n\n", "> 1. a\n", "Do:\n\n    x\n\n", "|a|b|\n|-|-|\n|1|2|\n\n", "10:15 x\n",
    ],
)  # fmt: skip
def test_blocks_of_twice_the_text_take_twice_the_calls(text: str) -> None:
    assert calls(text * 400) < 2.2 * calls(text * 200)


def test_blocks_of_an_empty_document_are_none() -> None:
    assert blocks_of(Document("a.txt", "", "", "d")) == ()
    assert blocks_of(Document("a.txt", "", "x", "d", (Heading(0, 1, "x"),))) == (
        Block(BlockKind.HEADING, 0, 1, level=1),
    )


CLAUSE = (
    "{}. Animals. Each cat has a pen of its own unless two of one household share it. Dogs are not "
    "taken in at any time of the year, whatever their size, since the house has no yard for them.\n"
)


def test_blocks_of_numbered_clauses_of_several_sentences_are_paragraphs() -> None:
    text = "\n".join(CLAUSE.format(number) for number in (1, 2, 3))
    assert [kind for kind, _ in told(text, "a.txt")] == ["paragraph"] * 3
    check(document(text, "a.txt"))


def test_blocks_of_numbered_short_or_single_sentences_are_steps() -> None:
    steps = "1. Open the lid. Wait.\n2. Close it. Wait again.\n"
    assert [kind for kind, _ in told(steps, "a.txt")] == ["steps"]
    long = "".join(f"{number}. {'word ' * 40}ends here.\n" for number in (1, 2))
    assert [kind for kind, _ in told(long, "a.txt")] == ["steps"]

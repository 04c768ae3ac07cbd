"""Lists in an LLM's reply stay lists, whatever is left out of them."""

from __future__ import annotations

import re
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from rag.citations.labelling import label
from rag.citations.lists import ListReader, wider_space
from rag.citations.markers import read_markers
from rag.types import Claim, Draft, Item, Quote, Support
from rag.verification.support import SupportVerdict

pytestmark = pytest.mark.unit


def check(text: str, _: Sequence[Quote]) -> SupportVerdict:
    """All is supported but what says not."""
    return SupportVerdict(Support.UNSUPPORTED if "Not" in text else Support.SUPPORTED, 1.0)


def kept(reply: str) -> str:
    """The text of a strict answer made of a reply, without what says not."""
    claims = [
        Claim(s.text, (), s.lead, s.frame, s.item, before=s.before, section=s.section)
        for s in read_markers(reply, known=0)[0]
    ]
    return label(Draft(tuple(claims)), strict=True, check=check).text


def html(text: str) -> str:
    return str(MarkdownIt("commonmark").render(text))


UNCHANGED = {
    "bullets": "Parts:\n\n- A one.\n- A two.",
    "stars": "* A one.\n* A two.",
    "plus signs": "+ A one.\n+ A two.",
    "numbers": "1. A one.\n2. A two.",
    "numbers with brackets": "1) A one.\n2) A two.",
    "from nought": "0. A one.\n1. A two.",
    "nested bullets": "- A one.\n  - A two.\n    - A three.\n- A four.",
    "bullets below numbers": "1. A one.\n   - A two.\n   - A three.\n2. A four.\n   - A five.",
    "numbers below bullets": "- A one.\n  1. A two.\n  2. A three.\n- A four.\n  1. A five.",
    "two sentences": "- A one. A two.\n- A three.",
    "blank lines between": "1. A one.\n\n2. A two.",
    "paragraph of an item": "1. A one.\n\n   A two.\n\n2. A three.",
    "line of an item": "- A one.\n  A two.\n- A three.",
    "text behind": "- A one.\n\nA two.\n\nA three.",
    "bullets between numbers": "1. A one.\n- A two.\n2. A three.\n- A four.",
    "text between numbers": "1. A one.\n\nA two.\n\n2. A three.",
    "two lists": "1. A one.\n\nA two.\n\n1. A three.",
    "paragraphs": "A one. A two.\n\nA three.\nA four.",
    "table": "| A | B |\n| --- | --- |\n| one | two |\n| three | four |",
    "table below text": "A one.\n\n| A | B |\n| --- | --- |\n| one | two |\n\nA three.",
    "table with empty cells": "| A | B |\n| --- | --- |\n| one | |\n| three | four |",
    "headings": "#### Part A\n\nA one.\n\n#### Part B\n\n- A two.\n- A three.",
    "lists below headings": "#### Part A\n\n1. A one.\n2. A two.\n\n#### Part B\n\n1. A three.",
    "a list that goes on below a heading": "1. A one.\n\n#### Part B\n\n2. A three.",
    "lead-in of a table": (
        "#### A\n\nThese are the parts:\n\n| A | B |\n| --- | --- |\n| one | two |"
    ),
}


@pytest.mark.parametrize("reply", UNCHANGED.values(), ids=UNCHANGED)
def test_lists_that_are_kept_whole_stand_as_they_were_written(reply: str) -> None:
    assert kept(reply) == reply


CHANGED = {
    "other bullets": ("• A one.\n• A two.", "- A one.\n- A two."),
    "bullets of two kinds": ("- A one.\n* A two.", "- A one.\n- A two."),
    "all numbered one": ("1. A one.\n1. A two.", "1. A one.\n2. A two."),
    "right below text": ("Parts:\n- A one.", "Parts:\n\n- A one."),
    "text right below": ("- A one.\nA two.", "- A one.\n  A two."),
    "indented too little": ("1. A one.\n  - A two.", "1. A one.\n   - A two."),
    "indented as code": ("    - A one.\n    - A two.", "- A one.\n- A two."),
    "tabs": ("- A one.\n\t- A two.", "- A one.\n  - A two."),
    "quoted": ("> - A one.\n> - A two.", "- A one.\n- A two."),
    "bold": ("1. **A one**: A two.\n**2. A three**", "1. A one: A two.\n2. A three"),
    "headings": ("# A\n- A one.\n## B\n- A two.", "#### A\n\n- A one.\n\n#### B\n\n- A two."),
    "label on its own line": ("- A one.\n  [1]\n- A two.\n[2]", "- A one.\n- A two."),
    "empty item": ("- A one.\n- \n- A two.", "- A one.\n- A two."),
    "number alone": ("1. A one.\n2. [1]\n3. A two.\n4.", "1. A one.\n2. A two."),
    "line across": ("- A one.\n\n* * *\n\nA two.", "- A one.\n\nA two."),
    "deeper than is read": (
        "\n".join(f"{'  ' * depth}- A {depth}." for depth in range(9)),
        "\n".join(f"{'  ' * min(depth, 5)}- A {depth}." for depth in range(9)),
    ),
}


@pytest.mark.parametrize(("reply", "text"), CHANGED.values(), ids=CHANGED)
def test_lists_that_readers_take_differently_are_written_in_one_way(reply: str, text: str) -> None:
    assert kept(reply) == text


DROPPED = {
    "bullet": ("- A one.\n- Not.\n- A two.", "- A one.\n- A two."),
    "first bullet": ("Parts:\n\n- Not.\n- A one.", "Parts:\n\n- A one."),
    "all bullets": ("Parts:\n\n- Not.\n- Not two.\n\nA one.", "A one."),
    "last bullet": ("- A one.\n- Not.\n\nA two.", "- A one.\n\nA two."),
    "number": ("1. A one.\n2. Not.\n3. A two.", "1. A one.\n2. A two."),
    "first number": ("1. Not.\n2. A one.\n3. A two.", "1. A one.\n2. A two."),
    "number before text": ("1. Not.\n\nA one.\n\n2. A two.", "A one.\n\n1. A two."),
    "number before bullets": ("1. Not.\n- A one.\n2. A two.", "- A one.\n1. A two."),
    "first sentence": ("- Not. A one.\n- A two.", "- A one.\n- A two."),
    "last sentence": ("- A one. Not.\n- A two.", "- A one.\n- A two."),
    "item with nested ones": ("- A one.\n- Not.\n  - A two.", "- A one.\n- A two."),
    "nested ones": ("1. A one.\n   - Not.\n2. A two.", "1. A one.\n2. A two."),
    "first sentence before a line": ("- Not.\n  A one.\n- A two.", "- A one.\n- A two."),
    "first paragraph": ("1. Not.\n\n   A one.\n2. A two.", "1. A one.\n2. A two."),
    "first sentence of a paragraph": ("A one.\n\nNot. A two.", "A one.\n\nA two."),
    "paragraph": ("A one.\n\nNot.\n\nA two.", "A one.\n\nA two."),
    "text between lists": ("1. A one.\n\nNot.\n\n1. A two.", "1. A one.\n\n2. A two."),
    "first row": (
        "| A | B |\n|---|:-:|\n| Not | x |\n|y|z|",
        "| A | B |\n| --- | :---: |\n| y|z |",
    ),
    "all rows": ("| A | B |\n|---|---|\n| Not | x |\n\nA one.", "A one."),
    "under a heading": ("## A\nNot.\n\n## B\nA one.", "#### B\n\nA one."),
    "first under a heading": ("## A\nNot.\nA one.", "#### A\n\nA one."),
    "text before a list": ("A one.\n\nNot.\n- A two.", "A one.\n\n- A two."),
}


@pytest.mark.parametrize(("reply", "text"), DROPPED.values(), ids=DROPPED)
def test_lists_without_some_items_leave_no_mark_and_no_gap(reply: str, text: str) -> None:
    assert kept(reply) == text


@pytest.mark.parametrize("reply", [*UNCHANGED.values(), *(text for _, text in CHANGED.values())])
def test_lists_written_are_read_in_the_same_way(reply: str) -> None:
    assert kept(reply) == reply


@pytest.mark.parametrize("reply", [*UNCHANGED.values(), *(reply for reply, _ in DROPPED.values())])
def test_lists_have_the_numbers_that_a_reader_of_markdown_gives(reply: str) -> None:
    text = kept(reply)
    marks = [int(n) for n in re.findall(r"^ *(\d+)[.)] ", text, re.MULTILINE)]
    shown, counts = [], list[int]()
    for tag, start in re.findall(r'<(/?(?:ol|ul)|li)(?: start="(\d+)")?>', html(text)):
        if tag == "ol":
            counts.append(int(start or 1))
        elif tag == "ul":
            counts.append(-1000)
        elif tag == "li":
            shown += [counts[-1]] if counts[-1] >= 0 else []
            counts[-1] += 1
        else:
            counts.pop()
    assert shown == marks


lines = st.builds(
    "{}{}{}{}".format,
    st.sampled_from(["", "", "\n"]),
    st.sampled_from(["", "  ", "   ", "    ", "\t", "      "]),
    st.sampled_from(["- ", "* ", "1. ", "0. ", "1) ", "• ", "", "## ", "> "]),
    st.sampled_from(
        ["Ah.", "Not.", "Ah. Oh.", "Not. Ah.", "Ah. Not.", "**Ah** so.", "- [1]", "- Ah."]
    ),
)


@given(st.lists(lines, max_size=8).map("\n".join))
def test_lists_of_any_reply_have_an_item_in_html_for_every_mark(reply: str) -> None:
    text = kept(reply)
    marks = re.findall(r"^ *(?:[-*+]|\d+[.)]) ", text, re.MULTILINE)
    page = html(text)
    assert page.count("<li>") == len(marks)
    assert not re.search(r"<li>\s*</li>|<code>|<h[1235]>", page)


@given(st.lists(lines, max_size=8).map("\n".join))
def test_lists_leave_their_marks_out_of_the_statements(reply: str) -> None:
    statements, _ = read_markers(reply, known=3)
    assert {statement.text for statement in statements} <= {"Ah.", "Oh.", "Not.", "Ah so."}


def test_lists_do_not_take_a_date_for_an_item() -> None:
    statements, _ = read_markers("12. Mai 2024 [1]. Und so.\n15. Mai 2024\n- 3. Mai 2024", known=3)
    assert [(statement.text, statement.labels) for statement in statements] == [
        ("12. Mai 2024.", (1,)),
        ("Und so.", ()),
        ("15. Mai 2024", ()),
        ("Mai 2024", ()),
    ]


def test_lists_leave_a_number_that_is_an_answer() -> None:
    assert kept("33.\n\n1. A one.\n\n33.") == "33.\n\n1. A one.\n\n33."


def test_reader_items_have_their_own_numbers_and_their_list_s_mark() -> None:
    reader = ListReader()
    found = [reader.item(line, False) for line in ("1. A", "  - B", "  - C", "2. D", "and")]
    assert found == [
        Item((0,), 0, "1."),
        Item((0, 1), 1, "-"),
        Item((0, 2), 1, "-"),
        Item((3,), 0, "1."),
        Item((3,), 0, "1."),
    ]


def test_reader_line_without_words_or_with_a_sign_only_is_no_item() -> None:
    reader = ListReader()
    assert [reader.item(line, False) for line in ("- ", "* * *", "-5 degrees", "1.5 m")] == [
        None
    ] * 4


@pytest.mark.parametrize(
    ("one", "other", "wide"), [(" ", "\n", "\n"), ("\n\n", "\n", "\n\n"), ("", " ", " ")]
)
def test_wider_is_what_has_more_line_ends(one: str, other: str, wide: str) -> None:
    assert wider_space(one, other) == wider_space(other, one) == wide

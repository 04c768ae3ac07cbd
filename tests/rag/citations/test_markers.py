"""Markers that LLMs write, in all their ways, as statements and labels."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.citations.markers import read_markers

pytestmark = pytest.mark.unit

# Text, its statements with their labels, stray labels; three passages are known.
CASES = {
    "before the full stop": ("Talks failed [1].", [("Talks failed.", (1,))], 0),
    "after the full stop": ("Talks failed. [1]", [("Talks failed.", (1,))], 0),
    "after the full stop, no space": (
        "Talks failed.[1] Egypt led.[2]",
        [("Talks failed.", (1,)), ("Egypt led.", (2,))],
        0,
    ),
    "list": ("Talks failed [1, 2].", [("Talks failed.", (1, 2))], 0),
    "list with and": ("Talks failed [1 and 3].", [("Talks failed.", (1, 3))], 0),
    "range": ("Talks failed [1-3].", [("Talks failed.", (1, 2, 3))], 0),
    "range backwards": ("Talks failed [3-1].", [("Talks failed.", (3, 1))], 0),
    "range of brackets": ("Talks failed [1]–[3].", [("Talks failed.", (1, 2, 3))], 0),
    "range beyond what is known": ("Talks failed [2-5].", [("Talks failed.", (2, 3))], 2),
    "list with words": ("Talks failed [Passage 1, Passage 2].", [("Talks failed.", (1, 2))], 0),
    "round list with words": ("It ended (Passage 1; Source 2).", [("It ended.", (1, 2))], 0),
    "round, side by side": ("Talks failed (1)(2).", [("Talks failed.", (1, 2))], 0),
    "with the passage's name": ("Talks failed [1: brief.md].", [("Talks failed.", (1,))], 0),
    "with a page": ("Talks failed [Source 1, p. 30].", [("Talks failed.", (1,))], 0),
    "with a dagger": ("Talks failed [2†source].", [("Talks failed.", (2,))], 0),
    "cite": ("Talks failed [cite: 1].", [("Talks failed.", (1,))], 0),
    "abbreviated word": ("Talks failed [ref. 1].", [("Talks failed.", (1,))], 0),
    "wide brackets": ("Talks failed ［1］.", [("Talks failed.", (1,))], 0),
    "tortoise brackets": ("Talks failed 〔1〕.", [("Talks failed.", (1,))], 0),
    "escaped": ("Talks failed \\[1\\].", [("Talks failed.", (1,))], 0),
    "as code": ("Talks failed `[1]`.", [("Talks failed.", (1,))], 0),
    "slanted": ("Talks failed *[1]*.", [("Talks failed.", (1,))], 0),
    "raised": ("Talks failed.^1 Egypt led^2", [("Talks failed.", (1,)), ("Egypt led^2", ())], 0),
    "raised after a word": ("Talks failed^1.", [("Talks failed.", (1,))], 0),
    "a power": ("It is 10^6 or 3 km^2.", [("It is 10^6 or 3 km^2.", ())], 0),
    "a slice": ("Here a[1:2] is b [1].", [("Here a[1:2] is b.", (1,))], 0),
    "passage that says": ("Passage 2 states that talks failed.", [("Talks failed.", (2,))], 0),
    "side by side": ("Talks failed [1][2].", [("Talks failed.", (1, 2))], 0),
    "side by side, spaced": ("Talks failed [1] [2], [3].", [("Talks failed.", (1, 2, 3))], 0),
    "twice the same": ("Talks [1] failed [1].", [("Talks failed.", (1,))], 0),
    "two places of a sentence": (
        "Egypt led [1] and Qatar attended [2].",
        [("Egypt led and Qatar attended.", (1, 2))],
        0,
    ),
    "nested": ("Talks failed [[1]].", [("Talks failed.", (1,))], 0),
    "nested list": ("Talks failed [1, [2]].", [("Talks failed.", (1, 2))], 0),
    "footnote style": ("Talks failed [^1].", [("Talks failed.", (1,))], 0),
    "full-width": ("Talks failed【1】.", [("Talks failed.", (1,))], 0),
    "full-width with a place": ("Talks failed【2†L4】.", [("Talks failed.", (2,))], 0),
    "with a word": ("Talks failed [Source: 2].", [("Talks failed.", (2,))], 0),
    "round with a word": ("Talks failed (Passage 2).", [("Talks failed.", (2,))], 0),
    "round at the end": ("Talks failed (2).", [("Talks failed.", (2,))], 0),
    "round inside": ("The deal (2) has phases.", [("The deal (2) has phases.", ())], 0),
    "round beside square": (
        "Egypt led (2). It did [1].",
        [("Egypt led (2).", ()), ("It did.", (1,))],
        0,
    ),
    "round unknown": ("Talks failed (7).", [("Talks failed (7).", ())], 0),
    "see": ("Talks failed (see [1]).", [("Talks failed.", (1,))], 0),
    "leading": ("[1] Talks failed.", [("Talks failed.", (1,))], 0),
    "leading with a colon": ("[1]: Talks failed.", [("Talks failed.", (1,))], 0),
    "leading, all in one line": (
        "[1] Talks failed. [2] Egypt led.",
        [("Talks failed.", (1,)), ("Egypt led.", (2,))],
        0,
    ),
    "leading in a list": (
        "- [1] Talks failed\n- [2] Egypt led",
        [("Talks failed", (1,)), ("Egypt led", (2,))],
        0,
    ),
    "leading in the second line": (
        "Talks failed.\n[1] Egypt led. Qatar attended [2].",
        [("Talks failed.", ()), ("Egypt led.", (1,)), ("Qatar attended.", (2,))],
        0,
    ),
    "numbered list": (
        "1. Talks failed [1].\n2. Egypt led [2].",
        [("Talks failed.", (1,)), ("Egypt led.", (2,))],
        0,
    ),
    "on a line of their own": ("Talks failed.\n[1]\n[2]", [("Talks failed.", (1, 2))], 0),
    "according to": ("According to [1], talks failed.", [("Talks failed.", (1,))], 0),
    "according to, at the end": ("Talks failed, according to [2].", [("Talks failed.", (2,))], 0),
    "according to, no brackets": (
        "According to passage 3, talks failed.",
        [("Talks failed.", (3,))],
        0,
    ),
    "says that": ("[1] says that talks failed.", [("Talks failed.", (1,))], 0),
    "see, as a sentence": ("Talks failed. See [2].", [("Talks failed.", (2,))], 0),
    "made up": ("Talks failed [9].", [("Talks failed.", ())], 1),
    "made up twice": ("Talks failed [9][9].", [("Talks failed.", ())], 2),
    "made up and true": ("Talks failed [1, 9].", [("Talks failed.", (1,))], 1),
    "nought": ("Talks failed [0].", [("Talks failed.", ())], 1),
    "sources at the end": (
        "Talks failed [1].\n\nSources:\n[1] brief.md\n[3] who.csv",
        [("Talks failed.", (1,))],
        0,
    ),
    "answer word": ("Answer: Talks failed [1].", [("Talks failed.", (1,))], 0),
    "answer words": ("The answer to the question is: 33 [1].", [("33.", (1,))], 0),
    "emphasis": ("**Talks failed** [1].", [("Talks failed.", (1,))], 0),
    "abbreviation": (
        "William J. Burns [1] met Mr. Barnea. [2]",
        [("William J. Burns met Mr. Barnea.", (1, 2))],
        0,
    ),
    "no space after": ("Talks [1]failed.", [("Talks failed.", (1,))], 0),
    "a year": ("In [2024] talks failed [1].", [("In [2024] talks failed.", (1,))], 0),
    "a word in brackets": ("Talks [sic] failed [1].", [("Talks [sic] failed.", (1,))], 0),
    "an array": ("Here a[0] is 1 [1].", [("Here a[0] is 1.", (1,))], 0),
    "inside a link": ("[x]【1】(//evil.example)", [("[x] (//evil.example)", (1,))], 0),
    "inside a tag": ("Talks <【1】/b> failed.", [("Talks < /b> failed.", (1,))], 0),
    "emphasis inside a tag": ("<**img src=x**> failed.", [("< img src=x> failed.", ())], 0),
    "none": ("Talks failed. Egypt led.", [("Talks failed.", ()), ("Egypt led.", ())], 0),
    "markers only": ("[1][2]", [], 0),
    "nothing": ("", [], 0),
    "marks only": (" … \n- \n", [], 0),
}


@pytest.mark.parametrize(("text", "expected", "stray"), CASES.values(), ids=CASES.keys())
def test_markers_read_become_labels_of_their_statement(
    text: str, expected: list[tuple[str, tuple[int, ...]]], stray: int
) -> None:
    statements, counted = read_markers(text, known=3)
    assert [(statement.text, statement.labels) for statement in statements] == expected
    assert counted == stray


def test_markers_lead_keeps_the_white_space_between_statements() -> None:
    statements, _ = read_markers("A truce. A pause [1].\nA deal.\n\n- An exchange.", known=3)
    assert [statement.lead for statement in statements] == ["", " ", "\n", "\n\n"]


def test_markers_no_passage_known_makes_every_label_stray() -> None:
    statements, stray = read_markers("Talks failed [1][2].", known=0)
    assert (statements[0].labels, stray) == ((), 2)


@pytest.mark.parametrize(
    "piece", ["[1", "[1, ", "[ ", "(see ", "【1", "**a ", "[1] A. ", "according to "]
)
def test_markers_repeated_thousands_of_times_are_read_in_linear_time(piece: str) -> None:
    statements, stray = read_markers(piece * 1500, known=3)
    assert stray == 0
    assert all(label in (1, 2, 3) for statement in statements for label in statement.labels)


@given(st.text(alphabet="[]()【】^,;-–. \n*#aB1239†", max_size=60))
def test_markers_any_text_gives_known_labels_and_words_only(text: str) -> None:
    statements, stray = read_markers(text, known=3)
    assert stray >= 0
    for statement in statements:
        assert set(statement.labels) <= {1, 2, 3}
        assert len(set(statement.labels)) == len(statement.labels)
        assert any(character.isalnum() for character in statement.text)
        assert "\n" not in statement.text
        assert set(statement.lead) <= {" ", "\n"}

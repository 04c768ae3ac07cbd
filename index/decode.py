"""Bytes of a text file to text; what cannot be told is refused, not decoded wrongly."""

from __future__ import annotations

import re
from collections.abc import Sequence

from index.parsed import Unreadable


def decode(data: bytes) -> str:
    """Bytes to text: by byte order mark, as UTF-8, else by the likeliest encoding.

    Raises Unreadable for bytes that are no text, or whose encoding cannot be told.
    """
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            try:
                return data.decode(encoding)
            except UnicodeDecodeError:
                raise Unreadable(f"damaged: marked as {encoding} but is not") from None
    if _is_binary(data):
        raise Unreadable("binary: these bytes are not text")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        if _is_mostly_utf8(data):
            raise Unreadable(
                f"damaged: byte {error.start:,} is not UTF-8; save it as UTF-8"
            ) from None
    return _decode_by_guess(data)


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

    guesses = from_bytes(data)
    best = guesses.best()
    if best is None or best.chaos > 0.2:
        raise Unreadable("its text encoding cannot be told; save it as UTF-8")
    # Guesses hardly differ on short texts, and Windows' western encoding is by far the most used.
    for guess in guesses:
        if "cp1252" in guess.could_be_from_charset and guess.coherence >= best.coherence - 0.1:
            return str(guess if _is_western(str(guess), guess.languages) else best)
    return str(best)


def _is_western(text: str, languages: Sequence[str]) -> bool:
    eastern = len(text) > _TELLING_CHARACTERS and _EASTERN.intersection(languages[:1])
    return not eastern and not _UNLIKELY.search(text)


# Shorter texts do not tell their language.
_TELLING_CHARACTERS = 80
# Languages that the western encoding cannot write, though it reads them as letters.
_EASTERN = frozenset("Croatian Czech Hungarian Lithuanian Polish Romanian Slovak Slovene".split())
# What others look like in the western encoding: a capital or a sign within a word.
_UNLIKELY = re.compile(r"[a-z][ŠŒŽŸÀ-ÖØ-Þ‚„†‡ƒˆ¡¢¤¥¦¬®¯±¿×÷]")

"""Values of cells as their number formats show them: numbers, fractions, dates and times."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from functools import lru_cache
from typing import Any

# In a number format: what stands as it is (quoted, escaped, a currency), what is not shown
# (colours, gaps as wide as a sign), digits with the commas that scale them, and other signs.
_TOKEN = re.compile(
    r'"(?P<quoted>[^"]*)"|\\(?P<escaped>.)|\[\$(?P<currency>[^]-]*)[^]]*\]'
    r"|\[(?:[A-Z][a-z]+|[A-Z]+)\d*\]|_.|\*."
    r"|(?P<digits>[#0?](?:[#0?,]*[#0?])?(?:\.[#0?]*)?)(?P<scale>,*)"
    r"|(?P<sign>[-+$€£¥%() ])|(?P<other>.)"
)
# Excel keeps fifteen digits; in the seventeenth, 0.1 + 0.2 is not 0.3.
_LARGEST = 10**15
_KNOWN_FORMATS = 256


def shown(value: object, number_format: str = "General") -> str:
    """A value in its number format; what has no simple format plain, and dates as ISO dates where
    the format leaves it open which number is the month.
    """
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, datetime | time | timedelta):
        return _moment(value, number_format) or _plain_moment(value)
    if isinstance(value, int | float):
        if number_format == "General" and abs(value) <= _LARGEST:
            return f"{value:.15g}"
        return _number(Decimal(repr(value)), number_format)
    return str(value).strip()


def _plain_moment(value: datetime | time | timedelta) -> str:
    if isinstance(value, datetime):
        return value.isoformat(" ", "seconds").removesuffix(":00").removesuffix(" 00:00")
    if isinstance(value, time):
        return value.isoformat("seconds").removesuffix(":00")
    minutes, seconds = divmod(round(value.total_seconds()), 60)
    return f"{minutes // 60}:{minutes % 60:02}:{seconds:02}"


def _number(value: Decimal, number_format: str) -> str:
    if number_format == "General":
        return _plain(value)
    if as_fraction := _FRACTION.fullmatch(number_format.partition(";")[0].strip()):
        return _fraction(value, as_fraction)
    section, sign = _section(value, number_format.split(";"))
    tokens = _tokens(section)
    patterns = [digits for token in tokens if (digits := token["digits"])]
    if len(patterns) > 1 and set("".join(patterns)) == {"0"} and value == value.to_integral_value():
        return sign + _spread(tokens, str(abs(value).to_integral_value()))
    if len(patterns) != 1 or any(token["other"] for token in tokens) or abs(value) > _LARGEST:
        return _plain(value)
    size = abs(value) * 100 ** sum(token["sign"] == "%" for token in tokens)
    pieces = [
        _digits(size.scaleb(-3 * len(token["scale"])), token["digits"])
        if token["digits"]
        else token["quoted"] or token["escaped"] or token["currency"] or token["sign"] or ""
        for token in tokens
    ]
    return sign + "".join(pieces).strip()


@lru_cache(_KNOWN_FORMATS)
def _tokens(section: str) -> list[dict[str, Any]]:
    return [token.groupdict() for token in _TOKEN.finditer(section)]


def _spread(tokens: Sequence[Mapping[str, str | None]], digits: str) -> str:
    """The digits of a whole number on the places of a format such as 000-00-0000."""
    digits = digits.zfill(sum(len(token["digits"] or "") for token in tokens))
    pieces = list[str]()
    for token in reversed(tokens):
        if places := len(token["digits"] or ""):
            is_first = not any(each["digits"] for each in tokens[: len(tokens) - len(pieces) - 1])
            pieces.append(digits if is_first else digits[-places:])
            digits = digits[:-places]
        else:
            pieces.append(token["quoted"] or token["escaped"] or token["sign"] or "")
    return "".join(reversed(pieces)).strip()


def _section(value: Decimal, sections: list[str]) -> tuple[str, str]:
    """The part of a format for numbers like this one, and the sign that it does not write."""
    if value < 0 and len(sections) > 1:
        return sections[1], ""
    if value == 0 and len(sections) > 2:
        return sections[2], ""
    return sections[0], "-" if value < 0 else ""


def _digits(size: Decimal, pattern: str) -> str:
    whole, _, decimals = pattern.partition(".")
    rounded = size.quantize(Decimal(1).scaleb(-len(decimals)), ROUND_HALF_UP)
    before, _, after = f"{rounded:{',' if ',' in whole else ''}f}".partition(".")
    needed = len(decimals.rstrip("#?"))
    after = after[:needed] + after[needed:].rstrip("0")
    before = "" if before == "0" and "0" not in whole else before.zfill(whole.count("0"))
    return f"{before}.{after}" if after else before


def _plain(value: Decimal) -> str:
    return f"{float(value):.15g}"


# "# ?/?", "# ??/??", "?/8": a whole number or none, and how many digits a denominator may have.
_FRACTION = re.compile(r"(?P<whole>[#0?]+ *)?[#?0]+/(?:(?P<digits>[#?]+)|(?P<fixed>[1-9]\d*))")


def _fraction(value: Decimal, pattern: re.Match[str]) -> str:
    size = abs(Fraction(value))
    if pattern["fixed"]:
        below = int(pattern["fixed"])
        above = round(size * below)
    else:
        near = size.limit_denominator(10 ** len(pattern["digits"]) - 1)
        above, below = near.numerator, near.denominator
    whole, above = divmod(above, below) if pattern["whole"] or below == 1 else (0, above)
    parts = [str(whole)] if whole or not above else []
    parts += [f"{above}/{below}"] if above else []
    return ("-" if value < 0 else "") + " ".join(parts)


# In a format of dates and times: what stands as it is, parts, and other signs.
_MOMENT = re.compile(
    r'"(?P<quoted>[^"]*)"|\\(?P<escaped>.)|(?P<elapsed>\[h+\])|\[[^]]*\]|_.|\*.'
    r"|(?P<half>AM/PM|A/P)|(?P<part>y+|m+|d+|h+|s+)|(?P<sign>.)",
    re.IGNORECASE,
)
_MONTHS = "January February March April May June July August September October November December"
_DAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday"
# Day, month ("o") and year as parts of a format that is read in one way only: the month in
# letters, or numbers from the largest to the smallest, or with full stops from the smallest.
_CLEAR = re.compile(
    r"[^yod]*(?:y{4}[^yod]+o{1,2}(?:[^yod]+d{1,2})?|d{1,2}\. ?o{1,2}\. ?y{4}|y{4}"
    r"|o{3,4}[^yod]*(?:y{4})?"
    r"|(?:d{3,4}[^yod]+)?(?:d{1,2}[^yod]+o{3,4}|o{3,4}[^yod]+d{1,2})[^yod]+y{4})[^yod]*"
)


def _moment(value: datetime | time | timedelta, number_format: str) -> str:
    """A date, a time or a length of time in its format; "" if that leaves open what is what."""
    parts, has_date, is_clear = _parts(number_format.partition(";")[0])
    if has_date != isinstance(value, datetime) or (has_date and not is_clear):
        return ""
    is_half = any(kind == "half" for kind, _ in parts)
    return "".join(_shown_part(value, *part, is_half) for part in parts).strip()


@lru_cache(_KNOWN_FORMATS)
def _parts(section: str) -> tuple[Sequence[tuple[str, str]], bool, bool]:
    """Kinds of parts with their letters: y, o (month), d, h, n (minute), s, elapsed, half, or ""
    with what stands as it is; whether there is a date, and whether that is read in one way only.
    """
    tokens = [token.groupdict() for token in _MOMENT.finditer(section)]
    named = [(token["part"] or token["elapsed"] or "").lower() for token in tokens]
    parts = list[tuple[str, str]]()
    for at, (token, name) in enumerate(zip(tokens, named, strict=True)):
        if token["half"]:
            parts.append(("half", ""))
        elif not name:
            own = token["quoted"] or token["escaped"] or token["sign"] or ""
            parts.append(("", re.sub("[yodhns]", "x", own) if token["quoted"] else own))
        elif name[0] == "[":
            parts.append(("elapsed", ""))
        elif name[0] == "m":
            before = next((one for one in reversed(named[:at]) if one), "")
            after = next((one for one in named[at + 1 :] if one), "")
            is_minute = before.strip("[")[:1] == "h" or after[:1] == "s"
            parts.append(("n" if is_minute else "o", ("n" if is_minute else "o") * len(name)))
        else:
            parts.append((name[0], name))
    shape = "".join(text for kind, text in parts if kind != "half")
    has_date = any(kind in "yod" for kind, _ in parts if kind)
    return parts, has_date, bool(_CLEAR.fullmatch(shape))


def _shown_part(value: datetime | time | timedelta, kind: str, letters: str, is_half: bool) -> str:
    if not kind:
        return letters
    seconds = round(value.total_seconds()) if isinstance(value, timedelta) else 0
    if isinstance(value, timedelta):
        clock = time(seconds // 3600 % 24, seconds // 60 % 60, seconds % 60)
    else:
        clock = value.time() if isinstance(value, datetime) else value
        seconds = clock.hour * 3600
    if kind == "elapsed":
        return str(seconds // 3600)
    if kind == "half":
        return "PM" if clock.hour >= 12 else "AM"
    if kind in "yod" and isinstance(value, datetime):
        return _shown_date(value, kind, len(letters))
    hour = (clock.hour - 1) % 12 + 1 if is_half else clock.hour
    number = {"h": hour, "n": clock.minute, "s": clock.second}[kind]
    return f"{number:0{min(len(letters), 2)}}"


def _shown_date(value: datetime, kind: str, length: int) -> str:
    if kind == "y":
        return f"{value.year:04}"
    number, names = value.month - 1, _MONTHS
    if kind == "d":
        number, names = value.weekday(), _DAYS
    if length > 2:
        name = names.split()[number]
        return name[:3] if length == 3 else name
    return f"{value.month if kind == 'o' else value.day:0{length}}"

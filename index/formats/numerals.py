"""Values of cells as the reader of a sheet sees them."""

from __future__ import annotations

import re
from datetime import datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal

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


def shown(value: object, number_format: str = "General") -> str:
    """A value in its number format; dates as ISO dates, and what has no simple format plain."""
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, datetime):
        return value.isoformat(" ", "seconds").removesuffix(":00").removesuffix(" 00:00")
    if isinstance(value, time):
        return value.isoformat("seconds").removesuffix(":00")
    if isinstance(value, timedelta):
        minutes, seconds = divmod(round(value.total_seconds()), 60)
        return f"{minutes // 60}:{minutes % 60:02}:{seconds:02}"
    if isinstance(value, int | float):
        return _number(Decimal(repr(value)), number_format)
    return str(value).strip()


def _number(value: Decimal, number_format: str) -> str:
    if number_format == "General":
        return _plain(value)
    section, sign = _section(value, number_format.split(";"))
    tokens = [token.groupdict() for token in _TOKEN.finditer(section)]
    patterns = [token["digits"] for token in tokens if token["digits"]]
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

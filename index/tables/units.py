"""Units of measure and currencies by their names and signs, as CLDR lists them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from babel import Locale

MONEY = "money"
DURATION = "duration"
# Codes that are also written in small letters in names of columns; others are English words ("all",
# "top", "cup"). Added to those that have a sign of their own.
_LOWER_CODES = frozenset("CHF CZK DKK HUF NOK PLN RON SEK".split())
_SCALES = {
    **{"k": 1e3, "tsd": 1e3, "thousand": 1e3, "thousands": 1e3, "'000": 1e3, "000": 1e3},
    **{"m": 1e6, "mm": 1e6, "mn": 1e6, "mio": 1e6, "million": 1e6, "millions": 1e6},
    **{"bn": 1e9, "mrd": 1e9, "billion": 1e9, "billions": 1e9, "b": 1e9},
}
# Abbreviations that no column's name ends in unless as its unit ("size_gb"), and those that are its
# unit unless a column of the other limit stands beside it ("first_run_min"; not "temp_min").
_ABBREVIATED = frozenset("kg km cm mm kb mb gb tb ms mph sqm m2 m3 sqft".split())
# As people write what CLDR has with other characters.
_WRITTEN = {"sqm": "m²", "m2": "m²", "m3": "m³", "sqft": "sq ft", "lbs": "lb"}
_BYTES = frozenset("kb mb gb tb".split())
_MINUTES = frozenset("min mins".split())
_MAXIMUM = re.compile(r"(?:^|[\W_])max(?:imum)?(?:$|[\W_])")
_SECONDS = {"second": 1, "minute": 60, "hour": 3600, "day": 86_400, "week": 604_800}
_PREFIXES = {"milli": 1e-3, "centi": 1e-2, "kilo": 1e3, "mega": 1e6, "giga": 1e9, "tera": 1e12}
_BRACKETS = re.compile(r"\s*[(\[]([^()\[\]]+)[)\]]\s*$")
_PARTS = re.compile(r"[\s_/]+(?:in[\s_]+)?")


@dataclass(frozen=True, slots=True)
class Unit:
    """What numbers count: its dimension ("money", "mass") and its name in CLDR.

    `name` is "" for money of a currency that its word leaves open ("dollars").
    """

    dimension: str
    name: str

    def fits(self, other: Unit) -> bool:
        """Whether numbers of both may be compared, perhaps after `times`."""
        return self.dimension == other.dimension and self.times(other) > 0

    def times(self, other: Unit) -> float:
        """How many of the other unit one of this is: 60 minutes an hour; 0 if that is not known."""
        if self.name == other.name or not (self.name and other.name):
            return 1.0
        if self.dimension == DURATION:
            own, its = _SECONDS.get(self.name, 0), _SECONDS.get(other.name, 0)
            return own / its if its else 0.0
        (own_prefix, own_base), (its_prefix, its_base) = _prefixed(self), _prefixed(other)
        return own_prefix / its_prefix if own_base == its_base else 0.0


def _prefixed(unit: Unit) -> tuple[float, str]:
    """What a unit is times its base: 1000 times "gram" of "kilogram"."""
    for prefix, size in _PREFIXES.items():
        if unit.name.startswith(prefix):
            return size, unit.name.removeprefix(prefix)
    return 1.0, unit.name


@dataclass(frozen=True, slots=True)
class Measure:
    """The unit of a column as its name writes it ("M EUR"), and what its numbers are times."""

    text: str
    unit: Unit | None
    scale: float = 1.0


@cache
def _signs() -> dict[str, Unit]:
    """Units by signs and codes, which are told apart by case, and by words in small letters."""
    hour, second = Unit(DURATION, "hour"), Unit(DURATION, "second")
    return _measures() | _currencies() | {"h": hour, "s": second}


def _currencies() -> dict[str, Unit]:
    english, found = Locale("en"), dict[str, Unit]()
    names = english._data["currency_names_plural"]
    for code in map(str, english.currencies):
        symbol = str(english.currency_symbols.get(code, code))
        unit = Unit(MONEY, code)
        own = [code, symbol, *([code.lower()] if symbol != code or code in _LOWER_CODES else [])]
        for name in names.get(code, {}).values():
            own.append(name.lower())
            if " " in name and symbol != code:
                found.setdefault(name.lower().rsplit(" ", 1)[1], Unit(MONEY, ""))
        found |= {text: unit for text in own if text not in found}
    return found


def _measures() -> dict[str, Unit]:
    """Units of measure: by long names, then by short ones, then by signs of several letters; also
    as they are spelt in Britain ("metres").
    """
    found = dict[str, Unit]()
    for length in ("long", "short", "narrow"):
        for locale in (Locale("en"), Locale("en", "GB")):
            for key, forms in locale._data["unit_patterns"].items():
                unit = Unit(*key.split("-", 1))
                for form in ("one", "other"):
                    text = forms.get(length, {}).get(form, "").replace("{0}", "").strip()
                    if len(text) > (length == "narrow"):
                        found.setdefault(text if length != "long" else text.lower(), unit)
    return found | {text: found[sign] for text, sign in _WRITTEN.items()}


def unit_of(text: str) -> Unit | None:
    """The unit that a sign or word stands for: "EUR", "€", "euros", "kg", "°C", "%", "minutes"."""
    signs = _signs()
    text = text.strip().rstrip(".")
    return signs.get(text) or signs.get(text.lower()) if text else None


def names_currency(word: str, unit: Unit) -> bool:
    """Whether a word is the last one of a currency's name: "pounds" of GBP, not "won"."""
    names = Locale("en")._data["currency_names_plural"].get(unit.name, {}).values()
    return not unit.name or any(word.lower() == name.lower().split()[-1] for name in names)


def scale_of(text: str) -> float | None:
    """What a word or letter multiplies by: "million", "m", "k"; None if it does not."""
    return _SCALES.get(text.strip().rstrip(".").lower())


def measure_of(text: str) -> Measure | None:
    """A unit, or a scale with or without a currency ("EUR", "M EUR", "€ million", "kg")."""
    whole = unit_of(text)
    if whole:
        return Measure(text, whole)
    unit, scale = None, 1.0
    for part in filter(None, _PARTS.split(text.removeprefix("in "))):
        own = unit_of(part)
        factor = scale_of(part)
        if factor and (own is None or own.dimension != MONEY):
            scale *= factor
        elif own and unit is None:
            unit = own
        else:
            return None
    return Measure(text.removeprefix("in "), unit, scale) if unit or scale != 1 else None


def split_name(name: str, names: Sequence[str] = ()) -> tuple[str, Measure | None]:
    """A column's name without its unit, and the unit: "Price (EUR)", "total_eur", "Cost, USD".

    `names` are all columns' names: "min" means minutes unless one of them is a maximum.
    """
    brackets = _BRACKETS.search(name)
    if brackets and (measure := measure_of(brackets[1].strip())):
        return name[: brackets.start()].strip(), measure
    head, mark, tail = _last_word(name)
    unit = unit_of(tail.upper() if tail in _BYTES else tail) if mark else None
    # A single letter, or a word that also is a unit ("day", "point"), is a part of the name.
    is_minutes = tail in _MINUTES and not any(_MAXIMUM.search(one.lower()) for one in names)
    abbreviated = not tail.isalpha() or tail in _ABBREVIATED or is_minutes
    if unit and (unit.dimension == MONEY or abbreviated):
        sign = tail.upper() if tail.upper() == unit.name else tail
        return re.sub(r"[\s_,]+(?:in)?$", "", head), Measure(sign, unit)
    return name, None


def _last_word(name: str) -> tuple[str, str, str]:
    match = re.search(r"[\s_,]+(?=[^\s_,]+$)", name)
    return (name[: match.start()], match[0], name[match.end() :]) if match else (name, "", "")

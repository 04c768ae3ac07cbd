"""English months and number words, for whatever reads or asks for dates and figures."""

from __future__ import annotations

from index.text.languages import month_names

# January to December.
MONTHS: tuple[str, ...] = tuple(names[0] for names in month_names()["en"])
_UNITS = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen "
    "fifteen sixteen seventeen eighteen nineteen"
).split()
TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()
# "zero" to "ninety" with their values; compounds are read word by word.
NUMBER_WORDS = {word: value for value, word in enumerate(_UNITS)} | {
    word: value for value, word in zip(range(20, 100, 10), TENS, strict=True)
}
# Alternatives of a regular expression.
MONTH_PATTERN = f"(?:{'|'.join(MONTHS)})"
NUMBER_WORD_PATTERN = f"(?:{'|'.join(NUMBER_WORDS)})"

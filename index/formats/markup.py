"""How text shows what a format tells by its looks: code, marks of items, raised signs."""

from __future__ import annotations

_SUPERSCRIPT = str.maketrans("0123456789+-−=()n", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁼⁽⁾ⁿ")
_RAISED_CHARACTERS = frozenset("0123456789+-−=() ")


def raised(text: str) -> str:
    """Superscript text: digits as the signs that Unicode has for them (84², 10⁻³), else as it is.

    Words stay (1st), and so do marks in brackets ([3]).
    """
    inside = text.strip()
    has_digit = any(map(str.isdecimal, inside))
    if not has_digit or not _RAISED_CHARACTERS.issuperset(inside):
        # "61a,b" after a number is a mark, too.
        return f" {text}" if has_digit and inside[0].isdecimal() else text
    return inside.replace(" ", "").translate(_SUPERSCRIPT)


def lowered(before: str, text: str) -> str:
    """Subscript text after `before`: apart if two numbers would be one (5 of base 10), else as it
    is (H2S).
    """
    meets = before[-1:].isdecimal() and text[:1].isdecimal()
    return f" {text}" if meets else text


def fenced(code: str) -> str:
    """Code between lines of fences, which tell where it starts and ends; "" if there is none."""
    lines = code.expandtabs(4).splitlines()
    while lines and not lines[0].strip():
        lines.pop(0)
    code = "\n".join(line.rstrip() for line in lines).rstrip()
    fence = "```"
    while fence in code:
        fence += "`"
    return f"{fence}\n{code}\n{fence}" if code else ""


def list_mark(number: int, style: str = "1") -> str:
    """The mark of an item of an ordered list, whose style is as in HTML: 1, a, A, i or I."""
    if style in ("i", "I") and 0 < number < 4000:
        return f"{roman(number) if style == 'I' else roman(number).lower()}) "
    if style in ("a", "A") and 0 < number <= 26:
        return f"{chr(ord(style) + number - 1)}) "
    return f"{number}. "


_ROMAN = dict(
    zip(
        (1000, 900, 500, 400, 100, 90, 50, 40, 10, 9, 5, 4, 1),
        "M CM D CD C XC L XL X IX V IV I".split(),
        strict=True,
    )
)


def roman(number: int) -> str:
    """A number from 1 in Roman numerals."""
    letters = ""
    for value, sign in _ROMAN.items():
        count, number = divmod(number, value)
        letters += sign * count
    return letters

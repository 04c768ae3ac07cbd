"""Sentence segmentation as spans of the text, so that a quote is exact by construction."""

import re
from collections.abc import Iterator

# Words after which a full stop seldom ends a sentence. Single capitals ("J. Burns") and dotted
# abbreviations ("U.S.", "e.g.") are recognised by shape.
_ABBREVIATIONS = frozenset(
    (
        "mr mrs ms dr prof sr jr st gen col lt sgt capt rep sen gov rev hon pres messrs vs v etc "
        "inc ltd co corp no nos vol p pp fig figs eq sec ch art ed eds al c cf approx dept est jan "
        "feb mar apr jun jul aug sep sept oct nov dec rs tel ext hr hrs "
        "abs nr str bzw ca evtl ggf inkl exkl mio mrd ziff bl hl sra srta dra núm núms pág págs av "
        "avda env mme mlle mm bd sig dott ing pag stk bijv blz dhr mevr tlf"
    ).split()
)
# After an abbreviation, one of these begins a sentence; another capital may be a name ("U.S.
# Army"). Two sentences taken for one make a longer quote, a sentence cut in two a broken one.
_STARTERS = frozenset(
    (
        "The He She It They We This That These Those There His Her Its Their In On At But And If "
        "When While After Before Since For From With By However As"
    ).split()
)
# A run of stops matches at its first one only, possessively: the time stays linear.
_END = re.compile(
    r"""(?<![.!?…])[.!?…]++["'”’»)\]]*+(?:\[\d{1,3}\])*+(?=\s)"""
    r"""|[。！？｡]++[」』”）]*+"""
    r"""|(?<![؟۔।॥։።။។])[؟۔।॥։።။។]++(?=\s|$)"""
)
# A blank line ends a sentence, and so does a line that starts a list item, a heading, a table
# row or a quotation in Markdown, or with the time of a message.
_BREAK = re.compile(
    r"\n[ \t\r]*\n\s*|\n(?=[ \t]*(?:[-*+•][ \t]|\d{1,3}[.)][ \t]|#{1,6}[ \t]|\||>"
    r"|\[?(?:\d{1,4}[./-]\d{1,2}[./-]\d{1,4}[, T]+)?\d{1,2}:\d{2}\b))"
)
_LEAD = re.compile(r"\s*(?:(?:[-*+•>]|#{1,6}|\d{1,3}[.)])[ \t]+)*\s*")
_LAST_WORD = re.compile(r"([^\s(\[“\"'‘]+)\.$")
_LONGEST_ABBREVIATION = 24
_LONGEST_NUMBER = 12
_STARTS_LOW = re.compile(r"\s+[a-zà-öø-ÿ]")
_NEXT_WORD = re.compile(r"[\s“‘\"'(\[]*(\w+)")


def sentence_spans(text: str) -> list[tuple[int, int]]:
    """Spans of the sentences of a text in reading order, in characters, half open.

    White space around a sentence and the mark of a list item or heading before it are left
    out; nothing else is, so that the spans hold every other character of the text.
    """
    spans = []
    for block_start, block_end in _blocks(text):
        # The full stop of an item's number ends no sentence.
        lead = _LEAD.match(text, block_start, block_end)
        start = lead.end() if lead else block_start
        for match in _END.finditer(text, start, block_end):
            if _ends_sentence(text, start, match):
                spans.append((start, match.end()))
                start = match.end()
        spans.append((start, block_end))
    return [span for span in (_trim(text, *span) for span in spans) if span[0] < span[1]]


def _blocks(text: str) -> Iterator[tuple[int, int]]:
    start = 0
    for match in _BREAK.finditer(text):
        yield start, match.start()
        start = match.end()
    yield start, len(text)


def _ends_sentence(text: str, start: int, match: re.Match[str]) -> bool:
    mark, end = match.group(), match.end()
    if mark[0] in ".!?…" and _STARTS_LOW.match(text, end):
        return False
    if mark != ".":
        return True
    # A number that comes first counts what follows ("**3. Second shift.** It was turned down").
    if end - start <= _LONGEST_NUMBER and not any(map(str.isalpha, text[start:end])):
        return False
    word = _LAST_WORD.search(text, max(start, end - _LONGEST_ABBREVIATION), end)
    if not word or not _is_abbreviation(word.group(1)):
        return True
    following = _NEXT_WORD.match(text, end)
    return following is not None and following.group(1) in _STARTERS


def _is_abbreviation(stem: str) -> bool:
    if len(stem) == 1 and stem.isalpha() and stem.isupper():
        return True
    if "." in stem and all(len(part) <= 2 and part.isalpha() for part in stem.split(".")):
        return True
    return stem.lower() in _ABBREVIATIONS


def _trim(text: str, start: int, end: int) -> tuple[int, int]:
    lead = _LEAD.match(text, start, end)
    if lead:
        start = lead.end()
    while end > start and text[end - 1].isspace():
        end -= 1
    return start, end

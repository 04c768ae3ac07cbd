"""Attribution of statements to the spans of passages that support them."""

from __future__ import annotations

import re
from collections.abc import Sequence

from index.sentences import sentence_spans
from index.types import Passage
from rag.types import Quote, Support
from rag.verification.support import support_of
from rag.verification.words import stems

_TOKEN = re.compile(r"\w+")
# Share of a statement's content words that its quote must contain.
_MIN_SHARE = 0.2
# A second sentence is quoted as well only if it adds this much.
_MIN_GAIN = 0.15


def find_quote(statement: str, passage: Passage) -> Quote | None:
    """The sentence of a passage, or two in a row, that match a statement best; None if none does.

    Verbatim matches go first, then the largest share of common content words.
    """
    spans = sentence_spans(passage.text)
    span = _verbatim_span(statement, passage.text, spans) or _closest_span(
        statement, passage.text, spans
    )
    if span is None:
        return None
    return Quote(passage, passage.start + span[0], passage.start + span[1])


def is_row_of(cells: Sequence[str], quote: Quote) -> bool:
    """Whether a line of a quote has all words of the first cell, and the others' in their order."""
    name, *values = [_TOKEN.findall(cell.casefold()) for cell in cells]
    return any(
        set(name) <= set(words) and _are_in_order(values, words)
        for line in quote.text.splitlines()
        if (words := _TOKEN.findall(line.casefold()))
    )


def _are_in_order(runs: Sequence[Sequence[str]], words: Sequence[str]) -> bool:
    """Whether runs of words stand in a line one after the other."""
    place = 0
    for run in runs:
        starts = range(place, len(words) - len(run) + 1)
        start = next((i for i in starts if words[i : i + len(run)] == run), None)
        if start is None:
            return False
        place = start + len(run)
    return True


def supporting_quotes(
    statement: str, labelled: Sequence[Passage], packed: Sequence[Passage]
) -> tuple[Quote, ...]:
    """The quotes that support a statement.

    Those in the passages that it was labelled with, if they do; else the best in any passage that
    was sent to the LLM; else partial support. A label without support is dropped: as a citation it
    would promise what the check denies.
    """
    cited = [quote for passage in labelled if (quote := find_quote(statement, passage))]
    verdict = support_of(statement, cited)
    if verdict is Support.SUPPORTED:
        return _necessary_quotes(statement, cited)
    found = [quote for passage in packed if (quote := find_quote(statement, passage))]
    verdicts = [support_of(statement, [quote]) for quote in found]
    if Support.SUPPORTED in verdicts:
        return (found[verdicts.index(Support.SUPPORTED)],)
    if verdict is Support.UNSUPPORTED and Support.WEAK in verdicts:
        return (found[verdicts.index(Support.WEAK)],)
    return _necessary_quotes(statement, cited) if verdict is Support.WEAK else ()


def _necessary_quotes(statement: str, cited: Sequence[Quote]) -> tuple[Quote, ...]:
    """Quotes without those that add nothing: no support alone, and none to the rest."""
    kept = list(dict.fromkeys(cited))
    verdict = support_of(statement, kept)
    for quote in reversed(kept[:]):
        rest = [other for other in kept if other is not quote]
        alone = support_of(statement, [quote])
        if rest and alone is Support.UNSUPPORTED and support_of(statement, rest) is verdict:
            kept = rest
    return tuple(kept)


def _verbatim_span(
    statement: str, text: str, spans: Sequence[tuple[int, int]]
) -> tuple[int, int] | None:
    """The sentences around the first verbatim occurrence of a statement."""
    wanted = [match.group().casefold() for match in _TOKEN.finditer(statement)]
    words = list(_TOKEN.finditer(text))
    folded = [match.group().casefold() for match in words]
    for first in range(len(words) - len(wanted) + 1 if wanted else 0):
        if folded[first : first + len(wanted)] == wanted:
            start, end = words[first].start(), words[first + len(wanted) - 1].end()
            around = [span for span in spans if span[0] < end and start < span[1]]
            return (around[0][0], around[-1][1]) if around else (start, end)
    return None


def _closest_span(
    statement: str, text: str, spans: Sequence[tuple[int, int]]
) -> tuple[int, int] | None:
    """The sentence, or two in a row, that share most of a statement's content words."""
    wanted = set(stems(statement))
    if not wanted or not spans:
        return None
    words_of = [set(stems(text[start:end])) for start, end in spans]

    def share(first: int, count: int) -> float:
        together = set[str]().union(*words_of[first : first + count])
        return len(wanted & together) / len(wanted)

    # On a tie the shorter sentence is the more specific.
    best = max(range(len(spans)), key=lambda i: (share(i, 1), -len(words_of[i]), -i))
    if share(best, 1) < _MIN_SHARE:
        return None
    pair = max(range(len(spans) - 1), key=lambda i: (share(i, 2), -i), default=None)
    if pair is not None and share(pair, 2) >= share(best, 1) + _MIN_GAIN:
        return spans[pair][0], spans[pair + 1][1]
    return spans[best]

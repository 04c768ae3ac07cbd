"""Words that mean what a question does not name: "sent back" a value, "extension" an "Ext."."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from index.tables.typed import Kind
from rag.tables.binding import BY_MEANING, Binding, Filter, Mention, Role
from rag.tables.conditions.states import NEGATIONS
from rag.tables.reading.lexicon import Embed, abbreviates, similarities

# A column of few short texts that repeat tells a state or a kind; names of things are no such.
_MOST_VALUES = 8
_LONGEST = 20
# Cosine of MiniLM between words and a value from which they mean it, and by how much each other
# value must be farther: "sent back" has 0.67 with "returned" and 0.51 with "delivered".
_NEAR = 0.65
_MARGIN = 0.1


@dataclass(frozen=True, slots=True)
class _Meant:
    places: range
    words: str
    column: int
    value: str
    cosine: float


def guess_value(binding: Binding, embed: Embed) -> None:
    """Read words that are left as the one value that means the same. A word that was only a part of
    another value goes with them: "back" of "back order".
    """
    if not (binding.filters or {Role.ROW, Role.COLUMN} & {*binding.roles.values()}):
        # Of a table that no word names nothing is guessed.
        return
    values = [(at, text) for at in _states(binding) for text in _texts(binding, at)]
    phrases = list(_phrases(binding)) if len(values) > 1 else []
    words = [_words(binding, places) for places in phrases]
    found = list[_Meant]()
    rows = similarities(embed, words, [text for _, text in values])
    for places, said, row in zip(phrases, words, rows, strict=True):
        order = sorted(range(len(values)), key=lambda at: -row[at])
        best = row[order[0]]
        if best >= _NEAR and best - row[order[1]] >= _MARGIN:
            found.append(_Meant(places, said, *values[order[0]], float(best)))
    if found:
        _take(binding, max(found, key=lambda one: one.cosine))


def bind_shortened(binding: Binding) -> None:
    """Bind a word that is left to the one column whose name is short for it: "Ext."."""
    for place in binding.residue:
        word = binding.question.tokens[place].text.lower()
        labels = enumerate(column.label.lower() for column in binding.table.columns)
        found = [at for at, label in labels if abbreviates(label, word)]
        if len(found) == 1:
            places = range(place, place + 1)
            binding.take(places, Role.COLUMN)
            binding.mentions.append(Mention(found[0], places, meant=True))
            binding.certainty *= BY_MEANING


def _states(binding: Binding) -> list[int]:
    """Columns of few short texts, of which no whole value is named."""
    named = {own.column for places, own in binding.filters if not binding.partial & {*places}}
    columns = enumerate(binding.table.columns)
    texts = [at for at, one in columns if one.kind is Kind.TEXT and not one.is_key]
    return [at for at in texts if at not in named and _is_state(_texts(binding, at))]


def _is_state(texts: list[str]) -> bool:
    return 1 < len(texts) <= _MOST_VALUES and all(len(text) <= _LONGEST for text in texts)


def _texts(binding: Binding, column: int) -> list[str]:
    return list(dict.fromkeys(text for text in binding.table.columns[column].texts if text))


def _phrases(binding: Binding) -> Iterator[range]:
    """Each word that is left, alone and with the next one, if that is left too or says little."""
    tokens, residue = binding.question.tokens, binding.residue
    for place in residue:
        if tokens[place].text.lower() in NEGATIONS:
            # "Without meat" is near to "meat".
            continue
        yield range(place, place + 1)
        behind = place + 1
        is_free = behind < len(tokens) and (
            behind in residue or behind in binding.partial or tokens[behind].stop
        )
        if is_free:
            yield range(place, place + 2)


def _words(binding: Binding, places: range) -> str:
    return " ".join(binding.question.tokens[place].text.lower() for place in places)


def _take(binding: Binding, meant: _Meant) -> None:
    places = {*meant.places}
    binding.filters[:] = [one for one in binding.filters if not places & {*one[0]}]
    binding.partial -= places
    binding.roles |= dict.fromkeys(meant.places, Role.VALUE)
    said = f"{binding.table.columns[meant.column].label} is “{meant.value}”"
    binding.filters.append((meant.places, Filter(meant.column, "in", (meant.value,), said)))
    binding.guesses.append(f"“{meant.words}” was read as “{meant.value}”")
    binding.guessed |= places

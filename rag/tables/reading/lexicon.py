"""The words of a table, its names of columns and values, to find in questions."""

from __future__ import annotations

import re
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Sequence, Set
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from pathlib import PurePosixPath
from threading import Lock

import numpy as np

from index.tables.typed import Column, Kind, TypedTable
from index.tables.units import MONEY, Unit, names_currency, unit_of
from index.types import Vectors
from rag.tables.reading.operators import is_light
from rag.tables.reading.question import Question, plural_head, says_nothing, stem_of

Embed = Callable[[Sequence[str]], Vectors]

_REMEMBERED = 8192
# Of a column with more distinct values than this, none is looked for by its words.
_MOST_VALUES = 20_000
_LONGEST_VALUE = 8
# A longer name is no abbreviation.
_LONGEST_SHORT = 5
_VOWELS = frozenset("aeiou")
# Words of values that match more distinct values than this tell no rows apart.
_MOST_PARTIAL = 20
# Words for numbers that name rows and measure nothing.
CODES = frozenset("id no nr nummer code key sku ref".split())
_RATE = "per"
_WORD = re.compile(r"[^\W_]+")
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")


@dataclass(frozen=True, slots=True)
class ValueMatch:
    """Words of a question, by place, that are a value of a table, or a part of one.

    `values` holds for each column (by place) the texts that match.
    """

    places: range
    values: dict[int, tuple[str, ...]]
    whole: bool


@dataclass(frozen=True, slots=True)
class ColumnMatch:
    """Words of a question, by place, that name columns, by all words of the name or by one."""

    places: range
    columns: tuple[int, ...]
    whole: bool


@dataclass(frozen=True, eq=False)
class Lexicon:
    """Stems of a table: of the names of its columns, of its values, and of what its rows are.

    `cores` are the names without words that add nothing ("number of students", "order_id").
    `nouns` are stems of its titles and of its keys' names, which a question may use for a row;
    `own` are those of them that are not only of its document. `spelled` are the words of the
    names as they are written, in small letters.
    """

    names: tuple[tuple[str, ...], ...]
    cores: tuple[tuple[str, ...], ...]
    values: dict[tuple[str, ...], dict[int, tuple[str, ...]]]
    parts: dict[str, frozenset[tuple[str, ...]]]
    nouns: frozenset[str]
    own: frozenset[str]
    spelled: tuple[frozenset[str], ...] = ()

    def find_values(self, question: Question) -> list[ValueMatch]:
        """Whole values in a question, the longest first."""
        stems = [token.stem for token in question.tokens]
        found, taken = list[ValueMatch](), set[int]()
        for length in range(min(_LONGEST_VALUE, len(stems)), 0, -1):
            for start in range(len(stems) - length + 1):
                places = range(start, start + length)
                values = self.values.get(tuple(stems[start : start + length]))
                is_empty = _says_nothing(question, places) and not self._is_letter(
                    question, start, values
                )
                if values and not taken & {*places} and not is_empty:
                    found.append(ValueMatch(places, values, True))
                    taken |= {*places}
        return found

    def _is_letter(
        self, question: Question, place: int, values: dict[int, tuple[str, ...]] | None
    ) -> bool:
        """Whether a letter is a value: "between A and C", "zone a", though "a zone" has none."""
        token, before = question.tokens[place], question.tokens[place - 1] if place else None
        if values is None or before is None or len(token.text) > 1:
            return False
        after = question.tokens[place + 1 : place + 2]
        if any(before.stem in self.names[column] for column in values):
            return token.text.isupper() or all(one.stop for one in after)
        return token.text.isupper() and token.text != "I" and before.text.islower()

    def find_parts(self, question: Question, taken: Set[int]) -> list[ValueMatch]:
        """Runs of words not taken that stand in some values, skipping words that say nothing."""
        found, run, keys = list[ValueMatch](), list[int](), frozenset[tuple[str, ...]]()
        for place, token in enumerate(question.tokens):
            own = self.parts.get(token.stem, frozenset())
            empty = token.empty and not self.adjoins(question, place)
            if place in taken or empty or not own:
                if place in taken or not empty:
                    found += self._part(run, keys)
                    run, keys = [], frozenset()
                continue
            if run and keys & own:
                run, keys = [*run, place], keys & own
            else:
                found += self._part(run, keys)
                run, keys = [place], own
        return found + self._part(run, keys)

    def adjoins(self, question: Question, place: int) -> bool:
        """Whether a word and the next one stand so in a value: "two tier" in "Two-tier cake"."""
        stems = tuple(token.stem for token in question.tokens[place : place + 2])
        keys = self.parts.get(stems[0], frozenset())
        return len(stems) == 2 and any(stems in pairwise(key) for key in keys)

    def _part(self, run: Sequence[int], keys: frozenset[tuple[str, ...]]) -> list[ValueMatch]:
        if not run or not 0 < len(keys) <= _MOST_PARTIAL:
            return []
        values = defaultdict[int, list[str]](list)
        for key in sorted(keys):
            for column, texts in self.values[key].items():
                values[column] += texts
        frozen = {column: tuple(texts) for column, texts in sorted(values.items())}
        return [ValueMatch(range(run[0], run[-1] + 1), frozen, False)]

    def find_columns(self, question: Question) -> list[ColumnMatch]:
        """Names of columns in a question: whole ones, longest first, then words of their own."""
        stems = [token.stem for token in question.tokens]
        found, taken = list[ColumnMatch](), set[int]()
        for names, whole in ((self._whole(), True), (self._own(), False)):
            for name, columns in names:
                for start in range(len(stems) - len(name) + 1):
                    places = range(start, start + len(name))
                    same = tuple(stems[start : start + len(name)]) == name
                    if same and not taken & {*places} and not _is_function_word(question, places):
                        near = self._closest(places, columns, question) if whole else columns
                        found.append(ColumnMatch(places, near, whole))
                        taken |= {*places}
        return found + self._spelled_apart(question, taken)

    def _closest(
        self, places: range, columns: tuple[int, ...], question: Question
    ) -> tuple[int, ...]:
        """Of columns with the same stems those that are written so, then those of no more words:
        "orders" is "order", and "ordered" is "ordered by".
        """
        tokens = question.tokens[places.start : places.stop]
        words, stems = {one.text.lower() for one in tokens}, tuple(one.stem for one in tokens)
        columns = tuple(at for at in columns if words <= self.spelled[at]) or columns
        return tuple(at for at in columns if self.names[at] == stems) or columns

    def _spelled_apart(self, question: Question, taken: Set[int]) -> list[ColumnMatch]:
        """Names of one word that a question spells as two: "e-mail" for "email"."""
        found, tokens = list[ColumnMatch](), question.tokens
        for start in range(len(tokens) - 1):
            joined = (stem_of(tokens[start].text + tokens[start + 1].text),)
            columns = tuple(at for at, name in enumerate(self.names) if name == joined)
            # "What's" is no "Whats".
            says = not all(token.stop for token in tokens[start : start + 2])
            if columns and says and not taken & {start, start + 1}:
                found.append(ColumnMatch(range(start, start + 2), columns, True))
        return found

    def find_scattered(self, question: Question) -> list[tuple[int, int]]:
        """Columns whose names' words all stand in a question, apart: the column, a word's place."""
        stems = [token.stem for token in question.tokens]
        # "In service" is none of these: each question may have an "in" somewhere.
        wanted = [
            (column, core)
            for column, core in enumerate(self.cores)
            if len(core) > 1 and not any(map(says_nothing, core))
        ]
        return [
            (column, stems.index(word))
            for column, core in wanted
            if {*core} <= {*stems}
            for word in core
        ]

    def _whole(self) -> list[tuple[tuple[str, ...], tuple[int, ...]]]:
        grouped = defaultdict[tuple[str, ...], list[int]](list)
        for column, (name, core) in enumerate(zip(self.names, self.cores, strict=True)):
            # "Per seat" is said of what costs so much.
            rate = name[name.index(_RATE) :] if _RATE in name[1:-1] else ()
            for key in {name, core, rate, ("".join(name),)} - {()}:
                grouped[key].append(column)
        return sorted(((k, tuple(v)) for k, v in grouped.items()), key=lambda one: -len(one[0]))

    def _own(self) -> list[tuple[tuple[str, ...], tuple[int, ...]]]:
        """Single words of names of several words, and of which columns they are a word."""
        grouped = defaultdict[str, list[int]](list)
        for column, name in enumerate(self.names):
            core = self.cores[column]
            is_phrase = any(map(says_nothing, core))
            for word in name if len(core) > 1 and not is_phrase else ():
                # "Salary per month" is not named by "per".
                if word in core:
                    grouped[word].append(column)
        return [((word,), tuple(columns)) for word, columns in sorted(grouped.items())]


def _says_nothing(question: Question, places: range) -> bool:
    """Whether words are function words only, or a single small letter."""
    tokens = [question.tokens[place] for place in places]
    return all(token.stop or (len(token.text) == 1 and token.text.islower()) for token in tokens)


def _is_function_word(question: Question, places: range) -> bool:
    """Whether words only look like a column's name: "no", where no number follows ("No. 103")."""
    tokens = question.tokens
    following = tokens[places.stop].text if places.stop < len(tokens) else ""
    return all(tokens[place].stop for place in places) and not following.isdigit()


@lru_cache(512)
def lexicon_of(table: TypedTable) -> Lexicon:
    """The words of a table; made once for each."""
    values = defaultdict[tuple[str, ...], dict[int, tuple[str, ...]]](dict)
    for place, column in enumerate(table.columns):
        for text in _distinct(column, table.totals):
            # A name in one word may be asked for as one or as two.
            for key in {stems_of(text), tuple(map(stem_of, _WORD.findall(text)))}:
                # Longer ones are prose: a word of theirs names no row.
                if 0 < len(key) <= _LONGEST_VALUE:
                    values[key][place] = (*values[key].get(place, ()), text)
    parts = defaultdict[str, set[tuple[str, ...]]](set)
    for key in values:
        for word in key if len(key) > 1 else ():
            parts[word].add(key)
    names = tuple(stems_of(column.label) for column in table.columns)
    # "In service" is not named by "service" alone.
    cores = tuple(
        name if column.kind is Kind.BOOLEAN or _is_contrast(name, core, names) else core
        for name, column in zip(names, table.columns, strict=True)
        for core in [_core(column.label)]
    )
    frozen = {word: frozenset(keys) for word, keys in parts.items()}
    own = _nouns(table, [table.title] if table.title else _titles(table))
    spelled = tuple(
        frozenset(word.lower() for word in words_of_name(column.label)) for column in table.columns
    )
    nouns = _nouns(table, _titles(table))
    return Lexicon(names, cores, dict(values), frozen, nouns, own, spelled)


def _core(name: str) -> tuple[str, ...]:
    words = [word.lower() for word in words_of_name(name)]
    return tuple(
        stem_of(word)
        for word in words
        if not (says_nothing(word) or is_light(word) or word in CODES)
    )


def _is_contrast(
    name: tuple[str, ...], core: tuple[str, ...], names: Sequence[tuple[str, ...]]
) -> bool:
    """Whether a word that a core lacks is all that parts its name from another: "Seats used" beside
    "Seats bought".
    """
    left = [at for at, word in enumerate(name) if word not in core]
    return bool(core) and any(
        (*name[:at], *name[at + 1 :]) == (*other[:at], *other[at + 1 :])
        for other in names
        for at in left
        if other != name and len(other) == len(name)
    )


def _distinct(column: Column, totals: Set[int]) -> list[str]:
    if column.kind is not Kind.TEXT:
        return []
    values = enumerate(column.values)
    found = dict.fromkeys(str(value) for at, value in values if value and at not in totals)
    return list(found) if len(found) <= _MOST_VALUES else []


def stems_of(text: str) -> tuple[str, ...]:
    """Stems of a text's words; names in one word are cut at capitals and underscores."""
    return tuple(map(stem_of, words_of_name(text)))


def words_of_name(text: str) -> list[str]:
    """Words of a text, also of a name like "order_id" or "orderId"."""
    return _WORD.findall(_CAMEL.sub(" ", text))


def _titles(table: TypedTable) -> list[str]:
    return [table.title, table.document_title, PurePosixPath(table.document).stem]


def _nouns(table: TypedTable, titles: Sequence[str]) -> frozenset[str]:
    texts = [column for column in table.columns[1:] if column.is_key and column.kind is Kind.TEXT]
    keys = [column.label for column in (*table.columns[:1], *texts)]
    words = (word for text in [*titles, *keys] for word in words_of_name(text))
    return frozenset(stem_of(word) for word in words if not says_nothing(word))


def is_derived(question: Question, match: ValueMatch) -> bool:
    """Whether the plural that is counted has no more than the stem of a value: "how many clinics"
    and "clinical".
    """
    if [*match.places] != [plural_head(question)]:
        return False
    word = question.tokens[match.places.start].text.lower()
    forms = {word, word[:-1], word[:-2], f"{word[:-3]}y"}
    texts = [text.lower() for own in match.values.values() for text in own]
    return not any(forms & {*words_of_name(text)} for text in texts)


def is_participle(question: Question, places: range, texts: Sequence[str]) -> bool:
    """Whether one word says what was done, where texts only have its stem: "planned for 2025" and
    "Planning and building".
    """
    word = question.tokens[places.start].text.lower()
    is_said = any(word in text.lower() for text in texts)
    return len(places) == 1 and word.endswith("ed") and not is_said


def abbreviates(short: str, word: str) -> bool:
    """Whether a name of one word in small letters stands for a longer word: "qty" for "quantity",
    "ext." for "extension". Its letters stand in the word in order, and it has its first letter and
    its last, or is its beginning; without a point it is one only if vowels are left out.
    """
    letters = short.removesuffix(".")
    if not 1 < len(letters) <= _LONGEST_SHORT or len(word) < len(letters) + 2:
        return False
    rest = iter(word)
    in_order = letters[0] == word[0] and all(letter in rest for letter in letters)
    ends = word.startswith(letters) or letters[-1] == word[-1]
    return in_order and ends and (short != letters or not _VOWELS & {*letters[1:]})


class CachedEmbed:
    """An `embed` that remembers the vectors of short texts, so that names are embedded once."""

    def __init__(self, embed: Embed) -> None:
        self._embed = embed
        self._known = OrderedDict[str, Vectors]()
        self._lock = Lock()

    def __call__(self, texts: Sequence[str]) -> Vectors:
        """Unit vectors of texts, shape (n, dimension); n is at least 1."""
        with self._lock:
            known = {text: self._known[text] for text in texts if text in self._known}
        missing = [text for text in dict.fromkeys(texts) if text not in known]
        if missing:
            known |= dict(zip(missing, self._embed(missing), strict=True))
        with self._lock:
            for text in missing:
                self._known[text] = known[text]
            while len(self._known) > _REMEMBERED:
                self._known.popitem(last=False)
        return np.stack([known[text] for text in texts])


def similarities(embed: Embed, words: Sequence[str], names: Sequence[str]) -> Vectors:
    """Cosines of words with names, shape (words, names)."""
    if not words or not names:
        return np.zeros((len(words), len(names)), dtype=np.float32)
    vectors = embed([*words, *names])
    return np.asarray(vectors[: len(words)] @ vectors[len(words) :].T)


def is_unit(table: TypedTable, text: str) -> bool:
    """Whether words are the unit of a column, such as "euros" or "square metres"."""
    unit = unit_of(text)
    units = [column.unit for column in table.columns if column.unit]
    low = text.lower()
    if low in {one.dimension for one in units}:
        return True
    by_name = any(len(one.name) > 3 and low.startswith(one.name.lower()) for one in units)
    if unit == Unit(MONEY, ""):
        units = [one for one in units if names_currency(text, one)]
    return by_name or bool(unit and len(text) > 1 and any(unit.fits(one) for one in units))

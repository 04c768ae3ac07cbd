"""Words of a question bound to a table: which are its values, its columns, amounts, or nothing."""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import dataclass, field, replace
from enum import StrEnum

from index.tables.typed import Kind, TypedTable, Value
from index.tables.units import DURATION, MONEY
from rag.tables.reading.lexicon import (
    ColumnMatch,
    Embed,
    Lexicon,
    ValueMatch,
    is_derived,
    is_participle,
    is_unit,
    lexicon_of,
    similarities,
    words_of_name,
)
from rag.tables.reading.question import OF_ROWS, Question, plural_head

# A part of a value that stands for one value, for several; a column by a word of its name.
_PART_OF_ONE = 0.9
PART_OF_SEVERAL = 0.75
# The last word of a name mostly says what it is ("price"), the others of what ("unit").
_HEAD_WORD = 0.85
_OWN_WORD = 0.65
WEAK = 0.4
BY_MEANING = 0.85
# Cosine of MiniLM between a word and a column's name from which it means that column, and by how
# much the next column must be farther. "cost" and "unit price" have 0.62, "address" and "e-mail"
# 0.50.
_NEAR = 0.57
_MARGIN = 0.06
# From which cosine a verb may join rows to a value of a column: "taught" and "language" have 0.40,
# "postponed" and "day" 0.30.
_RELATED = 0.38
_CENTS = 2
# A longer title, in words, tells more than what rows are.
_SHORT_TITLE = 4
# From which cosine a word means a title: "income" and "revenue" have 0.66, and "expenditure" 0.58.
_TITLED = 0.62
# Names of dimensions, and from which cosine on a word means one.
DIMENSIONS = {
    **{"price": MONEY, "money": MONEY, "weight": "mass"},
    **{"duration": DURATION, "temperature": "temperature"},
}
_NEAR_DIMENSION = 0.65
_DIRECTIONS = ("from", "to")
_DIRECTION_MARGIN = 0.1


class Role(StrEnum):
    """What a word of a question stands for."""

    VALUE = "value"
    COLUMN = "column"
    ROW = "row"
    QUANTITY = "quantity"
    OPERATION = "operation"
    UNIT = "unit"


@dataclass(frozen=True, slots=True)
class Filter:
    """A condition on a column (by place): "=", "!=", ">", ">=", "<", "<=", "between", "in",
    "like" (a pattern of SQL), "empty" or "filled".

    `text` says it in words of the table: 'customer is "Cale Marine"'.
    """

    column: int
    operator: str
    values: tuple[Value, ...]
    text: str


@dataclass(slots=True)
class Mention:
    """A column that a question names at these places; `qualifies` if it only says of what column
    a value or an amount is, is `weak` if the words could also be of what rows are, and `meant` if
    they are none of its name.
    """

    column: int
    places: range
    qualifies: bool = False
    weak: bool = False
    meant: bool = False


@dataclass
class Binding:
    """The state of binding one question to one table. Words at `counted` say what is counted, the
    `dimension` is that of a word for several columns, `spends` asks for all money that was spent.
    """

    question: Question
    table: TypedTable
    lexicon: Lexicon
    roles: dict[int, Role] = field(default_factory=dict)
    mentions: list[Mention] = field(default_factory=list)
    ambiguous: list[tuple[range, tuple[int, ...]]] = field(default_factory=list)
    filters: list[tuple[range, Filter]] = field(default_factory=list)
    year_of_title: bool = False
    certainty: float = 1.0
    guesses: list[str] = field(default_factory=list)
    parts: list[tuple[int, int]] = field(default_factory=list)
    guessed: set[int] = field(default_factory=set)
    partial: set[int] = field(default_factory=set)
    counted: set[int] = field(default_factory=set)
    dimension: str = ""
    spends: bool = False

    def guess(self, word: str, column: int) -> None:
        """Note that a word was read as a column that it does not name."""
        self.guesses.append(f"“{word}” was read as “{self.table.columns[column].name or 'row'}”")

    def take(self, places: range, role: Role) -> None:
        """Give words a role; a word keeps the first that it gets."""
        for place in places:
            self.roles.setdefault(place, role)

    @property
    def residue(self) -> list[int]:
        """Places of words that say something and have no role."""
        tokens = enumerate(self.question.tokens)
        return [at for at, token in tokens if not token.empty and at not in self.roles]

    def columns_named(self, kinds: Sequence[Kind] = (), free: bool = True) -> list[int]:
        """Columns of these kinds (all if none) that are named, and not only as a qualifier."""
        return [
            mention.column
            for mention in self.mentions
            if not (free and mention.qualifies)
            and not mention.weak
            and (not kinds or self.table.columns[mention.column].kind in kinds)
        ]

    def near(self, places: range, columns: Sequence[int], reach: int = 2) -> Mention | None:
        """The mention of one of these columns that stands next to words, before them first."""
        own = [mention for mention in self.mentions if mention.column in columns]
        before = [one for one in own if 0 <= places.start - one.places.stop <= reach - 1]
        after = [one for one in own if 0 <= one.places.start - places.stop <= reach - 1]
        found = [*before, *after]
        return found[0] if found else None


def bind_words(question: Question, table: TypedTable, embed: Embed) -> Binding:
    """Bind whole values, names of columns, nouns of rows, and parts of values, in this order."""
    lexicon = lexicon_of(table)
    binding = Binding(question, table, lexicon)
    whole = [one for one in lexicon.find_values(question) if not is_derived(question, one)]
    _bind_names(binding, {place for match in whole for place in match.places})
    for value in whole:
        if not {*binding.roles} & {*value.places}:
            binding.take(value.places, Role.VALUE)
    _take_operations(binding)
    _take_nouns(binding)
    parts = lexicon.find_parts(question, {*binding.roles})
    parts = _without_counted(binding, parts)
    parts = _without_held(binding, whole, parts)
    parts = [
        one
        for one in parts
        if not is_participle(question, one.places, [t for own in one.values.values() for t in own])
    ]
    whole = [one for one in whole if binding.roles.get(one.places.start) is Role.VALUE]
    for value in sorted([*whole, *parts], key=lambda one: one.places.start):
        binding.take(value.places, Role.VALUE)
        binding.partial |= set() if value.whole else {*value.places}
        _filter_value(binding, value, embed)
    return binding


def _bind_names(binding: Binding, values: Set[int]) -> None:
    """Bind names of columns, except words of values that are but a word of a name."""
    named = binding.lexicon.find_columns(binding.question)
    for column, place in binding.lexicon.find_scattered(binding.question):
        if not any(place in match.places for match in named if match.whole):
            named.insert(0, ColumnMatch(range(place, place + 1), (column,), True))
    for match in named:
        free = not binding.roles.keys() & {*match.places}
        if not match.whole and _is_in_value(binding, match.places.start):
            continue
        labels = [binding.table.columns[column].label for column in match.columns]
        if not match.whole and is_participle(binding.question, match.places, labels):
            continue
        # A value of several words wins over a column that is one of them.
        if free and ((match.whole and len(match.places) > 1) or not values & {*match.places}):
            _name(binding, match.places, match.columns, match.whole)


def _is_in_value(binding: Binding, place: int) -> bool:
    """Whether a word stands beside another as in a value: "one day" of "One-day course"."""
    beside = [place, place - 1] if place else [place]
    return any(binding.lexicon.adjoins(binding.question, at) for at in beside)


def _name(binding: Binding, places: range, columns: tuple[int, ...], whole: bool) -> None:
    """Note that words name columns; a word of several columns' names names none of them yet."""
    words = [token.text.lower() for token in binding.question.tokens]
    stems = [token.stem for token in binding.question.tokens]
    if (
        not whole
        and stems[places.start] in binding.lexicon.nouns
        and not _is_titled(binding, places, columns)
    ):
        return
    binding.take(places, Role.COLUMN)
    if len(columns) > 1:
        binding.ambiguous.append((places, columns))
        return
    if _is_done(binding, places, columns[0]):
        binding.roles |= dict.fromkeys(places, Role.ROW)
        return
    before = words[places.start - 1] if places.start else ""
    # "Which shares" asks for rows, "what share" for what they have. "Which order is the largest"
    # may ask for either.
    is_open = before == "which" and any(one.superlative for one in binding.question.degrees)
    weak = not whole and before in OF_ROWS and (words[places.start].endswith("s") or is_open)
    binding.mentions.append(Mention(columns[0], places, weak=weak))
    if weak:
        binding.certainty *= WEAK
        return
    if not whole:
        binding.parts.append((places.start, columns[0]))
    head = binding.lexicon.names[columns[0]][-1] == stems[places.start]
    binding.certainty *= 1.0 if whole else _HEAD_WORD if head else _OWN_WORD


def _is_titled(binding: Binding, places: range, columns: tuple[int, ...]) -> bool:
    """Whether a table is called by what its one column tells: the price in "Prices 2025"."""
    word, own = binding.question.tokens[places.start], binding.table.columns
    names = binding.lexicon.names
    labels = [at for at, one in enumerate(own) if one.is_key and one.kind is Kind.TEXT]
    keys = {stem for at in labels for stem in names[at]}
    is_head = names[columns[0]][-1] == word.stem and own[columns[0]].kind is Kind.NUMBER
    return len(columns) == 1 and is_head and word.stem not in keys and not word.text.endswith("s")


def _is_done(binding: Binding, places: range, column: int) -> bool:
    """Whether a word says what was done with what rows are named by: "ordered" of "Order no."."""
    own = binding.table.columns[column]
    return own.is_key and is_participle(binding.question, places, [own.label])


def _without_counted(binding: Binding, parts: list[ValueMatch]) -> list[ValueMatch]:
    """Parts of values but for a plural that says what rows are: "how many laboratory tests", where
    one of the laboratory's rows is "Allergy test". It cannot be of the one row that it names.
    """
    head = plural_head(binding.question)
    for part in parts:
        keys = [column for column in part.values if binding.table.columns[column].is_key]
        texts = {text for own in part.values.values() for text in own}
        if [*part.places] == [head] and keys and len(texts) == 1:
            binding.take(part.places, Role.ROW)
            binding.certainty *= _PART_OF_ONE if Role.VALUE in binding.roles.values() else WEAK
            return [one for one in parts if one is not part]
    return parts


def _without_held(
    binding: Binding, whole: list[ValueMatch], parts: list[ValueMatch]
) -> list[ValueMatch]:
    """Parts of values but for those of a value that stands whole elsewhere in the question: "how
    many bikes has Taff Trail Bikes ordered". They say what is counted.
    """
    own = {(at, text) for one in whole for at, texts in one.values.items() for text in texts}
    kept = list[ValueMatch]()
    for part in parts:
        values = {(at, text) for at, texts in part.values.items() for text in texts}
        if own & values:
            count_only(binding, part.places)
        else:
            kept.append(part)
    return kept


def count_only(binding: Binding, places: range) -> None:
    """Let words say what is counted, and choose no rows."""
    binding.roles |= dict.fromkeys(places, Role.ROW)
    binding.counted |= {*places}


def rows_asked(binding: Binding) -> bool:
    """Whether the plural that is asked for is what the table's rows are."""
    head = plural_head(binding.question)
    is_row = head is not None and binding.roles.get(head) is Role.ROW
    return is_row and binding.question.tokens[head or 0].stem in binding.lexicon.own


def _take_operations(binding: Binding) -> None:
    question = binding.question
    for _, start, end in question.aggregates:
        binding.take(question.within(start, end), Role.OPERATION)
    for degree in question.degrees:
        binding.take(question.within(degree.start, degree.end), Role.OPERATION)
    for quantity in question.quantities:
        places = question.within(quantity.start, quantity.end)
        # "Two tier" is a part of a name, where a row is one.
        is_name = len(places) == 1 and binding.lexicon.adjoins(question, places.start)
        if not (is_name or quantity.soft):
            binding.take(places, Role.QUANTITY)


def _take_nouns(binding: Binding) -> None:
    """Give their roles to words for rows, and to units of columns."""
    tokens = binding.question.tokens
    for place, token in enumerate(tokens):
        following = tokens[place + 1].text if place + 1 < len(tokens) else ""
        if token.stem in binding.lexicon.nouns and not _is_of_some(binding, token.stem):
            binding.take(range(place, place + 1), Role.ROW)
        elif is_unit(binding.table, token.text):
            binding.take(range(place, place + 1), Role.UNIT)
        elif following and is_unit(binding.table, f"{token.text} {following}"):
            binding.take(range(place, place + 2), Role.UNIT)


def _is_of_some(binding: Binding, stem: str) -> bool:
    """Whether a word of a long title is a part of some rows' names: kayaks in "Delivery of kayaks
    and change of prices".
    """
    columns = {
        at for key in binding.lexicon.parts.get(stem, ()) for at in binding.lexicon.values[key]
    }
    keys = [at for at in columns if binding.table.columns[at].is_key]
    named = any(stem in binding.lexicon.names[at] for at in keys)
    return len(binding.table.title.split()) > _SHORT_TITLE and bool(keys) and not named


def _filter_value(binding: Binding, match: ValueMatch, embed: Embed) -> None:
    column = _column_of(binding, match, embed)
    if column is None:
        binding.certainty *= 0.3
        return
    texts = match.values[column]
    if not match.whole:
        binding.certainty *= _PART_OF_ONE if len(texts) == 1 else PART_OF_SEVERAL
    label = binding.table.columns[column].label or "row"
    words = " ".join(binding.question.tokens[place].text for place in match.places)
    said = f"{label} is “{texts[0]}”" if len(texts) == 1 else f"{label} has “{words}”"
    found = Filter(column, "in", texts, said)
    if found.values not in [own.values for _, own in binding.filters if own.column == column]:
        binding.filters.append((match.places, found))
    if qualifier := binding.near(match.places, [column]):
        qualifier.qualifies = True


def _column_of(binding: Binding, match: ValueMatch, embed: Embed) -> int | None:
    """The column that a value is meant to stand in, None if several are as likely."""
    columns = tuple(match.values)
    if len(columns) == 1:
        return columns[0]
    if mention := binding.near(match.places, columns):
        return mention.column
    named = [one.column for one in binding.mentions if one.column in columns]
    if len(named) == 1:
        next(one for one in binding.mentions if one.column == named[0]).qualifies = True
        return named[0]
    return _by_direction(binding, match, columns, embed)


def _by_direction(
    binding: Binding, match: ValueMatch, columns: tuple[int, ...], embed: Embed
) -> int | None:
    """The column nearer to "from" than to "to", or the other way, where the question says so."""
    before = binding.question.tokens[match.places.start - 1].text.lower()
    if not match.places.start or before not in _DIRECTIONS:
        return None
    labels = [binding.table.columns[column].label for column in columns]
    away, towards = similarities(embed, _DIRECTIONS, labels)
    lead = (away - towards) * (1 if before == "from" else -1)
    order = sorted(range(len(columns)), key=lambda place: -lead[place])
    clear = lead[order[0]] - lead[order[1]] >= _DIRECTION_MARGIN
    return columns[order[0]] if clear else None


def bind_by_meaning(binding: Binding, kinds: Sequence[Kind], embed: Embed) -> None:
    """Bind words that are left to columns, of these kinds if any, whose names mean the same."""
    columns = enumerate(binding.table.columns)
    bind_nearest(binding, [at for at, one in columns if not kinds or one.kind in kinds], embed)
    if not kinds or Kind.NUMBER in kinds:
        _bind_by_dimension(binding, embed)


def bind_nearest(binding: Binding, columns: Sequence[int], embed: Embed) -> None:
    """Bind words that are left to those of some columns whose names mean the same."""
    residue = binding.residue
    words = [binding.question.tokens[place].text.lower() for place in residue]
    names = [binding.table.columns[place].readable for place in columns]
    for place, row in zip(residue, similarities(embed, words, names), strict=True):
        stem = binding.question.tokens[place].stem
        if any(stem in name for name in binding.lexicon.names):
            continue
        order = sorted(range(len(columns)), key=lambda one: -row[one])
        second = row[order[1]] if len(order) > 1 else -1.0
        if order and row[order[0]] >= _NEAR and row[order[0]] - second >= _MARGIN:
            places = range(place, place + 1)
            binding.take(places, Role.COLUMN)
            binding.mentions.append(Mention(columns[order[0]], places, meant=True))
            binding.certainty *= BY_MEANING


def _bind_by_dimension(binding: Binding, embed: Embed) -> None:
    """Bind words that mean a dimension to the one column that has it: "cost" to "Preis (€)"."""
    units = [(place, column.unit) for place, column in enumerate(binding.table.columns)]
    residue = binding.residue
    words = [binding.question.tokens[place].text.lower() for place in residue]
    for place, row in zip(residue, similarities(embed, words, [*DIMENSIONS]), strict=True):
        name, cosine = max(zip(DIMENSIONS, row, strict=True), key=lambda one: one[1])
        found = [at for at, unit in units if unit and unit.dimension == DIMENSIONS[name]]
        found = found or _priced(binding, name)
        places = range(place, place + 1)
        if cosine >= _NEAR_DIMENSION and len(found) > 1:
            # It is of that kind, and does not tell which of them.
            binding.take(places, Role.UNIT)
            binding.dimension = DIMENSIONS[name]
        elif cosine >= _NEAR_DIMENSION and found:
            binding.take(places, Role.COLUMN)
            binding.mentions.append(Mention(found[0], places, meant=True))
            binding.certainty *= BY_MEANING


def bind_titles(binding: Binding, embed: Embed) -> None:
    """Read a word that is left as what rows are, if it means the same as the table's title of one
    word: "income" of "Revenue".
    """
    titles = words_of_name(binding.table.title)
    residue = binding.residue if len(titles) == 1 else []
    words = [binding.question.tokens[place].text.lower() for place in residue]
    rows = similarities(embed, words, [title.lower() for title in titles])
    for place, row in zip(residue, rows, strict=True):
        if row[0] >= _TITLED:
            binding.take(range(place, place + 1), Role.ROW)
            binding.certainty *= BY_MEANING


def _priced(binding: Binding, dimension: str) -> list[int]:
    """The columns whose numbers are written with cents, in a table that names no currency."""
    columns = enumerate(binding.table.columns)
    found = [at for at, one in columns if one.kind is Kind.NUMBER and one.decimals == _CENTS]
    return found if DIMENSIONS[dimension] == MONEY else []


def bind_relations(binding: Binding, embed: Embed) -> None:
    """Let a word say nothing that only joins rows to a value, if it is near to the name of that
    value's column: "taught in German" where Language is German.
    """
    tokens = binding.question.tokens
    for place in binding.residue:
        between = place > 0 and tokens[place - 1].stop and tokens[place + 1 : place + 2]
        own = [one for places, one in binding.filters if places.start == place + 2]
        if not between or not between[0].stop or not own or own[0].operator != "in":
            continue
        names = [column.readable for column in binding.table.columns]
        row = similarities(embed, [tokens[place].text.lower()], names)[0]
        if row[own[0].column] >= _RELATED:
            binding.take(range(place, place + 1), Role.OPERATION)
            binding.certainty *= BY_MEANING


def selects_one(binding: Binding, own: Filter) -> bool:
    """Whether a condition is the name of one row."""
    column = binding.table.columns[own.column]
    return column.is_key and own.operator == "in" and len(own.values) == 1


def _excludes(one: Filter, other: Filter) -> bool:
    """Whether no date can be like both: in January and in February."""
    if one.column != other.column or not one.operator == other.operator == "like":
        return False
    first, second = (str(own.values[0]).partition("%")[0] for own in (one, other))
    return any(a != b and "_" not in {a, b} for a, b in zip(first, second, strict=False))


def filters_of(binding: Binding) -> tuple[Filter, ...]:
    """All conditions; several values of one column are alternatives, as are two months."""
    found = dict[object, Filter]()
    for place, (_, own) in enumerate(sorted(binding.filters, key=lambda one: one[0].start)):
        key: object = own.column if own.operator == "in" else (own.column, place)
        key = next((one for one, before in found.items() if _excludes(before, own)), key)
        before = found.get(key)
        if before:
            text = f"{before.text} or {own.text.removeprefix(before.text.split(' is ')[0]).strip()}"
            own = replace(own, values=(*before.values, *own.values), text=text)
        found[key] = own
    return tuple(found.values())

"""Readings of words that are likely and not certain: each is told with the answer.

A table may be in another language than the question, or call what is asked otherwise. What its
cells are (an amount of energy, the only text that repeats) and how its names are written ("Wasser"
for "water") may still tell which column is meant.
"""

from __future__ import annotations

from collections.abc import Sequence

from rapidfuzz.distance import Levenshtein

from index.tables.turned import turned
from index.tables.typed import Column, Kind
from rag.tables.binding import Binding, Filter, Mention, Role, selects_one
from rag.tables.columns import is_id, is_year, money_columns
from rag.tables.reading.lexicon import Embed, similarities, stems_of
from rag.tables.reading.operators import Aggregate
from rag.tables.types import Plan

# A plan with a word that is read by a guess is never certain, and is shown with a hint.
GUESSED = 0.45
# Cosine of MiniLM from which a word is of a unit's dimension: "electricity" and "energy" have 0.64.
_NEAR = 0.57
# Likeness of spellings, 0..1, from which two words may be one: "water" and "Wasser" have 0.67,
# "hour" and "Harbour" 0.57.
_COGNATE = 0.65
_MARGIN = 0.06
_SHORTEST = 4
# What a number of things times the price of one is called, and stands in its column's name.
_WORTH = ("revenue", "value")
TIMES = "×"
# What is paid, and from which cosine on a word says so.
PAYMENT = ("payment", "spending")
_PAYS = 0.7
DO, _THE = frozenset("do does did".split()), frozenset("the our your this".split())


def guess_columns(binding: Binding, kinds: Sequence[Kind], embed: Embed) -> None:
    """Bind words that are left to columns of these kinds, if any, that they probably mean."""
    _by_dimension(binding, embed)
    # A table that was named in the question's own language has no names in another one.
    if all(one.meant for one in binding.mentions):
        _by_spelling(binding, kinds)
    _nouns_by_spelling(binding)


def _by_dimension(binding: Binding, embed: Embed) -> None:
    """Bind a word to the one column whose unit is of the dimension that it means."""
    columns = enumerate(binding.table.columns)
    units = {at: one.unit.dimension for at, one in columns if one.unit and not one.is_money}
    single = [at for at, name in units.items() if [*units.values()].count(name) == 1]
    tokens = binding.question.tokens
    # What follows "which" is what rows are.
    residue = [at for at in binding.residue if not at or tokens[at - 1].text.lower() != "which"]
    words = [tokens[place].text.lower() for place in residue]
    cosines = similarities(embed, words, [units[at] for at in single])
    for place, row in zip(residue, cosines, strict=True):
        if len(row) and row.max() >= _NEAR:
            _guess(binding, place, single[int(row.argmax())])


def _by_spelling(binding: Binding, kinds: Sequence[Kind]) -> None:
    """Bind a word to the one column whose name is spelt nearly so."""
    for place in binding.residue:
        stem = binding.question.tokens[place].stem
        scores = [
            # The same stem was left out for a reason.
            max((_likeness(stem, word) for word in name if word != stem), default=0.0)
            if not kinds or binding.table.columns[at].kind in kinds
            else 0.0
            for at, name in enumerate(binding.lexicon.names)
        ]
        order = sorted(range(len(scores)), key=lambda at: -scores[at])
        second = scores[order[1]] if len(order) > 1 else 0.0
        if scores[order[0]] >= max(_COGNATE, second + _MARGIN):
            _guess(binding, place, order[0])


def _nouns_by_spelling(binding: Binding) -> None:
    """Read a word as what rows are, or the table is called, if that is spelt nearly so."""
    for place in binding.residue:
        token = binding.question.tokens[place]
        nouns = [one for one in sorted(binding.lexicon.nouns) if _is_cognate(token.stem, one)]
        if nouns:
            binding.take(range(place, place + 1), Role.ROW)
            binding.guesses.append(f"“{token.text}” was read as “{nouns[0]}”")


def _is_cognate(stem: str, noun: str) -> bool:
    return _likeness(stem, noun) >= _COGNATE


def _likeness(one: str, other: str) -> float:
    """How alike two stems are spelt that may be the same word in two languages, 0..1."""
    one, other = (word.replace("c", "k") for word in (one, other))
    is_short = min(len(one), len(other)) < _SHORTEST
    if is_short or one[0] != other[0]:
        return 0.0
    return Levenshtein.normalized_similarity(one, other)


def _guess(binding: Binding, place: int, column: int) -> None:
    places = range(place, place + 1)
    binding.take(places, Role.COLUMN)
    binding.mentions.append(Mention(column, places, meant=True))
    binding.guess(binding.question.tokens[place].text, column)
    binding.guessed.add(place)


def guess_worth(binding: Binding, asks: str, embed: Embed) -> None:
    """Read "revenue", "value" or "how much" as what rows are worth, in two tables that tell it."""
    columns = enumerate(binding.table.columns)
    worth = [at for at, one in columns if one.is_money and TIMES in one.label]
    if not worth or binding.columns_named([Kind.NUMBER]):
        return
    tokens = binding.question.tokens
    free = [at for at, one in enumerate(tokens) if at not in binding.roles and not one.stop]
    cosines = similarities(embed, [tokens[at].text.lower() for at in free], _WORTH)
    near = [at for at, row in zip(free, cosines, strict=True) if row.max() >= _NEAR]
    if near:
        _guess(binding, near[0], worth[0])
    elif asks == "much":
        binding.mentions.append(Mention(worth[0], range(0), meant=True))
        binding.guess("how much", worth[0])


def guess_date(binding: Binding) -> None:
    """Read a participle at a date as what happened on the only dates of the table: "joined in 2025"
    where these are of a start.
    """
    columns = binding.table.columns
    dates = [at for at, one in enumerate(columns) if one.kind is Kind.DATE]
    for places, own in binding.filters if len(dates) == 1 else ():
        before = [at for at in binding.residue if 0 < places.start - at <= 2]
        word = binding.question.tokens[before[-1]].text if before else ""
        if own.column == dates[0] and word.endswith("ed"):
            _guess(binding, before[-1], own.column)
            binding.mentions[-1].qualifies = True


def guess_moment(binding: Binding, asks: str) -> None:
    """Read the one word left of "when does the licence run out" as what the only date of a table
    tells of the row that is named.
    """
    columns, residue = enumerate(binding.table.columns), binding.residue
    dates = [at for at, one in columns if one.kind is Kind.DATE]
    is_of_one = any(selects_one(binding, own) for _, own in binding.filters)
    if asks != "when" or not is_of_one or not len(dates) == len(residue) == 1:
        return
    # A verb stands last; what starts or ends is something else than the row.
    if all(token.stop for token in binding.question.tokens[residue[0] + 1 :]):
        _guess(binding, residue[0], dates[0])


def guess_rows(binding: Binding, label: int) -> None:
    """Read what follows "which" as what rows are, in a table that is named by what it holds alone:
    "which building" where a column of texts is called "Gebäude".
    """
    words = [token.text.lower() for token in binding.question.tokens]
    place = words.index("which") + 1 if "which" in words else 0
    by_words = any(not one.meant for one in binding.mentions) or Role.ROW in binding.roles.values()
    is_bound = bool(binding.mentions and binding.filters)
    if place in binding.residue and is_bound and not by_words:
        binding.take(range(place, place + 1), Role.ROW)
        binding.guess(binding.question.tokens[place].text, label)


def guess_payer(binding: Binding, embed: Embed) -> bool:
    """Read "what do customers pay" as how much, by any price if none is called so."""
    tokens = binding.question.tokens
    money = money_columns(binding.table)
    residue = binding.residue if money else []
    words = [tokens[place].text.lower() for place in residue]
    rows = similarities(embed, words, PAYMENT)
    pays = [at for at, row in zip(residue, rows, strict=True) if row.max() >= _PAYS]
    spent = [at for at, row in zip(residue, rows, strict=True) if at in pays and row.argmax()]
    starts = [at for at, token in enumerate(tokens) if token.text.lower() in DO]
    if not pays or not starts or starts[0] > pays[0]:
        return False
    binding.take(range(pays[0], pays[0] + 1), Role.UNIT)
    binding.spends = pays[0] in spent
    payer = [at for at in residue if starts[0] < at < pays[0]]
    if payer and len(money) > 1 and not binding.columns_named([Kind.NUMBER]):
        _take_payer(binding, range(payer[0], payer[-1] + 1), money)
    return True


def _take_payer(binding: Binding, places: range, money: Sequence[int]) -> None:
    """Note that words say who pays, and not which of several prices is for them."""
    binding.take(places, Role.ROW)
    said = " ".join(binding.question.tokens[place].text for place in places)
    names = " and ".join(f"“{binding.table.columns[at].name}”" for at in money)
    binding.guesses.append(f"which of {names} is for “{said}”")


def guess_holder(binding: Binding) -> None:
    """Read who has what is counted as whom the whole table is of: "does the club own"."""
    tokens = binding.question.tokens
    words = [token.text.lower() for token in tokens]
    is_count = any(own is Aggregate.COUNT for own, _, _ in binding.question.aggregates)
    for place in binding.residue if is_count else ():
        before = words[max(0, place - 2) : place]
        is_subject = len(before) == 2 and before[0] in DO and before[1] in _THE
        if is_subject and all(token.empty for token in tokens[place + 1 : place + 2]):
            binding.take(range(place, place + 1), Role.ROW)
            binding.guesses.append(f"“{tokens[place].text}” was read as who has all rows")


def only_group(binding: Binding) -> int | None:
    """The only column of texts that repeat, which rows can be grouped by."""
    columns = enumerate(binding.table.columns)
    found = [at for at, one in columns if one.kind is Kind.TEXT and not one.is_key]
    return found[0] if len(found) == 1 else None


def only_measure(binding: Binding) -> int | None:
    """The only column of numbers that measure something, which large and small may be said of."""
    columns = enumerate(binding.table.columns)
    found = [at for at, one in columns if _measures(binding, at, one)]
    return found[0] if len(found) == 1 else None


def _measures(binding: Binding, at: int, column: Column) -> bool:
    return column.kind is Kind.NUMBER and not (is_id(binding.table, at) or is_year(column))


def certainty_of_carried(binding: Binding, draft: Plan) -> float:
    """How sure a figure of joined tables can be: one that another table tells of a single thing,
    its price or weight, may not be that of the row, and makes no sum of rows.
    """
    if not draft.table.parts:
        return 1.0
    table, (other, _) = draft.table.parts[0][0], draft.table.parts[1]
    columns = [draft.table.columns[one] for one in (*draft.targets, draft.order) if one is not None]
    carried = [own for own in draft.filters if own.column >= len(table.columns)]
    if not all(_is_whole(binding, own) for own in carried):
        # A word that another table's row has among others says nothing of the rows of this one.
        return 0.0
    labels = {column.label for column in other.columns if column.kind is Kind.NUMBER}
    labels -= {column.label for column in table.columns}
    found = [column for column in columns if column.label in labels]
    if found and draft.aggregate is not Aggregate.LOOKUP:
        return 0.0
    name = other.title or other.document_title or other.document
    binding.guesses += [f"“{column.name}” is that of one row of “{name}”" for column in found]
    return GUESSED if found else 1.0


def _is_whole(binding: Binding, own: Filter) -> bool:
    """Whether a question has the values that rows are chosen by, word for word."""
    stems = f" {' '.join(token.stem for token in binding.question.tokens)} "
    texts = [value for value in own.values if isinstance(value, str)]
    return own.operator != "in" or all(f" {' '.join(stems_of(one))} " in stems for one in texts)


def mixes_measures(draft: Plan) -> bool:
    """Whether a figure would go over rows that are of different measures: "Staff", "Profit (EUR)"
    and "Floor area (m²)" of a store.
    """
    other = turned(draft.table)
    lookup = draft.aggregate in {Aggregate.LOOKUP, Aggregate.LIST} or draft.pair is not None
    if lookup or other is None or draft.table.source:
        return False
    units = {column.unit for column in other.columns[1:]}
    return len(units) > 1 and len(draft.filters) == 0

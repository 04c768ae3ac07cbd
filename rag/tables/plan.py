"""What to compute for a question over tables, or that nothing is to be computed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from index.tables.turned import turned
from index.tables.typed import Kind, TypedTable
from index.types import Vectors
from rag.intents.clauses import clauses_of
from rag.tables.assemble import assemble
from rag.tables.binding import DIMENSIONS, Binding, Role, bind_words, rows_asked
from rag.tables.columns import AGENTS, HELD, ORIGINS, QUANTITY, is_id, label_column
from rag.tables.conditions.ranks import PLACES, WINS
from rag.tables.execute import execute
from rag.tables.groups import PERSONS
from rag.tables.guesses import PAYMENT
from rag.tables.joined import joined_tables
from rag.tables.reading.lexicon import CachedEmbed, Embed, lexicon_of, stems_of
from rag.tables.reading.operators import Aggregate, aggregates, asks_of, wants_prose
from rag.tables.reading.question import Question, read_question
from rag.tables.types import Plan, TableResult
from rag.tables.wording import Wording, word

# Below this the question names no column or value with certainty.
MINIMUM = 0.5
# A plan that leaves one word of a question open is shown where nothing is certain, with a hint.
POSSIBLE = 0.4
# Of 62 figures computed over ten folders so many were right.
_RIGHT = 0.97
# Tables with fewest words in common with the question are not looked at more closely.
_MOST_TABLES = 8
_OF_DOCUMENT = 0.2
_OF_PART = 0.6
_ASKED = 0.5
# Plans as sure as this of two tables: nothing tells which of them is meant.
_TIE = 0.03


@dataclass(frozen=True, slots=True)
class _Candidate:
    plan: Plan
    evidence: float
    asked: bool
    certainty: float


def plan(question: str, tables: Sequence[TypedTable], embed: Embed) -> Plan | None:
    """The surest plan for a question, None if no table has an answer with certainty.

    `embed` gives unit vectors of texts, a row each; it is called once with the question's words and
    the names of columns, and again where words are left that may mean a value. Names repeat from
    question to question: `CachedEmbed` remembers them.
    """
    if not tables or wants_prose(question):
        return None
    both = _two_clauses(question, tables, embed)
    return _planned(question, tables, embed) if both is None else both[0]


def _two_clauses(
    question: str, tables: Sequence[TypedTable], embed: Embed
) -> tuple[Plan | None] | None:
    """One plan for "how much is A and how many B does it have", where the second clause names no
    row of its own; (None,) if only one of them can be planned, None for other questions.
    """
    clauses = clauses_of(question)
    if len(clauses) != 2:
        return None
    first = _planned(clauses[0], tables, embed)
    if first is None or first.confidence < MINIMUM:
        return (None,)
    if first.greater is not None and _asks_its_figure(clauses[1], first, embed):
        return (first,)
    if first.aggregate is not Aggregate.LOOKUP:
        return None
    binding = bind_words(read_question(clauses[1]), first.table, embed)
    if binding.filters:
        return None
    binding.filters += [(range(0), own) for own in first.filters]
    second = assemble(binding, _prefetched(binding.question, [first.table], embed))
    if second is None or second.confidence < MINIMUM or second.aggregate is not Aggregate.LOOKUP:
        return (None,)
    targets = tuple(dict.fromkeys([*first.targets, *second.targets]))
    confidence = min(first.confidence, second.confidence)
    shown = tuple(sorted({*first.shown, *second.shown}))
    return (replace(first, targets=targets, confidence=confidence, shown=shown),)


def _asks_its_figure(clause: str, first: Plan, embed: Embed) -> bool:
    """Whether a second clause asks how many or how much the group with most has: "and how many
    orders is that".
    """
    binding = bind_words(read_question(clause), first.table, embed)
    named = {*binding.columns_named([Kind.NUMBER])}
    named = {one for one in named if not is_id(first.table, one)}
    is_figure = first.aggregate in {own for own, _, _ in binding.question.aggregates}
    is_figure = is_figure or bool(named) or asks_of(clause) == "much"
    return is_figure and named <= {*first.targets} and not (binding.filters or binding.residue)


def _planned(question: str, tables: Sequence[TypedTable], embed: Embed) -> Plan | None:
    """The surest plan for a question of one clause."""
    read = read_question(question)
    near = sorted(tables, key=lambda table: -_evidence(bind_words(read, table, _nothing)))
    near = near[:_MOST_TABLES]
    near = [*near, *filter(None, map(turned, near))]
    known = _prefetched(read, near, embed)
    found = _candidates(read, near, near, known)
    if all(one.plan.confidence < MINIMUM for one in found):
        found += _candidates(read, joined_tables(near), near, known)
    sure = [one for one in found if one.plan.confidence >= MINIMUM]
    return _best(sure or found)


def _candidates(
    read: Question, tables: Sequence[TypedTable], near: Sequence[TypedTable], known: Embed
) -> list[_Candidate]:
    """The plans over these tables that are sure enough to be shown, beside the others near."""
    found = list[_Candidate]()
    for table in tables:
        binding = bind_words(read, table, known)
        by_words = bool(_evidence(binding))
        _guess_parts(binding, [other for other in tables if other is not table])
        own = assemble(binding, known)
        if own and _is_named_elsewhere(binding, near):
            continue
        if own and _is_counted_elsewhere(own, binding, near):
            continue
        # A table that no word names is looked at only where the reading is told.
        if (
            own
            and (by_words or own.guesses)
            and own.confidence >= (POSSIBLE if _is_told(own) else MINIMUM)
        ):
            found.append(
                _Candidate(own, _evidence(binding), rows_asked(binding), binding.certainty)
            )
    return found


def _is_named_elsewhere(binding: Binding, tables: Sequence[TypedTable]) -> bool:
    """Whether a word read by a guess or by its meaning is what another table is called or has."""
    stems = {binding.question.tokens[place].stem for place in binding.guessed}
    parts = {(binding.question.tokens[place].stem,) for place in _lone_parts(binding)}
    own = {binding.table, binding.table.source, *(part for part, _ in binding.table.parts)}
    others = [lexicon_of(table) for table in tables if table not in own and table.source not in own]
    meant = {
        binding.question.tokens[place].stem
        for one in binding.mentions
        for place in one.places
        if one.meant and place not in binding.guessed
    }
    return any(
        stems & one.nouns or meant & one.own or {(stem,) for stem in stems} & {*one.names}
        for one in others
    ) or any(parts & {_label_of(one)} for one in tables if one not in own)


def _label_of(table: TypedTable) -> tuple[str, ...]:
    """Stems of what a table calls its rows."""
    return stems_of(table.columns[label_column(table)].label)


def _lone_parts(binding: Binding) -> list[int]:
    """Places of words that are alone a part of values, and nothing that rows are."""
    own = binding.lexicon.own
    places = [one.start for one, _ in binding.filters if len(one) == 1]
    places = [at for at in places if at in binding.partial]
    return [at for at in places if binding.question.tokens[at].stem not in own]


def _is_counted_elsewhere(own: Plan, binding: Binding, tables: Sequence[TypedTable]) -> bool:
    """Whether all rows of a table would be counted for what rows of another table are, only for
    what its document is called: boats in a list of colours that has a column of them.
    """
    if own.aggregate is not Aggregate.COUNT or own.filters or rows_asked(binding):
        return False
    tokens, its = binding.question.tokens, binding.lexicon.own
    if any(role is Role.ROW and tokens[at].stem in its for at, role in binding.roles.items()):
        return False
    named = {one.places.start for one in binding.mentions}
    heads = {tokens[place].stem for place in named}
    others = [lexicon_of(table).own for table in tables if table is not binding.table]
    return any(heads & other for other in others)


def _guess_parts(binding: Binding, others: Sequence[TypedTable]) -> None:
    """Doubt a column by a word of its name that is what another table has or is called: "order"
    where one has orders, and this one a "Minimum order".
    """
    for place, column in binding.parts:
        token = binding.question.tokens[place]
        lexicons = map(lexicon_of, others)
        if any((token.stem,) in one.names or token.stem in one.own for one in lexicons):
            binding.guess(token.text, column)


def _is_told(found: Plan) -> bool:
    """Whether a plan may be shown with a hint: it says how it read the question, or picks rows by
    an amount; a figure of all rows that misses a condition of the
    question would be wrong, and cells are quoted with their row as well.
    """
    if found.guesses:
        return True
    limits = any(own.operator not in {"in", "like"} for own in found.filters)
    lists = found.aggregate is Aggregate.LOOKUP and limits
    return found.aggregate in {Aggregate.MIN, Aggregate.MAX} or lists


def _evidence(binding: Binding) -> float:
    """How many words of a question a table accounts for; values tell more than names of rows."""
    weights = {Role.VALUE: 2.0, Role.COLUMN: 1.5, Role.ROW: 1.0, Role.UNIT: 0.5}
    found = sum(weights.get(role, 0.0) for role in binding.roles.values())
    found -= _OF_PART * len(binding.partial)
    # What the whole document is called may be what another of its tables holds.
    rows = [at for at, role in binding.roles.items() if role is Role.ROW]
    own = binding.lexicon.own
    found += _ASKED if rows_asked(binding) else 0.0
    return found - _OF_DOCUMENT * sum(
        binding.question.tokens[place].stem not in own for place in rows
    )


def _best(found: Sequence[_Candidate]) -> Plan | None:
    """The surest candidate, None if another table's is as sure and says something else."""
    order = sorted(found, key=lambda one: (_standing(one), one.plan.confidence), reverse=True)
    if not order:
        return None
    first = next((one for one in order if _is_turned(one, order[0])), order[0])
    for other in order[1:]:
        as_sure = other.plan.confidence >= first.plan.confidence - _TIE
        as_sure = as_sure and other.certainty >= first.certainty - _TIE
        pairs = zip(_standing(other), _standing(first), strict=True)
        if as_sure and all(one >= own for one, own in pairs) and not _same(first.plan, other.plan):
            return None
    return first.plan


def _standing(one: _Candidate) -> tuple[float, bool, bool, bool]:
    """What speaks for a candidate, most telling first: what one table tells by itself needs no
    other one.
    """
    return one.evidence, one.asked, not one.plan.table.parts, _has_one_row_each(one.plan)


def _has_one_row_each(own: Plan) -> bool:
    """Whether the smallest or largest is asked of what each row is one of, or two of them are
    compared, or one is looked up: the cheapest pump, in a list of products and not among orders.
    """
    if own.aggregate is Aggregate.LOOKUP and not own.table.parts:
        is_number = any(own.table.columns[at].kind is Kind.NUMBER for at in own.targets)
        return is_number and any(own.table.columns[one.column].is_key for one in own.filters)
    if own.aggregate not in {Aggregate.MIN, Aggregate.MAX} and not own.pair:
        return False
    asked = {*own.targets, *(one.column for one in (*own.filters, *(own.pair or ())))}
    return any(own.table.columns[column].is_key for column in asked)


def _is_turned(one: _Candidate, other: _Candidate) -> bool:
    """Whether a table is another one turned that has no name for what its rows are."""
    return one.plan.table.source is other.plan.table and not other.plan.table.columns[0].name


def _same(one: Plan, other: Plan) -> bool:
    """Whether the tables of two plans hold the same, also if one is turned."""
    if one.table.source is other.table or other.table.source is one.table:
        return True
    return [column.texts for column in one.table.columns] == [
        column.texts for column in other.table.columns
    ]


def _nothing(texts: Sequence[str]) -> Vectors:
    return np.zeros((len(texts), 1), dtype=np.float32)


def _prefetched(question: Question, tables: Sequence[TypedTable], embed: Embed) -> Embed:
    """An `embed` that already has the vectors of every text that these tables need."""
    known = CachedEmbed(embed)
    words = [token.text.lower() for token in question.tokens if not token.empty]
    labels = [column.readable for table in tables for column in table.columns]
    low = [label.lower() for label in labels]
    fixed = ["from", "to", "who", "person", "where", "location", *DIMENSIONS, *QUANTITY, *AGENTS]
    fixed += [*PLACES, *WINS, *ORIGINS, *HELD, *PAYMENT, *PERSONS]
    known([*dict.fromkeys([*words, *labels, *low, *fixed])])
    return known


@dataclass(frozen=True, slots=True)
class TableAnswer:
    """A result, and how it is said."""

    result: TableResult
    wording: Wording

    @property
    def is_open(self) -> bool:
        """Whether a word of the question stands for nothing in the table."""
        return self.result.plan.confidence < MINIMUM

    @property
    def confidence(self) -> float:
        """How sure it is, in 0..1, that this was asked and is right."""
        return _RIGHT * self.result.plan.confidence


def _alike(found: Plan, question: str) -> Plan:
    """A plan to look up what is the same in all rows, where no word asks for their sum."""
    if (
        found.group
        or found.aggregate is not Aggregate.SUM
        or any(own is Aggregate.SUM for own, _, _ in aggregates(question))
    ):
        return found
    cells = replace(found, aggregate=Aggregate.LOOKUP)
    result = execute(cells)
    return cells if len(result.rows) > 1 and result.figure else found


def answer(question: str, tables: Sequence[TypedTable], embed: Embed) -> TableAnswer | None:
    """Plan, execute and word; None where nothing is to be computed or no row has what is asked.

    A count may be 0. `embed` is that of `plan`.
    """
    found = plan(question, tables, embed)
    result = execute(_alike(found, question)) if found else None
    if result is None or not (result.rows or result.plan.aggregate is Aggregate.COUNT):
        return None
    if result.plan.pair and result.figure is None:
        return None
    return TableAnswer(result, word(result))

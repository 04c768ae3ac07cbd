"""The quotes composer: the parts of documents that answer, verbatim, each with its citation.

A fact is one to three sentences, or a short section where none of them is near to the question;
steps, lists and explanations are whole blocks. Rows of a table are quoted whole, with their header,
as many as hold what is asked.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator, Sequence
from dataclasses import replace

from index.types import BlockKind
from rag.citations.labelling import leading_space, with_markers
from rag.composition.base import ComposerInput
from rag.composition.blocks.claims import ClaimWriter
from rag.composition.blocks.compared import is_of_two_tables
from rag.composition.blocks.selection import select
from rag.composition.blocks.selector import Selection
from rag.composition.table_rows import (
    best_rows,
    cell_claims,
    claims_of,
    is_of_all_rows,
    labelled_rows,
    rows_asked,
    rows_of,
    table_at,
    with_cell_of,
)
from rag.intents.classifier import LONG, Intent
from rag.retrieval.answer_type import AnswerType, matches_answer_type
from rag.retrieval.figures import figures_in, words_with_digit
from rag.retrieval.sentences import (
    RankedSentence,
    is_version,
    select_sentences,
    with_completing_line,
)
from rag.tables.reading.question import plural_head, read_question
from rag.types import Claim, Draft, Quote, Turn
from rag.verification.evidence import compared_words, contains_word
from rag.verification.words import parse_words

_NOT_COMPUTED = "No figure could be computed with certainty. These rows come nearest:"
_WHICH_ONE = re.compile(r"\b(?:which|what) ([^\W\d_]{3,})", re.IGNORECASE)
_FIGURES = frozenset({AnswerType.TIME, AnswerType.DATE, AnswerType.NUMBER, AnswerType.SPAN})
_LONG_PROSE = frozenset({Intent.HOW_TO, Intent.EXPLAIN})
# Rows of a table that is quoted whole.
_MOST_ROWS = 10


class QuotesComposer:
    """Needs no LLM: it answers in the documents' own words."""

    name = "quotes"

    def __init__(self, most: int) -> None:
        self._most = most

    def compose(
        self, evidence: ComposerInput, turns: Sequence[Turn] = ()
    ) -> Generator[str, None, Draft]:
        """Quote what answers best; what matters of turns is in the query."""
        claims = list[Claim]()
        for claim in _claims(evidence, self._most):
            yield leading_space(claims[-1] if claims else None, claim) + with_markers(claim)
            claims.append(claim)
        opening = _NOT_COMPUTED if _are_rows_only(evidence, claims) else ""
        closing = _rows_left(evidence, claims) or _more(evidence, claims)
        return Draft(tuple(claims), opening=opening, closing=closing)


def _are_rows_only(evidence: ComposerInput, claims: Sequence[Claim]) -> bool:
    """Whether rows alone answer what is asked of all rows of a table."""
    firsts = [claim.quotes[0] for claim in claims]
    is_figure = evidence.intent is not Intent.COMPARE and is_of_all_rows(evidence.query)
    return is_figure and all(
        evidence.tables_in(one.passage.document, one.start, one.end) for one in firsts
    )


def _rows_left(evidence: ComposerInput, claims: Sequence[Claim]) -> str:
    """How many rows of the one table that is quoted are shown, where several are asked for and
    not all stand here; else "".
    """
    if plural_head(read_question(evidence.query)) is None:
        return ""
    shown, tables = set[int](), dict[tuple[str, int], int]()
    for quote in (claim.quotes[0] for claim in claims if claim.quotes):
        structure = evidence.structure(quote.passage.document)
        table = table_at(quote, structure.document) if structure else None
        if table and (quote.start, quote.end) in {(row.start, row.end) for row in table.rows}:
            tables[quote.passage.document, table.start] = len(table.rows)
            shown.add(quote.start)
    if len(tables) != 1 or len(shown) >= (count := next(iter(tables.values()))):
        return ""
    return f"{len(shown)} of {count} rows of the table are shown, those nearest to the question."


def _claims(evidence: ComposerInput, most: int) -> Iterator[Claim]:
    chosen = select_sentences(evidence.sentences, most)
    if most > 1:
        chosen = with_completing_line(evidence.query, evidence.sentences, chosen)
    also = [one for sentences in evidence.parts for one in _further(sentences, chosen)]
    selections = select(
        evidence.query, _intent(evidence), evidence.sentences, chosen, evidence.structure, also
    )
    if not selections:
        yield from _sentences_and_rows(evidence, [one.quote for one in (*chosen, *also)])
        return
    if is_of_two_tables(evidence.intent, selections):
        yield from _two_tables(evidence, selections)
        return
    writer, quotes, shown = ClaimWriter(evidence.passages_in), list[Quote](), set[str]()
    for selection in selections:
        if selection.block.kind is BlockKind.TABLE:
            quotes += _quotes_of(evidence.query, writer, selection)
            continue
        yield from _sentences_and_rows(evidence, quotes)
        quotes = []
        for place, claim in enumerate(writer.claims(selection)):
            above = claim.quotes[0].passage.heading
            yield claim if place or above in shown else _with_heading(evidence, claim)
            shown.add(above)
    yield from _sentences_and_rows(evidence, quotes)


def _two_tables(evidence: ComposerInput, selections: Sequence[Selection]) -> Iterator[Claim]:
    """The rows that are chosen of the tables of two documents, below the documents' titles."""
    writer = ClaimWriter(evidence.passages_in)
    for selection in selections:
        quotes = [
            one for span in selection.spans for one in writer.quotes(selection.structure, span)
        ]
        passages = list(dict.fromkeys(quote.passage for quote in quotes))
        rows = rows_of(passages, evidence.tables_in, evidence.passages_in)
        claims = claims_of([row for row in rows if any(map(row.holds, quotes))])
        title = selection.structure.document.title
        for place, claim in enumerate(claims):
            yield claim if place else replace(claim, before=f"**{title}**\n\n")


def _intent(evidence: ComposerInput) -> Intent:
    """What kind of thing is quoted: a figure or a time is a fact, however it is asked for."""
    is_figure = evidence.answer_type in _FIGURES and evidence.intent in _LONG_PROSE
    return Intent.FACT if is_figure else evidence.intent


def _further(
    sentences: Sequence[RankedSentence], chosen: Sequence[RankedSentence]
) -> Iterator[RankedSentence]:
    """The best sentence for one of several questions, unless it is quoted already; then the next
    one that is as near, which may state what the first leaves open.
    """
    quoted = {sentence.quote for sentence in chosen}
    near = select_sentences(sentences)
    yield from [one for one in near if one.quote not in quoted][:1]


def _with_heading(evidence: ComposerInput, claim: Claim) -> Claim:
    """A claim with the nearest heading above it that holds what the question asks for or names,
    where the claim does not: the expected type of answer, a number, or which one of what is named
    ("3.1 (18 June 2025)", "Version 3.1").
    """
    above = claim.quotes[0].passage.heading
    headings = reversed(above.split(" > ") if above and not claim.frame else [])
    heading = next((one for one in headings if _tells(evidence, one, claim.text)), "")
    if heading and claim.item:
        return replace(claim, before=f"**{heading}:**\n")
    return replace(claim, frame=(f"**{heading}:** {claim.text}", "")) if heading else claim


def _tells(evidence: ComposerInput, heading: str, text: str) -> bool:
    """Whether a heading holds what is asked for and a text below it does not."""
    kind, query = evidence.answer_type, evidence.query
    one = _WHICH_ONE.search(query)
    noun = one[1].lower() if one else ""
    names_it = noun in heading.lower() and bool(words_with_digit(heading))
    if noun and (names_it or is_version(heading)):
        return noun not in text.lower()
    has_type = matches_answer_type(kind, query, heading) > 0
    words, asked = parse_words(heading), compared_words(parse_words(query))
    if has_type and all(contains_word(word, words) for word in asked):
        return True
    if evidence.intent in LONG:
        return False
    figures = figures_in(query)
    is_new = bool(figures.within(heading) - figures.within(text))
    return is_new or (has_type and matches_answer_type(kind, query, text) < 0)


def _quotes_of(query: str, writer: ClaimWriter, selection: Selection) -> Iterator[Quote]:
    """What is quoted of a table: sentences of it, the rows that are named, or else the first."""
    block, spans = selection.block, selection.spans
    if selection.whole:
        tables = selection.structure.document.tables
        rows = [row for table in tables for row in table.rows]
        inside = [row for row in rows if block.start <= row.start and row.end <= block.end]
        named = labelled_rows(query, inside, selection.structure.document.text)
        spans = [(row.start, row.end) for row in (named or inside)[:_MOST_ROWS]]
    for span in spans:
        yield from writer.quotes(selection.structure, span)


def _sentences_and_rows(evidence: ComposerInput, chosen: Sequence[Quote]) -> Iterator[Claim]:
    """A claim for each sentence, and at the first one of a table those of its rows that answer."""
    passages = dict.fromkeys(quote.passage for quote in chosen) if chosen else {}
    passages |= dict.fromkeys(sentence.quote.passage for sentence in evidence.sentences)
    rows = rows_of(list(passages), evidence.tables_in, evidence.passages_in) if chosen else []
    shown = set[tuple[str, ...]]()
    for quote in chosen:
        table = next((r.table for r in rows if r.holds(quote) or r.header == quote), None)
        if table is None:
            yield from _sentence_or_cells(evidence, quote, shown)
        elif table not in shown:
            shown.add(table)
            own = [row for row in rows if row.table == table]
            quoted = [row for row in own if any(map(row.holds, chosen))]
            is_list = evidence.intent is Intent.LIST and not with_cell_of(evidence.query, own)
            short = own if is_list and len(own) <= _MOST_ROWS else []
            yield from claims_of(short or best_rows(evidence.query, quoted or own, own))


def _sentence_or_cells(
    evidence: ComposerInput, quote: Quote, shown: set[tuple[str, ...]]
) -> Iterator[Claim]:
    """A sentence as it is; in a table of long rows the cells that are asked for, each once."""
    path = quote.passage.document
    structure = evidence.structure(path)
    table = table_at(quote, structure.document) if structure else None
    text = structure.document.text if structure else ""
    rows = rows_asked(evidence.query, quote, table, text) if table else []
    new = [row for row in rows if (path, str(row.start)) not in shown]
    shown |= {(path, str(row.start)) for row in new}
    cells = [
        claim
        for row in new
        if table
        for claim in cell_claims(evidence.query, quote, row, table, evidence.passages_in(path))
    ]
    # A row that was quoted says no more; one without cells of its own is quoted as it stands.
    if cells or (rows and not new):
        yield from cells
    else:
        yield Claim(" ".join(quote.text.split()), (quote,))


def _more(evidence: ComposerInput, claims: Sequence[Claim]) -> str:
    """Where the rest of a section stands of which a part is quoted, or ""."""
    # An item of an outline stands for a whole section.
    if evidence.intent not in LONG or not claims or (claims[-1].item and claims[-1].frame):
        return ""
    last = claims[-1].quotes[-1]
    structure = evidence.structure(last.passage.document)
    number = structure.at(last.start) if structure else None
    if structure is None or number is None:
        return ""
    section = structure.section(number)
    if number >= section.stop - 1:
        return ""
    above = structure.headings[number]
    if above < 0:
        return ""
    return f"More on this: {last.passage.document}, under “{structure.heading_words(above)}”."

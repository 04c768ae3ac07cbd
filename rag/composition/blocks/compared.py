"""Two things that have a document each, compared by the tables of their properties."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import PurePosixPath

from index.text.languages import language_of
from index.text.tokenizer import content_words
from index.types import BlockKind, Span
from rag.composition.blocks.asked import terms_in
from rag.composition.blocks.selector import Selection, Selector
from rag.composition.blocks.structure import Structure
from rag.intents.classifier import Intent, instruction_words
from rag.retrieval.sentences import RankedSentence

# A table of properties has a name and a value in each of so many rows at least.
_COLUMNS = 2
_FEWEST_ROWS = 4
# Words that make a comparison so much likelier than a fact ask for no property ("differ").
_TELLS = 0.25


def select_compared(
    query: str, intent: Intent, ranked: Sequence[RankedSentence], selector: Selector
) -> None:
    """Choose the rows of two documents whose titles or file names a comparison names ("Compare the
    Heron and the Wren"): those of their tables of properties that it asks for, or else all.
    """
    if intent is not Intent.COMPARE:
        return
    language = language_of(content_words(query))
    asked = terms_in(query, language)
    titles = dict[str, tuple[Structure, frozenset[str]]]()
    for sentence in ranked:
        if found := selector.place(sentence):
            document = found[0].document
            names = f"{document.title} {PurePosixPath(document.path).stem}"
            titles.setdefault(document.path, (found[0], asked & terms_in(names, language)))
    counts = Counter(term for _, own in titles.values() for term in own)
    named = [one for one in titles.values() if any(counts[term] == 1 for term in one[1])]
    if len(named) != _COLUMNS:
        return
    places = [terms_in(word, language) for word in content_words(query)]
    named.sort(key=lambda one: next(at for at, own in enumerate(places) if own & one[1]))
    told = terms_in(" ".join(instruction_words(query, intent, _TELLS)), language)
    rest = asked - told - named[0][1] - named[1][1]
    tables = [_properties(structure, rest, language) for structure, _ in named]
    if not all(tables):
        return
    for rank, ((structure, _), rows) in enumerate(zip(named, tables, strict=True)):
        for number, span in rows:
            selector.add_span(structure, number, span, rank)


def _properties(
    structure: Structure, asked: frozenset[str], language: str
) -> list[tuple[int, Span]]:
    """The rows of the first table of properties, with the numbers of their blocks: those whose
    names hold a term that is asked for, all if none is asked for.
    """
    text = structure.document.text
    for table in structure.document.tables:
        if len(table.columns) != _COLUMNS or len(table.rows) < _FEWEST_ROWS:
            continue
        rows = [
            (structure.at(row.start), (row.start, row.end))
            for row in table.rows
            if not asked or asked & terms_in(text[slice(*(row.cells[0] or (0, 0)))], language)
        ]
        if found := [(number, span) for number, span in rows if number is not None]:
            return found
    return []


def is_of_two_tables(intent: Intent, selections: Sequence[Selection]) -> bool:
    """Whether what is selected for a comparison are rows of tables of two documents."""
    documents = {selection.structure.document.path for selection in selections}
    are_rows = all(one.block.kind is BlockKind.TABLE and not one.whole for one in selections)
    return intent is Intent.COMPARE and are_rows and len(documents) == _COLUMNS

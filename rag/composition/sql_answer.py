"""A figure by a statement that the LLM writes: executed here, shown, and cited to its rows."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from index.tables.limited_sql import SqlError
from index.tables.typed import TypedTable
from index.types import Passage
from rag.composition.base import ComposerInput
from rag.composition.table_answer import quoted_rows
from rag.composition.table_sql import SqlResult, run_statement, schema, statement_in
from rag.llm.base import LLM
from rag.llm.errors import LLMError
from rag.llm.prompts import sql_messages
from rag.types import Claim, Computed, Draft
from rag.verification.fit import asks_for_figure

# The first passages of which one must be of a table.
_FIRST = 3
_MOST_TABLES = 4
_TRIES = 2
_CITED = 3
_SHOWN = 10
_WHICH = re.compile(r"\W*(?:which|welche[rsmn]?|quel(?:le)?s?|cu[aá]l(?:es)?)\b", re.IGNORECASE)


def sql_draft(evidence: ComposerInput, llm: LLM) -> Draft | None:
    """What a statement of the LLM gives over the tables that were found; None where the question
    asks for no figure, no table was found, or two statements fail.
    """
    asks = asks_for_figure(evidence.query) or _WHICH.match(evidence.query)
    if not asks or not any(_is_of_table(evidence, hit.passage) for hit in evidence.hits[:_FIRST]):
        return None
    tables = evidence.typed_tables()[:_MOST_TABLES]
    failed = list[tuple[str, str]]()
    while tables and len(failed) < _TRIES:
        reply = _reply(llm, evidence.query, tables, failed)
        statement = statement_in(reply)
        if not statement:
            return None
        try:
            result = run_statement(statement, tables)
        except SqlError as error:
            failed.append((statement, str(error)))
            continue
        return _draft(result, evidence.passages_in)
    return None


def _is_of_table(evidence: ComposerInput, passage: Passage) -> bool:
    return bool(evidence.tables_in(passage.document, passage.start, passage.end))


def _reply(
    llm: LLM, question: str, tables: Sequence[TypedTable], failed: Sequence[tuple[str, str]]
) -> str:
    stream = llm.stream(sql_messages(question, schema(tables), failed))
    try:
        return "".join(stream)
    except LLMError:
        return ""
    finally:
        stream.close()


def _draft(result: SqlResult, passages_in: Callable[[str], Sequence[Passage]]) -> Draft | None:
    """The statement's values as a sentence that cites the first of the rows it rests on."""
    table = result.table
    cited = quoted_rows(table, result.rows[:_SHOWN], passages_in(table.document))
    quotes = tuple(row.quote for row in cited)[:_CITED]
    if not quotes or not any(any(row) for row in result.values):
        return None
    figure = "; ".join(", ".join(filter(None, row)) for row in result.values[:_SHOWN])
    names = ", ".join(result.columns)
    title = table.title or table.document_title
    claim = Claim(f"{title}: {names}: {figure}.", quotes, computed=True)
    statement = " ".join(result.statement.split())
    return Draft((claim,), computed=Computed(figure, len(result.rows), statement))

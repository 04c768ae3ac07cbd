"""Sixty questions over five tables are computed, others are left alone."""

from __future__ import annotations

import re
from functools import cache

import pytest

from index.embedding.embedder import Embedder
from index.embedding.model_files import BUILT_IN
from index.tables.typed import TypedTable, typed
from rag.tables.plan import TableAnswer, answer
from rag.tables.reading.lexicon import CachedEmbed
from tests.rag.tables.questions import NOT_COMPUTED, Case, cases, documents

pytestmark = pytest.mark.model

_LEAST_RIGHT = 0.9


@cache
def _world() -> tuple[tuple[TypedTable, ...], CachedEmbed]:
    tables = tuple(table for document in documents() for table in typed(document))
    return tables, CachedEmbed(Embedder(BUILT_IN).embed_queries)


def _ask(question: str) -> TableAnswer | None:
    return answer(question, *_world())


def _is_right(case: Case, found: TableAnswer) -> bool:
    rows, sentence = tuple(sorted(found.result.rows)), found.wording.sentence
    says = all(re.search(pattern, sentence, re.IGNORECASE) for pattern in case.says)
    return found.result.plan.table.document == case.path and rows == case.rows and says


def test_questions_over_tables_are_computed_right() -> None:
    found = {case.question: (case, _ask(case.question)) for case in cases()}
    assert len(found) == 60
    wrong = [q for q, (case, own) in found.items() if own and not _is_right(case, own)]
    assert wrong == []
    right = [question for question, (_, own) in found.items() if own]
    assert len(right) >= _LEAST_RIGHT * len(found), set(found) - set(right)


@pytest.mark.parametrize("question", NOT_COMPUTED)
def test_question_that_no_table_answers_is_not_computed(question: str) -> None:
    found = _ask(question)
    assert found is None, found.wording.sentence

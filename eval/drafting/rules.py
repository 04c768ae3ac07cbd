"""Gold candidates that rules propose: questions that a document answers, and ones to refuse."""

from __future__ import annotations

import re
from collections.abc import Sequence
from hashlib import sha256
from importlib.resources import files

from eval.datasets.gold import GoldEvidence, GoldItem, Want, parse_jsonl
from index.types import Document
from rag.suggestions.suggest import chosen
from rag.suggestions.types import QuestionKind, SuggestedQuestion
from rag.verification.words import stems

TAG, CHECK = "draft", "check"
ABSENT = "absent"
# Kinds whose answers are computed, so that the rows cited need not be those of the evidence.
_COMPUTED = {QuestionKind.TABLE_MATH, QuestionKind.TABLE_FILTER}
# Of the questions whose words are all in the documents, somebody must check that they say nothing.
_SHARED = 0.6


def candidates(documents: Sequence[Document], count: int) -> list[GoldItem]:
    """So many candidates, spread over the documents and kinds of questions."""
    texts = {document.path: document.text for document in documents}
    return [item_of(one, texts[one.document]) for one in chosen(documents, count)]


def item_of(one: SuggestedQuestion, text: str) -> GoldItem:
    """The gold candidate for a question; quotes that are not words of the document are left out."""
    quotes = [quote for quote in one.quotes if quote in text]
    evidence = tuple(GoldEvidence(document=one.document, quote=quote) for quote in quotes)
    return GoldItem(
        id=candidate_id(one.document, one.question),
        question=one.question,
        answers=one.answers,
        evidence=() if one.kind in _COMPUTED else evidence,
        tags=(TAG,),
        kind=one.kind.value,
        want=Want.ANSWER,
        must=tuple(map(_pattern, one.must)),
        must_not=tuple(map(_pattern, one.must_not)),
    )


def _pattern(text: str) -> str:
    return rf"(?<!\w){re.escape(text.strip('`*_'))}(?!\w)"


def candidate_id(*parts: str) -> str:
    """An id that stays the same for the same candidate, so that drafts can be put together."""
    return f"draft-{sha256(chr(0).join(parts).encode()).hexdigest()[:8]}"


def absent(documents: Sequence[Document], others: Sequence[Document], count: int) -> list[GoldItem]:
    """So many questions about other documents, as ones that these do not answer.

    Without others they are about the documents of Footnote's own gold set. Code sees no more than
    that the documents lack many of their words: a person must check.
    """
    words = {word for document in documents for word in stems(document.text)}
    questions = [one.question for one in chosen(others, 3 * count)] if others else _built_in()
    strange = [question for question in questions if _is_strange(question, words)]
    return [_without_answer(question) for question in strange[:count]]


def _is_strange(question: str, words: set[str]) -> bool:
    asked = stems(question)
    return sum(word in words for word in asked) < _SHARED * len(asked)


def _built_in() -> list[str]:
    """Questions of the gold set that comes with Footnote: general ones, then short ones."""
    text = (files("eval") / "gold" / "seeds.jsonl").read_text(encoding="utf-8")
    items = [item for item in parse_jsonl(text, "seeds.jsonl").items if not item.turns]
    general = [item.question for item in items if "other-world" in item.tags]
    others = [item.question for item in items if item.answerable]
    return [*general, *sorted(others, key=lambda question: len(question.split()))]


def _without_answer(question: str) -> GoldItem:
    return GoldItem(
        id=candidate_id(question),
        question=question,
        answerable=False,
        tags=(TAG, CHECK),
        kind=ABSENT,
        want=Want.REFUSE,
    )

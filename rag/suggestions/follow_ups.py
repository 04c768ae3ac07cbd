"""Questions to ask next: what the documents answer near by what an answer cited."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from index.text.tokenizer import words_of
from index.types import Document
from rag.suggestions.suggest import ASKABLE, suggested
from rag.suggestions.types import QuestionKind, SuggestedQuestion
from rag.types import Answer, Answers, AskOptions, Support, Turn

FOLLOW_UPS = 3
_TRIES = 8  # questions that are asked to find so many; each takes as long as an answer
_DOCUMENTS = 3
# Characters on either side of what was cited in which a question for a sentence is looked for.
_NEAR = 8_000
# Of the words of two questions, the share above which they ask the same.
_ALIKE = 0.6
# What a reader who has just got an answer asks last.
_LATE = {QuestionKind.TOPIC: 3_000, QuestionKind.YES_NO: 500, QuestionKind.SCENARIO: 500}
_OVER_TABLES = {
    QuestionKind.TABLE,
    QuestionKind.TABLE_MATH,
    QuestionKind.TABLE_FILTER,
    QuestionKind.COMPARE,
    QuestionKind.LIST,
}


@dataclass(frozen=True, slots=True)
class CitedSpan:
    """Characters `start` to `end` of a document that an answer cites."""

    document: str
    start: int
    end: int


def cited_in(answer: Answer) -> tuple[CitedSpan, ...]:
    """What an answer cites, in its order."""
    quotes = (citation.quote for citation in answer.citations)
    return tuple(CitedSpan(each.passage.document, each.start, each.end) for each in quotes)


def follow_ups(
    engine: Answers,
    turns: Sequence[Turn],
    cited: Sequence[CitedSpan],
    options: AskOptions = AskOptions(),
    may_go_on: Callable[[], bool] = lambda: True,
    most: int = FOLLOW_UPS,
) -> list[str]:
    """At most so many questions after the last of these turns, which cited these spans.

    Each is answered in this conversation, with something that was not said yet. No LLM is asked
    for them; `may_go_on` is looked at before each try. Raises UnknownDocument.
    """
    asked = [turn.question for turn in turns]
    said = " ".join(turn.answer for turn in turns).casefold()
    quotes = AskOptions("quotes", options.passages, filters=options.filters)
    found = list[str]()
    for one in islice(_candidates(engine, cited, said), _TRIES):
        if len(found) == most or not may_go_on():
            break
        if any(_are_alike(one.question, other) for other in (*asked, *found)):
            continue
        answer = engine.answer(one.question, turns, quotes)
        if _is_new(answer, one, cited, said):
            found.append(one.question)
    return found


def _candidates(
    engine: Answers, cited: Sequence[CitedSpan], said: str
) -> Iterator[SuggestedQuestion]:
    """Questions for the documents that are cited most, of each in turn, the nearest first."""
    paths = [span.document for span in cited]
    most_cited = sorted(dict.fromkeys(paths), key=lambda path: -paths.count(path))
    waiting = [
        _near(engine.document(path), [span for span in cited if span.document == path], said)
        for path in most_cited[:_DOCUMENTS]
    ]
    while waiting:
        for questions in list(waiting):
            if one := next(questions, None):
                yield one
            else:
                waiting.remove(questions)


def _near(document: Document, cited: Sequence[CitedSpan], said: str) -> Iterator[SuggestedQuestion]:
    """A document's questions by how near they are to what is cited, and no two much alike."""
    first, last = min(span.start for span in cited), max(span.end for span in cited)
    window = max(0, first - _NEAR), last + _NEAR
    ranked = list[tuple[int, int, SuggestedQuestion]]()
    for number, one in enumerate(suggested(document, window)):
        if len(one.question) not in ASKABLE or one.kind is QuestionKind.SUMMARY:
            continue
        gap = _distance(document, one, cited)
        is_said = gap == 0 and one.kind not in _OVER_TABLES
        if not is_said and not any(_stands_in(each, said) for each in one.answers):
            ranked.append((gap + _LATE.get(one.kind, 0), number, one))
    kept = list[SuggestedQuestion]()
    for _, _, one in sorted(ranked, key=lambda each: each[:2]):
        if not any(_are_alike(one.question, other.question) for other in kept):
            kept.append(one)
            yield one


def _distance(document: Document, one: SuggestedQuestion, cited: Sequence[CitedSpan]) -> int:
    """Characters between what a question rests on and what is cited; 0 if they overlap."""
    places = [(document.text.find(quote), len(quote)) for quote in one.quotes]
    gaps = [
        max(0, span.start - (at + length), at - span.end)
        for at, length in places
        if at >= 0
        for span in cited
    ]
    return min(gaps, default=_NEAR)


def _stands_in(answer: str, said: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(answer.casefold())}(?!\w)", said) is not None


def _are_alike(one: str, other: str) -> bool:
    """Whether two questions share most of their words."""
    words, others = set(words_of(one)), set(words_of(other))
    return len(words & others) > _ALIKE * min(len(words), len(others))


def _is_new(answer: Answer, one: SuggestedQuestion, cited: Sequence[CitedSpan], said: str) -> bool:
    """Whether a question is answered from its document, backed, with what was not said yet."""
    if answer.refusal or any(each.support is not Support.SUPPORTED for each in answer.statements):
        return False
    spans = [span for span in cited_in(answer) if span.document == one.document]
    is_known = all(any(_holds(old, span) for old in cited) for span in spans)
    adds = any(each.text.casefold().strip() not in said for each in answer.statements)
    return bool(spans) and adds and (not is_known or one.kind in _OVER_TABLES)


def _holds(outer: CitedSpan, inner: CitedSpan) -> bool:
    same = outer.document == inner.document
    return same and outer.start <= inner.start and inner.end <= outer.end

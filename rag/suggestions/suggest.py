"""The questions that are proposed for a document, for a folder, and for the chat page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from index.sentences import sentence_spans
from index.text.blocks import blocks_of
from index.text.languages import language_of
from index.text.tokenizer import words_of
from index.types import BlockKind, Document, Span
from rag.suggestions.headings import headed, questions_in
from rag.suggestions.sentences import facts_of
from rag.suggestions.tables import questions_over
from rag.suggestions.types import QuestionKind, SuggestedQuestion
from rag.types import Answers, AskOptions, Support

_CHARACTERS = 60_000  # of a document that are read for facts of sentences
# Their answers are whole sentences, of which no few words must stand in an answer.
_EXPLAINED = {QuestionKind.YES_NO, QuestionKind.SCENARIO, QuestionKind.WHY}
# An LLM is not asked for what a reader has not asked.
_QUOTES = AskOptions(composer="quotes")
_DOCUMENTS = 12
_TRIES = 4  # candidates of a document that are tried, per question wanted
ASKABLE = range(12, 90)  # characters that fit the chat page
_CANDIDATES = 60  # of a document, for each source of questions


def suggested(document: Document, near: Span | None = None) -> Iterator[SuggestedQuestion]:
    """Questions that a document answers, those that it asks itself first; each once.

    All but these are put in English, so of a document in another language there are no others.
    For sentences they are put between the two places `near`, if given, or else at the beginning.
    """
    sources = [questions_in(document)]
    if _is_english(document):
        sources += [headed(document), questions_over(document)]
        sources.append(_facts(document, near or (0, _CHARACTERS)))
    seen = set[str]()
    for source in sources:
        for one in islice(source, _CANDIDATES):
            key = one.question.casefold()
            if key not in seen:
                seen.add(key)
                yield one


def _is_english(document: Document) -> bool:
    return language_of(words_of(document.text[:5000])) == "en"


def _facts(document: Document, near: Span) -> Iterator[SuggestedQuestion]:
    text = document.text[:_CHARACTERS] if near[1] <= _CHARACTERS else document.text[slice(*near)]
    for block in blocks_of(document):
        is_near = near[0] <= block.start < block.end <= near[1]
        if block.kind is not BlockKind.PARAGRAPH or not is_near:
            continue
        inside = document.text[block.start : block.end]
        for sentence in (inside[start:end] for start, end in sentence_spans(inside)):
            for fact in facts_of(" ".join(sentence.split()), text):
                answers = () if fact.kind in _EXPLAINED else (fact.answer,)
                yield SuggestedQuestion(
                    fact.question, fact.kind, document.path, answers, quotes=(sentence,)
                )


def chosen(documents: Iterable[Document], count: int) -> list[SuggestedQuestion]:
    """So many questions, spread over documents and kinds; each question once."""
    waiting = {document.path: list(suggested(document)) for document in documents}
    found, seen = list[SuggestedQuestion](), set[str]()
    documents_used, kinds_used = Counter[str](), Counter[QuestionKind]()
    while len(found) < count and any(waiting.values()):
        path, place = _next(waiting, documents_used, kinds_used)
        one = waiting[path].pop(place)
        if one.question.casefold() in seen:
            continue
        seen.add(one.question.casefold())
        found.append(one)
        documents_used[path] += 1
        kinds_used[one.kind] += 1
    return found


def _next(
    waiting: dict[str, list[SuggestedQuestion]],
    documents_used: Counter[str],
    kinds_used: Counter[QuestionKind],
) -> tuple[str, int]:
    """The document and place of the question whose document and kind have been used least."""

    def used(path: str, kind: QuestionKind) -> int:
        return 2 * documents_used[path] + kinds_used[kind]

    best = dict[tuple[str, QuestionKind], int]()
    for path, questions in waiting.items():
        for place, one in enumerate(questions):
            best.setdefault((path, one.kind), place)
    order: Sequence[tuple[str, QuestionKind]] = list(best)
    path, kind = min(order, key=lambda pair: used(*pair))
    return path, best[path, kind]


def example_questions(engine: Answers, most: int) -> list[str]:
    """At most so many questions that are answered, from documents spread over the corpus."""
    paths = [info.path for info in engine.documents() if not info.failure]
    spread = paths[:: max(1, len(paths) // _DOCUMENTS)][:_DOCUMENTS]
    found = list[str]()
    for path in spread:
        if len(found) == most:
            break
        found += questions_about(engine, path, 1, known=found)
    return found


def questions_about(engine: Answers, path: str, most: int, known: Sequence[str] = ()) -> list[str]:
    """At most so many questions that are answered from this document. Raises UnknownDocument."""
    asked = (each for each in candidates(engine.document(path)) if each not in known)
    answered = (each for each in islice(asked, _TRIES * most) if _is_answered(engine, each, path))
    return list(islice(answered, most))


def candidates(document: Document) -> Iterator[str]:
    """Questions that a document may answer, of a length that fits the page."""
    return (one.question for one in suggested(document) if len(one.question) in ASKABLE)


def _is_answered(engine: Answers, question: str, path: str) -> bool:
    """Whether the engine answers from this document, every statement supported."""
    answer = engine.answer(question, options=_QUOTES)
    backed = all(each.support is Support.SUPPORTED for each in answer.statements)
    cited = {citation.passage.document for citation in answer.citations}
    return not answer.refusal and backed and path in cited

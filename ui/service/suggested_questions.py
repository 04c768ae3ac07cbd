"""Questions to start with, made from the documents' own words; each is one that is answered."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import islice

from index.sentences import sentence_spans
from index.types import Document
from rag.types import Answers, AskOptions, Support

# An LLM is not asked for what a reader has not asked.
_QUOTES = AskOptions(composer="quotes")
_TEXT = 60_000  # characters of a document that are looked at
_DOCUMENTS = 12
_TRIES = 4  # questions of a document that are put to the engine
_LENGTH = range(12, 90)
_ROLES = (
    r"\b(?:director|minister|president|author|founder|officer|manager|chair\w*|professor|engineer|"
    r"mediator|leader|head|spokes\w+|scientist|writer|king|queen|envoy|teacher|doctor|lawyer|"
    r"secretary|chief|person|man|woman|member|owner|captain|editor)\b"
)
_VERBS = r"(?:remain|are|were|have|had|live|work|took|take|came|went|died|lost|won|joined|left)"
_COUNTED = re.compile(
    r"^(?:(?:More|Fewer|Less) than |About |Over |Nearly |Almost |Some |Around |At least )?"
    rf"(?:\d[\d,.]*|two|three|four|five|six|seven|eight|nine|ten|twelve) "
    rf"((?:[a-z-]+ ){{1,3}}?{_VERBS} [^,;:()]+)[.]$",
    re.IGNORECASE,
)
_DEFINED = re.compile(
    r"^((?:The )?[A-Z0-9][\w’'-]*(?: [\w’'-]+){0,4}?)(?:, [^,]{1,80},)? "
    r"(is|are|was|were) (?:the|an?|one of) (.+)$"
)
_VAGUE = re.compile(
    r"^(?:it|this|that|these|those|they|there|he|she|we|you|i|here|what|which|who|both|each|all|"
    r"some|an?|one|another|most|many|none|such|yes|no)\b",
    re.IGNORECASE,
)
_ASKING = re.compile(r"^(?:who|what|when|where|why|how|which|can|does|do|is|are)\b.*\?$", re.I)


def example_questions(engine: Answers, most: int) -> list[str]:
    """Up to so many questions that are answered, from documents all over the corpus."""
    paths = [info.path for info in engine.documents() if not info.failure]
    spread = paths[:: max(1, len(paths) // _DOCUMENTS)][:_DOCUMENTS]
    found = list[str]()
    for path in spread:
        if len(found) == most:
            break
        found += questions_about(engine, path, 1, known=found)
    return found


def questions_about(engine: Answers, path: str, most: int, known: Sequence[str] = ()) -> list[str]:
    """Up to so many questions that are answered from this document. Raises UnknownDocument."""
    asked = (each for each in candidates(engine.document(path)) if each not in known)
    answered = (each for each in islice(asked, _TRIES * most) if _is_answered(engine, each, path))
    return list(islice(answered, most))


def candidates(document: Document) -> Iterator[str]:
    """Questions that a document may answer, the more telling kinds first."""
    text = document.text[:_TEXT]
    sentences = [" ".join(text[start:end].split()) for start, end in sentence_spans(text)]
    headings = [heading.text.strip(" #") for heading in document.headings]
    kinds = (
        (heading for heading in headings if _ASKING.match(heading)),
        (f"How many {found[1]}?" for each in sentences if (found := _COUNTED.match(each))),
        (question for each in sentences if (question := _definition(each))),
        (
            f"What is said about {_inside(heading)}?"
            for heading in headings[1:] or headings
            if not heading.endswith("?")
        ),
    )
    seen = set[str]()
    for questions in kinds:
        for question in questions:
            if len(question) in _LENGTH and question not in seen:
                seen.add(question)
                yield question


def _definition(sentence: str) -> str:
    """What or who the subject of a sentence is, if the sentence says that."""
    found = _DEFINED.match(sentence)
    if not found or _VAGUE.match(found[1]):
        return ""
    subject, verb, rest = found.groups()
    if subject.startswith("The "):
        subject = f"the {subject[4:]}"
    word = "Who" if re.search(_ROLES, " ".join(rest.split()[:6])) else "What"
    return f"{word} {verb} {subject}?"


def _inside(heading: str) -> str:
    """A heading as it reads inside of a sentence."""
    first, _, rest = heading.partition(" ")
    plain = first[:1].isupper() and first[1:].islower() and bool(rest)
    return f"{first.lower()} {rest}" if plain else heading


def _is_answered(engine: Answers, question: str, path: str) -> bool:
    """Whether the engine answers, from this document and with all of it backed."""
    answer = engine.answer(question, options=_QUOTES)
    backed = all(each.support is Support.SUPPORTED for each in answer.statements)
    cited = {citation.passage.document for citation in answer.citations}
    return not answer.refusal and backed and path in cited

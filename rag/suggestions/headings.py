"""Questions for the headings of a document: those that ask, how-tos, topics, and meetings."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from index.sentences import sentence_spans
from index.text.blocks import blocks_of
from index.types import Block, BlockKind, Document
from rag.suggestions.sentences import is_name
from rag.suggestions.types import QuestionKind, SuggestedQuestion

_STEP = re.compile(r"\s*(?:\d+[.)]|[-*•])\s+(\S.*)")
_CHARACTERS = range(8, 110)
_HOW_TO = re.compile(r"How to (?P<rest>.+)", re.IGNORECASE)
_HOW_WE = re.compile(r"(?P<word>How|Why) (?:we|you) (?P<rest>[a-z].+)", re.IGNORECASE)
_YES_NO = re.compile(
    r"(?:do|does|did|is|are|was|were|can|could|may|must|will|should|has|have)\b", re.IGNORECASE
)
_ANSWERED = re.compile(r"(?P<word>Yes|No|Ja|Nein|Oui|Non|Sí|Si)\b", re.IGNORECASE)
_OPENINGS = (
    (re.compile(r"how (?:do|can|should|does) |wie (?:kann|mache|muss)", re.IGNORECASE),
     QuestionKind.HOW_TO),
    (re.compile(r"why |warum |wieso |pourquoi ", re.IGNORECASE), QuestionKind.WHY),
    (re.compile(r"when |wann |quand ", re.IGNORECASE), QuestionKind.DATE),
    (_YES_NO, QuestionKind.YES_NO),
    (re.compile(r"what (?:should|can|do) i do ", re.IGNORECASE), QuestionKind.SCENARIO),
)  # fmt: skip
# Headings below "Meeting of 3 March" and the question that each of them answers.
_MEETING = re.compile(
    r"(?:.* )?(?:meeting|council|committee|review|session|call|board|assembly)\b.*", re.IGNORECASE
)
_MINUTES = (
    (re.compile(r"decisions?|decided|resolutions?", re.IGNORECASE), "What was decided at the {}?"),
    (re.compile(r"actions?(?: items?| points?)?|to-?dos?|next steps", re.IGNORECASE),
     "Which actions were agreed at the {}?"),
    (re.compile(r"attendees|present|participants", re.IGNORECASE), "Who was at the {}?"),
)  # fmt: skip
_PRESENT = re.compile(r"(?:Present|Attendees|Participants): (?P<answer>[^\n]{3,200})")
_GENERIC = re.compile(
    r"(?:overview|introduction|summary|contents|general|about|notes?|appendix|references|"
    r"conclusions?|background|outlook|details|miscellaneous|other|faq|(?:chapter|section|part|step|page|table|"
    r"figure|slide) ?[\dIVX.]*|[\d\W]+)",
    re.IGNORECASE,
)
# What opens a heading that names no topic.
_NO_TOPIC = re.compile(
    r"(?:on|in|at|for|with|from|by|to|of|as|when|where|while|after|before|what|which|who|how|why|if|"
    r"is|are|do|does|\w+ing)\b",
    re.IGNORECASE,
)
# A topic is a few words; a title of a document with more text than this is one to sum up.
_TOPIC_WORDS = range(1, 6)
_SUMMED_UP = 1500


def questions_in(document: Document) -> Iterator[SuggestedQuestion]:
    """The questions that the document asks itself, with what answers each."""
    text, found = document.text, list[tuple[str, Block]]()
    for block in blocks_of(document):
        if block.kind is BlockKind.QUESTION and block.items:
            question = " ".join(text[block.start : block.items[0][0]].split()).strip("#*_ ")
            found.append((re.sub(r"^(?:Q(?:uestion)?|Frage) ?\d*[:.)] *", "", question), block))
    # One that stands in several sections asks for each of them something else.
    counts = Counter(question for question, _ in found)
    for question, block in found:
        if len(question) in _CHARACTERS and counts[question] == 1:
            yield _asked(document, _in_small_letters(question), block)


def _in_small_letters(question: str) -> str:
    """A question that is all capitals, as people write."""
    return re.sub(r"\bi\b", "I", question.capitalize()) if question.isupper() else question


def _asked(document: Document, question: str, block: Block) -> SuggestedQuestion:
    answer = document.text[block.items[0][0] : block.items[-1][1]]
    found = _ANSWERED.match(answer)
    kinds = (kind for opening, kind in _OPENINGS if opening.match(question))
    kind = next(kinds, QuestionKind.FACT)
    return SuggestedQuestion(
        question,
        kind,
        document.path,
        answers=(found["word"],) if found else (),
        quotes=_quotes(answer, kind),
    )


def headed(document: Document) -> Iterator[SuggestedQuestion]:
    """Questions for the other headings, each with the first words of its section."""
    parents = list[tuple[int, str]]()
    for number, heading in enumerate(document.headings):
        text = " ".join(heading.text.split()).strip("#*_: ")
        parents = [parent for parent in parents if parent[0] < heading.level]
        above = parents[-1][1] if parents else ""
        parents.append((heading.level, text))
        section = _section(document, number)
        if not section or text.endswith("?"):
            continue
        asked = _how_to(text) or _minutes(text, above) or _topic(document, text, number)
        if asked:
            question, kind = asked
            yield SuggestedQuestion(question, kind, document.path, quotes=_quotes(section, kind))
        present = _PRESENT.search(section)
        if present and _MEETING.fullmatch(text):
            yield SuggestedQuestion(
                f"Who was at the {_within(text)}?",
                QuestionKind.LIST,
                document.path,
                quotes=(present[0].strip(),),
                must=tuple(name.strip(" .") for name in present["answer"].split(",")),
            )


def _how_to(heading: str) -> tuple[str, QuestionKind] | None:
    if found := _HOW_TO.fullmatch(heading):
        return f"How do I {_first_person(found['rest'])}?", QuestionKind.HOW_TO
    if found := _HOW_WE.fullmatch(heading):
        kind = QuestionKind.WHY if found["word"].lower() == "why" else QuestionKind.FACT
        rest = re.sub(r"^(?:do|does|are|is)(?: not)? ", "", found["rest"])
        denied = " not" if " not " in f" {found['rest'][:12]} " else ""
        return f"{found['word'].capitalize()} do we{denied} {rest}?", kind
    return None


def _first_person(words: str) -> str:
    words = re.sub(r"\byour\b", "my", re.sub(r"\byourself\b", "myself", words))
    return f"{words[:1].lower()}{words[1:]}" if words[1:2].islower() else words


def _minutes(heading: str, above: str) -> tuple[str, QuestionKind] | None:
    if _MEETING.fullmatch(above):
        for pattern, question in _MINUTES:
            if pattern.fullmatch(heading):
                return question.format(_within(above)), QuestionKind.LIST
    return None


def _topic(document: Document, heading: str, number: int) -> tuple[str, QuestionKind] | None:
    if number == 0 and len(document.text) >= _SUMMED_UP:
        return f"Summarise the document {document.path.rpartition('/')[2]}", QuestionKind.SUMMARY
    if number == 0 and len(document.headings) > 1:
        return None
    if _is_tabular(document, number):
        return None
    words = heading.split()
    if len(words) not in _TOPIC_WORDS or _GENERIC.fullmatch(heading) or _MEETING.fullmatch(heading):
        return None
    if _NO_TOPIC.match(heading) and len(words) > 1:
        return None
    return f"Tell me about {_within(heading, document.text)}", QuestionKind.TOPIC


def _is_tabular(document: Document, number: int) -> bool:
    """Whether most of a section is a table, which is asked for its cells."""
    start, end = _limits(document, number)
    inside = [table for table in document.tables if start <= table.start < end]
    return 2 * sum(table.end - table.start for table in inside) > end - start


def _within(heading: str, text: str = "") -> str:
    """A heading as it reads within a sentence: its first letter small, unless it is a name."""
    first, _, rest = heading.partition(" ")
    if first in {"The", "A", "An", "Our", "Your"}:
        return f"{first.lower()} {rest}"
    words = [word for word in rest.split() if len(word) > 3 and not is_name(word, "")]
    capitals = bool(words) and all(word[:1].isupper() for word in words)
    return heading if capitals or is_name(first, text) else f"{first.lower()} {rest}".strip()


def _section(document: Document, number: int) -> str:
    """The text between a heading and the next one."""
    start, end = _limits(document, number)
    return document.text[start:end].partition("\n")[2].strip()


def _limits(document: Document, number: int) -> tuple[int, int]:
    following = document.headings[number + 1 :]
    end = following[0].start if following else len(document.text)
    return document.headings[number].start, end


def _quotes(answer: str, kind: QuestionKind = QuestionKind.FACT) -> tuple[str, ...]:
    """The first sentence, or each step of a how-to."""
    spans = sentence_spans(answer)
    sentences = [answer[start:end].strip("-*• \n") for start, end in spans]
    steps = [found[1] for found in map(_STEP.match, answer.split("\n")) if found]
    return tuple(steps if kind is QuestionKind.HOW_TO and steps else (steps or sentences)[:1])

"""Replies that are about Footnote or the corpus itself: no citation, no refusal."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from index.catalog.reader import DocumentInfo
from rag.intents.classifier import Intent, instruction_words

_LISTED = 30
# How much likelier than a fact, in logits, a word makes an intent that it is no topic of: "cover"
# makes a question about the documents likelier by 0.2, "badge" one about Footnote by 0.04.
_TELLS_TALK = 0.15
_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class ReplyTexts:
    """Sentences of one language; `{count}` and such are filled in."""

    greeting: str
    thanks: str
    self_description: str
    no_documents: str
    documents: str
    about: str
    none_about: str
    more: str
    writing: str


_ENGLISH = ReplyTexts(
    greeting="Hello! Ask me anything about the documents: {what}",
    thanks="You're welcome. Ask on whenever you like.",
    self_description=(
        "I answer questions from your documents, in their own words, and show for each sentence "
        "where it stands. You can ask for facts, steps, lists, figures from tables, comparisons "
        "and summaries. If the documents don't hold the answer, I say so. {what}"
    ),
    no_documents="Nothing is indexed yet; run: footnote index FOLDER",
    documents="{count}: {kinds}.",
    about="These documents fit best:",
    none_about="None of the documents seems to be about that.",
    more="and {count} more",
    writing=(
        "Writing or translating needs a language model, and none is set: answers are quoted word "
        "for word. Set `llm_url` in footnote.toml (or FOOTNOTE_LLM_URL) to the address of one. "
        "These passages are what it would be written from:"
    ),
)
_KIND_NAMES = {
    ".md": "Markdown file",
    ".txt": "text file",
    ".pdf": "PDF",
    ".docx": "Word document",
    ".xlsx": "Excel sheet",
    ".pptx": "presentation",
    ".csv": "CSV table",
    ".html": "web page",
    ".htm": "web page",
    ".eml": "e-mail",
    ".msg": "e-mail",
    ".epub": "e-book",
}


def reply_text(intent: Intent, documents: Sequence[DocumentInfo]) -> str:
    """What to say to a greeting, thanks, or a question about Footnote or all documents."""
    readable = [document for document in documents if not document.failure]
    texts = _ENGLISH
    if intent is Intent.THANKS:
        return texts.thanks
    if not readable:
        return texts.no_documents
    what = texts.documents.format(count=_counted(len(readable)), kinds=_kinds(readable))
    if intent is Intent.GREETING:
        return texts.greeting.format(what=what[0].lower() + what[1:])
    if intent is Intent.SELF:
        return texts.self_description.format(what=what)
    return f"{what}\n\n{document_list(readable)}"


def topic_terms(question: str, intent: Intent, terms: Callable[[str], Sequence[str]]) -> list[str]:
    """The terms that a question about documents has besides the words such questions are put in:
    those that make its intent hardly likelier than a fact. None of a greeting with a word that
    does: "lunch" may be a topic, the name in "thanks Ruth" is none.
    """
    every = _WORD.findall(question.lower())
    told = set(instruction_words(question, intent, _TELLS_TALK))
    words = [word for word in every if word not in told]
    if intent in {Intent.GREETING, Intent.THANKS} and len(words) < len(every):
        return []
    return list(terms(" ".join(words))) and words


def documents_about_text(documents: Sequence[DocumentInfo]) -> str:
    """The documents that fit a topic best, best first."""
    if not documents:
        return _ENGLISH.none_about
    return f"{_ENGLISH.about}\n\n{document_list(documents)}"


def writing_text() -> str:
    """Why nothing is written, and what would be needed."""
    return _ENGLISH.writing


def document_list(documents: Sequence[DocumentInfo]) -> str:
    """A Markdown list of paths with titles; what is beyond the first ones is counted."""
    lines = [_line(document) for document in documents[:_LISTED]]
    if len(documents) > _LISTED:
        lines.append("- " + _ENGLISH.more.format(count=f"{len(documents) - _LISTED:,}"))
    return "\n".join(lines)


def _line(document: DocumentInfo) -> str:
    pages = f", {document.pages} pages" if document.pages and document.pages > 1 else ""
    name = PurePosixPath(document.path).name
    title = f": {document.title}" if document.title and document.title not in name else ""
    return f"- {document.path}{title}{pages}"


def _counted(number: int) -> str:
    return "There is 1 document" if number == 1 else f"There are {number:,} documents"


def _kinds(documents: Sequence[DocumentInfo]) -> str:
    suffixes = Counter(PurePosixPath(document.path).suffix.lower() for document in documents)
    return ", ".join(_kind(suffix, number) for suffix, number in suffixes.most_common())


def _kind(suffix: str, number: int) -> str:
    name = _KIND_NAMES.get(suffix) or (f"{suffix[1:].upper()} file" if suffix else "file")
    return f"{number} {name}" if number == 1 else f"{number} {name}s"

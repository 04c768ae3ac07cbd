"""Whether a statement of an LLM's reply declines to answer, in English, German, French, Spanish.

In another language a reply declines by the sentence that the prompt asks for.
"""

from __future__ import annotations

import re
from dataclasses import replace

from rag.citations.markers import MarkedStatement
from rag.llm.prompts import NO_ANSWER

_NOT = r"(?:(?:do|does|did|is|are|was|could|can) ?n[o'’]t|cannot|can['’]t)"
_SORRY = (
    r"(?:(?:sorry|unfortunately|i(?:['’]m| am) sorry|leider|malheureusement|lamentablemente)"
    r"[, ]*(?:but )?)?"
)
_ENGLISH = (
    r"(?:the|these|those|this|none of the)\b.{0,30}\b"
    r"(?:passages?|documents?|excerpts?|context|texts?|information)\b.{0,10}"
    rf"{_NOT}.{{0,20}}\b(?:answer|contain|mention|provide|sa(?:y|id)|include|specif|stat|give"
    r"|discuss|address|tell|indicate|available|enough|information)"
    rf"|there is no (?:information|answer|mention)|i {_NOT} (?:know|answer|find|tell)"
)
_GERMAN = (
    r"(?:die|diese[nm]?|in den|aus den|laut den)\b.{0,20}\b"
    r"(?:dokumente|auszüge|texte|unterlagen|passagen|informationen)n?\b.{0,80}"
    r"\b(?:nicht|keine[nrms]?|kein)\b"
)
_FRENCH = (
    r"(?:les|ces|aucun des)\b.{0,20}\b(?:documents?|extraits?|textes?|passages?)\b.{0,10}"
    r"\bn(?:e|['’])\s?.{0,60}(?:\bpas\b|\baucun|\brien\b)"
)
_SPANISH = (
    r"(?:los|estos|las|ninguno de los)\b.{0,20}\b(?:documentos?|extractos?|textos?|pasajes?)\b"
    r".{0,10}\bno\b.{0,20}\b(?:mencion|indic|dic|especific|contien|inclu|respond|señal|precis)"
)
_DECLINES = re.compile(rf"{_SORRY}(?:{_ENGLISH}|{_GERMAN}|{_FRENCH}|{_SPANISH})", re.IGNORECASE)


# "X; the documents do not state Y": what joins the clauses, and the pronoun that may stand for the
# documents in the second where the first has them for its subject.
_JOINED = (
    r"(?:\s*;|,?\s+(?:but|however|although|while|aber|jedoch|mais|pero|sino))\s+(?:however,\s+)?"
)
_SUBJECTS = (
    ("The documents ", r"they "),
    ("Die Dokumente ", r"sie "),
    ("Les documents ", r"ils "),
    ("Los documentos ", r"(?:ellos )?"),
)


def split_absent(statement: MarkedStatement) -> tuple[MarkedStatement, MarkedStatement] | None:
    """What a statement states and what it says is missing, where it does both: "The documents
    state the fee; they do not state who pays it." None where it doesn't.
    """
    for subject, pronoun in _SUBJECTS if statement.labels else ():
        is_subject = statement.text.startswith(subject)
        second = rf"(?:{subject}|{pronoun})" if is_subject else subject
        found = re.search(_JOINED + second, statement.text, re.IGNORECASE)
        text = subject + statement.text[found.end() :] if found else ""
        missing = replace(statement, text=text, written=text, labels=(), lead=" ", before="")
        if found and says_absent(missing):
            said = statement.text[: found.start()].rstrip(" ,;") + "."
            return replace(statement, text=said, written=said), missing
    return None


def asks_only(statement: MarkedStatement) -> bool:
    """Whether a statement states nothing since it is a question."""
    return statement.text.endswith(("?", "？"))


def is_sentinel(text: str) -> bool:
    """Whether a text holds the sentence that the prompt asks for where nothing answers."""
    return _normalised(NO_ANSWER) in _normalised(text)


def declines(statement: MarkedStatement) -> bool:
    """Whether a statement declines to answer, so that a reply that starts with it does."""
    return is_sentinel(statement.text) or says_absent(statement)


def says_absent(statement: MarkedStatement) -> bool:
    """Whether a statement says that the documents don't state something."""
    return not statement.labels and bool(_DECLINES.match(statement.text))


def _normalised(text: str) -> str:
    return " ".join(text.split()).strip(" .:").casefold()

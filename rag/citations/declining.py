"""Whether a statement of an LLM's reply declines to answer, in English, German, French, Spanish.

In another language a reply declines by the sentence that the prompt asks for.
"""

from __future__ import annotations

import re

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

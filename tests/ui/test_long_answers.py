"""What a capable LLM writes at length keeps its form in every door's text, and its citations.

Twenty questions: steps, a list under headings, a comparison, a summary and a partial answer, in
four languages, through a fake LLM.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Sequence
from dataclasses import dataclass

import pytest

from index.settings import load_settings
from index.types import Hit, Passage
from rag.citations.labelling import label
from rag.composition.base import ComposerInput
from rag.composition.generative import LLMComposer
from rag.llm.base import ChatMessage
from rag.llm.facts import ModelFacts
from rag.schema import AnswerBody
from rag.settings import Settings
from rag.types import Answer, Support
from tests.helpers.composing import drained
from ui.service.plain_text import readable
from ui.viewer.safe_html import answer_html

pytestmark = pytest.mark.unit


@dataclass(frozen=True)
class Language:
    """Two documents of a language, and what words of it lead to a list and to what is missing."""

    one: tuple[str, ...]
    other: tuple[str, ...]
    lead: str
    head: str
    missing: str


LANGUAGES = {
    "en": Language(
        (
            "Open the lid of the pump.",
            "Press the red button for 10 seconds.",
            "The pump weighs 12 kilograms.",
        ),
        ("The valve weighs 3 kilograms.", "The valve is made of brass in Hamburg."),
        "These are the steps:",
        "The pump",
        "The documents do not state the price of the pump.",
    ),
    "de": Language(
        (
            "Öffnen Sie zuerst den Deckel der Pumpe.",
            "Drücken Sie den roten Knopf für 10 Sekunden.",
            "Die Pumpe wiegt mit dem Deckel 12 Kilogramm.",
        ),
        ("Das Ventil wiegt nur 3 Kilogramm.", "Das Ventil wird in Hamburg aus Messing gemacht."),
        "Das sind die Schritte:",
        "Die Pumpe",
        "Die Dokumente nennen den Preis der Pumpe nicht.",
    ),
    "fr": Language(
        (
            "Ouvrez le couvercle de la pompe.",
            "Appuyez sur le bouton rouge pendant 10 secondes.",
            "La pompe avec son couvercle pèse 12 kilogrammes.",
        ),
        ("La vanne ne pèse que 3 kilogrammes.", "La vanne est faite de laiton à Hambourg."),
        "Voici les étapes :",
        "La pompe",
        "Les documents ne mentionnent pas le prix de la pompe.",
    ),
    "es": Language(
        (
            "Abra la tapa de la bomba.",
            "Pulse el botón rojo durante 10 segundos.",
            "La bomba con su tapa pesa 12 kilogramos.",
        ),
        ("La válvula pesa solo 3 kilogramos.", "La válvula se hace de latón en Hamburgo."),
        "Estos son los pasos:",
        "La bomba",
        "Los documentos no mencionan el precio de la bomba.",
    ),
}


def bare(sentence: str) -> str:
    return sentence.rstrip(".")


def replies(words: Language) -> dict[str, str]:
    """A reply of each form."""
    one, other = words.one, words.other
    return {
        "steps": f"{words.lead}\n\n1. {bare(one[0])} [1].\n2. {bare(one[1])} [1].\n",
        "headings": (
            f"## {words.head}\n\n- {bare(one[2])} [1].\n- {bare(one[1])} [1]\n\n"
            f"{bare(other[0])} [2]."
        ),
        "compare": (
            f"| A | B |\n|---|---|\n| {bare(one[2])} [1] | {bare(other[0])} [2] |\n"
            f"| {bare(one[1])} [1] | {bare(other[1])} [2] |\n"
        ),
        "summary": f"{one[0]} [1] {one[2]} [1]\n\n{other[0]} [2] {other[1]} [2]",
        "partial": f"{bare(one[2])} [1]. {words.missing}",
    }


class Writes:
    """An LLM that replies with this text, cut in pieces."""

    name = "The LLM"

    def __init__(self, text: str) -> None:
        self._text = text

    def facts(self) -> ModelFacts:
        return ModelFacts()

    def stream(self, _: Sequence[ChatMessage]) -> Generator[str, None, None]:
        yield from re.findall(r".{1,7}", self._text, re.DOTALL)


def passage(name: str, sentences: Sequence[str]) -> Passage:
    text = " ".join(sentences)
    return Passage(name, name, name, "", text, 0, len(text), None, "d")


def answered(words: Language, reply: str) -> Answer:
    """The strict answer that is made of a reply."""
    hits = tuple(
        Hit(passage(name, sentences), 1.0, rank)
        for rank, (name, sentences) in enumerate(
            (("one.md", words.one), ("other.md", words.other)), start=1
        )
    )
    settings = load_settings(Settings, llm_url="http://stub.invalid/v1")
    composer = LLMComposer(settings, Writes(reply))
    _, draft = drained(composer.compose(ComposerInput("?", hits, ())))
    shown = label(draft, strict=True)
    text = f"{shown.text}\n\n{draft.closing}".strip()
    return Answer("?", "?", text, shown.statements, shown.citations, None, hits, "llm")


CASES = {
    f"{language} {form}": (words, form, reply)
    for language, words in LANGUAGES.items()
    for form, reply in replies(words).items()
}
TAGS = {
    "steps": {"<ol": 1, "<li": 2},
    "headings": {"<h4": 1, "<ul": 1, "<li": 2},
    "compare": {"<table": 1, "<tr": 3},
    "summary": {"<p": 2},
    "partial": {"<p": 2},
}


@pytest.mark.parametrize(("words", "form", "reply"), CASES.values(), ids=CASES)
def test_long_answer_keeps_its_form_and_citations_in_every_door(
    words: Language, form: str, reply: str
) -> None:
    answer = answered(words, reply)
    assert answer.statements
    for statement in answer.statements:
        assert (statement.support, bool(statement.citations)) == (Support.SUPPORTED, True)
    page = str(answer_html(answer, "t"))
    assert {tag: page.count(f"{tag}>") + page.count(f"{tag} ") for tag in TAGS[form]} == TAGS[form]
    for text in (readable(answer), AnswerBody.of(answer).text):
        plain = text.replace("\\", "")
        if form == "steps":
            assert words.lead in plain
            assert re.search(r"^1\. .+\n2\. .+", plain, re.MULTILINE)
        if form == "headings":
            assert words.head in plain
            assert re.search(r"^- .+\n- .+", plain, re.MULTILINE)
        if form == "compare":
            assert len(re.findall(r"^\|.*\|$", plain, re.MULTILINE)) == 4
        if form == "partial":
            assert words.missing in plain


def test_cases_are_twenty() -> None:
    assert len(CASES) == 20

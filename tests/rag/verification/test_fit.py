"""Whether an answer states what was asked for."""

from __future__ import annotations

import pytest

from eval.lab.perturb import quoted
from rag.types import Claim, Support
from rag.verification.fit import answers_question, fitted
from rag.verification.support import check_support

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("question", "statement", "fits"),
    [
        ("What is the size of the school's endowment?", "It is the largest of all.", False),
        ("What is the size of the school's endowment?", "It is 38 billion dollars.", True),
        ("How many desks are there?", "The desks are new.", False),
        ("How many desks are there?", "There are forty desks.", True),
        ("How many desks are there in room 12?", "Room 12 has desks.", False),
        ("How often do we meet?", "You meet weekly.", True),
        ("When was the bridge opened?", "The bridge was opened by a queen.", False),
        ("When was the bridge opened?", "It was opened in May.", True),
        ("Wann wurde die Brücke eröffnet?", "Die Brücke wurde von der Königin eröffnet.", False),
        ("Wann wurde die Brücke eröffnet?", "Sie wurde im März 1987 eröffnet.", True),
        ("Wie viele Tische gibt es in dem Raum?", "Die Tische sind neu und aus Holz.", False),
        ("Wie viele Tische gibt es in dem Raum?", "Es gibt dort vierzig Tische.", True),
        ("Combien de bureaux y a-t-il dans la salle ?", "Les bureaux sont neufs.", False),
        ("Combien de bureaux y a-t-il dans la salle ?", "Il y en a quarante.", True),
        ("Quand le pont a-t-il été ouvert ?", "Le pont a été ouvert par la reine.", False),
        ("¿Cuántas mesas hay en la sala?", "Las mesas son nuevas y de madera.", False),
        ("¿Cuántas mesas hay en la sala?", "En la sala hay cuarenta mesas.", True),
        ("¿Cuándo se abrió el puente?", "El puente se abrió en enero.", True),
        ("Why was it closed?", "It was closed because of the rain.", True),
    ],
)
def test_fit_is_of_the_kind_that_is_asked_for(question: str, statement: str, fits: bool) -> None:
    assert answers_question(question, [Claim(statement, ())]) is fits


@pytest.mark.parametrize(
    ("statement", "source", "fits"),
    [
        ("It has 85 desks.", "The Lisbon office has 85 desks.", False),
        ("It has 140 desks.", "The Hamburg office has 140 desks.", True),
        ("Hamburg has 140 desks.", "The office has 140 desks.", True),
    ],
)
def test_fit_is_about_what_the_question_names(statement: str, source: str, fits: bool) -> None:
    claims = [Claim(statement, (quoted(source),))]
    assert answers_question("How many desks does the office in Hamburg have?", claims) is fits


def test_check_of_what_only_stands_near_by_is_weak_at_most() -> None:
    source = "The bridge was opened by the queen in rain."
    claim = Claim(source, (quoted(source),))
    question = "When was the bridge opened?"
    assert fitted(check_support, question, [claim])(source, claim.quotes).support is Support.WEAK
    dated = Claim("It rained on 3 May.", (quoted("It rained on 3 May."),))
    check = fitted(check_support, question, [claim, dated])
    assert check(source, claim.quotes).support is Support.SUPPORTED

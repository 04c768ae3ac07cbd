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
        ("When was the bridge opened?", "It was opened by a decision of the council.", False),
        ("When was the bridge opened?", "The market was opened as a separate hall.", False),
        ("When does the office open?", "It opens on Mondays.", True),
        ("When does the office open?", "Sundry things are kept in the office.", False),
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


@pytest.mark.parametrize(
    ("question", "source", "fits"),
    [
        ("What was agreed on 9 May 2025?", "Minutes of 2 May 2025. The board agreed.", False),
        ("What was agreed on 9 May 2025?", "Minutes of 9 April 2025. The board agreed.", False),
        ("What was agreed on 9 May 2025?", "Minutes of 9 May 2025. The board agreed.", True),
        ("What does error 12 mean?", "Error 14 means that paper is missing.", False),
        ("What does error 12 mean?", "Error 12 means that paper is missing.", True),
        ("?", "Error 14 means that paper is missing.", True),
        ("May I carry 3 bags?", "You may carry at most two bags.", True),
        ("Was geschah am 4. März 1999?", "Am 7. März 1999 geschah nichts.", False),
    ],
)
def test_fit_is_about_the_date_and_the_number_that_a_question_names(
    question: str, source: str, fits: bool
) -> None:
    assert answers_question(question, [Claim(source, (quoted(source),))]) is fits


@pytest.mark.parametrize(
    ("question", "statement", "source", "fits"),
    [
        (
            "Is there a sauna in the Oslo hotel?",
            "The offices are in Oslo.",
            "The offices are in Oslo.",
            False,
        ),
        ("Is there a sauna in the hotel?", "Yes.", "The hotel has two saunas.", True),
        ("Can I smoke in the yard?", "Smoking is allowed there.", "Smoking is allowed.", True),
        ("Do you deliver to Norway?", "No.", "We deliver within the EU.", True),
        ("Gibt es eine Sauna in Oslo?", "Die Zentrale ist in Oslo.", "Die Zentrale ist da.", False),
        ("Gibt es eine Sauna in Oslo?", "Die Sauna ist im Keller.", "Die Sauna ist da.", True),
        ("Y a-t-il un sauna à Oslo ?", "Le siège est à Oslo.", "Le siège est à Oslo.", False),
        ("¿Hay una sauna en Oslo?", "La sede está en Oslo.", "La sede está en Oslo.", False),
        ("Is Ann Lee in Oslo?", "Ann Lee is in Oslo.", "Ann Lee is in Oslo.", True),
    ],
)
def test_fit_of_yes_or_no_is_about_what_is_asked_of_a_name(
    question: str, statement: str, source: str, fits: bool
) -> None:
    assert answers_question(question, [Claim(statement, (quoted(source),))]) is fits


def test_check_of_what_only_stands_near_by_is_weak_at_most() -> None:
    source = "The bridge was opened by the queen in rain."
    claim = Claim(source, (quoted(source),))
    question = "When was the bridge opened?"
    assert fitted(check_support, question, [claim])(source, claim.quotes).support is Support.WEAK
    dated = Claim("It rained on 3 May.", (quoted("It rained on 3 May."),))
    check = fitted(check_support, question, [claim, dated])
    assert check(source, claim.quotes).support is Support.SUPPORTED

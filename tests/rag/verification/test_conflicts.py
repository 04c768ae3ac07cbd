"""Documents that give different values, and the many pairs that only look as if they did."""

from __future__ import annotations

import pytest

from index.types import Hit, Passage
from rag.retrieval.answer_type import expected_answer_type
from rag.retrieval.sentences import RankedSentence
from rag.types import Claim, Draft, Quote
from rag.verification.conflicts import cite_conflict, find_conflict

pytestmark = pytest.mark.unit


def said(document: str, text: str, score: float = 1.5, passage: str = "") -> RankedSentence:
    whole = passage or text
    start = whole.index(text)
    found = Passage(f"{document}#0", document, document, "", whole, 0, len(whole), None, "digest")
    return RankedSentence(Quote(found, start, start + len(text)), Hit(found, 1.0, 1), score, 0.7)


def values(question: str, *sentences: RankedSentence) -> tuple[str, str] | None:
    found = find_conflict(question, expected_answer_type(question), sentences)
    return (found.one.value, found.other.value) if found else None


HOSTAGES = "In the first phase Hamas would release 33 hostages, among them women."


@pytest.mark.parametrize(
    ("question", "one", "other", "expected"),
    [
        ("How many hostages would Hamas release?", HOSTAGES, HOSTAGES.replace("33", "40"),
         ("33", "40")),
        ("What would happen in the first phase?", HOSTAGES, HOSTAGES.replace("33", "forty"),
         ("33", "forty")),
        ("When was the abbey of Ely founded?", "The abbey of Ely was founded in 673.",
         "The abbey of Ely was founded in 970.", ("673", "970")),
        ("How many seats does the Opera of Ely have?", "The Opera of Ely has 2.5 million seats.",
         "The Opera of Ely has 3.5 million seats.", ("2.5 million", "3.5 million")),
        ("When was the bridge of Ely built?", "The bridge of Ely was built by monks in 1345.",
         "It is said that in 1378 the monks of Ely built the bridge.", ("1345", "1378")),
        ("Where did the envoys of Egypt and Qatar meet to sign the treaty?",
         "The envoys of Egypt and Qatar met in Paris to sign the long treaty on trade.",
         "The envoys of Egypt and Qatar met in Doha to sign the long treaty on trade.",
         ("Paris", "Doha")),
    ],
)  # fmt: skip
def test_find_disagreement_names_both_values(
    question: str, one: str, other: str, expected: tuple[str, str]
) -> None:
    assert values(question, said("a.txt", one), said("b.txt", other, 1.4)) == expected


@pytest.mark.parametrize(
    ("question", "one", "other"),
    [
        # The same of two things, of which the question asks for one.
        ("How much does a season ticket for the Lido cost?",
         "A season ticket for the Lido costs 85 euros.",
         "A day ticket for the Lido costs 6 euros."),
        ("Which version of Kestrel does the server need?",
         "The server needs Kestrel version 3.2 or newer.",
         "The client needs Kestrel version 4.0 or newer."),
        # The same value, written otherwise.
        ("How many hostages would Hamas release?", HOSTAGES,
         HOSTAGES.replace("33", "thirty-three")),
        # Another thing: the question names it.
        ("How many hostages would Hamas release?", HOSTAGES,
         HOSTAGES.replace("Hamas", "Fatah").replace("33", "40")),
        # Other circumstances.
        ("How many visitors came to Ely?", "In 2019 the abbey of Ely had 40 visitors a day.",
         "In 2020 the abbey of Ely had 30 visitors a day."),
        # An estimate.
        ("How many hostages would Hamas release?", HOSTAGES,
         HOSTAGES.replace("33", "about 30")),
        # Not what is asked for.
        ("Who would release hostages in the first phase?", HOSTAGES, HOSTAGES.replace("33", "40")),
        # Two may have done it.
        ("Who took part in the talks?", "David Barnea took part in the talks in Paris.",
         "William Burns took part in the talks in Paris."),
        # The same of something else.
        ("When was the castle built?", "The castle of Warwick was built in 1068.",
         "The castle in Durham was built in 1072."),
        # One denies it.
        ("How many hostages would Hamas release?", HOSTAGES,
         HOSTAGES.replace("would release 33", "would not release 40")),
    ],
)  # fmt: skip
def test_find_disagreement_between_what_agrees_or_is_of_something_else_finds_none(
    question: str, one: str, other: str
) -> None:
    assert values(question, said("a.txt", one), said("b.txt", other, 1.4)) is None


def test_find_disagreement_within_one_document_or_with_a_far_worse_sentence_finds_none() -> None:
    question, changed = "How many hostages would Hamas release?", HOSTAGES.replace("33", "40")
    assert values(question, said("a.txt", HOSTAGES), said("a.txt", changed)) is None
    assert values(question, said("a.txt", HOSTAGES), said("b.txt", changed, 1.2)) is None


def test_find_disagreement_with_a_passage_that_gives_both_values_finds_none() -> None:
    changed = HOSTAGES.replace("33", "40")
    both = said("b.txt", changed, 1.4, f"It was 33 at first. {changed}")
    assert values("How many hostages would Hamas release?", said("a.txt", HOSTAGES), both) is None


def test_note_names_the_documents_and_their_values() -> None:
    pair = said("a.txt", HOSTAGES), said("b.txt", HOSTAGES.replace("33", "40"))
    found = find_conflict("How many hostages?", expected_answer_type("How many hostages?"), pair)
    assert found
    assert found.note == "The documents disagree: a.txt says “33”, b.txt says “40”."


def test_cite_both_adds_the_side_that_is_not_cited_and_the_note() -> None:
    question = "How many hostages would Hamas release?"
    one, other = said("a.txt", HOSTAGES), said("b.txt", HOSTAGES.replace("33", "40"))
    found = find_conflict(question, expected_answer_type(question), [one, other])
    draft = cite_conflict(Draft((Claim(HOSTAGES, (one.quote,)),), note="Cut off."), found)
    assert [claim.quotes for claim in draft.claims] == [(one.quote,), (other.quote,)]
    assert draft.note == "Cut off. The documents disagree: a.txt says “33”, b.txt says “40”."
    again = cite_conflict(draft, found)
    assert again.claims == draft.claims


def test_cite_both_leaves_a_draft_alone_that_says_nothing_or_is_not_contradicted() -> None:
    quote = said("a.txt", HOSTAGES).quote
    kept = Draft((Claim(HOSTAGES, (quote,)),))
    assert cite_conflict(kept, None) is kept
    found = find_conflict(
        "How many hostages?",
        expected_answer_type("How many hostages?"),
        [said("a.txt", HOSTAGES), said("b.txt", HOSTAGES.replace("33", "40"))],
    )
    assert cite_conflict(Draft((), declined=True), found) == Draft((), declined=True)

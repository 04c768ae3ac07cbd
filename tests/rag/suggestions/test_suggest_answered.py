"""Questions to start with: made from documents' words, and only such as are answered."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from index.catalog.reader import DocumentInfo
from index.types import Document, Hit, Passage
from rag.suggestions.suggest import candidates, example_questions, questions_about
from rag.types import Answer, AskOptions, Citation, Quote, Reason, Refusal, Statement, Support, Turn
from tests.helpers.documents import document_of
from tests.helpers.serving import FakeEngine

pytestmark = pytest.mark.unit

HOSTS = "Who hosts the talks?"


@pytest.mark.parametrize(
    ("sentence", "question"),
    [
        ("Some 14 villages remain without power.", "How many villages remain without power?"),
        ("More than two people were in the boat.", "How many people were in the boat?"),
        ("Mossad is the foreign intelligence agency of Israel.", "What is Mossad?"),
        ("The Rafah crossing, closed in May, is one of the gates.", "What is the Rafah crossing?"),
        ("Ada Lovelace was an English writer.", "Who was Ada Lovelace?"),
        ("David Barnea is the director of Mossad.", "Who is David Barnea?"),
    ],
)
def test_candidates_ask_for_what_a_sentence_tells(sentence: str, question: str) -> None:
    assert list(candidates(document_of("a.md", sentence))) == [question]


@pytest.mark.parametrize(
    "sentence",
    [
        "It is the largest of them all.",
        "This was a good year for the mill.",
        "Most are the same as before.",
        "Nobody knows what comes next.",
        "Two.",
    ],
)
def test_candidates_leave_what_says_nothing_alone(sentence: str) -> None:
    assert list(candidates(document_of("a.md", sentence))) == []


def test_candidates_put_headings_that_ask_first() -> None:
    text = f"# Title\n\n## {HOSTS}\n\nAda does.\n\n## The mill\n\nOslo is the capital of Norway."
    assert list(candidates(document_of("a.md", text))) == [
        HOSTS,
        "Tell me about the mill",
        "What is Oslo?",
    ]


def test_candidates_are_neither_too_short_nor_too_long_nor_twice_the_same() -> None:
    long = "Who " + "really " * 20 + "knows?"
    headings = ("Why?", long, "NATO", "NATO")
    text = "# Title\n\n" + "".join(f"## {each}\n\nNobody can say.\n\n" for each in headings)
    found = list(candidates(document_of("a.md", text)))
    assert found == ["Tell me about NATO"]


class Answering(FakeEngine):
    """Documents that each ask who hosts something; answers as told, from the document asked about
    or from `cites`, and notes every question.
    """

    def __init__(
        self,
        paths: Sequence[str],
        support: Support = Support.SUPPORTED,
        refuses: bool = False,
        cites: str = "",
    ) -> None:
        super().__init__()
        self.paths, self.support, self.refuses, self.cites = paths, support, refuses, cites
        self.asked: list[str] = []

    def documents(self) -> list[DocumentInfo]:
        failed = DocumentInfo("bad.pdf", "", 1, None, 0, "it is damaged", 0, ())
        good = [DocumentInfo(path, "", 1, None, 1, None, 0, ()) for path in self.paths]
        return [failed, *good]

    def document(self, path: str) -> Document:
        lines = [f"## Who hosts {path} number {number}?\n\nAda." for number in range(9)]
        return document_of(path, "\n\n".join(lines))

    def answer(
        self, question: str, turns: Sequence[Turn] = (), options: AskOptions = AskOptions()
    ) -> Answer:
        self.asked.append(question)
        path = self.cites or question.split()[2]
        cited = Passage("p", path, "", "", "Ada.", 0, 4, None, "d")
        refusal = Refusal(Reason.NO_EVIDENCE, "No.") if self.refuses else None
        return Answer(
            question,
            question,
            "Ada. [1]",
            (Statement("Ada.", (1,), self.support),),
            (Citation(1, Quote(cited, 0, 4)),),
            refusal,
            (Hit(cited, 0.5, 1),),
            "quotes",
        )


def test_example_questions_come_from_one_document_each_all_over_the_corpus() -> None:
    engine = Answering([f"{number:02}.md" for number in range(60)])
    found = example_questions(engine, 4)
    assert found == [f"Who hosts {number}.md number 0?" for number in ("00", "05", "10", "15")]
    assert engine.asked == found


def test_example_questions_of_few_documents_are_as_many_as_there_are() -> None:
    assert len(example_questions(Answering(["a.md", "b.md"]), 4)) == 2
    assert example_questions(Answering([]), 4) == []


@pytest.mark.parametrize(
    "engine",
    [
        Answering(["a.md"], refuses=True),
        Answering(["a.md"], support=Support.WEAK),
        Answering(["a.md"], cites="other.md"),
    ],
    ids=["refused", "weak", "elsewhere"],
)
def test_example_questions_that_are_not_answered_are_not_offered(engine: Answering) -> None:
    assert example_questions(engine, 4) == []
    assert len(engine.asked) == 4


def test_questions_about_a_document_are_up_to_so_many_and_none_that_is_known() -> None:
    engine = Answering(["a.md"])
    found = questions_about(engine, "a.md", 3, known=["Who hosts a.md number 1?"])
    assert found == [f"Who hosts a.md number {number}?" for number in (0, 2, 3)]

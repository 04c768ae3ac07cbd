"""What a summary is asked of."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from index.catalog.reader import DocumentInfo
from index.text.analyzer import analyze
from index.text.tokenizer import stopwords_of
from rag.summaries.target import named_documents, names_only_a_file

pytestmark = pytest.mark.unit


def info(path: str, title: str) -> DocumentInfo:
    return DocumentInfo(path, title, 10, None, 1, None, 0, ())


FOLDER = [
    info("hr/handbook.md", "Employee handbook"),
    info("notes.txt", "Board minutes"),
    info("board-minutes.md", "Minutes of the board"),
    info("api.md", "The interface"),
    info("how-we-work.md", "How we work"),
    info("managing-work-devices.md", "Managing devices"),
]


def named(question: str, documents: Sequence[DocumentInfo] = FOLDER) -> list[str]:
    def terms(text: str) -> list[str]:
        return [term for term in analyze(text)[0] if term not in stopwords_of("en")]

    found = named_documents(question, documents, terms)
    return [document.path for document in found]


@pytest.mark.parametrize(
    ("question", "paths"),
    [
        ("Summarise handbook.md", ["hr/handbook.md"]),
        ("Summarise the employee handbook", ["hr/handbook.md"]),
        ("Give me an overview of notes.txt", ["notes.txt"]),
        ("What is in the board minutes?", ["notes.txt", "board-minutes.md"]),
        ("Summarise the travel rules", []),
        ("What is the document on work devices about?", ["managing-work-devices.md"]),
        ("Sum up how we work", ["how-we-work.md"]),
    ],
)
def test_documents_named_by_path_stem_or_title_are_found(question: str, paths: list[str]) -> None:
    assert named(question) == paths


MEETINGS = [
    info("minutes/team-meeting-2025-02-11.md", "Team meeting, 11 February 2025"),
    info("minutes/team-meeting-2025-05-20.md", "TEAM MEETING 20 MAY 2025 (upstairs)"),
    info("minutes/2025-06-10-committee.docx", "Minutes"),
    info("fees-may-2025.md", "Fees from 1 May 2025"),
]


@pytest.mark.parametrize(
    ("question", "path"),
    [
        ("Can you sum up the team meeting in May?", "minutes/team-meeting-2025-05-20.md"),
        ("Summarise the team meeting of 11 February", "minutes/team-meeting-2025-02-11.md"),
        ("What was the committee about in June 2025?", "minutes/2025-06-10-committee.docx"),
    ],
)
def test_document_of_the_date_that_is_asked_for_goes_before_others_of_its_name(
    question: str, path: str
) -> None:
    assert named(question, MEETINGS) == [path]


def test_documents_of_another_date_are_named_as_without_one() -> None:
    assert named("Sum up the team meeting in July", MEETINGS) == named(
        "Sum up the team meeting", MEETINGS
    )


def test_question_of_a_file_name_alone_is_told_from_one_about_a_topic_in_it() -> None:
    assert names_only_a_file("What is in api.md?", lambda: FOLDER)
    assert names_only_a_file("api.md", lambda: FOLDER)
    assert not names_only_a_file("What does api.md say on zeppelins?", lambda: FOLDER)
    assert not names_only_a_file("What is the interface?", lambda: FOLDER)


@pytest.mark.parametrize(
    "question",
    ["What does api.md say on zeppelins?", "Is 2.5 enough?", "It leaks. What now?", "Who is it?"],
)
def test_question_that_cannot_end_in_a_file_name_does_not_list_the_documents(question: str) -> None:
    def fail() -> list[DocumentInfo]:
        raise AssertionError

    assert not names_only_a_file(question, fail)

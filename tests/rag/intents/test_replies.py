"""Replies about Footnote and its documents."""

from __future__ import annotations

import pytest

from index.catalog.reader import DocumentInfo
from rag.intents.classifier import Intent
from rag.intents.replies import document_list, documents_about_text, reply_text, topic_terms

pytestmark = pytest.mark.unit


def info(path: str, title: str = "", pages: int | None = None, failure: str = "") -> DocumentInfo:
    return DocumentInfo(path, title, 10, pages, 1, failure or None, 0, ())


FOLDER = [
    info("a.md", "Leave"),
    info("b.md", "b"),
    info("c.pdf", "Prices", 3),
    info("d.xyz"),
    info("e", failure="is no text"),
]


def test_documents_reply_counts_kinds_and_lists_paths_titles_and_pages() -> None:
    assert reply_text(Intent.DOCUMENTS, FOLDER) == (
        "There are 4 documents: 2 Markdown files, 1 PDF, 1 XYZ file.\n\n"
        "- a.md: Leave\n- b.md\n- c.pdf: Prices, 3 pages\n- d.xyz"
    )


def test_greeting_says_what_can_be_asked_about() -> None:
    assert reply_text(Intent.GREETING, FOLDER[:1]) == (
        "Hello! Ask me anything about the documents: there is 1 document: 1 Markdown file."
    )


def test_replies_over_an_empty_index_name_the_next_command_but_thanks_do_not() -> None:
    said = "Nothing is indexed yet; run: footnote index FOLDER"
    for intent in (Intent.GREETING, Intent.SELF, Intent.DOCUMENTS):
        assert reply_text(intent, FOLDER[4:]) == said
    assert reply_text(Intent.THANKS, []) == "You're welcome. Ask on whenever you like."


def test_document_list_beyond_thirty_counts_the_rest() -> None:
    lines = document_list([info(f"{n:03}.md") for n in range(1032)]).split("\n")
    assert len(lines) == 31
    assert lines[-1] == "- and 1,002 more"


def test_documents_about_nothing_say_so() -> None:
    assert documents_about_text([]) == "None of the documents seems to be about that."
    assert documents_about_text(FOLDER[:1]) == "These documents fit best:\n\n- a.md: Leave"


def test_topic_terms_are_the_words_that_such_questions_are_not_put_in() -> None:
    def terms(text: str) -> list[str]:
        return [word for word in text.split() if word not in {"are", "which", "do"}]

    found = topic_terms("Which documents are about zeppelins?", Intent.DOCUMENTS_ABOUT, terms)
    assert "zeppelins" in found
    assert "documents" not in found
    assert topic_terms("Which documents do you have?", Intent.DOCUMENTS, terms) == []
    assert topic_terms("Can you help me with a badge?", Intent.SELF, terms)[-1] == "badge"


def test_topic_terms_of_a_greeting_are_those_of_words_alone() -> None:
    assert topic_terms("zeppelins", Intent.GREETING, str.split) == ["zeppelins"]
    assert topic_terms("hello zeppelins", Intent.GREETING, str.split) == []

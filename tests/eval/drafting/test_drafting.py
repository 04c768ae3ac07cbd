"""Gold candidates: from documents by rules, from an LLM's words, from readers' ratings."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path

import pytest
from click.testing import CliRunner
from pytest_socket import enable_socket

from eval.cli import group
from eval.datasets.gold import GoldItem, Want
from eval.datasets.load import load_gold
from eval.drafting.feedback import UNKNOWN, from_feedback, load_feedback
from eval.drafting.llm import (
    DocumentPart,
    LLMQuestion,
    document_parts,
    draft_with,
    rejection_reason,
)
from eval.drafting.rules import absent
from eval.drafting.rules import candidates as candidates_of
from index.errors import ConfigError
from index.types import Document
from rag.llm.client import OpenAICompatibleLLM
from rag.llm.errors import LLMError
from tests.helpers.documents import document_of
from tests.helpers.fake_llm import FakeLLM, fails, streams

pytestmark = pytest.mark.unit

BRIDGE = "The old bridge was opened in 1932. The ferry takes forty minutes to cross the wide bay."
HARBOUR = "The harbour employs 33 pilots in every season. Anna Lindqvist leads the harbour office."


def document(path: str, text: str) -> Document:
    return Document(path, path, text, "digest")


def test_candidates_stand_word_for_word_in_their_document() -> None:
    made = candidates_of([document("a.md", "Intro.\n\n" + BRIDGE)], 9)
    assert [(item.question, item.answers, item.kind) for item in made] == [
        ("When was the old bridge opened?", ("1932",), "date"),
        ("How long does the ferry take to cross the wide bay?", ("forty minutes",), "fact"),
    ]
    for item in made:
        (evidence,) = item.evidence
        assert evidence.quote is not None
        assert evidence.quote in BRIDGE
        assert item.answers[0] in evidence.quote
        assert (item.tags, item.want) == (("draft",), Want.ANSWER)


def test_candidates_have_the_same_id_every_time() -> None:
    first, again = ([i.id for i in candidates_of([document("a.md", BRIDGE)], 9)] for _ in range(2))
    assert first == again
    assert len(set(first)) == 2


def test_candidates_over_a_table_ask_for_all_rows_that_pass_and_no_other() -> None:
    table = document_of(
        "prices.csv", "product,price EUR,stock\nPump,349,0\nValve,27.5,3\nFilter,9,4\n"
    )
    made = {item.question: item for item in candidates_of([table], 30)}
    gone = made["Which product is out of stock?"]
    assert gone.kind == "table-filter"
    assert re.search(gone.must[0], "The Pump is out of stock.")
    assert not re.search(gone.must[0], "The Pumps are.")
    assert [bool(re.search(pattern, "A Valve")) for pattern in gone.must_not] == [True, False]
    assert made["Which product is the most expensive?"].evidence == ()


def test_absent_questions_are_about_other_documents_and_to_be_refused() -> None:
    here = [document("a.md", BRIDGE)]
    other = [document("b.md", "The harbour employs 33 pilots in every season.")]
    (item,) = absent(here, other, 5)
    assert (item.question, item.answerable, item.want) == (
        "How many pilots does the harbour employ?",
        False,
        Want.REFUSE,
    )
    assert (item.kind, item.tags) == ("absent", ("draft", "check"))
    assert absent(other, other, 5) == []


def test_absent_questions_without_another_folder_are_general_ones_first() -> None:
    made = absent([document("a.md", BRIDGE)], [], 3)
    assert [item.question for item in made] == [
        "What is the capital of Norway?",
        "Who wrote Pride and Prejudice?",
        "How long do I bake a sourdough loaf?",
    ]


def test_parts_of_documents_come_in_turn_and_are_whole_sentences() -> None:
    sentence = "The harbour employs many pilots in every season of the year. "
    documents = [document("a.md", sentence * 60), document("b.md", sentence * 5)]
    found = list(document_parts(documents))
    assert [part.document for part in found[:3]] == ["a.md", "b.md", "a.md"]
    assert all(part.text.endswith("year.") and len(part.text) <= 1300 for part in found)


WRITTEN = {
    "question": "In which year could people first cross?",
    "answer": "1932",
    "evidence": "The old bridge was opened in 1932.",
}


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({}, ""),
        ({"evidence": "The old bridge opened in 1932."}, "evidence is not in the document"),
        ({"answer": "1933"}, "answer is not in the evidence"),
        ({"question": "Was it 1932 or later?"}, "question gives the answer away"),
        ({"question": "Tell me of the bridge."}, "no question"),
    ],
)
def test_rejection_reason_of_an_llm_question_is_named(changes: dict[str, str], reason: str) -> None:
    written = LLMQuestion.model_validate({**WRITTEN, **changes})
    assert rejection_reason(written, DocumentPart("a.md", BRIDGE)) == reason


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("{", "line 2: .*Invalid JSON"),
        ('{"question": "q", "answer": "a", "rating": "meh"}', "line 2: rating: Input should be"),
    ],
)
def test_load_feedback_with_a_bad_line_names_it(tmp_path: Path, line: str, reason: str) -> None:
    path = tmp_path / "feedback.jsonl"
    path.write_text(f"\n{line}\n", encoding="utf-8")
    with pytest.raises(ConfigError, match=reason):
        load_feedback(path)


def rated(path: Path, *lines: dict[str, object]) -> Path:
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return path


CITED = [{"document": "a.md", "quote": "The old bridge was opened in 1932.", "label": 1}]
ANSWERED: dict[str, object] = {
    "question": "When was the bridge opened?",
    "turns": [{"question": "Which bridge?", "answer": "The old one."}],
    "answer": "The old bridge was opened in 1932. [1]",
    "citations": CITED,
    "rating": "up",
    "reason": "",
    "time": "2026-11-22T10:00:00+00:00",
}


def candidates(path: Path, *lines: dict[str, object]) -> Sequence[GoldItem]:
    return from_feedback(load_feedback(rated(path, *lines)), {"a.md": BRIDGE}).items


def test_feedback_of_a_good_answer_keeps_its_fact_and_evidence(tmp_path: Path) -> None:
    (item,) = candidates(tmp_path / "f", ANSWERED)
    assert item.answers == ("1932",)
    assert [evidence.quote for evidence in item.evidence] == [CITED[0]["quote"]]
    assert item.turns[0].question == "Which bridge?"
    assert item.tags == ("draft", "feedback", "up", "check")


def test_feedback_of_a_bad_answer_waits_for_the_right_one(tmp_path: Path) -> None:
    (item,) = candidates(tmp_path / "f", {**ANSWERED, "rating": "down"})
    assert (item.answers, item.evidence, item.answerable) == ((UNKNOWN,), (), True)


@pytest.mark.parametrize(("rating", "answerable"), [("up", False), ("down", True)])
def test_feedback_of_a_refusal_tells_whether_it_was_right(
    tmp_path: Path, rating: str, answerable: bool
) -> None:
    (item,) = candidates(tmp_path / "f", {**ANSWERED, "citations": [], "rating": rating})
    assert item.answerable is answerable


def test_feedback_last_rating_of_an_answer_holds(tmp_path: Path) -> None:
    (item,) = candidates(tmp_path / "f", {**ANSWERED, "rating": "down"}, ANSWERED)
    assert item.answers == ("1932",)


def test_feedback_quote_that_is_gone_is_counted_and_not_kept(tmp_path: Path) -> None:
    loaded = load_feedback(rated(tmp_path / "f", ANSWERED))
    made = from_feedback(loaded, {"a.md": "Another text."})
    assert (made.stale, made.unknown, made.items[0].evidence) == (1, 1, ())


def test_draft_command_writes_a_gold_file_that_eval_takes(tmp_path: Path) -> None:
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    (corpus / "a.md").write_text(BRIDGE, encoding="utf-8")
    (corpus / "b.md").write_text(HARBOUR, encoding="utf-8")
    out = tmp_path / "gold.jsonl"
    command = ["draft", "--corpus", str(corpus), "-n", "5", "--out", str(out)]
    done = CliRunner().invoke(group, command)
    assert done.exit_code == 0, done.output
    assert f"5 candidates from 2 documents: {out}" in done.output
    assert "1 have no answer, as far as code can tell" in done.output
    assert all("draft" in item.tags for item in load_gold(out).items)
    again = CliRunner().invoke(group, command)
    assert again.exit_code == 2
    assert "is already there" in again.output


def test_draft_command_finds_nothing_in_documents_without_facts(tmp_path: Path) -> None:
    (tmp_path / "c").mkdir()
    (tmp_path / "c" / "a.md").write_text("Nothing to see.", encoding="utf-8")
    command = ["draft", "--corpus", str(tmp_path / "c"), "--out", str(tmp_path / "gold.jsonl")]
    done = CliRunner().invoke(group, command)
    assert done.exit_code == 2
    assert "nothing to ask was found" in done.output


@pytest.fixture
def _sockets() -> None:
    """The fake server listens on this machine."""
    enable_socket()


LONG = (BRIDGE + " ") * 4


@pytest.mark.usefixtures("_sockets")
def test_draft_with_an_llm_keeps_what_stands_in_the_document() -> None:
    invented = {**WRITTEN, "answer": "1933"}
    fake = FakeLLM([streams(json.dumps(invented)), streams("no"), streams(json.dumps(WRITTEN))])
    documents = [document("a.md", LONG), document("b.md", LONG)]
    made = draft_with(OpenAICompatibleLLM(fake.url, "m", backoff=()), documents, 5)
    fake.close()
    assert [item.question for item in made.items] == [WRITTEN["question"]]
    assert made.items[0].evidence[0].document == "b.md"
    assert made.dropped == {"answer is not in the evidence": 1}


@pytest.mark.usefixtures("_sockets")
def test_draft_with_an_llm_that_is_down_says_so() -> None:
    fake = FakeLLM([fails(401, "bad key")])
    with pytest.raises(LLMError, match="refused the key"):
        draft_with(OpenAICompatibleLLM(fake.url, "m", backoff=()), [document("a.md", LONG)], 5)
    fake.close()


def test_draft_command_of_a_folder_with_a_file_that_fails_lists_it(tmp_path: Path) -> None:
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    (corpus / "a.md").write_text(BRIDGE, encoding="utf-8")
    (corpus / "link.md").symlink_to(tmp_path / "elsewhere.md")
    command = ["draft", "--corpus", str(corpus), "--out", str(tmp_path / "gold.jsonl")]
    done = CliRunner().invoke(group, command)
    assert done.exit_code == 3
    assert done.stderr.startswith("not read: link.md: ")
    assert (tmp_path / "gold.jsonl").is_file()

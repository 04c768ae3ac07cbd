"""Gold candidates: from documents by rules, from an LLM's words, from readers' ratings."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from click.testing import CliRunner
from pytest_socket import enable_socket

from eval.cli import group
from eval.datasets.gold import GoldItem
from eval.datasets.load import load_gold
from eval.drafting.extractive import chosen, facts, item_of, questions, unanswerable
from eval.drafting.feedback import UNKNOWN, from_feedback, load_feedback
from eval.drafting.llm import DocumentPart, LLMQuestion, draft_with, fault_of, parts
from index.errors import ConfigError
from index.types import Document
from rag.llm.client import OpenAICompatibleLLM
from rag.llm.errors import LLMError
from rag.retrieval.answer_type import AnswerType
from tests.helpers.fake_llm import FakeLLM, fails, streams

pytestmark = pytest.mark.unit

BRIDGE = "The old bridge was opened in 1932. The ferry takes forty minutes to cross the wide bay."
HARBOUR = "The harbour employs 33 pilots in every season. Anna Lindqvist leads the harbour office."


def document(path: str, text: str) -> Document:
    return Document(path, path, text, "digest")


@pytest.mark.parametrize(
    ("sentence", "question", "answer", "kind"),
    [
        (
            "The old bridge was opened in 1932.",
            "When was the old bridge opened?",
            "1932",
            AnswerType.TIME,
        ),
        (
            "Three officials were asked to leave the building.",
            "How many officials were asked to leave the building?",
            "Three officials",
            AnswerType.COUNT,
        ),
        (
            "Anna Lindqvist leads the harbour office.",
            "Who or what leads the harbour office?",
            "Anna Lindqvist",
            AnswerType.NAME,
        ),
        (
            "Yesterday Anna Lindqvist, the head of the harbour office, met the pilots.",
            None,
            None,
            None,
        ),
        (
            "The pilots met with Anna Lindqvist, the head of the harbour office, at noon.",
            "Who is the head of the harbour office?",
            "Anna Lindqvist",
            AnswerType.NAME,
        ),
        (
            "A truce is a pause in the fighting, agreed by both sides.",
            "What is a truce?",
            "a pause in the fighting",
            AnswerType.ANY,
        ),
        (
            "The ferry takes forty minutes to cross the bay.",
            "The ferry takes how long to cross the bay?",
            "forty minutes",
            AnswerType.SPAN,
        ),
        (
            "The repair of the bridge cost $2.5 million in the end.",
            "The repair of the bridge cost how much money in the end?",
            "$2.5 million",
            AnswerType.MONEY,
        ),
        (
            "About 12% of the passengers pay nothing at all.",
            "About what percentage of the passengers pay nothing at all?",
            "12%",
            AnswerType.NUMBER,
        ),
        (
            "The latest round of talks took place in Cairo.",
            "The latest round of talks took place in which place?",
            "Cairo",
            AnswerType.NAME,
        ),
    ],
)
def test_questions_of_a_sentence_ask_for_its_best_fact(
    sentence: str, question: str | None, answer: str | None, kind: AnswerType | None
) -> None:
    first = next(iter(questions(sentence)), None)
    assert (first and (first.question, first.answer, first.kind)) == (
        question and (question, answer, kind)
    )


@pytest.mark.parametrize(
    "sentence",
    [
        "The three officials spoke to nobody about the plan.",
        "Of the two bridges one is closed to lorries now.",
        "She met the pilots in Cairo before the summer began.",
        "The ferry takes forty minutes, and forty minutes is long.",
        "Talks failed after a long night without any result.",
        "The final three minutes decided the match in the end.",
    ],
)
def test_questions_of_a_sentence_that_leans_or_states_nothing_are_none(sentence: str) -> None:
    assert questions(sentence) == []


@pytest.mark.parametrize(
    "text",
    [
        "He was born in 1932 in a small town.",
        "However, the bridge was opened in 1932 by the king.",
        "Was the old bridge opened in 1932 by the king?",
        "the old bridge was opened in 1932 by the king.",
        "Opened in 1932.",
        "| The old bridge | was opened | in 1932 by the king.",
        "The old bridge (built by two brothers was opened in 1932.",
    ],
)
def test_facts_of_sentences_that_do_not_stand_alone_are_left_out(text: str) -> None:
    assert list(facts(document("a.md", text))) == []


def test_item_of_a_fact_stands_word_for_word_in_its_document() -> None:
    made = [item_of(fact) for fact in facts(document("a.md", "Intro.\n\n" + BRIDGE))]
    assert [(item.question, item.answers) for item in made] == [
        ("When was the old bridge opened?", ("1932",)),
        ("The ferry takes how long to cross the wide bay?", ("forty minutes",)),
    ]
    for item in made:
        (evidence,) = item.evidence
        assert evidence.quote is not None
        assert evidence.quote in BRIDGE
        assert item.answers[0] in evidence.quote
        assert item.tags[0] == "draft"


def test_item_of_a_fact_has_the_same_id_every_time() -> None:
    first, again = (
        [item_of(fact).id for fact in facts(document("a.md", BRIDGE))] for _ in range(2)
    )
    assert first == again
    assert len(set(first)) == 2


def test_chosen_takes_documents_in_turn_and_a_repeated_sentence_once() -> None:
    documents = [
        document("a.md", BRIDGE),
        document("b.md", "The old bridge was opened in 1932."),
        document("c.md", HARBOUR),
    ]
    assert [fact.document for fact in chosen(documents, 3)] == ["a.md", "c.md", "a.md"]
    assert len(chosen(documents, 100)) == 4


def test_chosen_puts_natural_questions_before_cloze_ones() -> None:
    ferry, bridge = reversed(BRIDGE.split(". ", 1))
    found = chosen([document("a.md", f"{ferry} {bridge}.")], 2)
    assert [fact.asked.natural for fact in found] == [True, False]


def test_unanswerable_asks_a_name_of_another_document_that_no_sentence_answers() -> None:
    one = document(
        "a.md", "The talks were led by Egypt. The mayor of Alexandria was chosen in 1999."
    )
    other = document("b.md", "The new harbour at Rotterdam was built by brothers.")
    made = unanswerable(chosen([one, other], 9), [one, other], 5)
    assert [(item.question, item.answerable, item.tags) for item in made] == [
        (
            "When was the mayor of Rotterdam chosen?",
            False,
            ("draft", "unanswerable", "check"),
        )
    ]
    said = document("c.md", "In Rotterdam the mayor is chosen by the council.")
    assert unanswerable(chosen([one, other], 9), [one, other, said], 5) == []


def test_parts_of_documents_come_in_turn_and_are_whole_sentences() -> None:
    sentence = "The harbour employs many pilots in every season of the year. "
    documents = [document("a.md", sentence * 60), document("b.md", sentence * 5)]
    found = list(parts(documents))
    assert [part.document for part in found[:3]] == ["a.md", "b.md", "a.md"]
    assert all(part.text.endswith("year.") and len(part.text) <= 1300 for part in found)


WRITTEN = {
    "question": "In which year could people first cross?",
    "answer": "1932",
    "evidence": "The old bridge was opened in 1932.",
}


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({}, ""),
        ({"evidence": "The old bridge opened in 1932."}, "evidence is not in the document"),
        ({"answer": "1933"}, "answer is not in the evidence"),
        ({"question": "Was it 1932 or later?"}, "question gives the answer away"),
        ({"question": "Tell me of the bridge."}, "no question"),
    ],
)
def test_fault_of_what_an_llm_wrote_is_named(changes: dict[str, str], fault: str) -> None:
    written = LLMQuestion.model_validate({**WRITTEN, **changes})
    assert fault_of(written, DocumentPart("a.md", BRIDGE)) == fault


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("{", "line 2: .*Invalid JSON"),
        ('{"question": "q", "answer": "a", "rating": "meh"}', "line 2: rating: Input should be"),
    ],
)
def test_load_feedback_with_a_bad_line_names_it(tmp_path: Path, line: str, fault: str) -> None:
    path = tmp_path / "feedback.jsonl"
    path.write_text(f"\n{line}\n", encoding="utf-8")
    with pytest.raises(ConfigError, match=fault):
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
    command = ["draft", "--corpus", str(corpus), "-n", "4", "--out", str(out)]
    done = CliRunner().invoke(group, command)
    assert done.exit_code == 0, done.output
    assert f"4 candidates from 2 documents: {out}" in done.output
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

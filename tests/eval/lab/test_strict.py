"""What strict mode keeps of an LLM: replies kept on disk, statements judged, the report."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from pytest_socket import enable_socket

from eval.datasets.gold import GoldItem, GoldSet
from eval.lab.strict import (
    CachedLLM,
    ModeResult,
    StatementVerdict,
    StrictReport,
    lines,
    sample_questions,
    statement_verdicts,
)
from index.errors import ConfigError
from index.settings import load_settings
from index.types import Passage
from rag.llm.base import ChatMessage
from rag.llm.errors import LLMError
from rag.settings import Settings
from rag.types import Answer, Citation, Quote, Statement, Support
from tests.helpers.fake_llm import Start, cuts, fails, starting, streams
from ui.cli import main

BRIDGE = "The bridge was opened in 1931 after nine years of work."
FERRY = "The ferry crosses the bay in forty minutes."
TEXT = f"{BRIDGE} {FERRY}"
QUESTION = [ChatMessage("user", "When was the bridge opened?")]


@pytest.fixture
def start(_no_sockets: None) -> Iterator[Start]:
    """Starts fake LLMs on this machine's loopback."""
    enable_socket()
    with starting() as make:
        yield make


def replies(url: str, path: Path) -> CachedLLM:
    return CachedLLM(
        load_settings(Settings, llm_url=url, llm_model="small"), path / "replies.jsonl"
    )


def run(folder: Path, url: str, *options: str) -> Result:
    """The command on a set of one question, with a server at an address."""
    question = {"id": "q", "question": "When was the bridge opened?", "answers": [{"text": "1931"}]}
    squad = {"data": [{"title": "Bay", "paragraphs": [{"context": TEXT, "qas": [question]}]}]}
    (folder / "gold.json").write_text(json.dumps(squad), encoding="utf-8")
    command = ["--data", str(folder / "data"), "eval", "strict", str(folder / "gold.json")]
    settings = {"FOOTNOTE_LLM_URL": url, "FOOTNOTE_LLM_MODEL": "small"}
    return CliRunner().invoke(main, [*command, *options], env=settings)


@pytest.mark.unit
def test_replies_that_were_kept_are_not_asked_for_again(start: Start, tmp_path: Path) -> None:
    server = start(streams("In ", "1931."), streams("At noon."))
    assert list(replies(server.url, tmp_path).stream(QUESTION)) == ["In ", "1931."]
    with (tmp_path / "replies.jsonl").open("a") as file:
        file.write('["a run that was killed wh')
    again = replies(server.url, tmp_path)
    assert list(again.stream(QUESTION)) == ["In ", "1931."]
    assert list(again.stream([ChatMessage("user", "And the ferry?")])) == ["At noon."]


@pytest.mark.unit
def test_replies_that_were_left_or_cut_off_are_kept_as_far_as_they_came(
    start: Start, tmp_path: Path
) -> None:
    server = start(streams("In ", "1931."), cuts("At noon."))
    stream = replies(server.url, tmp_path).stream(QUESTION)
    assert next(stream) == "In "
    stream.close()
    cut = [ChatMessage("user", "And the ferry?")]
    for _ in range(2):
        again = replies(server.url, tmp_path)
        assert list(again.stream(QUESTION)) == ["In "]
        pieces = again.stream(cut)
        assert next(pieces) == "At noon."
        with pytest.raises(LLMError, match="broke off in the middle"):
            next(pieces)


@pytest.mark.unit
def test_replies_of_a_server_that_says_nothing_are_not_kept(start: Start, tmp_path: Path) -> None:
    server = start(fails(401), streams("In 1931."))
    with pytest.raises(LLMError, match="refused the key"):
        list(replies(server.url, tmp_path).stream(QUESTION))
    assert list(replies(server.url, tmp_path).stream(QUESTION)) == ["In 1931."]


@pytest.mark.unit
def test_stated_tells_what_holds_of_each_statement() -> None:
    passage = Passage("p", "d.txt", "d", "Bridges", TEXT, 0, len(TEXT), None, "digest")
    item = GoldItem(id="q", question="When was it opened?", answers=("1931",))
    quote, other = Quote(passage, 0, len(BRIDGE)), Quote(passage, len(BRIDGE) + 1, len(TEXT))
    said = (
        Statement("The bridges: after nine years of work.", (1,), Support.SUPPORTED),
        Statement("The Bridges ferry was opened in 1931.", (2,), Support.WEAK),
        Statement("It was built in 1931.", (2, 1), Support.SUPPORTED),
    )
    citations = (Citation(1, quote), Citation(2, other))
    answer = Answer("q", "q", "", said, citations, None, (), "llm")
    found = list(statement_verdicts(item, answer))
    assert [one.quotes for one in found] == [(BRIDGE,), (FERRY,), (FERRY, BRIDGE)]
    assert [one.in_passage for one in found] == [True, True, False]
    assert [one.cites_answer for one in found] == [True, False, True]
    assert [one.says_answer for one in found] == [False, True, True]
    assert [one.true for one in found] == [True, False, False]


@pytest.mark.unit
def test_drawn_questions_have_answers_and_are_the_same_each_time() -> None:
    items = [GoldItem(id=f"q{n}", question="?", answers=("x",)) for n in range(20)]
    gold = GoldSet("g", (*items, GoldItem(id="no", question="?", answerable=False)), ())
    assert sample_questions(gold, 7) == sample_questions(gold, 7)
    assert len({item.id for item in sample_questions(gold, 7)}) == 7
    assert sorted(item.id for item in sample_questions(gold, 99)) == sorted(
        item.id for item in items
    )
    with pytest.raises(ConfigError, match="no questions with answers"):
        sample_questions(GoldSet("g", gold.items[-1:], ()), 7)


@pytest.mark.unit
def test_lines_give_shares_of_the_statements_of_each_mode() -> None:
    true = StatementVerdict("q", "a", Support.SUPPORTED, ("a",), True, True, False)
    false = StatementVerdict("q", "b", Support.UNSUPPORTED, (), False, False, False)
    shown = {"strict": ModeResult(0, ()), "not strict": ModeResult(2, (true, false, false, false))}
    said = list(lines(StrictReport(3, 2, 5, shown)))
    assert said[0] == "3 questions; the LLM wrote 5 statements in 2 answers"
    table = {line[:42].strip(): line[42:].split() for line in said[2:]}
    assert table == {
        "": ["strict", "not", "strict"],
        "answers shown": ["0", "2"],
        "statements shown": ["0", "4"],
        "supported by the check": ["-", "0.250"],
        "each word in one passage it cites": ["-", "0.250"],
        "true: both of these": ["-", "0.250"],
        "a quote it cites holds a gold answer": ["-", "0.250"],
        "it holds a gold answer itself": ["-", "0.000"],
        "true, and a quote holds a gold answer": ["-", "0.250"],
    }


@pytest.mark.model
def test_strict_counts_what_a_server_wrote_and_goes_on_without_it(
    start: Start, tmp_path: Path
) -> None:
    wrote = "The bridge was opened in 1931. The bridge was opened by King Olav in Bergen."
    server = start(streams(wrote))
    first, second = (run(tmp_path, server.url, "--json") for _ in "12")
    assert (first.exit_code, first.stdout) == (0, second.stdout)
    report = json.loads(first.stdout)
    assert (report["questions"], report["replies"], report["written"]) == (1, 1, 2)
    strict, loose = report["shown"]["strict"], report["shown"]["not strict"]
    assert [one["text"] for one in strict["statements"]] == ["The bridge was opened in 1931."]
    assert strict["statements"][0]["cites_answer"] is True
    assert [one["support"] for one in loose["statements"]] == ["supported", "unsupported"]


@pytest.mark.model
def test_strict_of_a_server_that_fails_says_so(start: Start, tmp_path: Path) -> None:
    result = run(tmp_path, start(fails(401)).url)
    assert result.exit_code == 2
    assert "refused the key (401)" in result.stderr

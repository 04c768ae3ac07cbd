"""The programs in examples/ run as they stand."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.helpers.fake_llm import starting, streams

pytestmark = pytest.mark.model

ROOT = Path(__file__).parents[2]
QUESTION = "Who met in Paris?"
MEN = ("David Barnea", "William J. Burns", "Mohammed bin Abdulrahman Al Thani")


def run(program: str, *words: str | Path, **settings: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, ROOT / "examples" / program, *words],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), **settings},
        check=False,
    )


def test_ask_prints_the_answer_and_the_quotes_it_rests_on(seeds_data: Path) -> None:
    done = run("ask.py", QUESTION, FOOTNOTE_DATA=str(seeds_data))
    assert done.returncode == 0, done.stderr
    text, *cited = done.stdout.splitlines()
    assert all(name in text for name in MEN)
    assert cited[0].startswith("[1] brief.md ")
    brief = (ROOT / "seeds" / "brief.md").read_text(encoding="utf-8")
    start, end = map(int, cited[0].rpartition(" ")[2].split("-"))
    assert cited[1].strip() == brief[start:end]


def test_agent_answers_with_what_its_tool_found(seeds_data: Path) -> None:
    call = f'Thought: I look.\nAction: documents\nAction Input: {{"input": "{QUESTION}"}}'
    said = "Thought: I can answer.\nAnswer: Three men met in Paris."
    with starting() as start:
        server = start(streams(call), streams(said))
        settings = {"FOOTNOTE_LLM_URL": server.url, "FOOTNOTE_LLM_MODEL": "small"}
        done = run("llama_index_agent.py", QUESTION, FOOTNOTE_DATA=str(seeds_data), **settings)
        assert done.returncode == 0, done.stderr
        observed = server.requests[1]["body"]["messages"][-1]["content"]
    assert done.stdout == "Three men met in Paris.\n"
    assert all(name in observed for name in MEN)


def test_agent_without_a_server_names_the_settings(seeds_data: Path) -> None:
    done = run("llama_index_agent.py", QUESTION, FOOTNOTE_DATA=str(seeds_data))
    assert (done.returncode, done.stderr) == (
        1,
        "set FOOTNOTE_LLM_URL and FOOTNOTE_LLM_MODEL to an OpenAI-compatible server\n",
    )


@pytest.mark.full
def test_gate_of_a_pipeline_passes_and_fails_once_the_answers_are_worse(tmp_path: Path) -> None:
    lines = (ROOT / "eval" / "gold" / "seeds.jsonl").read_text("utf-8").splitlines(keepends=True)
    gold = tmp_path / "gold.jsonl"
    gold.write_text("".join(lines[:20]), encoding="utf-8")
    words = (gold, ROOT / "seeds", tmp_path / "out")
    assert run("evaluate_in_ci.py", *words).returncode == 0
    assert run("evaluate_in_ci.py", *words).returncode == 0
    worse = run("evaluate_in_ci.py", *words, FOOTNOTE_REFUSE_BELOW="1")
    assert worse.returncode == 1, worse.stderr
    suite = ElementTree.parse(tmp_path / "out" / "junit.xml").getroot()
    assert suite.findall(".//failure")
    assert (tmp_path / "out" / "comment.md").read_text(encoding="utf-8").strip()

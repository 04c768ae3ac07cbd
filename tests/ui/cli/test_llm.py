"""`footnote llm`: what runs is shown, and a choice is kept."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from index.settings import load_settings
from rag.llm.running import RunningServer
from rag.settings import Settings
from ui.cli import main
from ui.page.html_conversation import welcome_html

pytestmark = pytest.mark.unit

OLLAMA = RunningServer("Ollama", "http://127.0.0.1:11434/v1", ("llama3.1:8b", "qwen3:4b"))


def run(monkeypatch: pytest.MonkeyPatch, folder: Path, *arguments: str) -> tuple[int, str]:
    monkeypatch.chdir(folder)
    result = CliRunner().invoke(main, ["llm", *arguments])
    return result.exit_code, result.output


def test_llm_shows_what_runs_and_the_command_that_chooses_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("rag.llm.running.running_servers", lambda: (OLLAMA,))
    assert run(monkeypatch, tmp_path) == (
        0,
        "Answers are quoted; no LLM is set.\n"
        "Ollama runs on this machine with llama3.1:8b, qwen3:4b. To have it write: "
        "footnote llm --use http://127.0.0.1:11434/v1 --model llama3.1:8b\n",
    )
    assert list(tmp_path.iterdir()) == []


def test_llm_without_any_server_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("rag.llm.running.running_servers", tuple)
    code, output = run(monkeypatch, tmp_path)
    assert (code, output.splitlines()[1]) == (
        0,
        "No LLM server was found on the usual ports of this machine.",
    )


def test_llm_choice_is_kept_beside_what_stands_there_and_undone(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "footnote.toml"
    file.write_text("# Ours.\npassages = 5\n", encoding="utf-8")
    code, output = run(monkeypatch, tmp_path, "--use", OLLAMA.url, "--model", "llama3.1:8b")
    assert code == 0
    assert output == (
        "Answers are written by llama3.1:8b at 127.0.0.1:11434: it stands in footnote.toml now.\n"
        "Undo it with: footnote llm --off\n"
    )
    kept = load_settings(Settings)
    assert (kept.llm_url, kept.llm_model, kept.passages) == (OLLAMA.url, "llama3.1:8b", 5)
    monkeypatch.setattr("rag.llm.running.running_servers", tuple)
    assert run(monkeypatch, tmp_path)[1].startswith(
        "Answers are written by llama3.1:8b at 127.0.0.1:11434.\n"
    )
    assert run(monkeypatch, tmp_path, "--off") == (
        0,
        "Answers are quoted: footnote.toml names no LLM now.\n",
    )
    assert file.read_text(encoding="utf-8") == "# Ours.\npassages = 5\n"


def test_llm_choice_of_no_address_is_refused_and_not_kept(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    code, output = run(monkeypatch, tmp_path, "--use", "ollama")
    assert code == 2
    assert output.startswith("footnote: setting 'llm_url' is wrong")
    assert list(tmp_path.iterdir()) == []


def test_llm_choice_that_a_variable_overrides_is_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("FOOTNOTE_LLM_URL", "http://127.0.0.1:1/v1")
    _, output = run(monkeypatch, tmp_path, "--use", OLLAMA.url)
    assert "FOOTNOTE_LLM_URL is set and goes before footnote.toml." in output


def test_welcome_offers_what_runs_as_text_alone() -> None:
    odd = RunningServer("<b>", "http://127.0.0.1:1/v1", ("<i>x</i>",))
    page = welcome_html(load_settings(Settings), (odd,))
    assert "&lt;b&gt; runs on this machine with &lt;i&gt;x&lt;/i&gt;" in page
    assert "<code>footnote llm --use http://127.0.0.1:1/v1" in page
    assert "offered" not in welcome_html(load_settings(Settings))

"""The terminal: quick help, JSON alone on standard output, errors in one sentence."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import shutil
import struct
import subprocess
import sys
import termios
from pathlib import Path

import pytest

from index.catalog.writer import writer_lock

pytestmark = pytest.mark.model

ROOT = Path(__file__).parents[3]


def footnote(*arguments: str, data: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the real command in a process of its own."""
    command = [sys.executable, "-m", "ui", "--data", str(data), *arguments]
    return subprocess.run(
        command,
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**os.environ, **environment},
        check=False,
    )


def test_help_imports_neither_torch_nor_chromadb_nor_gradio() -> None:
    code = (
        "import sys\n"
        "from click.testing import CliRunner\n"
        "from ui.cli import main\n"
        "result = CliRunner().invoke(main, ['--help'])\n"
        "assert result.exit_code == 0 and 'ask' in result.output, result.output\n"
        "heavy = {'torch', 'chromadb', 'gradio', 'sentence_transformers', 'llama_index', 'numpy'}\n"
        "print(sorted(heavy & sys.modules.keys()))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True
    )
    assert done.stdout == "[]\n"


@pytest.mark.parametrize("command", ["index", "ask", "search", "serve", "doctor", "eval"])
def test_help_of_a_command_imports_nothing_heavy(command: str) -> None:
    code = (
        "import sys\n"
        "from click.testing import CliRunner\n"
        "from ui.cli import main\n"
        f"result = CliRunner().invoke(main, ['{command}', '--help'])\n"
        "assert result.exit_code == 0, result.output\n"
        "print(sorted({'torch', 'chromadb', 'gradio'} & sys.modules.keys()))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True
    )
    assert done.stdout == "[]\n"


def test_ask_names_the_three_men_with_quotes_that_are_the_documents_words(seeds_data: Path) -> None:
    done = footnote("ask", "Who met in Paris?", "--json", data=seeds_data)
    answer = json.loads(done.stdout)
    assert done.returncode == 0
    for name in ("David Barnea", "William J. Burns", "Sheikh Mohammed bin Abdulrahman Al Thani"):
        assert name in answer["text"]
    assert answer["refusal"] is None
    brief = (ROOT / "seeds" / "brief.md").read_text(encoding="utf-8")
    first = answer["citations"][0]
    assert (first["label"], first["document"]) == (1, "brief.md")
    assert first["quote"] == brief[first["start"] : first["end"]]
    assert "[1]" in answer["text"]


def test_ask_what_the_documents_do_not_hold_refuses_with_the_nearest_passages(
    seeds_data: Path,
) -> None:
    done = footnote("ask", "What is the capital of Norway?", "--json", data=seeds_data)
    answer = json.loads(done.stdout)
    assert done.returncode == 0
    assert answer["refusal"]["reason"] == "no_evidence"
    assert (answer["citations"], answer["statements"]) == ([], [])
    assert len(answer["passages"]) == 8


def test_search_prints_ranked_passages(seeds_data: Path) -> None:
    done = footnote("search", "hostages", "-k", "3", "--json", data=seeds_data)
    passages = json.loads(done.stdout)["passages"]
    assert [passage["rank"] for passage in passages] == [1, 2, 3]
    assert "hostages" in passages[0]["text"]


def test_ask_without_an_index_says_what_to_run(tmp_path: Path) -> None:
    done = footnote("ask", "Who?", data=tmp_path / "none")
    assert done.returncode == 2
    assert done.stderr == (
        f"footnote: nothing is indexed in {tmp_path / 'none'}; "
        f"run: footnote --data {tmp_path / 'none'} index FOLDER\n"
    )


def test_ask_an_empty_question_is_a_usage_error(seeds_data: Path) -> None:
    done = footnote("ask", "  ", data=seeds_data)
    assert done.returncode == 2
    assert "the question is empty" in done.stderr
    assert "Traceback" not in done.stderr


def test_wrong_setting_names_itself(seeds_data: Path) -> None:
    done = footnote("ask", "Who?", data=seeds_data, FOOTNOTE_PASSAGES="many")
    assert done.returncode == 2
    assert "setting 'passages' is wrong" in done.stderr
    assert "FOOTNOTE_PASSAGES" in done.stderr


def test_index_json_counts_and_lists_failures_with_exit_code_3(tmp_path: Path) -> None:
    folder, data = tmp_path / "docs", tmp_path / "data"
    folder.mkdir()
    (folder / "good.txt").write_text("The harbour opens at seven in the morning.")
    (folder / "broken.pdf").write_bytes(b"%PDF-1.4 broken")
    (folder / "random.txt").write_bytes(bytes(range(256)) * 8)
    (folder / "empty.md").write_bytes(b"")
    (folder / "link.txt").symlink_to("/etc/passwd")
    done = footnote("index", str(folder), "--json", data=data)
    report = json.loads(done.stdout)
    assert done.returncode == 3
    assert (report["added"], report["passages"], report["embedded"]) == (4, 1, 1)
    assert {item["path"]: item["reason"].split(":")[0] for item in report["failed"]} == {
        "broken.pdf": "damaged",
        "empty.md": "empty",
        "link.txt": "symbolic link; links are not followed",
        "random.txt": "binary",
    }
    answer = footnote("ask", "When does the harbour open?", data=data)
    assert answer.stdout.startswith("The harbour opens at seven in the morning. [1]")
    again = footnote("index", str(folder), "--json", data=data)
    assert again.returncode == 3
    assert json.loads(again.stdout)["embedded"] == 0


def test_index_of_another_folder_is_refused_and_changes_nothing(
    seeds_data: Path, tmp_path: Path
) -> None:
    data = tmp_path / "data"
    shutil.copytree(seeds_data, data)
    (tmp_path / "other").mkdir()
    done = footnote("index", str(tmp_path / "other"), data=data)
    assert done.returncode == 2
    assert "--force" in done.stderr
    assert footnote("ask", "Who met in Paris?", data=data).stdout.startswith("David Barnea")


def test_index_of_a_missing_folder_says_so(tmp_path: Path) -> None:
    done = footnote("index", str(tmp_path / "nowhere"), data=tmp_path / "data")
    assert done.returncode == 2
    assert "is not a folder" in done.stderr


def test_fault_of_the_program_is_a_sentence_and_its_details_are_kept() -> None:
    code = (
        "import click\n"
        "from ui.cli.common import report_errors\n"
        "@report_errors\n"
        "def broken(): raise KeyError('inner detail')\n"
        "broken()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=False
    )
    assert done.returncode == 70
    assert done.stderr.startswith("footnote: a fault of the program itself (KeyError)")
    log = Path(done.stderr.split()[-1])
    assert "inner detail" in log.read_text(encoding="utf-8")
    log.unlink()


def test_doctor_tells_of_an_index_and_mends_it(tmp_path: Path) -> None:
    data, corpus = tmp_path / "data", tmp_path / "corpus"
    corpus.mkdir()
    (corpus / "a.txt").write_text("Newts swim.", encoding="utf-8")
    assert footnote("index", str(corpus), data=data).returncode == 0
    sound = footnote("doctor", data=data)
    assert (sound.returncode, sound.stderr) == (0, "")
    assert sound.stdout.endswith("The index is sound.\n")
    (words,) = data.glob("generations/*/tantivy/*.term")
    words.write_bytes(b"torn")
    asked = footnote("ask", "Who swims?", data=data)
    assert asked.returncode == 4
    assert asked.stderr.endswith(f"; run: footnote --data {data} doctor --repair\n")
    sick = footnote("doctor", "--json", data=data)
    assert sick.returncode == 4
    (problem,) = json.loads(sick.stdout)["problems"]
    assert problem.startswith("the index is damaged (")
    mended = json.loads(footnote("doctor", "--repair", "--json", data=data).stdout)
    assert (mended["mended"], mended["problems"], mended["generation"]) == ([problem], [], 2)
    assert footnote("ask", "Who swims?", data=data).returncode == 0


def test_index_while_another_process_indexes_is_refused_however_the_folder_is_spelled(
    tmp_path: Path,
) -> None:
    data, corpus = tmp_path / "data", tmp_path / "corpus"
    corpus.mkdir()
    (tmp_path / "link").symlink_to(data)
    with writer_lock(data):
        for spelling in (data, tmp_path / "link", tmp_path / "corpus" / ".." / "data"):
            refused = footnote("index", str(corpus), data=spelling)
            assert refused.returncode == 4
            assert refused.stderr == (
                f"footnote: the index in {spelling} is being written by process {os.getpid()}; "
                "wait for it to end, or stop it\n"
            )
    assert footnote("index", str(corpus), data=data).returncode == 0


def test_index_watch_with_json_is_refused(tmp_path: Path) -> None:
    refused = footnote("index", str(tmp_path), "--watch", "--json", data=tmp_path / "data")
    assert refused.returncode == 2
    assert refused.stderr == (
        "footnote: --watch goes on and on; run it without --dry-run and --json\n"
    )


@pytest.mark.parametrize(("columns", "has_bar"), [(80, True), (30, False)])
def test_progress_in_a_terminal_shows_whole_counts_however_narrow_it_is(
    columns: int, has_bar: bool
) -> None:
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    shown = "from ui.cli.index import _bars\nwith _bars() as show: show('embedding', 12345, 67890)"
    known = {name: os.environ[name] for name in os.environ.keys() - {"COLUMNS", "NO_COLOR"}}
    subprocess.run(
        [sys.executable, "-c", shown],
        stderr=theirs,
        cwd=ROOT,
        check=True,
        env=known | {"TERM": "xterm"},
    )
    os.close(theirs)
    written = os.read(ours, 65_536).decode()
    os.close(ours)
    assert "12345/67890" in written
    assert "…" not in written
    assert ("━" in written) is has_bar
    assert written.endswith("\x1b[2K")  # it is gone once it is done

"""`footnote publish`, and `footnote serve --follow` in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import sleep
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

ROOT = Path(__file__).parents[3]

pytestmark = pytest.mark.model


def footnote(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "ui", *words],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )


def test_publish_says_what_it_sent(seeds_data: Path, tmp_path: Path) -> None:
    address = str(tmp_path / "address")
    first = footnote("--data", str(seeds_data), "publish", address, "--json")
    report = json.loads(first.stdout)
    assert (report["generation"], report["name"][:9]) == (1, "00000001-")
    again = footnote("--data", str(seeds_data), "publish", address)
    assert again.returncode == 0
    total = report["bytes_total"] / (1 << 20)
    assert again.stdout == (
        f"Published generation 1 at {address}: 0.0 MB sent of {total:,.1f} MB.\n"
    )


@pytest.mark.full
@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["publish", "nonsense://x"], 2, "'nonsense://x' is no address"),
        (["publish", "s3://b/x", "--json"], 2, "setting 'storage_options'"),
        (["serve", "--port", "0", "--follow", "EMPTY"], 2, "nothing is published at"),
        (["serve", "--port", "0", "--follow", "EMPTY", "seeds"], 2, "give one of both"),
    ],
)
def test_wrong_address_is_a_sentence_with_its_exit_code(
    seeds_data: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    words: list[str],
    code: int,
    said: str,
) -> None:
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    # No credentials, and nobody to ask for some.
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    data = seeds_data if words[0] == "publish" else tmp_path / "data"
    given = [word.replace("EMPTY", str(tmp_path / "empty")) for word in words]
    done = footnote("--data", str(data), *given)
    assert (done.returncode, done.stdout) == (code, "")
    assert said in done.stderr
    assert "Traceback" not in done.stderr


@contextmanager
def serving(data: Path, address: Path) -> Iterator[str]:
    command = [sys.executable, "-m", "ui", "--data", str(data), "serve", "--port", "0"]
    with subprocess.Popen(
        [*command, "--follow", str(address)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    ) as process:
        try:
            line = process.stdout.readline() if process.stdout else ""
            assert "Footnote is ready" in line
            yield f"http://{line.partition('http://')[2].partition(' ')[0]}"
        finally:
            process.terminate()


@pytest.mark.full
def test_serve_follow_answers_moves_on_and_takes_no_documents(tmp_path: Path) -> None:
    corpus, data, address = tmp_path / "corpus", tmp_path / "data", tmp_path / "address"
    corpus.mkdir()
    (corpus / "a.txt").write_text("The newt swims in the pond of the garden.")

    def publish() -> None:
        assert footnote("--data", str(data), "index", str(corpus)).returncode == 0
        assert footnote("--data", str(data), "publish", str(address)).returncode == 0

    def ask(url: str) -> str:
        body = json.dumps({"question": "Where does the newt swim?"}).encode()
        request = Request(f"{url}/v1/ask", body, {"Content-Type": "application/json"})
        with urlopen(request) as response:
            return str(json.load(response)["text"])

    publish()
    with serving(tmp_path / "replica", address) as url:
        assert "pond" in ask(url)
        with pytest.raises(HTTPError, match="403") as refused:
            urlopen(Request(f"{url}/v1/documents/a.txt", method="DELETE"))
        assert "added and deleted where this index is published" in refused.value.read().decode()
        (corpus / "a.txt").write_text("The newt swims in the river of the village.")
        publish()
        while "river" not in (text := ask(url)):
            assert "pond" in text
            sleep(0.1)

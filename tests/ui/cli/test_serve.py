"""`footnote serve`: a clear sentence when it cannot start, and whom it listens to when it can."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from click.testing import CliRunner
from starlette.testclient import TestClient

from index.errors import ConfigError, FootnoteError
from index.settings import load_settings
from rag.engine import Engine
from rag.settings import Settings
from tests.helpers.held_store import first_index_held
from tests.helpers.screenshot import FOOTNOTE
from tests.helpers.serving import FakeEngine
from ui.app import make_app
from ui.cli import main, serve
from ui.cli.serve import allowed_hosts, listen
from ui.http.edge.server import HTTPServer

pytestmark = pytest.mark.model


def test_port_in_use_is_named_with_the_next_command() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = CliRunner().invoke(main, ["serve", "--port", str(port)])
    assert result.exit_code == 2
    assert result.output == (
        f"footnote: cannot listen on 127.0.0.1, port {port}: address already in use; "
        f"run: footnote serve --port {port + 1}\n"
    )


def test_port_in_use_is_named_with_a_command_that_can_be_pasted_as_it_is(tmp_path: Path) -> None:
    data = tmp_path / "my data"
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        arguments = ["--data", str(data), "serve", "a folder", "--port", str(port)]
        result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 2
    assert result.output.endswith(
        f"run: footnote --data '{data}' serve 'a folder' --port {port + 1}\n"
    )


def test_address_that_is_not_here_is_named() -> None:
    with pytest.raises(ConfigError, match=r"cannot listen on 192\.0\.2\.1, port 0"):
        listen("192.0.2.1", 0)
    with pytest.raises(ConfigError, match=r"there is no address 'no\.such\.invalid' here"):
        listen("no.such.invalid", 0)


def test_empty_index_is_said_before_anything_is_served(tmp_path: Path) -> None:
    data = tmp_path / "data"
    result = CliRunner().invoke(main, ["--data", str(data), "serve", "--port", "0"])
    assert result.exit_code == 2
    assert result.output.endswith(f"; run: footnote --data {data} index FOLDER\n")
    assert not data.exists()


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("0.0.0.0", ("*",)),
        ("::", ("*",)),
        ("::1", ("127.0.0.1", "localhost", "[::1]", "[::1]")),
        ("192.0.2.7", ("127.0.0.1", "localhost", "[::1]", "192.0.2.7")),
    ],
)
def test_allowed_hosts_are_this_machines_names_and_the_one_given(
    host: str, expected: tuple[str, ...]
) -> None:
    assert allowed_hosts(host) == expected


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM])
def test_server_says_when_it_is_ready_and_stops_quietly(
    seeds_data: Path, engine: Engine, sign: signal.Signals
) -> None:
    passages = sum(info.passages for info in engine.documents())
    server = subprocess.Popen(
        [*FOOTNOTE, "--data", str(seeds_data), "serve", "--port", "0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert server.stdout
    ready = server.stdout.readline()
    address = ready.split()[4]
    assert ready == f"Footnote is ready on {address} (6 documents, {passages} passages)\n"
    with urlopen(f"{address}/healthz") as reply:
        assert reply.status == 200
    server.send_signal(sign)
    output, errors = server.communicate(timeout=20)
    assert output == ""
    assert errors == ("Stopped.\n" if sign is signal.SIGINT else "")
    assert server.returncode == (0 if sign is signal.SIGINT else -signal.SIGTERM)


def test_folder_that_is_indexed_is_served_while_it_is_brought_up_to_date(tmp_path: Path) -> None:
    corpus, data = tmp_path / "corpus", tmp_path / "data"
    corpus.mkdir()
    (corpus / "talks.txt").write_text("Cairo hosted the talks.", encoding="utf-8")
    subprocess.run([*FOOTNOTE, "--data", str(data), "index", str(corpus)], check=True)
    (corpus / "more.txt").write_text("Doha hosted the next ones.", encoding="utf-8")
    with _served(data, corpus) as (address, _):
        while _generation(address) == 1:
            time.sleep(0.1)
        assert _generation(address) == 2


def _status(address: str, body: Mapping[str, object] | None = None) -> tuple[int, str]:
    """The status of a reply, and the sentence of an error."""
    data = None if body is None else json.dumps(body).encode()
    try:
        with urlopen(Request(address, data, {"Content-Type": "application/json"})) as reply:
            return reply.status, ""
    except HTTPError as error:
        message: str = json.load(error)["error"]["message"]
        return error.code, message


def test_page_is_there_while_the_first_index_runs_and_every_door_says_how_far_it_is(
    tmp_path: Path,
) -> None:
    question = {"question": "Who hosted the talks?"}
    chat = {"model": "footnote", "messages": [{"role": "user", "content": "Who hosted?"}]}
    (tmp_path / "corpus").mkdir()
    (tmp_path / "corpus" / "talks.txt").write_text("Cairo hosted the talks.", encoding="utf-8")
    with first_index_held(tmp_path, str(tmp_path / "corpus")) as server:
        at = server.address
        assert (_status(f"{at}/"), _status(f"{at}/healthz")) == ((200, ""), (200, ""))
        while (progress := _sync(at))["stage"] == "reading":
            time.sleep(0.02)
        assert progress == {
            "running": True, "stage": "embedding", "done": 1, "total": 1, "fault": ""
        }  # fmt: skip
        sentence = (
            "The documents are being read for the first time (1 of 1 passages indexed); "
            "ask again in a moment."
        )
        assert _status(f"{at}/readyz") == (503, sentence)
        assert _status(f"{at}/v1/ask", question) == (503, sentence)
        assert _status(f"{at}/v1/search", {"query": "talks"}) == (503, sentence)
        assert _status(f"{at}/v1/chat/completions", chat) == (503, sentence)
        assert _status(f"{at}/v1/documents") == (503, sentence)
        said = server.let_go()
        assert said[0] == "Indexed: 1 added, 0 changed, 0 renamed, 0 removed, 0 unchanged.\n"
        assert said[-1] == f"Footnote is ready on {at} (1 document, 1 passage)\n"
        assert _status(f"{at}/readyz") == (200, "")
        assert _status(f"{at}/v1/ask", question) == (200, "")
        assert not _sync(at)["running"]


def test_first_index_that_fails_ends_the_server_with_its_exit_code(tmp_path: Path) -> None:
    (tmp_path / "corpus").mkdir()
    (tmp_path / "corpus" / "talks.txt").write_text("Cairo hosted the talks.", encoding="utf-8")
    with first_index_held(tmp_path, str(tmp_path / "corpus")) as server:
        code, errors = server.fail("the disk is full")
    assert code == 4
    assert errors.startswith("footnote: the index cannot be written (the disk is full; ")
    assert len(errors.splitlines()) == 1


@pytest.mark.full
def test_collection_that_is_indexed_answers_while_another_is_read_for_the_first_time(
    tmp_path: Path,
) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "talks.txt").write_text("Cairo hosted the talks.", encoding="utf-8")
    one, two = (f"{name}={tmp_path / name}" for name in ("one", "two"))
    data = str(tmp_path / "data")
    store = {"FOOTNOTE_VECTOR_STORE": "tests.helpers.held_store:HeldStore"}
    subprocess.run([*FOOTNOTE, "--data", data, "index", one], check=True, env=os.environ | store)
    with first_index_held(tmp_path, one, two) as server:
        ask = f"{server.address}/v1/ask"
        question = {"question": "Who hosted the talks?"}
        assert _status(ask, question | {"collection": "one"}) == (200, "")
        assert _status(ask, question) == (200, "")
        status, sentence = _status(ask, question | {"collection": "two"})
        assert status == 503
        assert sentence.startswith("The documents are being read for the first time (")
        assert "(2 collections, 2 documents, 2 passages)" in server.let_go()[-1]
        assert _status(ask, question | {"collection": "two"}) == (200, "")


@pytest.mark.sample(1)
@pytest.mark.parametrize(
    ("name", "code", "said"),
    [
        ("empty", 2, "nothing is indexed yet; run: footnote --data DATA index CORPUS"),
        ("refused", 2, "'photo.xyz': format .xyz is not read"),
    ],
)
def test_folder_without_a_document_that_is_read_is_told_and_not_served(
    tmp_path: Path, name: str, code: int, said: str
) -> None:
    (tmp_path / "corpus").mkdir()
    if name == "refused":
        (tmp_path / "corpus" / "photo.xyz").write_bytes(b"\0")
    command = [*FOOTNOTE, "--data", str(tmp_path / "data"), "serve", str(tmp_path / "corpus")]
    done = subprocess.run([*command, "--port", "0"], capture_output=True, text=True, check=False)
    assert done.returncode == code
    said = said.replace("DATA", command[4]).replace("CORPUS", command[-1])
    assert said in done.stderr
    assert "is ready" not in done.stdout


def test_folder_that_cannot_be_indexed_is_not_served(tmp_path: Path) -> None:
    serve = [*FOOTNOTE, "--data", str(tmp_path / "data"), "serve", str(tmp_path / "missing")]
    done = subprocess.run([*serve, "--port", "0"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"footnote: {tmp_path / 'missing'} ")


@contextmanager
def _served(data: Path, corpus: Path) -> Iterator[tuple[str, list[str]]]:
    """The address of a server of a folder, and what it said until it was ready."""
    command = [*FOOTNOTE, "--data", str(data), "serve", str(corpus), "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout
        said = [server.stdout.readline()]
        while "is ready" not in said[-1]:
            assert said[-1], said
            said.append(server.stdout.readline())
        try:
            yield said[-1].split()[4], said
        finally:
            server.terminate()


def _sync(address: str) -> dict[str, object]:
    with urlopen(f"{address}/v1/sync") as reply:
        state: dict[str, object] = json.load(reply)
    return state


def _generation(address: str) -> int:
    with urlopen(f"{address}/readyz") as reply:
        return int(json.load(reply)["generation"])


class _LoadsAtLast(FakeEngine):
    """An engine whose model loads at the third attempt."""

    attempts = 0

    def warm_up(self) -> None:
        self.attempts += 1
        if self.attempts < 3:
            raise MemoryError


def test_model_that_cannot_be_loaded_is_told_and_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine, told = _LoadsAtLast(), list[tuple[int, int, str]]()
    app = make_app(engine, load_settings(Settings, data=tmp_path), ("testserver",))
    client = TestClient(app)

    def look(seconds: float) -> None:
        reply = client.get("/readyz")
        said = reply.json().get("error", {}).get("message", "")
        told.append((int(seconds), reply.status_code, said))

    monkeypatch.setattr("ui.cli.serve.time.sleep", look)
    # What it freezes would stay for all tests.
    monkeypatch.setattr("ui.cli.serve.gc.freeze", lambda: None)
    errors = list[FootnoteError | SystemExit]()
    server = HTTPServer(app, lambda: None, lambda _: None)
    serve._warm_up(app.state.service.answers, server, errors, [])
    sentence = "the model cannot be loaded at present and is tried again; the server's log says why"
    assert told == [(1, 503, sentence), (2, 503, sentence)]
    assert (engine.attempts, errors, server.should_exit) == (3, [], False)
    assert client.get("/readyz").status_code == 200

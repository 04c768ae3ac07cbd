"""A server as it runs: clients that leave, a stop that tells, secrets that stay, no calls out."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from time import sleep

import pytest

from tests.conftest import SEEDS
from tests.helpers.fake_llm import FakeLLM, Handler, Reply, event, fails, hangs
from tests.helpers.screenshot import FOOTNOTE

pytestmark = [pytest.mark.model, pytest.mark.slow]

QUESTION = "Who met in Paris?"
KEY, PASSWORD = "sk-hunter-key", "hunter-password"
STREAM = {"Accept": "text/event-stream"}
LEFT = 'footnote_questions_total{outcome="left"}'


def drips(handler: Handler) -> None:
    """A word every now and then, until the client goes away or the test ends."""
    handler.head()
    while not handler.fake.closing.wait(0.1):
        handler.send(event("word "))


class Server:
    """`footnote serve` with JSON logs; `token` is the one it shows at its first start."""

    def __init__(self, folder: Path, data: Path, host: str, **settings: str) -> None:
        self.log = folder / "log"
        self._file = self.log.open("wb")
        self.process = subprocess.Popen(
            [*FOOTNOTE, "--data", str(data), "serve", "--port", "0", "--log-json", "--host", host],
            stdout=subprocess.PIPE,
            stderr=self._file,
            text=True,
            env={**os.environ, **settings},
        )
        assert self.process.stdout
        lines = iter(self.process.stdout.readline, "")
        shown = list[str]()
        for line in lines:
            shown.append(line)
            if "http://" in line:
                break
        self.shown = "".join(shown)
        self.token = next((w for w in self.shown.split() if w.startswith("fn_")), "")
        self.port = int(self.shown.rpartition(":")[2].split()[0])

    def request(
        self, method: str, path: str, body: object = None, **headers: str
    ) -> tuple[HTTPConnection, HTTPResponse]:
        connection = self.send(method, path, body, **headers)
        return connection, connection.getresponse()

    def send(self, method: str, path: str, body: object = None, **headers: str) -> HTTPConnection:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=60)
        content = None if body is None else json.dumps(body)
        own = {"Content-Type": "application/json", "Authorization": f"Bearer {self.token}"}
        connection.request(method, path, content, own | headers)
        return connection

    def metric(self, name: str) -> float:
        text = self.request("GET", "/metrics")[1].read().decode()
        values = [line.split()[-1] for line in text.splitlines() if line.startswith(name + " ")]
        return float(values[0]) if values else 0.0

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(timeout=30)
        self._file.close()


@pytest.fixture(scope="module")
def llm() -> Iterator[FakeLLM]:
    fake = FakeLLM([])
    yield fake
    fake.close()


@pytest.fixture(scope="module")
def server(
    tmp_path_factory: pytest.TempPathFactory, seeds_data: Path, llm: FakeLLM
) -> Iterator[Server]:
    """On every address of this machine, so that it asks for a token."""
    url = llm.url.replace("://", f"://user:{PASSWORD}@")
    settings = {"FOOTNOTE_LLM_URL": url, "FOOTNOTE_LLM_MODEL": "fake", "FOOTNOTE_LLM_KEY": KEY}
    folder = tmp_path_factory.mktemp("server")
    running = Server(folder, seeds_data, "0.0.0.0", FOOTNOTE_ANSWERS_AT_ONCE="6", **settings)
    yield running
    running.stop()
    (seeds_data / "tokens.json").unlink()


def test_first_start_shows_a_token_that_reads_and_keeps_its_hash(
    server: Server, seeds_data: Path
) -> None:
    assert server.token
    assert "Callers need a token. This one reads, and is not shown again" in server.shown
    assert server.token not in (seeds_data / "tokens.json").read_text(encoding="utf-8")
    assert server.request("GET", "/v1/documents", Authorization="")[1].status == 401
    assert server.request("GET", "/v1/documents")[1].status == 200
    assert server.request("DELETE", "/v1/documents/brief.md")[1].status == 403


@pytest.mark.parametrize("reply", [drips, hangs(head=False)], ids=["it talks", "it is silent"])
@pytest.mark.parametrize("headers", [STREAM, {}], ids=["stream", "json"])
def test_client_that_leaves_ends_the_llms_call(
    server: Server, llm: FakeLLM, headers: dict[str, str], reply: Reply
) -> None:
    llm.gone.clear()
    asked, left = len(llm.requests), server.metric(LEFT)
    llm.replies.append(reply)
    connection = server.send("POST", "/v1/ask", {"question": QUESTION}, **headers)
    while len(llm.requests) == asked:
        sleep(0.05)
    connection.close()
    assert llm.gone.wait(30)
    while server.metric(LEFT) == left:
        sleep(0.05)
    assert server.metric("footnote_answers_running") == 0


def test_secrets_and_questions_appear_in_no_log_and_no_reply(
    server: Server, llm: FakeLLM, seeds_data: Path
) -> None:
    replies = list[str]()
    llm.replies += [fails(401, f"bad key {KEY}"), fails(401, "no")]
    for path, body, headers in [
        ("/v1/ask", {"question": QUESTION}, {}),
        ("/v1/ask", {"question": QUESTION}, STREAM),
        ("/v1/ask", {"question": {"secret": KEY}}, {}),
        (f"/v1/nothing?key={KEY}", {}, {}),
        ("/v1/documents", None, {"Authorization": f"Bearer fn_{PASSWORD}"}),
        ("/", None, {}),
        ("/config", None, {}),
        ("/metrics", None, {}),
        ("/openapi.json", None, {}),
    ]:
        _, reply = server.request("POST" if body is not None else "GET", path, body, **headers)
        replies += [str(reply.getheaders()), reply.read().decode()]
    log = server.log.read_text(encoding="utf-8")
    assert [json.loads(line) for line in log.splitlines()]
    for secret in (KEY, PASSWORD, server.token):
        assert secret not in log
        assert secret not in "".join(replies)
    assert "Paris" not in log
    assert "refused the key (401): set FOOTNOTE_LLM_KEY." in log
    assert "refused the key (401)." in replies[1]
    assert "FOOTNOTE_LLM" not in "".join(replies)
    prompts = [request["body"] for request in llm.requests]
    assert prompts
    for secret in (KEY, PASSWORD, server.token):
        assert secret not in json.dumps(prompts)


@pytest.mark.full
def test_names_and_words_of_documents_appear_in_no_log(tmp_path: Path) -> None:
    corpus, data = tmp_path / "corpus", tmp_path / "data"
    corpus.mkdir()
    (corpus / "zebrawood.md").write_text("# Zebrawood\n\nZebrawood is dried in May.", "utf-8")
    command = [*FOOTNOTE, "--data", str(data), "index", str(corpus)]
    subprocess.run(command, check=True, capture_output=True)
    server = Server(tmp_path, data, "127.0.0.1")
    question = {"question": "When is zebrawood dried?"}
    chat = {"model": "footnote", "messages": [{"role": "user", "content": "Zebrawood in May?"}]}
    tool = {"name": "search", "arguments": {"query": "zebrawood"}}
    call = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": tool}
    statuses = list[int]()
    requests: list[tuple[str, str, object, dict[str, str]]] = [
        ("PUT", "/v1/documents/zebrawood-broken.pdf", "%PDF-1.4 zebrawood", {}),
        ("PUT", "/v1/documents/zebrawood-more.md", "More zebrawood.", {}),
        ("PUT", "/v1/documents/zebrawood.exe", "More zebrawood.", {}),
        ("GET", "/v1/documents/zebrawood.md", None, {}),
        ("GET", "/v1/documents/zebrawood-none.md", None, {}),
        ("GET", "/documents/zebrawood.md?start=0&end=9", None, {}),
        ("GET", "/zebrawood", None, {}),
        ("POST", "/v1/ask", question, {}),
        ("POST", "/v1/ask", question, STREAM),
        ("POST", "/v1/ask", question | {"zebrawood": {"zebrawood": []}}, {}),
        ("POST", "/v1/search", {"query": "zebrawood"}, {}),
        ("POST", "/v1/chat/completions", chat, {}),
        ("POST", "/v1/chat/completions", chat | {"model": "zebrawood"}, {}),
        ("POST", "/mcp", call, {"Accept": "application/json, text/event-stream"}),
        ("DELETE", "/v1/documents/zebrawood.md", None, {}),
    ]
    for method, path, body, headers in requests:
        _, reply = server.request(method, path, body, **headers)
        reply.read()
        statuses.append(reply.status)
    while json.loads(server.request("GET", "/v1/sync")[1].read())["running"]:
        sleep(0.1)
    server.stop()
    log = server.log.read_text(encoding="utf-8")
    assert set(statuses) == {200, 201, 202, 404, 415, 422}
    assert len([json.loads(line) for line in log.splitlines()]) > len(statuses)
    assert "zebrawood" not in log.lower()


def test_stop_tells_every_client_and_ends_without_waiting_for_the_llm(
    server: Server, llm: FakeLLM
) -> None:
    asked = len(llm.requests)
    llm.replies += [hangs()] * 6
    streams = [
        server.request("POST", "/v1/ask", {"question": QUESTION}, **STREAM) for _ in range(5)
    ]
    waiting = server.send("POST", "/v1/ask", {"question": QUESTION})
    page, heartbeat = server.request("GET", "/gradio_api/heartbeat/abc")
    while len(llm.requests) < asked + 6:
        sleep(0.05)
    server.process.send_signal(signal.SIGTERM)
    for _, reply in streams:
        names = [line for line in reply.read().decode().splitlines() if line.startswith("event")]
        assert names == ["event: retrieved", "event: error"]
    answer = waiting.getresponse()
    assert (answer.status, answer.getheader("retry-after")) == (503, "5")
    assert "being stopped" in answer.read().decode()
    heartbeat.read()
    page.close()
    # The LLM says nothing for as long as it is let.
    assert server.process.wait(timeout=30) == -signal.SIGTERM


# Told of everything that Python opens a socket for, in every process that is started from here.
_WATCH = """
import os, sys
def watch(name, arguments):
    if name in ("socket.connect", "socket.getaddrinfo", "socket.sendto"):
        where = str(arguments[1] if name != "socket.getaddrinfo" else arguments[0])
        if not where.startswith(("('127.0.0.1'", "('::1'", "/", "b'/", "127.0.0.1", "None")):
            with open(os.environ["CALLS"], "a") as file:
                file.write(f"{name} {where}\\n")
sys.addaudithook(watch)
"""


def test_without_an_llm_nothing_is_called(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(_WATCH, encoding="utf-8")
    calls, data = tmp_path / "calls", tmp_path / "data"
    calls.touch()
    settings = {"PYTHONPATH": str(tmp_path), "CALLS": str(calls)}
    command = [*FOOTNOTE, "--data", str(data), "index", str(SEEDS)]
    subprocess.run(command, check=True, env={**os.environ, **settings}, capture_output=True)
    server = Server(tmp_path, data, "127.0.0.1", **settings)
    for path, body in [("/v1/ask", {"question": "Who met in Paris?"}), ("/", None)]:
        _, reply = server.request("POST" if body else "GET", path, body)
        assert reply.status == 200
        reply.read()
    server.stop()
    assert calls.read_text(encoding="utf-8") == ""
    # And the watch does see what is called.
    code = "import socket; s = socket.socket(); s.settimeout(0.1); s.connect_ex(('192.0.2.1', 1))"
    subprocess.run([sys.executable, "-c", code], check=True, env={**os.environ, **settings})
    assert calls.read_text(encoding="utf-8") == "socket.connect ('192.0.2.1', 1)\n"

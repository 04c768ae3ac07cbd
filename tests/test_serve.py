"""`footnote serve`: a clear sentence when it cannot start, and whom it listens to when it can."""

from __future__ import annotations

import signal
import socket
import subprocess
from pathlib import Path
from urllib.request import urlopen

import pytest
from click.testing import CliRunner

from index.errors import ConfigError
from rag.engine import Engine
from tests.screenshot import FOOTNOTE
from ui.cli import main
from ui.serve import allowed_hosts, listen

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


def test_address_that_is_not_here_is_named() -> None:
    with pytest.raises(ConfigError, match=r"cannot listen on 192\.0\.2\.1, port 0"):
        listen("192.0.2.1", 0)
    with pytest.raises(ConfigError, match=r"there is no address 'no\.such\.invalid' here"):
        listen("no.such.invalid", 0)


def test_empty_index_is_said_before_anything_is_served(tmp_path: Path) -> None:
    data = tmp_path / "data"
    result = CliRunner().invoke(main, ["--data", str(data), "serve", "--port", "0"])
    assert result.exit_code == 2
    assert "footnote index" in result.output
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

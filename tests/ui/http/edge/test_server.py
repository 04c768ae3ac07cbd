"""The server ends whatever hangs, and takes as many connections as it has descriptors for."""

from __future__ import annotations

import subprocess
import sys

import pytest

pytestmark = pytest.mark.unit

HANGING = """
import threading
from ui.http.edge.server import end_after
threading.Thread(target=threading.Event().wait).start()
end_after(0.1)
"""
LIMITED = """
import resource, sys
soft, hard = map(int, sys.argv[1:])
resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
from ui.http.edge.server import connection_limits
print(connection_limits().connections, resource.getrlimit(resource.RLIMIT_NOFILE)[0])
"""


def run(program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", program, *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


def test_process_that_hangs_is_ended() -> None:
    done = run(HANGING)
    assert done.returncode == 1
    assert "something still ran when the server was to end" in done.stderr


@pytest.mark.parametrize(
    ("soft", "hard", "connections"), [("256", "4096", 1_000), ("256", "300", 172), ("64", "64", 16)]
)
def test_connections_are_fewer_than_descriptors(soft: str, hard: str, connections: int) -> None:
    assert run(LIMITED, soft, hard).stdout.split() == [str(connections), hard]

"""A real PostgreSQL and a real Redis on this machine, where Debian's packages are installed."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from signal import SIGINT
from subprocess import DEVNULL
from tempfile import TemporaryDirectory

import pytest

from tests.helpers.s3 import free_port, wait_for

PASSWORD = "newts-in-ponds"


@contextmanager
def postgres() -> Iterator[str]:
    """Run one with an empty database; its address. Skips the test where it is not installed."""
    programs = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    if not programs:
        pytest.skip("PostgreSQL is not installed; run: make shared")
    # It refuses to run as root.
    user = "postgres" if os.geteuid() == 0 else None
    with TemporaryDirectory(prefix="footnote-postgres-") as name:
        folder, port = Path(name), free_port()
        secret = folder / "secret"
        secret.write_text(PASSWORD, encoding="ascii")
        if user:
            owner = pwd.getpwnam(user).pw_uid
            for path in (folder, secret):
                os.chown(path, owner, -1)
        made = [
            str(programs[-1] / "initdb"),
            "--pgdata",
            str(folder / "data"),
            "--username",
            "newt",
        ]
        asked = ["--auth", "scram-sha-256", "--pwfile", str(secret), "--no-sync"]
        subprocess.run([*made, *asked], check=True, user=user, cwd=folder, stdout=DEVNULL)
        run = [str(programs[-1] / "postgres"), "-D", str(folder / "data"), "-p", str(port)]
        run += ["-k", str(folder), "-F", "-h", "127.0.0.1"]
        with subprocess.Popen(run, user=user, cwd=folder, stderr=DEVNULL) as process:
            try:
                wait_for(port, process)
                yield f"postgresql://newt:{PASSWORD}@127.0.0.1:{port}/postgres"
            finally:
                process.send_signal(SIGINT)  # it does not wait for connections to end
                process.wait()


@contextmanager
def redis_server() -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """Run one; its address and process. Skips the test where it is not installed."""
    program = shutil.which("redis-server")
    if program is None:
        pytest.skip("Redis is not installed; run: make shared")
    port = free_port()
    options = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--requirepass", PASSWORD]
    with (
        TemporaryDirectory() as folder,
        subprocess.Popen([program, *options], cwd=folder, stdout=DEVNULL) as process,
    ):
        try:
            wait_for(port, process)
            yield f"redis://:{PASSWORD}@127.0.0.1:{port}/0", process
        finally:
            process.kill()

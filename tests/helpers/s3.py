"""A real S3 server on this machine (moto's), with a bucket."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from socket import create_connection, create_server
from typing import Any

BUCKET = "footnote"


def free_port() -> int:
    """A port that nobody listens on."""
    with create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    """Wait until a process that was started listens on a port."""
    while process.poll() is None:
        with suppress(OSError), create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.05)
    raise AssertionError(f"it ended with {process.returncode}")


@contextmanager
def s3_server() -> Iterator[dict[str, Any]]:
    """Run one; gives the options of fsspec for it."""
    port = free_port()
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            wait_for(port, process)
            options = {"endpoint_url": f"http://127.0.0.1:{port}", "key": "k", "secret": "s"}
            _filesystem(options).mkdir(BUCKET)
            yield options
        finally:
            process.kill()


def _filesystem(options: Mapping[str, Any]) -> Any:  # noqa: ANN401
    import fsspec

    return fsspec.filesystem("s3", skip_instance_cache=True, **options)

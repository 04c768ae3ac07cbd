"""Syncs without the start of new interpreters, which would be nine tenths of their time.

Files are read in the process itself, and `python -m MODULE` is run by a fork of a process that has
its imports ready and has opened nothing. Both belong to the process group of the sync, and the
shim counts in them as in new ones.
"""

from __future__ import annotations

import json
import os
import runpy
import socket
import sys
import traceback
from collections.abc import Callable, Sequence

import pytest

_ANSWER_BYTES = 8
_REQUEST_BYTES = 1 << 16


class _Done:
    def __init__(self, value: object) -> None:
        self._value = value

    def result(self, _: float) -> object:
        return self._value


class ReaderHere:
    """What `index.sync.parse_pool` needs of a pool of processes, in this process."""

    def __init__(self, *_: object, **__: object) -> None:
        pass

    def schedule(self, work: Callable[..., object], args: Sequence[object], **_: object) -> _Done:
        return _Done(work(*args))

    def stop(self) -> None:
        pass

    def join(self) -> None:
        pass


def speed_up() -> None:
    """Have syncs of this process start no interpreters. Nothing must be open yet."""
    ours, theirs = socket.socketpair()
    if not os.fork():
        ours.close()
        _serve(theirs)
        os._exit(0)
    theirs.close()

    def forked(command: Sequence[str], **_: object) -> ForkedChild:
        assert list(command[:3]) == [sys.executable, "-P", "-m"], f"{command} starts an interpreter"
        return ForkedChild(ours, command[3:])

    patch = pytest.MonkeyPatch()
    patch.setattr("index.sync.parse_pool.ProcessPool", ReaderHere)
    patch.setattr("subprocess.Popen", forked)


class ForkedChild:
    """What `index.engines.probe` needs of a process; it is forked when it gets its input."""

    def __init__(self, server: socket.socket, command: Sequence[str]) -> None:
        self._server = server
        self._command = command
        self.returncode: int | None = None

    def kill(self) -> None:
        pass

    def communicate(self, given: bytes | None = None, timeout: float = 0) -> tuple[bytes, bytes]:
        """Run it to its end; what it wrote. Without an input it was not wanted, and never runs."""
        if given is None:
            return b"", b""
        files = [os.memfd_create(name) for name in ("input", "output", "errors")]
        os.write(files[0], given)
        os.lseek(files[0], 0, os.SEEK_SET)
        socket.send_fds(self._server, [json.dumps(self._command).encode()], files)
        self.returncode = int(self._server.recv(_ANSWER_BYTES))
        output, errors = (os.pread(file, 1 << 20, 0) for file in files[1:])
        for file in files:
            os.close(file)
        return output, errors


def _serve(client: socket.socket) -> None:
    while True:
        request, files, _, _ = socket.recv_fds(client, _REQUEST_BYTES, 3)
        if not request:
            return
        child = os.fork()
        if not child:
            for number, file in enumerate(files):
                os.dup2(file, number)
            _run(json.loads(request))
        for file in files:
            os.close(file)
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        client.send(str(status).encode())


def _run(command: Sequence[str]) -> None:
    sys.argv = list(command)
    sys.modules.pop(command[0], None)
    status: object = 0
    try:
        runpy.run_module(command[0], run_name="__main__", alter_sys=True)
    except SystemExit as stop:
        status = stop.code
    except BaseException:
        traceback.print_exc()
        status = 1
    if isinstance(status, str):
        sys.stderr.write(f"{status}\n")
    sys.stderr.flush()
    os._exit(status if isinstance(status, int) else int(status is not None))

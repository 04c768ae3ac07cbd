"""`make run` before there is anything: what it says of ports and of the packages that it gets."""

from __future__ import annotations

import importlib.util
import socket
from pathlib import Path
from types import ModuleType

import pytest

PATH = Path(__file__).parents[2] / "scripts" / "install.py"


@pytest.fixture(scope="module")
def install() -> ModuleType:
    spec = importlib.util.spec_from_file_location("footnote_install", PATH)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("Collecting torch==2.11.0 (from footnote==1.0)\n", "   7  torch"),
        ("Collecting httpx2[cli]>=1\n", "   7  httpx2[cli]"),
        (
            "  Downloading torch-2.11.0-cp311.whl (527.3 MB)\n",
            "      getting torch, 527 MB",
        ),
        ("  Downloading big-1-any.whl (1.2 GB)\n", "      getting big, 1,200 MB"),
        ("  Downloading idna-3.10-py3-none-any.whl (70 kB)\n", ""),
        (
            "Installing collected packages: a, b, c\n",
            "Unpacking 3 packages, which takes a minute or two.",
        ),
        ("Requirement already satisfied: idna in /x\n", ""),
        ("  Downloading somewhere\n", ""),
    ],
)
def test_line_of_pip_is_told_as_a_step(install: ModuleType, line: str, told: str) -> None:
    assert install.step(line, 7) == told


def test_port_that_is_taken_is_told_with_one_that_is_not(
    install: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert install.main(["--port", str(port)]) == 2
        told = capsys.readouterr().out
        assert told.startswith(f"footnote: port {port} is in use; run: make run PORT=")
        assert install.is_free(int(told.rpartition("=")[2]))
    assert install.main(["--port", str(port)]) == 0


def test_failure_of_pip_ends_with_its_own_words_and_code(
    install: ModuleType, capfd: pytest.CaptureFixture[str]
) -> None:
    assert install.main(["--no-such-option"]) == 2
    assert "no such option: --no-such-option" in capfd.readouterr().err

"""The container files and systemd's: linted, and their commands and settings tried by hand."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import urlopen

import click
import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from rag.settings import Settings
from scripts.audit import audit
from tests.helpers.screenshot import FOOTNOTE, ROOT
from ui.cli import main
from ui.service.settings import ServiceSettings

pytestmark = pytest.mark.model

BIN = Path(sys.executable).parent
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ")
UNITS = sorted((ROOT / "docs" / "deploy").glob("*.service"))
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))


def lines(instruction: str) -> list[str]:
    """What follows an instruction of the Dockerfile, wherever it stands."""
    found = re.findall(rf"^\s*{instruction} (.*)$", DOCKERFILE, re.MULTILINE)
    return [" ".join(line.split()) for line in found]


def image_settings() -> dict[str, str]:
    return dict(pair.split("=", 1) for line in lines("ENV") for pair in shlex.split(line))


def compose_settings() -> dict[str, str]:
    """The environment of Compose's server where nobody sets anything."""
    given = COMPOSE["services"]["footnote"]["environment"]
    return {name: re.sub(r"\$\{\w+:-(.*)\}", r"\1", value) for name, value in given.items()}


def unit_settings(unit: Path) -> dict[str, str]:
    text = unit.read_text(encoding="utf-8")
    (line,) = re.findall(r"^Environment=(.*)$", text, re.MULTILINE)
    return dict(pair.split("=", 1) for pair in shlex.split(line))


def commands() -> Iterator[list[str]]:
    """The words after `footnote` in every file."""
    yield json.loads(lines("CMD")[0])
    for service in COMPOSE["services"].values():
        yield from ([service["command"]] if service.get("command") else [])
        for word in service.get("entrypoint", ()):
            if word.startswith("footnote "):
                yield shlex.split(word.partition("||")[0])[1:]
    for unit in UNITS:
        for line in re.findall(r"^ExecStart=(.*)$", unit.read_text(encoding="utf-8"), re.MULTILINE):
            yield shlex.split(line)[1:]
    comment = (ROOT / "compose.yaml").read_text(encoding="utf-8")
    yield from (line.split() for line in re.findall(r"run --rm footnote (.*)", comment))


def test_dockerfile_is_clean() -> None:
    linted = subprocess.run([BIN / "hadolint", ROOT / "Dockerfile"], capture_output=True, text=True)
    assert (linted.returncode, linted.stdout) == (0, "")


def test_compose_file_is_what_the_specification_allows() -> None:
    check = [str(BIN / "check-jsonschema"), "--builtin-schema", "vendor.compose-spec"]
    checked = subprocess.run([*check, ROOT / "compose.yaml"], capture_output=True, text=True)
    assert checked.returncode == 0, checked.stdout


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="needs systemd-analyze")
@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_unit_is_what_systemd_takes(unit: Path, tmp_path: Path) -> None:
    here = re.sub(r"/opt/\S+", str(BIN / "footnote"), unit.read_text(encoding="utf-8"))
    for each in UNITS:
        (tmp_path / each.name).write_text(
            here if each == unit else "[Service]\nExecStart=/bin/true"
        )
    verify = ["systemd-analyze", "verify", str(tmp_path / unit.name)]
    verified = subprocess.run(verify, capture_output=True, text=True)
    assert (verified.returncode, verified.stderr) == (0, "")


def test_image_holds_every_package_and_what_installing_needs() -> None:
    copied = {word for line in lines("COPY") for word in line.split()[:-1]}
    assert {word for word in copied if not word.startswith(("--", "/"))} == {
        *("index", "rag", "ui", "eval"),
        *("pyproject.toml", "requirements.lock", "README.md", "LICENSE"),
    }
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").split()
    assert {line[1:] for line in ignored if line.startswith("!")} == {
        word for word in copied if (ROOT / word).exists()
    }


def test_lock_has_each_package_once_with_its_digest_and_in_the_version_of_the_constraints() -> None:
    text = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    rows = re.findall(r"^(\S+)==(\S+) --hash=sha256:[0-9a-f]{64}$", text, re.MULTILINE)
    assert len(rows) == text.count("\n") - 1
    locked = dict(rows)
    assert len(locked) == len(rows)
    pinned = (ROOT / "constraints.txt").read_text(encoding="utf-8").split()
    for name, _, version in (line.partition("==") for line in pinned):
        if canonicalize_name(name) in locked:
            assert locked[canonicalize_name(name)].split("+")[0] == version
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    for wanted in map(Requirement, project["dependencies"] + extras["ocr"] + extras["otel"]):
        assert wanted.specifier.contains(locked[canonicalize_name(wanted.name)])


def test_audit_without_a_network_says_that_nothing_was_audited(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tool = tmp_path / "pip-audit"
    for script, code, said in (
        ("echo unreachable >&2; exit 1", 2, "unreachable\nThere is no network, or no database: "),
        ("echo torch 1.0 has a fault; exit 1", 1, "torch 1.0 has a fault\n"),
        ("echo no faults >&2", 0, "no faults\n"),
    ):
        tool.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
        tool.chmod(0o755)
        assert audit(tool, tmp_path / "requirements.lock") == code
        assert capsys.readouterr().out.startswith(said)


def parse(words: list[str]) -> click.Context:
    """Read a command line without running it. Raises click.UsageError."""
    command: click.Command = main
    context = None
    while isinstance(command, click.Group):
        context = command.make_context(command.name, words, context)
        _, found, words = command.resolve_command(
            context, [*context._protected_args, *context.args]
        )
        assert found
        command = found
    return command.make_context(command.name, words, context)


@pytest.mark.parametrize("words", list(commands()), ids=" ".join)
def test_command_is_one_that_footnote_has(words: list[str]) -> None:
    assert parse(words).command.name == words[-1 if words[0] == "token" else 0]


def test_settings_are_those_of_the_product() -> None:
    given = [image_settings(), compose_settings(), *map(unit_settings, UNITS)]
    known = Settings.model_fields.keys() | ServiceSettings.model_fields.keys()
    ours = {
        name.removeprefix("FOOTNOTE_").lower() for each in given for name in each if "FOO" in name
    }
    assert ours <= known
    assert {"data", "uploads", "llm_url"} <= ours


def test_command_without_a_known_option_is_refused() -> None:
    with pytest.raises(click.UsageError, match="No such option"):
        parse(["serve", "--bind", "0.0.0.0"])


def test_server_of_the_image_is_healthy_and_asks_for_a_token(seeds_data: Path) -> None:
    given = {**image_settings(), **compose_settings(), "FOOTNOTE_DATA": str(seeds_data)}
    given |= {"PATH": os.environ["PATH"], "OMP_NUM_THREADS": "1"}
    command = json.loads(lines("CMD")[0])
    server = subprocess.Popen(
        [*FOOTNOTE, *command, "--port", "0"], stdout=subprocess.PIPE, text=True, env=given, cwd=ROOT
    )
    try:
        assert server.stdout
        shown = ""
        while "http://" not in shown:
            line = server.stdout.readline()
            assert line, shown
            shown += line
        assert "Callers need a token. This one reads" in shown
        port = shown.rpartition(":")[2].split()[0]
        check = json.loads(re.findall(r"^HEALTHCHECK .* CMD (.*)$", DOCKERFILE, re.MULTILINE)[0])
        check[0], check[-1] = sys.executable, check[-1].replace(":7860", f":{port}")
        assert subprocess.run(check).returncode == 0
        with pytest.raises(HTTPError, match="401"):
            urlopen(f"http://127.0.0.1:{port}/v1/documents")
    finally:
        server.terminate()
        server.wait(timeout=30)
        (seeds_data / "tokens.json").unlink(missing_ok=True)

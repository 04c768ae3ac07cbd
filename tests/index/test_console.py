"""The command groups: commands imported when they run, help printed from the table alone."""

from __future__ import annotations

import json
import sys

import click
import pytest
from click.testing import CliRunner

from index.console import LazyCommand, LazyGroup, print_json

pytestmark = pytest.mark.unit


def group_of(**lazy: LazyCommand) -> LazyGroup:
    group = LazyGroup("tool", lazy=lazy)
    group.add_command(click.Command("own", callback=lambda: click.echo("own ran"), help="Runs."))
    return group


def test_lazy_group_help_lists_the_table_first_and_imports_nothing() -> None:
    group = group_of(far=LazyCommand("no_such_module:command", "Is far away."))
    result = CliRunner().invoke(group, ["--help"])
    assert result.exit_code == 0
    assert result.output.endswith("Commands:\n  far  Is far away.\n  own  Runs.\n")


def test_lazy_group_command_is_imported_when_it_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    module = type(sys)("module_of_a_test")
    command = click.Command("near", callback=lambda: click.echo("near ran"))
    vars(module)["command"] = command
    monkeypatch.setitem(sys.modules, module.__name__, module)
    group = group_of(near=LazyCommand("module_of_a_test:command", "Is near."))
    assert CliRunner().invoke(group, ["near"]).output == "near ran\n"
    assert CliRunner().invoke(group, ["own"]).output == "own ran\n"


def test_lazy_group_unknown_command_is_a_usage_error() -> None:
    result = CliRunner().invoke(group_of(), ["nothing"])
    assert result.exit_code == 2
    assert "No such command 'nothing'." in result.output


def test_print_json_writes_one_document_with_its_own_letters(
    capsys: pytest.CaptureFixture[str],
) -> None:
    print_json({"städte": ["Zürich"]})
    out = capsys.readouterr().out
    assert json.loads(out) == {"städte": ["Zürich"]}
    assert "Zürich" in out

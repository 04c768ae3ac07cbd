from __future__ import annotations

import pytest
from click.testing import CliRunner

from eval import cli
from index.console import LazyGroup

pytestmark = pytest.mark.unit


def test_available_commands_in_a_checkout_are_all_in_order() -> None:
    names = list(cli.available_commands())
    assert names == sorted(names)
    assert {"ablate", "bench", "gate", "refusal", "run"} <= set(names)


@pytest.mark.parametrize("name", list(cli.available_commands()))
def test_every_command_of_the_table_can_be_imported(name: str) -> None:
    done = CliRunner().invoke(cli.group, [name, "--help"])
    assert done.exit_code == 0, done.output
    assert f"Usage: eval {name}" in done.output


def test_command_of_the_repository_in_an_installed_package_says_where_it_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(cli, "find_spec", lambda _: None)
    assert "bench" not in cli.available_commands()
    installed = cli.EvalGroup("eval", lazy=cli.available_commands())
    assert isinstance(installed, LazyGroup)
    assert "bench" not in CliRunner().invoke(installed, ["--help"]).output
    done = CliRunner().invoke(installed, ["bench", "index"])
    assert done.exit_code == 2
    assert "footnote eval bench is part of Footnote's repository, not of" in done.output

"""`footnote eval`: gold questions in, scores out."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from importlib.util import find_spec

import click

from index.console import LazyCommand, LazyGroup
from index.errors import FAULT, ConfigError, FootnoteError, log_internal_error

# Exit codes; Python's and click's own for these is 1, which here means a regression.
STOPPED = 130  # interrupted
CLOSED = 141  # broken pipe, as a shell reports it

_COMMANDS = {
    "calibrate": LazyCommand(
        "eval.calibration.cli:command", "Choose the threshold of refusing on GOLD, and save it."
    ),
    "compare": LazyCommand("eval.gate.compare:compare", "Compare two runs question by question."),
    "draft": LazyCommand(
        "eval.drafting.cli:draft", "Propose gold questions for a person to confirm."
    ),
    "gate": LazyCommand("eval.gate.output:gate", "Compare the scores on GOLD with a baseline."),
    "judge": LazyCommand("eval.judging.cli:judge", "Let the LLM rate the answers of a run."),
    "power": LazyCommand("eval.gate.power:power", "Simulate how often the gate would be wrong."),
    "reading": LazyCommand(
        "eval.reading.cli:reading", "Score what is read in files against what should be."
    ),
    "report": LazyCommand("eval.report.html:report", "Write runs as one HTML page."),
    "run": LazyCommand(
        "eval.runs.session:run", "Ask the questions of GOLD and score what comes back."
    ),
}
# How Footnote's constants were chosen, and timings: in the repository, not in the wheel.
_REPOSITORY_COMMANDS = {
    "ablate": LazyCommand(
        "eval.lab.ablate:ablate", "Rank for GOLD as it is done and with each part left out."
    ),
    "bench": LazyCommand(
        "eval.bench.cli:bench", "Time indexing, asking, serving or starting against yardsticks."
    ),
    "chunking": LazyCommand(
        "eval.lab.chunking:chunking", "Measure evidence in the first passages, by splitter."
    ),
    "disagree": LazyCommand(
        "eval.lab.conflicts:disagree", "Count contradictions found and false alarms on XQUAD."
    ),
    "followups": LazyCommand(
        "eval.lab.chats.followups:followups", "Compare ways to search after earlier turns."
    ),
    "refusal": LazyCommand(
        "eval.lab.refusal_fit:refusal", "Fit refusal to one half of XQUAD, measure the other."
    ),
    "strict": LazyCommand(
        "eval.lab.strict:strict", "Count what strict mode keeps of an LLM's answers."
    ),
    "support": LazyCommand(
        "eval.lab.support_fit:support", "Fit the support check to half of the data."
    ),
}


class EvalGroup(LazyGroup):
    """The group of `footnote eval`.

    Turns errors that a user can act on into a sentence and their exit code. Commands of the
    repository are listed where they can be imported.
    """

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names of all commands, in alphabetical order."""
        return sorted(super().list_commands(ctx))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """A command by its name. Raises ConfigError for one that the wheel does not hold."""
        if cmd_name in _REPOSITORY_COMMANDS and cmd_name not in available_commands():
            raise ConfigError(
                f"footnote eval {cmd_name} is part of Footnote's repository, not of the installed "
                "package; run it in a checkout: .venv/bin/footnote eval "
                f"{cmd_name}"
            )
        return super().get_command(ctx, cmd_name)

    def invoke(self, ctx: click.Context) -> object:
        """Run a command; exits with the code of the error, if there is one."""
        try:
            return super().invoke(ctx)
        except FootnoteError as error:
            click.echo(f"footnote: {error}", err=True)
            sys.exit(error.exit_code)
        except KeyboardInterrupt:
            click.echo("footnote: stopped", err=True)
            sys.exit(STOPPED)
        except BrokenPipeError:
            sys.exit(CLOSED)
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except Exception as error:
            click.echo(f"footnote: {log_internal_error(error)}; nothing was decided", err=True)
            sys.exit(FAULT)


def available_commands() -> Mapping[str, LazyCommand]:
    """The commands that can be imported here, in alphabetical order."""
    found = dict(_COMMANDS)
    for name, command in _REPOSITORY_COMMANDS.items():
        package = ".".join(command.target.split(".")[:2])
        if find_spec(package) is not None:
            found[name] = command
    return dict(sorted(found.items()))


@click.group("eval", cls=EvalGroup, lazy=available_commands())
def group() -> None:
    """Measure answers against gold questions."""

"""`footnote eval power`: how often the gate would be wrong, simulated."""

from __future__ import annotations

from pathlib import Path

import click

from eval.console import PATH, json_option, print_json


@click.command("power")
@click.argument("run", type=PATH)
@click.option(
    "--drop",
    default=0.05,
    show_default=True,
    type=click.FloatRange(0, 1, min_open=True),
    help="True fall of a metric's mean.",
)
@click.option(
    "--questions",
    default=200,
    show_default=True,
    type=click.IntRange(min=2),
    help="Questions of each simulated run.",
)
@click.option(
    "--times",
    default=2000,
    show_default=True,
    type=click.IntRange(min=1),
    help="Runs to simulate.",
)
@click.option(
    "--noise",
    default=0.05,
    show_default=True,
    type=click.FloatRange(0, 1),
    help="Share of questions that come out otherwise without getting better or worse.",
)
@click.option(
    "--tolerance",
    default=0.02,
    show_default=True,
    type=click.FloatRange(0, 1),
    help="What a metric may fall by.",
)
@json_option
def power(
    run: Path,
    drop: float,
    questions: int,
    times: int,
    noise: float,
    tolerance: float,
    as_json: bool,
) -> None:
    """Simulate the gate with the scores that the questions have in the run folder RUN.

    Prints how often it alarms though nothing got worse, and how often it catches a true fall: of
    one metric alone, and of a share of the questions that lose all of their scores.
    """
    from dataclasses import asdict

    from eval.baseline import METRICS
    from eval.power import World, simulate
    from eval.recorded import read_run

    recorded = read_run(run)
    metrics = [name for name in METRICS if name in recorded.metrics]
    world = World.of(recorded, metrics)
    found = simulate(world, [tolerance] * len(metrics), drop, questions, noise, times)
    if as_json:
        print_json(asdict(found))
        return
    click.echo(
        f"{times} simulated runs of {questions} questions, {noise:.1%} of which come out otherwise "
        f"by chance; tolerance {tolerance:.3f}\n\n"
        f"false alarms, over {len(metrics)} metrics  {found.false_alarms:.3f}\n"
        f"caught, a true fall of {drop:.3f} in"
    )
    for name, share in found.caught.items():
        click.echo(f"  {name:<32} {share:.3f}")
    click.echo(f"  {'all, with their questions':<32} {found.caught_together:.3f}")

"""`footnote eval judge`: an LLM rates a run's answers, or is measured against people."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from eval.console import FAILED, PATH, settings_of
from index.console import json_option, print_json
from index.errors import ConfigError

if TYPE_CHECKING:
    from eval.judging.judge import RatingResult, RatingTask
    from rag.settings import Settings

RATINGS_FILE = "judge.jsonl"


@click.command("judge")
@click.argument("run", required=False, type=PATH)
@click.option(
    "--agreement",
    type=PATH,
    metavar="MTRAG_FILE",
    help="Rate MTRAG's human subset instead, and tell how far people agree with the LLM.",
)
@click.option("--limit", type=click.IntRange(min=1), help="Rate the first N answers only.")
@json_option
@click.pass_context
def judge(
    context: click.Context,
    run: Path | None,
    agreement: Path | None,
    limit: int | None,
    as_json: bool,
) -> None:
    """Let the LLM of the settings rate the answers of the run folder RUN.

    Faithfulness, appropriateness and completeness, from 1 to 4, go to judge.jsonl in the run
    folder. First measure with --agreement whether that LLM's ratings mean anything. Exit code 3 if
    answers could not be rated; they are listed.
    """

    if (run is None) == (agreement is None):
        raise ConfigError("name a run folder, or --agreement with MTRAG's human subset")
    settings = settings_of(context)
    if not settings.has_llm:
        raise ConfigError("the judge needs an LLM; set FOOTNOTE_LLM_URL")
    if run is not None:
        failed = _rate_run(run, settings, limit, as_json)
    else:
        assert agreement is not None
        failed = _measure(agreement, settings, limit, as_json)
    if failed:
        context.exit(FAILED)


def _rate_run(run: Path, settings: Settings, limit: int | None, as_json: bool) -> int:
    """Rate a run's answers into its folder and print the means; how many got no rating."""
    from eval.judging.judge import RATINGS, cases_of
    from eval.runs.results import read_run

    cases = cases_of(read_run(run).results)[:limit]
    judged: list[RatingResult] = []
    with (run / RATINGS_FILE).open("w", encoding="utf-8") as file:
        for one in _judged(cases, settings):
            file.write(json.dumps(_record(one, settings), ensure_ascii=False) + "\n")
            file.flush()
            judged.append(one)
    means = {name: _mean(judged, name) for name in RATINGS}
    failed = _print_failed(judged)
    if as_json:
        print_json({"n": len(judged), "failed": failed, "means": means})
        return failed
    for name, mean in means.items():
        click.echo(f"{name:<17} {'-' if mean is None else f'{mean:.2f}'} of 4")
    click.echo(f"{len(judged) - failed} rated, {failed} not: {run / RATINGS_FILE}")
    return failed


def _measure(path: Path, settings: Settings, limit: int | None, as_json: bool) -> int:
    """Rate what people rated and print the agreement; how many answers got no rating."""
    from dataclasses import asdict

    from eval.judging.agreement import agreements, load_rated, table

    rated = load_rated(path)[:limit]
    judged = list(_judged([one.case for one in rated], settings))
    failed = _print_failed(judged)
    found = agreements(rated, judged)
    if as_json:
        measures = [asdict(one) for one in found]
        print_json({"n": len(judged), "failed": failed, "measures": measures})
        return failed
    click.echo("\n".join(table(found)))
    click.echo(f"{len(judged) - failed} of {len(judged)} rated. people: one with the others.")
    return failed


def _judged(cases: Sequence[RatingTask], settings: Settings) -> Iterator[RatingResult]:
    from eval.judging.judge import judge
    from rag.llm.providers import make_llm

    for number, one in enumerate(judge(make_llm(settings), cases), start=1):
        click.echo(f"rated {number} of {len(cases)}", err=True)
        yield one


def _record(one: RatingResult, settings: Settings) -> dict[str, object]:
    from eval.judging.judge import PROMPT_VERSION

    ratings = one.rating.model_dump() if one.rating else {}
    made = {"model": settings.llm_model, "prompt": PROMPT_VERSION}
    return {"id": one.id, **ratings, **made, "error": one.error}


def _print_failed(judged: Sequence[RatingResult]) -> int:
    failed = [one for one in judged if one.rating is None]
    for one in failed:
        click.echo(f"not rated: {one.id}: {one.error}", err=True)
    return len(failed)


def _mean(judged: Sequence[RatingResult], name: str) -> float | None:
    values = [int(getattr(one.rating, name)) for one in judged if one.rating]
    return round(sum(values) / len(values), 4) if values else None

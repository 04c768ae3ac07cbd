"""`footnote eval bench`: timings against yardsticks."""

from __future__ import annotations

from pathlib import Path

import click

from eval.console import PATH, say
from index.console import json_option, print_json
from index.errors import ConfigError

_QUESTIONS = 100


@click.command("bench")
@click.argument(
    "subject", type=click.Choice(["index", "ask", "serve", "start", "collections", "reading"])
)
@click.argument("corpus", required=False, type=PATH)
@click.option(
    "--passages",
    default=1000,
    show_default=True,
    type=click.IntRange(min=10),
    help="Make a corpus of so many.",
)
@click.option(
    "--times",
    default=3,
    show_default=True,
    type=click.IntRange(min=1),
    help="Time `index`, `start` and `reading` so often beside their yardsticks.",
)
@click.option(
    "--against", type=PATH, help="Also have `reading` run by the code of another checkout here."
)
@json_option
def bench(
    subject: str,
    corpus: Path | None,
    passages: int,
    times: int,
    against: Path | None,
    as_json: bool,
) -> None:
    """Time SUBJECT against its yardsticks, in turn and in one run.

    `index` embeds CORPUS, or made files of so many passages, a few times, and then changes one
    file among as many passages and ten times as many. `ask` puts questions to as many passages and
    to ten times as many, without a CORPUS. `serve` asks a server while another process
    indexes so many passages. `start` is from nothing to a page of CORPUS and to an answer.
    `collections` is the memory of ten collections of so many passages beside that of one.
    `reading` is the time and memory of a large made file of each common format.
    """
    from dataclasses import asdict

    from eval.bench import ask as bench_ask
    from eval.bench import collections as bench_collections
    from eval.bench import index as bench_index
    from eval.bench import load as bench_serve
    from eval.bench import reading as bench_reading
    from eval.bench import start as bench_start
    from eval.bench.timing import table

    if corpus is not None and not corpus.is_dir():
        raise ConfigError(f"{corpus} is not a folder; run: footnote eval bench {subject} FOLDER")
    sections = {
        "index": lambda: bench_index.bench(corpus, passages, times, say),
        "ask": lambda: bench_ask.bench(passages, _QUESTIONS, say),
        "collections": lambda: bench_collections.bench(passages, say),
        "reading": lambda: bench_reading.bench(against, times, say),
        "start": lambda: bench_start.bench(corpus, times, say),
        "serve": lambda: bench_serve.bench(passages, say),
    }[subject]()
    if as_json:
        figures = [asdict(figure) for section in sections for figure in section]
        print_json(figures)
        return
    for section in sections:
        click.echo(table(section))

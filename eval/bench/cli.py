"""`footnote eval bench`: timings against yardsticks."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from eval.console import PATH, say
from index.console import json_option, print_json
from index.errors import ConfigError

if TYPE_CHECKING:
    from eval.bench.timing import Figure

_QUESTIONS = 100


_SUBJECTS = [
    "index",
    "ask",
    "serve",
    "start",
    "collections",
    "light",
    "reading",
    "replicas",
    "large",
    "peers",
]


@click.command("bench")
@click.argument("subject", type=click.Choice(_SUBJECTS))
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
    help="Repeat what is timed so often, in turn with its yardsticks.",
)
@click.option(
    "--against",
    type=PATH,
    help="Another checkout of Footnote, as the yardstick of `light` and `reading`.",
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
    to ten times as many, without a CORPUS: for quotes, for figures of a table, and for summaries.
    `serve` asks a server while another process
    indexes so many passages. `start` is from nothing to a page of CORPUS and to an answer.
    `collections` is the memory of ten collections of so many passages beside that of one. `light`
    is what a cold answer and a server take of a machine, `reading` the time and memory of a large
    made file of each common format; `replicas` has servers follow an index. `large` indexes made
    files and vectors of a hundredth of the passages, a tenth, and all, and tells what grows.
    `peers` times CORPUS, or 240 made files, beside llama-index, LangChain, txtai and haystack.
    """
    from dataclasses import asdict

    from eval.bench.timing import table

    if corpus is not None and not corpus.is_dir():
        raise ConfigError(f"{corpus} is not a folder; run: footnote eval bench {subject} FOLDER")
    if corpus is not None and not any(path.is_file() for path in corpus.rglob("*")):
        raise ConfigError(f"{corpus} holds no file; name a folder with documents")
    sections = _sections(subject, corpus, passages, times, against)
    if as_json:
        figures = [asdict(figure) for section in sections for figure in section]
        print_json(figures)
        return
    for section in sections:
        click.echo(table(section))


def _sections(
    subject: str, corpus: Path | None, passages: int, times: int, against: Path | None
) -> Iterator[list[Figure]]:
    from eval.bench import ask, index, light, load, reading, start
    from eval.bench.peers import bench as peers
    from eval.bench.scale import collections, large, replicas

    return {
        "index": lambda: index.bench(corpus, passages, times, say),
        "ask": lambda: ask.bench(passages, _QUESTIONS, say),
        "collections": lambda: collections.bench(passages, say),
        "light": lambda: light.bench(against, passages, times, say),
        "reading": lambda: reading.bench(against, times, say),
        "replicas": lambda: replicas.bench(passages, times, say),
        "serve": lambda: load.bench(passages, say),
        "large": lambda: large.bench(passages, say),
        "peers": lambda: peers.bench(corpus, times, say),
        "start": lambda: start.bench(corpus, times, say),
    }[subject]()

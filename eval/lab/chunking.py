"""`footnote eval chunking`: published figures, langchain's splitters and Footnote's passages."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import click

from eval.console import PATH
from eval.datasets.chunking import ChunkingScores, measure, read_set
from eval.lab.chunking_search import CachedVectors, dense, measure_own
from index.console import json_option, print_json

# Smith and Troynikov 2024, all-MiniLM-L6-v2, five chunks: recall, precision, IoU, precision omega.
PUBLISHED = {
    ("RecursiveCharacter", 200, 0): (0.757, 0.065, 0.065, 0.312),
    ("TokenText", 200, 0): (0.766, 0.041, 0.041, 0.191),
    ("TokenText", 250, 125): (0.824, 0.036, 0.035, 0.114),
}


@dataclass(frozen=True, slots=True)
class ChunkingLine:
    """Scores of a splitter with a search; published ones have no lengths and counts."""

    name: str
    recall: float
    precision: float
    iou: float
    ceiling: float
    characters: float = 0.0
    chunks: int = 0


def lines_of(
    folder: Path, sizes: Sequence[int], passages: int, say: Callable[[str], None]
) -> Iterator[ChunkingLine]:
    """Each line when it is measured. Raises ConfigError for a set that cannot be read."""
    from index.embedding.embedder import Embedder
    from index.settings import load_settings
    from rag.settings import Settings

    settings = load_settings(Settings)
    chunking_set = read_set(folder)
    embedder = Embedder(settings.embedding_model)
    model = CachedVectors(embedder)
    try:
        from eval.lab.chunking_search import recursive_character, token_text

        makers = {"RecursiveCharacter": recursive_character, "TokenText": token_text}
        for (kind, tokens, repeated), figures in PUBLISHED.items():
            yield ChunkingLine(f"published: {kind} {tokens}/{repeated}, dense", *figures)
            split = makers[kind](tokens, repeated)
            measured = measure(chunking_set, split, dense(model), passages)
            yield _line(f"here: {kind} {tokens}/{repeated}, dense", measured)
    except ImportError:
        say("langchain's splitters are left out; run: pip install -c constraints.txt -e '.[bench]'")
    for tokens in sizes:
        say(f"Footnote's index of passages of {tokens} tokens")
        sized = settings.model_copy(update={"passage_tokens": tokens})
        whole, cut = measure_own(chunking_set, sized, embedder, passages)
        yield _line(f"Footnote {tokens}, passages", whole)
        yield _line(f"Footnote {tokens}, excerpts", cut)


def _line(name: str, found: ChunkingScores) -> ChunkingLine:
    return ChunkingLine(
        name,
        found.recall,
        found.precision,
        found.iou,
        found.ceiling,
        found.characters,
        found.chunks,
    )


_SIZES = (120, 180)


@click.command("chunking")
@click.argument("folder", metavar="SET", type=PATH)
@click.option(
    "--tokens",
    multiple=True,
    default=_SIZES,
    show_default=True,
    type=int,
    help="Measure Footnote's passages of at most so many tokens; may be repeated.",
)
@click.option(
    "--passages",
    default=5,
    show_default=True,
    type=click.IntRange(min=1),
    help="Score the first N that are found.",
)
@json_option
def chunking(folder: Path, tokens: tuple[int, ...], passages: int, as_json: bool) -> None:
    """Measure how much of the evidence the first passages hold, by splitter and search.

    SET is the folder of the data of "Evaluating Chunking Strategies for Retrieval" (Chroma 2024);
    its published figures for the same model stand beside. Shares are in percent.
    """
    found: list[ChunkingLine] = []
    if not as_json:
        click.echo(
            f"{'':<42} {'recall':>9} {'precision':>9} {'iou':>9} {'ceiling':>9} "
            f"{'characters':>10} {'chunks':>6}"
        )
    for line in lines_of(folder, tokens, passages, lambda text: click.echo(text, err=True)):
        found.append(line)
        if not as_json:
            click.echo(_shown(line))
    if as_json:
        print_json([asdict(line) for line in found])


def _shown(line: ChunkingLine) -> str:
    shares = (100 * share for share in (line.recall, line.precision, line.iou, line.ceiling))
    columns = " ".join(f"{value:>9.1f}" for value in shares)
    rest = f" {line.characters:>10.0f} {line.chunks:>6}" if line.chunks else ""
    return f"{line.name:<42} {columns}{rest}"

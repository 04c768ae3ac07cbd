"""The lines of `footnote eval chunking`: published figures, langchain's splitters, and our own."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from eval.chunking import Figures, measure, read_set
from eval.chunking_search import Remembered, dense, measure_own

# Smith and Troynikov 2024, all-MiniLM-L6-v2, five chunks: recall, precision, IoU, precision omega.
PUBLISHED = {
    ("RecursiveCharacter", 200, 0): (0.757, 0.065, 0.065, 0.312),
    ("TokenText", 200, 0): (0.766, 0.041, 0.041, 0.191),
    ("TokenText", 250, 125): (0.824, 0.036, 0.035, 0.114),
}


@dataclass(frozen=True, slots=True)
class Line:
    """Figures of a splitter with a search; a published one tells no lengths and counts."""

    name: str
    recall: float
    precision: float
    iou: float
    ceiling: float
    characters: float = 0.0
    chunks: int = 0


def lines_of(
    folder: Path, sizes: Sequence[int], passages: int, say: Callable[[str], None]
) -> Iterator[Line]:
    """Each line when it is measured. Raises ConfigError for a set that cannot be read."""
    from index.embedding.embedder import Embedder
    from index.settings import load_settings
    from rag.settings import Settings

    settings = load_settings(Settings)
    chunking_set = read_set(folder)
    embedder = Embedder(settings.embedding_model)
    model = Remembered(embedder)
    try:
        from eval.bench_splitters import recursive_character, token_text

        makers = {"RecursiveCharacter": recursive_character, "TokenText": token_text}
        for (kind, tokens, repeated), figures in PUBLISHED.items():
            yield Line(f"published: {kind} {tokens}/{repeated}, dense", *figures)
            split = makers[kind](tokens, repeated)
            measured = measure(chunking_set, split, dense(model), passages)
            yield _line(f"here: {kind} {tokens}/{repeated}, dense", measured)
    except ImportError:
        say("langchain's splitters are left out; run: pip install 'footnote[bench]'")
    for tokens in sizes:
        say(f"Footnote's index of passages of {tokens} tokens")
        sized = settings.model_copy(update={"passage_tokens": tokens})
        whole, cut = measure_own(chunking_set, sized, embedder, passages)
        yield _line(f"Footnote {tokens}, passages", whole)
        yield _line(f"Footnote {tokens}, excerpts", cut)


def _line(name: str, found: Figures) -> Line:
    return Line(
        name,
        found.recall,
        found.precision,
        found.iou,
        found.ceiling,
        found.characters,
        found.chunks,
    )

"""Paired timings: a task and its yardstick run in turn, so that machine load affects both."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from time import perf_counter


@dataclass(frozen=True, slots=True)
class Figure:
    """A measured value with its unit and a detail."""

    name: str
    value: float
    unit: str
    detail: str = ""


def paired(thing: Callable[[], object], yardstick: Callable[[], object], times: int) -> PairedTimes:
    """Run both in turn, so many times each."""
    mine, other = list[float](), list[float]()
    for _ in range(times):
        mine.append(_seconds(thing))
        other.append(_seconds(yardstick))
    return PairedTimes(tuple(mine), tuple(other))


@dataclass(frozen=True, slots=True)
class PairedTimes:
    """Seconds of a task and of its yardstick, run by run."""

    thing: tuple[float, ...]
    yardstick: tuple[float, ...]

    @property
    def ratio(self) -> float:
        """How many times as long as its yardstick the thing takes: the median over the runs."""
        return median(a / b for a, b in zip(self.thing, self.yardstick, strict=True))


def _seconds(work: Callable[[], object]) -> float:
    started = perf_counter()
    work()
    return perf_counter() - started


# Syllables of words that no language has, so that a made corpus is nobody's text.
_SYLLABLES = "ba co di fu ga he ji ko lu ma ne pi ro su ta ve wi xo yu za".split()
_BETWEEN = "the of and to in is was for with that".split()


def make_corpus(folder: Path, files: int, paragraphs: int, words: int = 70) -> None:
    """Write text files of made-up words, the same ones each time, with English function words
    between, by which they pass for English; a paragraph is a passage.
    """
    chance = random.Random(files * 1000 + paragraphs)
    made = ["".join(chance.choices(_SYLLABLES, k=chance.randint(1, 3))) for _ in range(4000)]
    vocabulary = made + _BETWEEN * (len(made) // (2 * len(_BETWEEN)))
    for number in range(files):
        path = folder / f"{number // 500:03}" / f"{number:05}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        text = "\n\n".join(_paragraph(chance, vocabulary, words) for _ in range(paragraphs))
        path.write_text(text + "\n", encoding="utf-8")


def _paragraph(chance: random.Random, vocabulary: Sequence[str], words: int) -> str:
    # A count from half as many to half as many more, as real paragraphs differ.
    count = chance.randint(words // 2, words * 3 // 2)
    found = chance.choices(vocabulary, k=count)
    sentences = [found[first : first + 12] for first in range(0, count, 12)]
    return " ".join(f"{' '.join(sentence).capitalize()}." for sentence in sentences)


def table(figures: Sequence[Figure]) -> str:
    """The figures in columns."""
    width = max((len(figure.name) for figure in figures), default=0)
    rows = (
        f"{figure.name:<{width}}  {figure.value:>10,.2f} {figure.unit:<6} {figure.detail}".rstrip()
        for figure in figures
    )
    return "\n".join(rows)

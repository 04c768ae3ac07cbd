"""`footnote eval reading`: the score of the readers, held against a baseline."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

import click

from eval.console import PATH
from eval.gate.gate import PASSED, REGRESSION
from eval.reading.score import KindScore, ReadingScore, by_kind, score_folder
from index.console import json_option, print_json
from index.errors import ConfigError

# How far a score of one file may fall: what a library's next version may read otherwise.
_TOLERANCE = 0.005
_MEASURES = ("characters", "cells", "headings")

# The scores of one file, and whether all is right.
FileScores = dict[str, float | bool]


@click.command("reading")
@click.argument("folder", type=PATH)
@click.option("--baseline", type=PATH, help="Exit with 1 if a file is read worse than in FILE.")
@click.option("--update", is_flag=True, help="Write the baseline as it is now.")
@json_option
def reading(folder: Path, baseline: Path | None, update: bool, as_json: bool) -> None:
    """Read the files of FOLDER that have a NAME.expected beside them, and score what is read.

    Characters in order, cells of tables with their column and row, headings: each from 0 to 1.
    """
    if update and not baseline:
        raise ConfigError("--update writes the file that --baseline names")
    scores = score_folder(folder)
    fallen = list[str]()
    if baseline and not update:
        fallen = list(fallen_scores(_read_baseline(baseline), scores))
    if as_json:
        print_json(
            {
                "kinds": [asdict(kind) for kind in by_kind(scores)],
                "files": [{**asdict(one), "right": one.right} for one in scores],
                "fallen": fallen,
            }
        )
    else:
        click.echo("\n".join(_lines(scores, fallen if baseline else None)))
    if baseline and update:
        _write_baseline(baseline, scores)
    sys.exit(REGRESSION if fallen else PASSED)


def _lines(scores: Sequence[ReadingScore], fallen: Sequence[str] | None) -> Iterator[str]:
    """The table by format, what is wrong in each file, and what fell."""
    yield "{:<12} {:>5} {:>5} {:>10} {:>6} {:>8}".format("format", "files", "right", *_MEASURES)
    for kind in by_kind(scores):
        yield _row(kind)
    wrong = [one for one in scores if not one.right]
    if wrong:
        yield ""
    for one in wrong:
        yield from (f"{one.name}: {fault}" for fault in one.faults)
    if fallen is not None:
        yield ""
        yield f"{'REGRESSION' if fallen else 'passed'} reading: {len(scores)} files"
        yield from (f"  {line}" for line in fallen)


def _row(kind: KindScore) -> str:
    shown = ["" if value is None else f"{value:.3f}" for value in _values(kind)]
    return (
        f"{kind.kind:<12} {kind.files:>5} {kind.right:>5} "
        f"{shown[0]:>10} {shown[1]:>6} {shown[2]:>8}"
    ).rstrip()


def _values(score: KindScore | ReadingScore) -> list[float | None]:
    return [score.characters, score.cells, score.headings]


def fallen_scores(baseline: dict[str, FileScores], scores: Sequence[ReadingScore]) -> Iterator[str]:
    """What is read worse than in a baseline, or not there any more."""
    now = {one.name: one for one in scores}
    for name, old in baseline.items():
        if name not in now:
            yield f"{name}: is not in the folder"
            continue
        new = now[name]
        if old["right"] and not new.right:
            yield f"{name}: was right; {'; '.join(new.faults)}"
        for measure, value in zip(_MEASURES, _values(new), strict=True):
            before = old.get(measure)
            if before is not None and (value is None or value < before - _TOLERANCE):
                yield f"{name}: {measure} {before:.3f} -> {value or 0.0:.3f}"


def _read_baseline(path: Path) -> dict[str, FileScores]:
    try:
        files: dict[str, FileScores] = json.loads(path.read_text(encoding="utf-8"))["files"]
    except OSError as error:
        raise ConfigError(
            f"{path} cannot be read: {error.strerror}; write it with --update"
        ) from None
    except (ValueError, KeyError, TypeError):
        raise ConfigError(f"{path} is no baseline of readers; write it with --update") from None
    return files


def _write_baseline(path: Path, scores: Sequence[ReadingScore]) -> None:
    files = dict[str, FileScores]()
    for one in scores:
        values = zip(_MEASURES, _values(one), strict=True)
        known = {name: round(value, 4) for name, value in values if value is not None}
        files[one.name] = {"right": one.right, **known}
    text = json.dumps({"files": files}, ensure_ascii=False, indent=1)
    path.write_text(f"{text}\n", encoding="utf-8")

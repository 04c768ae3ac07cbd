"""Faults at points all over a sync: python -m tests.crash.points --kills 320 --full 110

Each point is one call that changes a file below the data folder. There the sync and its children
are killed (`kill`), killed when half of a write is done (`torn`), or find the disk full from then
on (`full`). Then the index must be as it was or as it should become, and one more sync must make
it what a sync from scratch makes. Prints a table and a JSON summary; exits 1 on any violation.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import click

from index.embedding.embedder import Embedder
from index.engines.generations import FOLDER
from index.errors import StoreError
from tests.crash import scenes
from tests.crash.faults import Ended, Shim, in_child, start
from tests.crash.look import Flaw, flaws, look, look_into_catalog, stored
from tests.crash.recovery import after_recovery, general, last_line
from tests.crash.scenes import Scene, Synced

KINDS = ("lost", "half", "vector", "follower", "search", "unreadable", "left", "again", "told")
# How many of a hundred points a scene gets.
_SHARES = {"first": 12, "added": 22, "mixed": 28, "large": 28, "rebuild": 10}
# Not among those by default, since each of its points takes half a minute.
_VAST, _VAST_SECONDS = "vast", 600
# Here the lock and the catalog are opened, which few of the points would meet.
_FIRST_CALLS = range(1, 5)
# Recoveries start from a mixed change that was killed at these shares of its steps.
_KILLED_AT = (0.15, 0.5, 0.85, 0.98)


@dataclass(frozen=True, slots=True)
class Point:
    """One fault to inject: a scene's name, what happens, and at which call."""

    scene: str
    mode: str
    at: int

    def __str__(self) -> str:
        return f"{self.scene}:{self.mode}:{self.at}"


@dataclass(frozen=True, slots=True)
class Result:
    """What became of a point: the call that failed ("" if none did), seconds the next sync took."""

    point: Point
    fault: str
    error: str
    flaws: tuple[Flaw, ...]
    recovery: float


class Bench:
    """Where points are tried."""

    def __init__(self, folder: Path, spawns: bool) -> None:
        self.folder = folder
        self.shim = Shim()
        self._sync = scenes.run_sync if spawns else scenes.quick_sync
        self._model = Embedder("shared").fingerprint

    def faulted(self, scene: Scene, mode: str, at: int) -> tuple[Path, int, str, Ended[Synced]]:
        """A copy of the scene's index after a faulted sync, calls counted, the one that failed."""
        data = self.folder / "point"
        shutil.rmtree(data, ignore_errors=True)
        shutil.copytree(scene.data, data)
        self.shim.arm(mode, at, data)
        work = partial(self._sync, data, scene.corpus, scene.rebuild)
        ended = in_child(work, scene.most_seconds)
        count, fault = self.shim.disarm()
        return data, count, fault, ended

    def steps(self, scene: Scene) -> int:
        """How many calls a sync without faults makes."""
        _, count, _, ended = self.faulted(scene, "count", 0)
        if ended.how != "done" or not ended.value or ended.value.error:
            sys.exit(f"a sync of {scene.name} without faults failed: {ended}")
        return count

    def killed(self, scene: Scene, share: float, steps: int) -> Scene:
        """The scene as a sync leaves it that is killed after a share of its steps."""
        at = int(steps * share)
        name = f"{scene.name}-killed{100 * share:.0f}"
        data = self.faulted(scene, "kill", at)[0].rename(self.folder / name)
        return replace(scene, name=name, data=data, before=in_child(lambda: look(data)).value)

    def broken(self, scene: Scene, name: str, lost: str) -> Scene:
        """The scene with folders of its followers gone."""
        data = self.folder / f"{scene.name}-{name}"
        shutil.copytree(scene.data, data)
        for folder in data.glob(lost):
            shutil.rmtree(folder)
        return replace(scene, name=data.name, data=data, is_broken=True)

    def try_point(self, scene: Scene, point: Point) -> Result:
        """Inject one fault, look at what it left, sync again and look once more."""
        data, _, fault, ended = self.faulted(scene, point.mode, point.at)
        found = [*_ending(point, fault, ended), *_left_by_fault(scene, data, ended)]
        keys = list(scene.after.texts)
        had = in_child(lambda: stored(data, self._model, keys)).value or set()
        again = in_child(lambda: self._sync(data, scene.corpus), scene.most_seconds)
        found += after_recovery(data, again, scene.after, scene.names, len(set(keys) - had))
        error = ended.value.error if ended.value else ""
        return Result(point, fault, error, tuple(found), again.seconds)


def _ending(point: Point, fault: str, ended: Ended[Synced]) -> Iterator[Flaw]:
    """Whether the faulted sync ended as it should."""
    if point.mode != "full":
        expected = "killed by signal 9" if fault else "done"
        if ended.how != expected:
            yield "told", f"{ended.how}: {last_line(ended.errors)}"
        return
    if ended.how != "done" or ended.value is None:
        yield "told", f"{ended.how}: {last_line(ended.errors)}"
    elif ended.value.error and ended.value.exit_code != StoreError.exit_code:
        yield "told", f"exit code {ended.value.exit_code}: {ended.value.error}"
    elif "\n" in ended.value.error:
        yield "told", f"more than a sentence: {ended.value.error!r}"


def _left_by_fault(scene: Scene, data: Path, ended: Ended[Synced]) -> Iterator[Flaw]:
    failed = ended.value is not None and ended.value.error != ""
    done = ended.value is not None and not failed
    seen = in_child(lambda: look(data))
    if scene.is_broken and seen.how == "raised":
        seen = in_child(lambda: look_into_catalog(data))
    if seen.how != "done":
        yield "unreadable", f"{seen.how}: {last_line(seen.errors)}"
        return
    yield from flaws(seen.value, [scene.after] if done else [scene.before, scene.after])
    if failed and not flaws(seen.value, [scene.after]) and flaws(seen.value, [scene.before]):
        yield "told", f"an error, although all was committed: {ended.value and ended.value.error}"


# --- which points


def make_scenes(bench: Bench, names: set[str]) -> dict[str, Scene]:
    """Scenes of syncs, by name."""
    small, large = scenes.small(), scenes.large()
    corpora: dict[str, tuple[scenes.Files | None, scenes.Files]] = {
        "first": (None, small),
        "added": (small, small | scenes.added(3)),
        "mixed": (small, scenes.mixed(small, 3)),
        "large": (large, scenes.mixed(large, 40)),
    }
    made = {
        name: scenes.make_scene(bench.folder / name, name, *corpora[name])
        for name in corpora
        if name in names or (name == "mixed" and "rebuild" in names)
    }
    if _VAST in names:
        scene = scenes.make_scene(bench.folder / _VAST, _VAST, None, scenes.vast())
        made[_VAST] = replace(scene, most_seconds=_VAST_SECONDS)
    if "rebuild" in names:
        made["rebuild"] = replace(made["mixed"], name="rebuild", rebuild=True)
    return made


def make_recoveries(bench: Bench, mixed: Scene) -> dict[str, Scene]:
    """Scenes that are recoveries already: from a kill, or from followers that are gone."""
    steps = bench.steps(mixed)
    made = [bench.killed(mixed, share, steps) for share in _KILLED_AT]
    made.append(bench.broken(mixed, "followerless", FOLDER))
    made.append(bench.broken(mixed, "chromaless", f"{FOLDER}/*/chroma"))
    return {scene.name: scene for scene in made}


def spread(scene: str, modes: Sequence[str], steps: int, count: int, seed: int) -> list[Point]:
    """Points evenly over 1..steps, the modes in turn; the seed shifts them."""
    shift = random.Random(f"{seed} {scene} {modes}").random()
    places = [1 + int((number + shift) * steps / count) for number in range(count)]
    return [Point(scene, modes[n % len(modes)], at) for n, at in enumerate(places)]


def choose(bench: Bench, given: argparse.Namespace) -> tuple[dict[str, Scene], list[Point]]:
    """The scenes and the points that the command line asks for."""
    if given.only:
        parts = [only.rsplit(":", 2) for only in given.only]
        points = [Point(scene, mode, int(at)) for scene, mode, at in parts]
        known = make_scenes(bench, {point.scene.partition("-")[0] for point in points})
        if any("-" in point.scene for point in points):
            known |= make_recoveries(bench, known["mixed"])
        return known, points
    known, whole = make_scenes(bench, set(given.scenes)), sum(_share(n) for n in given.scenes)
    points = [Point(given.scenes[0], "full", at) for at in _FIRST_CALLS if given.full]
    for name in given.scenes:
        steps, share = _steps(bench, known[name]), _share(name) / whole
        for modes, count in ((("kill", "torn"), given.kills), (("full",), given.full)):
            points += spread(name, modes, steps, round(count * share), given.seed)
    recoveries = make_recoveries(bench, known["mixed"]) if given.recovery else {}
    for name, scene in recoveries.items():
        steps, count = _steps(bench, scene), round(given.recovery / len(recoveries))
        points += spread(name, ("kill", "torn", "full"), steps, count, given.seed)
    return known | recoveries, points


def _share(name: str) -> int:
    return _SHARES.get(name, 100)


def _steps(bench: Bench, scene: Scene) -> int:
    steps = bench.steps(scene)
    click.echo(f"{scene.name}: {steps} steps", err=True)
    return steps


# --- telling


def table(results: Sequence[Result]) -> str:
    """Points by scene and kind of fault: tried, fired, violations of each kind, recovery time."""
    lines = [
        f"{'scene':<20} {'fault':<5} {'points':>6} {'fired':>5} " + " ".join(KINDS) + " slowest"
    ]
    for scene, mode in sorted({(r.point.scene, r.point.mode) for r in results}):
        rows = [r for r in results if (r.point.scene, r.point.mode) == (scene, mode)]
        counts = _counts(rows)
        cells = " ".join(f"{counts[kind]:>{len(kind)}}" for kind in KINDS)
        fired, slowest = sum(r.fault != "" for r in rows), max(r.recovery for r in rows)
        lines.append(f"{scene:<20} {mode:<5} {len(rows):>6} {fired:>5} {cells} {slowest:>6.2f}s")
    return "\n".join(lines)


def _counts(results: Sequence[Result]) -> Counter[str]:
    """Points with a violation of each kind."""
    return Counter(kind for r in results for kind in {kind for kind, _ in r.flaws})


def summary(results: Sequence[Result], seed: int, seconds: float) -> dict[str, object]:
    """All that a machine wants to know of a run."""
    counts = _counts(results)
    return {
        "seed": seed,
        "points": dict(Counter(r.point.mode for r in results)),
        "in recovery": sum("-" in r.point.scene for r in results),
        "fired": sum(r.fault != "" for r in results),
        "calls": dict(Counter(general(r.fault) for r in results if r.fault)),
        "violations": {kind: counts[kind] for kind in KINDS},
        "slowest recovery": round(max((r.recovery for r in results), default=0), 2),
        "seconds": round(seconds, 1),
        "seconds per point": round(seconds / max(1, len(results)), 2),
        "errors when full": dict(Counter(general(r.error) for r in results if r.error)),
        "failed": [
            {"only": str(r.point), "fault": r.fault, "flaws": r.flaws} for r in results if r.flaws
        ],
    }


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("kills", "full", "recovery", "seed"):
        parser.add_argument(f"--{name}", type=int, default=0, help="points, or any number")
    parser.add_argument("--scenes", nargs="*", choices=[*_SHARES, _VAST], default=[*_SHARES])
    parser.add_argument("--only", nargs="*", metavar="SCENE:MODE:AT", help="just these points")
    parser.add_argument("--embedder", choices=["fake", "minilm"], default="fake")
    parser.add_argument("--spawns", action="store_true", help="new interpreters, as users' syncs")
    return parser.parse_args()


def main() -> None:
    given, folder = _arguments(), start()
    started = time.perf_counter()
    scenes.share_embedder(given.embedder)
    scenes.warm_up(folder / "warm")
    bench = Bench(folder, given.spawns)
    known, points = choose(bench, given)
    results = []
    for number, point in enumerate(points, start=1):
        results.append(bench.try_point(known[point.scene], point))
        for kind, detail in results[-1].flaws:
            click.echo(f"{number}/{len(points)} {point} {kind}: {detail}", err=True)
    click.echo(table(results))
    click.echo(json.dumps(summary(results, given.seed, time.perf_counter() - started), indent=1))
    sys.exit(any(r.flaws for r in results))


if __name__ == "__main__":
    main()

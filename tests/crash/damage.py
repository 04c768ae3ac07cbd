"""Every file of a generation damaged in six ways: python -m tests.crash.damage

Then a server that opens the index must refuse with a StoreError or answer rightly, and never die,
hang or answer wrongly; the repair must put all right and embed nothing. Prints a table and a JSON
summary; exits 1 on any violation.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import click

from index.engines.generations import FOLDER
from index.errors import FootnoteError, StoreError
from index.runtime import limit_memory
from index.settings import IndexSettings, load_settings
from index.snapshots import Index
from index.sync import doctor
from tests.crash import scenes
from tests.crash.faults import Ended, in_child, start
from tests.crash.look import MEMORY_BYTES, Flaw, Held
from tests.crash.quick import speed_up
from tests.crash.recovery import after_recovery, general, last_line
from tests.crash.scenes import Scene, Synced

_SECONDS = 30
_ASKED = 40

Answers = dict[str, tuple[list[str], list[str]]]

DAMAGES: dict[str, Callable[[bytes], bytes | None]] = {
    "halved": lambda data: data[: len(data) // 2],
    "emptied": lambda _: b"",
    "zeroed": lambda data: bytes(len(data)),
    "random": lambda data: random.Random(len(data)).randbytes(len(data)),
    "rotten": lambda data: random.Random(len(data)).randbytes(len(data)),
    "removed": lambda _: None,
}


@dataclass(frozen=True, slots=True)
class Case:
    """A file of an index, relative to its generation, and what is done to it."""

    scene: str
    file: str
    damage: str

    def __str__(self) -> str:
        return f"{self.scene} {general(self.file)} {self.damage}"


@dataclass(frozen=True, slots=True)
class Result:
    """What a server did with the damage: "noticed", "right", "wrong", or how it died; and flaws."""

    case: Case
    did: str
    message: str
    flaws: tuple[Flaw, ...]


def repair(data: Path) -> Synced:
    """What puts a damaged index right."""
    speed_up()
    embedder = scenes.FakeEmbedder("fake")
    try:
        doctor.repair(load_settings(IndexSettings, data=data), embedder)
    except FootnoteError as error:
        return Synced(error=str(error), exit_code=error.exit_code)
    return Synced(embedder.embedded)


def answers(data: Path, held: Held) -> Answers | str:
    """What a server finds for some of the texts; the message of a StoreError if it refuses."""
    limit_memory(MEMORY_BYTES)
    settings = load_settings(IndexSettings, data=data)
    texts = held.texts
    try:
        with closing(Index(settings)) as index, index.lease() as snapshot:
            return {
                key: (
                    [near for near, _ in snapshot.nearest(held.vectors[key], 1)],
                    [found for found, _ in snapshot.search_words(texts[key], 5)],
                )
                for key in sorted(texts)[:: len(texts) // _ASKED + 1]
            }
    except StoreError as error:
        return str(error)


def generation(data: Path) -> Path:
    """The folder of the one generation."""
    (folder,) = (data / FOLDER).iterdir()
    return folder


def try_case(scene: Scene, case: Case, rightly: Answers, folder: Path) -> Result:
    """Damage one file of a copy, serve it, repair it."""
    data = folder / "case"
    shutil.rmtree(data, ignore_errors=True)
    shutil.copytree(scene.data, data)
    path = generation(data) / case.file
    times = path.stat().st_atime_ns, path.stat().st_mtime_ns
    content = DAMAGES[case.damage](path.read_bytes())
    if content is None:
        path.unlink()
    else:
        path.write_bytes(content)
    if case.damage == "rotten":
        os.utime(path, ns=times)  # the disk's own failures change no times
    served = in_child(lambda: answers(data, scene.after), _SECONDS)
    did = _judge(served, rightly)
    found = [] if did in {"noticed", "right"} else [(did, last_line(served.errors))]
    again = in_child(lambda: repair(data), _SECONDS)
    found += after_recovery(data, again, scene.after, scene.names, 0)
    message = served.value if isinstance(served.value, str) else ""
    return Result(case, did, message, tuple(found))


def _judge(served: Ended[Answers | str], rightly: Answers) -> str:
    if served.how != "done":
        return served.how
    if isinstance(served.value, str):
        return "noticed"
    return "right" if served.value == rightly else "wrong"


def cases(scene: Scene) -> list[Case]:
    """Every file in every way; what has no bytes can only be removed."""
    folder, made = generation(scene.data), []
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        ways = DAMAGES if path.stat().st_size else ["removed"]
        name = path.relative_to(folder).as_posix()
        made += [Case(scene.name, name, way) for way in ways]
    return made


def undamaged(scene: Scene) -> Answers:
    """What a server of the scene answers."""
    copy = scene.data.with_name("undamaged")
    shutil.copytree(scene.data, copy)
    ended = in_child(lambda: answers(copy, scene.after))
    if not isinstance(ended.value, dict):
        sys.exit(f"the index without damage does not answer: {ended}")
    return ended.value


def table(results: Sequence[Result]) -> str:
    """A line for each file: what a server did with each damage; ! where the repair failed."""
    lines = [f"{'':<42}" + "".join(f"{way:<22}" for way in DAMAGES)]
    rows: dict[str, dict[str, str]] = {}
    for r in results:
        name = f"{r.case.scene} {general(r.case.file)}"
        failed = any(kind != r.did for kind, _ in r.flaws)
        rows.setdefault(name, {})[r.case.damage] = r.did + " !" * failed
    for name, cells in rows.items():
        lines.append(f"{name:<42}" + "".join(f"{cells.get(way, ''):<22}" for way in DAMAGES))
    return "\n".join(lines)


def summary(results: Sequence[Result], seconds: float) -> dict[str, object]:
    """All that a machine wants to know of a run."""
    did = Counter(r.did for r in results)
    repaired = [r for r in results if not any(kind != r.did for kind, _ in r.flaws)]
    return {
        "damages": len(results),
        "did": dict(did),
        "deaths": sum(count for how, count in did.items() if how.startswith(("killed", "hung"))),
        "right after repair": len(repaired),
        "seconds": round(seconds, 1),
        "messages": dict(Counter(general(r.message) for r in results if r.message)),
        "failed": [{"case": str(r.case), "flaws": r.flaws} for r in results if r.flaws],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sample", type=int, help="so many cases of all")
    parser.add_argument("--only", nargs="*", help="words that a case must hold")
    given, folder = parser.parse_args(), start()
    started = time.perf_counter()
    scenes.share_embedder("fake")
    scenes.warm_up(folder / "warm")
    corpora = {"small": scenes.small(), "large": scenes.large()}
    made = {name: scenes.make_scene(folder / name, name, c, c) for name, c in corpora.items()}
    rightly = {name: undamaged(scene) for name, scene in made.items()}
    chosen = [case for scene in made.values() for case in cases(scene)]
    chosen = [case for case in chosen if all(word in str(case) for word in given.only or ())]
    if given.sample:
        chosen = chosen[:: len(chosen) // given.sample]
    results = []
    for case in chosen:
        results.append(try_case(made[case.scene], case, rightly[case.scene], folder))
        for kind, detail in results[-1].flaws:
            click.echo(f"{case}, {kind}: {detail}", err=True)
    click.echo(table(results))
    click.echo(json.dumps(summary(results, time.perf_counter() - started), indent=1))
    sys.exit(any(r.flaws for r in results))


if __name__ == "__main__":
    main()

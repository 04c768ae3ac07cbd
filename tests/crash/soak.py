"""Kills at random moments on one index: python -m tests.crash.soak --cycles 200

A child says in a ledger which edit of the corpus it begins (`S k`), makes it, syncs, and
acknowledges it (`A k`), again and again until it is killed after 0 to 3 s. Then the index must be
what the last acknowledged sync made it, or the one that was under way, and the next sync must bring
it into line. Prints a JSON summary; exits 1 on any violation.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import click

from index.embedding.embedder import Embedder
from tests.crash import scenes
from tests.crash.faults import in_child, start
from tests.crash.look import Flaw, Held, flaws, look, stored
from tests.crash.quick import speed_up
from tests.crash.recovery import after_recovery, last_line
from tests.crash.scenes import Files
from tests.helpers.indexing import wanted

_LONGEST = 3.0
# Documents, so that the last cycles are as quick as the first.
_FEWEST, _MOST = 8, 40


def edited(files: Files, chance: random.Random, number: int) -> Files:
    """The files after some edits that follow from the number."""
    after = dict(files)
    for turn in range(chance.randrange(1, 5)):
        path, name = chance.choice(sorted(after)), f"e{number % 7}/{number}-{turn}.md"
        verb = chance.choice(["add", "edit", "rename", "copy", "remove"])
        if len(after) > _MOST or (verb == "remove" and len(after) > _FEWEST):
            del after[path]
        elif verb == "rename":
            after[name] = after.pop(path)
        elif verb == "copy":
            after[name] = after[path]
        else:
            text = "".join(scenes.section(f"{number}x{turn}x{n}") for n in range(4))
            after[name if verb == "add" else path] = text
    return after


@dataclass(slots=True)
class Soak:
    """One index through many kills; `states[k]` is the corpus of edit k."""

    folder: Path
    seed: int
    states: list[Files] = field(default_factory=lambda: [scenes.small()])
    names: frozenset[str] = frozenset()
    recoveries: list[float] = field(default_factory=list)
    hits: int = 0

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def corpus(self) -> Path:
        return self.folder / "corpus"

    def note(self, what: str, number: int) -> None:
        """Write a line of the ledger, so that it outlives this process."""
        with (self.folder / "ledger").open("ab", buffering=0) as file:
            file.write(f"{what} {number}\n".encode())
            os.fsync(file.fileno())

    def last(self, what: str) -> int:
        """The last edit that was begun (S) or acknowledged (A)."""
        lines = (self.folder / "ledger").read_text(encoding="ascii").splitlines()
        return max(int(line[2:]) for line in lines if line.startswith(what))

    def state(self, number: int) -> Files:
        """The corpus of an edit."""
        while len(self.states) <= number:
            k = len(self.states)
            self.states.append(edited(self.states[-1], random.Random(f"{self.seed} {k}"), k))
        return self.states[number]

    def work(self) -> None:
        """Edit and sync without an end."""
        speed_up()
        while True:
            number = self.last("S") + 1
            self.note("S", number)
            scenes.replace_files(self.corpus, self.state(number))
            synced = scenes.run_sync(self.data, self.corpus)
            if synced.error:
                raise AssertionError(synced.error)
            self.note("A", number)

    def expected(self, number: int) -> Held:
        """What an index of an edit holds, made straight from the files."""
        corpus = self.folder / "expected"
        scenes.replace_files(corpus, self.state(number))
        documents, passages = wanted(corpus)
        texts = {passage.key: passage.embedding_text for passage in passages}
        made = Embedder("shared").embed_passages(list(texts.values()))
        return Held(
            {path: (document, None) for path, document in documents.items()},
            {path: tuple(p for p in passages if p.document == path) for path in documents},
            dict(zip(texts, made, strict=True)),
        )

    def begin(self) -> None:
        """Index the first state."""
        self.note("S", 0)
        scenes.replace_files(self.corpus, self.state(0))
        first = in_child(lambda: scenes.quick_sync(self.data, self.corpus))
        if first.value is None or first.value.error:
            sys.exit(f"the first sync failed: {first}")
        self.names = scenes.top_names(self.data)
        self.note("A", 0)

    def cycle(self, seconds: float) -> list[Flaw]:
        """Work, be killed, and look."""
        ended = in_child(self.work, seconds)
        begun, acknowledged = self.last("S"), self.last("A")
        self.hits += begun != acknowledged
        found = [] if ended.how == "hung" else [("told", last_line(ended.errors))]
        seen = in_child(lambda: look(self.data))
        allowed = [self.expected(number) for number in sorted({acknowledged, begun})]
        if seen.how == "done":
            found += flaws(seen.value, allowed)
        else:
            found.append(("unreadable", last_line(seen.errors)))
        keys = list(allowed[-1].texts)
        model = Embedder("shared").fingerprint
        had = in_child(lambda: stored(self.data, model, keys)).value or set()
        scenes.replace_files(self.corpus, self.state(begun))
        again = in_child(lambda: scenes.quick_sync(self.data, self.corpus))
        self.recoveries.append(again.seconds)
        missing = len(set(keys) - had)
        found += after_recovery(self.data, again, allowed[-1], self.names, missing)
        self.note("A", begun)
        return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cycles", type=int, default=200)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--embedder", choices=["fake", "minilm"], default="fake")
    given, folder = parser.parse_args(), start()
    click.echo(f"seed {given.seed}", err=True)
    started = time.perf_counter()
    scenes.share_embedder(given.embedder)
    scenes.warm_up(folder / "warm")
    soak, chance, failed = Soak(folder, given.seed), random.Random(given.seed), list[str]()
    soak.begin()
    for number in range(1, given.cycles + 1):
        for kind, detail in soak.cycle(chance.uniform(0, _LONGEST)):
            failed.append(f"cycle {number}, {kind}: {detail}")
            click.echo(failed[-1], err=True)
    told = {
        "seed": given.seed,
        "cycles": given.cycles,
        "acknowledged syncs": soak.last("A"),
        "documents": len(soak.state(soak.last("A"))),
        "kills in a sync": soak.hits,
        "lost": sum(", lost:" in line for line in failed),
        "slowest recovery": round(max(soak.recoveries), 2),
        "seconds": round(time.perf_counter() - started, 1),
        "failed": failed,
    }
    click.echo("\n" + json.dumps(told, indent=1))
    sys.exit(bool(failed))


if __name__ == "__main__":
    main()

"""The plan of a sync is what was done to the folder, no more and no less."""

from __future__ import annotations

import os
import random
from collections.abc import Mapping
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest

from index.catalog.reader import FileState
from index.formats.registry import READERS, Reader, reader_label
from index.settings import IndexSettings, load_settings
from index.sync.parse_worker import CRASHED, OUT_OF_MEMORY
from index.sync.plan import SyncPlan, plan_sync
from index.sync.walk import Entry, walk
from index.types import Failure

pytestmark = pytest.mark.unit


def put(corpus: Path, path: str, text: str, time: int = 1) -> None:
    (corpus / path).parent.mkdir(parents=True, exist_ok=True)
    (corpus / path).write_text(text, encoding="utf-8")
    os.utime(corpus / path, ns=(time, time))


def states(corpus: Path) -> dict[str, FileState]:
    """What the catalog would know after a sync of the folder as it is."""
    known = {}
    for entry in walk(corpus)[0]:
        digest = sha256((corpus / entry.path).read_bytes()).hexdigest()
        known[entry.path] = FileState(
            entry.path, digest, entry.size, entry.mtime, None, reader_label(entry.path)
        )
    return known


def plan_of(
    corpus: Path,
    known: Mapping[str, FileState],
    read_all: bool = False,
    limits: Mapping[str, int] | None = None,
) -> SyncPlan:
    entries, refused = walk(corpus)
    settings = load_settings(IndexSettings, **(limits or {}))
    return plan_sync(corpus, entries, refused, known, settings, read_all)


def renames(plan: SyncPlan) -> list[tuple[str, str]]:
    return [(old, entry.path) for old, entry in plan.renamed]


def paths(entries: tuple[Entry, ...]) -> list[str]:
    return [entry.path for entry in entries]


VERBS = ("edit", "edit longer", "touch", "rename", "change case", "delete", "keep")


def edit(corpus: Path, name: str, verb: str, time: int) -> str:
    """Do to a file what the verb says; its name after that."""
    new = name
    if verb == "rename":
        new = f"{'abc'[time % 3]}/new{time}.md"
    elif verb == "change case":
        new = name.replace("x", "X") if "x" in name else name.replace("Y", "y")
    elif verb == "delete":
        (corpus / name).unlink()
    elif verb == "touch":
        os.utime(corpus / name, ns=(time, time))
    elif verb != "keep":
        put(corpus, name, f"TEXT {time}" + "!" * len(verb), time)
    if new != name:
        (corpus / new).parent.mkdir(exist_ok=True)
        (corpus / name).rename(corpus / new)
    return new


@pytest.mark.parametrize("seed", range(40))
def test_plan_of_random_edits_is_what_was_done(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    names = [f"{folder}/{name}{count}.md" for folder in "ab" for name in "xY" for count in range(4)]
    for name in names:
        put(tmp_path, name, f"text of {name}")
    known = states(tmp_path)
    verbs = {name: chance.choice(VERBS) for name in names}
    moves = {
        name: edit(tmp_path, name, verb, 2 + i) for i, (name, verb) in enumerate(verbs.items())
    }
    added = [f"{chance.choice('abc')}/added{number}.md" for number in range(chance.randrange(4))]
    for name in added:
        put(tmp_path, name, f"fresh {name}")
    done = {verb: sorted(name for name in names if verbs[name] == verb) for verb in VERBS}
    edited = sorted(done["edit"] + done["edit longer"])
    moved = sorted((old, new) for old, new in moves.items() if old != new)
    plan = plan_of(tmp_path, known)
    assert sorted(plan.added) == sorted(added)
    assert sorted(plan.changed) == edited
    assert sorted(renames(plan)) == moved
    assert sorted(plan.removed) == done["delete"]
    assert sorted(paths(plan.touched)) == done["touch"]
    assert sorted(plan.unchanged) == done["keep"]
    assert paths(plan.parse) == sorted([*added, *edited])
    assert plan.is_empty == (not (added or moved or edited or done["delete"]))
    assert plan_of(tmp_path, states(tmp_path)).is_empty


def test_plan_of_an_unchanged_folder_opens_no_file(tmp_path: Path) -> None:
    put(tmp_path, "a.md", "text")
    known = {"a.md": states(tmp_path)["a.md"]._replace(digest="another")}
    assert plan_of(tmp_path, known).unchanged == ("a.md",)


def test_plan_to_read_all_reads_unchanged_files_and_finds_no_renames(tmp_path: Path) -> None:
    put(tmp_path, "a.md", "a")
    put(tmp_path, "b.md", "b")
    known = states(tmp_path)
    (tmp_path / "b.md").rename(tmp_path / "c.md")
    plan = plan_of(tmp_path, known, read_all=True)
    assert (plan.changed, plan.added, plan.removed) == (("a.md",), ("c.md",), ("b.md",))
    assert paths(plan.parse) == ["a.md", "c.md"]


def test_plan_same_content_twice_renames_each_file_once(tmp_path: Path) -> None:
    for name in ("a.md", "b.md", "kept.md"):
        put(tmp_path, name, "same")
    known = states(tmp_path)
    (tmp_path / "a.md").rename(tmp_path / "y.md")
    (tmp_path / "b.md").rename(tmp_path / "x.md")
    put(tmp_path, "z.md", "same")
    plan = plan_of(tmp_path, known)
    assert renames(plan) == [("a.md", "x.md"), ("b.md", "y.md")]
    assert (plan.added, plan.removed, plan.unchanged) == (("z.md",), (), ("kept.md",))


def test_plan_same_name_in_two_folders_are_two_files(tmp_path: Path) -> None:
    put(tmp_path, "a/notes.md", "one")
    put(tmp_path, "b/notes.md", "two")
    known = states(tmp_path)
    put(tmp_path, "b/notes.md", "TWO", time=2)
    assert plan_of(tmp_path, known).changed == ("b/notes.md",)


def test_plan_new_ending_is_no_rename(tmp_path: Path) -> None:
    put(tmp_path, "a.txt", "text")
    known = states(tmp_path)
    (tmp_path / "a.txt").rename(tmp_path / "a.md")
    plan = plan_of(tmp_path, known)
    assert (plan.added, plan.removed) == (("a.md",), ("a.txt",))


def test_plan_two_files_that_swap_names_are_changed(tmp_path: Path) -> None:
    put(tmp_path, "a.md", "one", time=1)
    put(tmp_path, "b.md", "two", time=2)
    known = states(tmp_path)
    (tmp_path / "a.md").rename(tmp_path / "c")
    (tmp_path / "b.md").rename(tmp_path / "a.md")
    (tmp_path / "c").rename(tmp_path / "b.md")
    assert plan_of(tmp_path, known).changed == ("a.md", "b.md")


def test_plan_refused_file_is_news_once(tmp_path: Path) -> None:
    put(tmp_path, "a.md", "text")
    known = states(tmp_path)
    (tmp_path / "a.md").unlink()
    (tmp_path / "a.md").symlink_to("nowhere")
    reason = "symbolic link; links are not followed"
    plan = plan_of(tmp_path, known)
    assert (plan.refused, plan.removed) == ((Failure("a.md", reason),), ())
    assert not plan.is_empty
    assert plan_of(tmp_path, {"a.md": FileState("a.md", "", 0, 0, reason)}).is_empty


@pytest.mark.parametrize(
    ("reason", "digest", "limits", "is_tried"),
    [
        ("damaged: not a PDF that can be opened", "d", {}, False),
        (CRASHED, "", {}, False),
        (OUT_OF_MEMORY, "", {}, False),
        ("took more than 90 seconds to read", "", {}, False),
        ("took more than 90 seconds to read", "", {"parse_seconds": 300}, True),
        ("too large: 2 MB, the limit is 1 MB", "", {"max_file_mb": 1}, False),
        ("too large: 2 MB, the limit is 1 MB", "", {"max_file_mb": 2}, True),
        ("cannot be read: Permission denied", "", {}, True),
    ],
)
def test_plan_failed_file_is_tried_again_when_its_reason_is_gone(
    tmp_path: Path, reason: str, digest: str, limits: dict[str, int], is_tried: bool
) -> None:
    put(tmp_path, "a.md", "x" * (2 << 20))
    known = {"a.md": states(tmp_path)["a.md"]._replace(digest=digest, failure=reason)}
    plan = plan_of(tmp_path, known, limits=limits)
    assert plan.changed == (("a.md",) if is_tried else ())


def test_plan_file_that_was_refused_is_read_when_a_reader_for_it_arrives(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(tmp_path, "a.new", "text")
    put(tmp_path, "b.other", "text")
    refused = {
        path: state._replace(failure="format is not read")
        for path, state in states(tmp_path).items()
    }
    assert plan_of(tmp_path, refused).unchanged == ("a.new", "b.other")
    reader = Reader("index.formats.text.plain_text:parse_plain")
    monkeypatch.setattr("index.formats.registry.READERS", {**READERS, ".new": reader})
    plan = plan_of(tmp_path, refused)
    assert (plan.changed, plan.unchanged) == (("a.new",), ("b.other",))


def test_plan_newer_reader_reads_its_own_files_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a.csv", "b.csv", "c.md", "d.tsv"):
        put(tmp_path, name, f"text of {name}")
    known = states(tmp_path)
    newer = replace(READERS[".csv"], version=READERS[".csv"].version + 1)
    monkeypatch.setattr("index.formats.registry.READERS", {**READERS, ".csv": newer})
    plan = plan_of(tmp_path, known)
    assert (plan.changed, plan.unchanged) == (("a.csv", "b.csv"), ("c.md", "d.tsv"))
    # A file that moved meanwhile is no mere rename: its text may be another.
    (tmp_path / "a.csv").rename(tmp_path / "e.csv")
    plan = plan_of(tmp_path, known)
    assert (plan.added, plan.renamed, plan.removed) == (("e.csv",), (), ("a.csv",))


def test_plan_of_many_touched_and_renamed_files_is_quick(tmp_path: Path) -> None:
    for number in range(1500):
        put(tmp_path, f"a/{number}.md", f"{number:05}")
    known = states(tmp_path)
    (tmp_path / "a").rename(tmp_path / "b")
    for number in range(700):
        os.utime(tmp_path / f"b/{number}.md", ns=(5, 5))
    plan = plan_of(tmp_path, known)
    assert renames(plan) == [(f"a/{n}", f"b/{n}") for n in sorted(p[2:] for p in known)]

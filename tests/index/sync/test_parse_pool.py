"""Reading in child processes: a bad file is a failure with its reason, its neighbours are read."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Collection, Sequence
from hashlib import sha256
from pathlib import Path

import pytest

from index.errors import ConfigError
from index.settings import IndexSettings, load_settings
from index.sync import parse_pool as module
from index.sync.parse_pool import parse_files
from index.sync.parse_worker import CRASHED, OUT_OF_MEMORY, LoadedFile, file_digest
from index.sync.walk import Entry, walk
from index.text.splitter import Splitting
from index.types import Document, Failure

pytestmark = pytest.mark.model

GOOD = ("a.txt", "m.md", "z.txt")
# Takes about 6 s of computing to read, within the limits of size and memory (300 bytes a row).
SLOW = b"a,b\n" + b"1,2\n" * 1_800_000


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    for name in GOOD:
        (tmp_path / name).write_text(f"The text of {name}.", encoding="utf-8")
    return tmp_path


def loaded(corpus: Path, **limits: int) -> list[LoadedFile]:
    return list(parse_files(corpus, walk(corpus)[0], load_settings(IndexSettings, **limits)))


def failures(found: list[LoadedFile]) -> dict[str, str]:
    """Reasons of files that failed; all others must be the good ones, read well."""
    documents = [item.result for item in found if isinstance(item.result, Document)]
    assert [(d.path, d.text) for d in documents] == [(n, f"The text of {n}.") for n in GOOD]
    failed = [item.result for item in found if isinstance(item.result, Failure)]
    return {failure.path: failure.reason for failure in failed}


def test_load_gives_documents_with_digest_and_title(corpus: Path) -> None:
    (corpus / "titled.md").write_bytes(b"# The title\n\nText.\n")
    found = loaded(corpus)
    assert [item.entry.path for item in found] == ["a.txt", "m.md", "titled.md", "z.txt"]
    result = found[2].result
    assert isinstance(result, Document)
    assert (result.title, result.text) == ("The title", "# The title\n\nText.\n")
    assert found[2].digest == result.digest == sha256(b"# The title\n\nText.\n").hexdigest()
    assert isinstance(found[0].result, Document)
    assert found[0].result.title == "a"


def no_process(*_: object, **__: object) -> None:
    raise AssertionError("a process is started")


def test_load_few_short_texts_starts_no_process(
    corpus: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "ProcessPool", no_process)
    (corpus / "c.txt").write_bytes(b"\x7fELF\0\0\0")
    assert failures(loaded(corpus)) == {"c.txt": "binary: these bytes are not text"}


@pytest.mark.parametrize(
    ("name", "size"),
    [("b.csv", 10), ("b.html", 10), ("b.md", (16 << 10) + 1), ("b.txt", (64 << 10) + 1)],
)
def test_load_long_texts_and_other_formats_starts_processes(
    corpus: Path, monkeypatch: pytest.MonkeyPatch, name: str, size: int
) -> None:
    monkeypatch.setattr(module, "ProcessPool", no_process)
    (corpus / name).write_bytes(b"x" * size)
    with pytest.raises(AssertionError, match="a process is started"):
        loaded(corpus)


def test_load_many_short_texts_starts_processes(
    corpus: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "ProcessPool", no_process)
    for number in range(9):
        (corpus / f"{number}.txt").write_bytes(b"x" * (60 << 10))
    with pytest.raises(AssertionError, match="a process is started"):
        loaded(corpus)


def test_load_bad_files_fail_with_reasons_and_neighbours_are_read(corpus: Path) -> None:
    bad = {
        "b.pdf": (b"%PDF-1.4 broken", "damaged: not a PDF that can be opened"),
        "c.txt": (b"\x7fELF\0\0\0", "binary: these bytes are not text"),
        "d.txt": (b"", "empty: the file has no bytes"),
        "e.txt": (b" \n ", "empty: there is no text in it"),
        "f.docx": (b"PK\x05\x06" + bytes(18), "damaged: not a Word document"),
        "g.xyz": (b"\x89PNG", "format .xyz is not read"),
        "n.txt": (b"x" * (2 << 20), "too large: 2 MB, the limit is 1 MB"),
    }
    for name, (data, _) in bad.items():
        (corpus / name).write_bytes(data)
    found = failures(loaded(corpus, max_file_mb=1))
    assert {name: reason[: len(bad[name][1])] for name, reason in found.items()} == {
        name: reason for name, (_, reason) in bad.items()
    }


def test_load_file_over_the_time_limit_fails_and_neighbours_are_read(corpus: Path) -> None:
    (corpus / "b.csv").write_bytes(SLOW)
    assert failures(loaded(corpus, parse_seconds=2)) == {
        "b.csv": "took more than 2 seconds to read"
    }


def test_load_file_over_the_memory_limit_fails_and_neighbours_are_read(
    corpus: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PARSER_MEMORY_BYTES", 100 << 20)
    (corpus / "b.txt").write_bytes(b"word " * (12 << 20))
    assert failures(loaded(corpus, max_file_mb=100)) == {"b.txt": OUT_OF_MEMORY}


def _children() -> dict[int, list[str]]:
    """The child processes of this one with the fields of their `stat` from the state on."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            stat = (folder / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        except OSError:
            continue
        if int(stat[1]) == os.getpid():
            found[int(folder.name)] = stat
    return found


def _kill_busy_child(others: Collection[int]) -> None:
    """Kill the first child of this process, but for the others, that has worked for 1.5 s."""
    for _ in range(3000):
        time.sleep(0.02)
        for child, stat in _children().items():
            if child not in others and int(stat[11]) > 1.5 * os.sysconf("SC_CLK_TCK"):
                os.kill(child, signal.SIGKILL)
                return


def test_load_file_that_ends_its_reader_fails_and_neighbours_are_read(corpus: Path) -> None:
    (corpus / "b.csv").write_bytes(SLOW)
    # Servers that other tests share may be children of this process as well.
    killer = threading.Thread(target=_kill_busy_child, args=(list(_children()),))
    killer.start()
    found = loaded(corpus)
    killer.join()
    assert failures(found) == {"b.csv": CRASHED}


def test_load_stopped_in_the_middle_waits_for_no_file(corpus: Path) -> None:
    for number in range(4):
        (corpus / f"b{number}.csv").write_bytes(SLOW)
    items = parse_files(corpus, walk(corpus)[0], load_settings(IndexSettings))
    assert next(items).entry.path == "a.txt"
    started = time.monotonic()
    items.close()
    assert time.monotonic() - started < 5


@pytest.mark.parametrize("ending", ["txt", "csv"])
def test_load_what_became_a_link_or_a_pipe_since_the_walk_is_not_opened(
    tmp_path: Path, ending: str
) -> None:
    corpus, secret = tmp_path / "corpus", tmp_path / "secret.txt"
    corpus.mkdir()
    secret.write_bytes(b"secret")
    (corpus / "a.txt").symlink_to(secret)
    os.mkfifo(corpus / "b.txt")
    entries = [Entry(name, 5, 5) for name in ("a.txt", "b.txt", f"gone.{ending}")]
    found = parse_files(corpus, entries, load_settings(IndexSettings, parse_seconds=20))
    assert [item.result for item in found] == [
        Failure("a.txt", "cannot be read: Too many levels of symbolic links"),
        Failure("b.txt", "empty: the file has no bytes"),
        Failure(f"gone.{ending}", "cannot be read: No such file or directory"),
    ]
    with pytest.raises(ConfigError, match=r"a\.txt cannot be read: Too many levels"):
        file_digest(corpus / "a.txt")


def add_one_for_processes(corpus: Path) -> None:
    """Add a file that is read in a process of its own, and with it all others."""
    (corpus / "z.csv").write_text("a,b\n1,2\n", encoding="utf-8")


def by_characters(texts: Sequence[str]) -> list[int]:
    return [len(text) for text in texts]


def by_waiting(texts: Sequence[str]) -> list[int]:
    while any("slow" in text for text in texts):
        pass
    return [len(text) for text in texts]


def by_failing(texts: Sequence[str]) -> list[int]:
    if any("bad" in text for text in texts):
        raise MemoryError
    return [len(text) for text in texts]


def test_load_splits_documents_in_the_child(corpus: Path) -> None:
    (corpus / "long.txt").write_text("&" * 1_000, encoding="utf-8")
    add_one_for_processes(corpus)
    settings = load_settings(IndexSettings)
    items = list(parse_files(corpus, walk(corpus)[0], settings, Splitting(by_characters, 100)))
    spans = {item.entry.path: [(each.start, each.end) for each in item.spans] for item in items}
    assert spans["a.txt"] == [(0, 18)]
    assert [end - start for start, end in spans["long.txt"]] == [62, 63] * 8
    assert all(item.result for item in items)


def test_load_file_that_is_slow_to_split_fails_and_neighbours_are_read(corpus: Path) -> None:
    (corpus / "b.txt").write_text("slow", encoding="utf-8")
    (corpus / "c.txt").write_text("bad", encoding="utf-8")
    add_one_for_processes(corpus)
    settings = load_settings(IndexSettings, parse_seconds=2)
    entries = walk(corpus)[0]
    found = list(parse_files(corpus, entries, settings, Splitting(by_waiting, 100)))
    (slow,) = [item for item in found if isinstance(item.result, Failure)]
    assert slow.result == Failure("b.txt", "took more than 2 seconds to read")
    assert slow.digest == sha256(b"slow").hexdigest()
    found = list(parse_files(corpus, entries, settings, Splitting(by_failing, 100)))
    failed = [item.result for item in found if isinstance(item.result, Failure)]
    assert failed == [Failure("c.txt", OUT_OF_MEMORY)]

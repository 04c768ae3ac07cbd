"""One file in its reader: what changes is read again, links are not followed, limits hold."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest

from index.errors import ConfigError
from index.formats.base import Parsed
from index.sync import parse_worker as reading
from index.sync.parse_worker import file_digest, open_regular_file, read_file, read_files
from index.sync.walk import Entry, walk
from index.types import Document, Failure, Heading

pytestmark = pytest.mark.unit
CHANGING = "is being changed; run the command again when it is done"


@pytest.fixture(autouse=True)
def _without_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "_PAUSE_SECONDS", 0)


def entry_of(corpus: Path) -> Entry:
    (entry,), _ = walk(corpus)
    return entry


def during_reads(monkeypatch: pytest.MonkeyPatch, act: Callable[[int], object]) -> None:
    """Act after a file is opened and before its bytes are read; counted from 1."""
    opened = 0

    def opening(corpus: Path, path: str) -> object:
        nonlocal opened
        file = open_regular_file(corpus, path)
        opened += 1
        act(opened)
        return file

    monkeypatch.setattr(reading, "open_regular_file", opening)


def test_read_files_gives_each_as_a_document_or_a_failure(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"Some text.")
    (tmp_path / "b.txt").write_bytes(b"")
    entries, _ = walk(tmp_path)
    good, bad = read_files(str(tmp_path), entries)
    digest = sha256(b"Some text.").hexdigest()
    assert good.result == Document("a.txt", "a", "Some text.", digest)
    assert (good.entry, good.digest) == (entries[0], digest)
    assert bad.result == Failure("b.txt", "empty: the file has no bytes")


def test_read_file_changed_since_the_walk_is_read_as_it_is_now(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"Before.")
    entry = entry_of(tmp_path)
    (tmp_path / "a.txt").write_bytes(b"After that.")
    found = read_file(str(tmp_path), entry)
    assert isinstance(found.result, Document)
    assert found.result.text == "After that."
    assert found.entry == entry_of(tmp_path) != entry


def test_read_file_changed_while_it_is_read_is_read_once_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "a.txt"
    file.write_bytes(b"Begun")
    during_reads(monkeypatch, lambda n: n == 1 and file.write_bytes(b"Begun and done."))
    # The first reading's time is taken after the change, so only the walk's entry tells.
    found = read_file(str(tmp_path), entry_of(tmp_path))
    assert isinstance(found.result, Document)
    assert found.result.text == "Begun and done."
    assert found.entry == entry_of(tmp_path)


def test_read_file_that_goes_on_changing_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "a.txt"
    file.write_bytes(b"Text")
    stat = os.fstat

    def growing(number: int) -> os.stat_result:
        with file.open("ab") as end:
            end.write(b" more")
        return stat(number)

    monkeypatch.setattr(os, "fstat", growing)
    entry = Entry("a.txt", 4, 4)
    assert read_file(str(tmp_path), entry).result == Failure("a.txt", CHANGING)


def test_read_file_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.txt")
    found = read_file(str(tmp_path), Entry("a.txt", 5, 5))
    assert found.result == Failure("a.txt", "empty: the file has no bytes")


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("link.txt", "cannot be read: Too many levels of symbolic links"),
        ("folder/secret.txt", "cannot be read: Not a directory"),
    ],
)
def test_read_file_through_a_link_is_not_opened(tmp_path: Path, path: str, reason: str) -> None:
    corpus, outside = tmp_path / "corpus", tmp_path / "outside"
    corpus.mkdir()
    outside.mkdir()
    (outside / "secret.txt").write_bytes(b"secret")
    (corpus / "link.txt").symlink_to(outside / "secret.txt")
    (corpus / "folder").symlink_to(outside)
    assert read_file(str(corpus), Entry(path, 6, 6)).result == Failure(path, reason)


def test_open_regular_file_reads_below_real_folders(tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "b" / "c.txt").write_bytes(b"deep")
    with open_regular_file(tmp_path, "a/b/c.txt") as file:
        assert file.read() == b"deep"


def test_file_digest_of_a_link_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.txt").symlink_to("b.txt")
    with pytest.raises(ConfigError, match=r"a\.txt cannot be read: Too many levels"):
        file_digest(tmp_path / "a.txt")


@pytest.mark.parametrize(
    ("parsed", "reason"),
    [
        (Parsed(" \n"), "empty: there is no text in it"),
        (Parsed("x" * 20_000_001), "too large: its text has over 20,000,000 characters"),
        (Parsed("half \ud83d"), "damaged: UnicodeEncodeError while reading it"),
        (
            Parsed("ok", headings=(Heading(0, 1, "\ud83d"),)),
            "damaged: UnicodeEncodeError while reading it",
        ),
    ],
    ids=["empty", "too much", "half a character", "half a character in a heading"],
)
def test_read_file_what_cannot_be_kept_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, parsed: Parsed, reason: str
) -> None:
    (tmp_path / "a.txt").write_bytes(b"x")
    monkeypatch.setattr(reading, "parse", lambda *_: parsed)
    assert read_file(str(tmp_path), entry_of(tmp_path)).result == Failure("a.txt", reason)


def test_read_file_too_many_headings_are_cut_and_noted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.txt").write_bytes(b"x")
    headings = tuple(Heading(0, 1, "x") for _ in range(20_001))
    monkeypatch.setattr(reading, "parse", lambda *_: Parsed("x", headings=headings))
    found = read_file(str(tmp_path), entry_of(tmp_path)).result
    assert isinstance(found, Document)
    assert len(found.headings) == 20_000
    assert found.notes == ("only its first 20,000 headings are kept as headings",)


LIMITED = """
import resource, sys
from index.runtime import limit_parser
limit_parser(100 << 20)
print(resource.getrlimit(resource.RLIMIT_CORE))
try:
    open(sys.argv[1], "wb", buffering=0).write(b"x" * (32 << 20))
    print(open(sys.argv[1], "rb").seek(0, 2))
except OSError as error:
    print(error.strerror)
try:
    bytearray(200 << 20)
except MemoryError:
    print("MemoryError")
"""


def test_limit_parser_bounds_memory_files_and_cores(tmp_path: Path) -> None:
    command = [sys.executable, "-c", LIMITED, str(tmp_path / "big")]
    root = Path(__file__).parents[3]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=root)
    assert done.stdout.splitlines() == ["(0, 0)", str(16 << 20), "MemoryError"]
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] != 16 << 20

"""The walker: ordinary files inside the folder, and reasons for everything else."""

from __future__ import annotations

import os
import shutil
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from index.errors import ConfigError
from index.sync.walk import Entry, walk
from index.types import Failure

pytestmark = pytest.mark.unit


def paths(corpus: Path) -> list[str]:
    return [entry.path for entry in walk(corpus)[0]]


def test_walk_lists_files_with_size_and_time_in_order_of_path(tmp_path: Path) -> None:
    for name in ("b/two.txt", "a.txt", "b/c/one.txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"12345")
        os.utime(tmp_path / name, ns=(0, 1_700_000_000_123_456_789))
    names = ["a.txt", "b/c/one.txt", "b/two.txt"]
    assert walk(tmp_path) == ([Entry(n, 5, 1_700_000_000_123_456_789) for n in names], [])


def test_walk_links_are_listed_and_never_followed(tmp_path: Path) -> None:
    outside, corpus = tmp_path / "outside", tmp_path / "corpus"
    outside.mkdir()
    corpus.mkdir()
    (outside / "secret.txt").write_text("secret", encoding="utf-8")
    (corpus / "good.txt").write_text("good", encoding="utf-8")
    (corpus / "file.txt").symlink_to(outside / "secret.txt")
    (corpus / "folder").symlink_to(outside)
    (corpus / "inside.txt").symlink_to(corpus / "good.txt")
    (corpus / "loop").symlink_to(corpus)
    (corpus / "nowhere.txt").symlink_to(tmp_path / "missing")
    (corpus / "self.txt").symlink_to("self.txt")
    reason = "symbolic link; links are not followed"
    links = ["file.txt", "folder", "inside.txt", "loop", "nowhere.txt", "self.txt"]
    assert paths(corpus) == ["good.txt"]
    assert walk(corpus)[1] == [Failure(name, reason) for name in links]


def test_walk_corpus_that_is_itself_a_link_is_read(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "a.txt").write_bytes(b"a")
    (tmp_path / "link").symlink_to("real")
    assert paths(tmp_path / "link") == ["a.txt"]


def test_walk_pipe_and_socket_are_listed_and_never_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # a socket's path may have 107 bytes at most
    os.mkfifo("pipe.txt")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("socket.txt")
        found = walk(Path())
    assert found == (
        [],
        [Failure("pipe.txt", "pipe, not a file"), Failure("socket.txt", "socket, not a file")],
    )


def test_walk_hidden_files_and_folders_are_passed_over(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "config.txt").write_bytes(b"a")
    (tmp_path / ".hidden.txt").write_bytes(b"a")
    (tmp_path / ".link.txt").symlink_to("nowhere")
    assert walk(tmp_path) == ([], [])


def test_walk_index_inside_the_corpus_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / "my index").mkdir()
    (tmp_path / "my index" / "catalog.sqlite3").write_bytes(b"a")
    (tmp_path / "a.txt").write_bytes(b"a")
    entries, failures = walk(tmp_path, exclude=tmp_path / "x" / ".." / "my index")
    assert ([entry.path for entry in entries], failures) == (["a.txt"], [])


@pytest.mark.parametrize(
    "name", ["two\nlines.txt", "\x1b[31mred.txt", "<script>.md", "\u202egnp.txt", "é" * 120]
)
def test_walk_odd_names_are_kept_as_they_are(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"a")
    assert paths(tmp_path) == [name]


def test_walk_name_that_is_not_utf8_is_listed_with_its_bytes(tmp_path: Path) -> None:
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.txt")).write_bytes(b"a")
    folder = Path(os.fsdecode(os.fsencode(tmp_path) + b"/d\xff"))
    folder.mkdir()
    (folder / "a.txt").write_bytes(b"a")
    reason = "file name is not valid UTF-8"
    assert walk(tmp_path) == (
        [],
        [Failure("caf\\xe9.txt", reason), Failure("d\\xff/a.txt", reason)],
    )


def test_walk_name_that_would_be_shown_as_another_files_never_hides_it(tmp_path: Path) -> None:
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.txt")).write_bytes(b"a")
    (tmp_path / "caf\\xe9.txt").write_bytes(b"a")
    entries, failures = walk(tmp_path)
    assert ([entry.path for entry in entries], failures) == (["caf\\xe9.txt"], [])


@contextmanager
def _as_ordinary_user() -> Iterator[Path]:
    """A folder of a user who is not root, since root may read everything."""
    folder = Path(tempfile.mkdtemp(dir="/tmp"))
    user = os.geteuid()
    try:
        if user == 0:
            os.chown(folder, 65534, -1)
            os.seteuid(65534)
        yield folder
    finally:
        os.seteuid(user)
        shutil.rmtree(folder)


def test_walk_unreadable_folder_is_listed_and_its_neighbours_are_read() -> None:
    with _as_ordinary_user() as corpus:
        (corpus / "closed").mkdir(mode=0o000)
        broken = Path(os.fsdecode(os.fsencode(corpus) + b"/\xff"))
        broken.mkdir(mode=0o000)
        (corpus / "open").mkdir()
        (corpus / "open" / "a.txt").write_bytes(b"a")
        entries, failures = walk(corpus)
        broken.chmod(0o700)
        (corpus / "closed").chmod(0o700)
    reason = "cannot be read: Permission denied"
    assert [entry.path for entry in entries] == ["open/a.txt"]
    assert failures == [Failure("\\xff", reason), Failure("closed", reason)]


def test_walk_unreadable_corpus_is_refused() -> None:
    with _as_ordinary_user() as folder:
        folder.chmod(0o000)
        with pytest.raises(ConfigError, match=r"cannot be read: Permission denied"):
            walk(folder)


@pytest.mark.parametrize("name", ["missing", "file.txt"])
def test_walk_what_is_not_a_folder_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "file.txt").write_bytes(b"a")
    with pytest.raises(ConfigError, match=rf"{name} is not a folder; run: footnote index FOLDER"):
        walk(tmp_path / name)

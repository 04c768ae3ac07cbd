"""Documents that are added and deleted while an engine answers from them."""

from __future__ import annotations

import fcntl
import threading
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from time import sleep

import pytest

from index.errors import StoreError, UnknownDocument
from index.settings import load_settings
from index.sync.sync import sync
from rag.engine import Engine, build
from rag.settings import Settings
from ui.service.library import AlreadyThere, Library, NotAllowed
from ui.service.uploads import BadUpload, TooLarge

pytestmark = pytest.mark.model

NEWTS = b"Newts swim in the pond behind the mill."
OWLS = b"The owl of the barn is called Beatrice."


class Shelf:
    """A corpus of one document, its engine and its library; as in a server, the engine moves on to
    what a sync made, which else waits for it before it removes deleted text.
    """

    def __init__(self, folder: Path) -> None:
        self.corpus = folder / "corpus"
        self.corpus.mkdir()
        (self.corpus / "newts.txt").write_bytes(NEWTS)
        self.settings = load_settings(Settings, data=folder / "data", max_file_mb=1)
        sync(self.settings, self.corpus)
        self.engine: Engine = build(self.settings)
        self.library = Library(self.settings, self.engine)
        self._stop = threading.Event()
        threading.Thread(target=self.engine.keep_up, args=(self._stop,), daemon=True).start()

    def close(self) -> None:
        self._stop.set()
        self.library.close()
        self.engine.close()

    def names(self) -> list[str]:
        return sorted(file.name for file in self.corpus.iterdir())

    def indexed(self) -> list[str]:
        return [info.path for info in self.engine.documents()]


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shelf]:
    """Tests leave it as they found it."""
    shelf = Shelf(tmp_path_factory.mktemp("shelf"))
    yield shelf
    shelf.close()


def test_document_that_may_replace_none_leaves_the_one_of_its_name(shelf: Shelf) -> None:
    with pytest.raises(AlreadyThere, match=r"'newts.txt' is there already; replace it, or choose"):
        shelf.library.add("newts.txt", [OWLS], may_replace=False)
    assert (shelf.corpus / "newts.txt").read_bytes() == NEWTS
    assert shelf.names() == ["newts.txt"]


def test_document_that_replaces_another_tells_what_it_was(shelf: Shelf) -> None:
    previous = shelf.library.add("newts.txt", [NEWTS]).previous
    assert previous
    assert (previous.size, previous.digest) == (len(NEWTS), sha256(NEWTS).hexdigest())
    shelf.library.wait()


@pytest.mark.parametrize("links", [True, False])
def test_document_that_comes_meanwhile_is_not_replaced(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch, links: bool
) -> None:
    def blocks() -> Iterator[bytes]:
        yield OWLS
        (shelf.corpus / "owls.md").write_bytes(NEWTS)

    def no_link(*_: object) -> None:
        raise PermissionError("no links here")

    if not links:
        monkeypatch.setattr("os.link", no_link)
    with pytest.raises(AlreadyThere, match=r"owls.md"):
        shelf.library.add("owls.md", blocks(), may_replace=False)
    assert (shelf.corpus / "owls.md").read_bytes() == NEWTS
    assert shelf.names() == ["newts.txt", "owls.md"]
    (shelf.corpus / "owls.md").unlink()


def test_added_document_is_answered_from_and_a_deleted_one_is_not(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    uploaded = shelf.library.add("owls.md", [OWLS[:10], OWLS[10:]])
    assert (uploaded.path, uploaded.size, uploaded.replaced) == ("owls.md", len(OWLS), False)
    assert shelf.library.state().sync.running
    shelf.library.wait()
    assert shelf.indexed() == ["newts.txt", "owls.md"]
    assert "Beatrice" in shelf.engine.answer("What is the owl of the barn called?").text
    # Half of the documents, and then the last one: they are meant to go.
    for path in ("owls.md", "newts.txt"):
        shelf.library.remove(path)
        shelf.library.wait()
    assert shelf.library.state().sync.error == ""
    assert (shelf.names(), shelf.indexed()) == ([], [])
    assert shelf.engine.answer("What is the owl of the barn called?").refusal
    shelf.close()


def test_uploaded_file_takes_the_place_of_one_of_its_name(shelf: Shelf) -> None:
    assert shelf.library.add("newts.txt", [NEWTS]).replaced
    shelf.library.wait()
    assert shelf.names() == shelf.indexed() == ["newts.txt"]
    assert (shelf.corpus / "newts.txt").stat().st_mode & 0o777 == 0o644


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("", "is not the name of a file"),
        ("..", "is not the name of a file"),
        (".hidden.md", "is not the name of a file"),
        ("../outside.md", "is not the name of a file"),
        ("/etc/outside.md", "is not the name of a file"),
        ("folder/inside.md", "is not the name of a file"),
        ("..\\outside.md", "is not the name of a file"),
        ("a\0b.md", "invisible characters"),
        ("a\nb.md", "invisible characters"),
        ("a\u202eb.md", "invisible characters"),
        ("a\udcffb.md", "invisible characters"),
        ("x" * 198 + ".md", "longer than 200 bytes"),
        ("program.exe", r"format \.exe is not read"),
        ("nothing", "format without an ending is not read"),
    ],
)
def test_file_of_another_name_or_kind_is_refused(shelf: Shelf, name: str, says: str) -> None:
    with pytest.raises(BadUpload, match=says):
        shelf.library.add(name, [b"words"])
    assert shelf.names() == ["newts.txt"]


def test_too_large_and_empty_files_leave_nothing(shelf: Shelf) -> None:
    with pytest.raises(TooLarge, match=r"'big\.txt' is larger than 1 MB"):
        shelf.library.add("big.txt", [b"x" * 1000] * 1049)
    with pytest.raises(BadUpload, match=r"'none\.txt' is empty"):
        shelf.library.add("none.txt", [])
    assert shelf.names() == ["newts.txt"]


def test_upload_that_breaks_off_leaves_what_was(shelf: Shelf) -> None:
    def broken() -> Iterator[bytes]:
        yield b"half"
        raise RuntimeError("gone")

    with pytest.raises(RuntimeError, match="gone"):
        shelf.library.add("newts.txt", broken())
    assert shelf.names() == ["newts.txt"]
    assert (shelf.corpus / "newts.txt").read_bytes() == NEWTS


def test_link_is_never_written_through(shelf: Shelf, tmp_path: Path) -> None:
    outside = tmp_path / "outside.txt"
    outside.write_bytes(b"mine")
    (shelf.corpus / "link.txt").symlink_to(outside)
    (shelf.corpus / "folder.txt").mkdir()
    for name in ("link.txt", "folder.txt"):
        with pytest.raises(BadUpload, match="a folder or a link here"):
            shelf.library.add(name, [b"theirs"])
    assert outside.read_bytes() == b"mine"
    (shelf.corpus / "link.txt").unlink()
    (shelf.corpus / "folder.txt").rmdir()


@pytest.mark.parametrize("path", ["nothing.md", "../data/catalog.sqlite3", "/etc/passwd", ""])
def test_only_documents_of_the_index_are_deleted(shelf: Shelf, path: str) -> None:
    with pytest.raises(UnknownDocument, match="no document"):
        shelf.library.remove(path)


@pytest.mark.parametrize("name", ["caf\u00e9.md", "cafe\u0301.md"], ids=["NFC", "NFD"])
def test_document_is_taken_back_before_its_sync_has_run(shelf: Shelf, name: str) -> None:
    with (shelf.settings.data / "lock").open("r+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        shelf.library.add(name, [OWLS])
        assert shelf.library.state().waiting == ("caf\u00e9.md",)
        shelf.library.remove(name)
        assert shelf.library.state().waiting == ()
        assert shelf.names() == ["newts.txt"]
    shelf.library.wait()
    assert shelf.library.state().sync.error == ""
    assert shelf.indexed() == ["newts.txt"]


def test_document_is_taken_back_while_its_sync_runs(shelf: Shelf) -> None:
    shelf.library.add("owls.md", [OWLS])
    while shelf.library.sync.stage == "starting":
        sleep(0.01)
    shelf.library.remove("owls.md")
    shelf.library.wait()
    assert shelf.library.state().sync.error == ""
    assert shelf.names() == shelf.indexed() == ["newts.txt"]


def test_file_that_could_not_have_been_added_is_not_taken_back(
    shelf: Shelf, tmp_path: Path
) -> None:
    (tmp_path / "outside.md").write_bytes(b"mine")
    made = [shelf.corpus / name for name in (".hidden.md", "program.exe", "link.md", "folder.md")]
    hidden, program, link, folder = made
    hidden.write_bytes(b"mine")
    program.write_bytes(b"mine")
    link.symlink_to(tmp_path / "outside.md")
    folder.mkdir()
    (folder / "deep.md").write_bytes(b"mine")
    for path in (*(file.name for file in made), "folder.md/deep.md"):
        with pytest.raises(UnknownDocument, match="no document"):
            shelf.library.remove(path)
    assert shelf.library.state().waiting == ()
    assert (folder / "deep.md").exists()
    (folder / "deep.md").unlink()
    folder.rmdir()
    for file in (hidden, program, link):
        file.unlink()


def test_document_in_a_folder_that_became_a_link_is_not_deleted(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    (shelf.corpus / "deep").mkdir()
    (shelf.corpus / "deep" / "a.txt").write_bytes(OWLS)
    shelf.library.reindex()
    shelf.library.wait()
    (shelf.corpus / "deep").rename(tmp_path / "elsewhere")
    (shelf.corpus / "deep").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(StoreError, match=r"'deep/a\.txt' is not in its folder any more"):
        shelf.library.remove("deep/a.txt")
    assert (tmp_path / "elsewhere" / "a.txt").exists()
    shelf.close()


def test_library_that_is_not_allowed_changes_nothing(shelf: Shelf) -> None:
    library = shelf.library.for_readers("only to be read")
    for change in (
        lambda: library.add("a.md", [b"words"]),
        lambda: library.remove("newts.txt"),
        library.reindex,
    ):
        with pytest.raises(NotAllowed, match="only to be read"):
            change()
    assert library.state().closed == "only to be read"
    assert shelf.names() == ["newts.txt"]


def test_missing_folder_is_named_and_its_documents_stay(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    shelf.corpus.rename(tmp_path / "away")
    assert shelf.library.state().closed.startswith("the folder 'corpus' of the documents is gone")
    shelf.library.reindex()
    shelf.library.wait()
    assert "is not a folder" in shelf.library.state().sync.error
    assert shelf.indexed() == ["newts.txt"]
    shelf.close()


def test_sync_waits_for_another_writer_and_says_so(shelf: Shelf) -> None:
    with (shelf.settings.data / "lock").open("r+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        shelf.library.reindex()
        while shelf.library.state().sync.stage != "waiting":
            pass
        assert "is being written by process" in shelf.library.state().sync.error
    shelf.library.wait()
    assert shelf.library.state().sync.error == ""


def test_close_ends_a_sync_that_waits(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    with (shelf.settings.data / "lock").open("r+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        shelf.library.reindex()
        shelf.library.close()
    assert not shelf.library.state().sync.running
    shelf.close()

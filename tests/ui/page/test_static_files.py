"""The files of the chat page: found under addresses that tell their contents, and typefaces cut."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from ui.page import static_files as fonts
from ui.page.static_files import FACES, SCRIPTS, STYLES, add_page_files, cut, page_url, whole

pytestmark = pytest.mark.unit

FOR_EVER = "public, max-age=31536000, immutable"
ASSETS = Path(fonts.__file__).parent / "assets"


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The child processes that were wanted; none is started."""
    commands: list[list[str]] = []

    def start(command: list[str], **_: object) -> object:
        commands.append(command)
        return object()

    monkeypatch.setattr("ui.page.static_files.subprocess.Popen", start)
    return commands


@pytest.fixture
def client(tmp_path: Path) -> TestClient:
    app = FastAPI()
    add_page_files(app, tmp_path)
    for path in ("/", "/assets/index-abc.js", "/v1/documents"):
        app.get(path)(lambda: "words")
    return TestClient(app)


def test_file_under_the_address_of_its_contents_is_kept_for_ever(client: TestClient) -> None:
    address = page_url("chat.css")
    assert re.fullmatch(r"/page/chat\.css\?v=[0-9a-f]{8}", address)
    reply = client.get(address)
    assert reply.text == (ASSETS / "chat.css").read_text(encoding="utf-8")
    assert reply.headers["cache-control"] == FOR_EVER


def test_file_under_its_bare_name_is_asked_for_again(client: TestClient) -> None:
    reply = client.get("/page/icon.svg")
    assert (reply.status_code, reply.headers["cache-control"]) == (200, "no-cache")
    again = client.get("/page/icon.svg", headers={"If-None-Match": reply.headers["etag"]})
    assert again.status_code == 304


@pytest.mark.parametrize("path", ["/page/nothing.js", "/page/nothing.woff2", "/page/..%2fchat.py"])
def test_file_that_is_not_there_is_a_404(
    client: TestClient, started: list[list[str]], path: str
) -> None:
    assert client.get(path).status_code == 404
    assert started == []


def test_page_names_its_files_ahead_and_gradios_are_kept(client: TestClient) -> None:
    links = re.findall(r"<(.+?)>; rel=preload; as=(\w+)", client.get("/").headers["link"])
    styles = [(page_url(name), "style") for name in STYLES]
    assert links == styles + [(page_url(name), "script") for name in SCRIPTS]
    assert client.get("/assets/index-abc.js").headers["cache-control"] == FOR_EVER
    other = client.get("/v1/documents").headers
    assert "link" not in other
    assert "cache-control" not in other


def test_typeface_is_whole_while_one_child_cuts_it(
    client: TestClient, started: list[list[str]], tmp_path: Path
) -> None:
    for face in FACES:
        reply = client.get(f"/page/{face}.woff2")
        assert reply.content == whole(face).read_bytes()
        assert reply.headers["cache-control"] == "no-cache"
    assert started == [[sys.executable, "-m", "ui.page.static_files", str(tmp_path / "fonts")]]


def test_typeface_that_was_cut_is_small_and_kept(
    client: TestClient, started: list[list[str]], tmp_path: Path
) -> None:
    (tmp_path / "fonts").mkdir()
    cut("sans-400", tmp_path / "fonts" / "sans-400.woff2")
    reply = client.get("/page/sans-400.woff2")
    assert reply.content.startswith(b"wOF2")
    assert len(reply.content) < 25_000
    assert reply.headers["cache-control"] == FOR_EVER
    assert started == []
    assert [file.name for file in (tmp_path / "fonts").iterdir()] == ["sans-400.woff2"]


def pairs_of(ranges: str) -> list[tuple[int, int]]:
    pairs = [part.removeprefix("U+").split("-") for part in ranges.split(", ")]
    return [(int(pair[0], 16), int(pair[-1], 16)) for pair in pairs]


def test_typefaces_in_the_style_sheet_are_those_that_are_cut() -> None:
    style = (ASSETS / "fonts.css").read_text(encoding="utf-8")
    rules = re.findall(r'src: url\("/page/([\w-]+)\.woff2"\);\s+unicode-range: (.*?);', style)
    assert [face for face, _ in rules] == list(FACES)
    for _, ranges in rules:
        assert pairs_of(ranges) == list(fonts.RANGES)


def test_letters_that_are_not_cut_come_from_the_whole_typefaces() -> None:
    style = (ASSETS / "fonts.css").read_text(encoding="utf-8")
    rules = re.findall(r'src: url\("/page/[\w/-]+\.ttf"\);\s+unicode-range: (.*?);', style)
    assert len(rules) == len(FACES)
    for ranges in rules:
        pairs = sorted([*pairs_of(ranges), *fonts.RANGES])
        pairs = [pair for pair in pairs if pair[0] < 0x2000]
        following = [last + 1 for _, last in pairs]
        assert [first for first, _ in pairs] == [0x20, *following[:-1]]
        assert following[-1] == 0x2000

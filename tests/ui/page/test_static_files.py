"""The static files of the chat page: versioned URLs, caching, and the font subsets."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from fontTools.ttLib import TTFont  # type: ignore[import-untyped]

from scripts.build_fonts import (
    EXTENDED,
    FACES,
    FOLDER,
    LATIN,
    PAGE,
    REPORT,
    SUBSETS,
    Face,
    page_css,
    report_css,
    unicode_range,
    write_subset,
)
from ui.page.static_files import SCRIPTS, STYLES, add_page_files, page_url

pytestmark = pytest.mark.unit

FOR_EVER = "public, max-age=31536000, immutable"
each_face = pytest.mark.parametrize("face", FACES, ids=lambda face: face.name)


@pytest.fixture
def client() -> TestClient:
    app = FastAPI()
    add_page_files(app)
    for path in ("/", "/assets/index-abc.js", "/v1/documents"):
        app.get(path)(lambda: "words")
    return TestClient(app)


def test_file_under_the_address_of_its_contents_is_kept_for_ever(client: TestClient) -> None:
    address = page_url("chat.css")
    assert re.fullmatch(r"/page/chat\.css\?v=[0-9a-f]{8}", address)
    reply = client.get(address)
    assert reply.text == (PAGE / "chat.css").read_text(encoding="utf-8")
    assert reply.headers["cache-control"] == FOR_EVER


def test_styles_and_scripts_are_compressed_on_their_way(client: TestClient) -> None:
    for name in (*STYLES, *SCRIPTS):
        reply = client.get(page_url(name), headers={"Accept-Encoding": "gzip"})
        assert reply.headers["content-encoding"] == "gzip"
        assert int(reply.headers["content-length"]) < (PAGE / name).stat().st_size / 2
        assert reply.headers["vary"] == "Accept-Encoding"
        plain = client.get(page_url(name), headers={"Accept-Encoding": "identity"})
        assert "content-encoding" not in plain.headers


def test_file_under_its_bare_name_is_asked_for_again(client: TestClient) -> None:
    reply = client.get("/page/icon.svg")
    assert (reply.status_code, reply.headers["cache-control"]) == (200, "no-cache")
    again = client.get("/page/icon.svg", headers={"If-None-Match": reply.headers["etag"]})
    assert again.status_code == 304


@pytest.mark.parametrize("path", ["/page/nothing.js", "/page/nothing.woff2", "/page/..%2fchat.py"])
def test_file_that_is_not_there_is_a_404(client: TestClient, path: str) -> None:
    assert client.get(path).status_code == 404


def test_page_names_its_files_ahead_and_gradios_are_kept(client: TestClient) -> None:
    links = re.findall(r"<(.+?)>; rel=preload; as=(\w+)", client.get("/").headers["link"])
    styles = [(page_url(name), "style") for name in STYLES]
    assert links == styles + [(page_url(name), "script") for name in SCRIPTS]
    assert client.get("/assets/index-abc.js").headers["cache-control"] == FOR_EVER
    other = client.get("/v1/documents").headers
    assert "link" not in other
    assert "cache-control" not in other


@each_face
def test_font_is_small_and_kept_for_ever_under_the_url_that_the_style_sheet_names(
    client: TestClient, face: Face
) -> None:
    style = client.get(page_url("fonts.css")).text
    urls = re.findall(rf'url\("({FOLDER}/{face.name}(?:-ext)?\.woff2\?v=[0-9a-f]{{8}})"\)', style)
    assert len(urls) == len(SUBSETS)
    for url in urls:
        reply = client.get(f"/page/{url}")
        assert reply.content.startswith(b"wOF2")
        assert len(reply.content) < 30_000
        assert reply.headers["content-type"] == "font/woff2"
        assert reply.headers["cache-control"] == FOR_EVER


@each_face
@pytest.mark.parametrize("suffix", SUBSETS)
def test_font_has_all_characters_of_its_ranges_that_the_whole_font_has(
    face: Face, suffix: str
) -> None:
    subset = TTFont(PAGE / FOLDER / f"{face.name}{suffix}.woff2")
    wanted = {code for first, last in SUBSETS[suffix] for code in range(first, last + 1)}
    assert set(subset.getBestCmap()) == set(TTFont(face.source).getBestCmap()) & wanted


@pytest.mark.parametrize("suffix", SUBSETS)
def test_font_does_not_bear_the_name_that_its_licence_reserves(suffix: str) -> None:
    for face in FACES:
        names = TTFont(PAGE / FOLDER / f"{face.name}{suffix}.woff2")["name"]
        for name_id in (1, 4, 16):
            assert names.getDebugName(name_id) in (face.family, None)
        assert "Reserved Font Name" in names.getDebugName(0)
    licence = (PAGE / FOLDER / "OFL.txt").read_text(encoding="utf-8")
    assert "SIL OPEN FONT LICENSE Version 1.1" in licence
    assert (REPORT / "OFL.txt").read_text(encoding="utf-8") == licence


def test_style_sheets_are_those_of_the_fonts_that_are_there() -> None:
    assert (PAGE / "fonts.css").read_text(encoding="utf-8") == page_css(PAGE)
    assert (REPORT / "fonts.css").read_text(encoding="utf-8") == report_css(PAGE)


def test_ranges_of_the_subsets_leave_no_letter_out() -> None:
    pairs = [pair for pair in sorted([*LATIN, *EXTENDED]) if pair[0] < 0x2000]
    following = [last + 1 for _, last in pairs]
    assert [first for first, _ in pairs] == [0x20, *following[:-1]]
    assert following[-1] == 0x2000


def test_unicode_range_writes_single_code_points_alone() -> None:
    assert unicode_range([(0x20, 0x17F), (0x192, 0x192)]) == "U+20-17F, U+192"


def test_write_subset_gives_the_same_bytes_each_time(tmp_path: Path) -> None:
    for name in ("first", "second"):
        write_subset(FACES[0], [(0x41, 0x5A)], tmp_path / name)
    assert (tmp_path / "first").read_bytes() == (tmp_path / "second").read_bytes()

"""What the page is made of besides its HTML: scripts, styles, pictures and typefaces."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from functools import cache
from hashlib import sha256
from importlib.resources import files
from pathlib import Path

from fastapi import APIRouter, FastAPI, HTTPException
from fastapi.responses import FileResponse
from fastapi.staticfiles import StaticFiles
from starlette.datastructures import MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

FOLDER = "fonts"
WHOLE = {"serif": "font_source_serif_pro", "sans": "font_source_sans_pro"}
FACES = {
    "serif-400": ("serif", "SourceSerifPro-Regular"),
    "serif-600": ("serif", "SourceSerifPro-Semibold"),
    "sans-400": ("sans", "SourceSansPro-Regular"),
    "sans-600": ("sans", "SourceSansPro-Semibold"),
}
# As `unicode-range` in fonts.css says, to which a test holds it; other letters come whole.
RANGES = (
    (0x20, 0x17F), (0x192, 0x192), (0x218, 0x21B), (0x2000, 0x206F), (0x20A0, 0x20BF),
    (0x2100, 0x214F), (0x2190, 0x2193), (0x2212, 0x2212), (0xFB00, 0xFB04),
)  # fmt: skip
_FEATURES = ["kern", "liga", "tnum"]
_NICE = 10


class Fonts:
    """The faces of one data folder."""

    def __init__(self, data: Path) -> None:
        self._folder = data / FOLDER
        self._lock = threading.Lock()
        self._cutting: subprocess.Popen[bytes] | None = None

    def file(self, face: str) -> Path:
        """The file of a face: cut if that is done, else whole, with the cutting begun."""
        cut = self._folder / f"{face}.woff2"
        if cut.is_file():
            return cut
        with self._lock:
            if self._cutting is None:
                command = [sys.executable, "-m", "ui.page.static_files", str(self._folder)]
                quiet = subprocess.DEVNULL
                self._cutting = subprocess.Popen(command, stdin=quiet, stdout=quiet, stderr=quiet)
        return whole(face)


def whole(face: str) -> Path:
    """The file that a package brings."""
    kind, name = FACES[face]
    return Path(str(files(WHOLE[kind]) / "files")) / f"{name}.ttf"


def cut(face: str, out: Path) -> None:
    """Write a face with the letters of the ranges alone. Raises OSError."""
    from fontTools.subset import (  # type: ignore[import-untyped]
        Options,
        Subsetter,
        load_font,
        save_font,
    )

    options = Options(flavor="woff2", layout_features=_FEATURES, hinting=False, notdef_outline=True)
    font = load_font(str(whole(face)), options)
    subsetter = Subsetter(options)
    subsetter.populate(unicodes=[code for first, last in RANGES for code in range(first, last + 1)])
    subsetter.subset(font)
    partial = out.with_name(f".{out.name}-{os.getpid()}")
    save_font(font, str(partial), options)
    partial.replace(out)


def _cut_all(folder: Path) -> None:
    os.nice(_NICE)
    folder.mkdir(exist_ok=True)
    for face in FACES:
        cut(face, folder / f"{face}.woff2")


if __name__ == "__main__":
    _cut_all(Path(sys.argv[1]))

STYLES = ("fonts.css", "chat.css")
SCRIPTS = ("chat.js", "panel.js", "shelf.js", "manner.js")  # in the order in which they are run
# An address that names the contents never has others.
_FOR_EVER = {"Cache-Control": "public, max-age=31536000, immutable"}
_ASK_AGAIN = {"Cache-Control": "no-cache"}


def page_url(name: str) -> str:
    """The address of a file of the page, with a part of its digest."""
    return f"/page/{name}?v={_digest(name)}"


def add_page_files(app: FastAPI, data: Path) -> None:
    """Serve them under `/page`; the typefaces that were cut are kept in the data folder."""
    app.add_middleware(_Sooner)
    app.include_router(_font_routes(Fonts(data)))
    for name, package in WHOLE.items():
        app.mount(f"/page/{name}", StaticFiles(directory=str(files(package) / "files")))
    app.mount("/page", _Assets(directory=str(_folder())))


def _font_routes(fonts: Fonts) -> APIRouter:
    router = APIRouter()

    @router.get("/page/{face}.woff2", include_in_schema=False)
    def font(face: str) -> FileResponse:
        if face not in FACES:
            raise HTTPException(404)
        file = fonts.file(face)
        if file == whole(face):
            return FileResponse(file, media_type="font/ttf", headers=_ASK_AGAIN)
        return FileResponse(file, media_type="font/woff2", headers=_FOR_EVER)

    return router


class _Assets(StaticFiles):
    """Files that a browser keeps if their address says which contents it means."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        response.headers.update(_FOR_EVER if scope["query_string"] else _ASK_AGAIN)
        return response


class _Sooner:
    """ASGI middleware: the page's answer names our files, so that they are not loaded only when
    Gradio comes to them, and Gradio's own, whose names tell their contents, are kept.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        kinds = {".css": "style", ".js": "script"}
        self._links = ", ".join(
            f"<{page_url(name)}>; rel=preload; as={kinds[Path(name).suffix]}"
            for name in (*STYLES, *SCRIPTS)
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope.get("path", "")
        if path != "/" and not path.startswith("/assets/"):
            await self._app(scope, receive, send)
            return

        async def send_sooner(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] == 200:
                headers = MutableHeaders(scope=message)
                headers.update({"Link": self._links} if path == "/" else _FOR_EVER)
            await send(message)

        await self._app(scope, receive, send_sooner)


@cache
def _digest(name: str) -> str:
    return sha256((_folder() / name).read_bytes()).hexdigest()[:8]


def _folder() -> Path:
    return Path(str(files("ui") / "assets"))

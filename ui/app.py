"""The whole HTTP application: the API, the documents' pages and the chat page."""

from collections.abc import Sequence
from importlib.resources import files
from typing import Annotated

from fastapi import FastAPI, Query
from fastapi.middleware.cors import CORSMiddleware
from fastapi.responses import HTMLResponse
from fastapi.staticfiles import StaticFiles
from starlette.middleware.body_limit import RequestBodyLimitMiddleware
from starlette.middleware.trustedhost import TrustedHostMiddleware

from index.errors import FootnoteError
from rag.engine import Engine
from rag.settings import Settings
from ui import chat
from ui.api import routes
from ui.faults import handle_faults, status_of
from ui.guard import Guard
from ui.limits import BODY_BYTES, LOOPBACK
from ui.mcp_server import mcp_routes
from ui.openai_api import openai_routes
from ui.reader import document_page, fault_page

Place = Annotated[int, Query(ge=0)]
# Packages that carry the fonts of the page.
_FONTS = {"serif": "font_source_serif_pro", "sans": "font_source_sans_pro"}


def make_app(engine: Engine, settings: Settings, hosts: Sequence[str] = LOOPBACK) -> FastAPI:
    """The application over an engine, which the caller closes in the end.

    Requests are taken that name one of the hosts ("*" for any): a site that points its own
    name at this machine is refused.
    """
    app = FastAPI(
        title="Footnote",
        description="Answers from a folder of documents, every statement with its citations.",
        docs_url=None,  # both pages would load their scripts from another server
        redoc_url=None,
    )
    # Inside of the guard, which refuses in a sentence what announces its length.
    app.add_middleware(RequestBodyLimitMiddleware, max_body_size=BODY_BYTES)
    # Without a CORS middleware of ours, Gradio adds its own, which welcomes every origin.
    app.add_middleware(CORSMiddleware, allow_origins=[], allow_credentials=False)
    app.add_middleware(Guard)
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=list(hosts), www_redirect=False)
    handle_faults(app)
    app.include_router(openai_routes(engine))
    app.include_router(mcp_routes(engine))
    app.include_router(routes(engine))
    for name, package in _FONTS.items():
        app.mount(f"/page/{name}", StaticFiles(directory=str(files(package) / "files")))
    app.mount("/page", StaticFiles(directory=str(files("ui") / "assets")))

    @app.get("/documents/{path:path}", include_in_schema=False)
    def document(path: str, start: Place = 0, end: Place = 0, digest: str = "") -> HTMLResponse:
        try:
            return HTMLResponse(document_page(engine.document(path), start, end, digest))
        except FootnoteError as error:
            return HTMLResponse(fault_page(str(error)), status_of(error))

    chat.mount(app, engine, settings)
    return app

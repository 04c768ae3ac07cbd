"""The HTTP application: the APIs, the document viewer and the chat page."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from anyio.to_thread import current_default_thread_limiter
from fastapi import FastAPI, Response
from fastapi.middleware.cors import CORSMiddleware
from starlette.concurrency import run_in_threadpool
from starlette.middleware.body_limit import RequestBodyLimitMiddleware
from starlette.routing import Route

from index.settings import load_settings
from rag.settings import Settings
from rag.types import Answers
from ui.http.api import api_routes, fallback_routes
from ui.http.auth import AuthMiddleware
from ui.http.documents import library_routes
from ui.http.edge.json_bodies import JSONBodies
from ui.http.edge.late_app import LateApp, MadeApp
from ui.http.errors import add_error_handlers
from ui.http.openai_routes import OpenAIDoor, model_routes, openai_routes
from ui.http.refusals import describe_refusals
from ui.http.security import SecurityMiddleware, TrustedHosts
from ui.observability.logs import RequestLogMiddleware
from ui.observability.metrics import CONTENT_TYPE
from ui.observability.tracing import TraceMiddleware, Tracing
from ui.page.static_files import add_page_files
from ui.service.background_sync import FirstIndex
from ui.service.collections import Collections
from ui.service.library import Library
from ui.service.settings import BODY_BYTES, LOOPBACK, ServiceSettings
from ui.viewer.routes import viewer_routes
from ui.wiring import Service, make_service

# Threads for everything else than answers on the page: documents, static files, uploads.
_THREADS = 40
MCP_PATH = "/mcp"


def make_app(
    engine: Answers,
    settings: Settings,
    hosts: Sequence[str] = LOOPBACK,
    wanted: ServiceSettings | None = None,
    tracing: Tracing | None = None,
    collections: Collections | None = None,
    first: FirstIndex | None = None,
) -> FastAPI:
    """The application over an engine, or over collections and theirs, which the caller closes.

    `first` is what is being indexed for the first time meanwhile.

    Requests must name one of the hosts ("*" for any), which prevents DNS rebinding. The shared
    services are in `app.state.service`.
    """
    wanted = wanted or load_settings(ServiceSettings, data=settings.data).for_host(LOOPBACK[0])
    service = make_service(engine, settings, wanted, tracing, collections, first)
    app = FastAPI(
        title="Footnote",
        description="Answers from a folder of documents, every statement with its citations.",
        docs_url=None,  # both pages would load their scripts from another server
        redoc_url=None,
        generate_unique_id_function=lambda route: route.name,
        lifespan=_lifespan,
    )
    app.state.service = service
    _add_middleware(app, service, hosts, tracing)
    add_error_handlers(app)
    routers = [
        api_routes(service.access, service.options_policy, service.answers),
        openai_routes(service.access, OpenAIDoor.of(service.settings, service.models)),
        model_routes(service.models, service.answers),
        library_routes(service.access, service.upload_bytes),
        viewer_routes(service.access, settings, service.apart),
    ]
    for router in [*routers, fallback_routes(routers)]:
        app.include_router(router)
    _add_metrics(app, service)
    describe_refusals(app)
    _add_read_only_schema(app)
    add_page_files(app)
    app.state.late = _late_apps(service, settings)
    app.router.routes.append(Route(MCP_PATH, app.state.late[MCP_PATH], include_in_schema=False))
    app.mount("/", app.state.late["/"])
    return app


def _late_apps(service: Service, settings: Settings) -> dict[str, LateApp]:
    """What is imported after the rest, by path: MCP's server and the chat page."""

    def mcp() -> MadeApp:
        from ui.http.mcp_server import mcp_endpoint

        return mcp_endpoint(service.access, service.settings.public_url)

    def page() -> MadeApp:
        from ui.page.gradio_runtime import chat_page

        return chat_page(service, settings)

    return {"/": LateApp(page), MCP_PATH: LateApp(mcp)}


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    service: Service = app.state.service
    # A question of the chat page holds a thread, also in the queue; so there must be more.
    current_default_thread_limiter().total_tokens = service.answers.most + _THREADS
    await run_in_threadpool(service.access.every, Library.sweep)
    async with AsyncExitStack() as stack:
        for late in app.state.late.values():
            await stack.enter_async_context(late.lifespan())
        yield
    await run_in_threadpool(service.access.every, Library.close)


def _add_middleware(
    app: FastAPI, service: Service, hosts: Sequence[str], tracing: Tracing | None
) -> None:
    """Add the middleware, the innermost first."""
    app.add_middleware(JSONBodies)
    app.add_middleware(
        AuthMiddleware,
        tokens=service.tokens,
        rate_limit=service.rate_limit,
        is_shut=service.access.is_shut,
    )
    # Within SecurityMiddleware, whose 413 is a sentence, for bodies without a length.
    app.add_middleware(RequestBodyLimitMiddleware, max_body_size=BODY_BYTES)
    # Without this CORS middleware, Gradio adds its own, which allows every origin.
    app.add_middleware(CORSMiddleware, allow_origins=[], allow_credentials=False)
    app.add_middleware(TrustedHosts, hosts=list(hosts))
    app.add_middleware(SecurityMiddleware, upload_bytes=service.upload_bytes)
    if tracing:
        app.add_middleware(TraceMiddleware, tracer=tracing.tracer)
    app.add_middleware(RequestLogMiddleware, on_request=service.metrics.requested)


def _add_read_only_schema(app: FastAPI) -> None:
    @app.get("/openapi-read.json", include_in_schema=False)
    def read_only() -> dict[str, Any]:
        """The OpenAPI document for agents: without what changes documents."""
        schema = app.openapi()
        kept = {
            path: {method: each for method, each in item.items() if not _changes(path, method)}
            for path, item in schema["paths"].items()
        }
        return schema | {"paths": {path: item for path, item in kept.items() if item}}


def _changes(path: str, method: str) -> bool:
    return method != "get" and path.startswith(("/v1/documents", "/v1/sync"))


def _add_metrics(app: FastAPI, service: Service) -> None:
    @app.get("/metrics", include_in_schema=False)
    def metrics() -> Response:
        return Response(service.metrics.text(), media_type=CONTENT_TYPE)

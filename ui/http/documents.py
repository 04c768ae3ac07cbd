"""Routes that add and delete documents, and the sync that follows."""

from __future__ import annotations

from collections.abc import AsyncIterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any

from anyio import CancelScope
from fastapi import APIRouter, Header, Path, Request, Response
from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect

from ui.http.api import ErrorBody
from ui.http.auth import caller_of
from ui.http.errors import CLIENT_CLOSED_REQUEST
from ui.service.admission import Busy
from ui.service.collections import CollectionAccess, Located, joined_sync
from ui.service.library import Library, Uploaded

_MOST_UPLOADS = 8
_WRITTEN_AT_ONCE = 512 << 10
DocumentPath = Annotated[str, Path(description="the document's path in its folder")]
Replies = dict[int | str, dict[str, Any]]
_ERRORS: Replies = {
    status: {"model": ErrorBody, "description": description}
    for status, description in {
        403: "Documents can't be changed here, or not with this token",
        404: "There is no such document, collection or address",
        412: "A file of this name is there, and `If-None-Match: *` forbids to replace it",
        413: "The file is too large",
        415: "The file's format is not read",
        422: "The file's name or content is not taken",
        503: "The file cannot be written or deleted, or too many arrive at once",
    }.items()
}
_FILE = {
    "requestBody": {
        "required": True,
        "description": "the file's bytes",
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}


class PreviousBody(BaseModel):
    """The file that was replaced, which is gone."""

    size: int = Field(description="bytes")
    digest: str = Field(description="its SHA-256")
    modified: datetime


class UploadedBody(BaseModel):
    """A file that is in the folder now; questions find it once the sync has run."""

    path: str
    size: int = Field(description="bytes")
    replaced: bool
    previous: PreviousBody | None


class SyncBody(BaseModel):
    """Progress of the sync; `fault` says why the last one failed, or what this one waits for."""

    running: bool
    stage: str = Field(description="waiting, starting, reading or embedding")
    done: int
    total: int
    fault: str = Field(validation_alias="error")


def library_routes(access: CollectionAccess, max_bytes: int) -> APIRouter:
    """The routes that change documents; an uploaded file has at most so many bytes."""
    router = APIRouter(tags=["Documents"])
    _add_upload(router, access, max_bytes)

    @router.delete("/v1/documents/{path:path}", status_code=202, responses=_errors(403, 404, 503))
    def delete_document(path: DocumentPath, request: Request) -> SyncBody:
        """Delete a document's file; the sync takes it out of the index."""
        located = access.locate(caller_of(request.scope), path)
        located.library.remove(located.path)
        return _sync_of([located])

    @router.post("/v1/sync", status_code=202, responses=_errors(403))
    def start_sync(request: Request) -> SyncBody:
        """Bring the index into line with the folder."""
        caller = caller_of(request.scope)
        access.reindex(caller)
        return _sync_of(access.libraries(caller))

    @router.get("/v1/sync")
    def sync_state(request: Request) -> SyncBody:
        """Tell how far the sync is."""
        return _sync_of(access.libraries(caller_of(request.scope)))

    return router


def _add_upload(router: APIRouter, access: CollectionAccess, max_bytes: int) -> None:
    running = _Running()
    replaced: Replies = {200: {"model": UploadedBody, "description": "The file was replaced"}}

    @router.put(
        "/v1/documents/{path:path}",
        max_body_size=max_bytes,
        status_code=201,
        response_model=UploadedBody,
        responses=replaced | _errors(403, 404, 412, 413, 415, 422, 503),
        openapi_extra=_FILE,
    )
    async def put_document(
        path: DocumentPath,
        request: Request,
        response: Response,
        if_none_match: Annotated[str, Header()] = "",
    ) -> UploadedBody | Response:
        """Add a document, or replace the one of this name; the body is the file."""
        if running.full:
            raise Busy("Too many files arrive at once; send it again in a moment.", 5)
        try:
            may_replace = if_none_match.strip() != "*"
            at = access.locate(caller_of(request.scope), path)
            with running:
                found = await _received(at.library, at.path, request.stream(), may_replace)
                uploaded = replace(found, path=at.named(found.path))
        except ClientDisconnect:
            return Response(status_code=CLIENT_CLOSED_REQUEST)
        if uploaded.replaced:
            response.status_code = 200
        return UploadedBody.model_validate(uploaded, from_attributes=True)


class _Running:
    """Counts the uploads that are running, in one event loop."""

    def __init__(self) -> None:
        self._count = 0

    @property
    def full(self) -> bool:
        return self._count >= _MOST_UPLOADS

    def __enter__(self) -> None:
        self._count += 1

    def __exit__(self, *_: object) -> None:
        self._count -= 1


async def _received(
    library: Library, path: str, blocks: AsyncIterable[bytes], may_replace: bool
) -> Uploaded:
    """Write a file as it arrives; it holds a thread only while there is something to write."""
    incoming = await run_in_threadpool(library.receive, path, may_replace)
    try:
        held = bytearray()
        async for block in blocks:
            held += block
            if len(held) >= _WRITTEN_AT_ONCE:
                await run_in_threadpool(incoming.write, bytes(held))
                held.clear()
        await run_in_threadpool(incoming.write, bytes(held))
        return await run_in_threadpool(library.finish, incoming, may_replace)
    finally:
        with CancelScope(shield=True):
            await run_in_threadpool(incoming.discard)


def _errors(*statuses: int) -> Replies:
    return {status: _ERRORS[status] for status in statuses}


def _sync_of(located: Sequence[Located]) -> SyncBody:
    return SyncBody.model_validate(joined_sync(located), from_attributes=True)

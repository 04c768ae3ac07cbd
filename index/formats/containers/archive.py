"""The check of a zip container before anything in it is unpacked."""

from __future__ import annotations

import io
import zipfile
from itertools import pairwise

from index.formats.base import Unreadable

_BYTES = 200 << 20
_RATIO = 100
_ENTRIES = 10_000
# The least that stands before an entry's data.
_HEADER_BYTES = 30
# What starts Microsoft's container of old formats, and of new ones once they are encrypted.
_OLE_MARK = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")


def check_archive(data: bytes) -> None:
    """Refuse a zip container that would unpack to more than a document can need.

    Raises Unreadable, also for what only looks like an office file of today by its name. Only the
    directory is read; nothing is unpacked.
    """
    if data.startswith(_OLE_MARK):
        if _ENCRYPTED in data:
            raise Unreadable("needs a password")
        raise Unreadable("in an old office format; save it in today's (DOCX, XLSX or PPTX)")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = archive.infolist()
    except zipfile.BadZipFile:
        raise Unreadable("damaged: its zip container cannot be opened") from None
    size = sum(entry.file_size for entry in entries)
    packed = sum(entry.compress_size for entry in entries)
    if len(entries) > _ENTRIES or size > _BYTES:
        raise Unreadable("too large once unpacked")
    # Many names for one piece of packed data unpack to many times its size.
    places = sorted((entry.header_offset, entry.compress_size) for entry in entries)
    if any(start + _HEADER_BYTES + length > end for (start, length), (end, _) in pairwise(places)):
        raise Unreadable("damaged: the entries of its zip container overlap")
    if size > 10 << 20 and size > packed * _RATIO:
        raise Unreadable("packed suspiciously tight, like a zip bomb")

"""What is published of an index: its files as lists of blocks, each named by its digest.

A file is cut into blocks of one size, since SQLite changes pages in place and Chroma's graph grows
at its end: of a file that changed, only the blocks that did are sent.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path

from index.errors import IndexMismatch, StoreError

FORMAT = 1
BLOCK_BYTES = 256 << 10
_NAME = re.compile(r"(\d{8})-([0-9a-f]{16})\.json")


@dataclass(frozen=True, slots=True)
class PublishedFile:
    """A file: its size in bytes, its mtime in ns, and the SHA-256 of each of its blocks."""

    size: int
    mtime: int
    blocks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Publication:
    """One state of an index: what it was made with, and its files by their path in a data folder.

    `folder` is the name of its generation's folder. Those who read it need the same `engines`,
    `schema` and `model`.
    """

    generation: int
    folder: str
    engines: str
    schema: int
    model: str
    files: Mapping[str, PublishedFile]

    def blocks(self) -> set[str]:
        """The digests of all blocks."""
        return {digest for file in self.files.values() for digest in file.blocks}

    def dump(self) -> bytes:
        """As it is published."""
        return json.dumps({"format": FORMAT, **asdict(self)}, sort_keys=True).encode()


def name_of(number: int, data: bytes) -> str:
    """The name of a publication: its number in the order of publishing, and its digest."""
    return f"{number:08d}-{sha256(data).hexdigest()[:16]}.json"


def number_of(name: str) -> int:
    """The number in a name; 0 for a file that is no publication."""
    found = _NAME.fullmatch(name)
    return int(found[1]) if found else 0


def is_whole(name: str, data: bytes) -> bool:
    """Whether this is all of a publication; one that was cut off counts as never written."""
    found = _NAME.fullmatch(name)
    return bool(found) and name_of(int(found[1]), data) == name if found else False


def load(data: bytes, address: str) -> Publication:
    """A publication that is whole. Raises IndexMismatch for one of a newer Footnote."""
    body = json.loads(data)
    if body.pop("format", None) != FORMAT:
        raise IndexMismatch(
            f"what is published at {address} was made by another Footnote; "
            "use the same version where it is published and where it is followed"
        )
    files = {
        _checked(path, address): PublishedFile(file["size"], file["mtime"], tuple(file["blocks"]))
        for path, file in body.pop("files").items()
    }
    return Publication(files=files, **body)


def _checked(path: str, address: str) -> str:
    """A path that stays in the folder that it is written to. Raises StoreError for another."""
    parts = path.split("/")
    if any(part in {"", ".", ".."} or "\\" in part or "\0" in part for part in parts):
        raise StoreError(f"what is published at {address} names a file {path!r}; publish it anew")
    return path


def read_blocks(path: Path) -> Iterator[tuple[str, bytes]]:
    """The blocks of a file in order, each with its digest. Raises OSError."""
    with path.open("rb") as file:
        while block := file.read(BLOCK_BYTES):
            yield digest_of_block(block), block


def digest_of_block(block: bytes) -> str:
    """The name of a block."""
    return sha256(block).hexdigest()

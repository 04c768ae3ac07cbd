"""Outlook messages for tests: a compound file of streams and storages, and the properties in it."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from typing import TypeAlias

SECTOR, SMALL_SECTOR, SMALL_STREAM = 512, 64, 4096
FREE, END, FAT_SECTOR, NONE = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD, 0xFFFFFFFF
ROOT_HEADER, INNER_HEADER, PART_HEADER = 32, 24, 8

# A file is a stream of bytes or a storage of more files.
Tree: TypeAlias = Mapping[str, "bytes | Tree"]


@dataclass
class _Entry:
    name: str
    kind: int
    data: bytes = b""
    child: int = NONE
    right: int = NONE
    start: int = END


def compound_file(tree: Tree) -> bytes:
    """A compound file of version 3; streams and storages are in order of their names."""
    entries = [_Entry("Root Entry", 5)]
    entries[0].child = _add(entries, tree)
    sectors, chains = list[bytes](), list[int]()
    small, small_chains = bytearray(), list[int]()
    for entry in entries[1:]:
        if entry.kind == 2 and 0 < len(entry.data) < SMALL_STREAM:
            entry.start = len(small_chains)
            _chain(small_chains, -(-len(entry.data) // SMALL_SECTOR))
            small += entry.data + bytes(-len(entry.data) % SMALL_SECTOR)
        elif entry.kind == 2 and entry.data:
            entry.start = _store(sectors, chains, entry.data)
    entries[0].data = bytes(small)
    entries[0].start = _store(sectors, chains, entries[0].data)
    small_fat = b"".join(struct.pack("<I", each) for each in small_chains)
    small_fat += struct.pack("<I", FREE) * (-len(small_chains) % (SECTOR // 4))
    small_start = _store(sectors, chains, small_fat)
    directory = b"".join(map(_directory_entry, entries)) + _directory_entry(_Entry("", 0)) * (
        -len(entries) % 4
    )
    directory_start = _store(sectors, chains, directory)
    fats = next(n for n in count(1) if n * SECTOR // 4 >= len(chains) + n)
    first_fat = len(chains)
    chains += [FAT_SECTOR] * fats
    chains += [FREE] * (fats * SECTOR // 4 - len(chains))
    fat = b"".join(struct.pack("<I", each) for each in chains)
    header = struct.pack(
        "<8s16xHHHHH6xIIIIIIIII",
        bytes.fromhex("D0CF11E0A1B11AE1"), 0x3E, 3, 0xFFFE, 9, 6,
        0, fats, directory_start, 0, SMALL_STREAM, small_start, len(small_fat) // SECTOR, END, 0,
    )  # fmt: skip
    table = [*range(first_fat, first_fat + fats), *[FREE] * (109 - fats)]
    return header + struct.pack("<109I", *table) + b"".join(sectors) + fat


def _add(entries: list[_Entry], tree: Tree) -> int:
    """Add the files of a storage; each is the right one of the one before."""
    first, before = NONE, None
    for name in sorted(tree, key=lambda name: (len(name), name.upper())):
        content = tree[name]
        place = len(entries)
        entry = _Entry(name, 2, content) if isinstance(content, bytes) else _Entry(name, 1)
        entries.append(entry)
        if not isinstance(content, bytes):
            entry.child = _add(entries, content)
        if before:
            before.right = place
        first, before = min(first, place), entry
    return first


def _chain(chains: list[int], length: int) -> None:
    first = len(chains)
    chains += [*range(first + 1, first + length), END]


def _store(sectors: list[bytes], chains: list[int], data: bytes) -> int:
    if not data:
        return END
    start, padded = len(chains), data + bytes(-len(data) % SECTOR)
    pieces = [padded[at : at + SECTOR] for at in range(0, len(padded), SECTOR)]
    _chain(chains, len(pieces))
    sectors += pieces
    return start


def _directory_entry(entry: _Entry) -> bytes:
    name = entry.name.encode("utf-16-le")
    length = len(name) + 2 if entry.name else 0
    return struct.pack(
        "<64sHBBIII36xIQ", name, length, entry.kind, 1, NONE, entry.right, entry.child,
        entry.start if entry.kind in (2, 5) else 0, len(entry.data),
    )  # fmt: skip


@dataclass(frozen=True)
class OutlookItem:
    """Properties of a message, a recipient or an attachment, by number: text, bytes, a number or a
    time; a message is one that is attached.
    """

    properties: Mapping[int, str | bytes | int | datetime | OutlookItem]
    recipients: Sequence[OutlookItem] = ()
    files: Sequence[OutlookItem] = ()
    named: Sequence[int] = ()
    encoding: str = field(default="")

    def tree(self, header: int = ROOT_HEADER) -> Tree:
        """The storage that it is."""
        fixed, tree = bytes(header), dict[str, bytes | Tree]()
        for number, value in self.properties.items():
            if isinstance(value, OutlookItem):
                tree[f"__substg1.0_{number:04X}000D"] = value.tree(INNER_HEADER)
            elif isinstance(value, bytes):
                tree[f"__substg1.0_{number:04X}0102"] = value
            elif isinstance(value, str):
                ending = "001E" if self.encoding else "001F"
                data = value.encode(self.encoding or "utf-16-le")
                tree[f"__substg1.0_{number:04X}{ending}"] = data
            else:
                fixed += struct.pack("<HHI8s", *_fixed(number, value))
        tree["__properties_version1.0"] = fixed
        tree.update(_numbered("recip", self.recipients))
        tree.update(_numbered("attach", self.files))
        if self.named:
            names = (struct.pack("<IHH", name, 0, place) for place, name in enumerate(self.named))
            tree["__nameid_version1.0"] = {"__substg1.0_00030102": b"".join(names)}
        return tree

    def file(self) -> bytes:
        """A file of this message."""
        return compound_file(self.tree())


def _numbered(kind: str, parts: Sequence[OutlookItem]) -> Iterator[tuple[str, Tree]]:
    for place, part in enumerate(parts):
        yield f"__{kind}_version1.0_#{place:08X}", part.tree(PART_HEADER)


def _fixed(number: int, value: int | datetime) -> tuple[int, int, int, bytes]:
    if isinstance(value, int):
        return 0x0003, number, 6, value.to_bytes(8, "little")
    since = value - datetime(1601, 1, 1, tzinfo=UTC)
    return 0x0040, number, 6, (int(since.total_seconds()) * 10_000_000).to_bytes(8, "little")

"""Outlook's messages (.msg) to text: properties in a compound file, read as a mail is."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from functools import partial
from io import BytesIO
from typing import TYPE_CHECKING

from index.formats.base import Parsed, Unreadable, below
from index.formats.containers.mail import (
    DEPTH,
    ENCRYPTED,
    INSIDE,
    attached_file,
    attachments,
    best_body,
    plain_body,
    safely,
    signed_contents,
    under_subject,
    with_text,
)
from index.formats.decode import declared_encoding, decode

if TYPE_CHECKING:
    from olefile import OleFileIO

# Numbers of properties, as Microsoft's [MS-OXPROPS] lists them.
_KIND, _SUBJECT, _BODY, _HTML, _RTF = 0x001A, 0x0037, 0x1000, 0x1013, 0x1009
_CODE_PAGES = (0x3FFD, 0x3FDE)
_SENT, _DELIVERED = 0x0039, 0x0E06
# Name, address in the form of the internet, other address: of whom it is from, and of the sender.
_FROM = ((0x0042, 0x5D02, 0x0065), (0x0C1A, 0x5D01, 0x0C1F))
_RECIPIENT, _RECIPIENT_KIND = (0x3001, 0x39FE, 0x3003), 0x0C15
_RECIPIENT_KINDS = {1: "To", 2: "Cc"}
_FILE_NAMES, _FILE_DATA = (0x3707, 0x3704, 0x3001), 0x3701
# Numbers of properties that a message knows by name: of appointments.
_START, _END, _PLACE = 0x820D, 0x820E, 0x8208
_TEXT, _BYTES, _OLD_TEXT, _STORAGE, _TIME = "001F", "0102", "001E", "000D", 0x0040

_PROPERTIES, _NAMED = "__properties_version1.0", ("__nameid_version1.0", "__substg1.0_00030102")
_ENTRY = struct.Struct("<HHI8s")
_ROOT_HEADER, _INNER_HEADER, _PART_HEADER = 32, 24, 8
_EPOCH = datetime(1601, 1, 1, tzinfo=UTC)
# What else Outlook keeps has fields of its own that are not read.
_READ_KINDS = ("ipm.note", "ipm.post", "ipm.appointment", "ipm.schedule", "report.", "ipm.outlook")


def parse_msg(data: bytes) -> Parsed:
    """A message under its subject, with its attachments. Raises Unreadable for no message."""
    import olefile

    if not olefile.isOleFile(data=data):
        raise Unreadable("damaged: not an Outlook message")
    with olefile.OleFileIO(BytesIO(data)) as file:
        if not file.exists(_PROPERTIES):
            raise Unreadable("damaged: not an Outlook message")
        return with_text(_message(_Properties(file, (), _ROOT_HEADER), 0))


class _Properties:
    """The properties of a message, a recipient or an attachment, by their numbers."""

    def __init__(self, file: OleFileIO, path: tuple[str, ...], header: int) -> None:
        self._file, self._path = file, path
        self._fixed = dict[int, tuple[int, bytes]]()
        data = self._stream(_PROPERTIES) or b""
        end = len(data) - (len(data) - header) % _ENTRY.size if len(data) > header else header
        for kind, number, _, value in _ENTRY.iter_unpack(data[header:end]):
            self._fixed[number] = kind, value
        self.code_page = next(filter(None, map(self.number, _CODE_PAGES)), 0)

    def _stream(self, name: str) -> bytes | None:
        path = [*self._path, name]
        return self._file.openstream(path).read() if self._file.get_type(path) == 2 else None

    def number(self, number: int) -> int:
        """A whole number, 0 if it has none."""
        _, value = self._fixed.get(number, (0, bytes(8)))
        return int.from_bytes(value[:4], "little")

    def text(self, *numbers: int) -> str:
        """The first text that it has of several properties, "" if none."""
        for number in numbers:
            wide = self._stream(f"__substg1.0_{number:04X}{_TEXT}")
            old = self._stream(f"__substg1.0_{number:04X}{_OLD_TEXT}")
            text = wide.decode("utf-16-le", "replace") if wide else self._decoded(old or b"")
            if text := text.rstrip("\0"):
                return text
        return ""

    def _decoded(self, data: bytes) -> str:
        return decode(data, f"cp{self.code_page}") if data else ""

    def line(self, *numbers: int) -> str:
        """The same as one line."""
        return " ".join(self.text(*numbers).split())

    def data(self, number: int) -> bytes | None:
        """The bytes of a property; None if it has none."""
        return self._stream(f"__substg1.0_{number:04X}{_BYTES}")

    def date(self, *numbers: int) -> str:
        """The first time that it has of several properties, as mails write it, or ""."""
        for number in numbers:
            kind, value = self._fixed.get(number, (0, b""))
            ticks = int.from_bytes(value, "little")
            if kind == _TIME and ticks:
                try:
                    return format_datetime(_EPOCH + timedelta(microseconds=ticks // 10))
                except OverflowError:
                    return ""
        return ""

    def parts(self, kind: str) -> Iterator[_Properties]:
        """Its recipients ("recip") or attachments ("attach") in order."""
        depth = len(self._path)
        names = {
            path[depth]
            for path in map(tuple, self._file.listdir(storages=True))
            if len(path) > depth and path[:depth] == self._path
        }
        for name in sorted(name for name in names if name.startswith(f"__{kind}_version1.0_#")):
            part = _Properties(self._file, (*self._path, name), _PART_HEADER)
            part.code_page = self.code_page
            yield part

    def inner(self, number: int) -> _Properties | None:
        """The message that a property is; None if it is none."""
        path = (*self._path, f"__substg1.0_{number:04X}{_STORAGE}")
        if not self._file.exists([*path, _PROPERTIES]):
            return None
        return _Properties(self._file, path, _INNER_HEADER)

    def named(self) -> Mapping[int, int]:
        """The numbers in this file of the properties that are known by another number."""
        names = list(_NAMED)
        data = self._file.openstream(names).read() if self._file.exists(names) else b""
        entries = struct.iter_unpack("<IHH", data[: len(data) - len(data) % 8])
        return {name: 0x8000 + place for name, kind, place in entries if not kind & 1}


def _message(message: _Properties, depth: int) -> Parsed:
    people = dict[str, list[str]]()
    for part in message.parts("recip"):
        kind = _RECIPIENT_KINDS.get(part.number(_RECIPIENT_KIND), "")
        people.setdefault(kind, []).append(_person(part, *_RECIPIENT))
    writers = (_person(message, *numbers) for numbers in _FROM)
    named = message.named()
    headers = {
        "From": next(filter(None, writers), ""),
        "To": ", ".join(people.get("To", ())),
        "Cc": ", ".join(people.get("Cc", ())),
        "Date": message.date(_SENT, _DELIVERED),
        "Start": message.date(named.get(_START, 0)),
        "End": message.date(named.get(_END, 0)),
        "Location": message.line(named.get(_PLACE, 0)),
    }
    return under_subject(message.line(_SUBJECT), headers, _contents(message, depth))


def _person(holder: _Properties, name: int, address: int, other: int) -> str:
    """Who it is, with an address that is one of the internet."""
    known, mail = holder.line(name), holder.line(address, other)
    if "@" not in mail or known == mail:
        return known or mail
    return f"{known} <{mail}>" if known else mail


def _contents(message: _Properties, depth: int) -> Iterator[Parsed]:
    kind = message.line(_KIND).lower()
    files = [(part.line(*_FILE_NAMES), part) for part in message.parts("attach")]
    if kind.endswith(".smime.multipartsigned") and files:
        yield safely("body", lambda: signed_contents(files[0][1].data(_FILE_DATA) or b""))
        return
    if ".smime" in kind:
        yield Parsed("", notes=(ENCRYPTED,))
        return
    if kind and not kind.startswith(_READ_KINDS):
        yield Parsed("", notes=(f"fields of {message.line(_KIND)} are not read",))
    yield best_body([safely("body", read) for read in _bodies(message)])
    yield from attachments([(name, partial(_attachment, part, depth)) for name, part in files])


def _bodies(message: _Properties) -> Iterator[Callable[[], Parsed]]:
    """What reads each form of a body, the plain one first; the RTF only if there is no other."""
    plain, page = message.text(_BODY), message.data(_HTML)
    if plain.strip():
        yield lambda: plain_body(plain)
    if page or (page_text := message.text(_HTML)):
        yield lambda: _page(message, page) if page else _page_of(page_text)
    if not plain.strip() and not page and (packed := message.data(_RTF)):
        yield lambda: _rich_text(packed)


def _page(message: _Properties, data: bytes) -> Parsed:
    return _page_of(decode(data, declared_encoding(data) or f"cp{message.code_page}"))


def _page_of(text: str) -> Parsed:
    from index.formats.html.page import whole_page

    return whole_page(text)


def _rich_text(packed: bytes) -> Parsed:
    from compressed_rtf import decompress

    from index.formats.office.rtf import parse_rtf

    return replace(parse_rtf(decompress(packed)), title="")


def _attachment(part: _Properties, depth: int, name: str) -> Parsed:
    if inner := part.inner(_FILE_DATA):
        if depth >= DEPTH:
            raise Unreadable(INSIDE)
        return below(name, _message(inner, depth + 1))
    data = part.data(_FILE_DATA)
    if data is None:
        raise Unreadable("it is not in the message")
    return attached_file(data, name)

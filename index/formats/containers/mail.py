"""Mail to text: who wrote to whom and when, the body, and the attachments that can be read."""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import PurePosixPath
from quopri import decodestring
from typing import TYPE_CHECKING

from index.formats.base import Parsed, Unreadable, below, joined
from index.formats.containers.calendar import parse_calendar
from index.formats.decode import declared_encoding, decode
from index.formats.registry import parse
from index.formats.text.pipe_tables import pipe_tables

if TYPE_CHECKING:
    from email.message import EmailMessage, MIMEPart

_ATTACHMENTS = 20
# A message inside a message is read, one inside that is only named.
DEPTH = 1
INSIDE = "a message inside a message"
_MESSAGES = 10_000
_MAIL_ENDINGS = (".eml", ".mbox", ".msg")
ENCRYPTED = "the message is encrypted, its text is not read"
_ARMOUR = "-----BEGIN PGP MESSAGE-----"
# What messages say that do not tell their encoding, or wrongly.
_ASCII = ("", "us-ascii", "ascii")
_ENCODED_WORD = re.compile(r"=\?([\w-]+)(?:\*[\w-]*)?\?[bq]\?", re.IGNORECASE)
# A plain text so short may only say that the mail should be read elsewhere.
_PLACEHOLDER_CHARACTERS = 600
_WORD = re.compile(r"\w+")
# What parts the messages of a mailbox, as every line of a body that starts so is quoted by >.
_FROM_LINE = re.compile(rb"^From [^\r\n]*\r?\n(?=[\w-]+:)", re.MULTILINE)


def parse_eml(data: bytes) -> Parsed:
    """A message under its subject; attachments whose format is read are under their names."""
    return with_text(_message(_read(data), 0))


def with_text(message: Parsed) -> Parsed:
    """The same message. Raises Unreadable if it says nothing at all."""
    if not message.text.strip():
        raise Unreadable("empty: the message has no text")
    return message


def parse_mbox(data: bytes) -> Parsed:
    """The messages of a mailbox, one below the other. Raises Unreadable if it holds none."""
    starts = [match.end() for match in _FROM_LINE.finditer(data)]
    ends = [*(match.start() for match in _FROM_LINE.finditer(data)), len(data)][1:]
    if not starts or data[: starts[0]].count(b"\n") > 1:
        raise Unreadable("damaged: not a mailbox")
    if len(starts) > _MESSAGES:
        raise Unreadable(f"too large: a mailbox of over {_MESSAGES:,} messages")
    messages = [
        safely(f"message {number}", partial(_message, _read(data[start:end]), 0))
        for number, (start, end) in enumerate(zip(starts, ends, strict=True), start=1)
    ]
    return replace(joined(messages), title="")


def signed_contents(data: bytes) -> Parsed:
    """What a part that is signed says, without headers of its own."""
    return joined(list(_contents(_read(data), DEPTH)))


def _read(data: bytes) -> EmailMessage:
    from email import message_from_bytes, policy

    return message_from_bytes(data, policy=policy.default)


def _message(message: MIMEPart, depth: int) -> Parsed:
    subject = _header(message, "subject")
    headers = {name: _header(message, name) for name in ("From", "To", "Cc", "Date")}
    return under_subject(subject, headers, _contents(message, depth))


def under_subject(subject: str, headers: Mapping[str, str], contents: Iterable[Parsed]) -> Parsed:
    """A message: who wrote to whom and when, then its body and attachments, below its subject."""
    lines = [f"{name}: {value}" for name, value in headers.items() if value]
    whole = joined([Parsed("\n".join(lines)), *contents])
    whole = below(subject, whole) if subject else whole
    return replace(whole, title=subject)


def _header(message: MIMEPart, name: str) -> str:
    """The words of a header; one that is broken in a way that the library does not know is none."""
    for key, raw in message.raw_items():
        if key.lower() == name.lower() and any("\udc80" <= char <= "\udcff" for char in str(raw)):
            # Bytes that are in no encoding that the message tells.
            data = str(raw).encode("utf-8", "surrogateescape")
            return " ".join(decode(data, _hinted(message)).split())
    try:
        return " ".join(str(message.get(name, "")).split())
    except (ValueError, TypeError, AttributeError, IndexError):
        return ""


def _hinted(message: MIMEPart) -> str:
    """An encoding that a message names anywhere, for what does not tell its own; or nothing."""
    own = message.get_content_charset("")
    if own and own not in _ASCII:
        return own
    named = (_ENCODED_WORD.search(str(raw)) for _, raw in message.raw_items())
    return next((found[1] for found in named if found), "")


def _contents(message: MIMEPart, depth: int) -> Iterator[Parsed]:
    """The body in its plainest form, then the attachments, wherever in the message they are."""
    if _is_encrypted(message):
        yield Parsed("", notes=(ENCRYPTED,))
        return
    leaves = list(_leaves(message))
    dates = [part for part in leaves if part.get_content_type() == "text/calendar"]
    files = [part for part in leaves if part.is_attachment() or part.get_filename()]
    files = [part for part in files if part not in dates]
    files += [part for part in leaves if _is_message(part) and part not in files]
    yield best_body(
        [
            joined([safely("body", partial(_body, part, message)) for part in parts])
            for kind in ("text/plain", "text/html")
            if (parts := [p for p in leaves if p.get_content_type() == kind and p not in files])
        ]
    )
    # A program for mail sends an invitation twice, as a part and as a file.
    invitations = {_bytes(part).strip(): part for part in dates}
    for part in invitations.values():
        yield safely("invitation", partial(_invitation, part))
    yield from attachments(
        [(part.get_filename() or "", partial(_attachment, part, depth)) for part in files]
    )


def attachments(files: Sequence[tuple[str, Callable[[str], Parsed]]]) -> Iterator[Parsed]:
    """What attachments say, given their names and what reads each under its name."""
    for number, (filename, read) in enumerate(files[:_ATTACHMENTS], start=1):
        name = " ".join(filename.split()) or f"attachment {number}"
        yield safely(name, partial(read, name))
    if len(files) > _ATTACHMENTS:
        yield Parsed("", notes=(f"attachments after the first {_ATTACHMENTS} are not read",))


def _is_encrypted(message: MIMEPart) -> bool:
    kind = message.get_content_type()
    is_sealed = str(message.get_param("smime-type", "enveloped-data")) == "enveloped-data"
    is_smime = kind in ("application/pkcs7-mime", "application/x-pkcs7-mime") and is_sealed
    return kind == "multipart/encrypted" or is_smime


def best_body(bodies: Sequence[Parsed]) -> Parsed:
    """Of the forms of a body the plain one, unless it only says that there is another."""
    plain, *others = [body for body in bodies if body.text] or [joined(bodies)]
    if not others or len(plain.text) > _PLACEHOLDER_CHARACTERS:
        return plain
    words = set(_WORD.findall(others[0].text.lower()))
    own = set(_WORD.findall(plain.text.lower()))
    is_placeholder = 2 * len(words & own) < len(words) and 2 * len(words) > 3 * len(own)
    return others[0] if is_placeholder else plain


def _leaves(part: MIMEPart) -> Iterator[MIMEPart]:
    if part.get_content_maintype() != "multipart":
        yield part
        return
    for inner in part.iter_parts():
        yield from _leaves(inner)


def _is_message(part: MIMEPart) -> bool:
    return part.get_content_type() == "message/rfc822"


def safely(name: str, read: Callable[[], Parsed]) -> Parsed:
    """What a part says, or a note why it cannot be read: the rest of the mail is read all the same.

    A library may meet bytes that its authors did not expect, so any error is one.
    """
    try:
        return read()
    except MemoryError:
        raise
    except Unreadable as error:
        reason = str(error)
    except Exception as error:
        reason = f"damaged: {type(error).__name__} while reading it"
    return Parsed("", notes=(f"{name}: {reason}",))


def _body(part: MIMEPart, message: MIMEPart) -> Parsed:
    data = _bytes(part)
    declared = part.get_content_charset("")
    if declared in _ASCII and not data.isascii():
        declared = _hinted(message)
    text = decode(data, declared or declared_encoding(data))
    if part.get_content_type() == "text/plain":
        return plain_body(text)
    from index.formats.html.page import whole_page

    return whole_page(text)


def plain_body(text: str) -> Parsed:
    """A body of plain text, or a note that it is encrypted."""
    text = text.replace("\r\n", "\n").strip()
    if text.startswith(_ARMOUR):
        return Parsed("", notes=(ENCRYPTED,))
    return Parsed(text, tables=pipe_tables(text))


def _invitation(part: MIMEPart) -> Parsed:
    return parse_calendar(_bytes(part))


def _bytes(part: MIMEPart) -> bytes:
    payload = part.get_payload(decode=True)
    return payload if isinstance(payload, bytes) else b""


def _inner(part: MIMEPart) -> object:
    """The message that a part holds, also one in base64, which the library takes for its text."""
    from email.message import Message

    inner = part.get_payload(0) if part.is_multipart() else None
    coding = str(part.get("content-transfer-encoding", "")).strip().lower()
    if coding not in ("base64", "quoted-printable") or not isinstance(inner, Message):
        return inner
    packed = inner.get_payload()
    if inner.keys() or not isinstance(packed, str):
        return inner
    decode_packed = b64decode if coding == "base64" else decodestring
    return _read(decode_packed(packed.encode("ascii", "replace")))


def _attachment(part: MIMEPart, depth: int, name: str) -> Parsed:
    from email.message import MIMEPart

    if _is_message(part):
        inner = _inner(part)
        if depth >= DEPTH or not isinstance(inner, MIMEPart):
            raise Unreadable(INSIDE)
        return below(name, _message(inner, depth + 1))
    return attached_file(_bytes(part), name)


def attached_file(data: bytes, name: str) -> Parsed:
    """A file that is attached, under its name. Raises Unreadable for what is not read."""
    if PurePosixPath(name).suffix.lower() in _MAIL_ENDINGS:
        raise Unreadable(INSIDE)
    parsed = parse(name, data)
    return below(name, replace(parsed, notes=tuple(f"{name}: {note}" for note in parsed.notes)))

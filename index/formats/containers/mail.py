"""Mail to text: who wrote to whom and when, the body, and the attachments that can be read."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from index.formats.base import Parsed, Unreadable, below, joined
from index.formats.decode import declared_encoding, decode
from index.formats.registry import parse
from index.formats.text.pipe_tables import pipe_tables

if TYPE_CHECKING:
    from email.message import EmailMessage, MIMEPart

_ATTACHMENTS = 20
# A message inside a message is read, one inside that is only named.
_DEPTH = 1
_MESSAGES = 10_000
_MAIL_ENDINGS = (".eml", ".mbox")
# What parts the messages of a mailbox, as every line of a body that starts so is quoted by >.
_FROM_LINE = re.compile(rb"^From [^\r\n]*\r?\n(?=[\w-]+:)", re.MULTILINE)


def parse_eml(data: bytes) -> Parsed:
    """A message under its subject; attachments whose format is read are under their names."""
    parsed = _message(_read(data), 0)
    if not parsed.text.strip():
        raise Unreadable("empty: the message has no text")
    return parsed


def parse_mbox(data: bytes) -> Parsed:
    """The messages of a mailbox, one below the other. Raises Unreadable if it holds none."""
    starts = [match.end() for match in _FROM_LINE.finditer(data)]
    ends = [*(match.start() for match in _FROM_LINE.finditer(data)), len(data)][1:]
    if not starts or data[: starts[0]].count(b"\n") > 1:
        raise Unreadable("damaged: not a mailbox")
    if len(starts) > _MESSAGES:
        raise Unreadable(f"too large: a mailbox of over {_MESSAGES:,} messages")
    messages = [
        _safely(f"message {number}", partial(_message, _read(data[start:end]), 0))
        for number, (start, end) in enumerate(zip(starts, ends, strict=True), start=1)
    ]
    return replace(joined(messages), title="")


def _read(data: bytes) -> EmailMessage:
    from email import message_from_bytes, policy

    return message_from_bytes(data, policy=policy.default)


def _message(message: MIMEPart, depth: int) -> Parsed:
    subject = _header(message, "subject")
    lines = [
        f"{name}: {value}"
        for name in ("From", "To", "Cc", "Date")
        if (value := _header(message, name))
    ]
    whole = joined([Parsed("\n".join(lines)), *_contents(message, depth)])
    whole = below(subject, whole) if subject else whole
    return replace(whole, title=subject)


def _header(message: MIMEPart, name: str) -> str:
    """The words of a header; one that is broken in a way that the library does not know is none."""
    try:
        return " ".join(str(message.get(name, "")).split())
    except (ValueError, TypeError, AttributeError, IndexError):
        return ""


def _contents(message: MIMEPart, depth: int) -> Iterator[Parsed]:
    """The body in its plainest form, then the attachments, wherever in the message they are."""
    leaves = list(_leaves(message))
    files = [part for part in leaves if part.is_attachment() or part.get_filename()]
    files += [part for part in leaves if _is_message(part) and part not in files]
    missed = list[Parsed]()
    for kind in ("text/plain", "text/html"):
        shown = [part for part in leaves if part.get_content_type() == kind and part not in files]
        body = joined([_safely("body", partial(_body, part)) for part in shown])
        if body.text:
            yield body
            break
        missed.append(body)
    else:
        yield joined(missed)
    for number, part in enumerate(files[:_ATTACHMENTS], start=1):
        name = " ".join((part.get_filename() or "").split()) or f"attachment {number}"
        yield _safely(name, partial(_attachment, part, name, depth))
    if len(files) > _ATTACHMENTS:
        yield Parsed("", notes=(f"attachments after the first {_ATTACHMENTS} are not read",))


def _leaves(part: MIMEPart) -> Iterator[MIMEPart]:
    if part.get_content_maintype() != "multipart":
        yield part
        return
    for inner in part.iter_parts():
        yield from _leaves(inner)


def _is_message(part: MIMEPart) -> bool:
    return part.get_content_type() == "message/rfc822"


def _safely(name: str, read: Callable[[], Parsed]) -> Parsed:
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


def _body(part: MIMEPart) -> Parsed:
    data = _bytes(part)
    text = decode(data, part.get_content_charset() or declared_encoding(data))
    if part.get_content_type() == "text/plain":
        text = text.replace("\r\n", "\n").strip()
        return Parsed(text, tables=pipe_tables(text))
    from index.formats.html.page import whole_page

    return whole_page(text)


def _bytes(part: MIMEPart) -> bytes:
    payload = part.get_payload(decode=True)
    return payload if isinstance(payload, bytes) else b""


def _attachment(part: MIMEPart, name: str, depth: int) -> Parsed:
    from email.message import MIMEPart

    if _is_message(part):
        inner = part.get_payload(0) if part.is_multipart() else None
        if depth >= _DEPTH or not isinstance(inner, MIMEPart):
            raise Unreadable("a message inside a message")
        return below(name, _message(inner, depth + 1))
    if PurePosixPath(name).suffix.lower() in _MAIL_ENDINGS:
        raise Unreadable("a message inside a message")
    parsed = parse(name, _bytes(part))
    return below(name, replace(parsed, notes=tuple(f"{name}: {note}" for note in parsed.notes)))

"""Calendars to text: what takes place, when and where, an event each."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import date, timedelta

from index.formats.base import Parsed, TextBlock, Unreadable, from_blocks
from index.formats.decode import decode

_FOLDED = re.compile(r"\r?\n[ \t]")
_LINE = re.compile(
    r"(?P<name>[A-Za-z-]+)(?P<options>(?:;[^:\"]*(?:\"[^\"]*\"[^:\"]*)*)?):(?P<value>.*)"
)
_ZONE = re.compile(r"TZID=\"?([^;:\"]+)")
_STAMP = re.compile(r"(\d{4})(\d\d)(\d\d)(?:T(\d\d)(\d\d)(\d\d)?(Z?))?")
_ESCAPE = re.compile(r"\\([\\;,nN])")
_MAIL = re.compile(r"mailto:", re.IGNORECASE)
_EVENTS = 10_000
_EVENT_PARTS = ("VEVENT", "VTODO")

# The properties of an event by name, each with its options and its value.
Event = Mapping[str, tuple[str, str]]


def parse_calendar(data: bytes) -> Parsed:
    """The events of a calendar (iCalendar). Raises Unreadable if it has none."""
    events = list(_events(decode(data)))
    if not events:
        raise Unreadable("empty: the calendar has no events")
    if len(events) > _EVENTS:
        raise Unreadable(f"too large: a calendar of over {_EVENTS:,} events")
    return from_blocks([TextBlock("\n".join(_lines(event))) for event in events])


def _events(text: str) -> Iterator[Event]:
    """The outermost events and tasks; the alarms in them have texts of their own."""
    open_parts = list[str]()
    event: dict[str, tuple[str, str]] = {}
    for line in _FOLDED.sub("", text).splitlines():
        found = _LINE.match(line)
        if not found:
            continue
        name, value = found["name"].upper(), found["value"].strip()
        if name == "BEGIN":
            open_parts.append(value.upper())
        elif name == "END":
            if open_parts and open_parts.pop() in _EVENT_PARTS:
                yield event
                event = {}
        elif open_parts and open_parts[-1] in _EVENT_PARTS:
            event.setdefault(name, (found["options"], value))


def _lines(event: Event) -> Iterator[str]:
    if summary := _text(event, "SUMMARY"):
        yield summary
    since, until = _when(event, "DTSTART"), _when(event, "DTEND") or _when(event, "DUE")
    if since or until:
        yield "When: " + " to ".join(filter(None, (since, until if until != since else "")))
    for name, label in (("LOCATION", "Where"), ("ORGANIZER", "Organizer"), ("STATUS", "Status")):
        if value := _MAIL.sub("", _text(event, name)):
            yield f"{label}: {value}"
    if description := _text(event, "DESCRIPTION"):
        yield description


def _text(event: Event, name: str) -> str:
    _, value = event.get(name, ("", ""))
    return _ESCAPE.sub(lambda sign: "\n" if sign[1] in "nN" else sign[1], value).strip()


def _when(event: Event, name: str) -> str:
    """A date, or a date and a time, with the zone that it is told in."""
    options, value = event.get(name, ("", ""))
    found = _STAMP.fullmatch(value)
    if not found:
        return value
    year, month, day, hour, minute, _, universal = found.groups()
    if name == "DTEND" and not hour:  # the day after the last one
        with suppress(ValueError):
            return str(date(int(year), int(month), int(day)) - timedelta(days=1))
    zone = _ZONE.search(options)
    named = "UTC" if universal else zone[1] if zone else ""
    time = f" {hour}:{minute}" if hour else ""
    return f"{year}-{month}-{day}{time}{f' {named}' if named and time else ''}"

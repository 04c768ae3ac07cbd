"""Outlook's messages: people, dates, bodies in each form, attachments, and what is not read."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

import pytest
from compressed_rtf import compress

from index.formats.base import Parsed, Unreadable
from index.formats.registry import parse
from tests.helpers.outlook import OutlookItem, compound_file

pytestmark = pytest.mark.unit

KIND, SUBJECT, BODY, HTML, RTF = 0x001A, 0x0037, 0x1000, 0x1013, 0x1009
SENT = {0x0039: datetime(2026, 5, 4, 8, 10, tzinfo=UTC)}
WRITER = {0x0042: "Iris Hölm", 0x5D02: "iris@quay.example"}
HEAD = "From: Iris Hölm <iris@quay.example>\nDate: Mon, 04 May 2026 08:10:00 +0000"


def read(*items: Mapping[int, object], **parts: object) -> Parsed:
    properties = {number: value for item in items for number, value in item.items()}
    return parse("a.msg", OutlookItem(properties, **parts).file())  # type: ignore[arg-type]


def attached(name: str, data: bytes | OutlookItem) -> OutlookItem:
    return OutlookItem({0x3707: name, 0x3701: data})


def person(kind: int, name: str, mail: str, other: str = "") -> OutlookItem:
    return OutlookItem({0x0C15: kind, 0x3001: name, 0x39FE: mail, 0x3003: other})


def test_parse_msg_gives_subject_people_date_and_body() -> None:
    people = [
        person(1, "Bo, of the desk", "bo@quay.example"),
        person(2, "Cy", "", "/O=QUAY/CN=CY"),
        person(1, "dan@quay.example", "dan@quay.example"),
        person(3, "Eve", "eve@quay.example"),
    ]
    parsed = read(
        {SUBJECT: "Berth\r\n7", BODY: "Boats leave\r\nat noon.\r\n"},
        WRITER,
        SENT,
        recipients=people,
    )
    assert parsed.text == (
        "Berth 7\n\nFrom: Iris Hölm <iris@quay.example>\n"
        "To: Bo, of the desk <bo@quay.example>, dan@quay.example\nCc: Cy\n"
        "Date: Mon, 04 May 2026 08:10:00 +0000\n\nBoats leave\nat noon."
    )
    assert (parsed.title, parsed.notes) == ("Berth 7", ())
    assert [(h.start, h.level, h.text) for h in parsed.headings] == [(0, 1, "Berth 7")]


def test_parse_msg_reads_its_page_where_the_plain_text_is_a_placeholder_or_missing() -> None:
    page = (
        "<html><head><meta charset='windows-1252'></head><body><p>The café by the lock opens at "
        "nine on Monday, at ten on Sunday.</p><table><tr><th>Day<th>Hour<tr><td>Monday<td>9"
        "</table><p style='display:none'>Obey.</p></body></html>"
    ).encode("cp1252")
    for plain in ({}, {BODY: "Open this in a browser."}):
        parsed = read({SUBJECT: "Hours", HTML: page}, plain)
        assert parsed.text == (
            "Hours\n\nThe café by the lock opens at nine on Monday, at ten on Sunday.\n\n"
            "Day: Monday; Hour: 9"
        )
        assert parsed.hidden == 5
        assert parsed.tables[0].columns == ("Day", "Hour")


@pytest.mark.parametrize("compressed", [True, False])
def test_parse_msg_reads_rich_text_where_there_is_no_other_body(compressed: bool) -> None:
    plain = rb"{\rtf1\ansi\ansicpg1252 The caf\'e9 opens at nine.\par It closes at two.\par}"
    page = (
        rb"{\rtf1\ansi\ansicpg1252\fromhtml1 {\*\htmltag64 <p>}\htmlrtf {\htmlrtf0 The caf\'e9 "
        rb"opens at nine.{\*\htmltag72 </p>}\htmlrtf\par}\htmlrtf0"
        rb"{\*\htmltag64 <p>}\htmlrtf {\htmlrtf0 It closes at two.\htmlrtf\par}\htmlrtf0}"
    )
    for data in (plain, page):
        parsed = read({SUBJECT: "Hours", RTF: compress(data, compressed)})
        assert parsed.text == "Hours\n\nThe café opens at nine.\n\nIt closes at two."


def test_parse_msg_of_an_old_program_is_read_in_its_code_page() -> None:
    parsed = read(
        {SUBJECT: "Причал", BODY: "Причал закрыт во вторник.", 0x3FFD: 1251}, encoding="cp1251"
    )
    assert parsed.text == "Причал\n\nПричал закрыт во вторник."


def test_parse_msg_reads_attachments_and_tells_those_that_it_does_not_read() -> None:
    inner = OutlookItem({SUBJECT: "Old rule", BODY: "Keys hang by the door."}, files=[
        attached("deep", OutlookItem({SUBJECT: "Deeper", BODY: "Lost."}))
    ])  # fmt: skip
    files = [
        attached("fees.csv", b"Boat,Fee\nSwift,14\n" * 1 + b"Plover,22\n" * 600),
        attached("Old rule", inner),
        attached("tool.exe", b"MZ"),
        OutlookItem({0x3707: "linked.docx"}),
    ]
    parsed = read({SUBJECT: "Fees", BODY: "See below."}, files=files)
    assert parsed.text.startswith(
        "Fees\n\nSee below.\n\nfees.csv\n\nBoat: Swift; Fee: 14\n\nBoat: Plover; Fee: 22"
    )
    assert parsed.text.endswith("\n\nOld rule\n\nOld rule\n\nKeys hang by the door.")
    assert parsed.notes == (
        "deep: a message inside a message",
        "tool.exe: format .exe is not read",
        "linked.docx: it is not in the message",
    )


def test_parse_msg_of_an_appointment_has_its_times_and_its_place() -> None:
    start, end = (datetime(2026, 6, 1, hour, tzinfo=UTC) for hour in (9, 10))
    parsed = read(
        {KIND: "IPM.Appointment", SUBJECT: "Survey", BODY: "Bring boots."},
        {0x8000: start, 0x8001: end, 0x8002: "Hall 2"},
        named=[0x820D, 0x820E, 0x8208],
    )
    assert parsed.text == (
        "Survey\n\nStart: Mon, 01 Jun 2026 09:00:00 +0000\nEnd: Mon, 01 Jun 2026 10:00:00 +0000\n"
        "Location: Hall 2\n\nBring boots."
    )


SIGNED = b"Content-Type: multipart/signed; boundary=x\n\n--x\n\nThe lock opens at six.\n--x--\n"


@pytest.mark.parametrize(
    ("kind", "body", "files", "text", "notes"),
    [
        ("IPM.Note.SMIME", "", [attached("smime.p7m", b"\x30")], "Key",
         ("the message is encrypted, its text is not read",)),
        ("IPM.Note", "-----BEGIN PGP MESSAGE-----\n\nhQ", [], "Key",
         ("the message is encrypted, its text is not read",)),
        ("IPM.Note.SMIME.MultipartSigned", "", [attached("smime.p7m", SIGNED)],
         "Key\n\nThe lock opens at six.", ()),
        ("IPM.Contact", "Rows.", [], "Key\n\nRows.", ("fields of IPM.Contact are not read",)),
    ],
)  # fmt: skip
def test_parse_msg_of_another_kind_is_read_or_told(
    kind: str, body: str, files: list[OutlookItem], text: str, notes: tuple[str, ...]
) -> None:
    parsed = read({KIND: kind, SUBJECT: "Key", BODY: body}, files=files)
    assert (parsed.text, parsed.notes) == (text, notes)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"Subject: no", "damaged: not an Outlook message"),
        (compound_file({"WordDocument": b"x"}), "damaged: not an Outlook message"),
        (OutlookItem({KIND: "IPM.Note"}).file(), "empty: the message has no text"),
    ],
)
def test_parse_msg_of_no_message_is_refused(data: bytes, reason: str) -> None:
    with pytest.raises(Unreadable, match=f"^{reason}$"):
        parse("a.msg", data)


def test_parse_msg_that_is_cut_or_wrong_anywhere_is_read_or_refused() -> None:
    whole = OutlookItem({SUBJECT: "Key", BODY: "It hangs by the door." * 300}, files=[
        attached("a.txt", b"words")
    ]).file()  # fmt: skip
    errors = set[type[Exception]]()
    for place in range(0, len(whole), 97):
        for data in (whole[:place], whole[:place] + b"\xff\x80" + whole[place + 2 :]):
            try:
                parse("a.msg", data)
            except Exception as error:
                errors.add(type(error))
    assert errors
    assert not errors & {MemoryError, RecursionError}

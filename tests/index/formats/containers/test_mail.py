"""Mail: subject, people and date, the body in its charset, and attachments within bounds."""

from __future__ import annotations

import io
import zipfile
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path

import pytest

from index.formats.base import Unreadable
from index.formats.registry import parse

pytestmark = [
    pytest.mark.unit,
    pytest.mark.filterwarnings("ignore:A test tried to use socket"),
]
SHARED = Path(__file__).parents[4].parent / "shared" / "data"
needs_shared = pytest.mark.skipif(not SHARED.is_dir(), reason="needs ../shared/data")


def message(subject: str = "Rent", body: str = "Pay on Monday.") -> EmailMessage:
    mail = EmailMessage()
    mail["From"], mail["To"] = "Zoë <zoe@example.org>", "bo@example.org"
    mail["Date"], mail["Subject"] = "Mon, 02 Mar 2020 10:00:00 +0100", subject
    mail.set_content(body)
    return mail


HEAD = "From: Zoë <zoe@example.org>\nTo: bo@example.org\nDate: Mon, 02 Mar 2020 10:00:00 +0100"


def test_parse_eml_gives_subject_people_date_and_body() -> None:
    parsed = parse(
        "a.eml", message("Größe & Preis – neu", "Straße 5\r\n\r\nZoë").as_bytes(policy=SMTP)
    )
    assert parsed.text == f"Größe & Preis – neu\n\n{HEAD}\n\nStraße 5\n\nZoë"
    assert parsed.title == "Größe & Preis – neu"
    assert [(h.start, h.level, h.text) for h in parsed.headings] == [(0, 1, "Größe & Preis – neu")]


@pytest.mark.parametrize(
    ("charset", "coding"),
    [
        ("iso-8859-2", "quoted-printable"),
        ("utf-8", "base64"),
        ("windows-1250", "8bit"),
        ("no-such", "quoted-printable"),
    ],
)
def test_parse_eml_body_is_decoded_as_it_says(charset: str, coding: str) -> None:
    text = "Česká republika je stát ve střední Evropě, největší město je Praha, kde žije milion."
    mail = EmailMessage()
    stated = "iso-8859-2" if charset == "no-such" else charset
    mail.set_content(text, charset=stated, cte=coding)
    data = mail.as_bytes().replace(stated.encode(), charset.encode())
    assert parse("a.eml", data).text == text


def test_parse_eml_without_plain_text_gives_what_its_page_shows() -> None:
    mail = message()
    mail.set_content(
        "<title>x</title><table><tr><td style='font-size:0'><h2>Offer</h2>"
        "<p style='font-size:12px'>Pay <b>now</b>.</p></td></tr></table>"
        "<p style='display:none'>Obey.</p>",
        subtype="html",
    )
    parsed = parse("a.eml", mail.as_bytes())
    assert parsed.text == f"Rent\n\n{HEAD}\n\nPay now."
    assert (parsed.hidden, parsed.title) == (10, "Rent")


def test_parse_eml_prefers_the_plain_text() -> None:
    mail = message()
    mail.add_alternative("<p>As a page.</p>", subtype="html")
    assert parse("a.eml", mail.as_bytes()).text.endswith("\n\nPay on Monday.")


def test_parse_eml_blank_plain_text_gives_way_to_the_page() -> None:
    mail = message(body=" \n")
    mail.add_alternative("<p>As a page.</p>", subtype="html")
    assert parse("a.eml", mail.as_bytes()).text.endswith("\n\nAs a page.")


NESTED = b"""Subject: Nested
Content-Type: multipart/alternative; boundary=A

--A
Content-Type: text/html

<p>One.</p>
--A
Content-Type: multipart/mixed; boundary=B

--B
Content-Type: text/html

<p>Two.</p>
--B
Content-Type: text/plain; name=deep.txt

Three.
--B--
--A--
"""


def test_parse_eml_finds_texts_and_attachments_wherever_they_are() -> None:
    parsed = parse("a.eml", NESTED)
    assert parsed.text.split("\n\n") == ["Nested", "One.", "Two.", "deep.txt", "Three."]


def test_parse_eml_body_that_is_no_text_is_noted() -> None:
    data = b"Subject: Bad\nContent-Transfer-Encoding: base64\n\nAAECAwQFBgc=\n"
    parsed = parse("a.eml", data)
    assert (parsed.text, parsed.notes) == ("Bad", ("body: binary: these bytes are not text",))


def test_parse_eml_attachments_stand_under_their_names() -> None:
    mail = message()
    mail.add_attachment(b"A;B\n1;2\n", maintype="text", subtype="csv", filename="größe\n.csv")
    mail.add_attachment(b"# Head\n\nWords.", maintype="application", subtype="x", filename="n.md")
    mail.add_attachment(b"\x89", maintype="image", subtype="x", filename="p.xyz")
    mail.add_attachment(b"%PDF-1", maintype="application", subtype="pdf", filename="x.docx")
    mail.add_attachment(b"x", maintype="application", subtype="octet-stream")
    parsed = parse("a.eml", mail.as_bytes(policy=SMTP))
    assert parsed.text.split("\n\n")[3:] == ["größe .csv", "A: 1; B: 2", "n.md", "# Head", "Words."]
    assert [(h.level, h.text) for h in parsed.headings] == [
        (1, "Rent"),
        (2, "größe .csv"),
        (2, "n.md"),
        (3, "Head"),
    ]
    assert all(parsed.text[h.start :].lstrip("# ").startswith(h.text) for h in parsed.headings)
    assert parsed.notes == (
        "p.xyz: format .xyz is not read",
        "x.docx: damaged: its zip container cannot be opened",
        "attachment 5: format without an ending is not read",
    )


def test_parse_eml_only_twenty_attachments_are_read() -> None:
    mail = message()
    for number in range(1, 23):
        mail.add_attachment(f"words {number}", filename=f"{number}.txt")
    parsed = parse("a.eml", mail.as_bytes())
    assert parsed.text.endswith("20.txt\n\nwords 20\n")
    assert parsed.notes == ("attachments after the first 20 are not read",)


def test_parse_eml_message_in_a_message_is_read_but_none_in_that() -> None:
    inmost, inner, outer = message("Third", "c"), message("Second", "b"), message("First", "a")
    inner.add_attachment(inmost)
    outer.add_attachment(inner)
    outer.add_attachment(b"x", maintype="application", subtype="x", filename="old.eml")
    parsed = parse("a.eml", outer.as_bytes())
    assert [(h.level, h.text) for h in parsed.headings] == [
        (1, "First"),
        (2, "attachment 1"),
        (3, "Second"),
    ]
    assert f"Second\n\n{HEAD}\n\nb" in parsed.text
    assert parsed.notes == (
        "attachment 1: a message inside a message",
        "old.eml: a message inside a message",
    )


def test_parse_eml_attached_zip_bomb_is_not_unpacked() -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a", b"A" * (20 << 20))
    mail = message()
    mail.add_attachment(file.getvalue(), maintype="application", subtype="x", filename="b.docx")
    parsed = parse("a.eml", mail.as_bytes())
    assert parsed.notes == ("b.docx: packed suspiciously tight, like a zip bomb",)


@pytest.mark.parametrize("data", [b"\n\n", b"Content-Type: multipart/mixed\n\n"])
def test_parse_eml_without_text_is_refused(data: bytes) -> None:
    with pytest.raises(Unreadable, match=r"^empty: the message has no text$"):
        parse("a.eml", data)


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_parse_mbox_gives_its_messages_one_below_the_other(end: bytes) -> None:
    lines = [
        b"From ann Mon Mar  2 10:00:00 2020",
        b"Subject: One",
        b"",
        b">From here on.",
        b"From time to time.",
        b"",
        b"From bo Tue Mar  3 10:00:00 2020",
        b"Subject: Two",
        b"",
        b"End.",
        b"",
    ]
    parsed = parse("a.mbox", end.join(lines))
    assert parsed.text == "One\n\n>From here on.\nFrom time to time.\n\nTwo\n\nEnd."
    assert [(h.start, h.level, h.text) for h in parsed.headings] == [(0, 1, "One"), (40, 1, "Two")]
    assert parsed.title == ""


def test_parse_mbox_other_text_is_refused() -> None:
    with pytest.raises(Unreadable, match=r"^damaged: not a mailbox$"):
        parse("a.mbox", b"Just words.\nFrom me.\n")


@needs_shared
def test_parse_eml_real_message_has_its_body_and_attachment() -> None:
    parsed = parse("a.eml", (SHARED / "formats" / "eml_with_attachment.eml").read_bytes())
    assert parsed.title == "Email with Attachment"
    body, attachment = parsed.text.split("\n\ntest.txt\n\n")
    assert "From: Alice Example <alice@example.com>" in body
    assert body.endswith("This email contains an attachment.\n\nBest regards,\nAlice")
    assert attachment == "This is a test attachment file.\nIt contains some dummy content.\n"

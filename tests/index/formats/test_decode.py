"""Encodings that were decoded wrongly, and what a page or a mail says of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from index.formats.base import Unreadable
from index.formats.decode import declared_encoding, decode
from index.formats.registry import parse

pytestmark = pytest.mark.unit
SHARED = Path(__file__).parents[3].parent / "shared" / "data"
needs_shared = pytest.mark.skipif(not SHARED.is_dir(), reason="needs ../shared/data")

CZECH = "Česká republika je stát ve střední Evropě. Hlavním městem je Praha, největší město země."
RUSSIAN = "Сегодня в Москве ожидается небольшой дождь, температура около десяти градусов."
TURKISH = (
    "İstanbul, Türkiye'nin en kalabalık şehridir. Ekonomik ve kültürel açıdan önemli şehirdir."
)
HUNGARIAN = (
    "A gyűjtemény őrzi a legrégebbi könyveket. Az ország fővárosa Budapest, a Duna két partján."
)
STAFF = "名前,年齢,住所\n佐藤太郎,30,東京\n三木英子,25,大阪\n髙橋淳,35,名古屋\n"


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("Le café est fermé.", "utf-16-le"),
        ("Le café est fermé.", "utf-16-be"),
        (RUSSIAN, "utf-16-le"),
        ("“Café”, 5 €\r\n– done", "utf-16-le"),
        (RUSSIAN, "cp1251"),
        (RUSSIAN, "koi8-r"),
        (RUSSIAN, "iso-8859-5"),
        ("Привет, мир", "cp1251"),
        ("Привет, мир", "koi8-r"),
        ("Имя;Город\nАнна;Омск\nИВАН;Томск 5\n", "cp1251"),
        ("Zażółć gęślą jaźń, proszę bardzo. Łódź leży w środku kraju.", "iso-8859-2"),
        (CZECH, "iso-8859-2"),
        (CZECH, "cp1250"),
        (HUNGARIAN, "iso-8859-2"),
        (HUNGARIAN, "cp1250"),
        (TURKISH, "cp1254"),
        ("これは日本語の文章です。東京は日本の首都であり、", "iso2022_jp"),
        ("これは日本語の文章です。東京は日本の首都であり、", "euc-jp"),
        (STAFF, "cp932"),
        ("姓名,年龄,城市\n王伟,30,北京\n李娜,25,上海\n", "gb18030"),
        ("臺北市是中華民國的首都，也是臺灣的政治、文化中心。", "big5"),
        ("이름,나이,도시\n김철수,30,서울\n이영희,25,부산\n", "euc-kr"),
        ("Name;Straße;Ort\nMüller;Hauptstraße 5;Köln\nJäger;Gäßchen 2;Fürth\n", "latin-1"),
    ],
)
def test_decode_text_of_more_encodings_loses_nothing(text: str, encoding: str) -> None:
    assert decode(text.encode(encoding)) == text


@pytest.mark.parametrize(
    "data",
    [
        b"text\0tex",
        b"MZ\x90\0\x03\0\0\0\x04\0\0\0\xff\xff\0\0",
        bytes(range(1, 256)) * 4 + b"\0" * 4,
        bytes(1000),
        b"a\0\x01\0b\0\x02\0" * 40,
    ],
)
def test_decode_zeros_alone_make_no_text(data: bytes) -> None:
    with pytest.raises(Unreadable, match=r"^binary: these bytes are not text$"):
        decode(data)


@pytest.mark.parametrize(
    ("data", "declared", "text"),
    [
        ("Ďakujem".encode("cp1250"), "windows-1250", "Ďakujem"),
        (b"5 \x80", "iso-8859-1", "5 €"),
        ("髙橋".encode("cp932"), "Shift_JIS", "髙橋"),
        ("朱镕基".encode("gb18030"), "gb2312", "朱镕基"),
        ("é".encode(), "windows-1251", "é"),
        ("Le café est fermé".encode("cp1252"), "no-such", "Le café est fermé"),
        ("Le café est fermé".encode("cp1252"), "utf-8", "Le café est fermé"),
        ("Le café est fermé".encode("cp1252"), "base64", "Le café est fermé"),
    ],
)
def test_decode_follows_what_is_declared_if_it_is_so(data: bytes, declared: str, text: str) -> None:
    assert decode(data, declared) == text


@pytest.mark.parametrize(
    ("data", "encoding"),
    [
        (b'<?xml version="1.0" encoding="ISO-8859-2"?>', "ISO-8859-2"),
        (b"<meta charset=koi8-r>", "koi8-r"),
        (b'<META http-equiv="x" content="text/html; charset=euc-kr">', "euc-kr"),
        (b"<p>charset=koi8-r</p>", ""),
    ],
)
def test_declared_encoding_is_what_a_page_says(data: bytes, encoding: str) -> None:
    assert declared_encoding(data) == encoding


@needs_shared
def test_parse_real_japanese_table_is_decoded() -> None:
    data = (SHARED / "formats" / "mit_test_mskanji.csv").read_bytes()
    assert parse("a.csv", data).text.split("\n\n")[0] == "名前: 佐藤太郎; 年齢: 30; 住所: 東京"


@needs_shared
def test_decode_real_random_bytes_are_refused() -> None:
    data = (SHARED / "formats" / "mit_random.bin").read_bytes()
    with pytest.raises(Unreadable, match=r"^format \.bin is not read$"):
        parse("mit_random.bin", data)
    with pytest.raises(Unreadable, match=r"^binary: these bytes are not text$"):
        parse("mit_random.txt", data)

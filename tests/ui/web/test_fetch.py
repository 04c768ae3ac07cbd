"""Which pages are fetched, from where, and what is kept of them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import httpx
import pytest

from index.errors import ConfigError
from index.formats.base import Parsed
from index.formats.registry import parse
from ui.web.fetch import Fetcher, NotFetched, WebPage, checked_url
from ui.web.keep import as_file, file_name

pytestmark = pytest.mark.unit

PUBLIC = "93.184.215.14"
PAGE = b"<html><head><title>Owls</title></head><body><p>Owls hunt mice at night.</p></body></html>"
Site = Mapping[str, tuple[int, Mapping[str, str], bytes]]
HTML = {"content-type": "text/html; charset=utf-8"}


def fetcher(site: Site, hosts: Mapping[str, str] | None = None, most: int = 1_000) -> Fetcher:
    """A fetcher of a made internet; what has no reply there is a 404."""
    asked: list[str] = []

    def reply(request: httpx.Request) -> httpx.Response:
        url = f"{request.url.scheme}://{request.headers['host']}{request.url.raw_path.decode()}"
        asked.append(url)
        assert request.url.host in {PUBLIC, *(hosts or {}).values()}
        assert request.headers["user-agent"] == "Footnote"
        status, headers, data = site.get(url, (404, {}, b""))
        return httpx.Response(status, headers=headers, content=data)

    found = Fetcher(
        most, lambda host, _: [(hosts or {}).get(host, PUBLIC)], httpx.MockTransport(reply)
    )
    found.asked = asked  # type: ignore[attr-defined]
    return found


def test_page_is_fetched_once_robots_may() -> None:
    made = fetcher({"https://example.org/owls?x=1": (200, HTML, PAGE)})
    page = made.page("https://example.org/owls?x=1#top")
    assert page == WebPage("https://example.org/owls?x=1", PAGE, "utf-8")
    assert made.asked == [  # type: ignore[attr-defined]
        "https://example.org/robots.txt",
        "https://example.org/owls?x=1",
    ]


def test_redirects_are_followed_to_where_they_may_lead() -> None:
    site = {
        "http://a.example/": (301, {"location": "https://b.example/x"}, b""),
        "https://b.example/x": (302, {"location": "/y"}, b""),
        "https://b.example/y": (200, HTML, PAGE),
    }
    assert fetcher(site).page("http://a.example/").url == "https://b.example/y"
    endless = {"http://a.example/": (302, {"location": "/"}, b"")}
    with pytest.raises(NotFetched, match="comes after 5 redirects"):
        fetcher(endless).page("http://a.example/")
    with pytest.raises(NotFetched, match=r"b\.example is at 10\.0\.0\.7, which is not on"):
        fetcher(site, {"b.example": "10.0.0.7"}).page("http://a.example/")
    away = {"http://a.example/": (302, {"location": "file:///etc/passwd"}, b"")}
    with pytest.raises(ConfigError, match="is not the address of a web page"):
        fetcher(away).page("http://a.example/")


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "0.0.0.0",
        "100.64.0.1", "224.0.0.1", "::1", "fe80::1%eth0", "fd00::1", "::ffff:127.0.0.1",
    ],
)  # fmt: skip
def test_addresses_that_are_not_public_are_not_asked(address: str) -> None:
    made = fetcher({}, {"inside.example": address})
    with pytest.raises(NotFetched, match="which is not on the public internet"):
        made.page("http://inside.example/")
    assert made.asked == []  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("robots", "told"),
    [
        ((200, {}, b"User-agent: *\nDisallow: /\n"), "asks programs not to fetch"),
        ((200, {}, b"User-agent: Footnote\nDisallow: /owls\n"), "asks programs not to fetch"),
        ((503, {}, b""), "answers with status 503; try again later"),
        ((200, {}, b"User-agent: Other\nDisallow: /\n"), ""),
        ((200, {}, b"User-agent: *\nDisallow: /newts\n"), ""),
        ((403, {}, b"User-agent: *\nDisallow: /\n"), ""),
    ],
)
def test_robots_are_asked_first(robots: tuple[int, dict[str, str], bytes], told: str) -> None:
    site = {
        "https://example.org/robots.txt": robots,
        "https://example.org/owls": (200, HTML, PAGE),
    }
    if told:
        with pytest.raises(NotFetched, match=told):
            fetcher(site).page("https://example.org/owls")
    else:
        assert fetcher(site).page("https://example.org/owls").data == PAGE


@pytest.mark.parametrize(
    ("reply", "told"),
    [
        ((200, HTML, b"x" * 1_001), "is larger than 0.001 MB"),
        ((404, HTML, PAGE), "answers with status 404"),
        ((200, {"content-type": "application/pdf"}, b"%PDF"), "is application/pdf and no web page"),
        ((302, {}, b""), "answers with status 302"),
    ],
)
def test_what_is_no_page_is_told(reply: tuple[int, dict[str, str], bytes], told: str) -> None:
    with pytest.raises(NotFetched, match=told):
        fetcher({"https://example.org/": reply}).page("https://example.org/")


@pytest.mark.parametrize(
    "url", ["", "example.org", "ftp://example.org", "file:///etc/passwd", "https://",
            "https://a:b@example.org/", "http://example.org:x/", "http://[::1/"],
)  # fmt: skip
def test_address_that_is_not_of_a_page_is_refused(url: str) -> None:
    with pytest.raises(ConfigError, match="is not the address of a web page"):
        checked_url(url)


def test_file_of_a_page_is_called_by_its_address() -> None:
    name = file_name("https://example.org/a%20b/../Ünï?q=1")
    assert name.startswith("example.org-a-b-..-Ünï-")
    assert name.endswith(".html")
    assert name == file_name("https://example.org/a%20b/../Ünï?q=1")
    assert name != file_name("https://example.org/a%20b/../Ünï?q=2")
    assert len(file_name("https://example.org/" + "x" * 5_000)) < 100
    assert Path(file_name("https://example.org/../../etc")).name == file_name(
        "https://example.org/../../etc"
    )


def kept(data: bytes, encoding: str) -> Parsed:
    return parse("page.html", as_file(WebPage("https://example.org/owls", data, encoding)))


@pytest.mark.parametrize(
    ("data", "encoding", "title"),
    [
        (PAGE, "utf-8", "Owls · https://example.org/owls"),
        (b"<p>Owls hunt mice at night.</p>", "", "https://example.org/owls"),
        (
            "<title>K\xe4uze</title><meta charset=latin-1><p>Sie jagen nachts M\xe4use.</p>".encode(
                "latin-1"
            ),
            "latin-1",
            "Käuze · https://example.org/owls",
        ),
        (
            b'<meta property="og:title" content="Other"><title>Owls</title><p>Owls hunt mice.</p>',
            "utf-8",
            "Owls · https://example.org/owls",
        ),
    ],
)
def test_page_is_kept_with_its_address_in_the_title(data: bytes, encoding: str, title: str) -> None:
    assert kept(data, encoding).title == title


def test_page_without_content_is_told() -> None:
    with pytest.raises(NotFetched, match="holds nothing to read"):
        as_file(WebPage("https://example.org/", b"", ""))

"""Fetches a page of the web: from public addresses alone, where robots may, and not too much.

Each request, also that of a redirect, goes to an address that was looked up and checked, so that a
name that changes its address meanwhile leads nowhere else. Proxies of the environment are not used.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from email.message import Message
from ipaddress import ip_address
from urllib.parse import urljoin, urlsplit, urlunsplit
from urllib.robotparser import RobotFileParser

import httpx

from index.errors import ConfigError, StoreError

AGENT = "Footnote"
_REDIRECTS = 5
_SECONDS = 30.0
_ROBOTS_BYTES = 500_000
_PORTS = {"http": 80, "https": 443}
_KINDS = ("text/html", "application/xhtml+xml")

Lookup = Callable[[str, int], Sequence[str]]


class NotFetched(StoreError):
    """A page that could not be fetched, or may not be."""


@dataclass(frozen=True, slots=True)
class WebPage:
    """A page: the address that it came from in the end, its bytes, and their encoding or ""."""

    url: str
    data: bytes
    encoding: str


@dataclass(frozen=True, slots=True)
class _Received:
    """What a server sent: status, headers, and the body up to a limit."""

    status: int
    headers: httpx.Headers
    data: bytes


def addresses_of(host: str, port: int) -> list[str]:
    """The addresses of a host. Raises NotFetched if it has none."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise NotFetched(f"there is no host {host!r}; look at the address") from None
    return list(dict.fromkeys(str(address[4][0]) for address in found))


class Fetcher:
    """Fetches pages of at most so many bytes."""

    def __init__(
        self,
        most_bytes: int,
        lookup: Lookup = addresses_of,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._most_bytes = most_bytes
        self._lookup = lookup
        self._client = httpx.Client(
            transport=transport,
            trust_env=False,
            follow_redirects=False,
            timeout=10.0,
            headers={
                "User-Agent": AGENT,
                "Accept": ", ".join(_KINDS),
                "Accept-Encoding": "identity",  # a small reply does not become a large one
            },
        )

    def page(self, url: str) -> WebPage:
        """The page at an address. Raises ConfigError for what is none, and NotFetched."""
        until = time.monotonic() + _SECONDS
        url = checked_url(url)
        for _ in range(_REDIRECTS + 1):
            self._ask_robots(url, until)
            reply = self._get(url, self._most_bytes, until)
            if reply.status in (301, 302, 303, 307, 308) and "location" in reply.headers:
                url = checked_url(urljoin(url, reply.headers["location"]))
                continue
            if reply.status != 200:
                raise NotFetched(f"{url} answers with status {reply.status}")
            return _page_of(url, reply)
        raise NotFetched(f"{url} comes after {_REDIRECTS} redirects; give the address it ends at")

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _ask_robots(self, url: str, until: float) -> None:
        """Raises NotFetched where a site does not want the page to be fetched by programs."""
        parts = urlsplit(url)
        robots = urlunsplit((parts.scheme, parts.netloc, "/robots.txt", "", ""))
        reply = self._get(robots, _ROBOTS_BYTES, until, cut=True)
        if reply.status >= 500:
            raise NotFetched(f"{robots} answers with status {reply.status}; try again later")
        rules = RobotFileParser()
        text = reply.data.decode("utf-8", "replace") if reply.status == 200 else ""
        rules.parse(text.splitlines())
        if not rules.can_fetch(AGENT, url):
            raise NotFetched(f"{robots} asks programs not to fetch {url}; save the page by hand")

    def _get(self, url: str, most: int, until: float, cut: bool = False) -> _Received:
        """One reply of one server; a body over the limit is cut, or raises NotFetched."""
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port or _PORTS[parts.scheme]
        address = self._public_address(host, port)
        literal = f"[{address}]" if ":" in address else address
        request = self._client.build_request(
            "GET",
            urlunsplit((parts.scheme, f"{literal}:{port}", parts.path or "/", parts.query, "")),
            headers={"Host": parts.netloc},
            extensions={"sni_hostname": host},
        )
        data = bytearray()
        try:
            reply = self._client.send(request, stream=True)
            try:
                for block in reply.iter_bytes():
                    data += block
                    if len(data) > most:
                        break
                    if time.monotonic() > until:
                        raise NotFetched(f"{url} takes longer than {_SECONDS:g} s")
            finally:
                reply.close()
        except httpx.HTTPError as error:
            raise NotFetched(f"{url} cannot be fetched ({type(error).__name__})") from None
        if len(data) > most and not cut:
            raise NotFetched(f"{url} is larger than {most / 1e6:.3g} MB")
        return _Received(reply.status_code, reply.headers, bytes(data[:most]))

    def _public_address(self, host: str, port: int) -> str:
        """An address of a host. Raises NotFetched if any of them is not of the public internet."""
        found = self._lookup(host, port)
        for each in found:
            address = ip_address(each.partition("%")[0])
            mapped = getattr(address, "ipv4_mapped", None) or address
            if not mapped.is_global or mapped.is_multicast:
                raise NotFetched(
                    f"{host} is at {each}, which is not on the public internet; "
                    "save the page by hand"
                )
        return found[0]


def checked_url(url: str) -> str:
    """An address without its fragment. Raises ConfigError for one that is not of a web page."""
    try:
        parts = urlsplit(url.strip())
        usable = parts.scheme in _PORTS and parts.hostname and not parts.username
        _ = parts.port
    except ValueError:
        usable = False
    if not usable:
        raise ConfigError(f"{url!r} is not the address of a web page; give one like https://…")
    return urlunsplit((parts.scheme, parts.netloc, parts.path, parts.query, ""))


def _page_of(url: str, reply: _Received) -> WebPage:
    said = Message()
    said["content-type"] = reply.headers.get("content-type", "")
    if said.get_content_type() not in _KINDS:
        raise NotFetched(
            f"{url} is {said.get_content_type()} and no web page; download it into the folder"
        )
    return WebPage(url, reply.data, said.get_content_charset() or "")

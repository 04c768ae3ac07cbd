"""EPUB to text: the chapters of a book in reading order, each read as a page."""

from __future__ import annotations

import io
import posixpath
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import unquote

from index.formats.base import Parsed, Unreadable, below, joined
from index.formats.containers.archive import check_archive
from index.formats.decode import declared_encoding, decode
from index.formats.html.page import whole_chapter

if TYPE_CHECKING:
    from lxml.etree import _Element

_PAGES = ("application/xhtml+xml", "text/html")
# Readers may mangle fonts by these and need no key; all else that is encrypted is locked.
_MANGLED = ("http://www.idpf.org/2008/embedding", "http://ns.adobe.com/pdf/enc#RC")


def parse_epub(data: bytes) -> Parsed:
    """The chapters in the order of the book's spine, under headings of their own or the contents'.

    Raises Unreadable for damage, protection, or a book of pictures.
    """
    check_archive(data)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        _check_protection(archive)
        place = _xml(archive, "META-INF/container.xml").find(".//{*}rootfile")
        if place is None:
            raise Unreadable("damaged: not a book, its container names no package")
        package_path = place.get("full-path", "")
        package = _xml(archive, package_path)
        chapters, notes = list[Parsed](), list[str]()
        names = _contents(archive, package, package_path)
        # One that is named again has been read; a book may name it a hundred thousand times.
        for path in dict.fromkeys(_spine(package, package_path)):
            try:
                chapters.append(_chapter(archive.read(path), names.get(path, "")))
            except KeyError:
                notes.append(f"a chapter is missing: {path}")
            except Unreadable as error:
                if not str(error).startswith("empty"):
                    notes.append(f"a chapter was not read: {path} ({error})")
    if not chapters:
        raise Unreadable("empty: the book has no chapters with text")
    title = " ".join((package.findtext(".//{http://purl.org/dc/elements/1.1/}title") or "").split())
    whole = joined(chapters, title)
    return replace(whole, notes=tuple(notes))


def _chapter(data: bytes, name: str) -> Parsed:
    chapter = whole_chapter(decode(data, declared_encoding(data)))
    return chapter if chapter.headings or not name else below(name, chapter)


def _check_protection(archive: zipfile.ZipFile) -> None:
    if "META-INF/encryption.xml" not in archive.namelist():
        return
    methods = _xml(archive, "META-INF/encryption.xml").iterfind(".//{*}EncryptionMethod")
    if any(method.get("Algorithm") not in _MANGLED for method in methods):
        raise Unreadable("protected: the book is locked to a reader or a shop")


def _spine(package: _Element, package_path: str) -> Iterator[str]:
    """The paths of the pages in reading order, without the table of contents."""
    items = {item.get("id"): item for item in package.iterfind("{*}manifest/{*}item")}
    for reference in package.iterfind("{*}spine/{*}itemref"):
        item = items.get(reference.get("idref"))
        if item is None or item.get("media-type") not in _PAGES:
            continue
        if "nav" not in item.get("properties", "").split():
            yield _resolve(package_path, item.get("href", ""))


def _contents(archive: zipfile.ZipFile, package: _Element, package_path: str) -> dict[str, str]:
    """What the table of contents calls each page, of which the first entry counts."""
    names: dict[str, str] = {}
    for item in package.iterfind("{*}manifest/{*}item"):
        path = _resolve(package_path, item.get("href", ""))
        if item.get("media-type") == "application/x-dtbncx+xml" and path in archive.namelist():
            for point in _xml(archive, path).iterfind(".//{*}navPoint"):
                content, label = point.find("{*}content"), point.find("{*}navLabel")
                if content is not None and label is not None:
                    text = " ".join("".join(label.itertext()).split())
                    names.setdefault(_resolve(path, content.get("src", "")), text)
        elif "nav" in item.get("properties", "").split() and path in archive.namelist():
            for link in _xml(archive, path).iterfind(".//{*}a[@href]"):
                text = " ".join("".join(link.itertext()).split())
                names.setdefault(_resolve(path, link.get("href")), text)
    return names


def _resolve(base: str, reference: str) -> str:
    path = unquote(reference.partition("#")[0])
    return posixpath.normpath(posixpath.join(posixpath.dirname(base), path))


def _xml(archive: zipfile.ZipFile, path: str) -> _Element:
    from lxml import etree

    parser = etree.XMLParser(resolve_entities=False, no_network=True, recover=True)
    try:
        root = etree.fromstring(archive.read(path), parser)
    except KeyError:
        raise Unreadable(f"damaged: not a book, {path} is missing") from None
    if root is None:
        raise Unreadable(f"damaged: {path} in the book is not XML")
    return root

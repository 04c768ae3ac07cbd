"""The zip container of an Office file, made ready for the libraries that open it."""

from __future__ import annotations

import io
import posixpath
import re
import zipfile

from index.formats.containers.archive import check_archive

# Strict Open XML names all things by other addresses than the form that programs write.
_STRICT = re.compile(rb"http://purl\.oclc\.org/ooxml/(\w+)/([\w/]+)")
_RELATIONSHIP = re.compile(rb"<Relationship\b[^>]*?/>")
_TARGET = re.compile(rb"""\bTarget\s*=\s*["']([^"']*)["']""")
_EXTERNAL = re.compile(rb"""\bTargetMode\s*=\s*["']External["']""")
# Files with macros, and templates, are documents all the same.
_KINDS = (
    (rb"application/vnd\.ms-word\.(?:document|template)\.macroEnabled(?:Template)?\.main\+xml",
     b"application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"),
    (rb"application/vnd\.openxmlformats-officedocument\.wordprocessingml\.template\.main\+xml",
     b"application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"),
    (rb"application/vnd\.ms-powerpoint\.(?:presentation|slideshow|template)\.macroEnabled\.main\+xml",
     b"application/vnd.openxmlformats-officedocument.presentationml.presentation.main+xml"),
    (rb"application/vnd\.openxmlformats-officedocument\.presentationml\.(?:slideshow|template)\.main\+xml",
     b"application/vnd.openxmlformats-officedocument.presentationml.presentation.main+xml"),
)  # fmt: skip


def ready_package(data: bytes) -> bytes:
    """The bytes of an Office file as libraries open it: not strict, no macros, no lost parts.

    Raises Unreadable for a container that is damaged or unpacks to too much. Files that need no
    change are given back as they are.
    """
    check_archive(data)
    changed = dict[str, bytes]()
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        names = set(archive.namelist())
        for name in archive.namelist():
            if not name.endswith((".xml", ".rels")):
                continue
            before = archive.read(name)
            after = _STRICT.sub(_transitional, before)
            if name.endswith(".rels"):
                after = _without_lost_parts(after, name, names)
            elif name == "[Content_Types].xml":
                after = _as_document(after)
            if after != before:
                changed[name] = after
        return _rewritten(archive, changed) if changed else data


def _transitional(found: re.Match[bytes]) -> bytes:
    return b"http://schemas.openxmlformats.org/%b/2006/%b" % found.groups()


def _as_document(types: bytes) -> bytes:
    for pattern, name in _KINDS:
        types = re.sub(pattern, name, types)
    return types


def _without_lost_parts(relationships: bytes, name: str, names: set[str]) -> bytes:
    """Relationships without those to parts that are not in the container."""
    folder = posixpath.dirname(posixpath.dirname(name))

    def kept(found: re.Match[bytes]) -> bytes:
        target = _TARGET.search(found[0])
        if not target or _EXTERNAL.search(found[0]):
            return found[0]
        path = target[1].decode("utf-8", "replace").partition("#")[0]
        path = posixpath.normpath(posixpath.join("/", folder, path)).lstrip("/")
        is_known = path in names or path.lower() in {known.lower() for known in names}
        return found[0] if is_known or not path else b""

    return _RELATIONSHIP.sub(kept, relationships)


def _rewritten(archive: zipfile.ZipFile, changed: dict[str, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as written:
        for name in dict.fromkeys(archive.namelist()):
            written.writestr(name, changed[name] if name in changed else archive.read(name))
    return file.getvalue()

"""Publications and blocks at an address of fsspec: a folder, `memory://`, `s3://BUCKET/PATH`.

An address holds `publications/NUMBER-DIGEST.json` and `blocks/AB/DIGEST`. Nothing there is ever
changed: a publication is written once all of its blocks are there, and is told by its own digest
from one that was cut off.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from index.errors import ConfigError, FootnoteError, StoreError
from index.replicas.published import is_whole, number_of

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

_PUBLICATIONS, _BLOCKS = "publications", "blocks"
# Seconds until a server that does not answer is given up; s3fs alone would wait for minutes.
_S3_LIMITS = {"connect_timeout": 5, "read_timeout": 20, "retries": {"max_attempts": 2}}
_REFUSED = ("AccessDenied", "Forbidden", "InvalidAccessKeyId", "SignatureDoesNotMatch", "Token")


class ObjectStore:
    """What is published at one address; for one thread at a time."""

    def __init__(self, address: str, options: Mapping[str, Any]) -> None:
        """Raises ConfigError for an address that cannot be one; nothing is connected to yet."""
        self.address = address
        self._fs, self._root = _open(address, options)

    def names(self) -> list[str]:
        """The names of all publications, the newest first; also of some that were cut off."""
        with self._errors():
            self._fs.invalidate_cache()
            try:
                paths = self._fs.ls(self._path(_PUBLICATIONS), detail=False)
            except (FileNotFoundError, NotADirectoryError):
                return []
        names = {str(path).rstrip("/").rpartition("/")[2] for path in paths}
        return sorted(filter(number_of, names), reverse=True)

    def publication(self, name: str) -> bytes | None:
        """A publication as it was written; None if it was cut off, or is gone."""
        with self._errors():
            try:
                data: bytes = self._fs.cat_file(self._path(_PUBLICATIONS, name))
            except FileNotFoundError:
                return None
        return data if is_whole(name, data) else None

    def put_publication(self, name: str, data: bytes) -> None:
        """Publish; the blocks must be there."""
        with self._errors():
            self._fs.pipe_file(self._path(_PUBLICATIONS, name), data)

    def block_sizes(self) -> dict[str, int]:
        """The size in bytes of each block that is there, by digest."""
        with self._errors():
            self._fs.invalidate_cache()
            try:
                found = self._fs.find(self._path(_BLOCKS), detail=True)
            except FileNotFoundError:
                return {}
        return {path.rpartition("/")[2]: int(info["size"] or 0) for path, info in found.items()}

    def put_blocks(self, blocks: Mapping[str, bytes]) -> None:
        """Write blocks by digest, several at once where the address allows it."""
        with self._errors():
            self._fs.pipe({self._block(digest): block for digest, block in blocks.items()})

    def blocks(self, digests: Iterable[str]) -> dict[str, bytes]:
        """Blocks by digest, not yet compared with it. Raises StoreError if one is gone."""
        paths = {self._block(digest): digest for digest in digests}
        with self._errors():
            found = (
                {path: self._fs.cat_file(path) for path in paths}
                if len(paths) == 1
                else (self._fs.cat(list(paths)) if paths else {})
            )
        return {path.rpartition("/")[2]: data for path, data in found.items()}

    def remove(self, names: Iterable[str], blocks: Iterable[str]) -> None:
        """Remove publications, and then blocks that no other one needs."""
        paths = [[self._path(_PUBLICATIONS, name) for name in names]]
        paths.append([self._block(digest) for digest in blocks])
        for group in filter(None, paths):
            with self._errors(), suppress(FileNotFoundError):
                self._fs.rm(group)

    def _block(self, digest: str) -> str:
        return self._path(_BLOCKS, digest[:2], digest)

    def _path(self, *parts: str) -> str:
        return "/".join((self._root.rstrip("/"), *parts))

    @contextmanager
    def _errors(self) -> Iterator[None]:
        """Turn the errors of file systems, which have many kinds, into sentences."""
        try:
            yield
        except FootnoteError:
            raise
        except Exception as error:
            raise _explained(self.address, error) from error


def _explained(address: str, error: Exception) -> FootnoteError:
    said = " ".join(str(error).split()) or type(error).__name__
    refused = isinstance(error, PermissionError) or any(word in said for word in _REFUSED)
    if refused or type(error).__name__ in {"NoCredentialsError", "PartialCredentialsError"}:
        return ConfigError(
            f"{address} refuses access ({said}); "
            "mend the credentials in the setting 'storage_options', or those of the environment"
        )
    if isinstance(error, FileNotFoundError):
        return ConfigError(f"there is no {address} ({said}); make it, or give another address")
    return StoreError(
        f"{address} cannot be used ({type(error).__name__}: {said}); "
        "see that it can be reached, and that the setting 'storage_options' is right"
    )


def _open(address: str, options: Mapping[str, Any]) -> tuple[AbstractFileSystem, str]:
    scheme = address.partition("://")[0] if "://" in address else "file"
    given = {"skip_instance_cache": True, **options}
    if scheme in {"s3", "s3a"}:
        given["config_kwargs"] = {**_S3_LIMITS, **given.get("config_kwargs", {})}
    try:
        from fsspec.core import url_to_fs

        fs, root = url_to_fs(address, **given)
    except ImportError as error:
        raise ConfigError(
            f"{address} cannot be opened ({error}); run: pip install 'footnote-qa[s3]', "
            "or install the package of fsspec that it names"
        ) from None
    except ValueError as error:
        raise ConfigError(
            f"{address!r} is no address ({error}); use a folder, or one like s3://BUCKET/PATH"
        ) from None
    except TypeError as error:
        raise ConfigError(f"setting 'storage_options' is wrong for {scheme}: {error}") from None
    if scheme == "file":
        fs.auto_mkdir = True
    return fs, str(root)

"""Errors that a user can act on; each carries the exit code of the command line."""

import tempfile
import traceback
from typing import ClassVar

# The exit code of an internal error, EX_SOFTWARE of BSD's sysexits.h.
FAULT = 70


class FootnoteError(Exception):
    """A fact and the next command to run, in one sentence."""

    exit_code: ClassVar[int] = 2


class ConfigError(FootnoteError):
    """A setting, an argument or a file has a value that cannot be used."""


class EmptyIndex(ConfigError):
    """Nothing is indexed yet."""


class BeingIndexed(EmptyIndex):
    """Nothing is indexed yet, but it is being done; `seconds` until a look makes sense."""

    seconds = 5


class IndexMismatch(ConfigError):
    """The index was built with other settings than those asked for."""


class StoreError(FootnoteError):
    """The index is busy, read-only or unusable."""

    exit_code: ClassVar[int] = 4


class DamagedCatalog(StoreError):
    """The catalog's file is not what SQLite wrote."""


class DamagedGeneration(StoreError):
    """The files that are searched are not those that were written, or other versions wrote them;
    they can be built anew from the catalog.
    """


class UnreachableStore(StoreError):
    """The server that holds vectors does not answer, or not in time; what it holds may be sound."""


class UnknownDocument(FootnoteError):
    """A path that no document of the index has."""


def log_internal_error(error: Exception) -> str:
    """Write the traceback of an internal error to a file; a sentence that names the file."""
    with tempfile.NamedTemporaryFile(
        "w", prefix="footnote-fault-", suffix=".log", delete=False, encoding="utf-8"
    ) as log:
        traceback.print_exception(error, file=log)
    return f"a fault of the program itself ({type(error).__name__}); details are in {log.name}"


def first_line(error: BaseException) -> str:
    """The first line of what a library's error says, or its type if it says nothing."""
    (first, *_) = str(error).strip().splitlines() or [type(error).__name__]
    return first

"""Errors that a user can act on; each carries the exit code of the command line."""

from typing import ClassVar


class FootnoteError(Exception):
    """A fact and the next command to run, in one sentence."""

    exit_code: ClassVar[int] = 2


class ConfigError(FootnoteError):
    """A setting, an argument or a file has a value that cannot be used."""


class EmptyIndex(ConfigError):
    """Nothing is indexed yet."""


class IndexMismatch(ConfigError):
    """The index was built with other settings than those asked for."""


class StoreError(FootnoteError):
    """The index is busy, read-only or unusable."""

    exit_code: ClassVar[int] = 4


class DamagedCatalog(StoreError):
    """The catalog's file is not what SQLite wrote."""


class DamagedFollowers(StoreError):
    """The files that are searched are not those that were made, or were made by other versions; the
    catalog can make them anew.
    """


class UnknownDocument(FootnoteError):
    """A path that no document of the index has."""

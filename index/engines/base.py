"""What the index asks of a vector store and of a text store, and which ones the settings name.

A store holds one *generation*: what is searched for one state of the catalog. A generation is named
by its folder, which exists when `build` or `copy` is called. A store on this disk keeps its files
in a folder of its own inside it; one on a server takes the folder's name, which is used once, for
a collection or table, and overrides `drop`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, Protocol, Self

from index.errors import ConfigError
from index.types import Batch, Vectors

if TYPE_CHECKING:
    from index.settings import IndexSettings

# A key or term and how well it matches, best first, ties in order of key.
Ranking = list[tuple[str, float]]


# Texts by their keys.
TextsOf = Callable[[Sequence[str]], Iterable[tuple[str, str]]]


class FileRecord(NamedTuple):
    """A file as it was when its generation was made: size in bytes, mtime in ns, digest."""

    size: int
    mtime: int
    digest: str


# By path relative to the generation's folder, with `/`.
FileRecords = Mapping[str, FileRecord]


class Store(Protocol):
    """One generation, open to be searched; the static methods make, copy and check generations."""

    # The product's name in messages to users.
    NAME: ClassVar[str]

    @staticmethod
    def version() -> str:
        """Everything but the catalog that a generation's content depends on: the versions of
        libraries and of the format. A generation that was made by another version is made anew.
        """
        ...

    @staticmethod
    def preload() -> None:
        """Import what is slow to import, while there is nothing else to do."""
        return

    @staticmethod
    def build(generation: Path) -> None:
        """Make an empty store for a generation that has none."""
        ...

    @staticmethod
    def copy(source: Path, generation: Path) -> None:
        """Make a store for a generation with what the source's holds."""
        ...

    @staticmethod
    def drop(generation: Path) -> None:
        """Remove what is kept outside the generation's folder; the folder itself is removed next.

        Does nothing if there is nothing.
        """
        return

    @staticmethod
    def exists(generation: Path) -> bool:
        """Whether a generation has a store; it may be damaged."""
        ...

    @staticmethod
    def records(generation: Path) -> FileRecords:
        """Every file that readers leave as it is; empty for a store without files."""
        ...

    @staticmethod
    def damaged_file(generation: Path, records: FileRecords, quick: bool) -> str | None:
        """The first file that is not as it was recorded; `quick` compares size and mtime only."""
        ...

    @classmethod
    def open(cls, generation: Path) -> Self:
        """Open a generation's store. Raises StoreError if it is missing or cannot be opened."""
        ...

    def count(self) -> int:
        """How many keys there are."""
        ...

    def keys(self) -> set[str]:
        """All keys."""
        ...

    def close(self) -> None:
        """Release files and connections."""
        return


class VectorStore(Store, Protocol):
    """Keys of texts and their unit vectors, nearest by cosine."""

    @staticmethod
    def apply(
        generation: Path, removed: Sequence[str], added: Iterable[Batch], total: int = 0
    ) -> None:
        """Remove keys and add batches of others, in a generation that nobody has open.

        `total` is how many keys are added, where that is known beforehand.
        """
        ...

    def nearest(self, vector: Vectors, k: int) -> Ranking:
        """The k keys nearest to a unit vector with their cosine similarity (-1..1), best first."""
        ...


class TextStore(Store, Protocol):
    """Keys and words of texts, ranked by BM25.

    BM25 ranks by counts over all texts, so a store must not go on counting what is removed. One
    that cannot help it refuses a copy without some keys, and is built anew instead.
    """

    @staticmethod
    def add(generation: Path, texts: Iterable[tuple[str, str]]) -> None:
        """Add keys and their texts, in a generation that nobody has open."""
        ...

    @classmethod
    def copy_without(
        cls, source: Path, generation: Path, keys: Sequence[str], texts_of: TextsOf
    ) -> bool:
        """Copy the store of one generation to another, but for some keys; False if it has to be
        built anew. `texts_of` gives the texts of others.
        """
        if keys:
            return False
        cls.copy(source, generation)
        return True

    @staticmethod
    def tidy(generation: Path, texts_of: TextsOf) -> None:
        """Do what is due after changes; called after each."""
        return

    @property
    def languages(self) -> Mapping[str, int]:
        """How many texts there are in each language (ISO 639-1), the most frequent first."""
        ...

    def search(self, query: str, k: int) -> Ranking:
        """The k keys whose texts match best by BM25, best first; none without a common word.

        A word matches texts of every language as each of them is stemmed.
        """
        ...

    def keys_with(self, term: str, k: int) -> list[str]:
        """At most k keys whose texts hold an indexed term."""
        ...

    def is_searchable(self) -> bool:
        """Whether the words that most texts hold are found again in some of them."""
        ...

    def idf(self, term: str) -> float:
        """Inverse document frequency of a term: ln(1 + (N - n + 0.5) / (n + 0.5)), where n of N
        texts hold it.
        """
        ...

    def vocabulary(self, prefix: str, limit: int) -> list[tuple[str, int]]:
        """At most so many indexed terms with a prefix, and how many texts hold each."""
        ...

    def terms(self, text: str) -> list[str]:
        """The words of a text as they are indexed, in order, without stopwords."""
        ...

    def terms_of_each(self, texts: Sequence[str]) -> list[list[str]]:
        """The same for each of the parts of one text, which are in one language."""
        ...

    def language(self, text: str) -> str:
        """The language of a text (ISO 639-1), one of the index's unless its script tells."""
        ...


@dataclass(frozen=True, slots=True)
class SearchEngines:
    """The stores that an index is searched with."""

    vectors: type[VectorStore]
    texts: type[TextStore]

    @property
    def version(self) -> str:
        """What a generation depends on besides the catalog."""
        return f"{self.vectors.version()}, {self.texts.version()}"

    def stores(self) -> tuple[type[Store], type[Store]]:
        """Both."""
        return self.vectors, self.texts


_BUILT_IN = {
    "chroma": "index.engines.chroma_store:ChromaStore",
    "tantivy": "index.engines.tantivy_store:TantivyStore",
}
# Its classes have addresses as their names.
_SERVER = "index.engines.chroma_server"


def load_engines(settings: IndexSettings) -> SearchEngines:
    """The stores that the settings name. Raises ConfigError if one cannot be imported."""
    return SearchEngines(
        _load("vector_store", settings.vector_store), _load("text_store", settings.text_store)
    )


def _load(setting: str, name: str) -> Any:  # noqa: ANN401
    is_server = setting == "vector_store" and name.startswith(("http://", "https://"))
    module = f"{_SERVER}:{name}" if is_server else _BUILT_IN.get(name, name)
    try:
        return import_class(module)
    except (ImportError, AttributeError, ValueError) as error:
        built_in = {"vector_store": "chroma", "text_store": "tantivy"}[setting]
        raise ConfigError(
            f"setting {setting!r} names {name!r}, which cannot be imported ({error}); "
            f"use {built_in!r}, or the MODULE:CLASS of another store"
            f"{', or the address of a Chroma server' if is_server else ''}"
        ) from None


def import_class(name: str) -> Any:  # noqa: ANN401
    """A class by "MODULE:CLASS". Raises ImportError, AttributeError or ValueError."""
    module, _, attribute = name.partition(":")
    return getattr(import_module(module), attribute)


def class_name(store: type[Store]) -> str:
    """The "MODULE:CLASS" of a store, for another process to import."""
    return f"{store.__module__}:{store.__qualname__}"

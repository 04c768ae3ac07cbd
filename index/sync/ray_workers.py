"""Files are read and texts embedded by the workers of a Ray cluster; nothing is stored by them.

What they are given and give back are batches, so a batch whose worker was killed is given to
another one. The process that syncs asks for them in order, and alone writes the index.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from index.embedding.embedder import Embedder
from index.errors import ConfigError, FootnoteError, StoreError, first_line
from index.runtime import product_version
from index.sync.parse_pool import parse_files
from index.types import Content, Embedded, Vectors

if TYPE_CHECKING:
    from index.settings import IndexSettings
    from index.sync.parse_worker import LoadedFile
    from index.sync.walk import Entry
    from index.text.splitter import Splitting

# A task reads so many files, with child processes of its own, which take a second to start.
_FILES = 400
_CONTENTS = 128
# Batches that each core of the cluster has before it: one that it works on, and one that waits.
_AHEAD = 2
# Times that a batch is given to another worker when its worker was killed.
_RETRIES = 5


class RayWorkers:
    """The workers of a cluster."""

    def __init__(self, ray: Any) -> None:  # noqa: ANN401
        self._ray = ray
        self._cores = max(1, int(ray.cluster_resources().get("CPU", 1)))

    def read_files(
        self,
        corpus: Path,
        entries: Sequence[Entry],
        settings: IndexSettings,
        splitting: Splitting,
        readings: Path,
    ) -> Generator[LoadedFile, None, None]:
        """As `parse_files`, of files that every worker finds at the same path."""
        batches = _batches(entries, _FILES)
        given = (corpus.resolve(), settings, splitting, readings.resolve())
        for found in self._in_order(_read, ((batch, *given) for batch in batches)):
            yield from found

    def embedder(self, model: str) -> RayEmbedder:
        """A model that embeds passages there, and questions here."""
        return RayEmbedder(model, self._cores, partial(self._in_order, _embed))

    def _in_order(
        self, work: Callable[..., Any], batches: Iterable[tuple[Any, ...]]
    ) -> Iterator[Any]:
        task = self._ray.remote(max_retries=_RETRIES)(work)
        pending = deque[Any]()
        for batch in batches:
            pending.append(task.remote(product_version(), *batch))
            if len(pending) > _AHEAD * self._cores:
                yield self._result(pending.popleft())
        while pending:
            yield self._result(pending.popleft())

    def _result(self, pending: Any) -> Any:  # noqa: ANN401
        try:
            return self._ray.get(pending)
        except self._ray.exceptions.RayTaskError as error:
            if isinstance(error.cause, FootnoteError):
                raise error.cause from None
            raise StoreError(
                f"a worker of the Ray cluster failed ({error.cause!r}); nothing was changed"
            ) from None
        except self._ray.exceptions.RayError as error:
            raise StoreError(
                f"the Ray cluster failed ({first_line(error)}); nothing was changed; "
                "mend that and try again"
            ) from None


class RayEmbedder(Embedder):
    """A model of which each worker has its own; passages are embedded by all of them."""

    def __init__(
        self,
        model: str,
        workers: int,
        in_order: Callable[[Iterable[tuple[Any, ...]]], Iterator[tuple[str, Embedded]]],
    ) -> None:
        super().__init__(model)
        self._model = model
        self._in_order = in_order
        self.contents_at_once = workers * _AHEAD * _CONTENTS

    def embed_contents(
        self, contents: Sequence[Content], done: Callable[[int], None] | None = None
    ) -> Embedded:
        """As Embedder's. Raises ConfigError if a worker has another model."""
        vectors, sentences = list[Vectors](), list[Vectors | None]()
        for fingerprint, found in self._in_order(
            (self._model, batch) for batch in _batches(contents, _CONTENTS)
        ):
            if fingerprint != self.fingerprint:
                raise ConfigError(
                    f"a worker of the Ray cluster embeds with {fingerprint}, and the index is made "
                    f"with {self.fingerprint}; give all machines the same model"
                )
            vectors.append(found.vectors)
            sentences += found.sentences
            if done:
                done(len(found.sentences))
        return Embedded(np.concatenate(vectors), sentences)


def _batches(items: Sequence[Any], size: int) -> Iterator[Sequence[Any]]:
    return (items[first : first + size] for first in range(0, len(items), size))


@contextmanager
def ray_workers(address: str) -> Iterator[RayWorkers]:
    """Connect to a cluster: its address, or "auto" for the one that runs on this machine.

    Raises ConfigError if that cannot be done.
    """
    try:
        import ray
    except ImportError:
        raise ConfigError(
            "--ray needs Ray; run: .venv/bin/pip install -c constraints.txt -e '.[ray]'"
        ) from None
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    try:
        ray.init(address, log_to_driver=False, logging_level="ERROR")
    except Exception as error:  # of many kinds
        raise ConfigError(
            f"there is no Ray cluster to be used at {address!r} ({first_line(error)}); "
            "start one with: ray start --head"
        ) from None
    try:
        yield RayWorkers(ray)
    finally:
        ray.shutdown()


# --- what workers do


def _read(
    version: str,
    entries: Sequence[Entry],
    corpus: Path,
    settings: IndexSettings,
    splitting: Splitting,
    readings: Path,
) -> list[LoadedFile]:
    _check(version)
    if not corpus.is_dir():
        raise ConfigError(f"a worker of the Ray cluster does not see the folder {corpus}")
    return list(parse_files(corpus, entries, settings, splitting, readings))


def _embed(version: str, model: str, contents: Sequence[Content]) -> tuple[str, Embedded]:
    _check(version)
    embedder = _loaded(model)
    return embedder.fingerprint, embedder.embed_contents(contents)


@cache
def _loaded(model: str) -> Embedder:
    return Embedder(model)


def _check(version: str) -> None:
    if version != product_version():
        raise ConfigError(
            f"a worker of the Ray cluster has Footnote {product_version()}, and {version} is here"
        )

"""A folder that is read and embedded by a real Ray cluster of two workers, also while they die."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from socket import create_server
from typing import Any

import numpy as np
import pytest

from index.catalog.reader import Catalog
from index.embedding.embedder import Embedder
from index.errors import ConfigError
from index.sync import ray_workers as module
from index.sync.ray_workers import RayWorkers, ray_workers
from index.sync.sync import SyncReport, sync
from index.types import Content
from tests.helpers.indexing import settings_for, write

ray: Any = pytest.importorskip("ray")
pytestmark = pytest.mark.model

FILES = {
    f"{number:03}.txt": f"Cat {number} is {number} years old.\n\nIt sleeps on sofa {number}.\n"
    for number in range(90)
}
FILES["table.csv"] = "name,fee\nBoat,20\nBike,7\n"
BROKEN = {"broken.docx": b"no document", "picture.xyz": b"what is it"}


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A cluster of two cores on this machine."""
    with create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "ray.scripts.scripts", "start", "--head", "--block"]
    options = [
        f"--port={port}",
        "--node-ip-address=127.0.0.1",
        "--num-cpus=2",
        "--include-dashboard=false",
        "--disable-usage-stats",
        f"--temp-dir={tmp_path_factory.mktemp('r')}",
        "--object-store-memory=100000000",
    ]
    with subprocess.Popen(
        [*command, *options], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as head:
        try:
            yield f"127.0.0.1:{port}"
        finally:
            head.terminate()


@pytest.fixture(scope="module")
def workers(address: str) -> Iterator[RayWorkers]:
    until = time.monotonic() + 60
    while True:
        try:
            with ray_workers(address) as found:
                yield found
                return
        except ConfigError:
            if time.monotonic() > until:
                raise
            time.sleep(0.5)


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("corpus")
    write(folder, {**FILES, **BROKEN}, time=1)
    return folder


@pytest.fixture(scope="module")
def alone(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[SyncReport, Path]:
    """What comes without a cluster."""
    data = tmp_path_factory.mktemp("alone")
    return sync(settings_for(data), corpus), data


def on_cluster(workers: RayWorkers, corpus: Path, data: Path) -> SyncReport:
    return sync(
        settings_for(data),
        corpus,
        embedder=workers.embedder("minilm"),
        read_files=workers.read_files,
    )


def assert_same(data: Path, other: Path) -> None:
    """The same documents, passages and failures, and vectors that differ by rounding alone."""
    with closing(Catalog.read(data)) as one, closing(Catalog.read(other)) as two:
        assert one.files() == two.files()
        paths = [info.path for info in one.documents()]
        assert [one.document(path) for path in paths] == [two.document(path) for path in paths]
        assert [one.passages_in(path) for path in paths] == [
            two.passages_in(path) for path in paths
        ]
        keys = one.keys()
        assert keys == two.keys()
        model = one.meta("model") or ""
        assert two.meta("model") == model
        vectors, others = one.vectors(model, keys), two.vectors(model, keys)
        for key in keys:
            assert np.allclose(vectors[key], others[key], atol=1e-5)


def test_index_made_on_a_cluster_is_the_one_made_without(
    workers: RayWorkers, corpus: Path, alone: tuple[SyncReport, Path], tmp_path: Path
) -> None:
    report = on_cluster(workers, corpus, tmp_path)
    assert (report.added, report.failed) == (alone[0].added, alone[0].failed)
    assert (report.passages, report.embedded) == (alone[0].passages, alone[0].embedded)
    assert_same(tmp_path, alone[1])


def test_index_is_the_same_when_workers_are_killed_meanwhile(
    workers: RayWorkers,
    corpus: Path,
    alone: tuple[SyncReport, Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Many small batches, so that one is under way when its worker is killed.
    monkeypatch.setattr(module, "_FILES", 20)
    monkeypatch.setattr(module, "_CONTENTS", 4)
    killed, done = list[int](), threading.Event()

    def kill() -> None:
        while not done.wait(0.02):
            for pid in _busy():
                if len(killed) < 4 and pid not in killed:
                    os.kill(pid, signal.SIGKILL)
                    killed.append(pid)
                    time.sleep(0.5)

    killer = threading.Thread(target=kill)
    killer.start()
    try:
        on_cluster(workers, corpus, tmp_path)
    finally:
        done.set()
        killer.join()
    assert killed
    assert_same(tmp_path, alone[1])


def _busy() -> list[int]:
    """Processes that work on a batch: Ray names them by it."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            title = path.read_bytes()
        except OSError:
            continue
        if title.startswith((b"ray::_read", b"ray::_embed")):
            found.append(int(path.parent.name))
    return found


def test_worker_that_does_not_see_the_folder_is_told(workers: RayWorkers, tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    write(gone, {"a.txt": "A cat."}, time=1)

    def read(corpus: Path, *rest: Any) -> Any:  # noqa: ANN401
        return workers.read_files(Path("/nowhere/at/all"), *rest)

    with pytest.raises(ConfigError, match="does not see the folder /nowhere/at/all"):
        sync(settings_for(tmp_path / "data"), gone, read_files=read)


def test_worker_with_another_model_is_told(workers: RayWorkers, corpus: Path) -> None:
    embedder = workers.embedder("minilm")
    embedder.__dict__["fingerprint"] = "minilm-0"
    with pytest.raises(ConfigError, match=r"embeds with minilm-.* made with minilm-0;"):
        embedder.embed_contents([Content("", "A cat.")])
    assert Embedder("minilm").fingerprint != "minilm-0"


def test_cluster_that_is_not_there_is_a_sentence() -> None:
    with (
        pytest.raises(ConfigError, match="there is no Ray cluster to be used at 'nonsense'"),
        ray_workers("nonsense"),
    ):
        pass

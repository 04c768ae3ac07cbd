"""Chroma as the vector store: the order and the cosines that numpy gives."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from index.engines.chroma_store import ChromaStore, rows_between_writes
from index.errors import StoreError
from index.types import Batch, Vectors

pytestmark = pytest.mark.model

ROOT = Path(__file__).parents[3]
COUNT, SIZE = 1200, 24  # past 1,000 Chroma searches its graph, not a list


def unit(count: int, seed: int = 0) -> Vectors:
    vectors = np.random.default_rng(seed).normal(size=(count, SIZE)).astype(np.float32)
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), dtype=np.float32)


def batch(vectors: Vectors, first: int = 0) -> Batch:
    keys = [f"k{number:04}" for number in range(first, first + len(vectors))]
    return Batch(keys, vectors)


def exact(vectors: Vectors, query: Vectors, k: int) -> list[tuple[str, float]]:
    cosines = vectors @ query
    best = sorted(range(len(vectors)), key=lambda row: (-cosines[row], row))[:k]
    return [(f"k{row:04}", float(cosines[row])) for row in best]


def keys(found: list[tuple[str, float]]) -> list[str]:
    return [key for key, _ in found]


def cosines(found: list[tuple[str, float]]) -> list[float]:
    return [cosine for _, cosine in found]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("dense") / "generation"
    ChromaStore.build(path)
    ChromaStore.apply(path, [], [batch(unit(COUNT))])
    return path


@pytest.fixture
def copied(folder: Path, tmp_path: Path) -> Path:
    """Files that a test may change."""
    return Path(shutil.copytree(folder, tmp_path / "generation"))


@pytest.fixture(scope="module")
def store(folder: Path) -> Iterator[ChromaStore]:
    opened = ChromaStore.open(folder)
    yield opened
    opened.close()


@pytest.mark.parametrize("k", [1, 10, 50])
def test_chroma_store_nearest_is_the_exact_order_with_exact_cosines(
    store: ChromaStore, k: int
) -> None:
    for query in unit(5, seed=1):
        found, expected = store.nearest(query, k), exact(unit(COUNT), query, k)
        assert keys(found) == keys(expected)
        assert cosines(found) == pytest.approx(cosines(expected), abs=1e-5)


def test_chroma_store_nearest_to_a_stored_vector_is_itself(store: ChromaStore) -> None:
    found, opposite = (store.nearest(sign * unit(COUNT)[7], COUNT) for sign in (1, -1))
    assert (found[0][0], opposite[-1][0]) == ("k0007", "k0007")
    assert (found[0][1], opposite[-1][1]) == pytest.approx((1.0, -1.0), abs=1e-5)


def test_chroma_store_apply_removes_and_adds_and_is_exact_after(copied: Path) -> None:
    removed = [f"k{number:04}" for number in range(0, COUNT, 3)]
    ChromaStore.apply(copied, removed, [batch(unit(300, seed=2), COUNT)])
    store = ChromaStore.open(copied)
    everything = np.vstack([unit(COUNT), unit(300, seed=2)])
    everything[:COUNT:3] = 0
    for query in unit(5, seed=3):
        found, expected = store.nearest(query, 10), exact(everything, query, 10)
        assert keys(found) == keys(expected)
    assert store.count() == 1100
    store.close()


def test_chroma_store_of_a_large_change_writes_its_graph_seldom_and_keeps_its_settings(
    tmp_path: Path,
) -> None:
    # 50 batches of 250: written ten times, after 1,250 rows each.
    vectors = unit(12_500)
    ChromaStore.build(tmp_path)
    ChromaStore.apply(tmp_path, [], [batch(vectors)], len(vectors))
    with closing(sqlite3.connect(tmp_path / "chroma" / "chroma.sqlite3")) as database:
        # What waits for the next time; Chroma keeps the last row that is not.
        ((waiting,),) = database.execute("SELECT count(*) - 1 FROM embeddings_queue")
        ((settings,),) = database.execute("SELECT schema_str FROM collections")
    assert (waiting, settings.count('"sync_threshold":1000')) == (0, 2)
    store = ChromaStore.open(tmp_path)
    rows = [0, 5_000, 12_499]
    assert [store.nearest(vectors[row], 1)[0][0] for row in rows] == [f"k{row:04}" for row in rows]
    assert store.count() == 12_500
    store.close()


@pytest.mark.parametrize(
    ("changed", "every", "waiting"),
    [
        (0, 1000, 0),
        (12_499, 1000, 499),
        (60_000, 3750, 0),
        (99_990, 8250, 990),
        (1_000_000, 62_500, 0),
    ],
)
def test_rows_between_writes_are_few_times_with_few_left(
    changed: int, every: int, waiting: int
) -> None:
    assert rows_between_writes(changed) == every
    assert changed % every == waiting


def test_chroma_store_is_what_chromas_own_client_makes_and_finds(copied: Path) -> None:
    import chromadb
    from chromadb.config import Settings

    settings = Settings(anonymized_telemetry=False)
    client = chromadb.PersistentClient(str(copied / "chroma"), settings=settings)
    collection = client.get_collection("passages", embedding_function=None)
    made = client.create_collection(
        "other",
        embedding_function=None,
        configuration={"hnsw": {"space": "cosine", "ef_construction": 200, "ef_search": 200}},
    )
    assert collection.configuration_json == made.configuration_json
    assert collection.count() == COUNT
    query = unit(1, seed=4)
    found = collection.query(query_embeddings=query, n_results=10, include=["distances"])
    store = ChromaStore.open(copied)
    assert keys(store.nearest(query[0], 10)) == found["ids"][0]
    assert store.keys() == set(collection.get(include=[])["ids"])
    store.close()


def test_chroma_store_is_searched_without_chromas_client(copied: Path) -> None:
    code = (
        "import sys; from pathlib import Path; import numpy as np\n"
        "from index.engines.chroma_store import ChromaStore\n"
        "store = ChromaStore.open(Path(sys.argv[1])); vector = np.zeros(24, np.float32)\n"
        "vector[0] = 1; print(len(store.nearest(vector, 3)), 'chromadb' in sys.modules)\n"
    )
    command = [sys.executable, "-c", code, str(copied)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout == "3 False\n"


def test_chroma_store_ties_are_broken_by_key(tmp_path: Path) -> None:
    same = np.repeat(unit(1), 4, axis=0)
    ChromaStore.build(tmp_path)
    ChromaStore.apply(tmp_path, [], [batch(same[:2], 2), batch(same[:2], 0)])
    store = ChromaStore.open(tmp_path)
    assert keys(store.nearest(same[0], 4)) == ["k0000", "k0001", "k0002", "k0003"]
    store.close()


def test_chroma_store_without_vectors_finds_nothing(tmp_path: Path) -> None:
    ChromaStore.build(tmp_path)
    store = ChromaStore.open(tmp_path)
    assert (store.count(), store.nearest(unit(1)[0], 0)) == (0, [])
    store.close()


def test_chroma_store_that_is_missing_is_not_made_by_its_reader(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"vectors in .* are missing; run: footnote index FOLDER$"):
        ChromaStore.open(tmp_path)
    assert list(tmp_path.iterdir()) == []

"""An index of segments that is changed for long ranks as one that is built anew."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from index.engines.tantivy_segments import META, Segments
from index.engines.tantivy_store import TantivyStore, _document

pytestmark = pytest.mark.model

WORDS = "cat dog bird stone river cloud lamp house tree wolf".split()
MOST = 10


def segments(generation: Path) -> Segments:
    return Segments(generation / "tantivy", _document, MOST)


def sizes(generation: Path) -> list[int]:
    meta = json.loads((generation / "tantivy" / META).read_text(encoding="utf-8"))
    return [segment["max_doc"] for segment in meta["segments"]]


def built(generation: Path, texts: dict[str, str]) -> TantivyStore:
    TantivyStore.build(generation)
    TantivyStore.add(generation, texts.items())
    return TantivyStore.open(generation)


class Folder:
    """Texts by key, and the index that follows them, copied at each change."""

    def __init__(self, folder: Path) -> None:
        self.texts = dict[str, str]()
        self._folder, self._number = folder, 0
        TantivyStore.build(self.generation)

    @property
    def generation(self) -> Path:
        return self._folder / str(self._number)

    def change(self, removed: Sequence[str], added: dict[str, str]) -> None:
        before = self.generation
        self._number += 1
        TantivyStore.copy(before, self.generation)
        for key in removed:
            del self.texts[key]
        index = segments(self.generation)
        index.remove(removed, self._texts_of)
        index.add(added.items())
        self.texts |= added
        index.put_together(self._texts_of)

    def _texts_of(self, keys: Sequence[str]) -> Iterator[tuple[str, str]]:
        return ((key, self.texts[key]) for key in keys)


def test_segments_after_random_changes_rank_as_an_index_built_anew(tmp_path: Path) -> None:
    chance = random.Random(1)
    folder = Folder(tmp_path / "changed")
    for step in range(60):
        removed = chance.sample(sorted(folder.texts), min(3, len(folder.texts)))
        added = {
            f"k{step:02}{number}": " ".join(chance.choices(WORDS, k=chance.randint(1, 9)))
            for number in range(chance.randint(0, 8))
        }
        folder.change(removed if step % 3 else [], added)
    store = TantivyStore.open(folder.generation)
    anew = built(tmp_path / "anew", folder.texts)
    assert store.keys() == set(folder.texts)
    assert store.count() == sum(sizes(folder.generation)) == len(folder.texts)
    for word in WORDS:
        assert store.idf(word) == anew.idf(word)
        found, expected = store.search(f"{word} stone", 20), anew.search(f"{word} stone", 20)
        assert [key for key, _ in found] == [key for key, _ in expected]
        assert [score for _, score in found] == pytest.approx([score for _, score in expected])


def test_segments_are_bounded_and_few(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    folder.change([], {f"k{number:02}": "a cat" for number in range(35)})
    assert sizes(folder.generation) == [10, 10, 10, 5]
    for number in range(20):
        folder.change([], {f"one{number:02}": "a dog"})
    assert max(sizes(folder.generation)) <= MOST
    assert len(sizes(folder.generation)) <= 12
    assert TantivyStore.open(folder.generation).keys() == set(folder.texts)


def test_segments_that_lose_nothing_are_the_same_files(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    folder.change([], {f"k{number:02}": f"text number {number}" for number in range(30)})
    before = {path.name: path.stat().st_ino for path in (folder.generation / "tantivy").iterdir()}
    folder.change(["k15"], {"new": "another text"})
    after = {path.name: path.stat().st_ino for path in (folder.generation / "tantivy").iterdir()}
    assert sizes(folder.generation) == [10, 10, 9, 1]
    same = {name for name in before if before[name] == after.get(name)}
    assert len(same) == 2 * 6  # the files of two segments


def test_segments_hold_nothing_of_what_was_removed(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    folder.change([], {f"k{number}": "zebra" if number == 3 else "a cat" for number in range(9)})
    before = {path.name for path in (folder.generation / "tantivy").iterdir()}
    assert TantivyStore.open(folder.generation).vocabulary("z", 9) == [("zebra", 1)]
    folder.change(["k3"], {})
    assert TantivyStore.open(folder.generation).vocabulary("z", 9) == []
    after = {path.name for path in (folder.generation / "tantivy").iterdir()}
    assert sorted(before & after) == [".managed.json", ".tantivy-meta.lock", "meta.json"]
    assert sizes(folder.generation) == [8]


def test_segments_without_any_text_are_none(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    folder.change([], {"k1": "a cat"})
    folder.change(["k1"], {})
    assert sizes(folder.generation) == []
    assert TantivyStore.open(folder.generation).search("cat", 3) == []

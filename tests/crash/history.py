"""Random edits of a folder and syncs after them, each of which must leave what one from scratch
would; run as `python tests/crash/history.py 500` it makes so many, with a sync after each.
"""

from __future__ import annotations

import os
import random
import shutil
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

sys.path.insert(0, str(Path(__file__).parents[2]))

from index.sync.sync import SyncReport
from tests.helpers.indexing import Place, assert_in_line, held, sharing_minilm, write

WORDS = "amber birch cedar daisy ember fern grove hazel iris jade kelp lotus moss nettle".split()
VERBS = (
    "add add edit insert rename move-folder change-case touch delete copy same-name break nothing"
).split()
# These change no text, so they must cost no embedding.
FREE = frozenset({"rename", "move-folder", "change-case", "touch", "copy", "delete", "nothing"})


class History:
    """A corpus that is edited at random, and its index."""

    def __init__(self, place: Place, seed: int) -> None:
        self.place = place
        self.done: Counter[str] = Counter()
        self._chance = random.Random(seed)
        self._time = 0

    def go_on(self, edits: int) -> SyncReport:
        """Edit so many times and sync; the index must be in line, and nothing embedded twice."""
        before = self._keys()
        verbs = [self._edit() for _ in range(edits)]
        report = self.place.sync(force=True)
        assert report.embedded == len(self._keys() - before), verbs
        assert report.embedded == 0 or not FREE.issuperset(verbs), verbs
        assert_in_line(self.place.data, self.place.corpus)
        return report

    def _keys(self) -> set[str]:
        return {passage.key for passage in held(self.place.data)[1]}

    def _edit(self) -> str:
        """Do something to the folder that its owner might do; what it was."""
        self._time += 1
        corpus, chance = self.place.corpus, self._chance
        paths = sorted(path for path in corpus.rglob("*") if path.is_file())
        path, verb = chance.choice(paths), chance.choice(VERBS)
        fresh = corpus / chance.choice("ab") / f"{self._time}.md"
        fresh.parent.mkdir(exist_ok=True)
        if verb in {"delete", "break"} and len(paths) <= 6:
            verb = "nothing"
        self.done[verb] += 1
        moved = fresh.with_suffix(path.suffix)
        plain: dict[str, Callable[[], object]] = {
            "rename": lambda: path.rename(moved),
            "change-case": lambda: path.rename(path.with_name(path.name.swapcase())),
            "copy": lambda: shutil.copy(path, moved),
            "delete": path.unlink,
            "touch": lambda: os.utime(path, ns=(self._time, self._time)),
            "move-folder": lambda: self._move_folder(path),
            "nothing": lambda: None,
        }
        if verb in plain:
            plain[verb]()
        else:
            target = {"add": fresh, "same-name": fresh.parent / path.name}.get(verb, path)
            write(corpus, {str(target.relative_to(corpus)): self._text(verb, path)}, self._time)
        return verb

    def _move_folder(self, path: Path) -> None:
        corpus = self.place.corpus
        if path.parent != corpus:
            path.parent.rename(corpus / f"{path.parent.name[:1]}{self._time}")

    def _text(self, verb: str, path: Path) -> str | bytes:
        if verb == "break":
            return b"\0"
        chance = self._chance
        text = "\n\n".join(
            f"# {' '.join(chance.sample(WORDS, 2))}\n\n{' '.join(chance.choices(WORDS, k=9))}."
            for _ in "123"
        )
        if verb == "insert":
            return f"{' '.join(chance.choices(WORDS, k=9))}.\n\n".encode() + path.read_bytes()
        return text


def main() -> None:
    edits, seed = int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 1
    embedded = 0
    with TemporaryDirectory() as folder, sharing_minilm():
        place = Place(Path(folder))
        write(place.corpus, {f"{word}.txt": f"The {word} is {word}." for word in WORDS})
        place.sync()
        history = History(place, seed)
        for number in range(edits):
            embedded += history.go_on(edits=1).embedded
            if (number + 1) % 50 == 0:
                sys.stderr.write(f"{number + 1} edits\n")
    done = ", ".join(f"{count} {verb}" for verb, count in sorted(history.done.items()))
    sys.stdout.write(f"{edits} edits, seed {seed}: {done}; {embedded} passages embedded; ")
    sys.stdout.write("after each, the index was what one from scratch would be\n")


if __name__ == "__main__":
    main()

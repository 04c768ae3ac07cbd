"""Texts as search reads them; those read lately are kept, since questions come back to them."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from index.passages import Passage, Vectors
from index.pooling import Packed
from index.sentences import sentence_spans

# 7 kB each. A question reads 50 texts, which takes 0.15 ms each that is not kept.
_KEPT = 10_000


@dataclass(frozen=True, slots=True)
class Text:
    """A text that one or more passages have, in order of id, and what search wants to know of it.

    `vector` is its unit vector. `sentences` are spans in it, `inside` their vectors, and `terms`
    the terms of each; `heading` are those of the heading path above. A vector may be missing.
    """

    passages: tuple[Passage, ...]
    vector: Vectors | None
    sentences: tuple[tuple[int, int], ...]
    inside: Packed | None
    terms: tuple[tuple[str, ...], ...]
    heading: tuple[str, ...]

    @property
    def passage(self) -> Passage:
        """The first of the passages."""
        return self.passages[0]


def text_of(
    passages: Sequence[Passage],
    vector: Vectors | None,
    inside: Packed | None,
    terms_of_each: Callable[[Sequence[str]], list[list[str]]],
) -> Text:
    """The text of passages that read the same; `terms_of_each` gives the terms of its parts."""
    text, heading = passages[0].text, passages[0].heading
    spans = sentence_spans(text)
    first, *terms = terms_of_each([heading, *(text[start:end] for start, end in spans)])
    return Text(
        tuple(passages), vector, tuple(spans), inside, tuple(map(tuple, terms)), tuple(first)
    )


class Texts:
    """The texts behind keys, for any number of threads; those read lately are kept."""

    def __init__(self, most: int = _KEPT) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._kept: OrderedDict[str, Text] = OrderedDict()

    def kept(self, keys: Sequence[str]) -> dict[str, Text]:
        """Those of the texts that are kept."""
        with self._lock:
            found = {key: self._kept[key] for key in keys if key in self._kept}
            for key in found:
                self._kept.move_to_end(key)
        return found

    def of(
        self, keys: Sequence[str], read: Callable[[Sequence[str]], dict[str, Text]]
    ) -> dict[str, Text]:
        """The texts of keys, of which `read` gives those that are not kept and exist."""
        found = self.kept(keys)
        if missing := [key for key in keys if key not in found]:
            new = read(missing)
            found |= new
            with self._lock:
                self._kept |= new
                while len(self._kept) > self._most:
                    self._kept.popitem(last=False)
        return found

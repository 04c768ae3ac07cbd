"""Texts as search reads them: their sentences and terms, and those that are kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from index.snapshots import Text, TextCache, text_of
from index.types import Passage

pytestmark = pytest.mark.unit

PASSAGE = Passage("a.md#1", "a.md", "A", "Talks > Cairo", "They met. Rain fell.", 40, 60, 1, "d")


def words_of_each(parts: Sequence[str]) -> list[list[str]]:
    return [part.lower().strip(".").split() for part in parts]


def test_text_of_passages_has_the_terms_of_its_heading_and_of_each_sentence() -> None:
    again = replace(PASSAGE, id="b.md#1", document="b.md")
    text = text_of([PASSAGE, again], None, None, words_of_each)
    assert (text.passage, text.passages) == (PASSAGE, (PASSAGE, again))
    assert [PASSAGE.text[start:end] for start, end in text.sentences] == ["They met.", "Rain fell."]
    assert text.terms == (("they", "met"), ("rain", "fell"))
    assert text.heading == ("talks", ">", "cairo")


def test_text_of_a_passage_without_heading_or_sentence_has_no_terms() -> None:
    text = text_of([replace(PASSAGE, heading="", text=" \n")], None, None, words_of_each)
    assert (text.sentences, text.terms, text.heading) == ((), (), ())


class Shelf:
    """Reads texts by key, and remembers which it was asked for; there is none called "none"."""

    def __init__(self) -> None:
        self.asked = list[list[str]]()

    def __call__(self, keys: Sequence[str]) -> dict[str, Text]:
        self.asked.append(list(keys))
        return {
            key: text_of([replace(PASSAGE, id=key)], None, None, words_of_each)
            for key in keys
            if key != "none"
        }


def test_text_cache_reads_each_text_once() -> None:
    read, texts = Shelf(), TextCache()
    assert list(texts.get(["a", "none"], read)) == ["a"]
    assert texts.cached(["a", "b", "none"]).keys() == {"a"}
    found = texts.get(["b", "a"], read)
    assert {key: text.passage.id for key, text in found.items()} == {"a": "a", "b": "b"}
    texts.get(["a", "b"], read)
    assert read.asked == [["a", "none"], ["b"]]


def test_text_cache_forgets_what_was_used_longest_ago() -> None:
    read, texts = Shelf(), TextCache(size=2)
    for key in ("a", "b", "a", "c"):
        texts.get([key], read)
    assert texts.cached(["a", "b", "c"]).keys() == {"a", "c"}
    assert texts.get(["a", "b", "c", "d"], read).keys() == {
        "a",
        "b",
        "c",
        "d",
    }
    assert len(texts.cached(["a", "b", "c", "d"])) == 2

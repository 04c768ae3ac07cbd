"""Spelling: what neither the index nor the model knows is mended, and nothing else."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from index.snapshots import Text
from index.text.analyzer import analyze
from index.types import Passage
from rag.retrieval.spelling import mend_spelling
from tests.helpers.indexing import minilm
from tests.helpers.quoting import text_in

pytestmark = pytest.mark.model

SENTENCE = (
    "Request leave in the portal. Reimbursement takes ten days. Mossad met Hamas. "
    "The guarantee covers frames. Late check-out is free. Fees are due."
)


class OneText:
    """The words of an index of one sentence."""

    def __init__(self) -> None:
        self._terms = analyze(SENTENCE)[0]
        passage = Passage("p", "a.md", "A", "", SENTENCE, 0, len(SENTENCE), None, "d")
        self._text = text_in(passage)

    def vocabulary(self, prefix: str, limit: int) -> list[tuple[str, int]]:
        terms = sorted({term for term in self._terms if term.startswith(prefix)})
        return [(term, 1) for term in terms[:limit]]

    def search_words(self, query: str, k: int) -> list[tuple[str, float]]:
        found = set(self.terms(query)) & set(self._terms)
        return [("p", 1.0)][:k] if found else []

    def keys_with(self, term: str, k: int) -> list[str]:
        return ["p"][:k] if term in self._terms else []

    def terms(self, text: str) -> list[str]:
        return analyze(text)[0]

    def texts(self, keys: Sequence[str]) -> dict[str, Text]:
        return dict.fromkeys(keys, self._text)


def mended(question: str) -> tuple[str, tuple[tuple[str, str], ...]]:
    found = mend_spelling(question, OneText(), minilm().count_tokens)
    return found.text, found.corrections


def test_superlative_of_a_known_word_is_left_alone() -> None:
    # "Fees" is one word of some documents, and near to it.
    assert mended("which frames have the fewest days") == ("which frames have the fewest days", ())


def test_word_that_is_known_whatever_the_index_holds_is_left_alone() -> None:
    found = mend_spelling("is laeve free", OneText(), minilm().count_tokens, {"laeve"})
    assert found.corrections == ()


def test_word_that_the_index_writes_as_two_is_parted() -> None:
    assert mended("is a checkout at noon free?") == (
        "is a check out at noon free?",
        (("checkout", "check out"),),
    )


def test_misspelt_words_become_the_nearest_of_the_index() -> None:
    assert mended("how does laeve go in the portla?") == (
        "how does leave go in the portal?",
        (("laeve", "leave"), ("portla", "portal")),
    )


def test_misspelt_word_is_mended_whose_stem_has_a_stem_of_its_own() -> None:
    """ "guarantee" is indexed as "guarante", which as a word would be "guarant"."""
    assert mended("what garantee is there?")[1] == (("garantee", "guarantee"),)


def test_misspelt_word_of_six_letters_may_have_two_wrong() -> None:
    assert mended("are fraims covered?")[1] == (("fraims", "frames"),)


@pytest.mark.parametrize(
    "question",
    [
        "How many days of vacation?",  # a word of the model's
        "how long does a reimbursment take?",  # its stem is known
        "Where is Portla?",  # a name inside a question
        "Who is Mossad?",
        "what does xqzvbn mean?",  # nothing is near
        "the prtl?",
        "",
    ],
)
def test_what_is_known_or_a_name_or_far_from_all_words_stays(question: str) -> None:
    assert mended(question) == (question, ())

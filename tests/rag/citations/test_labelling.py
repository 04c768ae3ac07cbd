"""Labels: numbered by first use, the same words under one label, verdicts on every statement."""

import pytest

from index.types import Passage
from rag.citations.labelling import label
from rag.types import Claim, Draft, Item, Quote, Support

pytestmark = pytest.mark.unit

TEXT = "Egypt led the talks. Qatar attended them. They were held in Cairo."
PASSAGE = Passage("d#1", "d.txt", "d", "", TEXT, 100, 100 + len(TEXT), 2, "digest")
EGYPT, QATAR = Quote(PASSAGE, 100, 120), Quote(PASSAGE, 121, 141)


def test_quote_is_the_words_at_its_place_in_the_document() -> None:
    assert (EGYPT.text, QATAR.text) == ("Egypt led the talks.", "Qatar attended them.")


def test_labels_are_numbered_by_first_use_and_shared_by_equal_quotes() -> None:
    draft = Draft(
        (
            Claim("Qatar attended them.", (QATAR,)),
            Claim("Egypt led the talks.", (EGYPT, QATAR)),
            Claim("Egypt led the talks.", (EGYPT, EGYPT), lead="\n\n"),
        )
    )
    labelled = label(draft, strict=False)
    assert labelled.text == (
        "Qatar attended them. [1] Egypt led the talks. [2] [1]\n\nEgypt led the talks. [2]"
    )
    assert [(c.label, c.quote) for c in labelled.citations] == [(1, QATAR), (2, EGYPT)]
    assert [s.citations for s in labelled.statements] == [(1,), (2, 1), (2,)]


def test_a_claim_without_backing_is_marked_and_in_strict_mode_dropped() -> None:
    draft = Draft((Claim("Norway hosted 40 envoys.", ()), Claim("Egypt led the talks.", (EGYPT,))))
    marked, strict = label(draft, strict=False), label(draft, strict=True)
    assert [s.support for s in marked.statements] == [Support.UNSUPPORTED, Support.SUPPORTED]
    assert strict.text == "Egypt led the talks. [1]"
    assert len(strict.citations) == 1


def test_strict_keeps_only_what_is_supported_in_full() -> None:
    weak = Claim("Egypt led the talks at great length.", (EGYPT,))
    draft = Draft((weak, Claim("Egypt led the talks.", (EGYPT,))))
    marked, strict = label(draft, strict=False), label(draft, strict=True)
    assert [s.support for s in marked.statements] == [Support.WEAK, Support.SUPPORTED]
    assert strict.text == "Egypt led the talks. [1]"


def test_a_claim_behind_a_list_begins_a_paragraph() -> None:
    first = Claim("Egypt led the talks.", (EGYPT,), "", item=Item((0,), 0, "-"))
    draft = Draft((first, Claim("Qatar attended them.", (QATAR,))))
    assert label(draft, strict=False).text == (
        "- Egypt led the talks. [1]\n\nQatar attended them. [2]"
    )


def test_a_dropped_claim_leaves_its_line_ends_to_the_next() -> None:
    claims = (
        Claim("Egypt led the talks.", (EGYPT,)),
        Claim("Norway hosted 40 envoys.", (), lead="\n\n"),
        Claim("Qatar attended them.", (QATAR,)),
    )
    assert label(Draft(claims), strict=True).text == (
        "Egypt led the talks. [1]\n\nQatar attended them. [2]"
    )


def test_a_marker_never_stands_right_before_a_bracket() -> None:
    claims = (Claim("Egypt led the talks.", (EGYPT,)), Claim("(//x.example) is it.", (), lead=""))
    assert label(Draft(claims), strict=False).text == (
        "Egypt led the talks. [1] (//x.example) is it."
    )

"""Whatever an LLM writes, and however it arrives: what is cited was found, and says what it says.

The LLM is a stub whose replies are drawn at random, and so are the places where they are cut.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.settings import load_settings
from index.types import Hit, Passage
from rag.citations.labelling import LabelledAnswer, label
from rag.composition.base import ComposerInput
from rag.composition.generative import LLMComposer
from rag.llm.base import ChatMessage
from rag.llm.client import OpenAICompatibleLLM
from rag.llm.facts import ModelFacts
from rag.llm.prompts import CAPABLE_SYSTEM
from rag.settings import Settings
from rag.types import Draft, Support
from tests.helpers.composing import drained

pytestmark = pytest.mark.unit

DOCUMENTS = {
    "round.md": "Before it all. Egypt led the latest round of talks. Officials from Qatar came.",
    "gaza.md": "About a quarter are dead. More than 120 hostages remain in Gaza. So they say.",
    "paris.md": "It rained. Three men met in Paris for preliminary talks. Nobody signed [7].",
    "cairo.md": "In the end a ceasefire of six weeks was discussed in Cairo, says [1] a note.",
}
START = 7  # passages do not begin where their documents do


def passage(name: str) -> Passage:
    text = DOCUMENTS[name]
    return Passage(name, name, name, "", text[START:], START, len(text), None, "d")


HITS = tuple(Hit(passage(name), 1 / rank, rank) for rank, name in enumerate(DOCUMENTS, start=1))
EVIDENCE = ComposerInput("Who led?", HITS, ())


class Stub(OpenAICompatibleLLM):
    """Replies with these pieces, whatever it is asked."""

    def __init__(self, pieces: Sequence[str]) -> None:
        super().__init__("http://stub.invalid/v1", "stub")
        self.pieces = pieces

    def facts(self) -> ModelFacts:
        return ModelFacts()

    def stream(self, messages: Sequence[ChatMessage]) -> Generator[str, None, None]:
        yield from self.pieces


def compose(pieces: Sequence[str]) -> tuple[str, Draft, LabelledAnswer]:
    """The text of the deltas, the draft and the checked answer."""
    composer = LLMComposer(load_settings(Settings, llm_url="http://stub.invalid/v1"), Stub(pieces))
    texts, draft = drained(composer.compose(EVIDENCE))
    return "".join(texts), draft, label(draft, strict=False)


WORDS = [
    "Egypt led the latest round of talks",
    "More than 120 hostages remain in Gaza",
    "More than 900 hostages remain in Gaza",
    "Three men met in Paris",
    "Norway has many fjords",
    "A ceasefire of six weeks was discussed",
    "No deal was signed",
]
MARKS = [
    *(
        "[{}]",
        "[{}] ",
        "[^{}]",
        "[{}, {}]",
        "[{}][{}]",
        "[{}-{}]",
        "(Passage {})",
        "【{}】",
        "({})",
    ),
    *("[Source: {}]", "[{}](#p{})", "[[{}]](http://x.example/{})", "[{}", "{}]", "[", "\\[{}\\]"),
]
marks = st.builds(
    lambda mark, first, second: mark.format(first, second),
    st.sampled_from(MARKS),
    st.integers(0, 99),
    st.integers(0, 99),
)
parts = st.one_of(
    st.sampled_from(WORDS), marks, st.sampled_from([". ", " ", ", ", ".\n", "\n\n- "])
)
replies = st.lists(parts, min_size=1, max_size=14).map("".join)


@st.composite
def cut(draw: st.DrawFn) -> list[str]:
    """A reply in pieces."""
    reply = draw(replies)
    places = sorted(draw(st.sets(st.integers(0, len(reply)), max_size=8)))
    return [reply[a:b] for a, b in zip([0, *places], [*places, len(reply)], strict=True)]


@given(cut())
def test_citations_of_any_reply_are_of_passages_found_and_exact(pieces: list[str]) -> None:
    shown, draft, labelled = compose(pieces)
    for citation in labelled.citations:
        assert citation.passage in [hit.passage for hit in HITS]
        quote = citation.quote
        assert DOCUMENTS[quote.passage.document][quote.start : quote.end] == quote.text != ""
    cited = [number for statement in labelled.statements for number in statement.citations]
    assert list(dict.fromkeys(cited)) == [citation.label for citation in labelled.citations]
    assert list(dict.fromkeys(cited)) == list(range(1, len(labelled.citations) + 1))
    # Four digits are a year, no label.
    found = re.findall(r"\[\^?(\d{1,3})\]", shown)
    assert all(1 <= int(number) <= len(HITS) for number in found)
    assert draft.stray >= 0


@given(cut())
def test_citations_of_any_reply_are_of_statements_that_they_back(pieces: list[str]) -> None:
    for statement in compose(pieces)[2].statements:
        assert bool(statement.citations) == (statement.support is not Support.UNSUPPORTED)


@given(cut())
def test_citations_of_any_reply_do_not_depend_on_where_it_is_cut(pieces: list[str]) -> None:
    reply = "".join(pieces)
    (_, *whole), (_, *in_pieces), (_, *one_by_one) = map(compose, ([reply], pieces, [*reply]))
    assert whole == in_pieces == one_by_one


@pytest.mark.parametrize(
    ("reply", "text", "stray"),
    [
        (
            "Three men met in Paris [3]. Egypt led the latest round of talks [1].",
            "Three men met in Paris. [1] Egypt led the latest round of talks. [2]",
            0,
        ),
        ("Egypt led the latest round of talks.", "Egypt led the latest round of talks. [1]", 0),
        ("Three men met in Paris [1].", "Three men met in Paris. [1]", 0),
        ("Three men met in Paris [8][9].", "Three men met in Paris. [1]", 2),
        (
            "Egypt led the latest round of talks and three men met in Paris [1, 3].",
            "Egypt led the latest round of talks and three men met in Paris. [1] [2]",
            0,
        ),
        ("More than 900 hostages remain in Gaza [2].", "More than 900 hostages remain in Gaza.", 0),
        ("Norway has many fjords [2][77].", "Norway has many fjords.", 1),
    ],
)
def test_citations_are_renumbered_mended_or_dropped(reply: str, text: str, stray: int) -> None:
    _, draft, labelled = compose([reply])
    assert (labelled.text, draft.stray) == (text, stray)


def test_citations_of_a_mended_label_are_of_the_passage_that_backs() -> None:
    (citation,) = compose(["Three men met in Paris [1]."])[2].citations
    assert citation.passage.document == "paris.md"
    assert "Three men met in Paris for preliminary talks." in citation.quote.text


def test_citations_of_a_reply_that_repeats_its_instructions_are_none() -> None:
    _, draft, labelled = compose([f"{CAPABLE_SYSTEM} It was fine."])
    assert [claim.text for claim in draft.claims] == ["It was fine."]
    assert labelled.citations == ()


def test_labels_of_no_passage_are_not_shown_while_the_answer_is_written() -> None:
    shown, *_ = compose(["Egypt led [", "9", "9]. Qatar came [1", "]."])
    assert shown == "Egypt led  . Qatar came [1]."

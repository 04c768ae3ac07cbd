"""A second search for what the first excerpts leave open, with the LLM's own query."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import replace

import pytest

from index.settings import load_settings
from index.types import Hit, Passage
from rag.citations.labelling import label
from rag.composition.base import ComposerInput, Excerpt, merged_hits, whole_excerpts
from rag.composition.generative import LLMComposer
from rag.llm.base import ChatMessage
from rag.llm.errors import LLMError
from rag.llm.facts import ModelFacts
from rag.llm.prompts import CAPABLE_SYSTEM, QUERY
from rag.retrieval.hybrid import SearchResult
from rag.settings import Settings
from rag.types import Draft
from tests.helpers.composing import drained

pytestmark = pytest.mark.unit

LED = "Egypt led the latest round of talks."
PAID = "Norway paid for the rooms in which the talks were held."
OPEN = "The documents do not state who paid."


def hit(text: str, rank: int) -> Hit:
    name = f"{rank}.md"
    return Hit(Passage(name, name, name, "", text, 0, len(text), None, "d"), 1 / rank, rank)


class Scripted:
    """An LLM that gives one reply after another; one that is an error is raised."""

    name = "The LLM"

    def __init__(self, *replies: str | LLMError) -> None:
        self.replies = list(replies)
        self.asked = list[Sequence[ChatMessage]]()

    def facts(self) -> ModelFacts:
        return ModelFacts()

    def stream(self, messages: Sequence[ChatMessage]) -> Generator[str, None, None]:
        self.asked.append(messages)
        reply = self.replies.pop(0)
        if isinstance(reply, LLMError):
            raise reply
        yield from (piece for piece in reply.split("|"))


Found = Callable[[str], tuple[Excerpt, ...]]


def compose(llm: Scripted, found: Found) -> tuple[str, Draft]:
    """The text of the pieces, and the draft."""
    composer = LLMComposer(load_settings(Settings, llm_url="http://stub.invalid/v1"), llm)
    evidence = ComposerInput("Who led the talks, and who paid?", (hit(LED, 1),), (), search=found)
    texts, draft = drained(composer.compose(evidence))
    return "".join(texts), draft


def norway(query: str) -> tuple[Excerpt, ...]:
    return whole_excerpts([hit(PAID, 2)])


def test_second_round_adds_what_its_own_search_found_and_drops_what_was_open() -> None:
    llm = Scripted(
        f"{LED[:-1]} [1]. {OPEN}",
        '"who paid for the rooms"\nmore',
        "Norway paid for| the rooms [2].",
    )
    shown, draft = compose(llm, norway)
    assert label(draft, strict=False).text == (
        "Egypt led the latest round of talks. [1]\n\nNorway paid for the rooms. [2]"
    )
    assert (draft.closing, draft.searched) == ("", ("who paid for the rooms",))
    assert shown == f"{LED[:-1]} [1]. {OPEN}\n\nNorway paid for the rooms [2]."
    first, query, second = llm.asked
    assert [first[0].text, query[0].text, second[0].text] == [CAPABLE_SYSTEM, QUERY, CAPABLE_SYSTEM]
    assert query[1].text.startswith("Question: Who led the talks, and who paid?\nOpen: The docum")
    assert f"[2] (2.md; 2.md)\n{PAID}" in second[1].text
    assert LED in second[1].text


def test_second_round_that_finds_nothing_to_say_leaves_the_first_as_it_was() -> None:
    llm = Scripted(f"{LED[:-1]} [1]. {OPEN}", "payment", "The documents do not answer this.")
    _, draft = compose(llm, norway)
    assert label(draft, strict=False).text == "Egypt led the latest round of talks. [1]"
    assert (draft.closing, draft.searched) == (OPEN, ("payment",))


def test_second_round_that_fails_leaves_the_first_as_it_was() -> None:
    llm = Scripted(f"{LED[:-1]} [1]. {OPEN}", "payment", LLMError("The LLM is gone"))
    _, draft = compose(llm, norway)
    assert (draft.closing, draft.searched, draft.note) == (OPEN, ("payment",), "")
    assert len(draft.claims) == 1


@pytest.mark.parametrize(
    ("replies", "found"),
    [
        ((f"{LED[:-1]} [1].",), norway),
        ((f"{LED[:-1]} [1]. {OPEN}", "NONE."), norway),
        ((f"{LED[:-1]} [1]. {OPEN}", " \n"), norway),
        ((f"{LED[:-1]} [1]. {OPEN}", "q" * 201), norway),
        ((f"{LED[:-1]} [1]. {OPEN}", "Who led the talks, and who paid?"), norway),
        ((f"{LED[:-1]} [1]. {OPEN}", "payment"), lambda _: ()),
        ((f"{LED[:-1]} [1]. {OPEN}", "payment"), lambda _: whole_excerpts([hit(LED, 1)])),
        ((f"{LED[:-1]} [1]. {OPEN}", LLMError("The LLM is gone")), norway),
        (("The documents do not answer this.",), norway),
    ],
)
def test_second_round_is_not_made_without_need_or_without_anything_new(
    replies: tuple[str | LLMError, ...], found: Found
) -> None:
    llm = Scripted(*replies)
    _, draft = compose(llm, found)
    assert (len(llm.asked), llm.replies) == (len(replies), [])
    assert draft.searched == ()


def test_merged_hits_keep_their_order_and_count_on() -> None:
    first, second, third = hit(LED, 1), hit(PAID, 2), hit("More.", 3)
    found = SearchResult("q", None, (first, second), ())  # type: ignore[arg-type]
    other = SearchResult("r", None, (replace(third, rank=1), replace(first, rank=2)), ())  # type: ignore[arg-type]
    merged = merged_hits(found, [other, other])
    assert [(one.passage.id, one.rank) for one in merged] == [("1.md", 1), ("2.md", 2), ("3.md", 3)]

"""Summaries in parts: notes that cite passages, put together to statements that cite them too.

The server is a fake on this machine's loopback.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pytest
from pytest_socket import enable_socket

from index.settings import load_settings
from index.types import Hit, Passage
from rag.cancellation import CANCELLATION, Cancellation
from rag.citations.labelling import label
from rag.composition.base import ComposerInput, ReadingList
from rag.composition.generative import QUOTED, LLMComposer
from rag.intents.classifier import Intent
from rag.llm.prompts import NO_ANSWER
from rag.settings import Settings
from rag.summaries.map_reduce import parts_of
from rag.types import Claim, Draft, PartRead, Quote
from tests.helpers.fake_llm import FakeLLM, Handler, Reply, cuts, fails, hangs, starting, streams

pytestmark = pytest.mark.unit

# Of about 150 tokens each: one to a part of 200.
FACTS = (
    "The harbour wall was raised by two metres in 1953.",
    "The ferry carries 240 passengers on each crossing.",
    "The pilots went on strike for nine days in March.",
    "The lighthouse has been closed to visitors since 2019.",
)
FILLER = " Gulls were seen on the pier by those who walked there in the evening" * 8 + "."
TEXT = "\n\n".join(fact + FILLER for fact in FACTS)


def passage(place: int) -> Passage:
    start = TEXT.index(FACTS[place])
    text = FACTS[place] + FILLER
    end = start + len(text)
    return Passage(f"p{place}", "port.md", "The port", f"Part {place}", text, start, end, None, "d")


PASSAGES = tuple(map(passage, range(len(FACTS))))
OWN = Draft((Claim(FACTS[0], (Quote(PASSAGES[0], 0, len(FACTS[0])),)),))
SUMMARY = (
    "- The harbour wall was raised by two metres in 1953 [1].\n"
    "- Each crossing of the ferry carries 240 passengers [2].\n"
    "- The pilots went on strike for nine days in March [3].\n"
)
NOTES = tuple(streams(f"- {fact[:-1]} [1].\n") for fact in FACTS)


@pytest.fixture(autouse=True)
def _loopback(_no_sockets: None) -> None:
    enable_socket()


@dataclass(frozen=True)
class Summarised:
    """What came of a summary, and what the server was asked."""

    text: str
    parts: list[tuple[int, int]]
    draft: Draft
    requests: list[dict[str, Any]]


Ask = Callable[..., Summarised]


@pytest.fixture
def ask() -> Iterator[Ask]:
    with starting() as start:

        def run(*replies: Reply, total: int = len(FACTS), **changes: Any) -> Summarised:
            return summarised(start(*replies), total, **changes)

        yield run


def reads(tokens: int, total: int = len(FACTS)) -> ReadingList:
    parts = parts_of(PASSAGES, tokens)
    return ReadingList(tuple(parts[0]), total) if parts else ReadingList()


def summarised(server: FakeLLM, total: int, **changes: Any) -> Summarised:
    settings = load_settings(
        Settings,
        llm_url=server.url,
        llm_model="some",
        **{"llm_seconds": 60, "llm_context_tokens": 200, **changes},
    )
    hits = (Hit(PASSAGES[0], 1.0, 1),)
    evidence = ComposerInput(
        "Summarise the port",
        hits,
        (),
        intent=Intent.SUMMARY,
        given=OWN,
        reading=lambda tokens: reads(tokens, total),
    )
    pieces = LLMComposer(settings).compose(evidence)
    text, parts = "", list[tuple[int, int]]()
    while True:
        try:
            piece = next(pieces)
        except StopIteration as stop:
            return Summarised(text, parts, stop.value, server.requests)
        if isinstance(piece, PartRead):
            parts.append((piece.part, piece.of))
        else:
            text += piece


def prompts(found: Summarised) -> list[str]:
    return [one["body"]["messages"][-1]["content"] for one in found.requests]


def cited(draft: Draft) -> list[tuple[str, list[str]]]:
    return [(one.text, [quote.text for quote in one.quotes]) for one in draft.claims]


def test_summary_statements_cite_the_passages_that_their_notes_cite(ask: Ask) -> None:
    found = ask(*NOTES, streams(SUMMARY))
    assert found.parts == [(1, 4), (2, 4), (3, 4), (4, 4)]
    assert cited(found.draft) == [
        ("The harbour wall was raised by two metres in 1953.", [FACTS[0]]),
        ("Each crossing of the ferry carries 240 passengers.", [FACTS[1]]),
        ("The pilots went on strike for nine days in March.", [FACTS[2]]),
    ]
    assert found.text.strip() == SUMMARY.strip()
    assert (found.draft.note, found.draft.closing) == ("", "")
    labelled = label(found.draft, strict=True)
    assert [one.citations for one in labelled.statements] == [(1,), (2,), (3,)]


def test_summary_parts_are_read_alone_and_notes_without_their_passages(ask: Ask) -> None:
    found = ask(*NOTES, streams(SUMMARY))
    *parts, notes = prompts(found)
    for place, prompt in enumerate(parts):
        assert [fact in prompt for fact in FACTS] == [place == n for n in range(4)]
        assert f"part {place + 1} of 4" in prompt
    assert "Gulls" not in notes
    assert [
        f"[{n}] (The port > Part {n - 1}; port.md)\n{FACTS[n - 1]}" in notes for n in range(1, 5)
    ]


def test_summary_note_that_nothing_backs_is_dropped(ask: Ask) -> None:
    made_up = streams("- The port was sold to a bank for a song in 1871 [1].\n")
    found = ask(made_up, *NOTES[1:], streams("The ferry carries 240 passengers [1]."))
    assert "bank" not in prompts(found)[-1]
    assert cited(found.draft) == [("The ferry carries 240 passengers.", [FACTS[1]])]


def test_summary_statement_that_notes_do_not_lead_to_is_not_supported(ask: Ask) -> None:
    last = streams("The harbour wall fell down in 1872 [1]. The pilots went on strike [3].")
    labelled = label(ask(*NOTES, last).draft, strict=True)
    assert [one.text for one in labelled.statements] == ["The pilots went on strike."]


@pytest.mark.parametrize(("calls", "asked"), [(2, 1), (3, 2), (4, 3), (5, 4), (9, 4)])
def test_summary_calls_are_bounded_and_what_was_not_read_is_told(
    calls: int, asked: int, ask: Ask
) -> None:
    replies = (*NOTES[:asked], streams("The harbour wall was raised by two metres in 1953 [1]."))
    replies = replies[1 - asked :] if asked == 1 else replies
    found = ask(*replies, llm_summary_calls=calls)
    assert len(found.requests) == (1 if asked == 1 else asked + 1) <= calls
    told = f"rests on {asked} of 4 passages" in found.draft.closing
    assert told == (asked < 4)


def test_summary_of_what_one_prompt_holds_is_one_call(ask: Ask) -> None:
    found = ask(streams(SUMMARY), llm_context_tokens=2000)
    assert (found.parts, len(found.requests)) == ([], 1)
    assert [quotes for _, quotes in cited(found.draft)] == [[fact] for fact in FACTS[:3]]


def test_summary_that_is_too_long_for_one_prompt_is_read_in_parts(ask: Ask) -> None:
    too_long = fails(400, "maximum context length exceeded", "context_length_exceeded")
    found = ask(too_long, *NOTES[::2], streams(SUMMARY), llm_context_tokens=700)
    assert found.parts == [(1, 2), (2, 2)]
    assert found.draft.claims[0].quotes[0].text == FACTS[0]


def test_summary_part_that_is_noted_without_end_is_left_and_what_it_said_kept(ask: Ask) -> None:
    loop = hangs(f"- {FACTS[0][:-1]} [1].\n", *["- Gulls were seen on the pier [1].\n"] * 80)
    found = ask(loop, *NOTES[1:], streams(SUMMARY))
    assert FACTS[0] in prompts(found)[-1]
    assert len(found.draft.claims) == 3


@pytest.mark.sample(3)
@pytest.mark.parametrize("place", range(5))
@pytest.mark.parametrize(
    "fault",
    [fails(401, "no"), cuts("- The har"), streams(finish="content_filter")],
    ids=["refused", "cut", "withheld"],
)
def test_summary_that_fails_at_any_call_is_quoted(place: int, fault: Reply, ask: Ask) -> None:
    good = (*NOTES, streams(SUMMARY))
    found = ask(*good[:place], fault, llm_seconds=60)
    assert len(found.requests) == place + 1
    assert found.draft.claims == OWN.claims
    assert found.draft.note.endswith(f". {QUOTED}")
    assert found.text.startswith(FACTS[0][:7] if place < 4 else ("- The", FACTS[0][:7]))


def test_summary_whose_llm_falls_silent_in_the_middle_is_quoted(ask: Ask) -> None:
    found = ask(NOTES[0], hangs("- The"), llm_context_tokens=320, llm_seconds=5)
    assert (found.parts, found.text) == ([(1, 2), (2, 2)], FACTS[0])
    assert found.draft.claims == OWN.claims
    assert found.draft.note.endswith(f"has said nothing for 2.5 s: try again. {QUOTED}")


@pytest.mark.parametrize("last", [NO_ANSWER, "Trains left the station at dawn for Vienna [1]."])
def test_summary_of_which_nothing_is_supported_is_the_notes_themselves(last: str, ask: Ask) -> None:
    found = ask(*NOTES, streams(last))
    assert cited(found.draft) == [(fact, [fact]) for fact in FACTS]
    labelled = label(found.draft, strict=True)
    assert labelled.text.splitlines() == [f"- {fact} [{n}]" for n, fact in enumerate(FACTS, 1)]


def test_summary_of_which_nothing_is_noted_is_quoted(ask: Ask) -> None:
    nothing = [streams(NO_ANSWER)] * 4
    found = ask(*nothing)
    assert (found.draft, found.text) == (OWN, FACTS[0])


def test_summary_part_that_is_too_long_is_read_by_half_and_that_is_told(ask: Ask) -> None:
    too_long = fails(400, "maximum context length exceeded", "context_length_exceeded")
    both = streams("The harbour wall was raised by two metres in 1953 [1].")
    found = ask(too_long, NOTES[0], NOTES[2], both, llm_context_tokens=320, llm_summary_calls=9)
    assert found.parts == [(1, 2), (2, 2)]
    assert FACTS[1] in prompts(found)[0]
    assert FACTS[1] not in prompts(found)[1]
    assert "rests on 3 of 4 passages" in found.draft.closing


def test_summary_that_is_cancelled_asks_no_further(ask: Ask) -> None:
    cancellation = Cancellation()
    token = CANCELLATION.set(cancellation)
    try:

        def stops(handler: Handler) -> None:
            threading.Thread(target=cancellation.cancel, daemon=True).start()
            handler.head()
            handler.hang()

        found = ask(NOTES[0], stops, llm_seconds=60)
    finally:
        CANCELLATION.reset(token)
    assert (len(found.requests), found.parts) == (2, [(1, 4), (2, 4)])


def test_summary_documents_cannot_close_their_block_in_any_call(ask: Ask) -> None:
    found = ask(*NOTES, streams(SUMMARY))
    assert all(json.dumps(one).count("Question:") == 1 for one in prompts(found))


def test_parts_are_whole_passages_in_order() -> None:
    sizes: Sequence[int] = [len(part) for part in parts_of(PASSAGES, 320)]
    assert sizes == [2, 2]
    assert parts_of(PASSAGES, 1) == [[one] for one in PASSAGES]
    assert parts_of((), 100) == []

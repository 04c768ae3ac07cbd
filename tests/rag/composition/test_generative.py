"""The llm composer: what an LLM writes becomes claims with exact quotes, or a note.

The server is a fake on this machine's loopback.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence

import pytest
from pytest_socket import enable_socket

from index.errors import ConfigError
from index.settings import load_settings
from index.types import Hit, Passage
from rag.citations.labelling import label
from rag.composition.base import Composer, ComposerInput, whole_excerpts
from rag.composition.generative import LLMComposer, pack_excerpts
from rag.composition.llm_reply import parse_draft
from rag.llm.prompts import NO_ANSWER
from rag.settings import Settings
from rag.types import Claim, Computed, Draft, Quote, Turn
from tests.helpers.composing import drained
from tests.helpers.fake_llm import FakeLLM, Reply, cuts, event, fails, hangs, sends, streams

pytestmark = pytest.mark.unit

TEXTS = (
    "Egypt led the latest round, and officials from Qatar attended it.",
    "More than 120 hostages remain in Gaza. About a quarter of them are dead.",
    "Three men met in Paris for preliminary talks.",
)


def hit(text: str, rank: int) -> Hit:
    start = 1000 * rank
    passage = Passage(
        f"{rank}", f"{rank}.md", f"Title {rank}", "", text, start, start + len(text), None, "d"
    )
    return Hit(passage, 1 / rank, rank)


HITS = tuple(hit(text, rank) for rank, text in enumerate(TEXTS, start=1))

Ask = Callable[..., tuple[list[str], Draft]]


@pytest.fixture(autouse=True)
def _loopback(_no_sockets: None) -> None:
    enable_socket()


@pytest.fixture
def servers() -> Iterator[list[FakeLLM]]:
    started: list[FakeLLM] = []
    yield started
    for server in started:
        server.close()


@pytest.fixture
def ask(servers: list[FakeLLM]) -> Ask:
    """Asks a composer whose server replies as given; returns the pieces and the draft."""

    def run(
        *replies: Reply, hits: Sequence[Hit] = HITS, turns: Sequence[Turn] = (), tokens: int = 1500
    ) -> tuple[list[str], Draft]:
        servers.append(FakeLLM(replies))
        settings = load_settings(
            Settings,
            llm_url=servers[-1].url,
            llm_model="small",
            llm_seconds=10,
            llm_context_tokens=tokens,
        )
        return drain(LLMComposer(settings), ComposerInput("Who led?", tuple(hits), ()), turns)

    return run


def drain(
    composer: Composer, evidence: ComposerInput, turns: Sequence[Turn] = ()
) -> tuple[list[str], Draft]:
    return drained(composer.compose(evidence, turns))


def claims(draft: Draft) -> list[tuple[str, list[str]]]:
    return [(claim.text, [quote.text for quote in claim.quotes]) for claim in draft.claims]


def test_composer_labels_become_exact_quotes_and_the_text_comes_in_pieces(ask: Ask) -> None:
    pieces, draft = ask(streams("Egypt led the ", "latest round [1]. ", "120 hostages remain [2]."))
    assert "".join(pieces) == "Egypt led the latest round [1]. 120 hostages remain [2]."
    assert len(pieces) >= 3
    assert claims(draft) == [
        ("Egypt led the latest round.", [TEXTS[0]]),
        ("120 hostages remain.", ["More than 120 hostages remain in Gaza."]),
    ]
    quote = draft.claims[1].quotes[0]
    assert (quote.start, quote.end) == (2000, 2038)
    assert (draft.stray, draft.declined, draft.note) == (0, False, "")


def test_composer_made_up_labels_are_counted_and_the_words_are_found(ask: Ask) -> None:
    _, draft = ask(streams("Egypt led the latest round [7]. Norway has fjords [0]."))
    assert claims(draft) == [
        ("Egypt led the latest round.", [TEXTS[0]]),
        ("Norway has fjords.", []),
    ]
    assert draft.stray == 2


def test_composer_no_label_gets_the_words_that_back_it(ask: Ask) -> None:
    _, draft = ask(streams("Three men met in Paris."))
    assert claims(draft) == [("Three men met in Paris.", [TEXTS[2]])]


@pytest.mark.parametrize(
    ("question", "reply", "kept"),
    [
        ("When were the talks held in Paris?", "The talks were held in Paris.", False),
        ("Who was held?", "They were held.", False),
        ("When were the talks held in Paris?", "The talks were not held in Paris.", True),
        ("How many of them met?", "Both met.", True),
        ("Where was Paris in 2024?", "Paris was under 2025.", True),
        ("Did those who met in Paris hold talks?", "Those who met in Paris hold talks.", True),
        ("What was in Paris, talks or a party?", "Talks was in Paris.", True),
        ("talks held Paris", "The talks were held in Paris.", True),
    ],
)
def test_draft_statement_that_only_says_the_question_again_is_left_out(
    question: str, reply: str, kept: bool
) -> None:
    draft = parse_draft(f"{reply} {TEXTS[0]}", whole_excerpts(HITS), question=question)
    assert [claim.text for claim in draft.claims] == [reply, TEXTS[0]][not kept :]


def test_composer_markup_in_the_reply_is_only_text(ask: Ask) -> None:
    pieces, draft = ask(
        streams(
            "![x](https://evil.example/?q=1)Egypt <b>led</b> the la",
            "test round [1](https://evil.example). <img src=x on",
            "error=alert(1)>\u202e",
        )
    )
    assert "".join(pieces) == "xEgypt led the latest round [1]. "
    assert claims(draft) == [("xEgypt led the latest round.", [TEXTS[0]])]


def test_composer_a_list_stays_one_without_what_it_says_again(ask: Ask) -> None:
    reply = (
        "Title 1\n\n1. Who led?\n2. Egypt led the latest round [1].\n3. Egypt led the latest round."
        "\n4. Title 2. Three men met in Paris [3]."
    )
    pieces, draft = ask(streams(*reply))
    assert "".join(pieces) == reply
    assert claims(draft) == [
        ("Egypt led the latest round.", [TEXTS[0]]),
        ("Three men met in Paris.", [TEXTS[2]]),
    ]
    assert label(draft, strict=False).text == (
        "1. Egypt led the latest round. [1]\n2. Three men met in Paris. [2]"
    )


@pytest.mark.parametrize(
    "reply",
    [
        "No document of the round was signed.",
        "This document is not signed by Egypt.",
        "The documents say that no deal was reached.",
        "The information was given by Egypt.",
    ],
)
def test_composer_statement_about_a_document_is_no_refusal(ask: Ask, reply: str) -> None:
    _, draft = ask(streams(reply))
    assert (len(draft.claims), draft.declined) == (1, False)


@pytest.mark.parametrize(
    "reply",
    [
        NO_ANSWER,
        NO_ANSWER.rstrip(".").upper(),
        f"{NO_ANSWER} Egypt led the latest round [1].",
        "The passages do not mention who led.",
        "Sorry, the provided context doesn't say that.",
        "I don't know.",
        "There is no information about that.",
        "Unfortunately, these documents are not specific about who led.",
    ],
)
def test_composer_reply_that_declines_is_a_draft_that_declines(ask: Ask, reply: str) -> None:
    _, draft = ask(streams(reply))
    assert (draft.claims, draft.declined, draft.note) == ((), True, "")


def test_composer_declining_words_after_an_answer_are_dropped(ask: Ask) -> None:
    _, draft = ask(streams(f"Egypt led the latest round [1]. {NO_ANSWER}"))
    assert claims(draft) == [("Egypt led the latest round.", [TEXTS[0]])]
    assert not draft.declined


def test_composer_echoes_of_the_prompt_and_questions_are_dropped(ask: Ask) -> None:
    reply = "Title 1\nWho led the latest round?\nEgypt led the latest round [1]."
    _, draft = ask(streams(reply))
    assert claims(draft) == [("Egypt led the latest round.", [TEXTS[0]])]


def test_composer_the_same_statement_twice_is_one(ask: Ask) -> None:
    _, draft = ask(streams("Egypt led the latest round [1]. Egypt led the latest round."))
    assert claims(draft) == [("Egypt led the latest round.", [TEXTS[0]])]


def test_composer_a_model_that_goes_round_is_stopped(ask: Ask, servers: list[FakeLLM]) -> None:
    pieces, draft = ask(hangs(*["Egypt led the latest round. "] * 5))
    assert "".join(pieces) == "Egypt led the latest round. " * 4
    assert claims(draft) == [("Egypt led the latest round.", [TEXTS[0]])]
    assert draft.note == ""
    assert servers[0].gone.wait(30)


@pytest.mark.parametrize(
    "more",
    ["\n\nQuestion: Who came?", "\n\n[4] (Title 4) Three men met.", "\n[1] (A > B) Men met."],
)
def test_composer_a_model_that_goes_on_with_its_prompt_is_stopped(
    ask: Ask, servers: list[FakeLLM], more: str
) -> None:
    _, draft = ask(hangs("Egypt led the latest round [1].", *more))
    assert claims(draft) == [("Egypt led the latest round.", [TEXTS[0]])]
    assert (draft.stray, draft.note) == (0, "")
    assert servers[0].gone.wait(30)


def test_composer_labels_that_lead_their_lines_are_no_prompt(ask: Ask) -> None:
    _, draft = ask(streams("[1] Egypt led the latest round.\n\n[3] Three men met in Paris.\n"))
    assert [len(claim.quotes) for claim in draft.claims] == [1, 1]


@pytest.mark.parametrize("status", [401, 404, 302])
def test_composer_server_that_refuses_leaves_a_note(
    ask: Ask, servers: list[FakeLLM], status: int
) -> None:
    pieces, draft = ask(fails(status))
    assert pieces == []
    assert (draft.claims, draft.declined) == ((), False)
    assert draft.note.startswith(f"The LLM at {servers[0].host} ")
    assert f"({status})" in draft.note


def test_composer_white_space_is_no_answer(ask: Ask, servers: list[FakeLLM]) -> None:
    _, draft = ask(streams(" \n", "\u200b"))
    assert draft == Draft((), note=f"The LLM at {servers[0].host} returned no answer.")


def test_composer_reasoning_alone_is_no_answer(ask: Ask, servers: list[FakeLLM]) -> None:
    _, draft = ask(streams("<think>Egypt led the latest round [1].", "</think>"))
    assert draft == Draft((), note=f"The LLM at {servers[0].host} returned no answer.")


def test_composer_cut_stream_keeps_whole_statements_and_a_note(
    ask: Ask, servers: list[FakeLLM]
) -> None:
    pieces, draft = ask(cuts("Egypt led the latest round [1]. More than 12"))
    assert "".join(pieces) == "Egypt led the latest round [1]. More than 12"
    assert claims(draft) == [("Egypt led the latest round.", [TEXTS[0]])]
    assert draft.note == (
        f"The LLM at {servers[0].host} broke off in the middle: try again. The answer is cut off."
    )


def test_composer_cut_stream_keeps_its_only_words(ask: Ask) -> None:
    _, draft = ask(cuts("Egypt led the latest"))
    assert claims(draft) == [("Egypt led the latest", [TEXTS[0]])]
    assert draft.note.endswith("The answer is cut off.")


def test_composer_error_in_the_middle_keeps_the_words_before(ask: Ask) -> None:
    _, draft = ask(sends(event("Egypt led [1]. "), 'data: {"error": {"message": "no memory"}}\n\n'))
    assert claims(draft) == [("Egypt led.", [TEXTS[0]])]
    assert 'saying "no memory"' in draft.note


def test_composer_no_room_in_the_model_asks_again_with_half_the_passages(
    ask: Ask, servers: list[FakeLLM]
) -> None:
    too_long = fails(400, "the request exceeds the context window", "context_length_exceeded")
    _, draft = ask(too_long, streams("Egypt led the latest round [1]."))
    assert claims(draft) == [("Egypt led the latest round.", [TEXTS[0]])]
    first, second = (request["body"]["messages"][-1]["content"] for request in servers[0].requests)
    assert [text in first for text in TEXTS] == [True, True, True]
    assert [text in second for text in TEXTS] == [True, False, False]


def test_composer_empty_reply_may_mean_no_room_and_is_asked_again_with_half(
    ask: Ask, servers: list[FakeLLM]
) -> None:
    _, draft = ask(streams(), streams("Egypt led the latest round [1]."))
    assert claims(draft) == [("Egypt led the latest round.", [TEXTS[0]])]
    assert TEXTS[1] not in servers[0].requests[1]["body"]["messages"][-1]["content"]


def test_composer_no_room_even_for_half_leaves_a_note(ask: Ask, servers: list[FakeLLM]) -> None:
    too_long = fails(400, "prompt is too long")
    _, draft = ask(too_long, too_long)
    assert draft.note == f"The LLM at {servers[0].host} has no room for the passages."


def test_composer_turns_go_to_the_model_as_chat(ask: Ask, servers: list[FakeLLM]) -> None:
    ask(streams("Egypt led [1]."), turns=[Turn("Where was it?", "In Cairo.")])
    texts = [message["content"] for message in servers[0].requests[0]["body"]["messages"]]
    assert texts[-3:-1] == ["Where was it?", "In Cairo."]


def test_composer_labels_count_the_passages_that_were_sent(ask: Ask) -> None:
    long = (hit("x" * 1000, 1), *(hit(text, rank) for rank, text in enumerate(TEXTS, start=2)))
    _, draft = ask(streams("Three men met in Paris [2]. Egypt led [4]."), hits=long, tokens=265)
    assert [quote.passage.document for quote in draft.claims[0].quotes] == ["4.md"]
    assert draft.stray == 1


@pytest.mark.parametrize(
    ("budget", "sizes", "packed"),
    [
        (200, [400, 400], [1, 2]),
        (199, [400, 400], [1]),
        (200, [4000, 40], [1]),
        (200, [400, 800, 40], [1, 3]),
    ],
)
def test_pack_takes_whole_passages_best_first_and_at_least_one(
    budget: int, sizes: list[int], packed: list[int]
) -> None:
    hits = [hit("x" * size, rank) for rank, size in enumerate(sizes, start=1)]
    assert [one.passage.document for one in pack_excerpts(whole_excerpts(hits), budget)] == [
        f"{n}.md" for n in packed
    ]


def test_pack_counts_bytes_so_that_other_scripts_fit() -> None:
    hits = [hit("京" * 100, 1), hit("京" * 100, 2), hit("京" * 100, 3)]
    assert len(pack_excerpts(whole_excerpts(hits), 150)) == 2


def test_composer_without_a_server_names_the_setting() -> None:
    with pytest.raises(ConfigError, match="FOOTNOTE_LLM_URL"):
        LLMComposer(load_settings(Settings, composer="llm"))


def test_composer_import_loads_no_llm_library() -> None:
    code = (
        "import sys, rag.composition.generative; "
        "print(sorted({'llama_index', 'openai', 'httpx', 'torch'} & sys.modules.keys()))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_composer_budget_follows_from_what_the_server_tells(servers: list[FakeLLM]) -> None:
    servers.append(FakeLLM([streams("Egypt led the latest round [1].")]))
    servers[-1].facts["/v1/models"] = {"data": [{"id": "m", "context_length": 512}]}
    settings = load_settings(Settings, llm_url=servers[-1].url, llm_model="m", llm_seconds=10)
    long = [hit(f"{rank} " + "x" * 400, rank) for rank in range(1, 9)]
    drain(LLMComposer(settings), ComposerInput("Who led?", tuple(long), ()))
    asked = servers[-1].requests[0]["body"]["messages"][-1]["content"]
    assert [f"\n{rank} xxx" in asked for rank in range(1, 5)] == [True, True, False, False]


PARTIAL = "The documents do not state who paid."


@pytest.mark.parametrize(
    ("reply", "text", "closing"),
    [
        (
            f"Egypt led the latest round [1]. {PARTIAL}",
            "Egypt led the latest round. [1]",
            PARTIAL,
        ),
        (
            f"{PARTIAL} Egypt led the latest round [1].",
            "Egypt led the latest round. [1]",
            PARTIAL,
        ),
        (
            "Egypt led the latest round [1]. The documents do not mention that Norway paid 5.",
            "Egypt led the latest round. [1]",
            "The documents don't state everything that was asked.",
        ),
        (
            "Egypt led the latest round [1]. Die Dokumente nennen keine Kosten.",
            "Egypt led the latest round. [1]",
            "Die Dokumente nennen keine Kosten.",
        ),
        (
            "Egypt led the latest round [1]. Les documents ne mentionnent pas qui paie.",
            "Egypt led the latest round. [1]",
            "Les documents ne mentionnent pas qui paie.",
        ),
        (
            "Egypt led the latest round [1]. Los documentos no mencionan quien paga.",
            "Egypt led the latest round. [1]",
            "Los documentos no mencionan quien paga.",
        ),
    ],
)
def test_draft_partial_answer_keeps_what_is_missing_as_its_last_sentence(
    reply: str, text: str, closing: str
) -> None:
    draft = parse_draft(reply, whole_excerpts(HITS), question="Who led, and who paid?")
    assert (label(draft, strict=False).text, draft.closing) == (text, closing)


def test_draft_tables_headings_and_lead_ins_stay_and_rows_have_their_citations() -> None:
    reply = (
        "## The talks\n\nThese are the rounds:\n\n| Who | What |\n|:--|---|\n"
        "| Egypt | led the latest round [1] |\n| Norway | paid 99 dollars [1] |\n"
        "| Three men | met in Paris [3] |\n\n**Gaza:**\n- More than 120 hostages remain [2].\n"
    )
    draft = parse_draft(reply, whole_excerpts(HITS), question="What do the rounds say of talks?")
    assert label(draft, strict=True).text == (
        "#### The talks\n\nThese are the rounds:\n\n| Who | What |\n| :--- | --- |\n"
        "| Egypt | led the latest round [1] |\n| Three men | met in Paris [2] |\n\n"
        "#### Gaza:\n\n- More than 120 hostages remain. [3]"
    )


def test_draft_heading_with_names_and_numbers_of_its_own_is_left_out() -> None:
    reply = "## Norway Bergen 2025\n\nEgypt led the latest round [1]."
    draft = parse_draft(reply, whole_excerpts(HITS))
    assert label(draft, strict=False).text == "Egypt led the latest round. [1]"


ROW = Claim("Three men placed 83 orders.", (Quote(HITS[2].passage, 3000, 3045),), computed=True)
GIVEN = Draft((ROW,), computed=Computed("83", 83, "rows where customer is Three men"))


@pytest.mark.parametrize(
    ("reply", "text"),
    [
        ("They placed 83 orders [1].", "They placed 83 orders."),
        ("They placed 10 orders [3].", ROW.text),
        ("They placed 83 orders for 99 euros [1].", ROW.text),
        (NO_ANSWER, ROW.text),
    ],
)
def test_composer_computed_figure_is_stated_whatever_the_model_says(
    servers: list[FakeLLM], reply: str, text: str
) -> None:
    servers.append(FakeLLM([streams(reply)]))
    settings = load_settings(Settings, llm_url=servers[-1].url, llm_model="m", llm_seconds=10)
    evidence = ComposerInput("How many orders?", HITS, (), given=GIVEN)
    _, draft = drain(LLMComposer(settings), evidence)
    assert [(claim.text, claim.computed) for claim in draft.claims] == [(text, True)]
    assert draft.claims[0].quotes == ROW.quotes
    assert draft.computed == GIVEN.computed


def test_composer_small_model_is_not_asked_for_what_is_computed(servers: list[FakeLLM]) -> None:
    servers.append(FakeLLM([]))
    settings = load_settings(Settings, llm_url=servers[-1].url, llm_model="tiny-135m")
    pieces, draft = drain(LLMComposer(settings), ComposerInput("How?", HITS, (), given=GIVEN))
    assert (pieces, draft) == ([ROW.text], GIVEN)


@pytest.mark.parametrize(
    ("reply", "claims_left"),
    [("Norway has fjords [1].", 0), ("Egypt led the latest round [1].", 1)],
)
def test_composer_unsure_question_is_answered_only_with_support(
    servers: list[FakeLLM], reply: str, claims_left: int
) -> None:
    servers.append(FakeLLM([streams(reply)]))
    settings = load_settings(Settings, llm_url=servers[-1].url, llm_model="m", llm_seconds=10)
    _, draft = drain(LLMComposer(settings), ComposerInput("Who led?", HITS, (), is_sure=False))
    assert (len(draft.claims), draft.declined) == (claims_left, not claims_left)

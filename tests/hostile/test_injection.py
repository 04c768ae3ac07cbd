"""Hostile documents, and LLMs that obey them: every payload is only words on every surface.

The LLM is a stub on the attacker's side: it says the payload, whatever it is asked.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

import click
import httpx
import openai
import pytest
from click.testing import CliRunner
from fastapi.testclient import TestClient

from index.catalog.reader import DocumentInfo
from index.sentences import sentence_spans
from index.settings import load_settings
from index.types import Document, Hit, Passage
from rag.citations.labelling import label
from rag.composition.base import Composer, ComposerInput, ReadingList
from rag.composition.extractive import QuotesComposer
from rag.composition.generative import LLMComposer
from rag.llm.base import ChatMessage
from rag.llm.client import OpenAICompatibleLLM
from rag.llm.errors import llm_error
from rag.llm.facts import ModelFacts, Profile
from rag.llm.prompts import (
    answer_messages,
    notes_messages,
    part_messages,
    query_messages,
    remaining_messages,
    rewrite_messages,
    sql_messages,
)
from rag.retrieval.sentences import RankedSentence
from rag.schema import AnswerBody
from rag.settings import Settings
from rag.types import (
    Answer,
    AskOptions,
    Claim,
    Delta,
    Done,
    Draft,
    Event,
    PartRead,
    Quote,
    Reason,
    Refusal,
    Retrieved,
    Turn,
)
from tests.helpers.inert import active_in_page, active_in_terminal, active_in_text, events_of
from tests.helpers.payloads import FAMILIES, PAYLOADS
from tests.helpers.serving import FakeEngine, client_over, one_folder
from ui.cli.ask import _print_answer
from ui.http.api import api_routes
from ui.http.streaming import answer_event
from ui.page.html_conversation import exchange_html
from ui.page.html_panels import actions_html, chats_html, documents_html, suggestions_html
from ui.page.source_cards import sources_html
from ui.service.answer_options import OptionsPolicy
from ui.service.background_sync import SyncState
from ui.service.history import Chat, Exchange
from ui.service.library import LibraryState
from ui.service.tokens import ANYONE
from ui.viewer.document import document_page

pytestmark = [pytest.mark.unit, pytest.mark.slow]

SHARED = Path(__file__).parents[2].parent / "shared" / "data"
QUESTION = "Who led the latest round of talks?"
BEFORE = "Egypt led the latest round of talks [1]. "
AFTER = " More than 120 hostages remain in Gaza [2]."
TEXTS = ("Egypt led the latest round of talks.", "More than 120 hostages remain in Gaza.")
ALL_CUTS = 600  # characters of a payload that is cut everywhere

_payloads = pytest.mark.parametrize("payload", PAYLOADS.values(), ids=PAYLOADS)


def each_payload(test: Callable[..., None]) -> Callable[..., None]:
    """Two payloads of every family on each change, and other ones for each test."""
    marked: Callable[..., None] = pytest.mark.sample(2, by="family")(_payloads(test))
    return marked


def hit(text: str, rank: int, path: str = "", title: str = "", heading: str = "") -> Hit:
    path = path or f"{rank}.md"
    passage = Passage(f"p{rank}", path, title, heading, text, 0, len(text), None, "d" * 64)
    return Hit(passage, 1 / rank, rank)


HITS = tuple(hit(text, rank) for rank, text in enumerate(TEXTS, start=1))


class Obedient(OpenAICompatibleLLM):
    """Says what the attacker wants."""

    def __init__(self, pieces: Sequence[str]) -> None:
        super().__init__("http://stub.invalid/v1", "stub")
        self.pieces = pieces

    def facts(self) -> ModelFacts:
        return ModelFacts()

    def stream(self, answer_messages: Sequence[ChatMessage]) -> Generator[str, None, None]:
        yield from self.pieces


SETTINGS = load_settings(Settings, llm_url="http://stub.invalid/v1")


def composer(pieces: Sequence[str], profile: Profile = Profile.CAPABLE) -> LLMComposer:
    settings = SETTINGS.model_copy(update={"llm_profile": profile.value})
    return LLMComposer(settings, Obedient(pieces))


def events(
    composer: Composer, hits: tuple[Hit, ...] = HITS, evidence: ComposerInput | None = None
) -> Iterator[Event]:
    """The events of an answer as the engine gives them, without its search."""
    sentences = tuple(
        RankedSentence(Quote(each.passage, start, end), each, 4.0, 1.0)
        for each in hits
        for start, end in sentence_spans(each.passage.text)
    )
    yield Retrieved(QUESTION, hits)
    pieces = composer.compose(evidence or ComposerInput(QUESTION, hits, sentences))
    while True:
        try:
            piece = next(pieces)
            yield piece if isinstance(piece, PartRead) else Delta(piece)
        except StopIteration as stop:
            yield Done(answer_of(stop.value, composer.name, hits))
            return


def answer_of(draft: Draft, name: str, hits: tuple[Hit, ...] = HITS) -> Answer:
    shown = label(draft, strict=False)
    refusal = None if shown.citations else Refusal(Reason.UNSUPPORTED, draft.note or "No answer.")
    return Answer(
        QUESTION,
        QUESTION,
        refusal.message if refusal else shown.text,
        () if refusal else shown.statements,
        () if refusal else shown.citations,
        refusal,
        hits,
        name,
        draft.stray,
        draft.note,
    )


def done(happened: Iterable[Event]) -> Answer:
    *_, last = happened
    assert isinstance(last, Done)
    return last.answer


def page(answer: Answer, question: str = QUESTION) -> str:
    exchange = Exchange("t1", question, answer.hits, "", answer)
    return exchange_html(exchange) + sources_html([exchange])


@lru_cache(maxsize=100_000)
def active_while_running(text: str) -> list[str]:
    return active_in_page(exchange_html(Exchange("t1", QUESTION, HITS, text)))


def terminal(answer: Answer) -> str:
    result = CliRunner().invoke(
        click.Command("show", callback=lambda: _print_answer(answer)), color=True
    )
    assert result.exception is None
    return result.output


def assert_cites_only_what_was_found(answer: Answer) -> None:
    labels = [citation.label for citation in answer.citations]
    assert labels == list(range(1, len(labels) + 1))
    assert {number for s in answer.statements for number in s.citations} == set(labels)
    for citation in answer.citations:
        assert citation.passage in [found.passage for found in answer.hits]
        quote = citation.quote
        assert citation.passage.text[quote.start : quote.end] == quote.text != ""


def assert_inert(answer: Answer) -> None:
    """On the page, in the terminal and, where an LLM wrote it, in the text of the JSON."""
    assert_cites_only_what_was_found(answer)
    assert active_in_page(page(answer)) == []
    assert active_in_terminal(terminal(answer)) == []
    body = AnswerBody.of(answer).model_dump(mode="json")
    assert json.loads(json.dumps(body)) == body
    if answer.composer == "llm":
        texts = [answer.text, answer.note, *(statement.text for statement in answer.statements)]
        assert [active_in_text(text) for text in texts] == [[] for _ in texts]


def splits(payload: str) -> Iterator[list[str]]:
    """A reply with the payload in two pieces, cut at every place of it, and in single characters.

    Of a long payload, only some cuts and larger pieces.
    """
    reply, short = BEFORE + payload + AFTER, len(payload) <= ALL_CUTS
    size = 1 if short else 40
    yield [reply[start : start + size] for start in range(0, len(reply), size)]
    ends = {*range(10), *range(len(payload) - 10, len(payload) + 1)}
    for cut in range(len(payload) + 1):
        if short or cut in ends or cut % 250 == 0:
            yield [reply[: len(BEFORE) + cut], reply[len(BEFORE) + cut :]]


@pytest.mark.parametrize("profile", Profile)
@each_payload
def test_injected_reply_is_only_words_on_every_surface(payload: str, profile: Profile) -> None:
    for reply in (payload, BEFORE + payload, payload + AFTER, BEFORE + payload + AFTER):
        assert_inert(done(events(composer([reply], profile))))


@each_payload
def test_injected_notes_and_summary_are_only_words_on_every_surface(payload: str) -> None:
    filler = " Gulls were seen on the pier." * 40
    hits = tuple(hit(f"{text}{filler}\n\n{held(payload)}", n) for n, text in enumerate(TEXTS, 1))
    own = Draft((Claim(TEXTS[0], (Quote(hits[0].passage, 0, len(TEXTS[0])),)),))
    reading = ReadingList(tuple(one.passage for one in hits), 2)
    evidence = ComposerInput(QUESTION, hits, (), given=own, reading=lambda _: reading)
    settings = SETTINGS.model_copy(update={"llm_profile": "capable", "llm_context_tokens": 200})
    for reply in (payload, BEFORE + payload + AFTER):
        happened = list(events(LLMComposer(settings, Obedient([reply])), hits, evidence))
        assert [one for one in happened if isinstance(one, PartRead)][-1] == PartRead(2, 2)
        assert_inert(done(happened))


@each_payload
def test_injected_reply_cut_anywhere_gives_the_same_answer_and_no_active_page(payload: str) -> None:
    whole = done(events(composer([BEFORE + payload + AFTER])))
    for pieces in splits(payload):
        text = ""
        for event in events(composer(pieces)):
            if isinstance(event, Delta):
                text += event.text
                assert active_while_running(text) == []
            elif isinstance(event, Done):
                assert event.answer == whole


@each_payload
def test_injected_reply_while_it_streams_and_afterwards_is_only_words(payload: str) -> None:
    happened = list(events(composer([*BEFORE, *payload, *AFTER])))
    text = "".join(event.text for event in happened if isinstance(event, Delta))
    assert active_in_text(text) == []
    followed = Exchange("t1", QUESTION, HITS, text, done(happened))
    assert active_in_page(exchange_html(followed)) == []


def held(payload: str) -> str:
    """A payload as a document can hold it: no text that is indexed has lone surrogates."""
    return payload.encode("utf-8", "ignore").decode()


@each_payload
def test_injected_document_is_only_words_when_it_is_quoted(payload: str) -> None:
    text = f"{TEXTS[0]} {held(payload)}\n\n{TEXTS[1]}"
    hits = (hit(text, 1), hit(held(payload) or "x", 2))
    for most in (1, 3):
        assert_inert(done(events(QuotesComposer(most), hits)))


@each_payload
def test_injected_document_is_only_words_in_the_list_of_sources(payload: str) -> None:
    text = held(payload).replace("\0", "").replace("\n", " ")
    for name in ({"path": text}, {"title": text}, {"heading": text}):
        answer = done(events(QuotesComposer(1), (hit(TEXTS[0], 1, **name), hit(TEXTS[1], 2))))
        assert answer.citations
        assert_inert(answer)
    infos = (
        DocumentInfo(text, text, 1, 1, 1, None, 0, (text,)),
        DocumentInfo(text, "", 1, None, 0, text, 0, ()),
    )
    shelf = LibraryState(1, infos, SyncState(error=text), "", (text,))
    assert active_in_page(documents_html(shelf)) == []


@each_payload
def test_injected_document_is_only_words_on_its_own_page(payload: str) -> None:
    text = f"{TEXTS[0]} {held(payload)} {TEXTS[1]}"
    document = Document("a.md", held(payload), text, "d" * 64)
    for span in ((0, 0), (0, len(text)), (30, 50)):
        body = document_page(document, *span).partition("<body>")[2].partition("</body>")[0]
        assert set(active_in_page(body)) <= {
            "<a href='/'>",
            "<a href='/documents/a.md?reading=1'>",
            "<main>",
            "<h1>",
            "<mark id='quote'>",
        }


@pytest.mark.parametrize("profile", Profile)
@each_payload
def test_injected_document_can_neither_speak_in_the_prompt_nor_give_a_label(
    payload: str, profile: Profile
) -> None:
    passages = [found.passage for found in (hit(held(payload), 1), hit(TEXTS[1], 2))]
    clean = [found.passage for found in (hit("Nothing.", 1), hit(TEXTS[1], 2))]
    turns = [Turn("Who?", held(payload))]
    chat, expected = (answer_messages(QUESTION, of, turns, profile) for of in (passages, clean))
    assert [message.role for message in chat] == [message.role for message in expected]
    blocks = chat[-1].text.split("\n\n")
    assert [block[:4] for block in blocks] == ["[1] ", "[2] ", "Ques"]
    for text in (*blocks[:2], chat[-2].text):
        assert active_speakers(text[4:]) == []


@each_payload
def test_injected_words_can_speak_in_no_prompt_of_further_rounds(payload: str) -> None:
    passages = [hit(held(payload), 1).passage, hit(TEXTS[1], 2).passage]
    answered = f"It was.\n{held(payload)}"
    further = remaining_messages(QUESTION, passages, 3, answered, held(payload))
    blocks = further[-1].text.split("\n\n")
    assert [block[:4] for block in blocks] == ["[3] ", "[4] ", "Ques", "This", "This", "Writ"]
    assert [*map(active_speakers, (blocks[0][4:], *blocks[3:5]))] == [[], [], []]
    part = part_messages(QUESTION, passages, 1, 2, 6)[-1].text.split("\n\n")
    notes = notes_messages(QUESTION, passages)[-1].text.split("\n\n")
    for prompt in (part, notes):
        assert [block[:4] for block in prompt] in (FOUR, FOUR_OF_NOTES)
        assert active_speakers(prompt[0][4:]) == []
    query = query_messages(held(payload), held(payload))
    rewritten = rewrite_messages(held(payload), [Turn(held(payload), held(payload))])
    sql = sql_messages(held(payload), f"t1:\n{held(payload)}", [("SELECT 1", held(payload))])
    for message in (*query, *rewritten, *sql):
        text = message.text.removeprefix("Question: ").replace("\n\nQuestion: ", "\n\n- ")
        text = text.removeprefix("Last question: ")
        assert active_speakers(text) == []


FOUR = ["[1] ", "[2] ", "Thes", "Ques"]
FOUR_OF_NOTES = ["[1] ", "[2] ", "The ", "Ques"]


def active_speakers(text: str) -> list[str]:
    """Marks of chat templates and of our own prompt."""
    marks = ("<|", "[INST]", "[/INST]", "<<SYS>>", "<s>", "Question:", "<start_of_turn>")
    lines = [line for line in text.splitlines()[1:] if line.startswith(("[", "Question"))]
    return [mark for mark in marks if mark in text] + [
        line for line in lines if line[1:2].isdigit()
    ]


@each_payload
def test_injected_question_is_only_words_on_the_page(payload: str) -> None:
    answer = replace(done(events(QuotesComposer(1))), query=payload)
    assert active_in_page(page(answer, payload)) == []
    exchange = Exchange("t1", payload, fault=payload, outdated={payload: "has changed"})
    assert active_in_page(exchange_html(exchange)) == []
    rated = replace(exchange, answer=answer, rating="down", reason=payload)
    assert active_in_page(actions_html(rated, is_last=True)) == []
    assert active_in_page(suggestions_html([payload], payload)) == []
    chats = [Chat("a" * 32, payload, 0.0)]
    assert active_in_page(chats_html(chats, "a" * 32, datetime.now())) == []


@each_payload
def test_injected_fault_of_an_llm_server_is_only_words(payload: str) -> None:
    request = httpx.Request("POST", "http://stub.invalid/v1")
    error = openai.APIError(payload, request, body={"message": payload})
    note = str(llm_error(error, "stub.invalid", "small", "sk-secret"))
    assert_inert(answer_of(Draft((), note=note), "llm"))


class Door(FakeEngine):
    """Answers with one reply of an LLM."""

    def __init__(self, reply: str) -> None:
        super().__init__()
        self.reply = reply

    def stream(
        self, question: str, turns: Sequence[Turn] = (), options: AskOptions = AskOptions()
    ) -> Generator[Event, None, None]:
        yield from events(composer([*self.reply]))


def client_of(reply: str) -> TestClient:
    access = one_folder(Door(reply))
    policy = OptionsPolicy(load_settings(Settings))
    return client_over(api_routes(access, policy, access.answers(ANYONE)))


@each_payload
def test_injected_reply_breaks_out_of_neither_json_nor_event_stream(payload: str) -> None:
    reply = BEFORE + payload + AFTER
    client = client_of(reply)
    expected = list(events(composer([*reply])))
    asked: dict[str, Any] = {"json": {"question": QUESTION}}
    plain = client.post("/v1/ask", **asked)
    streamed = client.post("/v1/ask", headers={"Accept": "text/event-stream"}, **asked)
    body = AnswerBody.of(done(expected)).model_dump(mode="json")
    assert plain.headers["content-type"] == "application/json"
    assert plain.json() == body
    assert streamed.text.isascii()
    assert streamed.text == "".join(answer_event(event).encode().decode() for event in expected)
    got = events_of(streamed.text)
    names = ["retrieved", *["delta"] * (len(expected) - 2), "done"]
    assert [name for name, _ in got] == names
    assert got[-1][1] == body


def test_injected_payloads_are_many_and_of_every_family() -> None:
    assert len(FAMILIES) == 12
    assert len(set(PAYLOADS.values())) == len(PAYLOADS) >= 150


@pytest.mark.skipif(not (SHARED / "bipia").is_dir(), reason="needs ../shared/data")
def test_injected_instructions_of_bipia_are_only_words() -> None:
    attacks = json.loads((SHARED / "bipia" / "text_attack_train.json").read_text("utf-8"))
    lines = (SHARED / "bipia" / "email_train.jsonl").read_text("utf-8").splitlines()
    emails = [json.loads(line)["context"] for line in lines]
    instructions = [text for family in attacks.values() for text in family]
    assert len(instructions) == 75
    for number, instruction in enumerate(instructions):
        email = emails[number % len(emails)]
        for text in (f"{instruction}\n{email}", f"{email}\n{instruction}"):
            reply = BEFORE + text + AFTER
            answer = done(events(composer([reply])))
            assert done(events(composer([*reply]))) == answer
            assert_inert(answer)
            assert_inert(done(events(QuotesComposer(3), (hit(text, 1), HITS[1]))))


@pytest.mark.parametrize(
    ("check", "output"),
    [
        (active_in_page, "<img src=x>"),
        (active_in_page, "<p onclick='x()'>a</p>"),
        (active_in_page, '<a href="https://evil.example">a</a>'),
        (active_in_page, '<p style="background:url(//evil.example)">a</p>'),
        (active_in_page, "a\u202eb"),
        (active_in_page, "<!-- a -->"),
        (active_in_text, "[a](//evil.example)"),
        (active_in_text, "[a]\n\n[a]: //evil.example"),
        (active_in_text, "<b onclick='x()'>a</b>"),
        (active_in_text, "a\u200bb"),
        (active_in_terminal, "\x1b[31ma"),
        (active_in_terminal, "\x1b[1ma\x1b]8;;b\x1b[0m"),
        (active_in_terminal, "a\u202eb"),
        (active_speakers, "a <|im_start|>system"),
    ],
)
def test_checks_of_an_output_that_acts_find_it(
    check: Callable[[str], list[str]], output: str
) -> None:
    assert len(check(output)) >= 1
    assert check("only words") == []

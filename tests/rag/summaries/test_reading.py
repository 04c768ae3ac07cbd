"""What is read for a summary of documents, and the way of one through the engine to the doors."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner
from pytest_socket import enable_socket

from index.settings import load_settings
from index.snapshots import Index
from index.sync.sync import sync
from index.types import Passage
from rag.composition.base import ReadingList
from rag.engine import Engine
from rag.llm.prompts import NO_ANSWER
from rag.settings import Settings
from rag.summaries.reading import read_in_part, to_summarise
from rag.types import Done, PartRead, Support
from tests.helpers.fake_llm import Handler, starting, streams
from tests.helpers.indexing import sharing_minilm, write
from ui.cli import main

pytestmark = pytest.mark.model

TOPICS = ("Anchors", "Boats", "Cranes", "Docks")
NAMES = ("harbour", "station")


def text_of(name: str) -> str:
    sections = [
        f"## {topic}\n\n"
        + f"The {name} has {place + 3} {topic.lower()} in use. "
        + "\n\n".join(
            f"Of its {topic.lower()} number {n} is looked after by the {name}'s own people, who "
            f"paint and grease it each spring and write that down in the book of {topic.lower()}."
            for n in range(2, 9)
        )
        for place, topic in enumerate(TOPICS)
    ]
    return f"# The {name}\n\n" + "\n\n".join(sections)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder, data = tmp_path_factory.mktemp("corpus"), tmp_path_factory.mktemp("data")
    with sharing_minilm():
        write(folder, {f"{name}.md": text_of(name) for name in NAMES})
        sync(load_settings(Settings, data=data), folder)
    return data


@pytest.fixture(scope="module")
def index(data: Path) -> Iterator[Index]:
    with sharing_minilm():
        opened = Index(load_settings(Settings, data=data))
        yield opened
        opened.close()


def reads(index: Index, question: str, tokens: int) -> ReadingList:
    with index.lease() as snapshot:
        return to_summarise(question, snapshot, tokens)


def sections(passages: tuple[Passage, ...]) -> list[tuple[str, str]]:
    return list(dict.fromkeys((one.document, one.own_heading) for one in passages))


def test_reading_of_a_named_document_is_all_of_it(index: Index) -> None:
    with index.lease() as snapshot:
        whole = tuple(snapshot.passages_in("harbour.md"))
    assert reads(index, "Summarise harbour.md", 10_000) == ReadingList(whole, len(whole))


def test_reading_of_a_section_is_that_section(index: Index) -> None:
    found = reads(index, "Summarise the cranes in harbour.md", 10_000)
    assert sections(found.passages) == [("harbour.md", "Cranes")]
    assert found.total == len(found.passages)


def test_reading_of_too_much_takes_some_of_each_section_of_each_document(index: Index) -> None:
    everything = reads(index, "Summarise all documents", 10_000)
    some = reads(index, "Summarise all documents", 1_400)
    assert sections(some.passages) == sections(everything.passages)
    assert (some.total, len(everything.passages)) == (everything.total, everything.total)
    assert len(some.passages) < some.total
    order = [one.id for one in everything.passages]
    assert [one.id for one in some.passages] == sorted(
        (o.id for o in some.passages), key=order.index
    )


def test_reading_in_part_is_one_passage_at_least() -> None:
    one = Passage("a", "a.md", "a", "", "word " * 100, 0, 500, None, "d")
    assert read_in_part([[one, replace(one, id="b")]], 1) == (one,)
    assert read_in_part([], 100) == ()


_EXCERPT = re.compile(r"^\[(\d+)\] \(([^)]*)\)\n(.*?)(?=^\[\d+\] \(|\Z)", re.MULTILINE | re.DOTALL)
_FACT = re.compile(r"The \w+ has \d+ \w+ in use\.")


def what_is_in_use(handler: Handler) -> None:
    """Says, of each excerpt, what its document has in use, in words of its own."""
    asked = handler.fake.requests[-1]["body"]["messages"][-1]["content"]
    said = list[str]()
    for label, _, text in _EXCERPT.findall(asked):
        said += [f"- {line} [{label}].\n" for line in text.splitlines() if "In use at" in line]
        for _, name, _, count, things, *_ in map(str.split, _FACT.findall(text)):
            said.append(f"- In use at the {name} are {count} {things} [{label}].\n")
    streams(*(said or [NO_ANSWER]))(handler)


SAID = [
    f"In use at the {name} are {n + 3} {topic.lower()}."
    for name in NAMES
    for n, topic in enumerate(TOPICS)
]


def test_summary_of_a_folder_goes_through_the_engine_and_cites_each_section(index: Index) -> None:
    enable_socket()
    with starting() as start:
        server = start(*[what_is_in_use] * 9)
        settings = load_settings(
            Settings, llm_url=server.url, llm_model="m", llm_context_tokens=500
        )
        events = list(Engine(settings, index).stream("Summarise all documents"))
        asked = len(server.requests)
    parts = [(one.part, one.of) for one in events if isinstance(one, PartRead)]
    assert parts == [(n, asked - 1) for n in range(1, asked)]
    assert asked >= 4
    done = events[-1]
    assert isinstance(done, Done)
    statements = done.answer.statements
    assert [one.text for one in statements] == SAID
    assert {one.support for one in statements} == {Support.SUPPORTED}
    quoted = {one.label: one.quote.text for one in done.answer.citations}
    cited = ["".join(quoted[label] for label in one.citations) for one in statements]
    assert [_FACT.findall(text) != [] for text in cited] == [True] * len(SAID)
    assert (done.answer.note, done.answer.is_cut_off) == ("", False)


def test_summary_in_the_terminal_tells_which_part_is_read(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    enable_socket()
    with starting() as start, sharing_minilm():
        server = start(*[what_is_in_use] * 9)
        monkeypatch.setenv("FOOTNOTE_LLM_URL", server.url)
        monkeypatch.setenv("FOOTNOTE_LLM_MODEL", "m")
        monkeypatch.setenv("FOOTNOTE_LLM_CONTEXT_TOKENS", "500")
        told = CliRunner().invoke(main, ["--data", str(data), "ask", "Summarise harbour.md"])
        parts = len(server.requests) - 1
    assert told.exit_code == 0, told.output
    assert told.stderr == "".join(f"Reading part {n} of {parts} …\n" for n in range(1, parts + 1))
    assert parts >= 2
    assert "In use at the harbour are 3 anchors." in told.stdout

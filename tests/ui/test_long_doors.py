"""Twenty long answers of a capable LLM, through every door of a real server: nothing is lost.

Lists, nested lists, tables, headings, bold, code and partial answers to questions over a company's
handbook and another's benefits. `long_replies.md` has what the LLM, a fake server, writes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import openai
import pytest

from index.settings import load_settings
from index.sync.sync import sync
from rag.engine import Engine, build
from rag.settings import Settings
from tests.helpers.doors import (
    Said,
    by_events,
    by_json,
    by_mcp,
    by_openai,
    by_page,
    by_terminal,
    shown_by_terminal,
    streamed_by_events,
)
from tests.helpers.fake_llm import FakeLLM, Handler, streams
from tests.helpers.form import form_of_html, form_of_markdown
from tests.helpers.indexing import sharing_minilm
from ui.page.html_conversation import exchange_html

SHARED = Path(__file__).parents[2].parent / "shared" / "data"
CORPORA = {"harbor": "people/harbor/documents", "northwind": "northwind"}
READ = {"northwind": ("Benefit_Options.pdf", "PerksPlus.pdf", "employee_handbook.pdf")}
LABEL = re.compile(r"\[=([^\]]+)\]")
EXCERPT = re.compile(r"^\[(\d+)\] \([^\n]*\)\n(.*?)(?=\n\n|\Z)", re.MULTILINE | re.DOTALL)
NONE = ("Write one SQLite SELECT", "Write one short search query")

pytestmark = [
    pytest.mark.model,
    pytest.mark.slow,
    pytest.mark.skipif(not SHARED.is_dir(), reason="needs ../shared/data"),
]


@dataclass(frozen=True)
class Case:
    """A question to a corpus, and what the LLM writes; its labels are words of an excerpt."""

    corpus: str
    kind: str
    question: str
    reply: str


def cases() -> list[Case]:
    text = Path(__file__).with_name("long_replies.md").read_text(encoding="utf-8")
    found = []
    for part in text.split("\n=== ")[1:]:
        head, _, reply = part.partition("\n")
        corpus, kind, question = head.split(" | ")
        found.append(Case(corpus, kind, question, reply.strip()))
    return found


CASES = cases()
OWN = sum(case.corpus == "harbor" for case in CASES)


class WritesWell(list[Any]):
    """The replies of a fake server, without end: to each question what is written for it."""

    def __init__(self) -> None:
        super().__init__([self.reply])
        self.said: dict[str, str] = {}

    def pop(self, _: object = 0) -> Any:  # noqa: ANN401
        return self.reply

    def reply(self, handler: Handler) -> None:
        messages = handler.fake.requests[-1]["body"]["messages"]
        asked = messages[-1]["content"]
        if any(words in messages[0]["content"] for words in NONE):
            streams("NONE")(handler)
            return
        case = next(one for one in CASES if f"Question: {one.question}" in asked)
        self.said[case.question] = labelled(case.reply, asked)
        streams(*re.findall(r".{1,9}", self.said[case.question], re.DOTALL))(handler)


def labelled(reply: str, prompt: str) -> str:
    """A reply with the numbers of the excerpts that hold the words of its labels."""
    excerpts = [(number, " ".join(text.split())) for number, text in EXCERPT.findall(prompt)]

    def number(found: re.Match[str]) -> str:
        holding = [number for number, text in excerpts if found[1].lower() in text.lower()]
        return f"[{holding[0]}]" if holding else f"[no excerpt holds {found[1]}]"

    return LABEL.sub(number, reply)


@dataclass(frozen=True)
class Place:
    """The doors of one corpus: a server's address, an engine, a data folder, and the LLM."""

    address: str
    engine: Engine
    data: Path
    llm: WritesWell
    environment: dict[str, str]


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """The places by their corpora; each is made when it is first asked for."""
    from tests.helpers.screenshot import serving  # loads Playwright

    with ExitStack() as stack:

        @cache
        def place(corpus: str) -> Place:
            folder = tmp_path_factory.mktemp(corpus)
            for path in sorted((SHARED / CORPORA[corpus]).rglob("*")):
                if path.is_file() and path.name in READ.get(corpus, (path.name,)):
                    copy = folder / "corpus" / path.relative_to(SHARED / CORPORA[corpus])
                    copy.parent.mkdir(parents=True, exist_ok=True)
                    copy.write_bytes(path.read_bytes())
            data = folder / "data"
            llm = FakeLLM([])
            llm.replies = written = WritesWell()
            stack.callback(llm.close)
            given = {"llm_url": llm.url, "llm_model": "m", "strict": True}
            settings = load_settings(Settings, data=data, **given)
            with sharing_minilm():
                sync(settings, folder / "corpus")
                engine = build(settings)
                stack.callback(engine.close)
            names = {f"FOOTNOTE_{name.upper()}": str(value) for name, value in given.items()}
            address = stack.enter_context(serving(data, names))
            return Place(address, engine, data, written, names)

        yield place


def through_doors(place: Place, question: str) -> tuple[dict[str, Said], dict[str, Any]]:
    """What the doors give for a question, and the form of the text that each shows."""
    client = openai.OpenAI(base_url=f"{place.address}/v1", api_key="none")
    said = {
        "page": by_page(place.engine, question, ()),
        "json": by_json(place.address, question, ()),
        "events": by_events(place.address, question, ()),
        "openai": by_openai(client, question, ()),
        "mcp": by_mcp(place.address, question, ()),
    }
    with pytest.MonkeyPatch.context() as patch:
        for name, value in place.environment.items():
            patch.setenv(name, value)
        said["terminal"] = by_terminal(place.data, question, ())
        printed = shown_by_terminal(place.data, question)
    forms = {name: form_of_markdown(one.facts["text"]) for name, one in said.items()}
    forms["html"] = form_of_html(exchange_html(said["page"].kept))
    forms["printed"] = form_of_markdown(printed)
    forms["streamed"] = form_of_markdown(streamed_by_events(place.address, question))
    return said, forms


@pytest.mark.sample(1, by="family")
@pytest.mark.parametrize(
    "case",
    [
        # A second server would cost each run too much.
        pytest.param(case, id=f"{case.corpus} {n}", marks=[pytest.mark.full] * (n > OWN))
        for n, case in enumerate(CASES, 1)
    ],
)
def test_long_answer_loses_nothing_in_any_door(places: Any, case: Case) -> None:  # noqa: ANN401
    place = places(case.corpus)
    said, forms = through_doors(place, case.question)
    written = place.llm.said[case.question]
    assert "no excerpt holds" not in written
    # What is missing is told in a paragraph of its own, and by whom.
    apart = written.replace("; they do not state", ".\n\nThe documents do not state")
    apart = apart.replace(". The documents do not state", ".\n\nThe documents do not state")
    assert forms.pop("streamed") == form_of_markdown(written)
    assert forms == dict.fromkeys(forms, form_of_markdown(apart))
    for one in said.values():
        statements = one.facts["statements"]
        assert {each["support"] for each in statements} == {"supported"}
        assert all(each["citations"] for each in statements)


def test_cases_are_twenty_of_four_kinds() -> None:
    assert len(CASES) == 20
    assert {case.kind for case in CASES} == {"compare", "how-to", "summary", "list"}
    assert {case.corpus for case in CASES} == set(CORPORA)

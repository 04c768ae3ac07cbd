"""Answers through a real llama.cpp server with a small model: `make test-llm` runs these."""

from __future__ import annotations

import http.client
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from index.errors import ConfigError
from index.settings import load_settings
from index.sync.sync import sync
from rag.engine import Engine, build
from rag.llm.base import ChatMessage
from rag.llm.client import OpenAICompatibleLLM
from rag.settings import Settings
from rag.types import Answer, Delta, Done, PartRead, Reason, Retrieved, Support, Turn
from ui.cli.local_llm import SMALL_CONTEXT_TOKENS, local_llm

pytestmark = pytest.mark.llm

QUESTIONS = (
    "How long has the war lasted?",
    "Where did the latest round of talks take place?",
    "Who is the head of Mossad?",
    "Do Hamas envoys meet Israelis in person?",
)
# Long enough for a machine that is busy otherwise.
SECONDS = 900


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A running server, started in an environment that tries to lead it astray."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in (("HOST", "0.0.0.0"), ("PORT", "1"), ("API_KEY", "x"), ("N_CTX", "8")):
            patch.setenv(name, value)
        with local_llm(None, tmp_path_factory.mktemp("llm")) as running:
            yield running


def engine_at(url: str, data: Path, **settings: object) -> Engine:
    return build(
        load_settings(
            Settings,
            data=data,
            llm_url=url,
            **{"llm_seconds": SECONDS, "llm_context_tokens": SMALL_CONTEXT_TOKENS, **settings},
        )
    )


@pytest.fixture(scope="module")
def answers(url: str, seeds_data: Path) -> Iterator[dict[str, list[object]]]:
    """The events of each question."""
    engine = engine_at(url, seeds_data)
    yield {question: list(engine.stream(question)) for question in QUESTIONS}
    engine.close()


def answer_of(events: Sequence[object]) -> Answer:
    done = events[-1]
    assert isinstance(done, Done)
    return done.answer


def test_server_answers_arrive_as_passages_then_many_pieces_then_the_checked_answer(
    answers: dict[str, list[object]],
) -> None:
    for events in answers.values():
        assert isinstance(events[0], Retrieved)
        pieces = [event.text for event in events[1:-1] if isinstance(event, Delta)]
        assert len(pieces) == len(events) - 2
        assert len(pieces) >= 4
        assert answer_of(events).composer == "llm"
        assert answer_of(events).note == ""


def test_server_answers_cite_exact_words_of_passages_that_were_found(
    answers: dict[str, list[object]], engine: Engine
) -> None:
    cited = 0
    for answer in map(answer_of, answers.values()):
        labels = {citation.label for citation in answer.citations}
        assert labels == {label for s in answer.statements for label in s.citations}
        for citation in answer.citations:
            quote = citation.quote
            assert quote.passage in [hit.passage for hit in answer.hits]
            text = engine.document(quote.passage.document).text
            assert text[quote.start : quote.end] == quote.text != ""
            cited += 1
    assert cited >= 2


def test_server_answers_hold_statements_that_the_documents_support(
    answers: dict[str, list[object]],
) -> None:
    supported = {
        question: [s.text for s in answer_of(events).statements if s.support is Support.SUPPORTED]
        for question, events in answers.items()
    }
    assert any("seven months" in text for text in supported[QUESTIONS[0]])
    assert any("Cairo" in text for text in supported[QUESTIONS[1]])


def test_server_question_that_the_seeds_do_not_answer_is_refused(
    url: str, seeds_data: Path
) -> None:
    engine = engine_at(url, seeds_data)
    answer = engine.answer("What is the capital of Norway?")
    engine.close()
    assert answer.refusal
    assert answer.citations == ()


def test_server_follow_up_with_turns_is_answered_through_the_same_path(
    url: str, seeds_data: Path
) -> None:
    engine = engine_at(url, seeds_data)
    answer = engine.answer(
        "How long has it lasted?", [Turn("What is the war about?", "The war is about Gaza.")]
    )
    engine.close()
    assert answer.composer == "llm"
    assert answer.note == ""


def test_server_prompt_beyond_its_context_is_a_sentence_not_a_traceback(url: str) -> None:
    llm = OpenAICompatibleLLM(url, seconds=SECONDS)
    with pytest.raises(Exception, match=r"returned no answer: try again\.") as e:
        list(llm.stream([ChatMessage("user", "word and more " * 3000)]))
    assert getattr(e.value, "too_long", False)
    assert "".join(llm.stream([ChatMessage("user", "Say hello.")]))


def test_server_long_document_is_summarised_in_parts_with_exact_citations(
    url: str, tmp_path: Path
) -> None:
    folder, data = tmp_path / "folder", tmp_path / "data"
    folder.mkdir()
    parts = (
        ("Walls", "The harbour wall was raised by two metres in 1953, after the great storm."),
        ("Ferries", "The ferry carries 240 passengers on each crossing, and takes forty minutes."),
        (
            "Pilots",
            "The pilots went on strike for nine days in March, and came back with more pay.",
        ),
    )
    filler = " ".join(["On quiet evenings people walk along the pier and look at the gulls."] * 9)
    text = "\n\n".join(f"## {name}\n\n{fact} {filler}" for name, fact in parts)
    (folder / "port.md").write_text(f"# The port\n\n{text}\n", encoding="utf-8")
    sync(load_settings(Settings, data=data), folder)
    engine = engine_at(url, data, llm_profile="capable", llm_context_tokens=220)
    events = list(engine.stream("Summarise port.md"))
    document = engine.document("port.md").text
    engine.close()
    read = [event for event in events if isinstance(event, PartRead)]
    assert [one.part for one in read] == list(range(1, read[0].of + 1))
    assert read[0].of >= 3
    answer = answer_of(events)
    assert (answer.composer, answer.refusal, answer.note) == ("llm", None, "")
    assert answer.statements
    for citation in answer.citations:
        quote = citation.quote
        assert document[quote.start : quote.end] == quote.text != ""


HOLDER = """
import sys, time
from pathlib import Path
from ui.cli.local_llm import local_llm
with local_llm(None, Path(sys.argv[1])) as url:
    print(url, flush=True)
    time.sleep(3600)
"""


@pytest.fixture
def holder(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A process that holds a server of its own, and the server's URL."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout
    yield process, process.stdout.readline().strip()
    process.kill()
    process.wait()
    process.stdout.close()


def is_up(url: str) -> bool:
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=2)
    try:
        connection.request("GET", "/v1/models")
        return connection.getresponse().status == http.client.OK
    except OSError:
        return False
    finally:
        connection.close()


def kill(process: subprocess.Popen[str], url: str) -> None:
    """Kill the holder without mercy, and wait for its server to follow."""
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    deadline = time.monotonic() + 30
    while is_up(url):
        assert time.monotonic() < deadline, "the server outlives its parent"
        time.sleep(0.1)


def test_server_killed_gives_a_clear_sentence_and_the_passages(
    holder: tuple[subprocess.Popen[str], str], seeds_data: Path
) -> None:
    process, url = holder
    assert is_up(url)
    kill(process, url)
    engine = engine_at(url, seeds_data)
    answer = engine.answer("Who met in Paris?")
    engine.close()
    sentence = f"The LLM at {urlsplit(url).netloc} cannot be reached (connection refused)."
    assert answer.refusal
    assert (answer.refusal.reason, answer.refusal.message) == (Reason.UNAVAILABLE, sentence)
    assert answer.note == sentence
    assert any("Paris" in hit.passage.text for hit in answer.hits)


def test_server_killed_in_the_middle_keeps_what_was_said_and_says_so(
    holder: tuple[subprocess.Popen[str], str], seeds_data: Path
) -> None:
    process, url = holder
    engine = engine_at(url, seeds_data)
    events = engine.stream("Who is the head of Mossad?")
    assert isinstance(next(events), Retrieved)
    first = next(events)
    assert isinstance(first, Delta)
    kill(process, url)
    answer = answer_of([first, *events])
    engine.close()
    assert answer.note.startswith(f"The LLM at {urlsplit(url).netloc} ")
    assert answer.note.endswith("The answer is cut off.")
    assert answer.hits


def test_server_model_that_is_damaged_names_the_log(tmp_path: Path) -> None:
    model = tmp_path / "damaged.gguf"
    model.write_bytes(b"GGUF" + bytes(100))
    with (
        pytest.raises(ConfigError, match=r"could not load damaged\.gguf; see .*llm\.log"),
        local_llm(model, tmp_path),
    ):
        pass
    assert (tmp_path / "llm.log").stat().st_size > 0

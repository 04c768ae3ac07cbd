"""OpenAI's own client and llama-index's, unchanged, against a real server; and the examples."""

from __future__ import annotations

import asyncio
import json
import re
import shlex
import subprocess
import threading
import time
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import httpx
import openai
import pytest
from llama_index.core.llms import ChatMessage
from llama_index.llms.openai_like import OpenAILike
from openai.types.chat import ChatCompletionMessageParam, ChatCompletionUserMessageParam

from rag.engine import Engine
from rag.schema import AnswerBody
from rag.types import Answer, Turn
from tests.helpers.fake_llm import FakeLLM, Handler, event, offers, streams
from tests.helpers.screenshot import serving
from ui.service.links import Links
from ui.service.plain_text import readable

pytestmark = pytest.mark.model

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "openai-and-mcp.md").read_text(encoding="utf-8")
HERE = "http://127.0.0.1:7860"
MODEL = "footnote"
PARIS = "Who met in Paris?"
NORWAY = "What is the capital of Norway?"
MOSSAD = "Who is the director of Mossad?"
CITY = "Which city did he go to for preliminary talks?"


@pytest.fixture(scope="module")
def address(seeds_server: str) -> str:
    """A real server over the seeds."""
    return seeds_server


@pytest.fixture(scope="module")
def client(address: str) -> openai.OpenAI:
    return openai.OpenAI(base_url=f"{address}/v1", api_key="none", max_retries=0)


@pytest.fixture(scope="module")
def llm(address: str) -> OpenAILike:
    return OpenAILike(
        model=MODEL, api_base=f"{address}/v1", api_key="none", is_chat_model=True, max_retries=0
    )


def user(text: str) -> ChatCompletionUserMessageParam:
    return {"role": "user", "content": text}


def written_at(address: str, answer: Answer) -> str:
    """An answer's text as this server sends it, with links to its own pages."""
    return readable(answer, Links(address))


def facts(reply: openai.BaseModel) -> dict[str, Any]:
    """What a reply has beyond OpenAI's fields, its citations without their addresses."""
    found = dict(reply.model_extra or {})
    found["citations"] = [
        {name: value for name, value in each.items() if name != "url"}
        for each in found["citations"]
    ]
    return found


def expected(engine: Engine, question: str, *turns: Turn) -> dict[str, Any]:
    body = AnswerBody.of(engine.answer(question, turns)).model_dump(mode="json")
    return {
        name: body[name]
        for name in (
            "query",
            "statements",
            "citations",
            "refusal",
            "confidence",
            "note",
            "kind",
            "computed",
            "searched",
            "left_out",
        )
    }


def test_client_lists_the_one_model(client: openai.OpenAI) -> None:
    assert [model.id for model in client.models.list()] == [MODEL]
    assert client.models.retrieve(MODEL).owned_by == MODEL


@pytest.mark.parametrize("question", [PARIS, NORWAY])
def test_client_gets_the_engine_s_answer_with_its_citations(
    client: openai.OpenAI, address: str, engine: Engine, question: str
) -> None:
    reply = client.chat.completions.create(
        model=MODEL, messages=[user(question)], temperature=0.7, max_tokens=5
    )
    assert reply.choices[0].message.content == written_at(address, engine.answer(question))
    assert reply.choices[0].finish_reason == "stop"
    assert facts(reply) == expected(engine, question)
    answer = engine.answer(question)
    read = [question, *(hit.passage.text for hit in answer.hits)]
    assert reply.usage
    assert reply.usage.prompt_tokens == sum(engine.models.count_tokens(read))
    assert reply.usage.total_tokens == reply.usage.prompt_tokens + reply.usage.completion_tokens


@pytest.mark.parametrize("question", [PARIS, NORWAY])
def test_client_streams_the_same_text_and_citations(
    client: openai.OpenAI, address: str, engine: Engine, question: str
) -> None:
    chunks = list(
        client.chat.completions.create(
            model=MODEL,
            messages=[user(question)],
            stream=True,
            stream_options={"include_usage": True},
        )
    )
    text = "".join(choice.delta.content or "" for chunk in chunks for choice in chunk.choices)
    assert text == written_at(address, engine.answer(question))
    assert facts(chunks[0]) == expected(engine, question)
    assert chunks[-1].usage
    assert chunks[-1].usage.prompt_tokens > 10
    assert chunks[-1].usage.completion_tokens > 10


def test_client_s_own_gathering_of_a_stream_gets_the_whole_reply(
    client: openai.OpenAI, address: str, engine: Engine
) -> None:
    with client.chat.completions.stream(model=MODEL, messages=[user(PARIS)]) as events:
        whole = events.get_final_completion()
    assert whole.choices[0].message.content == written_at(address, engine.answer(PARIS))
    assert whole.choices[0].finish_reason == "stop"
    assert facts(whole)["citations"] == expected(engine, PARIS)["citations"]


def test_client_that_waits_in_an_event_loop_gets_the_same(address: str, engine: Engine) -> None:
    async def ask() -> list[str | None]:
        async with openai.AsyncOpenAI(base_url=f"{address}/v1", api_key="none") as client:
            calls = [
                client.chat.completions.create(model=MODEL, messages=[user(question)])
                for question in (PARIS, NORWAY, MOSSAD)
            ]
            return [reply.choices[0].message.content for reply in await asyncio.gather(*calls)]

    texts = [written_at(address, engine.answer(question)) for question in (PARIS, NORWAY, MOSSAD)]
    assert asyncio.run(ask()) == texts


def test_client_gets_annotations_that_open_the_passage_marked(client: openai.OpenAI) -> None:
    with client.chat.completions.stream(model=MODEL, messages=[user(PARIS)]) as events:
        streamed = events.get_final_completion().choices[0].message
    message = client.chat.completions.create(model=MODEL, messages=[user(PARIS)]).choices[0].message
    annotations = message.annotations or []
    gathered: Any = streamed.annotations
    assert [each.model_dump() for each in gathered] == [each.model_dump() for each in annotations]
    assert message.content
    for at, each in enumerate(annotations, start=1):
        found = each.url_citation
        assert message.content[found.start_index : found.end_index] == f"[{at}]"
        page = httpx.get(found.url)
        assert page.status_code == 200
        assert '<mark id="quote"' in page.text
    assert annotations


def test_client_s_own_tasks_are_answered_shortly(client: openai.OpenAI) -> None:
    talk = f"USER: {PARIS}\nASSISTANT: In Paris. [1]\n\nSources:\n- [1] brief.md"
    task = (
        "### Task:\nPredict useful messages.\n### Output:\n"
        f'JSON format: {{ "follow_ups": ["One", "Two"] }}\n<chat_history>\n{talk}\n</chat_history>'
    )
    reply = client.chat.completions.create(model=MODEL, messages=[user(task)])
    questions = json.loads(reply.choices[0].message.content or "")["follow_ups"]
    assert 1 <= len(questions) <= 3
    assert PARIS not in questions


def test_client_that_sends_its_conversation_back_gets_a_follow_up(
    client: openai.OpenAI, engine: Engine
) -> None:
    first = client.chat.completions.create(model=MODEL, messages=[user(MOSSAD)])
    told: Any = first.choices[0].message.to_dict()
    messages: list[ChatCompletionMessageParam] = [user(MOSSAD), told, user(CITY)]
    reply = client.chat.completions.create(model=MODEL, messages=messages)
    turn = Turn(MOSSAD, engine.answer(MOSSAD).text)
    assert facts(reply) == expected(engine, CITY, turn)
    assert "Paris" in (reply.choices[0].message.content or "")


def test_client_raises_its_own_errors_with_our_sentences(client: openai.OpenAI) -> None:
    chat = client.chat.completions
    with pytest.raises(openai.BadRequestError, match="leave n at 1") as refused:
        chat.create(model=MODEL, messages=[user(PARIS)], n=2)
    assert refused.value.param == "n"
    with pytest.raises(openai.BadRequestError, match="the limit is 4,000"):
        chat.create(model=MODEL, messages=[user("a" * 4001)])
    with pytest.raises(openai.BadRequestError, match="the limit is 4,000"):
        chat.create(model=MODEL, messages=[user("a" * 4001)], stream=True)
    with pytest.raises(openai.NotFoundError, match="the one there is") as unknown:
        chat.create(model="gpt-4o", messages=[user(PARIS)])
    assert unknown.value.code == "model_not_found"


@pytest.mark.parametrize(
    ("header", "kind"),
    [({"Host": "evil.example"}, 400), ({"Origin": "https://evil.example"}, 403)],
)
def test_client_from_elsewhere_is_refused(
    client: openai.OpenAI, header: dict[str, str], kind: int
) -> None:
    with pytest.raises(openai.APIStatusError) as refused:
        client.chat.completions.create(model=MODEL, messages=[user(PARIS)], extra_headers=header)
    assert refused.value.status_code == kind


def test_llama_index_chats_and_streams(llm: OpenAILike, address: str, engine: Engine) -> None:
    messages = [ChatMessage(role="system", content="Be brief."), ChatMessage(content=PARIS)]
    text = written_at(address, engine.answer(PARIS))
    assert llm.chat(messages).message.content == text
    *_, last = llm.stream_chat(messages)
    assert last.message.content == text
    assert llm.complete(PARIS).text == text
    *_, end = llm.stream_complete(PARIS)
    assert end.text == text


def test_llama_index_follows_up_and_waits_in_an_event_loop(
    llm: OpenAILike, address: str, engine: Engine
) -> None:
    told = written_at(address, engine.answer(MOSSAD))
    messages = [
        ChatMessage(role="user", content=MOSSAD),
        ChatMessage(role="assistant", content=told),
        ChatMessage(role="user", content=CITY),
    ]
    turn = Turn(MOSSAD, engine.answer(MOSSAD).text)
    assert asyncio.run(llm.achat(messages)).message.content == written_at(
        address, engine.answer(CITY, [turn])
    )


@pytest.fixture(scope="module")
def written(seeds_data: Path) -> Iterator[tuple[openai.OpenAI, FakeLLM]]:
    """A server that answers with an LLM, which replies as a test wants."""
    fake = FakeLLM([])
    with serving(seeds_data, {"FOOTNOTE_LLM_URL": fake.url}) as address:
        yield openai.OpenAI(base_url=f"{address}/v1", api_key="none", max_retries=0), fake
    fake.close()


def test_llm_s_reply_is_sent_checked_and_with_its_faults(
    written: tuple[openai.OpenAI, FakeLLM],
) -> None:
    client, fake = written
    said = ["Egypt led the latest round of talks [7]. ", "Then 900 lions ate the delegation."]
    fake.replies[:] = [offers("small"), streams(*said), streams(*said)]
    chat: Any = {"model": MODEL, "messages": [user("Who led the latest round of talks?")]}
    whole = client.chat.completions.create(**chat)
    chunks = list(client.chat.completions.create(**chat, stream=True))
    text = "".join(choice.delta.content or "" for chunk in chunks for choice in chunk.choices)
    assert text == whole.choices[0].message.content
    assert "[7]" not in text
    assert text.startswith("Egypt led the latest round of talks. [1] Then 900 lions")
    assert "- Not supported by any source: “Then 900 lions ate the delegation.”" in text
    verdicts = [statement["support"] for statement in facts(whole)["statements"]]
    assert verdicts == ["supported", "unsupported"]


@pytest.mark.parametrize("stream", [False, True])
def test_client_that_leaves_ends_the_llm_s_work(
    written: tuple[openai.OpenAI, FakeLLM], stream: bool
) -> None:
    client, fake = written
    fake.gone.clear()
    began = threading.Event()

    def writes_on(handler: Handler) -> None:
        handler.head()
        began.set()
        while not handler.fake.closing.is_set():
            handler.send(event("and so on "))
            time.sleep(0.02)

    fake.replies[:] = [writes_on]
    body = {"model": MODEL, "messages": [user(PARIS)], "stream": stream}
    kind = {"Content-Type": "application/json"}
    connection = HTTPConnection(str(client.base_url.host), client.base_url.port)
    connection.request("POST", "/v1/chat/completions", json.dumps(body), kind)
    assert began.wait(60)
    connection.close()
    assert fake.gone.wait(60)


def blocks(language: str, word: str) -> list[str]:
    """The examples in a language that have a word in them."""
    found = re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)
    return [block for block in found if word in block]


@pytest.mark.parametrize("command", "".join(blocks("sh", "/v1/")).strip().splitlines())
def test_docs_curl_works(command: str, address: str) -> None:
    done = subprocess.run(
        shlex.split(command.replace(HERE, address)), capture_output=True, text=True, check=True
    )
    if '"stream": true' in command:
        assert done.stdout.endswith("data: [DONE]\n\n")
    else:
        assert json.loads(done.stdout)["object"] in {"list", "chat.completion"}


@pytest.mark.parametrize("code", [*blocks("python", "OpenAI("), *blocks("python", "OpenAILike(")])
def test_docs_python_works(code: str, address: str, capsys: pytest.CaptureFixture[str]) -> None:
    exec(compile(code.replace(HERE, address), "docs", "exec"), {})
    output = capsys.readouterr().out
    assert "Paris" in output
    assert "\nSources:\n- [1] " in output
